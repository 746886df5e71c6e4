"""Drafts, approvals and publications ↔ rows. Every change is a compare-and-set on (state, version).

Functions take an open unit of work of `monitor.storage.session` and never open, commit or close one: a decision, its
rows and its audit entry belong to one transaction of the caller's.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeAlias

from sqlalchemy import Connection, func, or_, select, update
from sqlalchemy.exc import IntegrityError

from monitor.mention import Handling, Lane, MentionId
from monitor.storage.schema import accounts, approvals, mentions, publications, replies, reply_versions
from monitor.storage.switches import STOP_SENDING, get_switch
from responders.reply import (
    OPEN,
    AlreadyAnswered,
    Approval,
    Draft,
    Publication,
    PublicationState,
    Published,
    ReplyId,
    ReplyState,
    ReplyTarget,
    StaleDraft,
    UnknownReply,
    Version,
    text_hash,
)
from responders.rows import draft_from, publication_from, report_columns, target_from
from responders.sameness import Spoken

Unit: TypeAlias = Connection
"""An open unit of work."""

PAGE: Final = 50
REMEMBERED: Final = 50
"""Replies that count as our last ones: what a reader of our page, or of a search for us, scrolls past."""
_LIVE: Final = ("sending", "sent", "uncertain")


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A reply in a list, with the post that it answers."""

    draft: Draft
    target: ReplyTarget


@dataclass(frozen=True, slots=True, kw_only=True)
class NewReply:
    """What a new draft begins with."""

    author: str
    lane: Lane
    door: str
    text: str
    template: str | None = None


# ------------------------------------------------------------------ reading


def target_of(unit: Unit, mention_id: MentionId) -> ReplyTarget:
    """The post that a reply answers, as stored now; raises UnknownReply when there is none."""
    row = unit.execute(select(mentions).where(mentions.c.id == mention_id)).mappings().first()
    if row is None:
        msg = f"there is no mention {mention_id}"
        raise UnknownReply(msg)
    return target_from(row)


def draft_of(unit: Unit, reply_id: ReplyId) -> Draft:
    """The reply as stored now; raises UnknownReply when there is none."""
    row = unit.execute(select(replies).where(replies.c.id == reply_id)).mappings().first()
    if row is None:
        msg = f"there is no reply {reply_id}"
        raise UnknownReply(msg)
    return draft_from(row)


def replies_to(unit: Unit, mention_id: MentionId) -> list[Draft]:
    """Every reply to a mention, oldest first, in whatever state."""
    rows = unit.execute(select(replies).where(replies.c.mention_id == mention_id).order_by(replies.c.id)).mappings()
    return [draft_from(row) for row in rows]


def open_reply(unit: Unit, mention_id: MentionId, author: str) -> Draft | None:
    """The newest reply that `author` began for this mention and that still waits for something."""
    row = (
        unit.execute(
            select(replies)
            .where(
                replies.c.mention_id == mention_id,
                replies.c.author == author,
                replies.c.state.in_([state.value for state in OPEN]),
            )
            .order_by(replies.c.id.desc())
            .limit(1)
        )
        .mappings()
        .first()
    )
    return None if row is None else draft_from(row)


def listed(
    unit: Unit,
    states: Collection[ReplyState],
    *,
    after: ReplyId | None = None,
    author: str | None = None,
    limit: int = PAGE,
) -> list[Listed]:
    """Replies in some states with their posts, oldest first; the next page begins `after` the last one's id."""
    columns = [column.label(f"m_{column.name}") for column in mentions.c]
    query = (
        select(replies, *columns)
        .join(mentions, mentions.c.id == replies.c.mention_id)
        .where(replies.c.state.in_([state.value for state in states]))
        .order_by(replies.c.id)
        .limit(limit)
    )
    if after is not None:
        query = query.where(replies.c.id > after)
    if author is not None:
        query = query.where(replies.c.author == author)
    return [Listed(draft=draft_from(row), target=target_from(row, "m_")) for row in unit.execute(query).mappings()]


def counts(unit: Unit) -> dict[ReplyState, int]:
    """How many replies stand in each state; states without any are 0."""
    rows = unit.execute(select(replies.c.state, func.count()).group_by(replies.c.state)).all()
    found = {ReplyState(state): count for state, count in rows}
    return {state: found.get(state, 0) for state in ReplyState}


def versions(unit: Unit, reply_id: ReplyId) -> list[Version]:
    """Every text a reply has had, oldest first."""
    rows = unit.execute(
        select(reply_versions).where(reply_versions.c.reply_id == reply_id).order_by(reply_versions.c.version)
    ).mappings()
    return [Version(version=row["version"], text=row["text"], by=row["by"], at=row["at"]) for row in rows]


def writers(unit: Unit, reply_id: ReplyId) -> frozenset[str]:
    """Everybody who wrote a text of this reply or began it: nobody of them may approve it."""
    rows = unit.execute(select(reply_versions.c.by).where(reply_versions.c.reply_id == reply_id)).scalars()
    author = unit.execute(select(replies.c.author).where(replies.c.id == reply_id)).scalar_one_or_none()
    return frozenset(rows) | (frozenset() if author is None else frozenset({author}))


def standing_approvals(unit: Unit, reply_id: ReplyId) -> list[Approval]:
    """Every approval that no edit has voided, oldest first."""
    rows = unit.execute(
        select(approvals)
        .where(approvals.c.reply_id == reply_id, approvals.c.voided_at.is_(None))
        .order_by(approvals.c.id)
    ).mappings()
    return [Approval(**row) for row in rows]


def publications_of(unit: Unit, reply_id: ReplyId) -> list[Publication]:
    """Every attempt to publish a reply, oldest first."""
    rows = unit.execute(
        select(publications).where(publications.c.reply_id == reply_id).order_by(publications.c.id)
    ).mappings()
    return [publication_from(row) for row in rows]


def is_stopped(unit: Unit) -> str | None:
    """Why nothing may be sent now (the kill switch is on), or None."""
    switch = get_switch(unit, STOP_SENDING)
    if switch is None or not switch.on:
        return None
    return f"sending is stopped by {switch.by}" + (f": {switch.reason}" if switch.reason else "")


def sent_since(unit: Unit, since: datetime, *, besides: ReplyId | None = None) -> int:
    """How many publications (of replies other than `besides`) went out, are going out or may have since a time."""
    query = select(func.count()).where(publications.c.state.in_(_LIVE), publications.c.claimed_at >= since)
    return unit.execute(query if besides is None else query.where(publications.c.reply_id != besides)).scalar_one()


def role_of(unit: Unit, account: str) -> str | None:
    """The role of an active account, or None: it is gone, disabled, or was never there."""
    return unit.execute(
        select(accounts.c.role).where(accounts.c.name == account, accounts.c.active)
    ).scalar_one_or_none()


def due(unit: Unit, now: datetime, *, besides: Collection[str] = ()) -> list[ReplyId]:
    """Approved replies whose hold time has passed, longest approved first, but those of the doors `besides`."""
    rows = unit.execute(
        select(replies.c.id)
        .where(
            replies.c.state == ReplyState.APPROVED.value,
            replies.c.door.not_in(list(besides)),
            or_(replies.c.hold_until.is_(None), replies.c.hold_until <= now),
        )
        .order_by(replies.c.updated_at, replies.c.id)
    ).scalars()
    return [ReplyId(key) for key in rows]


def in_state(unit: Unit, state: ReplyState) -> list[ReplyId]:
    """Every reply in a state, oldest first."""
    rows = unit.execute(select(replies.c.id).where(replies.c.state == state.value).order_by(replies.c.id)).scalars()
    return [ReplyId(key) for key in rows]


def last_sent(unit: Unit, brand: str | None, *, limit: int = REMEMBERED) -> list[Spoken]:
    """The last replies that went out for a brand, newest first; of a mention without a brand, those for none."""
    rows = unit.execute(
        select(
            replies.c.text.label("said"),
            replies.c.author.label("author"),
            publications.c.settled_at,
            publications.c.claimed_at,
            mentions.c.id,
            mentions.c.title,
            mentions.c.text,
            mentions.c.lang,
        )
        .join(replies, replies.c.id == publications.c.reply_id)
        .join(mentions, mentions.c.id == publications.c.mention_id)
        .where(publications.c.state == PublicationState.SENT.value, mentions.c.brand == brand)
        .order_by(publications.c.id.desc())
        .limit(limit)
    ).mappings()
    return [
        Spoken(
            text=row["said"],
            author=row["author"],
            at=row["settled_at"] or row["claimed_at"],
            mention_id=MentionId(row["id"]),
            mention=f"{row['title']}\n{row['text']}" if row["title"] else row["text"],
            lang=row["lang"],
        )
        for row in rows
    ]


# ------------------------------------------------------------------ changing


def lock_mention(unit: Unit, mention_id: MentionId) -> ReplyTarget:
    """As `target_of`, and no other unit may lock the same mention until this one ends."""
    # SQLite holds the whole database during a writing unit and ignores FOR UPDATE; PostgreSQL needs it.
    unit.execute(select(mentions.c.id).where(mentions.c.id == mention_id).with_for_update())
    return target_of(unit, mention_id)


def add(unit: Unit, target: ReplyTarget, new: NewReply, at: datetime) -> Draft:
    """A new draft, version 1."""
    key = unit.execute(
        replies.insert()
        .values(
            mention_id=target.mention_id,
            author=new.author,
            state=ReplyState.DRAFT.value,
            lane=new.lane.value,
            door=new.door,
            template=new.template,
            text=new.text,
            text_hash=text_hash(new.text),
            version=1,
            mention_hash=target.text_hash,
            created_at=at,
            updated_at=at,
        )
        .returning(replies.c.id)
    ).scalar_one()
    draft = draft_of(unit, ReplyId(key))
    _add_version(unit, draft, new.author, at)
    return draft


def put(unit: Unit, before: Draft, after: Draft, *, by: str) -> None:
    """Store `after` where still stands `before`; a new version is kept under the name of `by`.

    Raises StaleDraft when somebody was faster: nothing is changed then.
    """
    result = unit.execute(
        update(replies)
        .where(replies.c.id == before.id, replies.c.state == before.state.value, replies.c.version == before.version)
        .values(
            state=after.state.value,
            lane=after.lane.value,
            door=after.door,
            template=after.template,
            text=after.text,
            text_hash=after.text_hash,
            version=after.version,
            mention_hash=after.mention_hash,
            note=after.note,
            hold_until=after.hold_until,
            updated_at=after.updated_at,
            **report_columns(after.report),
        )
    )
    if result.rowcount != 1:
        raise stale(draft_of(unit, before.id))
    if after.version != before.version:
        _add_version(unit, after, by, after.updated_at)


def stale(current: Draft, unsaved: str | None = None) -> StaleDraft:
    """The sentence for a reply that somebody changed meanwhile."""
    kept = "; your text is still here and was not saved over the newer one" if unsaved is not None else ""
    return StaleDraft(
        f"reply {current.id} was changed meanwhile and is now {current.state.value.replace('_', ' ')}, "
        f"version {current.version}{kept}: look at it again",
        current=current,
        unsaved=unsaved,
    )


def add_approval(unit: Unit, draft: Draft, *, by: str, at: datetime, policy: str, reason: str | None) -> None:
    """One person's yes to the draft's text as it stands."""
    unit.execute(
        approvals.insert().values(
            reply_id=draft.id, by=by, at=at, text_hash=draft.text_hash, policy=policy, reason=reason
        )
    )


def void_approvals(unit: Unit, reply_id: ReplyId, *, at: datetime, why: str) -> int:
    """Take every standing approval of a reply back; how many there were."""
    return unit.execute(
        update(approvals)
        .where(approvals.c.reply_id == reply_id, approvals.c.voided_at.is_(None))
        .values(voided_at=at, void_reason=why)
    ).rowcount


def claim(unit: Unit, draft: Draft, sending: Draft, *, by: str, at: datetime) -> Publication:
    """Take an approved reply for sending, or walk away.

    Raises StaleDraft when somebody else took it, AlreadyAnswered when another reply to the mention is out or may be:
    the unique key on live publications says so, whatever the code believes.
    """
    put(unit, draft, sending, by=by)
    try:
        with unit.begin_nested():
            key = unit.execute(
                publications.insert()
                .values(
                    reply_id=draft.id,
                    mention_id=draft.mention_id,
                    door=draft.door,
                    state=PublicationState.SENDING.value,
                    claimed_at=at,
                    claimed_by=by,
                )
                .returning(publications.c.id)
            ).scalar_one()
    except IntegrityError as error:
        msg = f"mention {draft.mention_id} already has a reply that is out or may be out; reply {draft.id} was not sent"
        raise AlreadyAnswered(msg) from error
    row = unit.execute(select(publications).where(publications.c.id == key)).mappings().one()
    return publication_from(row)


def live_publication(unit: Unit, reply_id: ReplyId) -> Publication | None:
    """The reply's attempt that is out, going out, or perhaps out."""
    row = (
        unit.execute(select(publications).where(publications.c.reply_id == reply_id, publications.c.state.in_(_LIVE)))
        .mappings()
        .first()
    )
    return None if row is None else publication_from(row)


def is_answered(unit: Unit, mention_id: MentionId) -> bool:
    """Whether a reply to this mention is out, going out, or perhaps out."""
    return (
        unit.execute(
            select(publications.c.id).where(publications.c.mention_id == mention_id, publications.c.state.in_(_LIVE))
        ).first()
        is not None
    )


def settle_publication(
    unit: Unit,
    publication: Publication,
    state: PublicationState,
    *,
    at: datetime,
    reason: str | None = None,
    published: Published | None = None,
) -> None:
    """Record how an attempt ended; `sent` also marks the mention as answered.

    Raises StaleDraft when the attempt no longer stands as the caller believes.
    """
    values = {
        "state": state.value,
        "settled_at": at,
        "reason": reason,
        "external_id": published.external_id if published else None,
        "url": published.url if published else None,
    }
    result = unit.execute(
        update(publications)
        .where(publications.c.id == publication.id, publications.c.state == publication.state.value)
        .values(**values)
    )
    if result.rowcount != 1:
        raise stale(draft_of(unit, publication.reply_id))
    if state is PublicationState.SENT:
        unit.execute(
            update(mentions)
            .where(mentions.c.id == publication.mention_id)
            .values(handling=Handling.ANSWERED.value, handled_at=at, retriage_at=None)
        )


def _add_version(unit: Unit, draft: Draft, by: str, at: datetime) -> None:
    unit.execute(
        reply_versions.insert().values(reply_id=draft.id, version=draft.version, text=draft.text, by=by, at=at)
    )
