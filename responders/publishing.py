"""The only way out: claim, re-check, send once, record; then look after what is uncertain.

A reply is sent at most once. Claiming and recording are each one transaction; between them, with none open, the reply
is re-checked and handed to its door exactly once. Whatever dies in between leaves a row in `sending`, which the next
start calls `uncertain`: then our own reply is looked for under the post, and if it is not found a person decides.
"""

import os
import socket
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

from monitor.errors import (
    AuthFailed,
    EdgeError,
    NotApproved,
    PublishRefused,
    PublishUncertain,
    RateLimited,
    SourceDown,
)
from monitor.storage.audit import AuditLog, JsonValue
from monitor.storage.session import Database
from responders import promise_keeping, store
from responders.clearance import Stop, Wait, parent_clearance
from responders.ending import Ending, Outcome, Result, released, uncertain
from responders.promise_policy import Terms
from responders.recheck import Recheck
from responders.reply import (
    AlreadyAnswered,
    Draft,
    ParentState,
    Publication,
    PublicationState,
    Published,
    ReplyId,
    ReplyState,
    ReplyTarget,
    StaleDraft,
    advance,
)
from responders.store import Unit

ACTOR: Final = "system:publisher"
DOOR_REST: Final = timedelta(minutes=5)
DOOR_REST_AUTH: Final = timedelta(hours=1)
LOOK_AGAIN: Final = timedelta(minutes=5)
CLOCK_SKEW: Final = timedelta(minutes=2)
"""How much earlier than our claim the platform's clock may say that our reply was made."""
_NEVER: Final = datetime.min.replace(tzinfo=UTC)


class Publisher(Protocol):
    """One door. It writes a reply at most once a call, and never resends anything by itself."""

    @property
    def by_person(self) -> bool:
        """Whether a person posts, so that the publishing process leaves this door alone."""

    def publish(self, target: ReplyTarget, text: str) -> Published:
        """Post `text` as a reply, one request.

        Raises PublishRefused (a clear no); RateLimited, AuthFailed, NotApproved or SourceDown (certainly not posted,
        perhaps later); PublishUncertain, or anything else, when nobody knows.
        """

    def find_own(self, target: ReplyTarget, text: str, since: datetime) -> Published | None:
        """Our own reply with these words under the post, made at `since` or later; None when it is not seen."""

    def parent_state(self, target: ReplyTarget) -> ParentState:
        """Whether the post is still there as it is stored; raises EdgeError when that cannot be asked."""


@dataclass(slots=True, kw_only=True)
class Publishing:
    """Publishes approved replies through named doors. One at a time; `clock` gives aware UTC times."""

    database: Database
    audit: AuditLog
    recheck: Recheck
    doors: Mapping[str, Publisher]
    clock: Callable[[], datetime]
    terms: Terms = field(default_factory=Terms)
    name: str = field(default_factory=lambda: f"publisher:{socket.gethostname()}:{os.getpid()}")
    _rests: dict[str, datetime] = field(default_factory=dict)
    _looked: dict[ReplyId, datetime] = field(default_factory=dict)
    _unrecorded: dict[ReplyId, tuple[Publication, Ending]] = field(default_factory=dict)
    _broken: dict[ReplyId, datetime] = field(default_factory=dict)

    def publish_due(self) -> Iterator[Outcome]:
        """Every reply that is due now, one after the other, each at most once."""
        yield from self._each(list(self._unrecorded), lambda key: self._record(key, *self._unrecorded[key]))
        now = self.clock()
        with self.database.read() as unit:
            resting = [name for name, door in self.doors.items() if door.by_person or self._resting(name)]
            waiting = [] if self.recheck.closed(unit, now) else store.due(unit, now, besides=resting)
        yield from self._each(waiting, self._publish)

    def recover(self) -> list[Outcome]:
        """At start-up: whatever stands in `sending` without a person at it is `uncertain`, never `approved`."""
        with self.database.read() as unit:
            in_flight = store.in_state(unit, ReplyState.SENDING)
        return list(self._each(in_flight, self._give_up))

    def reconcile(self) -> list[Outcome]:
        """Look for each uncertain reply under its post; what is found was sent, the rest stays a person's to decide."""
        with self.database.read() as unit:
            unknown = store.in_state(unit, ReplyState.UNCERTAIN)
        return list(self._each(unknown, self._look))

    def _each(self, replies: Iterable[ReplyId], step: Callable[[ReplyId], Outcome | None]) -> Iterator[Outcome]:
        """One step for each reply; a row that cannot be read, or a defect, costs only its own reply and rests."""
        for reply_id in replies:
            if self._broken.get(reply_id, _NEVER) > self.clock():
                continue
            try:
                outcome = step(reply_id)
            except EdgeError:
                raise
            except Exception as error:  # noqa: BLE001 - the runner of jobs: one poisoned reply must not stop the others
                self._broken[reply_id] = self.clock() + LOOK_AGAIN
                sentence = f"reply {reply_id} cannot be worked on ({type(error).__name__}); it stays as it is"
                outcome = Outcome(reply_id=reply_id, door="?", result=Result.WAITING, sentence=sentence)
            if outcome is not None:
                yield outcome

    def _give_up(self, reply_id: ReplyId) -> Outcome | None:
        with self.database.write() as unit:
            draft, publication = store.draft_of(unit, reply_id), store.live_publication(unit, reply_id)
            if draft.state is not ReplyState.SENDING:
                return None
            if publication is not None and not publication.claimed_by.startswith("publisher:"):
                return None  # somebody is posting it by hand; they know whether it went out
            ending = uncertain("the publisher stopped while sending it; nobody knows whether it went out")
            return self._end(unit, draft, publication, ending, self.clock())

    # (a) claim -------------------------------------------------------------------------------------------------

    def _publish(self, reply_id: ReplyId) -> Outcome | None:
        with self.database.read() as unit:
            draft = store.draft_of(unit, reply_id)
        door = self.doors.get(draft.door)
        if door is not None and (door.by_person or self._resting(draft.door)):
            return None
        try:
            claimed = self._claim(draft, door)
        except StaleDraft:
            return None  # somebody edited, withdrew or took it between our look and our claim
        except AlreadyAnswered as error:
            return self._stop_unclaimed(draft, str(error))
        if door is None or not isinstance(claimed, Publication):
            return claimed if isinstance(claimed, Outcome) else None
        return self._record(reply_id, claimed, self._check_and_send(claimed, door))

    def _claim(self, draft: Draft, door: Publisher | None) -> Publication | Outcome | None:
        now = self.clock()
        with self.database.write() as unit:
            current = store.draft_of(unit, draft.id)
            if current != draft or current.state is not ReplyState.APPROVED:
                raise store.stale(current)
            found = self.recheck.in_rows(unit, draft, now)
            if door is None:
                found = Stop(reason=f'the door "{draft.door}" is not set up; see [doors.{draft.door}]')
            if isinstance(found, Wait):
                return None
            if isinstance(found, Stop):
                return self._stop(unit, draft, draft, found.reason, now)
            sending = advance(draft, ReplyState.SENDING, at=now)
            publication = store.claim(unit, draft, sending, by=self.name, at=now)
            self._note(unit, now, "reply.claimed", sending, {"door": draft.door, "publication": publication.id})
            return publication

    def _stop_unclaimed(self, draft: Draft, reason: str) -> Outcome | None:
        try:
            with self.database.write() as unit:
                return self._stop(unit, draft, draft, reason, self.clock())
        except StaleDraft:
            return None

    # (b) re-check, (c) send once -------------------------------------------------------------------------------

    def _check_and_send(self, publication: Publication, door: Publisher) -> Ending:
        """What to record; no transaction is open while the model runs and the platform is spoken to."""
        try:
            with self.database.read() as unit:
                draft = store.draft_of(unit, publication.reply_id)
                target = store.target_of(unit, publication.mention_id)
            found = (
                self.recheck.whole(draft, self.clock())
                or parent_clearance(door.parent_state(target))
                or self._changed_meanwhile(draft)
            )
        except EdgeError as error:
            return self._not_now(publication.door, error)
        except Exception as error:  # noqa: BLE001 - whatever a check or a door breaks with is a doubt, and doubts stop
            return released(Stop(reason=f"the re-check broke ({type(error).__name__})"))
        if found is not None:
            return released(found)
        return self._send(publication, target, draft.text, door)

    def _changed_meanwhile(self, draft: Draft) -> Wait | Stop | None:
        """The database once more, last of all: check and platform take seconds, in which the switch may be thrown."""
        with self.database.read() as unit:
            if store.draft_of(unit, draft.id) != draft:
                return Stop(reason="it was changed while it was re-checked")
            return self.recheck.in_rows(unit, draft, self.clock())

    def _send(self, publication: Publication, target: ReplyTarget, text: str, door: Publisher) -> Ending:
        try:
            published = door.publish(target, text)
        except PublishRefused as error:
            return Ending(
                publication=PublicationState.REFUSED,
                reply=ReplyState.REFUSED,
                result=Result.REFUSED,
                reason=error.sentence,
            )
        except (RateLimited, AuthFailed, NotApproved, SourceDown) as error:
            return self._not_now(publication.door, error)
        except PublishUncertain as error:
            return uncertain(error.sentence)
        except Exception as error:  # noqa: BLE001 - an unknown fault after the request began: nobody knows, so say so
            return uncertain(f"the door broke while sending ({type(error).__name__})")
        return Ending(
            publication=PublicationState.SENT,
            reply=ReplyState.SENT,
            result=Result.SENT,
            reason=published.note,
            published=published,
        )

    def _not_now(self, door: str, error: EdgeError) -> Ending:
        """The platform took nothing and may later: the door rests, the reply stays approved."""
        now = self.clock()
        if isinstance(error, RateLimited):
            self._rests[door] = max(error.until, now)
        else:
            self._rests[door] = now + (DOOR_REST_AUTH if isinstance(error, AuthFailed | NotApproved) else DOOR_REST)
        return released(Wait(reason=error.sentence))

    # (d) record ------------------------------------------------------------------------------------------------

    def _record(self, reply_id: ReplyId, publication: Publication, ending: Ending) -> Outcome:
        """Write down how the attempt ended; while the database is away, remember it and try again next round."""
        self._unrecorded[reply_id] = (publication, ending)
        with self.database.write() as unit:
            draft = store.draft_of(unit, reply_id)
            live = store.live_publication(unit, reply_id)
            if draft.state is ReplyState.UNCERTAIN and ending.reply is ReplyState.REFUSED:
                # Another publisher started meanwhile and gave our attempt up; we know better: it did not go out.
                ending = replace(ending, reply=ReplyState.DRAFT, result=Result.STOPPED)
            if (
                draft.state not in (ReplyState.SENDING, ReplyState.UNCERTAIN)
                or live is None
                or live.id != publication.id
            ):
                outcome = Outcome(
                    reply_id=reply_id,
                    door=draft.door,
                    result=Result(ending.result),
                    sentence=f"somebody settled reply {reply_id} meanwhile; it stays {draft.state.value}",
                )
            else:
                outcome = self._end(unit, draft, live, ending, self.clock())
        del self._unrecorded[reply_id]
        return outcome

    def _end(self, unit: Unit, draft: Draft, publication: Publication | None, ending: Ending, now: datetime) -> Outcome:
        if publication is not None and publication.state is not ending.publication:
            store.settle_publication(
                unit, publication, ending.publication, at=now, reason=ending.reason, published=ending.published
            )
        if publication is not None and ending.publication is PublicationState.SENT:
            promise_keeping.record(unit, draft, publication, self.terms)
        if ending.result is Result.STOPPED:
            released = advance(draft, ReplyState.APPROVED, at=now)
            return self._stop(unit, draft, released, ending.reason or "", now)
        if draft.state is not ending.reply:
            store.put(unit, draft, advance(draft, ending.reply, at=now, note=ending.reason), by=ACTOR)
        details: dict[str, JsonValue] = {"door": draft.door}
        if publication is not None:
            details["publication"] = publication.id
        if ending.published is not None:
            details |= {"external_id": ending.published.external_id, "url": ending.published.url}
        action = "released" if ending.result is Result.WAITING else ending.result.value
        self._note(unit, now, f"reply.{action}", draft, details)
        return Outcome(
            reply_id=draft.id,
            door=draft.door,
            result=ending.result,
            sentence=ending.reason or (ending.published.url if ending.published and ending.published.url else "sent"),
        )

    def _stop(self, unit: Unit, before: Draft, approved: Draft, reason: str, now: datetime) -> Outcome:
        """Back to where a person decides: a draft with a note, every approval void."""
        store.put(unit, before, advance(approved, ReplyState.DRAFT, at=now, note=reason), by=ACTOR)
        store.void_approvals(unit, before.id, at=now, why=reason)
        self._note(unit, now, "reply.stopped", before, {"door": before.door, "why": reason})
        return Outcome(reply_id=before.id, door=before.door, result=Result.STOPPED, sentence=reason)

    # (e) reconcile ---------------------------------------------------------------------------------------------

    def _look(self, reply_id: ReplyId) -> Outcome | None:
        with self.database.read() as unit:
            draft, publication = store.draft_of(unit, reply_id), store.live_publication(unit, reply_id)
            target = store.target_of(unit, draft.mention_id)
        door = self.doors.get(draft.door)
        if publication is None or door is None or door.by_person or self._resting(draft.door):
            return None
        last = self._looked.get(reply_id)
        # Ever more seldom: what was not there after an hour hardly comes in five minutes more, and X charges a look.
        if last is not None and last + max(LOOK_AGAIN, last - publication.claimed_at) > self.clock():
            return None
        self._looked[reply_id] = self.clock()
        try:
            found = door.find_own(target, draft.text, publication.claimed_at - CLOCK_SKEW)
        except EdgeError as error:
            self._not_now(publication.door, error)
            return self._still_uncertain(draft, f"could not look for it: {error.sentence}")
        except Exception as error:  # noqa: BLE001 - one door that breaks must not keep the others from being looked at
            return self._still_uncertain(draft, f"could not look for it ({type(error).__name__})")
        if found is None:
            return self._not_seen(draft)
        ending = Ending(
            publication=PublicationState.SENT,
            reply=ReplyState.SENT,
            result=Result.SENT,
            reason=found.note or "found under the post",
            published=found,
        )
        return self._record(draft.id, publication, ending)

    def _not_seen(self, draft: Draft) -> Outcome:
        """Say in the note that we looked: the person who decides must know. Not seen is no proof of not sent."""
        sentence = f"looked under the post at {self.clock():%Y-%m-%d %H:%M} UTC and did not see it; decide by hand"
        first = (draft.note or "").split(" · ")[0]
        with self.database.write() as unit, suppress(StaleDraft):
            store.put(unit, draft, replace(draft, note=f"{first} · {sentence}"), by=ACTOR)
        return self._still_uncertain(draft, sentence)

    def _still_uncertain(self, draft: Draft, sentence: str) -> Outcome:
        return Outcome(reply_id=draft.id, door=draft.door, result=Result.UNCERTAIN, sentence=sentence)

    def _resting(self, door: str) -> bool:
        until = self._rests.get(door)
        return until is not None and until > self.clock()

    def _note(self, unit: Unit, at: datetime, action: str, draft: Draft, details: Mapping[str, JsonValue]) -> None:
        whole: dict[str, JsonValue] = {"version": draft.version, "text_hash": draft.text_hash, **details}
        self.audit.append(unit, at=at, actor=ACTOR, action=action, subject=f"reply:{draft.id}", details=whole)
