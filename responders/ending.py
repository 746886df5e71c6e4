"""How one attempt to publish ends: what is recorded, and the sentence that a person reads. Pure."""

from dataclasses import dataclass
from enum import StrEnum

from responders.clearance import Stop, Wait
from responders.reply import PublicationState, Published, ReplyId, ReplyState


class Result(StrEnum):
    """What became of one reply in one round."""

    SENT = "sent"
    REFUSED = "refused"
    UNCERTAIN = "uncertain"
    WAITING = "waiting"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one reply, with the sentence that a person reads."""

    reply_id: ReplyId
    door: str
    result: Result
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How an attempt ends in the database: publication, reply, and why."""

    publication: PublicationState
    reply: ReplyState
    result: Result
    reason: str | None
    published: Published | None = None


def released(found: Wait | Stop) -> Ending:
    """Certainly not sent: tried again by itself, or back to a person."""
    waits = isinstance(found, Wait)
    return Ending(
        publication=PublicationState.RELEASED,
        reply=ReplyState.APPROVED if waits else ReplyState.DRAFT,
        result=Result.WAITING if waits else Result.STOPPED,
        reason=f"not sent yet: {found.reason}" if waits else f"not sent: {found.reason}",
    )


def uncertain(reason: str) -> Ending:
    """Nobody knows whether it went out."""
    return Ending(
        publication=PublicationState.UNCERTAIN, reply=ReplyState.UNCERTAIN, result=Result.UNCERTAIN, reason=reason
    )
