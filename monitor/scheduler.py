"""When things run: the only importer of apscheduler, which is used as a clock and nothing more.

What is due stands in the `sources` table, so a restart, another process or a person (`next_run_at` set to now) changes
it in one place. Each source is one job that never overlaps itself; what it brought is judged and alerted at once. A
steady tick does the same for what a crash or a retry has left. The process may be killed at any moment.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

import structlog
from apscheduler.executors.pool import ThreadPoolExecutor  # type: ignore[import-untyped]  # it ships no types
from apscheduler.schedulers.background import BackgroundScheduler  # type: ignore[import-untyped]  # it ships no types

from monitor.delivery import Delivery
from monitor.errors import EdgeError
from monitor.judging import place_of
from monitor.lease import RENEW_SECONDS, Lease
from monitor.mention import SourceName
from monitor.pipeline import Pipeline, Source
from monitor.storage import sources as source_rows

POLL_SECONDS: Final = 1.0
"""How soon a source that became due, or that a person wants to run now, is run."""
TICK_SECONDS: Final = 5.0
"""How often what was left over is looked for."""
GRACE_SECONDS: Final = 5.0
"""How long a stop waits for work under way; what is left goes on at the next start."""
MOST_AT_ONCE: Final = 8
"""Sources fetched at the same time; the database takes one writer at a time anyway."""

log: Final = structlog.get_logger("monitor")


class Work:
    """Something done by one thread at a time; asking for it while it is done means: once more afterwards."""

    def __init__(self, do: Callable[[], object]) -> None:
        self._do = do
        self._wanted = threading.Event()
        self._busy = threading.Lock()

    def run(self) -> None:
        """Do it now, or leave it to the thread that is at it."""
        self._wanted.set()
        while self._wanted.is_set() and self._busy.acquire(blocking=False):
            try:
                self._wanted.clear()
                self._do()
            finally:
                self._busy.release()


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How often things are looked at, in seconds."""

    poll: float = POLL_SECONDS
    tick: float = TICK_SECONDS
    renew: float = RENEW_SECONDS
    grace: float = GRACE_SECONDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Steady:
    """Something that is done again and again beside the sources."""

    name: str
    do: Callable[[], object]
    seconds: float


@dataclass(slots=True, kw_only=True)
class Scheduler:
    """Runs a pipeline until `stop` is set. `sources` are those that are set up, by name; `beside` is done steadily."""

    pipeline: Pipeline
    delivery: Delivery
    lease: Lease
    sources: Mapping[SourceName, Source]
    stop: threading.Event
    pace: Pace = field(default_factory=Pace)
    beside: Sequence[Steady] = ()
    _clock: BackgroundScheduler = field(init=False)
    _judge: Work = field(init=False)
    _deliver: Work = field(init=False)
    _running: set[SourceName] = field(default_factory=set, init=False)
    _at_work: int = field(default=0, init=False)
    _changed: threading.Condition = field(default_factory=threading.Condition, init=False)
    _lost: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        self._judge = Work(self._guarded("judge", self.pipeline.judge_all))
        self._deliver = Work(self._guarded("deliver", self.delivery.deliver))
        self._clock = BackgroundScheduler(
            timezone=UTC,
            executors={"default": ThreadPoolExecutor(MOST_AT_ONCE + 4)},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )

    def run(self) -> bool:
        """Work until told to stop, or until another monitor has taken the lease; whether all work came to rest.

        False means that something is still waiting for an answer: the process should end without waiting for it.
        """
        at_once = datetime.now(UTC)
        every: Sequence[tuple[str, Callable[[], object], float]] = (
            ("lease", self._renew, self.pace.renew),
            ("poll", self._poll, self.pace.poll),
            ("judge", self._warm_then_work, self.pace.tick),
            *((steady.name, steady.do, steady.seconds) for steady in self.beside),
        )
        for name, do, seconds in every:
            self._clock.add_job(self._guarded(name, do), "interval", seconds=seconds, id=name, next_run_time=at_once)
        self._clock.start()
        self.stop.wait()
        log.info("monitor.stopping")
        self._clock.shutdown(wait=False)
        with self._changed:
            at_rest = self._changed.wait_for(lambda: self._at_work == 0, timeout=self.pace.grace)
        if not self._lost:
            self._guarded("lease", self.lease.release)()
        log.info("monitor.stopped", at_rest=at_rest)
        return at_rest

    @property
    def lost(self) -> bool:
        """Whether it stopped because another monitor holds the lease."""
        return self._lost

    def _poll(self) -> None:
        """Start every source whose time has come and that is not running."""
        with self.pipeline.database.read() as connection:
            due = source_rows.due(connection, self.pipeline.now())
        for row in due:
            source = self.sources.get(row.name)
            if source is None:
                continue
            with self._changed:
                if source.name in self._running or len(self._running) >= MOST_AT_ONCE or self.stop.is_set():
                    continue
                self._running.add(source.name)
            # `_running` keeps a source from overlapping itself. The job gets no id of its own: apscheduler would drop
            # one whose last run has brought its posts and is still judging them.
            self._clock.add_job(self._guarded(f"source:{source.name}", self._collecting(source)))

    def _collecting(self, source: Source) -> Callable[[], None]:
        def collect() -> None:
            try:
                self.pipeline.collect(source)
            finally:
                with self._changed:
                    self._running.discard(source.name)
            self._judge.run()
            self._deliver.run()

        return collect

    def _warm_then_work(self) -> None:
        self.pipeline.judging.warm()
        self._judge.run()
        self._deliver.run()

    def _renew(self) -> None:
        if not self.lease.renew():
            self._lost = True
            log.warning("lease.lost", holder=self.lease.other())
            self.stop.set()

    def _guarded(self, name: str, do: Callable[[], object]) -> Callable[[], None]:
        """`do`, counted as work under way; what goes wrong is logged and left to the next tick."""

        def guarded() -> None:
            with self._changed:
                self._at_work += 1
            try:
                do()
            except EdgeError as error:
                log.warning("step.postponed", step=name, reason=str(error))
            except Exception as error:  # noqa: BLE001 - the runner of jobs: one failing step must not stop the clock
                log.warning("step.defect", step=name, error=type(error).__name__, at=place_of(error))
            finally:
                with self._changed:
                    self._at_work -= 1
                    self._changed.notify_all()

        return guarded
