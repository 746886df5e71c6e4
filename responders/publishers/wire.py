"""What every door that speaks through `requests` shares: quiet clients, and knowing what never left."""

import logging
from datetime import UTC, datetime
from typing import Final

import requests
import urllib3.exceptions

_TALKATIVE: Final = ("tweepy", "oauthlib", "requests_oauthlib", "prawcore", "praw")


class NotTaken(Exception):
    """An answer that is not 2xx, or no answer at all (then `response` is None and `cause` says why, where known).

    Raised below the client libraries, so that none of them sleeps, sends again, or trips over a body it does not know.
    """

    def __init__(self, response: requests.Response | None, cause: BaseException | None = None) -> None:
        super().__init__("no clear answer" if response is None else f"status {response.status_code}")
        self.response = response
        self.cause = cause


def checked(response: requests.Response) -> requests.Response:
    """The response when it is 2xx; raises NotTaken otherwise."""
    if not 200 <= response.status_code < 300:  # noqa: PLR2004 - HTTP's own numbers
        raise NotTaken(response)
    return response


def clear_no(status: int) -> bool:
    """Whether a status says for certain that nothing was taken: 4xx, but for 408, which a proxy gives up with."""
    return 400 <= status < 500 and status != requests.codes.request_timeout  # noqa: PLR2004 - HTTP's own numbers


def quiet() -> None:
    """Keep the clients from logging headers, signatures and tokens, whatever level the program logs at."""
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.INFO)


def never_left(error: BaseException | None) -> bool:
    """Whether a request certainly never reached anybody: no connection was made at all."""
    if isinstance(error, requests.ConnectTimeout):
        return True
    cause = error.args[0] if isinstance(error, requests.ConnectionError) and error.args else None
    reason = getattr(cause, "reason", cause)
    return isinstance(reason, urllib3.exceptions.NewConnectionError | urllib3.exceptions.ConnectTimeoutError)


def now() -> datetime:
    """The time at this edge, aware, in UTC."""
    return datetime.now(UTC)
