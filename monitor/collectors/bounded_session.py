"""A `requests` session for client libraries that set no limits of their own: time, size, redirects, and the host.

praw and tweepy speak through `requests`, which by itself waits for ever and reads without end.
"""

import io
import socket
import time
from collections.abc import Iterator, Mapping
from http.client import HTTPResponse
from typing import Final
from urllib.parse import urlsplit, urlunsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager, ProxyManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.response import BaseHTTPResponse

from monitor.config import NetworkSettings
from monitor.errors import EdgeError, Refused, SourceDown
from monitor.fetch import DEADLINE_FACTOR, TooSlow, shown, within


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


class _DeadlineReader(io.RawIOBase):
    """What a server sends, each wait of which ends by the deadline (monotonic seconds)."""

    def __init__(self, connection: socket.socket, raw: io.RawIOBase, deadline: float) -> None:
        self._connection = connection
        self._raw = raw
        self._patience = connection.gettimeout()
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int | None:  # type: ignore[override]  # io asks for any buffer
        self._connection.settimeout(within(self._deadline, self._patience))
        try:
            return self._raw.readinto(buffer)
        except TimeoutError:
            within(self._deadline, None)
            raise

    def close(self) -> None:
        self._raw.close()
        super().close()


class _TimedResponse(HTTPResponse):
    """An answer whose headers and body, however slowly they drip, end by the deadline; raises TooSlow.

    The time-out of the connection is all that `requests` sets: it is the time of one wait, and says when to give up.
    """

    def __init__(self, sock: socket.socket, *args: object, **options: object) -> None:
        super().__init__(sock, *args, **options)  # type: ignore[arg-type]  # passed through as it came
        deadline = time.monotonic() + (sock.gettimeout() or 0.0) * DEADLINE_FACTOR
        self.fp = io.BufferedReader(_DeadlineReader(sock, self.fp.detach(), deadline))


class _TimedConnection(HTTPConnection):
    response_class = _TimedResponse


class _TimedSecureConnection(HTTPSConnection):
    response_class = _TimedResponse


class _TimedPool(HTTPConnectionPool):
    ConnectionCls = _TimedConnection


class _TimedSecurePool(HTTPSConnectionPool):
    ConnectionCls = _TimedSecureConnection


_TIMED_POOLS: Final = {"http": _TimedPool, "https": _TimedSecurePool}


class _BoundedAdapter(HTTPAdapter):
    def __init__(self, network: NetworkSettings, moved: Mapping[str, str]) -> None:
        self._network = network
        self._moved = {_origin(old): new for old, new in moved.items()}
        super().__init__()

    def init_poolmanager(self, *args: object, **options: object) -> None:
        """Make the pool of connections, whose answers meet our deadline."""
        super().init_poolmanager(*args, **options)  # type: ignore[arg-type]  # passed through as it came
        self.poolmanager: PoolManager
        self.poolmanager.pool_classes_by_scheme = _TIMED_POOLS

    def proxy_manager_for(self, proxy: str, **options: object) -> ProxyManager:
        """The same for connections through a proxy."""
        manager: ProxyManager = super().proxy_manager_for(proxy, **options)
        manager.pool_classes_by_scheme = _TIMED_POOLS
        return manager

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
        where = shown(request.url)
        try:
            response = super().send(
                request, stream=stream, timeout=(seconds, seconds), verify=verify, cert=cert, proxies=proxies
            )
        except TooSlow as error:
            raise _too_slow(where, self._network) from error
        response.raw = _BoundedBody(response.raw, self._network, where)
        return response


class _BoundedBody:
    """urllib3's response, read up to a size; everything else is passed through."""

    def __init__(self, raw: BaseHTTPResponse, network: NetworkSettings, where: str) -> None:
        self._raw = raw
        self._network = network
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
        except (EdgeError, TooSlow) as error:
            self._raw.close()  # nobody else would: a connection that is still being read is in no pool
            if isinstance(error, TooSlow):
                raise _too_slow(self._where, self._network) from error
            raise

    def _check(self, size: int) -> None:
        if size > self._network.max_bytes:
            raise Refused(
                f"{self._where} answers with more than {self._network.max_bytes / 1024 / 1024:g} MB",
                remedy="if that is meant, raise max_bytes under [network]",
            )


def _too_slow(where: str, network: NetworkSettings) -> SourceDown:
    limit = network.timeout_seconds * DEADLINE_FACTOR
    return SourceDown(f"{where} did not finish within {limit:g} s", remedy="tried again later")


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
