"""`python -m responders audit verify`: whether the audit log is whole."""

import argparse
from typing import Final

from classifiers.command_line import CommandError
from monitor.config import Process
from monitor.errors import EdgeError
from monitor.settings_option import Commands, add_config_option, settings_of
from responders.assembly import opened, say

BROKEN: Final = 1


def add_parser(commands: Commands) -> None:
    """Add `audit verify`."""
    parser = commands.add_parser("audit", help="the audit log")
    steps = parser.add_subparsers(required=True, metavar="STEP")
    verify = steps.add_parser("verify", help="check every row; exit 1 names the first broken one")
    add_config_option(verify)
    verify.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print how many rows fit and the head to note elsewhere, or the first row that does not fit."""
    database, audit = opened(settings_of(args, Process.TOOL))
    try:
        with database.read() as unit:
            verdict = audit.verify(unit)
    except EdgeError as error:
        raise CommandError(error.sentence) from error
    finally:
        database.close()
    if verdict.whole:
        say(f"{verdict.count} rows, head {verdict.head}")
        return 0
    say(f"broken at row {verdict.broken}: {verdict.reason} ({verdict.count} rows before it fit)")
    return BROKEN
