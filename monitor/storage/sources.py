"""What each source says of itself, when it runs next, what it cost, and the leases that keep two processes apart."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, RowMapping, delete, func, or_, select, update

from monitor.mention import SourceName, SourceState
from monitor.storage.schema import leases, sources, spending
from monitor.storage.session import inserting


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRow:
    """A source as the Sources page shows it; times in UTC, `failures` in a row, `seen` and `added` since it exists."""

    name: SourceName
    kind: str
    state: SourceState
    detail: str
    remedy: str
    next_run_at: datetime | None
    last_run_at: datetime | None
    last_ok_at: datetime | None
    last_error: str | None
    last_error_at: datetime | None
    failures: int
    seen: int
    added: int


def upsert_configured(connection: Connection, kinds: Mapping[SourceName, str], now: datetime) -> None:
    """Give every configured source (name → kind) a row, at process start; sources no longer configured are `off`.

    New sources are due at once, and so are resting ones, because a restart is how a person says "try again". What a
    source has said of itself stays until it says something else, and one that waits until a time goes on waiting.
    """
    gone = update(sources).where(sources.c.name.not_in(list(kinds)))
    off = {"state": SourceState.OFF.value, "detail": "not in the settings", "remedy": "", "next_run_at": None}
    connection.execute(gone.values(off))
    for name, kind in kinds.items():
        fresh = {"kind": kind, "state": SourceState.NEVER_RUN.value, "detail": "", "remedy": "", "next_run_at": now}
        statement = inserting(connection, sources).values(name=name, **fresh)
        # A source that comes back, or is now of another kind, starts afresh.
        other = or_(sources.c.state == SourceState.OFF.value, sources.c.kind != kind)
        connection.execute(statement.on_conflict_do_update(index_elements=("name",), set_=fresh, where=other))
    resting = update(sources).where(sources.c.next_run_at.is_(None), sources.c.state != SourceState.OFF.value)
    connection.execute(resting.values(next_run_at=now))


def record_success(
    connection: Connection,
    name: SourceName,
    *,
    now: datetime,
    next_run_at: datetime | None,
    seen: int,
    added: int,
    detail: str = "",
    kind: str = "",
) -> None:
    """A fetch went well: the source is `ok`, its failures are forgotten, its counts go up.

    A source without a row (an import) gets one, of the kind `kind`.
    """
    values = {
        "state": SourceState.OK.value,
        "detail": detail,
        "remedy": "",
        "next_run_at": next_run_at,
        "last_run_at": now,
        "last_ok_at": now,
        "failures": 0,
    }
    statement = inserting(connection, sources).values(name=name, kind=kind or name, seen=seen, added=added, **values)
    counts = {"seen": sources.c.seen + seen, "added": sources.c.added + added}
    connection.execute(statement.on_conflict_do_update(index_elements=("name",), set_=values | counts))


def record_failure(
    connection: Connection,
    name: SourceName,
    *,
    now: datetime,
    state: SourceState,
    detail: str,
    remedy: str,
    next_run_at: datetime | None,
    kind: str = "",
) -> int:
    """A fetch failed: the source says so; how many times in a row now, which sets the back-off.

    `next_run_at` None rests the source until its settings change or a person runs it.
    """
    values = {
        "state": state.value,
        "detail": detail,
        "remedy": remedy,
        "next_run_at": next_run_at,
        "last_run_at": now,
        "last_error": detail,
        "last_error_at": now,
    }
    statement = inserting(connection, sources).values(name=name, kind=kind or name, failures=1, **values)
    again = statement.on_conflict_do_update(
        index_elements=("name",), set_=values | {"failures": sources.c.failures + 1}
    )
    return int(connection.execute(again.returning(sources.c.failures)).scalar_one())


def set_next_run(connection: Connection, name: SourceName, next_run_at: datetime | None) -> None:
    """Move a source's next run, e.g. to now when a person asks for it."""
    connection.execute(update(sources).where(sources.c.name == name).values(next_run_at=next_run_at))


def due(connection: Connection, now: datetime) -> list[SourceRow]:
    """The sources whose next run has come at `now`, longest waiting first; none that is off or rests."""
    ready = (sources.c.state != SourceState.OFF.value, sources.c.next_run_at <= now)
    query = select(sources).where(*ready).order_by(sources.c.next_run_at, sources.c.name)
    return [_source(row) for row in connection.execute(query).mappings()]


def get(connection: Connection, name: SourceName) -> SourceRow | None:
    """What one source says of itself, None when it has no row."""
    row = connection.execute(select(sources).where(sources.c.name == name)).mappings().one_or_none()
    return None if row is None else _source(row)


def source_rows(connection: Connection) -> list[SourceRow]:
    """Every source, by name."""
    return [_source(row) for row in connection.execute(select(sources).order_by(sources.c.name)).mappings()]


def spent_today(connection: Connection, name: SourceName, now: datetime) -> float:
    """US dollars that a source cost on the UTC day of `now`."""
    return _spent(connection, name, now.astimezone(UTC).strftime("%Y-%m-%d"))


def spent_this_month(connection: Connection, name: SourceName, now: datetime) -> float:
    """US dollars that a source cost in the UTC month of `now`."""
    return _spent(connection, name, now.astimezone(UTC).strftime("%Y-%m"))


def take_lease(connection: Connection, name: str, holder: str, now: datetime, seconds: float) -> bool:
    """Take the lease `name` for `holder` until `seconds` from `now`, or renew it; False while another holds it."""
    values = {"holder": holder, "expires_at": now + timedelta(seconds=seconds)}
    statement = inserting(connection, leases).values(name=name, **values)
    free = or_(leases.c.holder == holder, leases.c.expires_at <= now)
    taken = statement.on_conflict_do_update(index_elements=("name",), set_=values, where=free)
    return connection.execute(taken.returning(leases.c.name)).first() is not None


def lease_holder(connection: Connection, name: str, now: datetime) -> str | None:
    """Who holds the lease `name` at `now`; None when nobody does."""
    query = select(leases.c.holder).where(leases.c.name == name, leases.c.expires_at > now)
    return connection.execute(query).scalar_one_or_none()


def release_lease(connection: Connection, name: str, holder: str) -> None:
    """Give a lease back; nothing happens when another holds it by now."""
    connection.execute(delete(leases).where(leases.c.name == name, leases.c.holder == holder))


def _spent(connection: Connection, name: SourceName, period: str) -> float:
    total = select(func.sum(spending.c.usd)).where(spending.c.source == name, spending.c.day.startswith(period))
    return float(connection.execute(total).scalar() or 0.0)


def _source(row: RowMapping) -> SourceRow:
    return SourceRow(**{**row, "name": SourceName(row["name"]), "state": SourceState(row["state"])})
