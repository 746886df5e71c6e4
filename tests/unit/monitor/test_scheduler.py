import logging
import os
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from classifiers.types import Assessment
from monitor.alerts import Threshold
from monitor.delivery import Delivery
from monitor.errors import AuthFailed, SourceDown
from monitor.judging import Judging, unreadable
from monitor.lease import SECONDS, Lease
from monitor.mention import Author, Batch, Cursor, NewMention, SourceName, SourceState
from monitor.pipeline import Pipeline, Rules, Source
from monitor.priority import ReplyTimes
from monitor.scheduler import Pace, Scheduler, Work
from monitor.storage import sources as source_rows
from monitor.storage.audit import AuditLog
from monitor.storage.migrate import upgrade
from monitor.storage.session import Database

FAST = Pace(poll=0.02, tick=0.2, renew=0.2, grace=0.1)
LONG = 120.0  # seconds that a test waits for what comes within milliseconds, before it gives up
FEED = SourceName("feed")


@pytest.fixture(autouse=True)
def quiet_clock(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR, logger="apscheduler")


def clock() -> datetime:
    return datetime.now(UTC)


@dataclass
class FakeCollector:
    """Counts its runs and how many there are at once; may wait until it is let go."""

    error: Exception | None = None
    hold: threading.Event | None = None
    runs: int = 0
    at_once: int = 0
    most_at_once: int = 0
    ran: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def fetch(self, cursor: Cursor, *, now: datetime) -> Batch:  # noqa: ARG002 - the protocol
        self.runs += 1
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        self.ran.release()
        if self.hold is not None:
            self.hold.wait(LONG)
        self.at_once -= 1
        if self.error is not None:
            raise self.error
        author = Author(handle="someone", followers=0)
        post = NewMention(
            external_id=f"p{self.runs}", platform="x", created_at=now, author=author, text="Lumen", brand="lumen"
        )
        return Batch(mentions=[post], cursor=Cursor(), seen=1)


@dataclass
class FakeNotifier:
    channel: str = "fake"
    sent: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def send(self, *_: object, **__: object) -> None:
        self.sent.release()


def assess(texts: Sequence[str]) -> Sequence[Assessment]:
    return [unreadable() for _ in texts]


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database.open(f"sqlite:///{tmp_path}/t.db")
    upgrade(opened)
    yield opened
    opened.close()


@dataclass
class Running:
    scheduler: Scheduler
    notifier: FakeNotifier
    thread: threading.Thread
    rested: list[bool]

    def end(self) -> bool:
        self.scheduler.stop.set()
        self.thread.join(LONG)
        assert not self.thread.is_alive()
        return self.rested[0]


@pytest.fixture
def start(database: Database) -> Iterator[Callable[..., Running]]:
    started: list[Running] = []

    def begin(
        *collectors: FakeCollector, interval: timedelta = timedelta(hours=1), lease: Lease | None = None
    ) -> Running:
        sources = {
            name: Source(name=name, kind="fake", interval=interval, collector=collector)
            for number, collector in enumerate(collectors)
            for name in [SourceName("feed" if number == 0 else f"feed{number}")]
        }
        with database.write() as connection:
            source_rows.upsert_configured(connection, dict.fromkeys(sources, "fake"), clock())
        hour = timedelta(hours=1)
        notifier = FakeNotifier()
        pipeline = Pipeline(
            database=database,
            audit=AuditLog(b"k" * 32),
            brand_of=lambda post, _: post.brand,
            ours=lambda post: post.author.handle == "lumenhelp",
            clean=str.strip,
            judging=Judging(assess=assess, now=clock),
            rules=Rules(
                times=ReplyTimes(urgent=hour, personal=hour, flow=hour, quiet=hour),
                threshold=Threshold(severity=0, max_age=hour),
                channel="fake",
            ),
            now=clock,
            chance=lambda: 0.5,
        )
        scheduler = Scheduler(
            pipeline=pipeline,
            delivery=Delivery(database=database, notifier=notifier, console_url="http://c", now=clock),
            lease=lease or Lease(database=database, now=clock, wait=lambda _: None),
            sources=sources,
            stop=threading.Event(),
            pace=FAST,
        )
        rested: list[bool] = []
        running = Running(scheduler, notifier, threading.Thread(target=lambda: rested.append(scheduler.run())), rested)
        started.append(running)
        running.thread.start()
        return running

    yield begin
    for running in started:
        running.end()


def row(database: Database) -> source_rows.SourceRow:
    with database.read() as connection:
        found = source_rows.get(connection, FEED)
    assert found is not None
    return found


def test_a_source_is_fetched_judged_and_alerted_and_the_stop_is_clean(
    start: Callable[..., Running], database: Database
) -> None:
    collector = FakeCollector()
    running = start(collector)
    assert running.notifier.sent.acquire(timeout=LONG)
    assert running.end()
    assert collector.runs == 1
    state = row(database)
    assert state.state is SourceState.OK
    assert state.next_run_at is not None
    assert timedelta(minutes=50) < state.next_run_at - clock() <= timedelta(hours=1)


def test_a_source_runs_again_at_its_interval_and_never_beside_itself(start: Callable[..., Running]) -> None:
    collector = FakeCollector()
    start(collector, interval=timedelta(milliseconds=1))
    for _ in range(5):
        assert collector.ran.acquire(timeout=LONG)
    assert collector.most_at_once == 1


def test_a_source_that_hangs_holds_up_no_other(start: Callable[..., Running]) -> None:
    hold = threading.Event()
    hanging, other = FakeCollector(hold=hold), FakeCollector()
    running = start(hanging, other, interval=timedelta(milliseconds=1))
    for _ in range(3):
        assert other.ran.acquire(timeout=LONG)
    assert hanging.runs == 1  # due long since, but it is still running
    assert not running.end()  # the stop does not wait for it
    hold.set()


def test_a_person_can_ask_for_a_run_now(start: Callable[..., Running], database: Database) -> None:
    collector = FakeCollector(error=AuthFailed("expired"))
    running = start(collector)
    assert collector.ran.acquire(timeout=LONG)
    running.end()
    assert row(database).state is SourceState.REVOKED
    resting = start(collector)
    assert not collector.ran.acquire(timeout=0.1)  # it rests
    with database.write() as connection:
        source_rows.set_next_run(connection, FEED, clock())
    assert collector.ran.acquire(timeout=LONG)
    resting.end()


def test_a_defect_stops_nothing(start: Callable[..., Running]) -> None:
    broken, other = FakeCollector(error=ZeroDivisionError()), FakeCollector()
    running = start(broken, other)
    assert running.notifier.sent.acquire(timeout=LONG)
    assert running.end()


def test_a_source_that_is_down_waits_longer_each_time(start: Callable[..., Running], database: Database) -> None:
    collector = FakeCollector(error=SourceDown("down"))
    running = start(collector, interval=timedelta(milliseconds=1))
    for _ in range(4):
        assert collector.ran.acquire(timeout=LONG)
    running.end()
    assert row(database).failures >= 3
    assert row(database).state is SourceState.UNREACHABLE


def test_without_the_lease_it_stops(start: Callable[..., Running], database: Database) -> None:
    lease = Lease(database=database, now=clock, wait=lambda _: None)
    running = start(FakeCollector(), lease=lease)
    assert running.notifier.sent.acquire(timeout=LONG)
    with database.write() as connection:
        source_rows.release_lease(connection, "monitor", lease.holder)
        assert source_rows.take_lease(connection, "monitor", "other/1/x", clock(), 60)
    running.thread.join(LONG)
    assert running.scheduler.lost
    with database.read() as connection:
        assert source_rows.lease_holder(connection, "monitor", clock()) == "other/1/x"


def test_work_asked_for_while_it_is_done_is_done_once_more() -> None:
    done: list[int] = []
    first = threading.Event()
    go = threading.Event()

    def do() -> None:
        done.append(1)
        first.set()
        go.wait(LONG)

    work = Work(do)
    thread = threading.Thread(target=work.run)
    thread.start()
    assert first.wait(LONG)
    work.run()
    work.run()
    assert done == [1]
    go.set()
    thread.join(LONG)
    assert done == [1, 1]


class Times:
    """A clock that moves on when somebody waits."""

    def __init__(self) -> None:
        self.now = datetime(2026, 5, 4, tzinfo=UTC)
        self.waited = 0.0

    def __call__(self) -> datetime:
        return self.now

    def wait(self, seconds: float) -> None:
        self.waited += seconds
        self.now += timedelta(seconds=seconds)


def lease_of(database: Database, times: Times, holder: str, *, lives: bool = True) -> Lease:
    return Lease(database=database, now=times, wait=times.wait, holder=holder, lives=lambda _: lives)


@pytest.mark.parametrize(
    ("second", "lives", "gets_it", "waits"),
    [
        ("here/2/b", True, False, False),  # the other lives on this machine: said at once
        ("here/2/b", False, True, False),  # it died: followed at once
        ("here/1/b", True, True, False),  # same machine and process id: we, in another life
        ("there/2/b", True, True, True),  # another machine: when its lease has run out
    ],
)
def test_one_monitor_at_a_time(second: str, lives: bool, gets_it: bool, waits: bool, database: Database) -> None:
    times = Times()
    assert lease_of(database, times, "here/1/a").take()
    assert lease_of(database, times, second, lives=lives).take() is gets_it
    assert (times.waited >= SECONDS) is waits


def test_a_holder_that_renews_keeps_the_lease_from_another_machine(database: Database) -> None:
    times = Times()
    holder = lease_of(database, times, "here/1/a")
    assert holder.take()

    def wait_while_it_renews(seconds: float) -> None:
        times.wait(seconds)
        assert holder.renew()

    other = Lease(database=database, now=times, wait=wait_while_it_renews, holder="there/2/b")
    assert not other.take()
    holder.release()
    assert other.take()


def test_a_dead_process_is_told_from_a_living_one(database: Database) -> None:
    lease = Lease(database=database, now=clock, wait=lambda _: None)
    assert lease.holder.startswith(f"{socket.gethostname()}/{os.getpid()}/")
    assert lease.lives(os.getpid())
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
    assert not lease.lives(child)
