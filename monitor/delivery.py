"""Send the alerts that are due, one at a time, and keep what came of each.

An alert is taken (committed), sent with no transaction open, and then recorded. A process that dies in between leaves
it due again a minute later: an alert may come twice rather than never. While the channel fails, the others wait with
it instead of each running into the same wall.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol

import structlog

from monitor import alerts
from monitor.alerts import Card, Notice, Subject
from monitor.errors import BadPayload, EdgeError
from monitor.storage import alerts as alert_rows
from monitor.storage.alerts import DueAlert
from monitor.storage.mentions import StoredMention
from monitor.storage.session import Database

log: Final = structlog.get_logger("monitor")


class Notifier(Protocol):
    """What sends an alert. Raises the errors of `monitor.errors`."""

    @property
    def channel(self) -> str:
        """The channel's name, as it is kept with each alert."""
        ...

    def send(self, card: Card | Notice, *, now: datetime) -> None:
        """Send one alert or notice; returns when it is in."""
        ...


@dataclass(slots=True, kw_only=True)
class Delivery:
    """A channel and how it fares; `now` tells the time (aware, UTC), `stopping` whether to leave the rest for later."""

    database: Database
    notifier: Notifier
    console_url: str
    now: Callable[[], datetime]
    brand_names: Mapping[str, str] = field(default_factory=dict)
    stopping: Callable[[], bool] = lambda: False
    _rests_until: datetime | None = field(default=None, init=False)

    def deliver(self) -> int:
        """Send what is due until nothing is left or the channel fails; how many alerts are in."""
        delivered = 0
        while not self.stopping():
            now = self.now()
            if self._rests_until is not None and now < self._rests_until:
                break
            with self.database.read() as connection:
                if not alert_rows.any_due(connection, now):
                    break
            with self.database.write() as connection:
                taken = alert_rows.next_due(connection, now, 1)
            for alert in taken:
                delivered += self._send(alert)
        return delivered

    def _send(self, alert: DueAlert) -> bool:
        now = self.now()
        card = alerts.card(
            alert.rule, alert.why, subject_of(alert.mention, self.brand_names), console_url=self.console_url, now=now
        )
        try:
            self.notifier.send(card, now=now)
        except EdgeError as error:
            self._not_sent(alert, error)
            return False
        with self.database.write() as connection:
            alert_rows.record_delivered(connection, alert.id, self.now())
        self._rests_until = None
        log.info(
            "alert.delivered",
            alert=alert.id,
            mention=alert.mention.id,
            rule=alert.rule,
            channel=self.notifier.channel,
        )
        return True

    def _not_sent(self, alert: DueAlert, error: EdgeError) -> None:
        now = self.now()
        again = alerts.next_try(error, attempts=alert.attempts, created_at=alert.created_at, now=now)
        words = error.sentence
        with self.database.write() as connection:
            if again is None:
                alert_rows.given_up(connection, alert.id, error=words)
            else:
                alert_rows.record_failed(connection, alert.id, error=words, next_try_at=again)
        if not isinstance(error, BadPayload):  # what is wrong with the channel is wrong for every alert
            self._rests_until = again or now + alerts.SLOW_RETRY
        log.warning(
            "alert.not-delivered" if again else "alert.given-up",
            alert=alert.id,
            mention=alert.mention.id,
            reason=words,
            next_try_at=None if again is None else again.isoformat(),
        )


def subject_of(mention: StoredMention, brand_names: Mapping[str, str]) -> Subject:
    """What an alert about a stored mention tells; brands by the names people know."""
    return Subject(
        mention_id=mention.id,
        brand=None if mention.brand is None else brand_names.get(mention.brand, mention.brand),
        platform=mention.platform,
        author=mention.author.handle,
        text=mention.clean_text or mention.text,
        url=mention.url,
        severity=mention.severity,
        terms=[(term.term, term.points, term.why) for term in mention.severity_terms if term.points > 0],
        due_at=mention.due_at,
    )
