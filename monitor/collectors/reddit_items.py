"""Reddit's JSON as items. Pure: dictionaries in, items out; whatever is not of the expected shape is left out."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urljoin

from monitor.collectors.items import Item
from monitor.collectors.plain_json import dict_of, text_of

COMMENT: Final = "t1"
POST: Final = "t3"
MORE: Final = "more"
_LATEST: Final = 1 << 33  # seconds: the year 2242; JSON may also hold NaN and infinity
_GONE: Final = frozenset({"[deleted]", "[removed]", "[deleted by user]", "[ Removed by Reddit ]"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """One element of a listing: its kind, and its fields as Reddit sent them."""

    kind: str
    fields: Mapping[str, object]

    @property
    def name(self) -> str | None:
        """The fullname (`t1_…` a comment, `t3_…` a post)."""
        return text_of(self.fields, "name")

    @property
    def created(self) -> int:
        """Seconds since 1970; 0 where Reddit does not say."""
        value = self.fields.get("created_utc")
        return int(value) if isinstance(value, int | float) and 0 < value < _LATEST else 0


class NoListing(Exception):
    """The answer is no listing."""


def things_of(answer: object) -> list[Thing]:
    """The elements of a listing; raises NoListing."""
    children = _data(answer).get("children")
    if not isinstance(children, list):
        raise NoListing
    return [Thing(kind=str(child.get("kind")), fields=_data(child)) for child in children if isinstance(child, dict)]


def after_of(answer: object) -> str | None:
    """Where a listing's next page begins; None at its end."""
    return text_of(_data(answer), "after")


def flat(things: Sequence[Thing]) -> Iterator[Thing]:
    """Comments with all their replies, and the places where more could be had."""
    waiting = list(reversed(things))
    while waiting:
        thing = waiting.pop()
        yield thing
        replies = thing.fields.get("replies")
        if isinstance(replies, dict):
            waiting.extend(reversed(things_of(replies)))


def item_of(thing: Thing) -> Item | None:
    """A post or comment as an item; None for what is neither, or was deleted and so says nothing."""
    fields = thing.fields
    if thing.kind == COMMENT:
        text, title = text_of(fields, "body"), None
    elif thing.kind == POST:
        text, title = text_of(fields, "selftext"), text_of(fields, "title")
        text, title = (text, title) if text else (title, None)
    else:
        return None
    if (text or "").strip() in _GONE:
        return None
    root = text_of(fields, "link_id") or _thread(text_of(fields, "context"))
    return Item(
        external_id=thing.name,
        platform="reddit",
        created_at=datetime.fromtimestamp(thing.created, UTC) if thing.created else None,
        author=text_of(fields, "author") or "[deleted]",
        text=text,
        title=title,
        url=_address(fields, root),
        parent_id=text_of(fields, "parent_id"),
        root_id=root,
        payload=json.dumps(fields, ensure_ascii=False),
    )


def _data(answer: object) -> Mapping[str, object]:
    return dict_of(dict_of(answer).get("data"))


def _thread(context: str | None) -> str | None:
    """The fullname of the post that an inbox item's context path leads to."""
    parts = (context or "").split("/")
    return f"t3_{parts[parts.index('comments') + 1]}" if "comments" in parts[:-1] else None


def _address(fields: Mapping[str, object], root: str | None) -> str | None:
    path = text_of(fields, "permalink") or (text_of(fields, "context") or "").partition("?")[0]
    if not path and root:
        path = f"/comments/{root.removeprefix('t3_')}/_/{text_of(fields, 'id')}/"
    return urljoin("https://www.reddit.com/", path) if path else None
