"""Look once an hour whether what the model says has moved, and tell people once for each week, language and head.

The alarm is kept before it is sent, so that it is never raised twice; one that a channel did not take is tried again
as alerts are. It can wait: it is sent as a notice and calls nobody.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import structlog

from monitor import alerts
from monitor.alerts import Notice
from monitor.delivery import Notifier
from monitor.drift import REFERENCE_WEEKS, Drift, State, drifts, sentence, week_of
from monitor.errors import EdgeError
from monitor.storage import drift_alarms, weekly
from monitor.storage.drift_alarms import DriftAlarm
from monitor.storage.session import Database

EVERY: Final = timedelta(hours=1)
TICK_SECONDS: Final = 60.0
"""How often what is due to be sent is looked for."""
ADVICE: Final = "Look at some mentions and at the model's version; the page Insights shows what moved."
NAMES: Final = {"ru": "Russian", "uk": "Ukrainian", "ar": "Arabic", "en": "English", "und": "Language unknown"}

log: Final = structlog.get_logger("monitor")


def current(database: Database, now: datetime) -> list[Drift]:
    """How each language and head compares at `now`, from the counts of the weeks that matter."""
    with database.read() as connection:
        counts = weekly.counts(connection, week_of(now) - timedelta(weeks=REFERENCE_WEEKS + 1))
    return drifts(counts, now=now)


@dataclass(slots=True, kw_only=True)
class DriftWatch:
    """A watch over one database; `now` tells the time (aware, UTC), `stopping` whether to leave the rest for later."""

    database: Database
    notifier: Notifier
    console_url: str
    now: Callable[[], datetime]
    stopping: Callable[[], bool] = lambda: False
    _next_look: datetime | None = field(default=None, init=False)

    def run(self) -> None:
        """Look, if an hour has passed since the last look, and send what is due even when the look fails."""
        now = self.now()
        try:
            if self._next_look is None or now >= self._next_look:
                self._next_look = now + EVERY
                self.look()
        finally:
            self.deliver()

    def look(self) -> int:
        """Raise the alarms that are called for now; how many are new."""
        now = self.now()
        raised = 0
        for drift in current(self.database, now):
            if drift.state is not State.SHIFTED:
                continue
            why = sentence(drift, lambda lang: NAMES.get(lang, lang))
            with self.database.write() as connection:
                new = drift_alarms.raise_alarm(connection, drift, why=why, channel=self.notifier.channel, now=now)
            if new:
                raised += 1
                log.warning("drift.alarm", why=why, model=drift.model, revision=drift.revision)
        return raised

    def deliver(self) -> int:
        """Send the alarms that are due, until none is left or the channel fails; how many are in."""
        delivered = 0
        while not self.stopping():
            now = self.now()
            with self.database.read() as connection:
                if not drift_alarms.any_due(connection, now):
                    break
            with self.database.write() as connection:
                alarm = drift_alarms.next_due(connection, now)
            if alarm is None or not self._send(alarm):
                break
            delivered += 1
        return delivered

    def _send(self, alarm: DriftAlarm) -> bool:
        now = self.now()
        link = f"{self.console_url.rstrip('/')}/insights"
        notice = Notice(title="The model's answers have moved", text=f"{alarm.why}. {ADVICE}", link=link)
        try:
            self.notifier.send(notice, now=now)
        except EdgeError as error:
            again = alerts.next_try(error, attempts=alarm.attempts, created_at=alarm.created_at, now=now)
            with self.database.write() as connection:
                drift_alarms.record_failed(connection, alarm.id, error=error.sentence, next_try_at=again)
            log.warning("drift.not-delivered", alarm=alarm.id, reason=error.sentence)
            return False
        with self.database.write() as connection:
            drift_alarms.record_delivered(connection, alarm.id, self.now())
        log.info("drift.delivered", alarm=alarm.id, channel=self.notifier.channel)
        return True
