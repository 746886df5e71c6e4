"""People are reminded of each promise once, whatever the channel does."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from monitor.alerts import Card, Notice
from monitor.errors import EdgeError, SourceDown
from monitor.promise_watch import PromiseWatch
from monitor.storage import promises
from monitor.storage.migrate import upgrade
from monitor.storage.promises import NewPromise, PromiseState
from monitor.storage.schema import promises as promise_rows
from monitor.storage.session import Database
from tests.reply_world import NOW, World


@dataclass
class Channel:
    channel: str = "fake"
    errors: list[EdgeError] = field(default_factory=list)
    sent: list[Notice] = field(default_factory=list)

    def send(self, card: Card | Notice, *, now: datetime) -> None:  # noqa: ARG002 - the protocol
        if self.errors:
            raise self.errors.pop(0)
        assert isinstance(card, Notice)
        self.sent.append(card)


@dataclass
class Watched:
    database: Database
    channel: Channel = field(default_factory=Channel)
    time: datetime = NOW

    def __post_init__(self) -> None:
        self.watch = PromiseWatch(
            database=self.database, notifier=self.channel, console_url="https://t.example/", now=lambda: self.time
        )
        draft = World(self.database).draft()
        with self.database.write() as unit:
            promises.add(
                unit,
                [
                    NewPromise(
                        reply_id=draft.id,
                        mention_id=draft.mention_id,
                        kind="call",
                        text="We'll call you\u202e @channel by 18:00",
                        start=0,
                        end=20,
                        by="agent",
                        made_at=NOW,
                        due_at=NOW + timedelta(hours=6),
                        stated=True,
                        remind_at=NOW + timedelta(hours=4),
                    )
                ],
            )


@pytest.fixture
def watched() -> Iterator[Watched]:
    with closing(Database.open("sqlite://")) as database:
        upgrade(database)
        yield Watched(database)


def test_nobody_is_reminded_too_early(watched: Watched) -> None:
    assert watched.watch.run() == 0
    assert watched.channel.sent == []


def test_a_reminder_comes_once_and_calls_nobody(watched: Watched) -> None:
    watched.time = NOW + timedelta(hours=4)
    assert watched.watch.run() == 1
    watched.time = NOW + timedelta(days=2)
    assert watched.watch.run() == 0
    (notice,) = watched.channel.sent
    assert notice.title == "A promise is due in 2 h"
    assert "agent promised to call" in notice.text
    assert "@channel" not in notice.text
    assert "\u202e" not in notice.text
    assert notice.link == "https://t.example/promises"


def test_a_channel_that_is_down_is_tried_again(watched: Watched) -> None:
    watched.time = NOW + timedelta(hours=4)
    watched.channel.errors = [SourceDown("Slack answered 500", remedy="nothing to do")]
    assert watched.watch.run() == 0
    watched.time += timedelta(hours=3)
    assert watched.watch.run() == 1
    assert watched.channel.sent[0].title == "A promise is overdue by 60 min"


def test_a_promise_made_long_ago_is_tried_again_too(watched: Watched) -> None:
    with watched.database.write() as unit:
        unit.execute(promise_rows.update().values(due_at=NOW + timedelta(days=30), remind_at=NOW + timedelta(days=29)))
    watched.time = NOW + timedelta(days=29)
    watched.channel.errors = [SourceDown("Slack answered 500", remedy="nothing to do")]
    assert watched.watch.run() == 0
    watched.time += timedelta(hours=1)
    assert watched.watch.run() == 1


def test_what_was_settled_is_no_reminder(watched: Watched) -> None:
    with watched.database.write() as unit:
        (promise,) = promises.opened(unit)
        promises.settle(unit, promise.id, state=PromiseState.BROKEN, by="agent", at=NOW)
    watched.time = NOW + timedelta(days=1)
    assert watched.watch.run() == 0
