"""A mention: one public post about a brand, as a source gave it. Frozen values, no I/O, no clock."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NewType

MentionId = NewType("MentionId", int)
"""The row number we gave a mention when it was stored."""

SourceName = NewType("SourceName", str)
"""The name of a source: its table in `tactful.toml`, `[sources.<name>]`."""


class MentionState(StrEnum):
    """How far a mention has come along the straight line; each step moves it one on."""

    COLLECTED = "collected"
    ASSESSED = "assessed"
    TRIAGED = "triaged"


class Handling(StrEnum):
    """What people have done about a mention."""

    OPEN = "open"
    ANSWERED = "answered"
    CLOSED = "closed"


class Lane(StrEnum):
    """Flow: a typical question, a typical answer, minutes. Personal: angry, specific or far-reaching."""

    FLOW = "flow"
    PERSONAL = "personal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """Who wrote it: `handle` as the platform shows it; reach is None where the platform does not say."""

    handle: str
    name: str | None = None
    followers: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMention:
    """A post as a collector hands it on.

    `external_id` is unique within its source. `created_at` is aware, in UTC. `parent_id` is the external id of the
    post it answers and `root_id` that of the thread's first post, where the platform tells. `text` is the original,
    unchanged. `addressed` is true when the post speaks to the brand's own account (inbox, @mention), so that no
    query has to match. `platform` is the network's name (reddit, x, rss…), which may differ from the source's name.
    """

    external_id: str
    platform: str
    created_at: datetime
    author: Author
    text: str
    url: str | None = None
    parent_id: str | None = None
    root_id: str | None = None
    title: str | None = None
    brand: str | None = None
    addressed: bool = False

    def __post_init__(self) -> None:
        if self.created_at.tzinfo is None:
            msg = f"created_at of {self.external_id} has no time zone"
            raise ValueError(msg)


@dataclass(frozen=True, slots=True, kw_only=True)
class SetAside:
    """An item that could not be used: what it was and why, for a person to look at."""

    external_id: str | None
    reason: str
    payload: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """Where a source goes on next time: opaque to everyone but its collector, small, JSON-able strings only."""

    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What one fetch brought: posts oldest first, what was set aside, and the cursor that follows them.

    Posts and cursor are stored in one transaction. `seen` counts what the platform sent, `cost_usd` what it charged,
    `more` says that another fetch would bring more at once, `note` is a plain word on anything unusual.
    """

    mentions: Sequence[NewMention]
    cursor: Cursor
    seen: int
    set_aside: Sequence[SetAside] = ()
    cost_usd: float = 0.0
    more: bool = False
    note: str | None = None


class SourceState(StrEnum):
    """What a source says of itself."""

    OK = "ok"
    NEVER_RUN = "never run"
    NOT_APPROVED = "not approved yet"
    LIMITED = "limited"
    REVOKED = "revoked"
    UNREACHABLE = "unreachable"
    MISCONFIGURED = "misconfigured"
    OFF = "off"


def storable(text: str) -> str:
    """`text` with what no database keeps (NUL, lone surrogates) replaced one for one, so that offsets hold."""
    if "\0" in text:
        text = text.replace("\0", "\ufffd")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return "".join("\ufffd" if "\ud800" <= character <= "\udfff" else character for character in text)
    return text
