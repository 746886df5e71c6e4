"""`python -m responders tokens …`: who may use the HTTP API, for whoever may use the server's own command line."""

import argparse
from collections.abc import Callable
from typing import Final

from classifiers.command_line import CommandError
from monitor.config import Process
from monitor.errors import EdgeError
from monitor.settings_option import Commands, add_config_option, settings_of
from responders.assembly import opened, say, utc_now
from responders.tokens import PER_MINUTE, Scope, TokenFault, Tokens

Step = Callable[[Tokens, argparse.Namespace], None]

_WIDTH: Final = 34


def add_parser(commands: Commands) -> None:
    """Add `tokens add · list · revoke`."""
    tokens = commands.add_parser("tokens", help="which programs may use the HTTP API, and for what")
    steps = tokens.add_subparsers(required=True, metavar="STEP")

    def step(name: str, act: Step, words: str, *, named: bool = True) -> argparse.ArgumentParser:
        parser: argparse.ArgumentParser = steps.add_parser(name, help=words)
        add_config_option(parser)
        if named:
            parser.add_argument("name", metavar="NAME")
        parser.set_defaults(run=lambda args: run(args, act))
        return parser

    add = step("add", _add, "a new token; it is printed once")
    add.add_argument(
        "--scope",
        action="append",
        required=True,
        choices=[scope.value for scope in Scope],
        help="what it may be used for; give it once for each",
    )
    add.add_argument(
        "--per-minute",
        type=int,
        default=PER_MINUTE,
        metavar="N",
        help=f"drafts and posts it may send in a minute (default: {PER_MINUTE})",
    )
    step("list", _list, "every token, without its words", named=False)
    step("revoke", _revoke, "end a token at once")


def run(args: argparse.Namespace, act: Step) -> int:
    """Do one step; what cannot be done is one sentence."""
    database, audit = opened(settings_of(args, Process.TOOL))
    try:
        act(Tokens(database, audit), args)
    except TokenFault as fault:
        raise CommandError(str(fault)) from fault
    except EdgeError as error:
        raise CommandError(error.sentence) from error
    finally:
        database.close()
    return 0


def _add(tokens: Tokens, args: argparse.Namespace) -> None:
    scopes = [Scope(name) for name in args.scope]
    made = tokens.add(args.name, scopes, utc_now(), per_minute=args.per_minute)
    say(f"token of {made.name}: {made.token}")
    if made.signing_key is not None:
        say(f"key that signs what it pushes: {made.signing_key}")
    say("Keep it like a password; it is not shown again.")


def _list(tokens: Tokens, args: argparse.Namespace) -> None:
    del args
    everyone = tokens.everyone()
    for token in everyone:
        ended = "" if token.revoked_at is None else f"revoked {token.revoked_at:%Y-%m-%d %H:%M} UTC"
        scopes = " ".join(sorted(token.scopes))
        say(f"{token.name:<{_WIDTH}}{scopes:<38}{token.per_minute:>6} a minute  {ended}".rstrip())
    if not everyone:
        say("there is no token yet; python -m responders tokens add NAME --scope check makes one")


def _revoke(tokens: Tokens, args: argparse.Namespace) -> None:
    tokens.revoke(args.name, utc_now())
    say(f"{args.name} can no longer be used")
