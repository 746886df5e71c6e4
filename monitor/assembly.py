"""Put the monitor together from its settings: nothing is built anywhere else, and nothing at import."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TextIO

from classifiers.assess import Assessor
from classifiers.command_line import CommandError
from classifiers.language import LanguageGuesser
from classifiers.outside import OutsideHead
from classifiers.text import clean
from monitor.alerts import Threshold
from monitor.brands import Brands
from monitor.collectors import registry
from monitor.collectors.settings import Ledger, SourceSettings, Spent
from monitor.config import Settings, SettingsError
from monitor.delivery import Delivery, Notifier
from monitor.drift_watch import DriftWatch
from monitor.errors import EdgeError, Refused
from monitor.judging import Judging, outside_unavailable
from monitor.mention import SourceName
from monitor.notify import BrokenNotifier, notifier
from monitor.pipeline import Pipeline, Rules, Source
from monitor.priority import ReplyTimes
from monitor.promise_watch import PromiseWatch
from monitor.receiving import PUSHED
from monitor.source_health import WAITS_FOR_A_PERSON
from monitor.storage import sources as source_rows
from monitor.storage.audit import AuditLog, load_key
from monitor.storage.migrate import upgrade
from monitor.storage.session import Database

Clock = Callable[[], datetime]
IMPORT: SourceName = SourceName("import")
"""The source that `python -m monitor import` stores under."""


def utc_now() -> datetime:
    """The time of this machine, aware, in UTC."""
    return datetime.now(UTC)


def opened_database(settings: Settings) -> Database:
    """The database of the settings, brought to this program's schema; raises CommandError in one sentence."""
    try:
        database = Database.open(settings.database.url)
    except EdgeError as error:
        raise CommandError(error.sentence) from error
    try:
        upgrade(database)
    except EdgeError as error:
        database.close()
        raise CommandError(error.sentence) from error
    return database


def model_of(
    settings: Settings, languages: LanguageGuesser | None = None, report: Callable[[str], None] = lambda _: None
) -> Assessor:
    """What judges texts; models and language detector are loaded with the first text.

    `report` is told in one sentence of a model of the hub that cannot be used; our own head stands in for it.
    """
    return Assessor(
        settings.model.folder,
        languages or LanguageGuesser(settings.languages),
        outside=[OutsideHead(choice) for choice in settings.model.hub.choices],
        report=report,
    )


def brands_of(settings: Settings, languages: LanguageGuesser) -> Brands:
    """Who decides whose a post is; raises CommandError for a query that cannot be read."""
    try:
        return Brands.of(settings, language_of=lambda text: languages.guess(text).label)
    except SettingsError as error:
        raise CommandError(f"{settings.file}: {error}") from error


def source_of(
    name: SourceName, table: Mapping[str, object], settings: Settings, ledger: Ledger | None
) -> Source | None:
    """One source ready to be fetched; None when it is switched off, with its fault when it cannot be set up."""
    try:
        own = source_settings(name, table, settings)
        if not own.enabled:
            return None
        collector = registry.build(name, table, settings, ledger=ledger)
    except SettingsError as error:
        fault = Refused(str(error), remedy="correct it in the settings and restart; docs/sources.md has every source")
        kind = str(table.get("kind", "?"))
        return Source(name=name, kind=kind, interval=timedelta(minutes=5), collector=None, fault=fault)
    return Source(name=name, kind=own.kind, interval=timedelta(seconds=own.every_seconds), collector=collector)


def source_settings(name: SourceName, table: Mapping[str, object], settings: Settings) -> SourceSettings:
    """The settings of one source; raises SettingsError, also for a brand that there is not."""
    own = registry.settings_of(name, table)
    if own.brand is not None and own.brand not in settings.brands:
        known = ", ".join(settings.brands) or "none is set"
        raise SettingsError(f'the setting "sources.{name}.brand" names no brand ([brands.…]: {known})')
    return own


def ledger_of(database: Database, name: SourceName) -> Ledger:
    """What a source has cost, as it stands in the database when it is asked."""

    def spent(now: datetime) -> Spent:
        with database.read() as connection:
            return Spent(
                today=source_rows.spent_today(connection, name, now),
                this_month=source_rows.spent_this_month(connection, name, now),
            )

    return spent


@dataclass(frozen=True, slots=True, kw_only=True)
class Monitor:
    """All that the monitor's commands work with."""

    settings: Settings
    database: Database
    pipeline: Pipeline
    delivery: Delivery
    drift: DriftWatch
    promises: PromiseWatch
    sources: Mapping[SourceName, Source]


def monitor_of(
    settings: Settings, *, out: TextIO, now: Clock = utc_now, stopping: Callable[[], bool] = lambda: False
) -> Monitor:
    """The monitor of some settings; alerts of the console channel go to `out`.

    A source that cannot be set up and a Slack that cannot be used are part of it and say so when they are used.
    Raises CommandError when there is nothing to work with: database, audit key, brands.
    """
    languages = LanguageGuesser(settings.languages)
    model = model_of(settings, languages, outside_unavailable)
    brands = brands_of(settings, languages)
    try:
        audit = AuditLog(load_key(settings))
    except EdgeError as error:
        raise CommandError(error.sentence) from error
    database = opened_database(settings)
    channel = channel_of(settings, out)
    pipeline = Pipeline(
        database=database,
        audit=audit,
        brand_of=brands.brand_of,
        ours=brands.ours,
        clean=lambda text: clean(text).text,
        judging=Judging(assess=model.assess, now=now),
        rules=rules_of(settings, channel.channel),
        now=now,
        chance=random.random,
        stopping=stopping,
    )
    delivery = Delivery(
        database=database,
        notifier=channel,
        console_url=settings.console_url,
        brand_names={key: brand.name for key, brand in settings.brands.items()},
        now=now,
        stopping=stopping,
    )
    found = {
        SourceName(name): source_of(SourceName(name), table, settings, ledger_of(database, SourceName(name)))
        for name, table in settings.sources.items()
    }
    sources = {name: source for name, source in found.items() if source is not None}
    drift = DriftWatch(
        database=database, notifier=channel, console_url=settings.console_url, now=now, stopping=stopping
    )
    promises = PromiseWatch(
        database=database, notifier=channel, console_url=settings.console_url, now=now, stopping=stopping
    )
    return Monitor(
        settings=settings,
        database=database,
        pipeline=pipeline,
        delivery=delivery,
        drift=drift,
        promises=promises,
        sources=sources,
    )


def register(monitor: Monitor) -> None:
    """Give every source its row at the start. One that waits for a person is tried at once: perhaps it was mended."""
    kinds = {name: source.kind for name, source in monitor.sources.items()}
    now = monitor.pipeline.now()
    with monitor.database.write() as connection:
        for name in (IMPORT, PUSHED):
            if source_rows.get(connection, name) is not None:
                kinds.setdefault(name, IMPORT)
        source_rows.upsert_configured(connection, kinds, now)
        for row in source_rows.source_rows(connection):
            if row.name in monitor.sources and row.state in WAITS_FOR_A_PERSON:
                source_rows.set_next_run(connection, row.name, now)


def channel_of(settings: Settings, out: TextIO) -> Notifier:
    """Where alerts go; one that cannot be used keeps them due and says why."""
    try:
        return notifier(settings.alerts, settings.network, out)
    except SettingsError as error:
        return BrokenNotifier(settings.alerts.channel, str(error))


def rules_of(settings: Settings, channel: str) -> Rules:
    """What the settings say about priority and alerts."""
    sla = settings.sla
    return Rules(
        times=ReplyTimes(
            urgent=timedelta(minutes=sla.urgent_minutes),
            personal=timedelta(minutes=sla.personal_minutes),
            flow=timedelta(minutes=sla.flow_minutes),
            quiet=timedelta(minutes=sla.quiet_minutes),
        ),
        threshold=Threshold(
            severity=settings.alerts.severity_at_least, max_age=timedelta(hours=settings.alerts.max_age_hours)
        ),
        channel=channel,
    )
