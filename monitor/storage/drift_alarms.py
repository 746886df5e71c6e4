"""Alarms of drift as rows: one for each week, language and head, whatever is measured or sent again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlalchemy import Connection, RowMapping, select, update

from monitor.drift import Drift, Head
from monitor.storage.alerts import HOLD, AlertState
from monitor.storage.schema import drift_alarms
from monitor.storage.session import inserting

LISTED: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftAlarm:
    """An alarm as it is kept; `why` is one plain sentence in English, `attempts` counts the tries to send it."""

    id: int
    week: date
    lang: str
    head: Head
    model: str
    revision: str
    psi: float
    why: str
    state: AlertState
    attempts: int
    created_at: datetime
    next_try_at: datetime | None
    delivered_at: datetime | None
    last_error: str | None


def raise_alarm(connection: Connection, drift: Drift, *, why: str, channel: str, now: datetime) -> bool:
    """Keep an alarm, due at once; False when its week, language and head have had theirs."""
    row = {
        "week": drift.week.isoformat(),
        "lang": drift.lang,
        "head": drift.head.value,
        "model": drift.model,
        "revision": drift.revision,
        "psi": drift.psi or 0.0,
        "why": why,
        "state": AlertState.DUE.value,
        "channel": channel,
        "created_at": now,
        "next_try_at": now,
    }
    statement = inserting(connection, drift_alarms).on_conflict_do_nothing(index_elements=("week", "lang", "head"))
    return connection.execute(statement.values(row).returning(drift_alarms.c.id)).first() is not None


def any_due(connection: Connection, now: datetime) -> bool:
    """Whether an alarm's time to be sent has come; asked often, so it only reads."""
    query = select(drift_alarms.c.id).where(
        drift_alarms.c.state == AlertState.DUE.value, drift_alarms.c.next_try_at <= now
    )
    return connection.execute(query.limit(1)).first() is not None


def next_due(connection: Connection, now: datetime) -> DriftAlarm | None:
    """Take the oldest alarm whose time has come; held back from others as in `storage.alerts.next_due`."""
    query = (
        select(drift_alarms)
        .where(drift_alarms.c.state == AlertState.DUE.value, drift_alarms.c.next_try_at <= now)
        .order_by(drift_alarms.c.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        return None
    connection.execute(update(drift_alarms).where(drift_alarms.c.id == row["id"]).values(next_try_at=now + HOLD))
    return _alarm(row)


def record_delivered(connection: Connection, alarm_id: int, now: datetime) -> None:
    """The channel has it; it is never sent again."""
    _settle(connection, alarm_id, state=AlertState.DELIVERED, delivered_at=now, next_try_at=None, error=None)


def record_failed(connection: Connection, alarm_id: int, *, error: str, next_try_at: datetime | None) -> None:
    """The channel did not take it: due again at `next_try_at`, or given up where that is None."""
    state = AlertState.GIVEN_UP if next_try_at is None else AlertState.DUE
    _settle(connection, alarm_id, state=state, delivered_at=None, next_try_at=next_try_at, error=error)


def latest(connection: Connection, limit: int = LISTED) -> Sequence[DriftAlarm]:
    """The newest alarms first."""
    query = select(drift_alarms).order_by(drift_alarms.c.id.desc()).limit(limit)
    return [_alarm(row) for row in connection.execute(query).mappings()]


def _settle(
    connection: Connection,
    alarm_id: int,
    *,
    state: AlertState,
    delivered_at: datetime | None,
    next_try_at: datetime | None,
    error: str | None,
) -> None:
    connection.execute(
        update(drift_alarms)
        .where(drift_alarms.c.id == alarm_id, drift_alarms.c.state == AlertState.DUE.value)
        .values(
            state=state.value,
            attempts=drift_alarms.c.attempts + 1,
            delivered_at=delivered_at,
            next_try_at=next_try_at,
            last_error=error,
        )
    )


def _alarm(row: RowMapping) -> DriftAlarm:
    kept = {name: row[name] for name in DriftAlarm.__dataclass_fields__ if name not in ("week", "head", "state")}
    return DriftAlarm(
        week=date.fromisoformat(row["week"]), head=Head(row["head"]), state=AlertState(row["state"]), **kept
    )
