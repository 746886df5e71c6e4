"""A praw client that reads no file, waits for nobody, sends nothing twice, and whose errors are ours."""

from collections.abc import Callable, Iterator, Mapping
from configparser import ConfigParser
from contextlib import contextmanager
from datetime import datetime, timedelta
from importlib.resources import files
from typing import Final

import praw
import praw.config
import praw.exceptions
import prawcore
import prawcore.exceptions
import requests
from pydantic import Field, SecretStr

from monitor.collectors.bounded_session import bounded_session
from monitor.collectors.reddit_items import NoListing
from monitor.collectors.settings import SourceSettings
from monitor.config import NetworkSettings
from monitor.errors import AuthFailed, BadPayload, EdgeError, NotApproved, RateLimited, SourceDown
from monitor.fetch import LONGEST_WAIT, wait_until

_OURS_TO_RETRY: Final = frozenset({408, 500, 502, 503, 504, 520, 522})
"""Statuses at which prawcore sleeps and sends again; we come back with the next run instead."""


class RedditAccount(SourceSettings):
    """The part of a Reddit source's settings that signs in: a read-only "script" app, and an account for the inbox."""

    client_id: str = Field(min_length=1)
    client_secret: SecretStr
    username: str | None = None
    password: SecretStr | None = None
    refresh_token: SecretStr | None = None
    base_url: str = Field(default="", pattern=r"^(https?://.*)?$")  # stands in for both of Reddit's hosts


@contextmanager
def signed_in(account: RedditAccount, network: NetworkSettings) -> Iterator[praw.Reddit]:
    """A client for one fetch; its token is asked for with the first request."""
    _forget_files()
    base = account.base_url
    session = bounded_session(network)
    with session:
        yield praw.Reddit(
            site_name="DEFAULT",
            requestor_class=_Requestor,
            requestor_kwargs={"session": session},
            client_id=account.client_id,
            client_secret=account.client_secret.get_secret_value(),
            username=account.username,
            password=_revealed(account.password),
            refresh_token=_revealed(account.refresh_token),
            redirect_uri=None,
            user_agent=network.user_agent,
            oauth_url=base or "https://oauth.reddit.com",
            reddit_url=base or "https://www.reddit.com",
            check_for_updates=False,
            check_for_async=False,
            ratelimit_seconds=0,
            timeout=max(1, int(network.timeout_seconds)),
        )


def _forget_files() -> None:
    """Give praw the settings of its own package only: it would read praw.ini from the working folder and from home."""
    packaged = ConfigParser(interpolation=None)
    packaged.read_string(files("praw").joinpath("praw.ini").read_text(encoding="utf-8"))
    praw.config.Config.CONFIG = packaged


def _revealed(secret: SecretStr | None) -> str | None:
    return None if secret is None else secret.get_secret_value()


class Exhausted(Exception):
    """Reddit has said that no request is left; `seconds` until there are more."""

    def __init__(self, seconds: float) -> None:
        super().__init__("no request left")
        self.seconds = seconds


class _Requestor(prawcore.Requestor):
    """Keeps prawcore from sleeping and from sending again: both block the thread of every other source."""

    def __init__(self, **settings: object) -> None:
        super().__init__(**settings)  # type: ignore[arg-type]  # praw passes exactly what its base class takes
        self._seconds_to_wait = 0.0

    def request(self, *args: object, timeout: float | None = None, **options: object) -> requests.Response:
        """Send once; raises prawcore's errors, or ours where it has none."""
        if self._seconds_to_wait > 0:
            raise Exhausted(self._seconds_to_wait)
        try:
            response = super().request(*args, timeout=timeout, **options)
        except prawcore.exceptions.RequestException as error:
            if isinstance(error.original_exception, EdgeError):
                raise error.original_exception from error
            raise _down(error, None) from error
        self._note_limits(response)
        _raise_what_prawcore_would_retry(response)
        return response

    def _note_limits(self, response: requests.Response) -> None:
        """Remember when no request is left, and hide it from prawcore, which would sleep until there is one."""
        remaining = _number(response.headers.pop("x-ratelimit-remaining", None))
        seconds = _number(response.headers.pop("x-ratelimit-reset", None))
        if remaining is not None and remaining < 1:
            self._seconds_to_wait = max(1.0, seconds or 0.0)


def _raise_what_prawcore_would_retry(response: requests.Response) -> None:
    """Raise prawcore's own error at once where it would try again, or trip over a header it does not expect."""
    status = response.status_code
    if status in _OURS_TO_RETRY:
        raise prawcore.exceptions.ServerError(response)
    if status == requests.codes.unauthorized:
        raise prawcore.exceptions.InvalidToken(response)
    if status == requests.codes.forbidden:
        scope = "insufficient_scope" in response.headers.get("www-authenticate", "")
        raise (prawcore.exceptions.InsufficientScope if scope else prawcore.exceptions.Forbidden)(response)
    if status == requests.codes.too_many_requests:
        if _number(response.headers.get("retry-after")) is None:
            response.headers.pop("retry-after", None)  # a date; prawcore reads seconds only
        raise prawcore.exceptions.TooManyRequests(response)


def _number(text: str | None) -> float | None:
    try:
        return float(text) if text else None
    except ValueError:
        return None


def _down(error: Exception, now: datetime | None) -> EdgeError:  # noqa: ARG001 - one shape for every decision
    return SourceDown("Reddit cannot be reached or answers with a server error", remedy="tried again later")


def _limited(error: Exception, now: datetime) -> EdgeError:
    if isinstance(error, Exhausted):
        until = now + timedelta(seconds=min(error.seconds, LONGEST_WAIT.total_seconds()))
    else:
        until = wait_until(getattr(error, "retry_after", None), now)
    return RateLimited("Reddit asks us to wait", until=until, remedy="set a longer every_seconds, or listen to less")


def _refused_credentials(error: Exception, now: datetime) -> EdgeError:  # noqa: ARG001 - one shape for every decision
    return AuthFailed(
        "Reddit refuses these credentials: they are wrong, expired or revoked",
        remedy="check client_id and client_secret under reddit.com/prefs/apps and set them again",
    )


def _not_approved(error: Exception, now: datetime) -> EdgeError:  # noqa: ARG001 - one shape for every decision
    return NotApproved(
        "Reddit does not give this app access",
        remedy="since November 2025 every app needs Reddit's approval: apply for it as docs/sources.md says",
    )


def _small_scope(error: Exception, now: datetime) -> EdgeError:  # noqa: ARG001 - one shape for every decision
    return NotApproved(
        "the account's permission does not cover this listing",
        remedy="make a refresh_token with the scopes read and privatemessages",
    )


def _unusable(error: Exception, now: datetime) -> EdgeError:  # noqa: ARG001 - one shape for every decision
    said = " ".join(str(error).split())[:200]
    return BadPayload(f"Reddit does not accept the request ({said})", remedy="check the search or subreddit")


def _missing(error: Exception, now: datetime) -> EdgeError:  # noqa: ARG001 - one shape for every decision
    return BadPayload("Reddit does not know it, or it is banned", remedy="check the name of the subreddit")


def _misread(error: Exception, now: datetime) -> EdgeError:  # noqa: ARG001 - one shape for every decision
    return BadPayload("Reddit answers with something that cannot be read", remedy="tried again later; check base_url")


def _by_status(error: Exception, now: datetime) -> EdgeError:
    """The plain error of prawcore comes from the token address (400: wrong grant), or is a status it does not know."""
    status = getattr(getattr(error, "response", None), "status_code", 0)
    return _refused_credentials(error, now) if status == requests.codes.bad_request else _unusable(error, now)


def _api_said(error: Exception, now: datetime) -> EdgeError:
    items = getattr(error, "items", ())
    return _limited(error, now) if any(item.error_type == "RATELIMIT" for item in items) else _unusable(error, now)


Decision = Callable[[Exception, datetime], EdgeError]

DECISIONS: Final[Mapping[type[Exception], Decision]] = {
    Exhausted: _limited,
    prawcore.exceptions.PrawcoreException: _misread,
    prawcore.exceptions.InvalidInvocation: _refused_credentials,
    prawcore.exceptions.OAuthException: _refused_credentials,
    prawcore.exceptions.RequestException: _down,
    prawcore.exceptions.ResponseException: _by_status,
    prawcore.exceptions.BadJSON: _misread,
    prawcore.exceptions.BadRequest: _unusable,
    prawcore.exceptions.Conflict: _unusable,
    prawcore.exceptions.Forbidden: _not_approved,
    prawcore.exceptions.InsufficientScope: _small_scope,
    prawcore.exceptions.InvalidToken: _refused_credentials,
    prawcore.exceptions.NotFound: _missing,
    prawcore.exceptions.Redirect: _missing,
    prawcore.exceptions.ServerError: _down,
    prawcore.exceptions.SpecialError: _unusable,
    prawcore.exceptions.TooLarge: _unusable,
    prawcore.exceptions.TooManyRequests: _limited,
    prawcore.exceptions.URITooLong: _unusable,
    prawcore.exceptions.UnavailableForLegalReasons: _missing,
    praw.exceptions.PRAWException: _misread,
    praw.exceptions.ClientException: _misread,
    praw.exceptions.DuplicateReplaceException: _misread,
    praw.exceptions.InvalidFlairTemplateID: _unusable,
    praw.exceptions.InvalidImplicitAuth: _refused_credentials,
    praw.exceptions.InvalidURL: _unusable,
    praw.exceptions.MediaPostFailed: _misread,
    praw.exceptions.MissingRequiredAttributeException: _refused_credentials,
    praw.exceptions.ReadOnlyException: _refused_credentials,
    praw.exceptions.RedditAPIException: _api_said,
    praw.exceptions.TooLargeMediaException: _unusable,
    praw.exceptions.WebSocketException: _misread,
}
"""What each error of the client libraries means for us; a test checks that none is missing."""

_ODD_ANSWERS: Final = (NoListing, AssertionError, AttributeError, KeyError, IndexError, TypeError, ValueError)
"""What praw, and we, raise over an answer that is not of the shape that Reddit documents."""

FAULTS: Final = (Exhausted, prawcore.exceptions.PrawcoreException, praw.exceptions.PRAWException, *_ODD_ANSWERS)


def explained(error: Exception, now: datetime) -> EdgeError:
    """The client library's error as ours: the decision of its class, or of the nearest class above it."""
    decision = next((DECISIONS[kind] for kind in type(error).__mro__ if kind in DECISIONS), _misread)
    return decision(error, now)
