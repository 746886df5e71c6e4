"""Reddit through praw: one comment under a post or a comment, written at most once.

praw and prawcore resend a write by themselves: after a lost answer or a 5xx up to three times in all (measured on
prawcore 4.0), and after some rate-limit answers. `_OneShot` keeps every answer that they would resend after from them.
"""

import html
from collections.abc import Iterator, Mapping
from configparser import ConfigParser
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.resources import files
from typing import Final

import praw
import praw.config
import praw.exceptions
import praw.models
import prawcore
import prawcore.exceptions
import requests
from pydantic import Field, SecretStr, model_validator

from monitor.collectors.bounded_session import bounded_session
from monitor.collectors.reddit_items import NoListing, Thing, item_of, things_of
from monitor.config import NetworkSettings, Settings
from monitor.errors import (
    AuthFailed,
    EdgeError,
    NotApproved,
    PublishRefused,
    PublishUncertain,
    RateLimited,
    SourceDown,
)
from monitor.fetch import wait_until
from monitor.mention import storable
from responders.publishers.settings import DoorSettings
from responders.publishers.wire import NotTaken, checked, clear_no, never_left, now, quiet
from responders.reply import ParentState, Published, ReplyTarget

LONGEST: Final = 10_000
"""Characters of a comment (Reddit's API: TOO_LONG beyond)."""

RECENT: Final = 100
"""How many of the account's newest comments are looked through for one of ours."""

RATE_LIMIT: Final = timedelta(minutes=10)
"""How long the door rests after "you are doing that too much": the longest wait that this answer names."""

_WRITE: Final = "/api/comment"
_BY_HAND: Final = "post it by hand (door by_hand) or answer privately"


class RedditDoor(DoorSettings):
    """`kind = "reddit"`: the credentials of an app that Reddit has approved, for the account that answers."""

    client_id: str = Field(min_length=1)
    client_secret: SecretStr
    username: str | None = None
    password: SecretStr | None = None
    refresh_token: SecretStr | None = None
    # Stands in for both of Reddit's hosts; praw cannot keep a path below it.
    base_url: str = Field(default="", pattern=r"^(https?://[^/]+/?)?$")

    @model_validator(mode="after")
    def _account(self) -> "RedditDoor":
        if not (self.refresh_token or (self.username and self.password)):
            msg = "replies are written by an account: set username and password, or refresh_token"
            raise ValueError(msg)
        return self


@dataclass(slots=True)
class _Wire:
    """What has gone over the wire for one call."""

    writes: int = 0


class _OneShot(prawcore.Requestor):
    """Sends each request once, counts the writes, and refuses a second one."""

    def __init__(self, *, wire: _Wire, session: requests.Session, **settings: str) -> None:
        super().__init__(session=session, **settings)  # type: ignore[arg-type]  # praw passes what its base class takes
        self._wire = wire

    def request(self, *args: object, timeout: float | None = None, **options: object) -> requests.Response:
        """Send once; raises NotTaken for everything that prawcore would sleep or resend after."""
        method, url = (str(options.get("method") or args[0]), str(options.get("url") or args[-1]))
        if method.upper() == "POST" and url.rstrip("/").endswith(_WRITE):
            if self._wire.writes:
                raise NotTaken(None)
            self._wire.writes += 1
        try:
            response = super().request(*args, timeout=timeout, **options)
        except prawcore.exceptions.RequestException as error:
            raise NotTaken(None, error.original_exception) from error
        # prawcore sleeps by these headers, for up to ten minutes; a rest is the publisher's to take.
        for name in ("x-ratelimit-remaining", "x-ratelimit-used", "x-ratelimit-reset"):
            response.headers.pop(name, None)
        return checked(response)


class RedditPublisher:
    """Comments as one account. Each call signs in anew, so no connection is kept and none is found dead."""

    by_person = False

    def __init__(self, door: RedditDoor, network: NetworkSettings) -> None:
        self._door = door
        self._network = network

    def publish(self, target: ReplyTarget, text: str) -> Published:
        """One comment under the target. Raises as `Publisher.publish` says."""
        if len(text) > LONGEST:
            message = f"the reply has {len(text)} characters; Reddit takes {LONGEST}"
            raise PublishRefused(message, remedy="shorten it")
        wire = _Wire()
        with self._signed_in(wire) as reddit:
            try:
                comment = _thing(reddit, target).reply(text)
                # Reading an attribute of a praw object may send a request; what was answered lies in vars().
                return _published({} if comment is None else vars(comment))
            except EdgeError:
                raise
            except Exception as error:
                if wire.writes:
                    raise _after_write(error) from error
                raise _after_read(error) from error

    def find_own(self, target: ReplyTarget, text: str, since: datetime) -> Published | None:
        """Our comment with these words under the target, among the account's newest."""
        with self._signed_in(_Wire()) as reddit:
            me = _get(reddit, "api/v1/me")
            name = me.get("name") if isinstance(me, dict) else None
            if not isinstance(name, str):
                message = "Reddit does not say whose account this is"
                raise SourceDown(message, remedy="tried again later")
            newest = _things(_get(reddit, f"user/{name}/comments", limit=RECENT, sort="new"))
        for comment in newest:
            same_place = comment.fields.get("parent_id") == target.external_id
            recent = comment.created >= since.timestamp()
            if same_place and recent and _same_words(str(comment.fields.get("body", "")), text):
                return _published(comment.fields)
        return None

    def parent_state(self, target: ReplyTarget) -> ParentState:
        """Whether the post is there with the words that are stored; unknown when it did not come from Reddit's API."""
        if not _is_fullname(target.external_id):
            return ParentState.UNKNOWN
        with self._signed_in(_Wire()) as reddit:
            things = _things(_get(reddit, "api/info", id=target.external_id))
        item = item_of(things[0]) if things else None
        if item is None or item.text is None:
            return ParentState.GONE
        same = storable(item.text) == target.text and (item.title or "").strip() == (target.title or "").strip()
        return ParentState.PRESENT if same else ParentState.EDITED

    @contextmanager
    def _signed_in(self, wire: _Wire) -> Iterator[praw.Reddit]:
        quiet()
        _forget_files()
        door, base = self._door, self._door.base_url.rstrip("/")
        with bounded_session(self._network) as session:
            reddit = praw.Reddit(
                site_name="DEFAULT",
                requestor_class=_OneShot,
                requestor_kwargs={"wire": wire, "session": session},
                client_id=door.client_id,
                client_secret=door.client_secret.get_secret_value(),
                username=door.username,
                password=_revealed(door.password),
                refresh_token=_revealed(door.refresh_token),
                redirect_uri=None,
                user_agent=self._network.user_agent,
                oauth_url=base or "https://oauth.reddit.com",
                reddit_url=base or "https://www.reddit.com",
                check_for_updates=False,
                check_for_async=False,
                timeout=max(1, int(self._network.timeout_seconds)),
            )
            # Below every number that an answer can name, so that praw never sleeps and resends (with 0 it still does
            # for "milliseconds").
            reddit.config.ratelimit_seconds = -1
            yield reddit


def _forget_files() -> None:
    """Give praw the settings of its own package only: it would read praw.ini from the working folder and from home."""
    packaged = ConfigParser(interpolation=None)
    packaged.read_string(files("praw").joinpath("praw.ini").read_text(encoding="utf-8"))
    praw.config.Config.CONFIG = packaged


def _revealed(secret: SecretStr | None) -> str | None:
    return None if secret is None else secret.get_secret_value()


def _is_fullname(name: str) -> bool:
    kind, _, number = name.partition("_")
    return kind in ("t1", "t3") and number.isascii() and number.isalnum()


def _thing(reddit: praw.Reddit, target: ReplyTarget) -> praw.models.Comment | praw.models.Submission:
    if not _is_fullname(target.external_id):
        message = f"{target.source} did not bring Reddit's own name of the post"
        raise PublishRefused(message, remedy=_BY_HAND)
    kind, _, number = target.external_id.partition("_")
    return reddit.comment(number) if kind == "t1" else reddit.submission(number)


def _get(reddit: praw.Reddit, path: str, **params: str | int) -> object:
    """What Reddit answers, as it came; raises EdgeError."""
    try:
        answer: object = reddit.request(method="GET", path=path, params=params)
    except Exception as error:
        raise _after_read(error) from error
    return answer


def _things(answer: object) -> list[Thing]:
    try:
        return things_of(answer)
    except NoListing as error:
        message = "Reddit answers with something that cannot be read"
        raise SourceDown(message, remedy="tried again later; check base_url") from error


def _published(fields: Mapping[str, object]) -> Published:
    name, link = fields.get("name"), fields.get("permalink")
    if not isinstance(name, str) or not name:
        message = "Reddit took the comment but does not say which it is"
        raise PublishUncertain(message, remedy="look under the post")
    url = f"https://www.reddit.com{link}" if isinstance(link, str) and link.startswith("/") else None
    return Published(external_id=name, url=url)


def _same_words(theirs: str, ours: str) -> bool:
    return html.unescape(theirs).split() == html.unescape(ours).split()


def _after_write(error: Exception) -> EdgeError:
    """What an error means once the comment was on its way: a clear no, or nobody knows."""
    if isinstance(error, praw.exceptions.RedditAPIException):
        return _said_no(error)
    response = error.response if isinstance(error, NotTaken) else None
    if response is None:
        if isinstance(error, NotTaken) and never_left(error.cause):
            return SourceDown("Reddit cannot be reached", remedy="tried again later")
        return PublishUncertain(
            "Reddit did not answer clearly after the comment was sent", remedy="look under the post"
        )
    status = response.status_code
    clear = _not_now(response)
    if clear is not None:
        return clear
    if clear_no(status):
        return PublishRefused(f"Reddit does not take a comment there (status {status})", remedy=_BY_HAND)
    return PublishUncertain(
        f"Reddit answered with status {status} after the comment was sent", remedy="look under the post"
    )


def _after_read(error: Exception) -> EdgeError:
    """What an error means when nothing was written: certainly not posted."""
    if isinstance(error, prawcore.exceptions.OAuthException | prawcore.exceptions.InvalidInvocation):
        return _bad_credentials()
    if isinstance(error, NotTaken) and error.response is not None:
        clear = _not_now(error.response)
        if clear is not None:
            return clear
        if error.response.status_code == requests.codes.bad_request:
            return _bad_credentials()
        if error.response.status_code == requests.codes.forbidden:
            remedy = "every app needs Reddit's approval since November 2025: apply for it, or use the door by_hand"
            return NotApproved("Reddit does not give this app access", remedy=remedy)
    return SourceDown("Reddit cannot be reached or answers with an error", remedy="tried again later")


def _not_now(response: requests.Response) -> EdgeError | None:
    status = response.status_code
    if status == requests.codes.unauthorized:
        return _bad_credentials()
    if status == requests.codes.forbidden and "insufficient_scope" in response.headers.get("www-authenticate", ""):
        return NotApproved(
            "the account's permission does not cover this",
            remedy="make a refresh_token with the scopes identity, read, history and submit",
        )
    if status == requests.codes.too_many_requests:
        until = wait_until(response.headers.get("retry-after"), now())
        return RateLimited("Reddit asks us to wait", until=until)
    return None


def _bad_credentials() -> AuthFailed:
    return AuthFailed(
        "Reddit refuses these credentials: they are wrong, expired or revoked",
        remedy="check the app under reddit.com/prefs/apps and set the door's credentials again",
    )


def _said_no(error: praw.exceptions.RedditAPIException) -> EdgeError:
    """Reddit's own words for why a comment was not taken."""
    first = error.items[0]
    if any(item.error_type == "RATELIMIT" for item in error.items):
        return RateLimited("Reddit lets this account comment less often than this", until=now() + RATE_LIMIT)
    said = " ".join((first.message or "").split())[:200]
    return PublishRefused(f"Reddit does not take the comment ({first.error_type}: {said})", remedy=_BY_HAND)


SETTINGS: Final = RedditDoor


def build(name: str, door: DoorSettings, settings: Settings) -> RedditPublisher:  # noqa: ARG001 - every door is built alike
    """The door of one account; nothing is sent yet."""
    return RedditPublisher(RedditDoor.model_validate(door), settings.network)
