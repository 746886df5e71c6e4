"""What people do outside and tell us: post a reply by hand, and say what became of an uncertain one.

Posting by hand goes through the same re-check, the same claim and the same states as a door of the publisher. It
needs no platform client, so the console may use it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from monitor.storage.audit import AuditLog, JsonValue
from monitor.storage.session import Database
from responders import promise_keeping, store
from responders.accounts import Account, NotAllowed, Permission, may, require
from responders.clearance import Stop, Wait
from responders.promise_policy import Terms
from responders.recheck import Recheck
from responders.reply import (
    Draft,
    IllegalMove,
    Publication,
    PublicationState,
    Published,
    ReplyId,
    ReplyState,
    Unusable,
    advance,
    storable,
    text_hash,
)
from responders.store import Unit

SETTLE_AFTER: Final = timedelta(minutes=5)
"""How long after the claim nobody may call a reply unsent: no door's own timeouts are longer."""

MAX_LINK: Final = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class ByHand:
    """What a person needs to post a reply: the exact text, and where."""

    draft: Draft
    text: str
    url: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """Posting by hand, and settling. Raises ReplyFaults and NotAllowed as `Review` does; nothing is changed then."""

    database: Database
    audit: AuditLog
    recheck: Recheck
    terms: Terms = field(default_factory=Terms)

    def begin(self, reply_id: ReplyId, *, by: Account, now: datetime, version: int) -> ByHand:
        """Claim an approved reply to post it oneself; from now on nobody else can.

        Raises IllegalMove with the reason when it may not go out now, AlreadyAnswered.
        """
        with self.database.read() as unit:
            require(unit, by, Permission.DRAFT)
            seen = store.draft_of(unit, reply_id)
            if seen.version != version:
                raise store.stale(seen)
        advance(seen, ReplyState.SENDING, at=now)
        _refuse(self.recheck.whole(seen, now), reply_id)
        with self.database.write() as unit:
            actor = require(unit, by, Permission.DRAFT)
            draft = store.draft_of(unit, reply_id)
            if draft.version != version or draft.door != seen.door:
                raise store.stale(draft)
            _refuse(self.recheck.in_rows(unit, draft, now), reply_id)
            sending = advance(draft, ReplyState.SENDING, at=now)
            publication = store.claim(unit, draft, sending, by=actor.name, at=now)
            self._note(unit, now, actor, "reply.claimed", sending, {"door": draft.door, "publication": publication.id})
            return ByHand(draft=sending, text=sending.text, url=store.target_of(unit, draft.mention_id).url)

    def posted(self, reply_id: ReplyId, url: str, *, by: Account, now: datetime) -> Draft:
        """It is out, here is its link. By who claimed it, or who may settle."""
        link = _link(url)
        with self.database.write() as unit:
            actor, draft, publication = self._held(unit, reply_id, by)
            after = advance(draft, ReplyState.SENT, at=now)
            store.put(unit, draft, after, by=actor.name)
            published = Published(external_id=link, url=link)
            store.settle_publication(unit, publication, PublicationState.SENT, at=now, published=published)
            promise_keeping.record(unit, after, publication, self.terms)
            details: dict[str, JsonValue] = {"door": draft.door, "publication": publication.id, "url": link}
            self._note(unit, now, actor, "reply.sent", after, details)
            return after

    def not_posted(self, reply_id: ReplyId, why: str, *, by: Account, now: datetime) -> Draft:
        """It certainly did not go out: approved again, for another try. By who claimed it, or who may settle."""
        words = _words(why)
        with self.database.write() as unit:
            actor, draft, publication = self._held(unit, reply_id, by)
            note = f"{actor.name}: {words}"
            after = advance(draft, ReplyState.APPROVED, at=now, note=note)
            store.put(unit, draft, after, by=actor.name)
            store.settle_publication(unit, publication, PublicationState.RELEASED, at=now, reason=note)
            details: dict[str, JsonValue] = {"publication": publication.id, "note_hash": text_hash(words)}
            self._note(unit, now, actor, "reply.released", after, details)
            return after

    def settle(
        self, reply_id: ReplyId, *, sent: bool, by: Account, now: datetime, why: str, url: str | None = None
    ) -> Draft:
        """Decide what became of an uncertain reply, after looking on the platform.

        `sent` with its link where there is one; otherwise it is approved again and the publisher will send it. The
        latter is refused until SETTLE_AFTER has passed since the claim: the request might still be on its way.
        """
        words = _words(why)
        link = None if url is None or not url.strip() else _link(url)
        with self.database.write() as unit:
            actor = require(unit, by, Permission.SETTLE)
            draft = store.draft_of(unit, reply_id)
            publication = store.live_publication(unit, reply_id)
            if draft.state is not ReplyState.UNCERTAIN:
                msg = f"reply {reply_id} is {draft.state.value.replace('_', ' ')}, there is nothing to settle"
                raise IllegalMove(msg)
            if not sent and publication is not None and publication.claimed_at + SETTLE_AFTER > now:
                minutes = int(SETTLE_AFTER.total_seconds() // 60)
                msg = f"reply {reply_id} may still be on its way; wait {minutes} minutes and look again"
                raise IllegalMove(msg)
            note = f"{actor.name}: {words}"
            after = advance(draft, ReplyState.SENT if sent else ReplyState.APPROVED, at=now, note=note)
            store.put(unit, draft, after, by=actor.name)
            if publication is not None:
                state = PublicationState.SENT if sent else PublicationState.RELEASED
                published = Published(external_id=link or "settled by hand", url=link) if sent else None
                store.settle_publication(unit, publication, state, at=now, reason=note, published=published)
                if sent:
                    promise_keeping.record(unit, after, publication, self.terms)
            details: dict[str, JsonValue] = {"sent": sent, "url": link, "note_hash": text_hash(words)}
            self._note(unit, now, actor, "reply.settled", after, details)
            return after

    def _held(self, unit: Unit, reply_id: ReplyId, by: Account) -> tuple[Account, Draft, Publication]:
        actor = require(unit, by, Permission.DRAFT)
        draft = store.draft_of(unit, reply_id)
        publication = store.live_publication(unit, reply_id)
        if draft.state is not ReplyState.SENDING or publication is None:
            msg = f"reply {reply_id} is {draft.state.value.replace('_', ' ')}, nobody is posting it by hand"
            raise IllegalMove(msg)
        if publication.claimed_by.startswith("publisher:"):
            msg = f"reply {reply_id} is with the publisher; it will say itself what became of it"
            raise IllegalMove(msg)
        if publication.claimed_by != actor.name and not may(actor, Permission.SETTLE):
            msg = f"{publication.claimed_by} is posting reply {reply_id}; they or an approver can say what became of it"
            raise NotAllowed(msg)
        return actor, draft, publication

    def _note(
        self, unit: Unit, at: datetime, actor: Account, action: str, draft: Draft, details: Mapping[str, JsonValue]
    ) -> None:
        whole: dict[str, JsonValue] = {"version": draft.version, "text_hash": draft.text_hash, **details}
        self.audit.append(unit, at=at, actor=actor.name, action=action, subject=f"reply:{draft.id}", details=whole)


def _refuse(found: Wait | Stop | None, reply_id: ReplyId) -> None:
    if found is not None:
        msg = f"reply {reply_id} may not go out now: {found.reason}"
        raise IllegalMove(msg)


def _link(url: str) -> str:
    link = url.strip()
    try:
        parts = urlsplit(link)
    except ValueError:
        parts = urlsplit("")
    unprintable = any(character.isspace() or not character.isprintable() for character in link)
    if parts.scheme not in ("http", "https") or not parts.hostname or unprintable or len(link) > MAX_LINK:
        msg = "give the link of the posted reply, beginning with https://"
        raise Unusable(msg)
    return link


def _words(note: str) -> str:
    words = note.strip()
    if not words:
        msg = "say in a few words what you saw; it is kept with the reply"
        raise Unusable(msg)
    return storable(words)
