"""What every command of the monitor that needs settings shares: the option `--config`, and reading them."""

import argparse
from pathlib import Path
from typing import Protocol

from classifiers.command_line import CommandError
from monitor.config import Process, Settings, SettingsError, load


class Commands(Protocol):
    """What `ArgumentParser.add_subparsers` gives."""

    def add_parser(self, name: str, *, help: str) -> argparse.ArgumentParser:  # noqa: A002 - argparse's own name
        """A parser for one command."""
        ...


def add_config_option(parser: argparse.ArgumentParser) -> None:
    """Let a command be told which settings file to read, after its name as well as before it."""
    parser.add_argument(
        "--config",
        type=Path,
        default=argparse.SUPPRESS,
        metavar="FILE",
        help="settings (default: tactful.toml in this folder, or the sample brand)",
    )


def settings_of(args: argparse.Namespace, process: Process = Process.MONITOR) -> Settings:
    """The settings that the command line names; raises CommandError in one sentence."""
    try:
        return load(process, file=getattr(args, "config", None))
    except SettingsError as error:
        raise CommandError(str(error)) from error
