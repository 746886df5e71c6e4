"""RSS, Atom and JSON Feed, with the comment feeds that entries name."""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from hashlib import sha256
from typing import Annotated, Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, SecretStr

from monitor.collectors.feed_format import Entry, Feed, NotAFeed, parse
from monitor.collectors.items import Item, checked
from monitor.collectors.settings import Ledger, SourceSettings
from monitor.config import Settings
from monitor.errors import BadPayload, EdgeError
from monitor.fetch import NOT_MODIFIED, Fetcher, Response, shown
from monitor.mention import Batch, Cursor, NewMention, SetAside, SourceName

ACCEPT: Final = "application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, */*;q=0.5"
REMEMBERED: Final = 500
"""How many entries that a feed no longer shows are still known; those it shows are always known."""


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        msg = f'"{name}" is not a time zone such as UTC or Europe/Kyiv'
        raise ValueError(msg) from error
    return name


def _web(url: str) -> str:
    if not url.startswith(("http://", "https://")):
        msg = "write it as https://host/path"
        raise ValueError(msg)
    return url


class FeedSettings(SourceSettings):
    """`kind = "feed"`: the address, and what the feed does not say itself."""

    every_seconds: int = Field(default=600, ge=60, le=7 * 86400)
    url: Annotated[str, AfterValidator(_web)]
    timezone: Annotated[str, AfterValidator(_zone)] = "UTC"  # of times that name no zone
    comment_feeds: int = Field(default=10, ge=0, le=50)  # how many of the newest entries' comment feeds are read too
    user: str = ""
    password: SecretStr | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Watched:
    """An address with what a conditional request needs; `entry` is the id of the post whose comments it holds."""

    url: str
    entry: str | None = None
    etag: str = ""
    modified: str = ""

    @property
    def conditions(self) -> dict[str, str]:
        """Headers that let the server answer "nothing new"."""
        given = {"if-none-match": self.etag, "if-modified-since": self.modified}
        return {name: value for name, value in given.items() if value}

    def after(self, response: Response, *, direct: bool) -> "_Watched":
        """The same address with the validators of its latest answer; none when that came from another address."""
        if not direct:
            return replace(self, etag="", modified="")
        headers = response.headers
        return replace(self, etag=headers.get("etag", ""), modified=headers.get("last-modified", ""))


@dataclass(slots=True, kw_only=True)
class _Gathered:
    """What one fetch has brought so far."""

    known: frozenset[str]
    now: datetime
    brand: str | None
    mentions: list[NewMention] = field(default_factory=list)
    set_aside: list[SetAside] = field(default_factory=list)
    shown: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, feed: Feed, post: str | None = None) -> None:
        """Take every item that is new or was edited; `post` is the id of the entry whose comments these are."""
        if feed.note:
            self.notes.append(feed.note)
        items = _distinct([entry.item for entry in feed.entries])
        for item in items.values():
            if self._is_new(_print(item.external_id, item.title, item.text)):
                parent = item.parent_id if post is None or item.parent_id in items else post
                self._sort(
                    checked(
                        replace(
                            item,
                            created_at=item.created_at or self.now,
                            brand=self.brand,
                            parent_id=parent,
                            root_id=post or item.root_id,
                        ),
                        now=self.now,
                    )
                )
        for aside in feed.set_aside:
            if self._is_new(_print(aside.external_id, aside.reason, aside.payload)):
                self.set_aside.append(aside)

    def _is_new(self, fingerprint: str) -> bool:
        self.shown.append(fingerprint)
        return fingerprint not in self.known

    def _sort(self, found: NewMention | SetAside) -> None:
        if isinstance(found, NewMention):
            self.mentions.append(found)
        else:
            self.set_aside.append(found)


class FeedCollector:
    """Reads one feed; the cursor holds validators, the comment feeds to watch, and fingerprints of what was seen."""

    def __init__(self, settings: FeedSettings, fetcher: Fetcher) -> None:
        self._settings = settings
        self._fetcher = fetcher
        self._zone = ZoneInfo(settings.timezone)

    def fetch(self, cursor: Cursor, *, now: datetime) -> Batch:
        """What is new or edited since the cursor. Raises the errors of `Fetcher.get`; a comment feed's are a note."""
        known, main, watched = self._remembered(cursor)
        gathered = _Gathered(known=frozenset(known), now=now, brand=self._settings.brand)
        response = self._get(main, now)
        if response.status != NOT_MODIFIED:
            feed, direct = self._main_feed(response, now, gathered)
            gathered.add(feed)
            watched = _watch(feed.entries, watched, self._settings.comment_feeds)
            main = main.after(response, direct=direct)
        watched = [self._comments(comments, now, gathered) for comments in watched]
        gathered.mentions.sort(key=lambda mention: mention.created_at)
        return Batch(
            mentions=gathered.mentions,
            cursor=Cursor(values=_values(main, watched, _remember(gathered.shown, known))),
            seen=len(gathered.shown),
            set_aside=gathered.set_aside,
            note="; ".join(gathered.notes) or None,
        )

    def _remembered(self, cursor: Cursor) -> tuple[list[str], _Watched, list[_Watched]]:
        """What was seen, the feed with its validators, and its comment feeds; all empty for another address."""
        main = _Watched(url=self._settings.url)
        values = cursor.values
        if values.get("url") != _print(main.url):
            return [], main, []
        main = replace(main, etag=values.get("etag", ""), modified=values.get("modified", ""))
        watched = [_Watched(**fields) for fields in json.loads(values.get("comments", "[]"))]
        return values.get("seen", "").split(), main, watched[: self._settings.comment_feeds]

    def _main_feed(self, response: Response, now: datetime, gathered: _Gathered) -> tuple[Feed, bool]:
        """The feed, and whether the address itself gave it; a web page that names its feed is followed once."""
        try:
            return self._feed(response), True
        except NotAFeed as fault:
            if fault.link is None:
                raise _unusable(response, fault) from fault
            page, link = shown(response.url), fault.link
        gathered.notes.append(f"{page} is a web page; set url to the feed it names, {shown(link)}")
        return self._parsed(self._get(_Watched(url=link), now)), False

    def _comments(self, watched: _Watched, now: datetime, gathered: _Gathered) -> _Watched:
        """Read one comment feed; its failure costs only itself."""
        try:
            response = self._get(watched, now)
            if response.status == NOT_MODIFIED:
                return watched
            gathered.add(self._parsed(response), watched.entry)
        except EdgeError as error:
            gathered.notes.append(f"comments not read: {error}")
            return watched
        return watched.after(response, direct=True)

    def _parsed(self, response: Response) -> Feed:
        try:
            return self._feed(response)
        except NotAFeed as fault:
            raise _unusable(response, fault) from fault

    def _feed(self, response: Response) -> Feed:
        content_type = response.headers.get("content-type", "")
        return parse(response.body, url=response.url, content_type=content_type, zone=self._zone)

    def _get(self, watched: _Watched, now: datetime) -> Response:
        headers = {"accept": ACCEPT, **watched.conditions}
        password = self._settings.password
        # The scheme counts too: a page of an https feed that names an http one must not make us say it aloud.
        if password is not None and urlsplit(watched.url)[:2] == urlsplit(self._settings.url)[:2]:
            pair = f"{self._settings.user}:{password.get_secret_value()}".encode()
            headers["authorization"] = "Basic " + base64.b64encode(pair).decode("ascii")
        return self._fetcher.get(watched.url, headers, now=now)


def _unusable(response: Response, fault: NotAFeed) -> BadPayload:
    return BadPayload(
        f"{shown(response.url)} is no feed: {fault}",
        remedy="set url to the address of the RSS, Atom or JSON feed itself",
    )


def _distinct(items: Sequence[Item]) -> dict[str | None, Item]:
    """Items by id; where a feed gives several entries one id, the later ones go by their link or their content."""
    found: dict[str | None, Item] = {}
    for item in items:
        first = found.get(item.external_id)
        if first is None:
            found[item.external_id] = item
        elif (first.title, first.text) != (item.title, item.text):
            fingerprint = _print(item.title, item.text)
            name = item.url if item.url and item.url not in found else f"{item.external_id}#{fingerprint}"
            found[name] = replace(item, external_id=name)
    return found


def _watch(entries: Sequence[Entry], before: Sequence[_Watched], count: int) -> list[_Watched]:
    """The comment feeds of the newest entries (feeds put them first), keeping the validators of those known."""
    known = {watched.url: watched for watched in before}
    named = [_Watched(url=entry.comments_url, entry=entry.item.external_id) for entry in entries if entry.comments_url]
    chosen = {watched.url: known.get(watched.url, watched) for watched in named[:count]}
    return list(chosen.values())


def _remember(shown_now: Sequence[str], known: Sequence[str]) -> list[str]:
    """Fingerprints to keep: all that are shown now, and the newest of those that no longer are."""
    current = frozenset(shown_now)
    older = [fingerprint for fingerprint in known if fingerprint not in current]
    return [*dict.fromkeys(shown_now), *older[:REMEMBERED]]


def _values(main: _Watched, watched: Sequence[_Watched], seen: Sequence[str]) -> Mapping[str, str]:
    return {
        "url": _print(main.url),
        "etag": main.etag,
        "modified": main.modified,
        "comments": json.dumps([asdict(each) for each in watched]),
        "seen": " ".join(seen),
    }


def _print(*parts: str | None) -> str:
    """A short fingerprint of what an entry says, so that an edited entry is new again."""
    text = "\0".join(part or "" for part in parts).encode("utf-8", "surrogatepass")
    return base64.urlsafe_b64encode(sha256(text).digest()[:9]).decode("ascii")


SETTINGS: Final = FeedSettings


def build(name: SourceName, source: SourceSettings, settings: Settings, ledger: Ledger | None) -> FeedCollector:  # noqa: ARG001 - every kind is built alike
    """The collector of one source."""
    return FeedCollector(FeedSettings.model_validate(source), Fetcher(settings.network))
