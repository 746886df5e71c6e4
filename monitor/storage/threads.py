"""Where a post stands in its conversation: its thread's first post, and the brand it inherits from there.

Posts arrive in any order and from page to page, so both directions are looked at: an arriving reply takes its root's
brand, and an arriving root gives its brand to replies that were stored before it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypeAlias

from sqlalchemy import Connection, func, select, update

from monitor.mention import MentionId, MentionState, NewMention, SourceName
from monitor.storage.schema import mentions
from monitor.storage.stored import StoredMention, from_row

BrandOf: TypeAlias = Callable[[NewMention, str | None], str | None]
"""Which brand a post is about, given the brand it inherits from its thread (None: none)."""

CHUNK: Final = 500
"""Ids in one query; both databases take many more, but plan these well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is stored of a post already."""

    id: MentionId
    brand: str | None
    root_id: str | None
    text_hash: str
    addressed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The brand of a post and its thread's first post; None for a post that starts one."""

    brand: str | None
    root_id: str | None


def chunks(values: Iterable[str]) -> Iterator[list[str]]:
    """Distinct values in lists of at most `CHUNK`."""
    distinct = list(dict.fromkeys(values))
    for start in range(0, len(distinct), CHUNK):
        yield distinct[start : start + CHUNK]


def known(connection: Connection, source: SourceName, posts: Iterable[NewMention]) -> dict[str, Known]:
    """What is stored of `posts`, their parents and their roots, by external id."""
    wanted = (name for post in posts for name in (post.external_id, post.root_id, post.parent_id) if name)
    found: dict[str, Known] = {}
    for ids in chunks(wanted):
        query = select(
            mentions.c.external_id,
            mentions.c.id,
            mentions.c.brand,
            mentions.c.root_id,
            mentions.c.text_hash,
            mentions.c.addressed,
        ).where(mentions.c.source == source, mentions.c.external_id.in_(ids))
        for row in connection.execute(query):
            found[row.external_id] = Known(
                id=MentionId(row.id),
                brand=row.brand,
                root_id=row.root_id,
                text_hash=row.text_hash,
                addressed=row.addressed,
            )
    return found


def places(posts: Mapping[str, NewMention], stored: Mapping[str, Known], brand_of: BrandOf) -> dict[str, Place]:
    """The place of each post of a batch, ancestors first whatever their order; a circle of replies is cut open."""
    placed: dict[str, Place] = {}

    def place_of(name: str | None) -> Place | None:
        if name is None:
            return None
        if name in placed:
            return placed[name]
        row = stored.get(name)
        return None if row is None else Place(brand=row.brand, root_id=row.root_id)

    for first in posts:
        path = [first]
        walked = {first}
        while path:
            post = posts[path[-1]]
            ahead = next(
                (
                    name
                    for name in (post.root_id, post.parent_id)
                    if name in posts and name not in placed and name not in walked
                ),
                None,
            )
            if path[-1] not in placed and ahead is not None:
                path.append(ahead)
                walked.add(ahead)
                continue
            name = path.pop()
            if name in placed:
                continue
            root, parent = place_of(post.root_id), place_of(post.parent_id)
            inherited = (root.brand if root else None) or (parent.brand if parent else None)
            root_id = post.root_id or (parent.root_id if parent else None) or post.parent_id
            brand = brand_of(post, inherited)
            if brand is None and name in stored:
                brand = stored[name].brand  # an edit does not lose the brand that people are working under
            placed[name] = Place(brand=brand, root_id=None if root_id == name else root_id)
    return placed


def adopt(connection: Connection, source: SourceName, arrived: Mapping[str, Place], brand_of: BrandOf) -> int:
    """Give the brand and the root of posts that arrived to replies stored before them; the number of new mentions.

    A reply that has a brand of its own keeps it.
    """
    _join_threads(connection, source, {name: place.root_id for name, place in arrived.items() if place.root_id})
    adopted = 0
    brands = {name: place.brand for name, place in arrived.items() if place.brand is not None}
    while brands:
        brands, given = {}, brands
        for reply in _brandless_replies(connection, source, given):
            inherited = given.get(reply.root_id or "") or given.get(reply.parent_id or "")
            brand = brand_of(reply.post, inherited)
            if brand is None:
                continue
            state = MentionState.COLLECTED if reply.assessment is None else reply.state
            change = {"brand": brand, "relevant": True, "state": state.value}
            connection.execute(update(mentions).where(mentions.c.id == reply.id).values(change))
            brands[reply.external_id] = brand
            adopted += 1
    return adopted


def _brandless_replies(connection: Connection, source: SourceName, names: Iterable[str]) -> list[StoredMention]:
    """Stored replies without a brand in the threads of, or right under, the posts of those names."""
    found: dict[int, StoredMention] = {}
    for some in chunks(names):
        # Two questions, not one with OR: each walks its own index.
        for link in (mentions.c.root_id, mentions.c.parent_id):
            query = select(mentions).where(mentions.c.source == source, link.in_(some), mentions.c.brand.is_(None))
            found |= {row["id"]: from_row(row) for row in connection.execute(query).mappings()}
    return list(found.values())


def _join_threads(connection: Connection, source: SourceName, roots: Mapping[str, str]) -> None:
    """Replies that took an arriving post for the root of their thread now have its root."""
    for names in chunks(roots):
        query = select(mentions.c.id, mentions.c.external_id, mentions.c.root_id).where(
            mentions.c.source == source, mentions.c.root_id.in_(names)
        )
        for row in connection.execute(query).all():
            root = roots[row.root_id]
            change = {"root_id": None if root == row.external_id else root}
            connection.execute(update(mentions).where(mentions.c.id == row.id).values(change))


def thread_counts(
    connection: Connection, ids: Sequence[MentionId], now: datetime, window: timedelta
) -> dict[MentionId, int]:
    """For each mention, how many other posts its thread got in the `window` before `now`; 0 for none."""
    counts = dict.fromkeys(ids, 0)
    this, other = mentions.alias("this"), mentions.alias("other")
    recent = (other.c.created_at > now - window, other.c.created_at <= now, other.c.id != this.c.id)
    thread = func.coalesce(this.c.root_id, this.c.external_id)
    for start in range(0, len(ids), CHUNK):
        some = this.c.id.in_(ids[start : start + CHUNK])
        for others in (other.c.root_id == thread, other.c.external_id == this.c.root_id):
            query = (
                select(this.c.id, func.count())
                .select_from(this.join(other, (other.c.source == this.c.source) & others))
                .where(some, *recent)
                .group_by(this.c.id)
            )
            for mention_id, count in connection.execute(query):
                counts[MentionId(mention_id)] += count
    return counts
