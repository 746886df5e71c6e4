"""X through tweepy: recent search or an account's mentions, paid by the post and so within a spending cap.

One fetch reads one page, so that what was paid for is stored, and entered in the ledger, before more is bought.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Final

from pydantic import Field, SecretStr, model_validator

from monitor.collectors.dates import parse_time
from monitor.collectors.items import Item, checked
from monitor.collectors.plain_json import dict_of, dicts_of, text_of
from monitor.collectors.settings import Ledger, SourceSettings
from monitor.collectors.x_client import FAULTS, explained, forgets, next_day, next_month, signed_in
from monitor.config import NetworkSettings, Settings, SettingsError
from monitor.errors import BudgetSpent
from monitor.mention import Batch, Cursor, NewMention, SetAside, SourceName

LARGEST_PAGE: Final = 100
SMALLEST_SEARCH: Final = 10
SMALLEST_MENTIONS: Final = 5

_SNOWFLAKE_EPOCH_MS: Final = 1_288_834_974_657
_POST_FIELDS: Final = ["created_at", "author_id", "conversation_id", "referenced_tweets", "note_tweet"]
_USER_FIELDS: Final = ["username", "name", "public_metrics"]


class XSettings(SourceSettings):
    """`kind = "x"`: what to read and what it may cost. Prices are X's pay-per-use prices of 2026, in USD."""

    every_seconds: int = Field(default=900, ge=60, le=7 * 86400)
    bearer_token: SecretStr
    query: str = Field(default="", max_length=4096)  # in X's own query language
    mentions_of: str = Field(default="", pattern=r"^\d*$")  # or the mentions of this account (its number)
    base_url: str = Field(default="https://api.x.com", pattern=r"^https?://")
    page_size: int = Field(default=LARGEST_PAGE, ge=SMALLEST_SEARCH, le=LARGEST_PAGE)
    max_pages: int = Field(default=5, ge=1, le=20)  # of one run
    authors: bool = True  # names and reach of authors: each costs usd_per_user
    usd_per_post: float = Field(default=0.005, ge=0)
    usd_per_user: float = Field(default=0.010, ge=0)
    usd_day_cap: float = Field(default=5.0, ge=0)
    usd_month_cap: float = Field(default=100.0, ge=0)

    @model_validator(mode="after")
    def _one_listing(self) -> "XSettings":
        if bool(self.query.strip()) == bool(self.mentions_of):
            msg = "set either query or mentions_of, and make a second source for the other"
            raise ValueError(msg)
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Where reading goes on. Pages come newest first: `newest` becomes `since` when the last page is read."""

    since: str = ""  # the newest post of earlier runs
    newest: str = ""  # the newest post of this run
    until: str = ""  # the oldest post read in this run; the next page lies before it
    page: str = "0"

    @classmethod
    def of(cls, cursor: Cursor) -> "_Place":
        return cls(**{key: value for key, value in cursor.values.items() if key in cls.__slots__})

    def cursor(self) -> Cursor:
        return Cursor(values={key: value for key, value in asdict(self).items() if value})


class XCollector:
    """Reads one listing of X with a bearer token; never asks X for more than posts and their authors."""

    def __init__(self, settings: XSettings, network: NetworkSettings, ledger: Ledger) -> None:
        self._settings = settings
        self._network = network
        self._ledger = ledger

    def fetch(self, cursor: Cursor, *, now: datetime) -> Batch:
        """One page of posts newer than the cursor; `more` when another is waiting.

        Raises BudgetSpent before a request that could exceed a cap, and the errors of `DECISIONS`.
        """
        place = _Place.of(cursor)
        size = self._affordable(now)
        try:
            answer = self._page(place, size)
        except FAULTS as error:
            if place.since and forgets(error):
                gap = "the newest post known is older than X lets us search; reading starts again from the latest"
                return Batch(mentions=[], cursor=Cursor(), seen=0, more=True, note=gap)
            raise explained(error, now) from error
        posts = dicts_of(answer.get("data"))
        users = {str(user.get("id")): user for user in dicts_of(dict_of(answer.get("includes")).get("users"))}
        found = [checked(_item(post, users, self._settings), now=now) for post in posts]
        after, more, note = self._next(place, dict_of(answer.get("meta")))
        return Batch(
            mentions=sorted((each for each in found if isinstance(each, NewMention)), key=lambda post: post.created_at),
            cursor=after.cursor(),
            seen=len(posts),
            set_aside=[each for each in found if isinstance(each, SetAside)],
            cost_usd=len(posts) * self._settings.usd_per_post + len(users) * self._settings.usd_per_user,
            more=more,
            note=note,
        )

    def _affordable(self, now: datetime) -> int:
        """How many posts the next page may bring at worst-case cost; raises BudgetSpent when not even the fewest."""
        settings = self._settings
        price = settings.usd_per_post + (settings.usd_per_user if settings.authors else 0.0)
        smallest = SMALLEST_SEARCH if settings.query else SMALLEST_MENTIONS
        spent = self._ledger(now)
        size = settings.page_size
        for name, cap, so_far, until in (
            ("usd_day_cap", settings.usd_day_cap, spent.today, next_day(now)),
            ("usd_month_cap", settings.usd_month_cap, spent.this_month, next_month(now)),
        ):
            # Rounded, so that a cap of whole pages is not missed by the last bit of a binary fraction.
            posts = settings.page_size if price == 0 else int(round((cap - so_far) / price, 6))
            if posts < smallest:
                raise BudgetSpent(
                    f"X has cost {so_far:.2f} USD of the {cap:.2f} USD that {name} allows",
                    until=until,
                    remedy=f"raise {name}, or wait",
                )
            size = min(size, posts)
        return size

    def _page(self, place: _Place, size: int) -> Mapping[str, object]:
        settings = self._settings
        given: dict[str, object] = {"max_results": size, "tweet_fields": _POST_FIELDS}
        if settings.authors:
            given |= {"expansions": ["author_id"], "user_fields": _USER_FIELDS}
        given |= {name: value for name, value in (("since_id", place.since), ("until_id", place.until)) if value}
        with signed_in(settings.bearer_token, settings.base_url, self._network) as client:
            if settings.query:
                answer = client.search_recent_tweets(settings.query, **given)
            else:
                answer = client.get_users_mentions(settings.mentions_of, **given)
        if not isinstance(answer, dict):
            raise TypeError(type(answer).__name__)
        return answer

    def _next(self, place: _Place, meta: Mapping[str, object]) -> tuple[_Place, bool, str | None]:
        """Where the next page begins, whether this run should read it, and a word on what is left out."""
        newest: str = place.newest or text_of(meta, "newest_id") or place.since
        oldest = text_of(meta, "oldest_id")
        if not text_of(meta, "next_token") or not oldest or oldest == place.until:
            return _Place(since=newest), False, None
        page = int(place.page) + 1
        if page < self._settings.max_pages:
            return _Place(since=place.since, newest=newest, until=oldest, page=str(page)), True, None
        if not place.since:
            return _Place(since=newest), False, "older posts were left out at the first run (max_pages)"
        waiting = _Place(since=place.since, newest=newest, until=oldest)
        return waiting, False, "more posts are waiting and come with the next run (max_pages)"


def _item(post: Mapping[str, object], users: Mapping[str, Mapping[str, object]], settings: XSettings) -> Item:
    number = text_of(post, "id")
    user = users.get(text_of(post, "author_id") or "", {})
    handle = text_of(user, "username")
    followers = dict_of(user.get("public_metrics")).get("followers_count")
    root = text_of(post, "conversation_id")
    answered = (ref for ref in dicts_of(post.get("referenced_tweets")) if ref.get("type") == "replied_to")
    created = text_of(post, "created_at")
    return Item(
        external_id=number,
        platform="x",
        created_at=(parse_time(created) if created else None) or _snowflake_time(number),
        author=handle or text_of(post, "author_id"),
        author_name=text_of(user, "name"),
        followers=followers if isinstance(followers, int) else None,
        # A post over 280 characters has its whole text apart from the shortened one.
        text=text_of(dict_of(post.get("note_tweet")), "text") or text_of(post, "text"),
        url=f"https://x.com/{handle or 'i/web'}/status/{number}",
        parent_id=next((text_of(ref, "id") for ref in answered), None),
        root_id=root if root != number else None,
        brand=settings.brand,
        addressed=bool(settings.mentions_of),
        payload=json.dumps(post, ensure_ascii=False),
    )


def _snowflake_time(number: str | None) -> datetime | None:
    """The time that a post's id holds (milliseconds since X's own epoch in the upper bits)."""
    if not number or not number.isdecimal() or int(number) >> 22 == 0:
        return None
    try:
        return datetime.fromtimestamp(((int(number) >> 22) + _SNOWFLAKE_EPOCH_MS) / 1000, UTC)
    except (OverflowError, ValueError, OSError):
        return None


SETTINGS: Final = XSettings


def build(name: SourceName, source: SourceSettings, settings: Settings, ledger: Ledger | None) -> XCollector:
    """The collector of one source; raises SettingsError without a ledger, as no cap could be kept."""
    if ledger is None:
        raise SettingsError(f'the source "{name}" costs money and cannot run without its ledger of what was spent')
    return XCollector(XSettings.model_validate(source), settings.network, ledger)
