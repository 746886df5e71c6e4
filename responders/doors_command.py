"""`python -m responders doors`: whether every door can be opened with these settings. Nothing is sent or asked."""

import argparse
from collections.abc import Callable, Iterable
from typing import Final

from monitor.config import Process, Settings
from monitor.settings_option import Commands, add_config_option, settings_of
from responders.assembly import say

NOT_WELL: Final = 1

Examine = Callable[[Settings], Iterable[tuple[str, str, str]]]
"""Every door of some settings: its name, what it does, and what is wrong with it (with the remedy) or nothing."""


def add_parser(commands: Commands, examine: Examine) -> None:
    """Add `doors`; `examine` is given by the only module that may know them."""
    parser = commands.add_parser("doors", help="check the settings and secrets of every door; nothing is sent")
    add_config_option(parser)
    parser.set_defaults(run=lambda args: run(args, examine))


def run(args: argparse.Namespace, examine: Examine) -> int:
    """Print a line for each door; the exit status is 1 when one of them cannot be opened."""
    found = list(examine(settings_of(args, Process.PUBLISHER)))
    width = max(len(name) for name, _, _ in found)
    for name, does, fault in found:
        say(f"{name:<{width}}  misconfigured  {fault}" if fault else f"{name:<{width}}  ok             {does}")
    return NOT_WELL if any(fault for _, _, fault in found) else 0
