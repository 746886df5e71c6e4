"""`python -m responders console`: the pages, at the address of the settings."""

import argparse
import errno
import os
import socket
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
    starts. Raises CommandError, before anything is made or printed, when the address cannot be listened at.
    """
    settings = settings_of(args, Process.CONSOLE)
    address, port = settings.console.address, settings.console.port
    shown = "127.0.0.1" if address in ("", "0.0.0.0", "::") else address  # noqa: S104 - compared, not bound
    _try_to_listen(address, port)
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
        say(f"If it is lost, get a new one: python -m responders users password {first.name}")
    sys.stdout.flush()
    if getattr(args, "config", None) is not None:
        os.environ["TACTFUL__CONFIG"] = str(args.config)
    command = [sys.executable, "-m", "streamlit", "run", str(APP)]
    options = {"server.address": address, "server.port": str(port), "server.headless": "true"}
    os.execv(sys.executable, [*command, *(f"--{name}={value}" for name, value in options.items())])  # noqa: S606 - ourselves


def _try_to_listen(address: str, port: int) -> None:
    """Raise CommandError when the console could not listen here: the server itself says it late, after its address."""
    try:
        family, kind, protocol, _, where = socket.getaddrinfo(
            address or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            # As the server does, so that what is left of an earlier one's connections is no obstacle.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(where)
            probe.listen(1)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            message = (
                f"port {port} is taken by another program; set console.port or TACTFUL__CONSOLE__PORT to a free one"
            )
        elif error.errno == errno.EACCES:
            message = f"port {port} is not allowed to this user; set console.port or TACTFUL__CONSOLE__PORT above 1023"
        else:
            why = error.strerror or error
            message = (
                f'"{address}" is no address to listen at ({why}); see console.address or TACTFUL__CONSOLE__ADDRESS'
            )
        raise CommandError(message) from error
