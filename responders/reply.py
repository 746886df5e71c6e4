"""A reply of ours and the states it passes through. Frozen values, no I/O, no clock.

draft ─▶ in_review ─▶ approved ─▶ sending ─▶ sent
  ▲          │            │  ▲       ├─▶ refused      the platform said no
  └──────────┴── edit ────┘  │       └─▶ uncertain ─▶ sent | approved (a person decides)
             └─▶ rejected    └─ released: certainly not sent (docs/adr/0009-a-claim-can-be-released.md)

The table below is the only place that says which step may follow which.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final, NewType

from classifiers.types import Finding
from monitor.mention import Handling, Lane, MentionId

ReplyId = NewType("ReplyId", int)
"""The row number of a reply."""

MAX_TEXT: Final = 20_000
"""Code points that a draft may hold; the longest public reply any door takes is 10,000 (Reddit)."""


class ReplyState(StrEnum):
    """Where a reply stands."""

    DRAFT = "draft"
    IN_REVIEW = "in_review"
    APPROVED = "approved"
    SENDING = "sending"
    SENT = "sent"
    REFUSED = "refused"
    UNCERTAIN = "uncertain"
    REJECTED = "rejected"


_S = ReplyState
TRANSITIONS: Final[Mapping[ReplyState, frozenset[ReplyState]]] = MappingProxyType(
    {
        _S.DRAFT: frozenset({_S.IN_REVIEW}),
        _S.IN_REVIEW: frozenset({_S.APPROVED, _S.DRAFT, _S.REJECTED}),
        _S.APPROVED: frozenset({_S.SENDING, _S.DRAFT}),
        _S.SENDING: frozenset({_S.SENT, _S.REFUSED, _S.UNCERTAIN, _S.APPROVED}),
        _S.UNCERTAIN: frozenset({_S.SENT, _S.APPROVED}),
        _S.SENT: frozenset(),
        _S.REFUSED: frozenset(),
        _S.REJECTED: frozenset(),
    }
)


class Verdict(StrEnum):
    """What the reply check asks for, as `responders check` prints it."""

    PASS = "pass"  # noqa: S105 - a verdict, not a password
    REVIEW = "review"
    BLOCK = "block"

    @property
    def rank(self) -> int:
        """0 for `pass`, 2 for `block`: what is worse is greater."""
        return list(Verdict).index(self)


OPEN: Final = frozenset({_S.DRAFT, _S.IN_REVIEW, _S.APPROVED, _S.SENDING, _S.UNCERTAIN})
"""States in which a reply still waits for somebody or something."""

EDITABLE: Final = frozenset({_S.DRAFT, _S.IN_REVIEW, _S.APPROVED})
"""States in which the text may change; a change brings the reply back to `draft`."""


class PublicationState(StrEnum):
    """Where one attempt to publish stands; `released` means that it certainly did not go out."""

    SENDING = "sending"
    SENT = "sent"
    REFUSED = "refused"
    UNCERTAIN = "uncertain"
    RELEASED = "released"


class ReplyFault(Exception):
    """A step with a reply cannot be done; the message is the sentence shown, and nothing was changed."""


class IllegalMove(ReplyFault):
    """The reply's state does not allow this step."""


class UnknownReply(ReplyFault):
    """There is no such reply or mention."""


class Unusable(ReplyFault):
    """What a person gave (a text, a note, a reason, a link) cannot be used as it is."""


class StaleDraft(ReplyFault):
    """Somebody changed the reply meanwhile. `current` is what is stored now, `unsaved` the text that was not saved."""

    def __init__(self, message: str, *, current: "Draft", unsaved: str | None = None) -> None:
        super().__init__(message)
        self.current = current
        self.unsaved = unsaved


class AlreadyAnswered(ReplyFault):
    """The mention has a reply that is out, going out, or perhaps out: a second one is forbidden."""


class Blocked(ReplyFault):
    """The check says `block`: only an administrator may override it, with a reason."""


class FourEyes(ReplyFault):
    """Nobody approves words of their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckReport:
    """What the reply check said of one text, and under which policy, model and revision.

    `risk` is in 0…1; `findings` count code points of the text as checked; `checked_at` is UTC. `hold_seconds` and
    `approvals_needed` are what the policy asks for, `notes` what stands in no finding, one sentence each.
    """

    verdict: Verdict
    risk: float
    findings: tuple[Finding, ...]
    policy: str
    model: str
    revision: str
    checked_at: datetime
    hold_seconds: int = 0
    approvals_needed: int = 1
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyTarget:
    """The post that is answered, as it is stored now: all that a check, a page or a door needs of it.

    `external_id`, `parent_id` and `root_id` are the platform's own; `followers` are the author's, None where nobody
    knows. `text` is the original, `text_hash` its
    fingerprint, `edited_at` and `gone_at` say when the source stopped showing it so.
    """

    mention_id: MentionId
    source: str
    platform: str
    external_id: str
    parent_id: str | None
    root_id: str | None
    url: str | None
    brand: str | None
    author: str
    author_name: str | None
    title: str | None
    text: str
    text_hash: str
    lang: str | None
    intent: str | None
    lane: Lane | None
    severity: float
    handling: Handling
    created_at: datetime
    due_at: datetime | None
    edited_at: datetime | None
    gone_at: datetime | None
    followers: int | None = None
    sentiment: str | None = None

    @property
    def words(self) -> str:
        """Title and text, as somebody reads them."""
        return f"{self.title}\n{self.text}" if self.title else self.text


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A reply of ours, in whatever state: its words, who began it, and the last check of exactly these words.

    `version` counts the texts it has had, from 1. `mention_hash` is the fingerprint of the post that these words
    answer. `note` is why it was sent back, stopped, rejected, refused or is uncertain.
    """

    id: ReplyId
    mention_id: MentionId
    author: str
    state: ReplyState
    lane: Lane
    door: str
    template: str | None
    text: str
    text_hash: str
    version: int
    mention_hash: str
    report: CheckReport | None
    note: str | None
    hold_until: datetime | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One text that a draft has had."""

    version: int
    text: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """One person's yes to exactly one text under one policy; void after any edit.

    `reason` is set when a blocking verdict was overridden.
    """

    id: int
    reply_id: ReplyId
    by: str
    at: datetime
    text_hash: str
    policy: str
    reason: str | None
    voided_at: datetime | None = None
    void_reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """One attempt to publish a reply. `claimed_by` is the process, or the person who posts by hand."""

    id: int
    reply_id: ReplyId
    mention_id: MentionId
    door: str
    state: PublicationState
    claimed_at: datetime
    claimed_by: str
    settled_at: datetime | None = None
    external_id: str | None = None
    url: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What a platform calls the reply that it took; `url` where a person can see it, `note` what is unusual."""

    external_id: str
    url: str | None
    note: str | None = None


class ParentState(StrEnum):
    """What a door sees of the post that is to be answered; `unknown` is a doubt, and doubts stop."""

    PRESENT = "present"
    EDITED = "edited"
    GONE = "gone"
    UNKNOWN = "unknown"


def text_hash(text: str) -> str:
    """SHA-256 of exactly these characters in UTF-8, as hex: no normalising, an approval is for what was seen."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def storable(text: str) -> str:
    """The text itself; raises Unusable when no database or platform could take it."""
    if len(text) > MAX_TEXT:
        msg = f"the reply is {len(text)} characters long; at most {MAX_TEXT} can be kept, shorten it"
        raise Unusable(msg)
    if "\x00" in text or any(0xD800 <= ord(character) <= 0xDFFF for character in text):  # noqa: PLR2004 - surrogates
        msg = "the reply holds a broken character (NUL or half of a pair); type that place again"
        raise Unusable(msg)
    return text


def advance(draft: Draft, to: ReplyState, *, at: datetime, note: str | None = None) -> Draft:
    """The reply one state on; raises IllegalMove for a pair that TRANSITIONS does not hold."""
    if to not in TRANSITIONS[draft.state]:
        msg = f"reply {draft.id} is {_words(draft.state)}, so it cannot become {_words(to)}; open it again"
        raise IllegalMove(msg)
    return replace(draft, state=to, note=note, updated_at=at)


def rewritten(draft: Draft, text: str, *, at: datetime) -> Draft:
    """The reply with other words: the next version, without the check of the old words.

    Raises Unusable for a text that cannot be kept, IllegalMove when it may no longer change.
    """
    if draft.state not in EDITABLE:
        msg = f"reply {draft.id} is {_words(draft.state)}: its text can no longer change"
        raise IllegalMove(msg)
    changed = draft if draft.state is ReplyState.DRAFT else advance(draft, ReplyState.DRAFT, at=at, note=draft.note)
    return replace(
        changed,
        text=storable(text),
        text_hash=text_hash(text),
        version=draft.version + 1,
        report=None,
        hold_until=None,
        updated_at=at,
    )


def _words(state: ReplyState) -> str:
    return state.value.replace("_", " ")
