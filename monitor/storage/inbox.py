"""The inbox: mentions that may need an answer, filtered, ordered and paged by key at the same speed on every page.

Page ids come from one covering index for each order (`schema.INBOX_FILTERS`), the rows themselves by id afterwards.
A mention that nobody could judge yet is listed too: a model that is down hides nothing.
"""

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from operator import itemgetter
from typing import Final, Generic, TypeAlias, TypeVar

from sqlalchemy import Column, ColumnElement, Connection, Select, Text, bindparam, func, literal, select, true, tuple_

from classifiers.types import Intent, Sentiment
from monitor.mention import Handling, Lane, MentionId, MentionState, SourceName
from monitor.storage.alerts import AlertState
from monitor.storage.schema import alerts, mentions, replies
from monitor.storage.search import words
from monitor.storage.stored import StoredMention, from_row

COUNT_LIMIT: Final = 1000
"""Counting stops here: "1,000+" tells a person enough, and costs no more on a million rows."""

EXCERPT: Final = 2000
"""Characters of a text that a list carries."""

SEARCH_DEPTH: Final = 10_000
"""Mentions that one page of a search looks through."""

SEARCH_CHUNK: Final = 2000
"""Mentions looked through at once, so that a search with many hits stops early."""

T = TypeVar("T")


class Order(StrEnum):
    """What comes first: the most severe, the soonest due, or the newest."""

    SEVERITY = "severity"
    DUE = "due"
    NEWEST = "newest"


@dataclass(frozen=True, slots=True, kw_only=True)
class PageKey:
    """Where a page ended; hand it back to get the next one."""

    id: int
    rank: float | datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[T]):
    """Some rows of a list, and the key of what follows; `next` None at the end.

    A page of a search may be short, even empty, and still have a `next`: then there is more to look through.
    """

    rows: tuple[T, ...]
    next: PageKey | None


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxFilter:
    """What to list; None lets everything pass. `search` are words of author, title or text that must all occur."""

    brand: str | None = None
    lang: str | None = None
    intent: Intent | None = None
    sentiment: Sentiment | None = None
    urgent: bool | None = None
    lane: Lane | None = None
    handling: Handling | None = Handling.OPEN
    source: SourceName | None = None
    claimed_by: str | None = None
    unclaimed: bool = False
    search: str = ""
    order: Order = Order.SEVERITY


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxRow:
    """One line of the inbox.

    `mention` has its texts cut at `EXCERPT` characters. `alert` is the state of its latest alert; `reply_id`,
    `reply_state` (a value of ReplyState) and `reply_author` tell of its latest reply; None where there is none.
    """

    mention: StoredMention
    alert: AlertState | None
    alert_error: str | None
    reply_id: int | None
    reply_state: str | None
    reply_author: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """A number of mentions; with `more`, there are at least so many."""

    number: int
    more: bool

    def __str__(self) -> str:
        return f"{self.number:,}+" if self.more else f"{self.number:,}"


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxCounts:
    """How many mentions a filter lists, and how many of them are urgent, past their due time, held by nobody."""

    listed: Count
    urgent: Count
    overdue: Count
    unclaimed: Count


_Found: TypeAlias = tuple[float | datetime, int]


def inbox(connection: Connection, wanted: InboxFilter, *, after: PageKey | None = None, size: int) -> Page[InboxRow]:
    """One page of mentions, `size` rows or fewer, following the page that ended at `after`."""
    if words(wanted.search):
        found, more = _searched(connection, wanted, after, size)
    else:
        found = _found(connection, wanted, after, size + 1)
        more = found[size - 1] if len(found) > size else None
        found = found[:size]
    rows = _rows(connection, [MentionId(mention_id) for _, mention_id in found])
    return Page(rows=rows, next=None if more is None else PageKey(rank=more[0], id=more[1]))


def inbox_counts(connection: Connection, wanted: InboxFilter, now: datetime) -> InboxCounts:
    """Bounded counts for the filter's page; a search is counted within its first `SEARCH_DEPTH` mentions."""
    overdue = (mentions.c.due_order < now) & (mentions.c.state == MentionState.TRIAGED.value)
    if words(wanted.search):
        return _search_counts(connection, wanted, overdue)
    return InboxCounts(
        listed=_count(connection, wanted),
        urgent=_count(connection, replace(wanted, urgent=True)),
        overdue=_count(connection, replace(wanted, order=Order.DUE), overdue),
        unclaimed=_count(connection, replace(wanted, unclaimed=True)),
    )


def _found(connection: Connection, wanted: InboxFilter, after: PageKey | None, size: int) -> list[_Found]:
    """Rank and id of the next `size` mentions; each handling is walked in its own part of the index, then merged."""
    handlings = tuple(Handling) if wanted.handling is None else (wanted.handling,)
    runs: list[Sequence[_Found]] = []
    for handling in handlings:
        query = _ids(wanted, handling, after).limit(size)
        runs.append([(row[0], row[1]) for row in connection.execute(query)])
    merged = heapq.merge(*runs, key=itemgetter(0, 1), reverse=wanted.order != Order.DUE)
    return list(merged)[:size]


def _ids(wanted: InboxFilter, handling: Handling, after: PageKey | None) -> Select[float | datetime, int]:
    rank, falling, index = _RANKS[wanted.order]
    query = select(rank, mentions.c.id).where(
        mentions.c.relevant == true(), mentions.c.handling == handling.value, *_conditions(wanted)
    )
    # SQLite keeps no statistics until told to, and would take "source = …" for a better way in.
    query = query.with_hint(mentions, f"INDEXED BY {index}", "sqlite")
    if after is not None:
        here, there = tuple_(rank, mentions.c.id), tuple_(literal(after.rank, rank.type), literal(after.id))
        query = query.where(here < there if falling else here > there)
    return query.order_by(rank.desc(), mentions.c.id.desc()) if falling else query.order_by(rank, mentions.c.id)


_RANKS: Final[Mapping[Order, tuple[Column[float] | Column[datetime], bool, str]]] = {
    Order.SEVERITY: (mentions.c.severity, True, "ix_mentions_inbox_severity"),
    Order.DUE: (mentions.c.due_order, False, "ix_mentions_inbox_due"),
    Order.NEWEST: (mentions.c.created_at, True, "ix_mentions_inbox_newest"),
}


def _conditions(wanted: InboxFilter) -> list[ColumnElement[bool]]:
    exact: Mapping[str, str | bool | None] = {
        "brand": wanted.brand,
        "lang": wanted.lang,
        "intent": wanted.intent and wanted.intent.value,
        "sentiment": wanted.sentiment and wanted.sentiment.value,
        "urgent": wanted.urgent,
        "lane": wanted.lane and wanted.lane.value,
        "source": wanted.source,
        "claimed_by": wanted.claimed_by,
    }
    conditions = [mentions.c[name] == value for name, value in exact.items() if value is not None]
    if wanted.unclaimed:
        conditions.append(mentions.c.claimed_by.is_(None))
    return conditions


def _searched(
    connection: Connection, wanted: InboxFilter, after: PageKey | None, size: int
) -> tuple[list[_Found], _Found | None]:
    """The next mentions that hold the words, and where to go on: after the last one given out or looked through."""
    looked = _found(connection, wanted, after, SEARCH_DEPTH + 1)
    deeper = looked[SEARCH_DEPTH - 1] if len(looked) > SEARCH_DEPTH else None
    hits: list[_Found] = []
    for start in range(0, min(len(looked), SEARCH_DEPTH), SEARCH_CHUNK):
        some = {mention_id: (rank, mention_id) for rank, mention_id in looked[start : start + SEARCH_CHUNK]}
        holding = set(connection.execute(_holding(wanted, list(some))).scalars())
        hits += [found for mention_id, found in some.items() if mention_id in holding]
        if len(hits) > size:
            return hits[:size], hits[size - 1]
    return hits, deeper


def _holding(wanted: InboxFilter, ids: Sequence[int]) -> Select[int]:
    holds = [mentions.c.search.contains(word, autoescape=True) for word in words(wanted.search)]
    # Numbers of ours, written into the statement: thousands of parameters take longer to bind than to look up.
    some = mentions.c.id.in_(bindparam("ids", ids, expanding=True, literal_execute=True))
    return select(mentions.c.id).where(some, *holds)


def _count(connection: Connection, wanted: InboxFilter, *more: ColumnElement[bool]) -> Count:
    handlings = tuple(Handling) if wanted.handling is None else (wanted.handling,)
    number = 0
    for handling in handlings:
        some = _ids(wanted, handling, None).where(*more).order_by(None).limit(COUNT_LIMIT + 1)
        number += connection.execute(select(func.count()).select_from(some.subquery())).scalar_one()
    return _bounded(number)


def _search_counts(connection: Connection, wanted: InboxFilter, overdue: ColumnElement[bool]) -> InboxCounts:
    looked = [mention_id for _, mention_id in _found(connection, wanted, None, SEARCH_DEPTH)]
    parts = (mentions.c.urgent == true(), overdue, mentions.c.claimed_by.is_(None))
    totals = [0] * (1 + len(parts))
    for start in range(0, len(looked), SEARCH_CHUNK):
        hits = _holding(wanted, looked[start : start + SEARCH_CHUNK])
        query = hits.with_only_columns(func.count(), *(func.count().filter(part) for part in parts))
        totals = [total + part for total, part in zip(totals, connection.execute(query).one(), strict=True)]
    return InboxCounts(
        listed=_bounded(totals[0]),
        urgent=_bounded(totals[1]),
        overdue=_bounded(totals[2]),
        unclaimed=_bounded(totals[3]),
    )


def _bounded(number: int) -> Count:
    return Count(number=min(number, COUNT_LIMIT), more=number > COUNT_LIMIT)


def _rows(connection: Connection, ids: Sequence[MentionId]) -> tuple[InboxRow, ...]:
    if not ids:
        return ()
    cut = {name: func.substr(mentions.c[name], 1, EXCERPT, type_=Text()) for name in ("text", "clean_text", "title")}
    columns = [cut[column.name].label(column.name) if column.name in cut else column for column in mentions.c]
    query = select(*columns).where(mentions.c.id.in_(ids))
    found = {row["id"]: from_row(row) for row in connection.execute(query).mappings()}
    # The last of several wins, because later rows come later.
    alerted = {
        row.mention_id: row
        for row in connection.execute(
            select(alerts.c.mention_id, alerts.c.state, alerts.c.last_error)
            .where(alerts.c.mention_id.in_(ids))
            .order_by(alerts.c.id)
        )
    }
    replied = {
        row.mention_id: row
        for row in connection.execute(
            select(replies.c.mention_id, replies.c.id, replies.c.state, replies.c.author)
            .where(replies.c.mention_id.in_(ids))
            .order_by(replies.c.id)
        )
    }
    return tuple(
        InboxRow(
            mention=found[name],
            alert=AlertState(alerted[name].state) if name in alerted else None,
            alert_error=alerted[name].last_error if name in alerted else None,
            reply_id=replied[name].id if name in replied else None,
            reply_state=replied[name].state if name in replied else None,
            reply_author=replied[name].author if name in replied else None,
        )
        for name in ids
        if name in found
    )
