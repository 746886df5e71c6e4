"""Everything that the console reads: the inbox, a mention with its conversation, and the lists of the other pages.

Read-only, and paged by key: the hundredth page costs what the first does. Needs a reading unit.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Text, func, select

from monitor.mention import SourceName
from monitor.storage.alerts import AlertState
from monitor.storage.audit import AuditEntry
from monitor.storage.conversation import (
    AlertView,
    MentionView,
    ReplyView,
    alert_view,
    author_history,
    mention_view,
    thread,
)
from monitor.storage.inbox import (
    Count,
    InboxCounts,
    InboxFilter,
    InboxRow,
    Order,
    Page,
    PageKey,
    inbox,
    inbox_counts,
)
from monitor.storage.schema import alerts, audit, mentions, set_aside
from monitor.storage.sources import SourceRow, source_rows
from monitor.storage.stored import StoredMention, from_row

__all__ = [
    "AlertView",
    "Count",
    "InboxCounts",
    "InboxFilter",
    "InboxRow",
    "MentionView",
    "Order",
    "Page",
    "PageKey",
    "ReplyView",
    "SetAsideRow",
    "SourceRow",
    "alerts_page",
    "audit_page",
    "author_history",
    "inbox",
    "inbox_counts",
    "mention_view",
    "mentions_page",
    "set_aside_page",
    "source_rows",
    "thread",
]

PAYLOAD_SHOWN = 2000
"""Characters of a set-aside item that a list carries."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetAsideRow:
    """An item of a source that could not be used; `payload` is cut at `PAYLOAD_SHOWN` characters."""

    id: int
    source: SourceName
    external_id: str | None
    reason: str
    payload: str
    at: datetime


def set_aside_page(
    connection: Connection, *, source: SourceName | None = None, after: PageKey | None = None, size: int = 50
) -> Page[SetAsideRow]:
    """What could not be used, of one source or of all, newest first."""
    query = select(
        set_aside.c.id,
        set_aside.c.source,
        set_aside.c.external_id,
        set_aside.c.reason,
        func.substr(set_aside.c.payload, 1, PAYLOAD_SHOWN, type_=Text()).label("payload"),
        set_aside.c.at,
    ).order_by(set_aside.c.id.desc())
    if source is not None:
        query = query.where(set_aside.c.source == source)
    if after is not None:
        query = query.where(set_aside.c.id < after.id)
    rows = [SetAsideRow(**row) for row in connection.execute(query.limit(size + 1)).mappings()]
    return Page(rows=tuple(rows[:size]), next=PageKey(id=rows[size - 1].id) if len(rows) > size else None)


def alerts_page(
    connection: Connection, *, state: AlertState | None = None, after: PageKey | None = None, size: int = 50
) -> Page[AlertView]:
    """Alerts, of one state or of all, newest first."""
    query = select(alerts).order_by(alerts.c.id.desc())
    if state is not None:
        query = query.where(alerts.c.state == state.value)
    if after is not None:
        query = query.where(alerts.c.id < after.id)
    rows = [alert_view(row) for row in connection.execute(query.limit(size + 1)).mappings()]
    return Page(rows=tuple(rows[:size]), next=PageKey(id=rows[size - 1].id) if len(rows) > size else None)


def mentions_page(
    connection: Connection, *, brand: str | None = None, after: PageKey | None = None, size: int = 50
) -> Page[StoredMention]:
    """Mentions of one brand or of all, in the order in which they were stored; posts kept for a thread are left out."""
    query = select(mentions).where(mentions.c.relevant).order_by(mentions.c.id)
    if brand is not None:
        query = query.where(mentions.c.brand == brand)
    if after is not None:
        query = query.where(mentions.c.id > after.id)
    rows = [from_row(row) for row in connection.execute(query.limit(size + 1)).mappings()]
    return Page(rows=tuple(rows[:size]), next=PageKey(id=rows[size - 1].id) if len(rows) > size else None)


def audit_page(
    connection: Connection, *, subject: str | None = None, after_seq: int | None = None, size: int = 50
) -> Page[AuditEntry]:
    """The log, of one subject ("mention:7") or whole, newest first, following row `after_seq`; `next.id` is a seq."""
    query = select(audit).order_by(audit.c.seq.desc())
    if subject is not None:
        query = query.where(audit.c.subject == subject)
    if after_seq is not None:
        query = query.where(audit.c.seq < after_seq)
    rows = [AuditEntry(**row) for row in connection.execute(query.limit(size + 1)).mappings()]
    return Page(rows=tuple(rows[:size]), next=PageKey(id=rows[size - 1].seq) if len(rows) > size else None)
