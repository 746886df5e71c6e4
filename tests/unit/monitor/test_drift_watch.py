"""What moved is told once: a watch over a real database in memory, with a channel that keeps what it is given."""

import io
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from structlog.testing import capture_logs

from monitor import drift_watch
from monitor.alerts import Card, Notice
from monitor.drift import Cell, Drift, Head, week_of
from monitor.drift_watch import EVERY, DriftWatch
from monitor.errors import EdgeError, SourceDown
from monitor.notify import ConsoleNotifier, blocks, fallback
from monitor.storage import drift_alarms, weekly
from monitor.storage.alerts import AlertState
from monitor.storage.migrate import upgrade
from monitor.storage.session import Database

NOW = datetime(2026, 5, 6, 12, tzinfo=UTC)


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
    """A watch whose time stands still until it is moved."""

    database: Database
    channel: Channel = field(default_factory=Channel)
    time: datetime = NOW

    def __post_init__(self) -> None:
        self.watch = DriftWatch(
            database=self.database, notifier=self.channel, console_url="https://t.example/", now=lambda: self.time
        )

    def write(self, label: str, number: int, week: int, lang: str = "uk", revision: str = "1") -> None:
        cell = Cell(
            week=week_of(NOW) - timedelta(weeks=week),
            lang=lang,
            head=Head.SENTIMENT,
            model="m",
            revision=revision,
            label=label,
            bin=8,
        )
        with self.database.write() as unit:
            weekly.move(unit, gone=(), come=[cell] * number, now=NOW - timedelta(weeks=week))

    def moved(self, lang: str = "uk") -> None:
        for week in range(1, 5):
            self.write("neutral", 150, week, lang)
        self.write("negative", 250, 0, lang)

    def states(self) -> list[AlertState]:
        with self.database.read() as unit:
            return [alarm.state for alarm in drift_alarms.latest(unit)]


@pytest.fixture
def watched() -> Iterator[Watched]:
    with closing(Database.open("sqlite://")) as database:
        upgrade(database)
        yield Watched(database)


def test_what_moved_is_told_once_in_plain_words(watched: Watched) -> None:
    watched.moved()
    with capture_logs() as logged:
        watched.watch.run()
    (notice,) = watched.channel.sent
    assert "Ukrainian, sentiment" in notice.text
    assert "more often negative (0% before, 100% now)" in notice.text
    assert "the model's version" in notice.text
    assert notice.link == "https://t.example/insights"
    assert [entry["event"] for entry in logged] == ["drift.alarm", "drift.delivered"]
    watched.time += EVERY
    watched.write("negative", 100, 0)
    watched.watch.run()
    assert len(watched.channel.sent) == 1
    assert watched.states() == [AlertState.DELIVERED]


def test_another_process_does_not_tell_it_again(watched: Watched) -> None:
    watched.moved()
    watched.watch.run()
    Watched(watched.database, channel=watched.channel, time=NOW + timedelta(days=1)).watch.run()
    assert len(watched.channel.sent) == 1


def test_another_language_and_another_week_are_told_too(watched: Watched) -> None:
    watched.moved("uk")
    watched.moved("ar")
    assert watched.watch.look() == 2
    watched.write("positive", 900, -1)
    watched.time += timedelta(weeks=1)
    assert watched.watch.look() == 1


def test_nothing_is_told_of_a_new_model_or_of_nothing(watched: Watched) -> None:
    assert watched.watch.look() == 0
    for week in range(1, 5):
        watched.write("neutral", 150, week)
    watched.write("negative", 250, 0, revision="2")
    assert watched.watch.look() == 0
    watched.watch.run()
    assert watched.channel.sent == []


def test_it_looks_once_an_hour(watched: Watched) -> None:
    watched.watch.run()
    watched.moved()
    watched.time += EVERY - timedelta(seconds=1)
    watched.watch.run()
    assert watched.states() == []
    watched.time += timedelta(seconds=1)
    watched.watch.run()
    assert watched.states() == [AlertState.DELIVERED]


def test_a_look_that_fails_holds_back_no_alarm_and_waits_an_hour(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched.moved()
    watched.watch.look()
    looks: list[datetime] = []

    def fail(_: Database, now: datetime) -> list[Drift]:
        looks.append(now)
        raise RuntimeError

    monkeypatch.setattr(drift_watch, "current", fail)
    with pytest.raises(RuntimeError):
        watched.watch.run()
    assert len(watched.channel.sent) == 1
    watched.watch.run()
    assert looks == [NOW]


def test_a_channel_that_fails_gets_it_later(watched: Watched) -> None:
    watched.moved()
    watched.channel.errors = [SourceDown("Slack answered 500")]
    with capture_logs() as logged:
        watched.watch.run()
    assert "drift.not-delivered" in [entry["event"] for entry in logged]
    assert (watched.channel.sent, watched.states()) == ([], [AlertState.DUE])
    watched.time += timedelta(seconds=9)
    watched.watch.run()
    assert watched.channel.sent == []
    watched.time += timedelta(seconds=1)
    watched.watch.run()
    assert len(watched.channel.sent) == 1
    assert watched.states() == [AlertState.DELIVERED]


def test_after_a_week_of_failures_it_is_given_up(watched: Watched) -> None:
    watched.moved()
    watched.watch.look()
    watched.channel.errors = [SourceDown("Slack answered 500")]
    watched.time += timedelta(days=8)
    watched.watch.deliver()
    assert watched.states() == [AlertState.GIVEN_UP]


def test_a_notice_is_calm_and_calls_nobody() -> None:
    notice = Notice(title="It moved", text="See <!channel> & look", link="https://t.example/insights")
    (words, link) = blocks(notice)
    assert words["text"] == {
        "type": "plain_text",
        "text": "It moved\nSee &lt;!channel&gt; &amp; look",
        "emoji": False,
    }
    assert link["elements"] == [{"type": "mrkdwn", "text": "<https://t.example/insights|Open in Tactful>"}]
    assert fallback(notice) == "It moved"
    out = io.StringIO()
    ConsoleNotifier(out).send(notice, now=NOW)
    assert out.getvalue() == "NOTICE It moved\n  See <!channel> & look\n  https://t.example/insights\n"
