"""Reddit through praw: search, subreddits' posts and comments, comment trees, and the account's inbox.

praw signs in and asks; what comes back is read as plain JSON. Its objects would send requests when an attribute is
read, and one odd element would cost the whole listing.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

import praw
from pydantic import Field, model_validator

from monitor.collectors.items import checked
from monitor.collectors.plain_json import dict_of, text_of
from monitor.collectors.reddit_client import FAULTS, RedditAccount, explained, signed_in
from monitor.collectors.reddit_items import (
    COMMENT,
    MORE,
    POST,
    NoListing,
    Thing,
    after_of,
    flat,
    item_of,
    things_of,
)
from monitor.collectors.settings import Ledger, SourceSettings
from monitor.config import NetworkSettings, Settings
from monitor.errors import BadPayload, EdgeError, NotApproved, RateLimited, SourceDown
from monitor.mention import Batch, Cursor, NewMention, SetAside, SourceName

PAGE: Final = 100
"""Reddit's largest page."""
REMEMBERED: Final = 150
"""Fullnames of a listing still known beyond its newest page: late arrivals are found, old ones are not taken again."""
OVERLAP: Final = timedelta(hours=1)
"""How far back a comment tree is read again: comments held by a spam filter appear late under their own time."""


class RedditSettings(RedditAccount):
    """`kind = "reddit"`: what to listen to. The inbox needs `username` and `password`, or a `refresh_token`."""

    every_seconds: int = Field(default=300, ge=60, le=7 * 86400)
    search: tuple[str, ...] = ()  # in Reddit's own query language
    search_in: str = "all"  # subreddits to search, joined by +
    subreddits: tuple[str, ...] = ()  # every new post and comment of these
    inbox: bool = False  # mentions of the account, and replies to its comments and posts
    comment_trees: int = Field(default=3, ge=0, le=20)  # of the newest posts that search found
    more_comments: int = Field(default=1, ge=0, le=10)  # requests for the rest of a large tree
    max_pages: int = Field(default=3, ge=1, le=10)  # of a listing, in one run

    @model_validator(mode="after")
    def _something(self) -> "RedditSettings":
        if not (self.search or self.subreddits or self.inbox):
            msg = "set search, subreddits or inbox, else there is nothing to listen to"
            raise ValueError(msg)
        if self.inbox and not (self.refresh_token or (self.username and self.password)):
            msg = "the inbox belongs to an account: set username and password, or refresh_token"
            raise ValueError(msg)
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class _Listing:
    """One list of new things: `key` names it in the cursor, `words` in a note."""

    key: str
    words: str
    kind: str  # search, posts, comments, mentions, comment_replies, submission_replies
    argument: str = ""


@dataclass(slots=True, kw_only=True)
class _Gathered:
    """What one fetch has brought so far, and the cursor that follows it."""

    now: datetime
    brand: str | None
    values: dict[str, str]
    mentions: dict[str, NewMention] = field(default_factory=dict)
    set_aside: list[SetAside] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    seen: int = 0

    def take(self, things: Iterable[Thing], *, addressed: bool = False) -> None:
        """Copy what was brought; a mention that came twice counts as addressed if it once was."""
        for thing in things:
            item = item_of(thing)
            if item is None:
                continue
            found = checked(replace(item, brand=self.brand, addressed=addressed), now=self.now)
            if isinstance(found, SetAside):
                self.set_aside.append(found)
            elif addressed or found.external_id not in self.mentions:
                self.mentions[found.external_id] = found


class RedditCollector:
    """Reads every listing of one source in turn; a listing that Reddit refuses costs only itself."""

    def __init__(self, settings: RedditSettings, network: NetworkSettings) -> None:
        self._settings = settings
        self._network = network

    def fetch(self, cursor: Cursor, *, now: datetime) -> Batch:
        """What is new in every listing. Raises the errors of `reddit_client.DECISIONS` when not one could be read.

        When Reddit stops us midway, what was read is kept and the next fetch begins with the listing that was not.
        """
        listings = self._listings(cursor)
        keys = {listing.key for listing in listings} | {"watched"}
        kept = {key: value for key, value in cursor.values.items() if key in keys}
        gathered = _Gathered(now=now, brand=self._settings.brand, values=kept)
        with signed_in(self._settings, self._network) as reddit:
            refused = self._read_all(reddit, listings, gathered)
        if refused is not None:
            raise refused
        return Batch(
            mentions=sorted(gathered.mentions.values(), key=lambda mention: mention.created_at),
            cursor=Cursor(values=gathered.values),
            seen=gathered.seen,
            set_aside=gathered.set_aside,
            note="; ".join(gathered.notes) or None,
        )

    def _read_all(self, reddit: praw.Reddit, listings: Sequence[_Listing], gathered: _Gathered) -> EdgeError | None:
        """Read one listing after the other; the error to raise when none could be read.

        A listing that fails costs only itself. At a limit, or a second outage, the rest waits for the next fetch, and
        its place is noted under `first`.
        """
        refused: list[EdgeError] = []
        read = False
        for listing in listings:
            try:
                read = self._read(reddit, listing, gathered) or read
            except (NotApproved, BadPayload, SourceDown, RateLimited) as error:
                refused.append(error)
                gathered.notes.append(f"{listing.words} not read: {error}")
                outages = sum(isinstance(each, SourceDown) for each in refused)
                if isinstance(error, RateLimited) or outages > 1:
                    gathered.values["first"] = listing.key
                    gathered.notes.append("what follows is read next time")
                    return None if read else error
        return refused[0] if refused and not read else None

    def _listings(self, cursor: Cursor) -> list[_Listing]:
        """Every listing, the one that was not reached last time first."""
        settings = self._settings
        inbox = ("mentions", "comment_replies", "submission_replies") if settings.inbox else ()
        all_of_them = [
            *(_Listing(key=f"inbox:{kind}", words=f"inbox {kind}", kind=kind) for kind in inbox),
            *(
                _Listing(key=f"search:{query}", words=f'search "{query}"', kind="search", argument=query)
                for query in settings.search
            ),
            *(
                _Listing(key=f"{kind}:{name}", words=f"{kind} of r/{name}", kind=kind, argument=name)
                for name in settings.subreddits
                for kind in ("posts", "comments")
            ),
        ]
        if settings.search and settings.comment_trees:
            all_of_them.append(_Listing(key="trees", words="comment trees", kind="trees"))
        start = next((i for i, listing in enumerate(all_of_them) if listing.key == cursor.values.get("first")), 0)
        return all_of_them[start:] + all_of_them[:start]

    def _read(self, reddit: praw.Reddit, listing: _Listing, gathered: _Gathered) -> bool:
        """Read one listing, and say whether there was anything to ask for.

        What it brought and its place in the cursor are kept only when the whole of it came.
        """
        try:
            if listing.kind == "trees":
                return self._read_trees(reddit, gathered)
            known = gathered.values.get(listing.key, "").split()
            things = self._newest(reddit, listing, frozenset(known))
        except FAULTS as error:
            raise explained(error, gathered.now) from error
        new = [thing for thing in things if thing.name not in frozenset(known)]
        gathered.seen += len(things)
        gathered.take(new, addressed=listing.key.startswith("inbox:"))
        names = [thing.name for thing in things if thing.name]
        gathered.values[listing.key] = " ".join(list(dict.fromkeys([*names, *known]))[: PAGE + REMEMBERED])
        if listing.kind == "search":
            self._watch(new, gathered)
        return True

    def _newest(self, reddit: praw.Reddit, listing: _Listing, known: frozenset[str]) -> list[Thing]:
        """The newest page whole, and further ones until something known is met: that is where the last run ended."""
        path, given = _ADDRESSES[listing.kind]
        params: dict[str, str | int] = {**given, "limit": PAGE}
        within = listing.argument
        if listing.kind == "search":
            within = self._settings.search_in
            params |= {"q": listing.argument, "restrict_sr": "false" if within == "all" else "true"}
        things: list[Thing] = []
        for _ in range(self._settings.max_pages if known else 1):
            answer = reddit.request(method="GET", path=path.format(subreddit=within), params=params)
            page = things_of(answer)
            things += page
            after = after_of(answer)
            if not after or any(thing.name in known for thing in page):
                break
            params["after"] = after
        return things

    def _watch(self, found: Sequence[Thing], gathered: _Gathered) -> None:
        """Remember the newest posts that search found; their comments are read from now on."""
        new = {(thing.name or "").removeprefix("t3_"): 0 for thing in found if thing.kind == POST and thing.name}
        watched = new | _watched(gathered.values)
        newest = sorted(watched, key=lambda number: (len(number), number), reverse=True)[: self._settings.comment_trees]
        gathered.values["watched"] = " ".join(f"{number}:{watched[number]}" for number in newest)

    def _read_trees(self, reddit: praw.Reddit, gathered: _Gathered) -> bool:
        """Comments of the watched posts since they were last read; a post that is gone is watched no longer."""
        watched = _watched(gathered.values)
        read = False
        for number, last in list(watched.items()):
            try:
                comments = self._tree(reddit, number)
            except FAULTS as error:
                reason = explained(error, gathered.now)
                if not isinstance(reason, BadPayload | NotApproved):
                    raise
                del watched[number]
                gathered.notes.append(f"the comments of post {number} were not read: {reason}")
                continue
            read = True
            since = last - int(OVERLAP.total_seconds())
            gathered.seen += len(comments)
            gathered.take(comment for comment in comments if comment.created > since)
            watched[number] = max([last, *(comment.created for comment in comments)])
        gathered.values["watched"] = " ".join(f"{number}:{last}" for number, last in watched.items())
        return read

    def _tree(self, reddit: praw.Reddit, number: str) -> list[Thing]:
        """A post's comments, the replies below them, and the largest of the branches that Reddit folded away."""
        params: dict[str, str | int] = {"sort": "new", "limit": 500}
        answer = reddit.request(method="GET", path=f"comments/{number}/", params=params)
        comments = list(flat(_branch(answer)))
        folded = sorted((thing for thing in comments if thing.kind == MORE), key=_count, reverse=True)
        for more in folded[: self._settings.more_comments]:
            comments += self._unfolded(reddit, number, more)
        return [thing for thing in comments if thing.kind == COMMENT]

    def _unfolded(self, reddit: praw.Reddit, number: str, more: Thing) -> list[Thing]:
        children = more.fields.get("children")
        if isinstance(children, list) and children:
            wanted = ",".join(str(child) for child in children[:PAGE])
            params: dict[str, str | int] = {"api_type": "json", "link_id": f"t3_{number}", "children": wanted}
            answer = reddit.request(method="GET", path="api/morechildren", params=params)
            found = dict_of(dict_of(dict_of(answer).get("json")).get("data")).get("things")
            return list(flat(things_of({"data": {"children": found or []}})))
        # "Continue this thread": the branch is asked for by the comment it hangs from.
        parent = (text_of(more.fields, "parent_id") or "").removeprefix("t1_")
        return list(flat(_branch(reddit.request(method="GET", path=f"comments/{number}/_/{parent}"))))


_ADDRESSES: Final[Mapping[str, tuple[str, Mapping[str, str | int]]]] = {
    "search": ("r/{subreddit}/search/", {"sort": "new", "t": "all"}),
    "posts": ("r/{subreddit}/new", {}),
    "comments": ("r/{subreddit}/comments/", {}),
    "mentions": ("message/mentions", {"mark": "false"}),
    "comment_replies": ("message/comments/", {"mark": "false"}),
    "submission_replies": ("message/selfreply/", {"mark": "false"}),
}
"""Reddit's addresses (reddit.com/dev/api). `mark`: what a person has not read in the inbox stays unread."""


def _branch(answer: object) -> list[Thing]:
    """The comments of an answer that holds a post and its comments."""
    if not isinstance(answer, list) or len(answer) < 2:  # noqa: PLR2004 - the post's listing and the comments'
        raise NoListing
    return things_of(answer[1])


def _count(more: Thing) -> int:
    count = more.fields.get("count")
    return count if isinstance(count, int) else 0


def _watched(values: Mapping[str, str]) -> dict[str, int]:
    """Posts whose comments are read, with the time (seconds since 1970) of the newest comment read."""
    pairs = (pair.partition(":") for pair in values.get("watched", "").split())
    return {number: int(last) for number, _, last in pairs}


SETTINGS: Final = RedditSettings


def build(name: SourceName, source: SourceSettings, settings: Settings, ledger: Ledger | None) -> RedditCollector:  # noqa: ARG001 - every kind is built alike
    """The collector of one source."""
    return RedditCollector(RedditSettings.model_validate(source), settings.network)
