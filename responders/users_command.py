"""`python -m responders users …`: accounts, for whoever may use the server's own command line."""

import argparse
import sys
from collections.abc import Callable
from typing import Final

from classifiers.command_line import CommandError
from monitor.config import Process
from monitor.errors import EdgeError
from monitor.settings_option import Commands, add_config_option, settings_of
from responders.accounts import Account, AccountFault, Accounts, FirstSignIn, Role
from responders.assembly import opened, say, utc_now

Step = Callable[[Accounts, argparse.Namespace], None]

_WIDTH: Final = 34


def add_parser(commands: Commands) -> None:
    """Add `users add · list · role · password · disable · enable`."""
    users = commands.add_parser("users", help="who may sign in, and as what")
    steps = users.add_subparsers(required=True, metavar="STEP")

    def step(name: str, act: Step, words: str, *, named: bool = True) -> argparse.ArgumentParser:
        parser: argparse.ArgumentParser = steps.add_parser(name, help=words)
        add_config_option(parser)
        if named:
            parser.add_argument("name", metavar="NAME")
        parser.set_defaults(run=lambda args: run(args, act))
        return parser

    roles = [role.value for role in Role]
    add = step("add", _add, "a new account; its first password is printed once")
    add.add_argument("--role", choices=roles, default=Role.AGENT.value)
    add.add_argument("--password-stdin", action="store_true", help="read the first password from standard input")
    step("list", _list, "every account", named=False)
    step("role", _role, "give an account another role").add_argument("role", choices=roles, metavar="ROLE")
    reset = step("password", _password, "a new password for somebody who lost theirs; printed once")
    reset.add_argument("--password-stdin", action="store_true", help="read it from standard input")
    step("disable", _disable, "nobody signs in under this name any more")
    step("enable", _enable, "a disabled account may sign in again")


def run(args: argparse.Namespace, act: Step) -> int:
    """Do one step; what cannot be done is one sentence."""
    settings = settings_of(args, Process.TOOL)
    database, audit = opened(settings)
    try:
        act(Accounts(database, audit), args)
    except AccountFault as fault:
        raise CommandError(str(fault)) from fault
    except EdgeError as error:
        raise CommandError(error.sentence) from error
    finally:
        database.close()
    return 0


def _add(accounts: Accounts, args: argparse.Namespace) -> None:
    _show(accounts.add(args.name, Role(args.role), utc_now(), by=None, password=_given(args)), args)


def _password(accounts: Accounts, args: argparse.Namespace) -> None:
    _show(accounts.reset_password(args.name, utc_now(), by=None, password=_given(args)), args)


def _role(accounts: Accounts, args: argparse.Namespace) -> None:
    _print(accounts.set_role(args.name, Role(args.role), utc_now(), by=None))


def _disable(accounts: Accounts, args: argparse.Namespace) -> None:
    accounts.disable(args.name, utc_now(), by=None)
    say(f"{args.name} can no longer sign in")


def _enable(accounts: Accounts, args: argparse.Namespace) -> None:
    accounts.enable(args.name, utc_now(), by=None)
    say(f"{args.name} can sign in again")


def _list(accounts: Accounts, args: argparse.Namespace) -> None:
    del args
    everyone = accounts.everyone()
    for account in everyone:
        _print(account)
    if not everyone:
        say("there is no account yet; the console makes an administrator at its first start")


def _print(account: Account) -> None:
    notes = [] if account.active else ["disabled"]
    if account.must_change:
        notes.append("must change the password")
    if account.locked_until is not None and account.locked_until > utc_now():
        notes.append(f"locked until {account.locked_until:%Y-%m-%d %H:%M} UTC")
    say(f"{account.name:<{_WIDTH}}{account.role.value:<10}{', '.join(notes)}".rstrip())


def _given(args: argparse.Namespace) -> str | None:
    return sys.stdin.readline().rstrip("\r\n") if args.password_stdin else None


def _show(first: FirstSignIn, args: argparse.Namespace) -> None:
    if args.password_stdin:
        say(f"{first.name} signs in with the password you gave and must change it then")
    else:
        say(f"{first.name} signs in with the password {first.password} and must change it then; it is not shown again")
