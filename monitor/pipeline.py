"""The straight line of one mention: collect → store → classify → prioritise → alert (then `delivery`).

Each step takes its work from the database and leaves it there in the next state, in one transaction; no transaction is
open while a platform, a model or Slack is waited for. So the process may die between any two lines: the next run goes
on from there, and nothing is lost or doubled. (An alert whose answer was lost may come twice; docs/alerts.md.)
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

import structlog

from classifiers.types import Assessment
from monitor import alerts, source_health
from monitor.alerts import Threshold
from monitor.errors import DatabaseBusy, EdgeError, SourceDown
from monitor.judging import Judging, place_of, unreadable
from monitor.mention import Batch, Cursor, Handling, NewMention, SourceName, SourceState
from monitor.priority import VELOCITY_WINDOW, Facts, ReplyTimes, priority
from monitor.storage import alerts as alert_rows
from monitor.storage import mentions, sources
from monitor.storage.audit import AuditLog
from monitor.storage.mentions import Added, StoredMention
from monitor.storage.session import Database
from monitor.storage.threads import BrandOf

BATCH: Final = 32
"""Mentions judged or prioritised in one go: what a stop has to wait for at most."""
MOST_PAGES: Final = 20
"""Fetches in one run of a source that has more; the rest comes with the next run."""
STORE_TRIES: Final = 3
"""What was fetched may have cost money: it is stored again before it is given up for a busy database."""

log: Final = structlog.get_logger("monitor")


class Collector(Protocol):
    """What brings posts: one fetch from a cursor on. Raises the errors of `monitor.errors`."""

    def fetch(self, cursor: Cursor, *, now: datetime) -> Batch:
        """Fetch what is new since `cursor`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A source that is set up: what fetches it, how often; `fault` instead of a collector when it cannot be built."""

    name: SourceName
    kind: str
    interval: timedelta
    collector: Collector | None
    fault: EdgeError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """What one run of a source brought."""

    seen: int
    added: int
    state: SourceState
    detail: str = ""
    remedy: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What the settings say about priority and alerts."""

    times: ReplyTimes
    threshold: Threshold
    channel: str


@dataclass(slots=True, kw_only=True)
class Pipeline:
    """The steps, with what they work on. `now` tells the time (aware, UTC); `chance` a number in 0…1 for the jitter."""

    database: Database
    audit: AuditLog
    brand_of: BrandOf
    ours: Callable[[NewMention], bool]
    clean: Callable[[str], str]
    judging: Judging
    rules: Rules
    now: Callable[[], datetime]
    chance: Callable[[], float]
    stopping: Callable[[], bool] = lambda: False

    def collect(self, source: Source) -> Collected:
        """Steps 1 and 2: fetch a source and store what it brought, rows and cursor together; then its state."""
        seen = added = 0
        note = ""
        more = True
        try:
            for _ in range(MOST_PAGES):
                batch, result = self._fetch_and_store(source)
                seen += batch.seen
                added += result.added
                note = batch.note or note
                more = batch.more
                if not more or self.stopping():
                    break
        except EdgeError as error:
            return self._failed(source, error, seen, added)
        except Exception as error:  # noqa: BLE001 - one source's defect must not stop the others
            log.warning("source.defect", source=source.name, error=type(error).__name__, at=place_of(error))
            defect = SourceDown(
                f"the collector failed ({type(error).__name__})", remedy="please report this; it is tried again"
            )
            return self._failed(source, defect, seen, added)
        now = self.now()
        with self.database.write() as connection:
            sources.record_success(
                connection,
                source.name,
                now=now,
                next_run_at=source_health.next_run(now, source.interval, chance=self.chance(), more=more),
                seen=seen,
                added=added,
                detail=note,
                kind=source.kind,
            )
        log.info("source.collected", source=source.name, seen=seen, added=added)
        return Collected(seen=seen, added=added, state=SourceState.OK, detail=note)

    def store(self, name: SourceName, batch: Batch) -> Added:
        """Step 2 alone: rows and cursor of `name` in one transaction. Raises DatabaseBusy after a few tries."""
        for attempt in range(1, STORE_TRIES + 1):
            try:
                with self.database.write() as connection:
                    return mentions.add_new(
                        connection,
                        name,
                        batch,
                        now=self.now(),
                        brand_of=self.brand_of,
                        ours=self.ours,
                        clean=self.clean,
                        audit=self.audit,
                    )
            except DatabaseBusy:
                if attempt == STORE_TRIES:
                    raise
                log.warning("database.busy", source=name, attempt=attempt)
        raise AssertionError  # unreachable: the loop returns or raises

    def classify(self) -> int:
        """Step 3: judge the next mentions; how many moved on. Without a usable model they stay where they are."""
        if self.judging.resting:
            return 0
        with self.database.read() as connection:
            waiting = mentions.next_to_assess(connection, BATCH)
        judged = self.judging.judge(waiting) if waiting else []
        if not judged:
            return 0
        with self.database.write() as connection:
            return mentions.store_assessments(connection, judged, self.now())

    def prioritise(self) -> int:
        """Steps 4 and 5: give the next mentions their priority, and store the alerts that follow; how many."""
        now = self.now()
        with self.database.read() as connection:  # asked often: the lock for writing is taken only for work
            if not mentions.next_to_triage(connection, now, 1):
                return 0
        with self.database.write() as connection:
            waiting = mentions.next_to_triage(connection, now, BATCH)
            ids = [mention.id for mention in waiting]
            growth = mentions.thread_counts(connection, ids, now, VELOCITY_WINDOW)
            spoken = alert_rows.rules_of(connection, ids)
            ranked = []
            wanted = []
            for mention in waiting:
                assessment = mention.assessment or unreadable()
                answer = priority(facts_of(mention, assessment, growth[mention.id]), self.rules.times, now=now)
                ranked.append((mention, answer))
                if mention.handling is not Handling.OPEN or not mention.relevant:
                    continue
                alert = alerts.due(
                    answer,
                    assessment.urgency,
                    created_at=mention.created_at,
                    already=spoken.get(mention.id, ()),
                    threshold=self.rules.threshold,
                    now=now,
                )
                if alert is not None:
                    channel = self.rules.channel
                    wanted.append(
                        alert_rows.NewAlert(mention_id=mention.id, rule=alert.rule, why=alert.why, channel=channel)
                    )
            stored = mentions.store_priorities(connection, ranked)
            raised = alert_rows.add_due(connection, wanted, now)
        log.info("mentions.prioritised", count=stored, alerts=raised)
        return len(waiting)

    def judge_all(self) -> None:
        """Steps 3 to 5 until nothing is left that can be done now, a batch at a time, so that alerts come early."""
        while not self.stopping():
            moved = self.classify()
            if self.prioritise() == 0 and moved == 0:
                return

    def _fetch_and_store(self, source: Source) -> tuple[Batch, Added]:
        if source.collector is None:
            raise source.fault or SourceDown("the source could not be set up")
        with self.database.read() as connection:
            cursor = mentions.cursor_of(connection, source.name)
        batch = source.collector.fetch(cursor, now=self.now())
        return batch, self.store(source.name, batch)

    def _failed(self, source: Source, error: EdgeError, seen: int, added: int) -> Collected:
        now = self.now()
        with self.database.write() as connection:
            before = sources.get(connection, source.name)
            rest = source_health.rest_after(
                error, failures=before.failures if before else 0, interval=source.interval, now=now
            )
            sources.record_failure(
                connection,
                source.name,
                now=now,
                state=rest.state,
                detail=rest.detail,
                remedy=rest.remedy,
                next_run_at=rest.next_run_at,
                kind=source.kind,
            )
        log.warning("source.failed", source=source.name, state=rest.state.value, reason=rest.detail)
        return Collected(seen=seen, added=added, state=rest.state, detail=rest.detail, remedy=rest.remedy)


def facts_of(mention: StoredMention, assessment: Assessment, thread_posts: int) -> Facts:
    """What the priority of a stored mention is made of."""
    return Facts(
        text=mention.clean_text,
        platform=mention.platform,
        created_at=mention.created_at,
        followers=mention.author.followers,
        starts_thread=mention.starts_thread,
        thread_posts=thread_posts,
        assessment=assessment,
    )
