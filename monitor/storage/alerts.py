"""Alerts as rows: due, delivered or given up; one for each mention and rule, whatever is retried."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from sqlalchemy import Connection, select, update

from monitor.mention import MentionId
from monitor.storage.schema import alerts, mentions
from monitor.storage.session import inserting
from monitor.storage.stored import StoredMention, from_row

HOLD: Final = timedelta(seconds=60)
"""How long an alert that was given out stays away from others; longer than any sending may take."""


class AlertState(StrEnum):
    """How far an alert has come."""

    DUE = "due"
    DELIVERED = "delivered"
    GIVEN_UP = "given-up"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAlert:
    """A mention that somebody must hear of: by which rule, why in one sentence, over which channel."""

    mention_id: MentionId
    rule: str
    why: str
    channel: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DueAlert:
    """An alert to send now, with its mention; `attempts` counts the tries before this one."""

    id: int
    rule: str
    why: str
    channel: str
    attempts: int
    created_at: datetime
    mention: StoredMention


def add_due(connection: Connection, wanted: Sequence[NewAlert], now: datetime) -> int:
    """Store alerts, due at once; how many are new. One that exists for its mention and rule stays as it is."""
    if not wanted:
        return 0
    rows = [
        {
            "mention_id": alert.mention_id,
            "rule": alert.rule,
            "why": alert.why,
            "channel": alert.channel,
            "state": AlertState.DUE.value,
            "created_at": now,
            "next_try_at": now,
        }
        for alert in wanted
    ]
    statement = inserting(connection, alerts).on_conflict_do_nothing(index_elements=("mention_id", "rule"))
    return len(connection.execute(statement.returning(alerts.c.id), rows).all())


def rules_of(connection: Connection, ids: Sequence[MentionId]) -> dict[MentionId, frozenset[str]]:
    """For each mention that has alerts, whatever their state, the rules that raised them."""
    query = select(alerts.c.mention_id, alerts.c.rule).where(alerts.c.mention_id.in_(ids))
    found: dict[MentionId, frozenset[str]] = {}
    for mention_id, rule in connection.execute(query):
        found[MentionId(mention_id)] = found.get(MentionId(mention_id), frozenset()) | {rule}
    return found


def any_due(connection: Connection, now: datetime) -> bool:
    """Whether an alert's time has come; asked often, so it only reads."""
    query = select(alerts.c.id).where(alerts.c.state == AlertState.DUE.value, alerts.c.next_try_at <= now)
    return connection.execute(query.limit(1)).first() is not None


def next_due(connection: Connection, now: datetime, limit: int, *, hold: timedelta = HOLD) -> list[DueAlert]:
    """Take the alerts whose time has come, most severe first. Needs a writing unit: commit it, then send.

    They are held back from other processes for `hold`; a process that dies before it recorded the outcome lets them
    be sent again after that: an alert may come twice rather than never.
    """
    query = (
        select(alerts, mentions.c.id)
        .join(mentions, mentions.c.id == alerts.c.mention_id)
        .where(alerts.c.state == AlertState.DUE.value, alerts.c.next_try_at <= now)
        .order_by(mentions.c.severity.desc(), alerts.c.id)
        .limit(limit)
    )
    if connection.dialect.name == "postgresql":
        query = query.with_for_update(of=alerts, skip_locked=True)
    rows = connection.execute(query).mappings().all()
    if not rows:
        return []
    taken = [row[alerts.c.id] for row in rows]
    connection.execute(update(alerts).where(alerts.c.id.in_(taken)).values(next_try_at=now + hold))
    about = select(mentions).where(mentions.c.id.in_([row[alerts.c.mention_id] for row in rows]))
    found = {row["id"]: from_row(row) for row in connection.execute(about).mappings()}
    return [
        DueAlert(
            id=row[alerts.c.id],
            rule=row[alerts.c.rule],
            why=row[alerts.c.why],
            channel=row[alerts.c.channel],
            attempts=row[alerts.c.attempts],
            created_at=row[alerts.c.created_at],
            mention=found[row[alerts.c.mention_id]],
        )
        for row in rows
    ]


def record_delivered(connection: Connection, alert_id: int, now: datetime) -> None:
    """The channel has it."""
    _settle(connection, alert_id, state=AlertState.DELIVERED, delivered_at=now, next_try_at=None, last_error=None)


def record_failed(connection: Connection, alert_id: int, *, error: str, next_try_at: datetime) -> None:
    """The channel did not take it; it is due again at `next_try_at`."""
    _settle(connection, alert_id, state=AlertState.DUE, next_try_at=next_try_at, last_error=error)


def given_up(connection: Connection, alert_id: int, *, error: str) -> None:
    """It will not be tried again; the console goes on showing it as not delivered."""
    _settle(connection, alert_id, state=AlertState.GIVEN_UP, next_try_at=None, last_error=error)


def _settle(
    connection: Connection,
    alert_id: int,
    *,
    state: AlertState,
    next_try_at: datetime | None,
    last_error: str | None,
    delivered_at: datetime | None = None,
) -> None:
    connection.execute(
        update(alerts)
        .where(alerts.c.id == alert_id, alerts.c.state == AlertState.DUE.value)
        .values(
            state=state.value,
            attempts=alerts.c.attempts + 1,
            next_try_at=next_try_at,
            delivered_at=delivered_at,
            last_error=last_error,
        )
    )
