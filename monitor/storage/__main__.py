"""`python -m monitor.storage`: what an operator does to the database by hand."""

import sys
from argparse import Namespace
from pathlib import Path

from classifiers.command_line import CommandError, Parser
from classifiers.command_line import run as run_command
from monitor.config import Process, SettingsError, load
from monitor.errors import EdgeError
from monitor.storage import migrate, transfer
from monitor.storage.session import Database

EXIT_DIFFERENT = 1


def main() -> int:
    """Run one command; the exit status."""
    args = _parser().parse_args()
    try:
        settings = load(Process.TOOL, file=args.config)
        database = Database.open(settings.database.url)
        try:
            return _run(args, database)
        finally:
            database.close()
    except SettingsError as error:
        raise CommandError(str(error)) from error
    except EdgeError as error:
        raise CommandError(error.sentence) from error


def _parser() -> Parser:
    parser = Parser(prog="python -m monitor.storage", description="Look after the database of the settings.")
    parser.add_argument("--config", type=Path, metavar="FILE", help="settings file (default: tactful.toml)")
    commands = parser.add_subparsers(dest="command", required=True, parser_class=Parser)
    commands.add_parser("upgrade", help="bring the schema up to date, as every process does at its start")
    commands.add_parser("check", help="say where the schema stands; exit status 1 when it is not as the program has it")
    commands.add_parser("downgrade", help="take the newest schema change back")
    copy = commands.add_parser("copy", help="copy everything into another, empty database")
    copy.add_argument("--to", required=True, metavar="URL", help="sqlite:///path or postgresql://…")
    return parser


def _run(args: Namespace, database: Database) -> int:
    if args.command == "upgrade":
        migrate.upgrade(database)
    elif args.command == "downgrade":
        migrate.downgrade(database)
    elif args.command == "copy":
        target = Database.open(args.to)
        try:
            counts = transfer.copy(database, target)
        finally:
            target.close()
        for table, count in counts.items():
            print(f"{table}\t{count}")
        print("Set database.url to the new database before you start Tactful again.")
        return 0
    different = migrate.differences(database) if migrate.revision(database) == migrate.newest() else ["not up to date"]
    print(f"schema {migrate.revision(database) or 'none'}, the program needs {migrate.newest()}")
    for difference in different if args.command == "check" else ():
        print(difference)
    return EXIT_DIFFERENT if args.command == "check" and different else 0


if __name__ == "__main__":
    sys.exit(run_command(main, "monitor.storage"))
