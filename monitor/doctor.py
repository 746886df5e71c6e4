"""`python -m monitor doctor`: what is set up, what is not, and what to do about it. Stores and sends nothing."""

import argparse
import os
import socket
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from rich.console import Console
from rich.table import Table
from rich.text import Text

from classifiers.hub import HubChoice
from classifiers.hub import load as load_checkpoint
from classifiers.outside import OutsideHead
from classifiers.types import ModelUnavailable
from monitor.alerts import plain
from monitor.assembly import ledger_of, model_of, source_settings, utc_now
from monitor.brands import query_of
from monitor.collectors import registry
from monitor.collectors.settings import SourceSettings, Spent
from monitor.config import ModelSettings, Process, Settings, SettingsError, load
from monitor.errors import EdgeError
from monitor.judging import place_of
from monitor.mention import Cursor, SourceName, SourceState
from monitor.notify import webhook_url
from monitor.settings_option import Commands, add_config_option
from monitor.source_health import rest_after
from monitor.storage import mentions as mention_rows
from monitor.storage import migrate
from monitor.storage import sources as source_rows
from monitor.storage.audit import load_key
from monitor.storage.session import Database

OK: Final = "ok"
WIDTH: Final = 160  # of a table that is not shown on a terminal
REASON_LIMIT: Final = 400
CONNECT_SECONDS: Final = 5.0
RECHECK: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line of the table: a thing, how it stands in a word or two, why, and what to do."""

    thing: str
    state: str
    why: str = ""
    remedy: str = ""
    well: bool = True


def add_parser(commands: Commands) -> None:
    """Add `doctor` to the commands of `python -m monitor`."""
    parser = commands.add_parser("doctor", help="check settings, database, model, sources, doors and Slack")
    add_config_option(parser)
    parser.add_argument("--offline", action="store_true", help="ask no source and no host")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the table; the exit status is 1 when something needs a person."""
    findings = list(examine(getattr(args, "config", None), offline=args.offline))
    show(findings)
    return 0 if all(finding.well for finding in findings) else 1


def examine(config: Path | None, *, offline: bool) -> Iterator[Finding]:
    """Every finding, from what the others rest on to what rests on them."""
    try:
        settings = load(Process.MONITOR, file=config)
    except SettingsError as error:
        yield Finding(thing="settings", state="cannot be used", why=str(error), remedy="correct it first", well=False)
        return
    yield _settings(settings)
    yield from (_brand(key, settings) for key in settings.brands)
    database, finding = _database(settings)
    yield finding
    yield _audit_key(settings)
    yield _model(settings)
    yield from (_outside(choice, offline=offline) for choice in settings.model.hub.choices)
    now = utc_now()
    if not settings.sources:
        yield Finding(thing="sources", state="none", why="nothing is listened to", remedy="python -m monitor add NAME")
    for name, table in settings.sources.items():
        yield _source(SourceName(name), table, settings, database, offline=offline, now=now)
    yield from (_door(name, table) for name, table in settings.doors.items())
    yield _slack(settings, offline=offline)
    if database is not None:
        database.close()


def show(findings: Sequence[Finding]) -> None:
    """Print the table; no words from outside are taken for markup."""
    console = Console(markup=False, highlight=False)
    if not console.is_terminal:
        console = Console(markup=False, highlight=False, width=WIDTH)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for heading in ("", "state", "why", "what to do"):
        table.add_column(heading, overflow="fold")
    for finding in findings:
        style = "green" if finding.well else "bold red"
        words = [plain(text, REASON_LIMIT) for text in (finding.thing, finding.state, finding.why, finding.remedy)]
        table.add_row(Text(words[0]), Text(words[1], style=style), Text(words[2]), Text(words[3]))
    console.print(table)


def _settings(settings: Settings) -> Finding:
    if settings.sample:
        return Finding(
            thing="settings",
            state="sample brand",
            why="there is no tactful.toml in this folder",
            remedy="copy tactful.example.toml to tactful.toml, or run python -m monitor add NAME",
        )
    if not settings.brands:
        remedy = "add [brands.<key>] with its name"
        return Finding(thing="settings", state="no brand", why=str(settings.file), remedy=remedy, well=False)
    return Finding(thing="settings", state=OK, why=str(settings.file))


def _brand(key: str, settings: Settings) -> Finding:
    thing = f"brand {key}"
    try:
        query_of(key, settings.brands[key])
    except SettingsError as error:
        return Finding(thing=thing, state="bad query", why=str(error), remedy="see docs/queries.md", well=False)
    return Finding(thing=thing, state=OK, why=settings.brands[key].query or "found by its name and spellings")


def _database(settings: Settings) -> tuple[Database | None, Finding]:
    """The database if it is there, not brought to any schema; one that is not there is not made."""
    url = settings.database.url
    file = Path(url.removeprefix("sqlite:///")) if url.startswith("sqlite:///") else None
    if file is not None and not file.exists():
        folder = next(parent for parent in file.absolute().parents if parent.exists())
        if os.access(folder, os.W_OK | os.X_OK):
            return None, Finding(thing="database", state=OK, why=f"{file} is made at the first start")
        why = f"{file} cannot be made: {folder} is not writable"
        remedy = "make it writable, or set database.url to another place"
        return None, Finding(thing="database", state="cannot be made", why=why, remedy=remedy, well=False)
    try:
        database = Database.open(url, busy_seconds=2)
        revision = migrate.revision(database)
    except EdgeError as error:
        return None, Finding(thing="database", state="cannot be used", why=str(error), remedy=error.remedy, well=False)
    newest = migrate.newest()
    if revision != newest:
        why = f"schema {revision or 'none yet'}; the next start brings it to {newest}"
        return None, Finding(thing="database", state=OK, why=why)
    return database, Finding(thing="database", state=OK, why=f"schema {revision}")


def _audit_key(settings: Settings) -> Finding:
    if settings.audit.key is None and not settings.audit.key_file.exists():
        return Finding(thing="audit key", state=OK, why=f"{settings.audit.key_file} is made at the first start")
    try:
        load_key(settings)
    except EdgeError as error:
        return Finding(thing="audit key", state="cannot be used", why=str(error), remedy=error.remedy, well=False)
    return Finding(thing="audit key", state=OK)


def _model(settings: Settings) -> Finding:
    """Our own model; those of the hub have lines of their own."""
    own = ModelSettings(folder=settings.model.folder)
    settings = settings.model_copy(update={"model": own})
    try:
        answer = model_of(settings).assess(["Hello"])[0]
    except ModelUnavailable as error:
        remedy = "until then every mention waits, and every draft needs a person"
        return Finding(thing="model", state="unavailable", why=str(error), remedy=remedy, well=False)
    return Finding(thing="model", state=OK, why=f"{answer.model} {answer.revision}")


def _outside(choice: HubChoice, *, offline: bool) -> Finding:
    """A model of the hub: loaded as the monitor will, and fetched by that unless `offline`."""
    thing = f"model for {choice.head}"
    head = OutsideHead(choice, partial(load_checkpoint, offline=offline))
    try:
        answer = head.answers(["Hello"])[0]
    except ModelUnavailable as error:
        remedy = "until then our own head answers and is never sure"
        return Finding(thing=thing, state="unavailable", why=str(error), remedy=remedy, well=False)
    if answer is None:
        remedy = "choose another; until then our own head answers and is never sure"
        why = f"{choice.name} fails on a harmless text"
        return Finding(thing=thing, state="unavailable", why=why, remedy=remedy, well=False)
    return Finding(thing=thing, state=OK, why=f"{choice.name} {choice.revision}")


def _source(
    name: SourceName,
    table: Mapping[str, object],
    settings: Settings,
    database: Database | None,
    *,
    offline: bool,
    now: datetime,
) -> Finding:
    thing = f"source {name}"
    try:
        own = source_settings(name, table, settings)
        ledger = _nothing_spent if database is None else ledger_of(database, name)
        collector = registry.build(name, table, settings, ledger=ledger)
    except SettingsError as error:
        state = SourceState.MISCONFIGURED.value
        return Finding(thing=thing, state=state, why=str(error), remedy="see docs/sources.md", well=False)
    resting = _not_asked(thing, own, name, database, offline=offline, now=now)
    if resting is not None:
        return resting
    try:
        batch = collector.fetch(_cursor(database, name), now=now)
    except EdgeError as error:
        rest = rest_after(error, failures=0, interval=RECHECK, now=now)
        return Finding(thing=thing, state=rest.state.value, why=rest.detail, remedy=rest.remedy, well=False)
    except Exception as error:  # noqa: BLE001 - a defect of one source is one line of the table
        why = f"the collector failed ({type(error).__name__} at {place_of(error)})"
        return Finding(thing=thing, state="defect", why=why, remedy="please report this", well=False)
    brought = f"{own.kind}, {batch.seen} posts seen just now"
    return Finding(thing=thing, state=OK, why=f"{brought}; {batch.note}" if batch.note else brought)


def _not_asked(
    thing: str,
    own: SourceSettings,
    name: SourceName,
    database: Database | None,
    *,
    offline: bool,
    now: datetime,
) -> Finding | None:
    """What is said of a source without asking it: off, told to wait, paid by the post, or nobody may be asked."""
    if not own.enabled:
        return Finding(thing=thing, state=SourceState.OFF.value, why="enabled = false")
    row = None
    if database is not None:
        with database.read() as connection:
            row = source_rows.get(connection, name)
    if row is not None and row.state is SourceState.LIMITED and row.next_run_at and row.next_run_at > now:
        return Finding(thing=thing, state=row.state.value, why=row.detail, remedy=row.remedy, well=False)
    paid = hasattr(own, "usd_day_cap")
    if not (paid or offline):
        return None
    why = "not asked, because it charges for what it brings" if paid else "not asked"
    if row is None or row.state in (SourceState.OK, SourceState.NEVER_RUN, SourceState.OFF):
        return Finding(thing=thing, state="set up", why=f"{own.kind}, {why}")
    return Finding(thing=thing, state=row.state.value, why=f"{row.detail} ({why})", remedy=row.remedy, well=False)


def _cursor(database: Database | None, name: SourceName) -> Cursor:
    if database is None:
        return Cursor()
    with database.read() as connection:
        return mention_rows.cursor_of(connection, name)


def _nothing_spent(_now: datetime) -> Spent:
    return Spent(today=0.0, this_month=0.0)


def _door(name: str, table: Mapping[str, object]) -> Finding:
    """A door as far as the monitor may know it: it holds no door's secrets and cannot open one."""
    kind = table.get("kind")
    if not isinstance(kind, str):
        remedy = f"set kind in [doors.{name}]; docs/replies.md has every kind"
        return Finding(thing=f"door {name}", state="misconfigured", why="it has no kind", remedy=remedy, well=False)
    remedy = "python -m responders doors checks its settings and secrets"
    return Finding(thing=f"door {name}", state="set up", why=f"{kind}; not looked at from here", remedy=remedy)


def _slack(settings: Settings, *, offline: bool) -> Finding:
    alerts = settings.alerts
    if alerts.channel == "console":
        return Finding(thing="alerts", state=OK, why="printed by the monitor", remedy='for Slack: channel = "slack"')
    webhook = "" if alerts.slack_webhook is None else alerts.slack_webhook.get_secret_value()
    try:
        url = webhook_url(webhook, alerts.slack_base_url)
    except SettingsError as error:
        return Finding(
            thing="alerts", state="misconfigured", why=str(error), remedy="docs/alerts.md has the steps", well=False
        )
    parts = urlsplit(url)
    if not offline:
        port = parts.port or (443 if parts.scheme == "https" else 80)
        try:
            socket.create_connection((str(parts.hostname), port), timeout=CONNECT_SECONDS).close()
        except OSError as error:
            why = f"{parts.hostname} cannot be reached ({error.strerror or type(error).__name__})"
            remedy = "alerts wait and are tried again; see that this machine reaches it"
            return Finding(thing="alerts", state="unreachable", why=why, remedy=remedy, well=False)
    return Finding(thing="alerts", state=OK, why=f"Slack by {parts.hostname}; no message was sent to try it")
