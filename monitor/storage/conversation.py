"""A mention with what surrounds it: its thread, our replies to it, and what else its author wrote."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, RowMapping, select, true

from monitor.mention import MentionId
from monitor.storage.alerts import AlertState
from monitor.storage.inbox import Page, PageKey
from monitor.storage.schema import alerts, mentions, publications, replies
from monitor.storage.stored import StoredMention, from_row, get

THREAD_LIMIT: Final = 200
"""Posts of a thread that a page shows: the first, the mention with its ancestors, and the earliest of the rest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyView:
    """A reply of ours as others see it beside a mention; `state` is a value of ReplyState, times are UTC.

    `url`, `external_id` and `sent_at` are set once it is out.
    """

    id: int
    author: str
    state: str
    door: str
    text: str
    updated_at: datetime
    url: str | None
    external_id: str | None
    sent_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertView:
    """An alert that a mention raised, and whether it was heard."""

    id: int
    mention_id: MentionId
    rule: str
    why: str
    state: AlertState
    channel: str
    attempts: int
    created_at: datetime
    next_try_at: datetime | None
    delivered_at: datetime | None
    last_error: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MentionView:
    """A mention with its alerts and our replies, oldest first."""

    mention: StoredMention
    alerts: tuple[AlertView, ...]
    replies: tuple[ReplyView, ...]


def mention_view(connection: Connection, mention_id: MentionId) -> MentionView | None:
    """One mention with all about it, None when there is none of that number."""
    mention = get(connection, mention_id)
    return None if mention is None else _views(connection, [mention])[0]


def thread(connection: Connection, mention_id: MentionId) -> list[MentionView]:
    """The conversation that a mention stands in, oldest first with the thread's root in front; empty when unknown.

    Posts about no brand of ours are among them. At most `THREAD_LIMIT` posts; the mention is always one of them.
    """
    mention = get(connection, mention_id)
    if mention is None:
        return []
    root = mention.root_id or mention.external_id
    # Two questions, not one with OR: each walks its own index.
    first = select(mentions).where(mentions.c.source == mention.source, mentions.c.external_id == root)
    answers = (
        select(mentions)
        .where(mentions.c.source == mention.source, mentions.c.root_id == root)
        .order_by(mentions.c.created_at, mentions.c.id)
        .limit(THREAD_LIMIT - 1)
    )
    rows = [*connection.execute(first).mappings(), *connection.execute(answers).mappings()]
    found = {row["id"]: from_row(row) for row in rows}
    for ancestor in _ancestors(connection, mention):
        found.setdefault(ancestor.id, ancestor)
    posts = sorted(found.values(), key=lambda post: (post.external_id != root, post.created_at, post.id))
    return _views(connection, posts)


def author_history(
    connection: Connection, platform: str, author: str, before: MentionId | None = None, size: int = 20
) -> Page[MentionView]:
    """What an author wrote to or about us on a platform, newest first, before the mention `before`."""
    query = select(mentions).where(
        mentions.c.platform == platform, mentions.c.author == author, mentions.c.relevant == true()
    )
    if before is not None:
        query = query.where(mentions.c.id < before)
    rows = connection.execute(query.order_by(mentions.c.id.desc()).limit(size + 1)).mappings().all()
    views = _views(connection, [from_row(row) for row in rows[:size]])
    return Page(rows=tuple(views), next=PageKey(id=views[-1].mention.id) if len(rows) > size else None)


def alert_view(row: RowMapping) -> AlertView:
    """A row of the table `alerts` as a value."""
    return AlertView(**{**row, "mention_id": MentionId(row["mention_id"]), "state": AlertState(row["state"])})


def _ancestors(connection: Connection, mention: StoredMention) -> list[StoredMention]:
    """The mention itself and what it answers, upwards, as far as it is stored."""
    path = {mention.external_id: mention}
    here = mention
    while here.parent_id is not None and here.parent_id not in path and len(path) < THREAD_LIMIT:
        query = select(mentions).where(mentions.c.source == mention.source, mentions.c.external_id == here.parent_id)
        row = connection.execute(query).mappings().one_or_none()
        if row is None:
            break
        here = from_row(row)
        path[here.external_id] = here
    return list(path.values())


def _views(connection: Connection, posts: Sequence[StoredMention]) -> list[MentionView]:
    ids = [post.id for post in posts]
    raised: dict[int, list[AlertView]] = {}
    for row in connection.execute(select(alerts).where(alerts.c.mention_id.in_(ids)).order_by(alerts.c.id)).mappings():
        raised.setdefault(row["mention_id"], []).append(alert_view(row))
    written: dict[int, list[ReplyView]] = {}
    sent = (publications.c.reply_id == replies.c.id) & (publications.c.state == "sent")
    query = (
        select(
            replies.c.mention_id,
            replies.c.id,
            replies.c.author,
            replies.c.state,
            replies.c.door,
            replies.c.text,
            replies.c.updated_at,
            publications.c.url,
            publications.c.external_id,
            publications.c.settled_at.label("sent_at"),
        )
        .select_from(replies.outerjoin(publications, sent))
        .where(replies.c.mention_id.in_(ids))
        .order_by(replies.c.id)
    )
    for row in connection.execute(query).mappings():
        fields = {name: value for name, value in row.items() if name != "mention_id"}
        written.setdefault(row["mention_id"], []).append(ReplyView(**fields))
    return [
        MentionView(
            mention=post,
            alerts=tuple(raised.get(post.id, ())),
            replies=tuple(written.get(post.id, ())),
        )
        for post in posts
    ]
