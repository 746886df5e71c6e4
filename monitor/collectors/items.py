"""One item as a platform gave it: a mention if it can be one, else set aside with the reason. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from monitor.mention import Author, NewMention, SetAside, storable

MAX_TEXT: Final = 1_000_000
"""Characters. No person writes a longer post; a longer one is kept aside whole, so that it costs only itself."""

MAX_ID: Final = 1000
CLOCK_SKEW: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """The fields of one item, any of which may be missing; `payload` is the item as it came, for a person to read."""

    external_id: str | None
    platform: str
    created_at: datetime | None
    author: str | None
    text: str | None
    payload: str
    author_name: str | None = None
    followers: int | None = None
    url: str | None = None
    parent_id: str | None = None
    root_id: str | None = None
    title: str | None = None
    brand: str | None = None
    addressed: bool = False
    where: str = ""  # said before a reason: "line 7: "


def checked(item: Item, *, now: datetime | None = None) -> NewMention | SetAside:
    """A mention when the item has an id, a time and a text of usable length; else the item set aside.

    With `now`, a time in the future (beyond ten minutes of clock skew) becomes `now`: nobody can have posted it later
    than we read it. Characters that no database stores (NUL, halves of surrogate pairs) become U+FFFD.
    """
    reason = _fault(item)
    if reason is None and item.created_at is not None and item.external_id and item.text:
        created = item.created_at
        return NewMention(
            external_id=storable(item.external_id.strip()),
            platform=item.platform,
            created_at=now if now is not None and created > now + CLOCK_SKEW else created,
            author=Author(
                handle=storable((item.author or "").strip()) or "unknown",
                name=_optional(item.author_name),
                followers=item.followers,
            ),
            text=storable(item.text),
            url=web_address(item.url),
            parent_id=_optional(item.parent_id),
            root_id=_optional(item.root_id),
            title=_optional(item.title),
            brand=_optional(item.brand),
            addressed=item.addressed,
        )
    return SetAside(
        external_id=_optional(item.external_id),
        reason=item.where + (reason or "the post cannot be used"),
        payload=storable(item.payload),
    )


def _fault(item: Item) -> str | None:
    if not (item.external_id or "").strip():
        return "the post has no id"
    if len(item.external_id or "") > MAX_ID:
        return f"the id is longer than {MAX_ID} characters"
    if not (item.text or "").strip():
        return "the post has no text"
    if len(item.text or "") > MAX_TEXT:
        size = len(item.text or "") / 1_000_000
        return f"the post has {size:.1f} million characters; posts over {MAX_TEXT // 1_000_000} million are set aside"
    if item.created_at is None:
        return "the post has no date"
    return None


def web_address(url: str | None) -> str | None:
    """The address if it is one of the web's, else None: a `javascript:` link must never reach a page."""
    address = (url or "").strip()
    try:
        parts = urlsplit(address)
    except ValueError:
        return None
    return storable(address) if parts.scheme in ("http", "https") and parts.netloc else None


def _optional(text: str | None) -> str | None:
    return storable(text.strip()) if text and text.strip() else None
