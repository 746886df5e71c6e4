"""A `requests` session for client libraries that set no limits of their own: time, size, redirects, and the host.

praw and tweepy speak through `requests`, which by itself waits for ever and reads without end.
"""

import time
from collections.abc import Iterator, Mapping
from typing import Final
from urllib.parse import urlsplit, urlunsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.response import BaseHTTPResponse

from monitor.config import NetworkSettings
from monitor.errors import EdgeError, Refused, SourceDown
from monitor.fetch import DEADLINE_FACTOR, shown


def bounded_session(network: NetworkSettings, moved: Mapping[str, str] | None = None) -> requests.Session:
    """A session within `network`'s limits; requests to a host in `moved` go to the address it names instead.

    Its errors are those of `requests`, and SourceDown (too slow) or Refused (too large). Redirects are not followed.
    """
    session = _Straight()
    adapter = _BoundedAdapter(network, moved or {})
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


class _Straight(requests.Session):
    """Follows no redirect: an API that moves is a matter for a person, and a token is for one host."""

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Nowhere."""


class _BoundedAdapter(HTTPAdapter):
    def __init__(self, network: NetworkSettings, moved: Mapping[str, str]) -> None:
        self._network = network
        self._moved = {_origin(old): new for old, new in moved.items()}
        super().__init__()

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: object = None,  # noqa: ARG002 - the client's own is replaced by ours
        verify: bool | str = True,
        cert: str | tuple[str, str] | None = None,
        proxies: dict[str, str] | None = None,
    ) -> requests.Response:
        """Send with our timeouts, and hand back a response whose body cannot be endless."""
        request.url = _redirected(str(request.url), self._moved)
        seconds = self._network.timeout_seconds
        deadline = time.monotonic() + seconds * DEADLINE_FACTOR
        response = super().send(
            request, stream=stream, timeout=(seconds, seconds), verify=verify, cert=cert, proxies=proxies
        )
        response.raw = _BoundedBody(response.raw, self._network, deadline, shown(request.url))
        return response


class _BoundedBody:
    """urllib3's response, read up to a size and a deadline; everything else is passed through."""

    def __init__(self, raw: BaseHTTPResponse, network: NetworkSettings, deadline: float, where: str) -> None:
        self._raw = raw
        self._network = network
        self._deadline = deadline
        self._where = where

    def __getattr__(self, name: str) -> object:
        return getattr(self._raw, name)

    def stream(self, amt: int | None = None, decode_content: bool | None = None) -> Iterator[bytes]:
        """The decoded body in pieces; raises Refused beyond the size, SourceDown beyond the deadline."""
        size = 0
        try:
            for piece in self._raw.stream(amt, decode_content=decode_content):
                size += len(piece)
                self._check(size)
                yield piece
        except EdgeError:
            self._raw.close()  # nobody else would: a connection that is still being read is in no pool
            raise

    def _check(self, size: int) -> None:
        if size > self._network.max_bytes:
            raise Refused(
                f"{self._where} answers with more than {self._network.max_bytes / 1024 / 1024:g} MB",
                remedy="if that is meant, raise max_bytes under [network]",
            )
        if time.monotonic() > self._deadline:
            raise SourceDown(
                f"{self._where} did not finish within {self._network.timeout_seconds * DEADLINE_FACTOR:g} s",
                remedy="tried again later",
            )


_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


def _origin(url: str) -> tuple[str, str, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port or _DEFAULT_PORTS.get(parts.scheme)


def _redirected(url: str, moved: Mapping[tuple[str, str, int | None], str]) -> str:
    """The same path and query on the host that stands in, below the path of its address."""
    base = moved.get(_origin(url))
    if base is None:
        return url
    new, old = urlsplit(base), urlsplit(url)
    return urlunsplit((new.scheme, new.netloc, new.path.rstrip("/") + old.path, old.query, ""))
