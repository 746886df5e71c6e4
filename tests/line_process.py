"""The whole line in a process of its own, for a test that kills it: `run(folder, kill_point)`.

Everything is the product's own but three things: the judgement is fixed (the model has tests of its own), alerts go to
a file, and so does what the door posts. Each file gets a line a message, so that a double is seen. At the kill point
the process ends itself with SIGKILL. Run again, it takes up whatever the database says is left to do.
"""

import io
import os
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import wraps
from pathlib import Path
from typing import Any

from sqlalchemy import select

from classifiers.types import Assessment, Intent, Judgement, Language, Sentiment, Toxicity, Urgency, UrgencyReason
from monitor.alerts import Card
from monitor.assembly import Monitor, monitor_of
from monitor.config import Process, load
from monitor.judging import Judging
from monitor.mention import SourceName
from monitor.storage.schema import mentions
from responders import account_store, store
from responders.accounts import Account, Role
from responders.clearance import Limits
from responders.publishing import Publishing
from responders.recheck import Recheck
from responders.reply import ParentState, Published, ReplyState, ReplyTarget
from responders.review import Review
from tests.reply_world import Checker

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)

KILL_POINTS = (
    "fetched",
    "stored",
    "judged",
    "classified",
    "prioritised",
    "alerted",
    "delivered",
    "drafted",
    "submitted",
    "approved",
    "claimed",
    "posted",
    "recorded",
)


@dataclass(frozen=True, slots=True)
class Killer:
    """Ends this process when it comes to the kill point."""

    point: str

    def die(self, here: str) -> None:
        if here == self.point:
            os.kill(os.getpid(), signal.SIGKILL)

    def after(self, here: str, step: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(step)
        def stepped(*given: Any, **named: Any) -> Any:
            result = step(*given, **named)
            self.die(here)
            return result

        return stepped


@dataclass(frozen=True, slots=True)
class Alerts:
    file: Path
    killer: Killer
    channel: str = "console"

    def send(self, card: Card, *, now: datetime) -> None:
        del now
        say(self.file, card.title)
        self.killer.die("alerted")


@dataclass(frozen=True, slots=True)
class Door:
    file: Path
    killer: Killer
    by_person: bool = False

    def publish(self, target: ReplyTarget, text: str) -> Published:
        say(self.file, f"{target.external_id}\t{text}")
        self.killer.die("posted")
        return Published(external_id=f"own-{target.external_id}", url=None)

    def find_own(self, target: ReplyTarget, text: str, since: datetime) -> Published | None:
        del since
        there = self.file.read_text(encoding="utf-8").splitlines() if self.file.exists() else []
        found = f"{target.external_id}\t{text}" in there
        return Published(external_id=f"own-{target.external_id}", url=None) if found else None

    def parent_state(self, target: ReplyTarget) -> ParentState:
        del target
        self.killer.die("claimed")
        return ParentState.PRESENT


def run(folder: Path, now: datetime, kill_point: str = "") -> None:
    """Take everything in the replay file as far as it goes at `now`, or die at the kill point."""
    killer = Killer(kill_point)
    settings = load(Process.MONITOR, file=folder / "tactful.toml", environ={})
    monitor = monitor_of(settings, out=io.StringIO(), now=lambda: now)
    hear(monitor, Alerts(folder / "alerts", killer), killer, now)
    review = Review(database=monitor.database, audit=monitor.pipeline.audit, checker=Checker())
    answer(review, killer, now)
    publish(review, Door(folder / "posted", killer), killer, now)
    monitor.database.close()


def hear(monitor: Monitor, alerts: Alerts, killer: Killer, now: datetime) -> None:
    """Steps 1 to 5: collect, store, classify, prioritise, alert."""
    pipeline, source = monitor.pipeline, monitor.sources[SourceName("posts")]
    assert source.collector is not None
    source.collector.fetch = killer.after("fetched", source.collector.fetch)  # type: ignore[method-assign] # the wall between fetching and storing
    pipeline.judging = Judging(assess=killer.after("judged", judge), now=lambda: now)
    monitor.delivery.notifier = alerts
    pipeline.collect(source)
    killer.die("stored")
    while pipeline.classify():
        killer.die("classified")
    while pipeline.prioritise():
        killer.die("prioritised")
    monitor.delivery.deliver()
    killer.die("delivered")


def answer(review: Review, killer: Killer, now: datetime) -> None:
    """Steps 7 to 10: draft, check, decide, for every open mention, going on where the last run stopped."""
    agent, approver = (account(review, name, role) for name, role in (("ana", Role.AGENT), ("bo", Role.APPROVER)))
    with review.database.read() as unit:
        waiting = unit.execute(select(mentions.c.id, mentions.c.author).where(mentions.c.handling == "open")).all()
    for key, writer in waiting:
        with review.database.read() as unit:
            if store.is_answered(unit, key):
                continue
            draft = store.open_reply(unit, key, agent.name)
        if draft is None:
            text = f"Thank you, {writer}. We look into it."
            draft = review.open_draft(key, by=agent, now=now, door="file", text=text)
            killer.die("drafted")
        if draft.state is ReplyState.DRAFT:
            draft = review.submit(draft.id, by=agent, now=now, version=draft.version)
            killer.die("submitted")
        if draft.state is ReplyState.IN_REVIEW:
            review.approve(draft.id, by=approver, now=now, version=draft.version)
            killer.die("approved")


def publish(review: Review, door: Door, killer: Killer, now: datetime) -> None:
    """Steps 11 and 12, as the publishing process does at its start."""
    limits = Limits(daily_cap=100, approval_lifetime=timedelta(hours=24))
    publishing = Publishing(
        database=review.database,
        audit=review.audit,
        recheck=Recheck(database=review.database, checker=review.checker, limits=limits),
        doors={"file": door},
        clock=lambda: now,
    )
    publishing.recover()
    publishing.reconcile()
    for _ in publishing.publish_due():
        killer.die("recorded")


def say(file: Path, line: str) -> None:
    """Add a line and have it on the disk before anything else happens."""
    with file.open("a", encoding="utf-8") as out:
        out.write(line + "\n")
        out.flush()
        os.fsync(out.fileno())


def judge(texts: Sequence[str]) -> list[Assessment]:
    """The same for every text: a sure, urgent complaint."""
    return [
        Assessment(
            lang=Language(label="en", score=1.0),
            sentiment=Judgement(label=Sentiment.NEGATIVE, score=0.9, sure=True),
            toxicity=Judgement(label=Toxicity.CLEAN, score=0.9, sure=True),
            intent=Judgement(label=Intent.COMPLAINT, score=0.9, sure=True),
            urgency=Urgency(urgent=True, score=0.9, reason=UrgencyReason.SAFETY, sure=True),
            model="fixed",
            revision="1",
        )
        for _ in texts
    ]


def account(review: Review, name: str, role: Role) -> Account:
    """An account that is there after the first run too."""
    with review.database.write() as unit:
        if account_store.account(unit, name) is None:
            account_store.add(unit, name, "no hash", role.value, must_change=False, at=NOW)
    return Account(name=name, role=role, active=True, must_change=False, created_at=NOW)
