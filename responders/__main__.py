"""`python -m responders`: run · doors · check · audit verify · users · tokens · console. Alone knows the doors."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from classifiers.command_line import Parser, run
from responders import audit_command, check, console_command, doors_command, run_command, tokens_command, users_command
from responders.publishers import registry


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    args = parser().parse_args(arguments)
    status: int = (args.func if "func" in args else args.run)(args)
    return status


def parser() -> Parser:
    """The whole command line."""
    whole = Parser(prog="python -m responders", description="Answer with care: check, review, publish once.")
    whole.add_argument("--config", type=Path, default=argparse.SUPPRESS, metavar="FILE", help="settings")
    commands = whole.add_subparsers(required=True, metavar="COMMAND", dest="command")
    run_command.add_parser(commands, registry.build_all)
    doors_command.add_parser(commands, registry.examine)
    check.add_parser(commands)
    for command in (audit_command, users_command, tokens_command, console_command):
        command.add_parser(commands)
    return whole


if __name__ == "__main__":
    sys.exit(run(main, "python -m responders"))
