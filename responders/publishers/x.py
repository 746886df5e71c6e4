"""X through tweepy: one reply to a post, written at most once.

Since 2026 the API lets an app reply only to an author who mentioned or quoted the account; X answers 403 otherwise, and
the reply is for a person to post. A write costs about 0.015 USD, one that holds a link about 0.20 USD.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

import requests
import tweepy  # type: ignore[import-untyped]  # ships no types
from pydantic import Field, SecretStr

from monitor.collectors.bounded_session import bounded_session
from monitor.config import NetworkSettings, Settings
from monitor.errors import AuthFailed, EdgeError, NotApproved, PublishRefused, PublishUncertain, RateLimited, SourceDown
from monitor.fetch import DEFAULT_WAIT, LONGEST_WAIT
from responders.publishers.settings import DoorSettings
from responders.publishers.wire import NotTaken, checked, clear_no, never_left, now, quiet
from responders.reply import ParentState, Published, ReplyTarget

TWEEPY_HOST: Final = "https://api.twitter.com"
LINK_LENGTH: Final = 23
"""Every link counts as this many characters, whatever its length (docs.x.com, counting characters)."""

_LINK: Final = re.compile(r"https?://\S+", re.IGNORECASE)
_LIGHT: Final = ((0, 4351), (8192, 8205), (8208, 8223), (8242, 8247))
"""Code points that count once; all others count twice (twitter-text, configuration v3)."""

_BY_HAND: Final = "post it by hand (door by_hand)"
_LOOK: Final = "look under the post"


class XDoor(DoorSettings):
    """`kind = "x"`: the four keys of an app with read and write access, for the account that answers."""

    api_key: SecretStr
    api_key_secret: SecretStr
    access_token: SecretStr
    access_token_secret: SecretStr
    base_url: str = Field(default="https://api.x.com", pattern=r"^https?://")
    longest: int = Field(default=280, ge=280, le=25_000)  # weighted characters; more for paid accounts


class _Elsewhere:
    """The session that tweepy speaks through: its built-in host replaced before a request is signed, no redirects.

    Whatever is not 2xx goes past tweepy, which breaks on errors of a shape it does not know.
    """

    def __init__(self, session: requests.Session, base_url: str) -> None:
        self._session = session
        self._base = base_url.rstrip("/")

    def request(self, method: str, url: str, **options: object) -> requests.Response:
        options["allow_redirects"] = False
        where = self._base + url.removeprefix(TWEEPY_HOST)
        return checked(self._session.request(method, where, **options))  # type: ignore[arg-type]  # tweepy's options


class XPublisher:
    """Replies as one account."""

    by_person = False

    def __init__(self, door: XDoor, network: NetworkSettings) -> None:
        self._door = door
        self._network = network

    def publish(self, target: ReplyTarget, text: str) -> Published:
        """One reply to the target. Raises as `Publisher.publish` says."""
        if weight(text) > self._door.longest:
            message = f"the reply counts {weight(text)} characters on X; {self._door.longest} are allowed"
            raise PublishRefused(message, remedy="shorten it")
        if not target.external_id.isdigit():
            message = f"{target.source} did not bring X's own number of the post"
            raise PublishRefused(message, remedy=_BY_HAND)
        try:
            answer = self._call("create_tweet", text=text, in_reply_to_tweet_id=target.external_id)
        except Exception as error:
            raise _after_write(error) from error
        number = _dict(answer.get("data")).get("id")
        if not isinstance(number, str) or not number.isdigit():
            message = "X took the reply but does not say which it is"
            raise PublishUncertain(message, remedy=_LOOK)
        note = "it holds a link: X charges about 0.20 USD for it" if _LINK.search(text) else None
        return Published(external_id=number, url=f"https://x.com/i/web/status/{number}", note=note)

    def find_own(self, target: ReplyTarget, text: str, since: datetime) -> Published | None:
        """Our reply to the target with these words, among the account's posts since then; links are not compared."""
        me = _dict(self._look("get_me").get("data")).get("id")
        if not isinstance(me, str):
            message = "X does not say whose account this is"
            raise SourceDown(message, remedy="tried again later")
        posts = self._look(
            "get_users_tweets",
            me,
            max_results=100,
            start_time=since.astimezone(UTC),
            tweet_fields=["referenced_tweets", "note_tweet"],
        ).get("data")
        for post in posts if isinstance(posts, list) else []:
            fields = _dict(post)
            number = fields.get("id")
            if (
                isinstance(number, str)
                and _answers(fields, target.external_id)
                and _bare(_words(fields)) == _bare(text)
            ):
                return Published(external_id=number, url=f"https://x.com/i/web/status/{number}")
        return None

    def parent_state(self, target: ReplyTarget) -> ParentState:
        """Whether the post is there with the words that are stored; unknown when it did not come from X's API."""
        if not target.external_id.isdigit():
            return ParentState.UNKNOWN
        answer = self._look("get_tweet", target.external_id, tweet_fields=["note_tweet", "edit_history_tweet_ids"])
        fields = _dict(answer.get("data"))
        if not fields:
            return ParentState.GONE if answer.get("errors") else ParentState.UNKNOWN
        history = fields.get("edit_history_tweet_ids")
        replaced = isinstance(history, list) and bool(history) and str(history[-1]) != target.external_id
        return ParentState.EDITED if replaced or _words(fields) != target.text else ParentState.PRESENT

    def _look(self, method: str, *args: str, **fields: object) -> Mapping[str, object]:
        try:
            return self._call(method, *args, user_auth=True, **fields)
        except EdgeError:
            raise
        except Exception as error:
            raise _after_read(error) from error

    def _call(self, method: str, *args: str, **fields: object) -> Mapping[str, object]:
        """One call of tweepy's client, one request."""
        quiet()
        door = self._door
        client = tweepy.Client(
            consumer_key=door.api_key.get_secret_value(),
            consumer_secret=door.api_key_secret.get_secret_value(),
            access_token=door.access_token.get_secret_value(),
            access_token_secret=door.access_token_secret.get_secret_value(),
            return_type=dict,
            wait_on_rate_limit=False,
        )
        client.user_agent = self._network.user_agent
        with bounded_session(self._network) as session:
            client.session = _Elsewhere(session, door.base_url)
            answer = getattr(client, method)(*args, **fields)
        if not isinstance(answer, dict):
            raise TypeError(type(answer).__name__)
        return answer


def weight(text: str) -> int:
    """Characters as X counts them: a link 23, most letters 1, emoji and CJK 2."""
    links = _LINK.findall(text)
    rest = _LINK.sub("", text)
    return LINK_LENGTH * len(links) + sum(
        1 if any(first <= ord(character) <= last for first, last in _LIGHT) else 2 for character in rest
    )


def _after_write(error: Exception) -> EdgeError:
    """What an error means once the reply was on its way: a clear no, or nobody knows."""
    if never_left(error):
        return SourceDown("X cannot be reached", remedy="tried again later")
    response = error.response if isinstance(error, NotTaken) else None
    if response is None:
        return PublishUncertain("X did not answer clearly after the reply was sent", remedy=_LOOK)
    clear = _not_now(response)
    if clear is not None:
        return clear
    if clear_no(response.status_code):
        return PublishRefused(f"X does not take this reply ({_said(response)})", remedy=_BY_HAND)
    return PublishUncertain(f"X answered with status {response.status_code} after the reply was sent", remedy=_LOOK)


def _after_read(error: Exception) -> EdgeError:
    """What an error means when nothing was written."""
    if isinstance(error, NotTaken) and error.response is not None:
        clear = _not_now(error.response)
        if clear is not None:
            return clear
        if error.response.status_code == requests.codes.forbidden:
            return _not_approved()
    return SourceDown("X cannot be reached or answers with an error", remedy="tried again later")


def _not_now(response: requests.Response) -> EdgeError | None:
    match response.status_code:
        case requests.codes.unauthorized:
            remedy = "make new ones in the X developer console and set them"
            return AuthFailed("X refuses the door's keys", remedy=remedy)
        case requests.codes.too_many_requests:
            return RateLimited("X asks us to wait", until=_reset(response))
        case requests.codes.payment_required:
            return NotApproved("the credits at X are used up", remedy="buy credits in the X developer console")
        case requests.codes.forbidden if "client-not-enrolled" in response.text[:2000]:
            return _not_approved()
        case _:
            return None


def _not_approved() -> NotApproved:
    remedy = "check in the X developer console that the app is in a project and may read and write"
    return NotApproved("X does not give this app access", remedy=remedy)


def _reset(response: requests.Response) -> datetime:
    """When X says that there are requests again; a quarter of an hour without a word, a day at most."""
    at = now()
    header = response.headers.get("x-rate-limit-reset", "")
    seconds = int(header) if header.isascii() and header.isdigit() and len(header) <= 12 else None  # noqa: PLR2004 - a time, not an attack
    until = at + DEFAULT_WAIT if seconds is None else datetime.fromtimestamp(min(seconds, 2**32), UTC)
    return min(max(until, at), at + LONGEST_WAIT)


def _said(response: requests.Response) -> str:
    """X's own words for a refusal, or its status."""
    try:
        body = response.json()
    except ValueError:
        body = None
    fields = _dict(body)
    said = fields.get("detail") or fields.get("title")
    return " ".join(said.split())[:200] if isinstance(said, str) else f"status {response.status_code}"


def _answers(post: Mapping[str, object], number: str) -> bool:
    referenced = post.get("referenced_tweets")
    return any(
        _dict(reference).get("type") == "replied_to" and _dict(reference).get("id") == number
        for reference in (referenced if isinstance(referenced, list) else [])
    )


def _words(post: Mapping[str, object]) -> str:
    whole = _dict(post.get("note_tweet")).get("text") or post.get("text")
    return whole if isinstance(whole, str) else ""


def _bare(text: str) -> list[str]:
    """Words without links (X rewrites them), the @names that X puts before a reply, and HTML escapes."""
    plain = text.replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">")
    words = _LINK.sub(" ", plain).split()
    while words and words[0].startswith("@"):
        words = words[1:]
    return words


def _dict(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


SETTINGS: Final = XDoor


def build(name: str, door: DoorSettings, settings: Settings) -> XPublisher:  # noqa: ARG001 - every door is built alike
    """The door of one account; nothing is sent yet."""
    return XPublisher(XDoor.model_validate(door), settings.network)
