"""Promises of published replies as rows: open until a person says kept or broken; each reminded of once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from sqlalchemy import Connection, RowMapping, Select, func, select, update

from monitor.storage.alerts import HOLD
from monitor.storage.schema import promises, replies
from monitor.storage.session import inserting

LISTED: Final = 50


class PromiseState(StrEnum):
    """What became of a promise; `open` past its time is overdue, which is read off the clock and not kept."""

    OPEN = "open"
    KEPT = "kept"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPromise:
    """A promise of a reply that went out: what, in which words (code points of the reply), by whom, by when."""

    reply_id: int
    mention_id: int
    kind: str
    text: str
    start: int
    end: int
    by: str
    made_at: datetime
    due_at: datetime
    stated: bool
    remind_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """A promise as it is kept, with the door of its reply; `attempts` counts the tries to remind people of it."""

    id: int
    reply_id: int
    mention_id: int
    kind: str
    text: str
    by: str
    made_at: datetime
    due_at: datetime
    stated: bool
    state: PromiseState
    settled_at: datetime | None
    settled_by: str | None
    remind_at: datetime | None
    reminded_at: datetime | None
    attempts: int
    last_error: str | None
    door: str

    def overdue(self, now: datetime) -> bool:
        """Whether it is open and its time has passed."""
        return self.state is PromiseState.OPEN and self.due_at <= now


def add(connection: Connection, wanted: Sequence[NewPromise]) -> int:
    """Keep promises; how many are new. One that exists for its reply and place stays as it is."""
    if not wanted:
        return 0
    rows = [
        {**{name: getattr(one, name) for name in NewPromise.__dataclass_fields__}, "state": PromiseState.OPEN.value}
        for one in wanted
    ]
    statement = inserting(connection, promises).on_conflict_do_nothing(index_elements=("reply_id", "start"))
    return len(connection.execute(statement.returning(promises.c.id), rows).all())


def get(connection: Connection, promise_id: int) -> Promise | None:
    """One promise, or None."""
    row = connection.execute(_all().where(promises.c.id == promise_id)).mappings().one_or_none()
    return None if row is None else _promise(row)


def opened(connection: Connection, *, limit: int = LISTED) -> list[Promise]:
    """Open promises, the one that is due first at the top."""
    query = _all().where(promises.c.state == PromiseState.OPEN.value).order_by(promises.c.due_at, promises.c.id)
    return [_promise(row) for row in connection.execute(query.limit(limit)).mappings()]


def settled(connection: Connection, *, limit: int = LISTED) -> list[Promise]:
    """Promises that were kept or broken, the last decided first."""
    query = _all().where(promises.c.state != PromiseState.OPEN.value)
    query = query.order_by(promises.c.settled_at.desc(), promises.c.id.desc())
    return [_promise(row) for row in connection.execute(query.limit(limit)).mappings()]


def counts(connection: Connection, now: datetime) -> dict[str, int]:
    """How many are `open` in time, `overdue`, `kept` and `broken`."""
    rows = connection.execute(select(promises.c.state, func.count()).group_by(promises.c.state)).all()
    found = {state.value: 0 for state in PromiseState} | {row[0]: row[1] for row in rows}
    late = connection.execute(
        select(func.count()).where(promises.c.state == PromiseState.OPEN.value, promises.c.due_at <= now)
    ).scalar_one()
    return found | {"open": found["open"] - late, "overdue": late}


def settle(connection: Connection, promise_id: int, *, state: PromiseState, by: str, at: datetime) -> bool:
    """Say what became of an open promise; False when it is not open any more. No reminder comes after."""
    changed = connection.execute(
        update(promises)
        .where(promises.c.id == promise_id, promises.c.state == PromiseState.OPEN.value)
        .values(state=state.value, settled_at=at, settled_by=by, remind_at=None)
    )
    return changed.rowcount == 1


def any_to_remind(connection: Connection, now: datetime) -> bool:
    """Whether a reminder's time has come; asked often, so it only reads."""
    query = select(promises.c.id).where(promises.c.state == PromiseState.OPEN.value, promises.c.remind_at <= now)
    return connection.execute(query.limit(1)).first() is not None


def next_to_remind(connection: Connection, now: datetime) -> Promise | None:
    """Take the promise that people must be reminded of; held back from others as in `storage.alerts.next_due`."""
    query = (
        _all()
        .where(promises.c.state == PromiseState.OPEN.value, promises.c.remind_at <= now)
        .order_by(promises.c.remind_at, promises.c.id)
        .limit(1)
        .with_for_update(of=promises, skip_locked=True)
    )
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        return None
    connection.execute(update(promises).where(promises.c.id == row["id"]).values(remind_at=now + HOLD))
    return _promise(row)


def record_reminded(connection: Connection, promise_id: int, now: datetime) -> None:
    """The channel has it; nobody is reminded again."""
    _tried(connection, promise_id, remind_at=None, reminded_at=now, error=None)


def record_failed(connection: Connection, promise_id: int, *, error: str, remind_at: datetime | None) -> None:
    """The channel did not take it: tried again at `remind_at`, or never where that is None."""
    _tried(connection, promise_id, remind_at=remind_at, reminded_at=None, error=error)


def _tried(
    connection: Connection,
    promise_id: int,
    *,
    remind_at: datetime | None,
    reminded_at: datetime | None,
    error: str | None,
) -> None:
    connection.execute(
        update(promises)
        .where(promises.c.id == promise_id, promises.c.state == PromiseState.OPEN.value)
        .values(remind_at=remind_at, reminded_at=reminded_at, last_error=error, attempts=promises.c.attempts + 1)
    )


def _all() -> Select[tuple[object, ...]]:
    return select(promises, replies.c.door).join(replies, replies.c.id == promises.c.reply_id)


def _promise(row: RowMapping) -> Promise:
    kept = {name: row[name] for name in Promise.__dataclass_fields__ if name != "state"}
    return Promise(state=PromiseState(row["state"]), **kept)
