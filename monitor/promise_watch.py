"""Remind people of what a reply promised, once, before its time comes.

A reminder is kept in the promise's own row and tried again as alerts are. It is sent as a notice and calls nobody.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import structlog

from monitor import alerts
from monitor.alerts import QUOTE_LIMIT, Notice, plain
from monitor.delivery import Notifier
from monitor.errors import EdgeError
from monitor.priority import in_words
from monitor.storage import promises
from monitor.storage.promises import Promise
from monitor.storage.session import Database

TICK_SECONDS: Final = 60.0
"""How often what is to be reminded of is looked for."""
log: Final = structlog.get_logger("monitor")


@dataclass(slots=True, kw_only=True)
class PromiseWatch:
    """A watch over one database; `now` tells the time (aware, UTC), `stopping` whether to leave the rest for later."""

    database: Database
    notifier: Notifier
    console_url: str
    now: Callable[[], datetime]
    stopping: Callable[[], bool] = lambda: False

    def run(self) -> int:
        """Remind of what is due, until nothing is left or the channel fails; how many reminders are in."""
        sent = 0
        while not self.stopping():
            now = self.now()
            with self.database.read() as connection:
                if not promises.any_to_remind(connection, now):
                    break
            with self.database.write() as connection:
                promise = promises.next_to_remind(connection, now)
            if promise is None or not self._send(promise):
                break
            sent += 1
        return sent

    def _send(self, promise: Promise) -> bool:
        now = self.now()
        try:
            self.notifier.send(notice(promise, console_url=self.console_url, now=now), now=now)
        except EdgeError as error:
            # Given up a week after it was due: a promise may have been made longer ago than that.
            since = max(promise.made_at, promise.due_at)
            again = alerts.next_try(error, attempts=promise.attempts, created_at=since, now=now)
            with self.database.write() as connection:
                promises.record_failed(connection, promise.id, error=error.sentence, remind_at=again)
            log.warning("promise.not-reminded", promise=promise.id, reason=error.sentence)
            return False
        with self.database.write() as connection:
            promises.record_reminded(connection, promise.id, self.now())
        log.info("promise.reminded", promise=promise.id, channel=self.notifier.channel)
        return True


def notice(promise: Promise, *, console_url: str, now: datetime) -> Notice:
    """What people read: who promised what in which words, and how long there is."""
    left = promise.due_at - now
    when = f"due in {in_words(left)}" if promise.due_at > now else f"overdue by {in_words(-left)}"
    what = f"{promise.by} promised to {promise.kind}" if promise.kind != "other" else f"{promise.by} promised"
    return Notice(
        title=f"A promise is {when}",
        text=plain(f"{what}: “{promise.text}” (reply {promise.reply_id}). Say there when it is kept.", QUOTE_LIMIT),
        link=f"{console_url.rstrip('/')}/promises",
    )
