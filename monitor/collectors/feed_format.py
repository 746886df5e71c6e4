"""What a feed says: RSS, Atom and JSON Feed bytes as items. Pure; feedparser reads the XML, broken XML included."""

import io
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import tzinfo
from hashlib import sha256
from typing import Final
from urllib.parse import urljoin, urlsplit
from xml.sax import SAXException

import feedparser  # type: ignore[import-untyped]  # ships no types
import feedparser.mixin  # type: ignore[import-untyped]  # as above
from selectolax.lexbor import LexborHTMLParser

from monitor.collectors.dates import parse_time
from monitor.collectors.items import Item, web_address
from monitor.mention import SetAside

FEED_TYPES: Final = frozenset(
    {
        "application/rss+xml",
        "application/atom+xml",
        "application/feed+json",
        "application/rdf+xml",
    }
)
_LONG_ID: Final = 500
_LONGEST_AUTHOR: Final = 200
_HEAD: Final = 64 * 1024
"""Bytes of a web page in which its feed is looked for: lexbor takes 7 s for 200 kB of tags inside one another."""
_NAMED_MAIL: Final = re.compile(r"^\S+@\S+\s+\((.+)\)$")
_TAG: Final = re.compile(rb"<(/?)(?:\w+:)?(?:item|entry)[\s/>]", re.IGNORECASE)
_HTML: Final = re.compile(rb"<(?:!doctype\s+html|html|head|body|meta|title)\b", re.IGNORECASE)
_REFRESH: Final = re.compile(r"^\s*\d*\.?\d*\s*[;,]?\s*url\s*=\s*['\"]?([^'\"]+)", re.IGNORECASE)
_WHATEVER_FEEDPARSER_RAISES: Final = (
    ValueError,
    LookupError,
    AttributeError,
    TypeError,
    AssertionError,
    ArithmeticError,
    RecursionError,
)


class NotAFeed(Exception):
    """The bytes are no feed; `link` is the feed that the page names, None when it names none."""

    def __init__(self, message: str, *, link: str | None = None) -> None:
        super().__init__(message)
        self.link = link


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry; its item has no time when the feed gives none. `comments_url` is the feed of its comments."""

    item: Item
    comments_url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """A whole feed in its own order; `note` says what is unusual about it."""

    entries: Sequence[Entry]
    set_aside: Sequence[SetAside] = ()
    note: str | None = None


def _bound_authors() -> None:
    """Let feedparser look for a mail address in a short author only: its expression takes time by the square."""
    take_apart = feedparser.mixin._FeedParserMixin._sync_author_detail  # noqa: SLF001 - the library has no other way

    def bounded(parser: feedparser.mixin._FeedParserMixin, key: str = "author") -> None:
        fields = parser._get_context()  # noqa: SLF001 - as above
        if written := fields.get(key):
            fields[key] = written[:_LONGEST_AUTHOR]
        take_apart(parser, key)

    feedparser.mixin._FeedParserMixin._sync_author_detail = bounded  # noqa: SLF001 - as above


_bound_authors()


def parse(body: bytes, *, url: str, content_type: str, zone: tzinfo) -> Feed:
    """Read a feed; `url` resolves relative links, `zone` is that of times without one. Raises NotAFeed."""
    if not body.strip():
        raise NotAFeed("the answer is empty")
    if body.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        return _json_feed(body, url, zone)
    try:
        # Bytes given bare would first be tried as a file name.
        parsed = feedparser.parse(
            io.BytesIO(body),
            # No address: feedparser would join it to ids too, and a moved feed would look new.
            response_headers={"content-type": content_type},
            sanitize_html=False,  # the original is kept; the console renders it safely
            resolve_relative_uris=False,
        )
    except _WHATEVER_FEEDPARSER_RAISES as error:
        raise NotAFeed("the feed cannot be read at all") from error
    if not parsed.entries and not parsed.get("version"):
        page = "html" in content_type or _HTML.search(body[:4096])
        raise NotAFeed("it is a web page" if page else "it is neither XML nor JSON of a feed", link=_named(body, url))
    return _xml_feed(parsed, body, url, zone)


def _xml_feed(parsed: feedparser.FeedParserDict, body: bytes, url: str, zone: tzinfo) -> Feed:
    title = _string(parsed.feed, "title") or urlsplit(url).hostname
    entries = [_xml_entry(entry, title, url, zone) for entry in parsed.entries]
    fault = parsed.get("bozo_exception")
    if not isinstance(fault, SAXException):  # a wrong Content-Type or charset also counts as bozo; it loses nothing
        return Feed(entries=threaded(entries))
    whole = _closed(body, len(entries))
    return Feed(
        entries=threaded([entry for entry, closed in zip(entries, whole, strict=True) if closed]),
        set_aside=[
            SetAside(
                external_id=entry.item.external_id,
                reason="the feed breaks off in this entry",
                payload=entry.item.payload,
            )
            for entry, closed in zip(entries, whole, strict=True)
            if not closed
        ],
        note=f"the feed is not well-formed XML ({_place(fault)}); what could be read was kept",
    )


def _xml_entry(entry: feedparser.FeedParserDict, feed_title: str | None, url: str, zone: tzinfo) -> Entry:
    link = _joined(url, _string(entry, "link"))
    title = _string(entry, "title")
    contents = entry.get("content") or ()
    text = next((part["value"] for part in contents if part.get("value", "").strip()), None) or _string(
        entry, "summary"
    )
    reply = entry.get("thr_in-reply-to")
    written = _string(entry, "published") or _string(entry, "updated") or _string(entry, "created")
    parent = _string(reply, "ref") or _string(reply, "href") if isinstance(reply, Mapping) else None
    parent = parent or _commented(link)
    item = Item(
        external_id=_short(_string(entry, "id") or link or _digest(title, text)),
        platform="feed",
        created_at=parse_time(written, zone) if written else None,
        author=_author(entry) or feed_title,
        text=text or title,
        title=title if text else None,
        url=link,
        parent_id=_short(parent),
        root_id=_short(parent),
        payload=json.dumps({"title": title, "link": link, "published": written, "text": text}, ensure_ascii=False),
    )
    return Entry(item=item, comments_url=_joined(url, _string(entry, "wfw_commentrss")))


def _author(entry: feedparser.FeedParserDict) -> str | None:
    """The person's name; RSS writes `address (name)`, which feedparser cuts wrongly at long top-level domains."""
    whole = (_string(entry, "author") or "")[:_LONGEST_AUTHOR]
    named = _NAMED_MAIL.match(whole) if whole else None
    return named[1] if named else _string(entry.get("author_detail"), "name") or whole or None


def _commented(link: str | None) -> str | None:
    """The post that a comment's own link points into (`https://blog/post/#comment-7`), None for other links."""
    if not link or "#comment" not in link:
        return None
    return link.partition("#")[0]


def threaded(entries: Sequence[Entry]) -> list[Entry]:
    """Entries with the thread's first post as root: replies to replies within one feed are followed upwards."""
    parents = {entry.item.external_id: entry.item.parent_id for entry in entries}
    roots: dict[str | None, str | None] = {}

    def root(parent: str | None) -> str | None:
        passed: dict[str | None, None] = {}  # in order; a circle ends where it is entered
        while parent not in roots and parents.get(parent) and parent not in passed:
            passed[parent] = None
            parent = parents[parent]
        found = roots.get(parent, parent)
        roots.update(dict.fromkeys(passed, found))
        return found

    return [replace(entry, item=replace(entry.item, root_id=root(entry.item.parent_id))) for entry in entries]


def _closed(body: bytes, count: int) -> list[bool]:
    """For each entry of broken XML whether its element is closed; all true where the tags cannot be matched up."""
    tags = [match[1] == b"" for match in _TAG.finditer(body)]
    starts = [index for index, opens in enumerate(tags) if opens]
    if len(starts) != count:
        return [True] * count
    return [index + 1 < len(tags) and not tags[index + 1] for index in starts]


def _place(fault: SAXException) -> str:
    line = getattr(fault, "getLineNumber", lambda: None)()
    return f"line {line}: {fault.getMessage()}" if line else fault.getMessage()


def _json_feed(body: bytes, url: str, zone: tzinfo) -> Feed:
    try:
        feed = json.loads(body.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise NotAFeed("it is JSON that cannot be read") from error
    if not isinstance(feed, dict) or not isinstance(feed.get("items"), list):
        raise NotAFeed("it is JSON, but no JSON Feed")
    author = _json_author(feed) or _string(feed, "title") or urlsplit(url).hostname
    entries: list[Entry] = []
    aside: list[SetAside] = []
    for item in feed["items"]:
        if isinstance(item, dict):
            entries.append(_json_entry(item, author, url, zone))
        else:
            aside.append(SetAside(external_id=None, reason="the item is not an object", payload=json.dumps(item)))
    return Feed(entries=entries, set_aside=aside)


def _json_entry(item: Mapping[str, object], author: str | None, url: str, zone: tzinfo) -> Entry:
    link = _joined(url, _string(item, "url") or _string(item, "external_url"))
    title = _string(item, "title")
    text = _string(item, "content_html") or _string(item, "content_text") or _string(item, "summary")
    number = item.get("id")
    given = str(number) if isinstance(number, int | float) and not isinstance(number, bool) else _string(item, "id")
    written = _string(item, "date_published") or _string(item, "date_modified")
    return Entry(
        item=Item(
            external_id=_short(given or link or _digest(title, text)),
            platform="feed",
            created_at=parse_time(written, zone) if written else None,
            author=_json_author(item) or author,
            text=text or title,
            title=title if text else None,
            url=link,
            payload=json.dumps(item, ensure_ascii=False),
        )
    )


def _json_author(fields: Mapping[str, object]) -> str | None:
    many = fields.get("authors")
    one = many[0] if isinstance(many, list) and many else fields.get("author")
    return _string(one, "name") or _string(one, "url") if isinstance(one, Mapping) else None


def _named(body: bytes, url: str) -> str | None:
    """The feed that a web page names in its head, or the page it sends browsers on to."""
    page = LexborHTMLParser(body[:_HEAD])
    for node in page.css("link[rel][href]"):
        attributes = node.attributes
        kind = (attributes.get("type") or "").strip().lower()
        if "alternate" in (attributes.get("rel") or "").lower().split() and kind in FEED_TYPES:
            return _joined(url, attributes.get("href"))
    for node in page.css("meta[http-equiv][content]"):
        if (node.attributes.get("http-equiv") or "").strip().lower() == "refresh":
            found = _REFRESH.match(node.attributes.get("content") or "")
            if found:
                return _joined(url, found[1])
    return None


def _joined(url: str, link: str | None) -> str | None:
    try:
        return web_address(urljoin(url, link.strip())) if link and link.strip() else None
    except ValueError:
        return None


def _string(fields: object, key: str) -> str | None:
    value = fields.get(key) if isinstance(fields, Mapping) else None
    return value.strip() or None if isinstance(value, str) else None


def _digest(*parts: str | None) -> str | None:
    """An id made of the content, for entries that have neither an id nor a link."""
    if not any(parts):
        return None
    return "sha256:" + sha256("\0".join(part or "" for part in parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _short(name: str | None) -> str | None:
    return _digest(name) if name and len(name) > _LONG_ID else name
