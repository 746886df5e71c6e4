"""`python -m responders console`: the pages, at the address of the settings."""

import argparse
import os
import sys
from pathlib import Path

from classifiers.command_line import CommandError
from monitor.config import Process
from monitor.errors import EdgeError
from monitor.settings_option import Commands, add_config_option, settings_of
from responders.accounts import Accounts
from responders.assembly import opened, say, utc_now

APP = Path(__file__).parent.parent / "app.py"


def add_parser(commands: Commands) -> None:
    """Add `console`."""
    parser = commands.add_parser("console", help="show the pages; the first start makes an administrator")
    add_config_option(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Make the first administrator where there is none, say how to sign in, and become the console process.

    The settings are read with the console's rights: whatever it may not know is gone from the environment before it
    starts.
    """
    settings = settings_of(args, Process.CONSOLE)
    address, port = settings.console.address, settings.console.port
    shown = "127.0.0.1" if address in ("", "0.0.0.0", "::") else address  # noqa: S104 - compared, not bound
    database, audit = opened(settings)
    try:
        first = Accounts(database, audit).ensure_first_admin(utc_now())
    except EdgeError as error:
        raise CommandError(error.sentence) from error
    finally:
        database.close()
    say(f"The console opens at http://{shown}:{port}")
    if first is not None:
        say(f"First start: sign in as {first.name} with the password {first.password}")
        say("You will choose your own password then; this one is not shown again.")
    sys.stdout.flush()
    if getattr(args, "config", None) is not None:
        os.environ["TACTFUL__CONFIG"] = str(args.config)
    command = [sys.executable, "-m", "streamlit", "run", str(APP)]
    options = {"server.address": address, "server.port": str(port), "server.headless": "true"}
    os.execv(sys.executable, [*command, *(f"--{name}={value}" for name, value in options.items())])  # noqa: S606 - ourselves
