"""Mentions come in and move along: add-if-new with the source's cursor, then "next to assess" and "next to triage".

Each function works inside the caller's unit of work and leaves committing to it, so that posts and cursor, or a
priority and its alerts, are stored together or not at all.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import Connection, bindparam, case, select, update

from classifiers.types import Assessment
from monitor.drift import Cell, cells_of
from monitor.mention import Author, Batch, Cursor, Handling, MentionState, NewMention, SetAside, SourceName, storable
from monitor.priority import LANE_WORDS, Priority
from monitor.storage import weekly
from monitor.storage.audit import AuditLog
from monitor.storage.schema import UtcDateTime, cursors, mentions, set_aside, spending
from monitor.storage.search import searchable
from monitor.storage.session import inserting
from monitor.storage.stored import (
    LARGEST_INTEGER,
    StoredMention,
    assessment_columns,
    find,
    from_row,
    get,
    text_hash,
)
from monitor.storage.threads import BrandOf, Known, Place, adopt, known, places, thread_counts

__all__ = [
    "Added",
    "StoredMention",
    "add_new",
    "cursor_of",
    "find",
    "get",
    "next_to_assess",
    "next_to_triage",
    "store_assessments",
    "store_priorities",
    "thread_counts",
]

ACTOR: Final = "system:monitor"
LONGEST_TEXT: Final = 1_000_000
"""Characters; a longer post is set aside whole, because no page could show it and no model read it."""
LONGEST_ID: Final = 1000
"""Bytes of an external id; longer ones do not fit an index of PostgreSQL."""
LONGEST_HANDLE: Final = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """What a batch changed: posts added, already there, edited since, and set aside now (not: again)."""

    added: int
    already: int
    edited: int
    set_aside: int


def add_new(
    connection: Connection,
    source: SourceName,
    batch: Batch,
    *,
    now: datetime,
    brand_of: BrandOf,
    clean: Callable[[str], str],
    audit: AuditLog,
    ours: Callable[[NewMention], bool] = lambda _: False,
) -> Added:
    """Store a batch: what is new of it, what it set aside, what it cost, and the cursor that follows it.

    A post that is there already is left alone; when its title or text changed, it takes the new text, is marked as
    edited, noted in the audit log with both hashes, and goes back to `collected` to be judged again. `brand_of` gets
    each post with the brand it inherits from its thread; a post about no brand that is not addressed to us is kept for
    its thread: `triaged` with severity 0, never judged, listed or alerted; so is a post of our own account (`ours`),
    whose brand its answers inherit. `clean` gets title and text as one.
    Replaying a batch adds nothing. `now` is aware.
    """
    posts: dict[str, NewMention] = {}
    aside = list(batch.set_aside)
    for given in batch.mentions:
        reason = _unusable(given)
        if reason is None:
            post = _storable(given)
            posts[post.external_id] = post
        else:
            aside.append(SetAside(external_id=given.external_id[:LONGEST_HANDLE], reason=reason, payload=given.text))
    stored = known(connection, source, posts.values())
    hashes = {name: text_hash(post.title, post.text) for name, post in posts.items()}
    changed = {
        name: post for name, post in posts.items() if name not in stored or stored[name].text_hash != hashes[name]
    }
    placed = places(changed, stored, brand_of)
    words = {name: _words(post, hashes[name], clean) for name, post in changed.items()}
    new = _insert_new(
        connection,
        [
            _row(source, post, placed[name], now, own=ours(post)) | words[name]
            for name, post in changed.items()
            if name not in stored
        ],
    )
    edits = [name for name in changed if name in stored]
    for name in edits:
        post = changed[name]
        _edit(connection, stored[name], post, placed[name], words[name], now, own=ours(post))
    adopt(connection, source, {name: placed[name] for name in (*new, *edits)}, brand_of)
    kept = _keep_aside(connection, source, aside, now)
    _move_cursor(connection, source, batch.cursor, now)
    _spend(connection, source, batch.cost_usd, now)
    for name in edits:
        audit.append(
            connection,
            at=now,
            actor=ACTOR,
            action="mention edited at its source",
            subject=f"mention:{stored[name].id}",
            details={"old": stored[name].text_hash, "new": hashes[name]},
        )
    return Added(added=len(new), already=len(posts) - len(new) - len(edits), edited=len(edits), set_aside=kept)


def cursor_of(connection: Connection, source: SourceName) -> Cursor:
    """Where `source` goes on; an empty cursor before its first batch."""
    values = connection.execute(select(cursors.c.cursor).where(cursors.c.source == source)).scalar_one_or_none()
    return Cursor(values=values or {})


def next_to_assess(connection: Connection, limit: int) -> list[StoredMention]:
    """Mentions that wait to be judged, oldest first."""
    query = (
        select(mentions).where(mentions.c.state == MentionState.COLLECTED.value).order_by(mentions.c.id).limit(limit)
    )
    return [from_row(row) for row in connection.execute(query).mappings()]


def store_assessments(
    connection: Connection, judged_mentions: Sequence[tuple[StoredMention, Assessment]], now: datetime
) -> int:
    """Keep what was judged about mentions given out by `next_to_assess`, and count it by week; how many were stored.

    A mention that was edited, or judged by somebody else, meanwhile is left as it is.
    """
    stored = 0
    before = weekly.counted(connection, [mention.id for mention, _ in judged_mentions])
    gone: list[Cell] = []
    come: list[Cell] = []
    for mention, assessment in judged_mentions:
        change = (
            update(mentions)
            .where(
                mentions.c.id == mention.id,
                mentions.c.state == MentionState.COLLECTED.value,
                mentions.c.text_hash == mention.text_hash,
            )
            .values(assessment_columns(assessment, now) | {"state": MentionState.ASSESSED.value})
        )
        if connection.execute(change).rowcount:
            stored += 1
            gone += before.get(mention.id, ())
            come += cells_of(assessment, created_at=mention.created_at, assessed_at=now)
    weekly.move(connection, gone=gone, come=come, now=now)
    return stored


def next_to_triage(connection: Connection, now: datetime, limit: int) -> list[StoredMention]:
    """Mentions that were judged and have no priority yet; then open ones whose priority is due for another look."""
    first = select(mentions).where(mentions.c.state == MentionState.ASSESSED.value).order_by(mentions.c.id)
    again = (
        select(mentions)
        .where(
            mentions.c.retriage_at <= now,
            mentions.c.state == MentionState.TRIAGED.value,
            mentions.c.handling == Handling.OPEN.value,
        )
        .order_by(mentions.c.retriage_at)
    )
    found = [from_row(row) for row in connection.execute(first.limit(limit)).mappings()]
    if len(found) < limit:
        found += [from_row(row) for row in connection.execute(again.limit(limit - len(found))).mappings()]
    return found


def store_priorities(connection: Connection, prioritised: Sequence[tuple[StoredMention, Priority]]) -> int:
    """Keep the priorities of mentions given out by `next_to_triage`; how many were stored.

    Store the alerts that follow from them in the same unit of work. A mention edited meanwhile is left as it is.
    """
    stored = 0
    for mention, priority in prioritised:
        still_open = mentions.c.handling == Handling.OPEN.value
        change = (
            update(mentions)
            .where(
                mentions.c.id == mention.id,
                mentions.c.state.in_((MentionState.ASSESSED.value, MentionState.TRIAGED.value)),
                mentions.c.text_hash == mention.text_hash,
            )
            .values(
                state=MentionState.TRIAGED.value,
                severity=priority.severity,
                severity_terms=[term.as_json() for term in priority.terms],
                lane=priority.lane.value,
                lane_reason=LANE_WORDS[priority.lane_reason],
                due_at=priority.due_at,
                due_order=priority.due_at,
                retriage_at=case((still_open, bindparam("again", priority.retriage_at, UtcDateTime())), else_=None),
            )
        )
        stored += connection.execute(change).rowcount
    return stored


def judged(post: NewMention) -> str:
    """What is judged of a post before hygiene: its title and its text, a blank line between; a repeated title once."""
    if not post.title or post.text.startswith(post.title):
        return post.text
    return f"{post.title}\n\n{post.text}" if post.text else post.title


def _unusable(post: NewMention) -> str | None:
    """Why a post cannot be stored as a mention, None when it can."""
    if not post.external_id.strip():
        return "the post has no id"
    if len(post.external_id.encode("utf-8", "replace")) > LONGEST_ID:
        return f"the post's id is longer than {LONGEST_ID} bytes"
    if len(post.text) + len(post.title or "") > LONGEST_TEXT:
        return f"the post is longer than {LONGEST_TEXT:,} characters"
    try:
        post.created_at.astimezone(UTC)
    except OverflowError:
        return "the post's time lies outside the years 1 to 9999"
    return None


def _storable(post: NewMention) -> NewMention:
    """`post` with nothing in it that a database refuses; a post is not its own parent."""

    def link(name: str | None) -> str | None:
        fits = name and name != post.external_id and len(name.encode("utf-8", "replace")) <= LONGEST_ID
        return storable(name) if name and fits else None

    followers = post.author.followers
    return replace(
        post,
        external_id=storable(post.external_id),
        author=Author(
            handle=storable(post.author.handle)[:LONGEST_HANDLE],
            name=None if post.author.name is None else storable(post.author.name)[:LONGEST_HANDLE],
            followers=None if followers is None else max(0, min(followers, LARGEST_INTEGER)),
        ),
        text=storable(post.text),
        title=None if post.title is None else storable(post.title),
        url=None if post.url is None else storable(post.url),
        parent_id=link(post.parent_id),
        root_id=link(post.root_id),
    )


def _words(post: NewMention, digest: str, clean: Callable[[str], str]) -> dict[str, object]:
    """The columns that hold what a post says."""
    clean_text = storable(clean(judged(post)))
    return {
        "title": post.title,
        "text": post.text,
        "clean_text": clean_text,
        "text_hash": digest,
        "search": searchable(post.author.handle, post.author.name, clean_text),
    }


def _row(source: SourceName, post: NewMention, place: Place, now: datetime, *, own: bool) -> dict[str, object]:
    """The columns of a new mention beside its words."""
    relevant = not own and (place.brand is not None or post.addressed)
    return {
        "source": source,
        "external_id": post.external_id,
        "platform": post.platform,
        "brand": place.brand,
        "author": post.author.handle,
        "author_name": post.author.name,
        "followers": post.author.followers,
        "url": post.url,
        "parent_id": post.parent_id,
        "root_id": place.root_id,
        "addressed": post.addressed,
        "created_at": post.created_at,
        "collected_at": now,
        "state": _first_state(relevant).value,
        "handling": Handling.OPEN.value,
        "relevant": relevant,
        "due_order": post.created_at,
    }


def _first_state(relevant: bool) -> MentionState:
    return MentionState.COLLECTED if relevant else MentionState.TRIAGED


def _insert_new(connection: Connection, rows: Sequence[Mapping[str, object]]) -> list[str]:
    """Insert what is not there, whoever else is inserting; the external ids that are new."""
    if not rows:
        return []
    unique = ("source", "external_id")
    statement = inserting(connection, mentions).on_conflict_do_nothing(index_elements=unique)
    return list(connection.execute(statement.returning(mentions.c.external_id), rows).scalars())


def _edit(
    connection: Connection,
    stored: Known,
    post: NewMention,
    place: Place,
    words: Mapping[str, object],
    now: datetime,
    *,
    own: bool,
) -> None:
    relevant = not own and (place.brand is not None or stored.addressed)
    change = {
        "brand": place.brand,
        "relevant": relevant,
        "followers": post.author.followers,
        "edited_at": now,
        "gone_at": None,
        "state": _first_state(relevant).value,
    }
    connection.execute(update(mentions).where(mentions.c.id == stored.id).values(change | dict(words)))


def _keep_aside(connection: Connection, source: SourceName, items: Iterable[SetAside], now: datetime) -> int:
    """Keep what could not be used, once, however often a source brings it; how many are new."""
    rows = [
        {
            "source": source,
            "external_id": None if item.external_id is None else storable(item.external_id),
            "reason": storable(item.reason),
            "payload": storable(item.payload),
            "digest": hashlib.sha256(f"{item.external_id}\n{item.payload}".encode("utf-8", "replace")).hexdigest(),
            "at": now,
        }
        for item in items
    ]
    if not rows:
        return 0
    statement = inserting(connection, set_aside).on_conflict_do_nothing(index_elements=("source", "digest"))
    return len(connection.execute(statement.returning(set_aside.c.id), rows).all())


def _move_cursor(connection: Connection, source: SourceName, cursor: Cursor, now: datetime) -> None:
    values = {"cursor": dict(cursor.values), "updated_at": now}
    statement = inserting(connection, cursors).values(source=source, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=("source",), set_=values))


def _spend(connection: Connection, source: SourceName, usd: float, now: datetime) -> None:
    if not usd:
        return
    day = now.astimezone(UTC).date().isoformat()
    statement = inserting(connection, spending).values(source=source, day=day, usd=usd)
    more = {"usd": spending.c.usd + usd}
    connection.execute(statement.on_conflict_do_update(index_elements=("source", "day"), set_=more))
