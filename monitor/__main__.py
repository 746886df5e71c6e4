"""`python -m monitor`: run · collect · import · query test · doctor · try · add · bench."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from classifiers.command_line import Parser, run
from monitor import (
    add_command,
    bench,
    collect_command,
    doctor,
    import_command,
    query_command,
    run_command,
    try_command,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    args = parser().parse_args(arguments)
    status: int = args.run(args)
    return status


def parser() -> Parser:
    """The whole command line."""
    whole = Parser(prog="python -m monitor", description="See what is said, keep it, judge it, and call people.")
    whole.add_argument("--config", type=Path, default=argparse.SUPPRESS, metavar="FILE", help="settings")
    commands = whole.add_subparsers(required=True, metavar="COMMAND", dest="command")
    for command in (run_command, collect_command, import_command, query_command, doctor, try_command, add_command):
        command.add_parser(commands)
    measure = commands.add_parser("bench", help="measure storage at growing sizes; prints JSON")
    bench.add_arguments(measure)
    measure.set_defaults(run=bench.run)
    return whole


if __name__ == "__main__":
    sys.exit(run(main, "python -m monitor"))
