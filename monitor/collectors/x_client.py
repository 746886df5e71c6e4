"""A tweepy client within our limits, that logs no token and whose errors are ours."""

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Final

import requests
import tweepy  # type: ignore[import-untyped]  # ships no types
from pydantic import SecretStr

from monitor.collectors.bounded_session import bounded_session
from monitor.collectors.plain_json import dict_of, dicts_of, text_of
from monitor.config import NetworkSettings
from monitor.errors import AuthFailed, BadPayload, BudgetSpent, EdgeError, NotApproved, RateLimited, SourceDown
from monitor.fetch import LONGEST_WAIT

TWEEPY_HOST: Final = "https://api.twitter.com"
"""The host that tweepy has built in; requests to it go to the source's `base_url`."""
_DIGITS_OF_NO_TIME: Final = 12  # seconds since 1970 have ten
LIMIT_WINDOW: Final = timedelta(minutes=15)
"""X counts requests in windows of this length (docs.x.com, rate limits)."""


@contextmanager
def signed_in(token: SecretStr, base_url: str, network: NetworkSettings) -> Iterator[tweepy.Client]:
    """A client for one fetch; it answers with plain JSON, waits for no limit and follows no redirect."""
    # tweepy logs the Authorization header at DEBUG; below INFO it says nothing that we miss.
    logging.getLogger("tweepy").setLevel(logging.INFO)
    client = tweepy.Client(bearer_token=token.get_secret_value(), return_type=dict, wait_on_rate_limit=False)
    client.user_agent = network.user_agent
    client.session = bounded_session(network, {TWEEPY_HOST: base_url})
    client.session.hooks["response"].append(_raise_by_status)
    with client.session:
        yield client


def _raise_by_status(response: requests.Response, **_: object) -> None:
    """Raise tweepy's error for a failed request by its status; tweepy trips over bodies it does not expect."""
    status = response.status_code
    if status < 300:  # noqa: PLR2004 - the class of successes
        return
    try:
        body = dict_of(response.json())
    except ValueError:
        body = {}
    errors = body.get("errors")
    words = (text_of(body, "title"), text_of(body, "detail"))
    said = {"errors": dicts_of(errors), "detail": ": ".join(word for word in words if word)}
    if status == 429:  # noqa: PLR2004 - Too Many Requests
        reset = response.headers.get("x-rate-limit-reset", "")
        seconds = int(reset) if reset.isdecimal() and len(reset) < _DIGITS_OF_NO_TIME else None
        raise tweepy.TooManyRequests(response, response_json=said, reset_time=seconds)
    server = tweepy.TwitterServerError if status >= 500 else tweepy.HTTPException  # noqa: PLR2004 - server errors
    raise _BY_STATUS.get(status, server)(response, response_json=said)


def next_day(now: datetime) -> datetime:
    """The coming midnight, UTC: X counts days so."""
    return (now.astimezone(UTC) + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)


def next_month(now: datetime) -> datetime:
    """The first midnight of the coming month, UTC."""
    first = now.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return (first + timedelta(days=32)).replace(day=1)


def forgets(error: Exception) -> bool:
    """Whether X refuses because the newest post known is older than its recent search reaches."""
    return isinstance(error, tweepy.BadRequest) and "since_id" in str(error)


def _limited(error: Exception, now: datetime) -> EdgeError:
    if "usagecap" in str(error).lower().replace(" ", ""):
        return BudgetSpent("X's own monthly cap is reached", until=next_month(now), remedy="raise it with X, or wait")
    reset = getattr(error, "reset_time", None)
    seconds = reset - now.timestamp() if isinstance(reset, int) else LIMIT_WINDOW.total_seconds()
    until = now + timedelta(seconds=min(max(seconds, 0.0), LONGEST_WAIT.total_seconds()))
    return RateLimited("X asks us to wait", until=until)


def _not_approved(error: Exception, now: datetime) -> EdgeError:  # noqa: ARG001 - one shape for every decision
    remedy = "check in the X developer console that the app is in a project with access to search and mentions"
    return NotApproved("X does not give this app access", remedy=remedy)


def _refused_token(error: Exception, now: datetime) -> EdgeError:  # noqa: ARG001 - one shape for every decision
    return AuthFailed("X refuses the bearer token", remedy="make a new one in the X developer console and set it")


def _down(error: Exception, now: datetime) -> EdgeError:  # noqa: ARG001 - one shape for every decision
    return SourceDown("X cannot be reached or answers with a server error", remedy="tried again later")


def _unusable(error: Exception, now: datetime) -> EdgeError:  # noqa: ARG001 - one shape for every decision
    said = " ".join(str(error).split())[:200]
    return BadPayload(f"X does not accept the request: {said}", remedy="check query or mentions_of of this source")


def _no_page(error: Exception, now: datetime) -> EdgeError:  # noqa: ARG001 - one shape for every decision
    return BadPayload("X answers with something that is no page of posts", remedy="tried again later; check base_url")


def _other_status(error: Exception, now: datetime) -> EdgeError:
    status = int(getattr(getattr(error, "response", None), "status_code", 0))
    if status == 402:  # noqa: PLR2004 - Payment Required
        remedy = "buy credits in the X developer console"
        return BudgetSpent("the credits at X are used up", until=next_day(now), remedy=remedy)
    return _unusable(error, now)


Decision = Callable[[Exception, datetime], EdgeError]

_BY_STATUS: Final = {
    400: tweepy.BadRequest,
    401: tweepy.Unauthorized,
    403: tweepy.Forbidden,
    404: tweepy.NotFound,
}
_ODD_ANSWERS: Final = (AttributeError, KeyError, TypeError, ValueError)
"""What tweepy, and we, raise over an answer that is not of the shape that X documents."""

DECISIONS: Final[Mapping[type[Exception], Decision]] = {
    tweepy.TweepyException: _down,
    tweepy.HTTPException: _other_status,
    tweepy.BadRequest: _unusable,
    tweepy.Unauthorized: _refused_token,
    tweepy.Forbidden: _not_approved,
    tweepy.NotFound: _unusable,
    tweepy.TooManyRequests: _limited,
    tweepy.TwitterServerError: _down,
    requests.RequestException: _down,
    requests.JSONDecodeError: _no_page,
}
"""What each error of the client libraries means for us; a test checks that none is missing."""


FAULTS: Final = (tweepy.TweepyException, requests.RequestException, *_ODD_ANSWERS)


def explained(error: Exception, now: datetime) -> EdgeError:
    """The client library's error as ours: the decision of its class, or of the nearest class above it."""
    decision = next((DECISIONS[kind] for kind in type(error).__mro__ if kind in DECISIONS), _no_page)
    return decision(error, now)
