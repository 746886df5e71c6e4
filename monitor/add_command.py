"""`python -m monitor add SOURCE`: ask for what a source needs, try it, write it into the settings."""

import argparse
import getpass
import sys
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import SecretStr, ValidationError
from pydantic.fields import FieldInfo

from classifiers.command_line import CommandError
from monitor.assembly import utc_now
from monitor.brands import query_of
from monitor.collectors import registry
from monitor.collectors.settings import SourceSettings, Spent
from monitor.config import DEFAULT_FILE, Brand, Settings, SettingsError, explain
from monitor.errors import EdgeError
from monitor.mention import Cursor, SourceName
from monitor.settings_files import NAME, TomlValue, add_secrets, append_table, secret_keys
from monitor.settings_option import Commands, add_config_option, settings_of

COMMON: Final = frozenset({"kind", "enabled", "every_seconds", "brand"})
YES: Final = frozenset({"y", "yes", "д", "да", "т", "так", "ن", "نعم"})


def add_parser(commands: Commands) -> None:
    """Add `add` to the commands of `python -m monitor`."""
    parser = commands.add_parser("add", help="set up a source: asks, tries it, writes it into tactful.toml")
    add_config_option(parser)
    parser.add_argument("source", metavar="SOURCE", help="a name for the source, such as news or reddit")
    parser.set_defaults(run=run)


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    """A conversation with a person: plain questions, and questions whose answer is not shown."""

    ask: Callable[[str], str]
    ask_secret: Callable[[str], str]
    say: Callable[[str], object]

    def sure(self, question: str) -> bool:
        """Whether the answer is yes, in any of our languages; no is the default."""
        return self.ask(f"{question} [y/N] ").strip().casefold() in YES


def run(args: argparse.Namespace) -> int:
    """Ask, try, write; nothing is written before the end."""
    settings = settings_of(args)
    shown = sys.stdin.isatty()
    talk = Talk(
        ask=input, ask_secret=getpass.getpass if shown else input, say=lambda text: sys.stdout.write(text + "\n")
    )
    try:
        add(SourceName(args.source), settings, talk)
    except (SettingsError, EdgeError) as error:
        raise CommandError(error.sentence if isinstance(error, EdgeError) else str(error)) from error
    except EOFError as error:
        raise CommandError("the answers ended early; nothing was written") from error
    return 0


def add(name: SourceName, settings: Settings, talk: Talk) -> None:
    """Ask for one source and write it; raises SettingsError when it cannot be."""
    if NAME.fullmatch(name) is None:
        raise SettingsError(f'"{name}" cannot be a name: use a-z, 0-9 and _, such as news or reddit_search')
    file = DEFAULT_FILE if settings.sample else settings.file
    if name in settings.sources and not settings.sample:
        raise SettingsError(f"{file} has a source {name} already; choose another name, or change it there")
    brand = None if settings.brands and not settings.sample else _ask_brand(talk)
    table = _ask_source(name, settings, talk)
    _try(name, table, settings, talk)
    secrets = {key: str(table[key]) for key in secret_keys(table)}
    if secrets:
        kept = add_secrets(file.parent, f"sources.{name}", secrets)
        talk.say(f"The secret is in {kept}, which only you may read.")
    if brand is not None:
        append_table(file, f"brands.{brand[0]}", {"name": brand[1]})
    append_table(file, f"sources.{name}", {key: value for key, value in table.items() if key not in secrets})
    talk.say(f"Written to {file}. Start, or restart, to listen: make start")


def _ask_brand(talk: Talk) -> tuple[str, str]:
    """The first brand of a new settings file: its key and its name."""
    while True:
        name = talk.ask("The name of your brand: ").strip()
        try:
            query_of("brand", Brand(name=name))
        except (SettingsError, ValidationError):
            talk.say("Write it as people do, with at least one letter or digit.")
            continue
        key = "".join(char for char in name.lower() if char.isascii() and char.isalnum())
        return (key if NAME.fullmatch(key) else "brand", name)


def _ask_source(name: str, settings: Settings, talk: Talk) -> dict[str, TomlValue]:
    """The table of a source: its kind, what that kind requires, then whatever else is wanted or still missing."""
    kind = _ask_kind(name, talk)
    fields = registry.settings_class(kind).model_fields
    table: dict[str, TomlValue] = {"kind": kind}
    secrets = registry.SOURCE_KINDS[kind].secrets
    for key, field in fields.items():
        if key not in COMMON and (field.is_required() or key in secrets):
            table[key] = _ask_value(key, field, talk)
    optional = [key for key in fields if key not in table]
    talk.say(f"It may also set: {', '.join(optional)} (docs/sources.md).")
    while True:
        fault = _fault(name, table, settings)
        if fault is not None:
            talk.say(fault)
        line = talk.ask("key = value, or Enter when done: " if fault is None else "key = value: ").strip()
        if not line and fault is None:
            return table
        key, _, written = (part.strip() for part in line.partition("="))
        if key not in fields or key == "kind":
            talk.say(f"Write one of {', '.join(optional)}, an equals sign and a value.")
        elif is_secret_field(fields[key]):
            table[key] = written or talk.ask_secret(f"{key}: ").strip()
        else:
            table[key] = value_of(written, fields[key])


def _ask_kind(name: str, talk: Talk) -> str:
    known = registry.SOURCE_KINDS
    if name in known:
        return name
    for info in registry.kinds():
        talk.say(f"  {info.name}: {info.description}{' (needs a key)' if info.needs_key else ''}")
    while True:
        kind = talk.ask("Which kind of source? ").strip()
        if kind in known:
            return kind
        talk.say(f"One of {', '.join(known)}.")


def _ask_value(key: str, field: FieldInfo, talk: Talk) -> TomlValue:
    while True:
        secret = is_secret_field(field)
        written = (talk.ask_secret if secret else talk.ask)(f"{key}: ").strip()
        if written:
            return written if secret else value_of(written, field)
        talk.say(f"{key} is needed.")


def is_secret_field(field: FieldInfo) -> bool:
    """Whether a setting is kept out of the settings file."""
    return "SecretStr" in str(field.annotation) or field.annotation is SecretStr


def value_of(written: str, field: FieldInfo) -> TomlValue:
    """What a person wrote as the setting needs it: a list of one where a list is wanted, else TOML or plain text."""
    wants_list = str(field.annotation).startswith(("tuple", "list"))
    if field.annotation is str:
        return written.strip('"')
    try:
        value = tomllib.loads(f"value = {written}")["value"]
    except tomllib.TOMLDecodeError:
        value = written
    if wants_list and not isinstance(value, list):
        return [part.strip() for part in written.strip('"').split(",") if part.strip()]
    if isinstance(value, list):
        return [str(item) for item in value]
    return value if isinstance(value, bool | int | float | str) else written


def _fault(name: str, table: Mapping[str, object], settings: Settings) -> str | None:
    """What is still wrong with a table, None when its kind takes it."""
    try:
        own = registry.settings_class(str(table["kind"])).model_validate(dict(table))
    except ValidationError as error:
        return explain(error, "not yet", prefix=f"sources.{name}")
    if own.brand is not None and own.brand not in settings.brands:
        return f'not yet: there is no brand "{own.brand}"'
    return None


def _try(name: SourceName, table: Mapping[str, object], settings: Settings, talk: Talk) -> None:
    """Fetch once; what fails is said, and a person may keep the source all the same. Raises SettingsError if not."""
    own: SourceSettings = registry.settings_of(name, table)
    if hasattr(own, "usd_day_cap") and not talk.sure("This source charges for what it brings. Try it now?"):
        return
    talk.say("Trying it …")
    here = settings.model_copy(update={"sample": False, "file": Path(DEFAULT_FILE)}) if settings.sample else settings
    try:
        batch = registry.build(name, table, here, ledger=lambda _: Spent(today=0.0, this_month=0.0)).fetch(
            Cursor(), now=utc_now()
        )
    except EdgeError as error:
        talk.say(f"It does not work yet: {error.sentence}")
        if not talk.sure("Write it all the same?"):
            raise SettingsError("nothing was written") from error
        return
    talk.say(f"It works: {batch.seen} posts seen{f' ({batch.note})' if batch.note else ''}.")
