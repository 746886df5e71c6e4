"""Fetch one public address, within limits: time, size, redirects, and never into a private network.

The address that was checked is the address that is connected to, so a name server that answers differently the second
time (DNS rebinding) gains nothing. Proxies of the environment are not used: they would resolve the name again.
"""

import ipaddress
import socket
import ssl
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

import httpcore2
import httpx2

from monitor.config import NetworkSettings
from monitor.errors import AuthFailed, BadPayload, EdgeError, NotApproved, RateLimited, Refused, SourceDown

MAX_REDIRECTS: Final = 5
DEADLINE_FACTOR: Final = 4
"""A whole fetch, redirects included, may take this many times `network.timeout_seconds`."""

DEFAULT_WAIT: Final = timedelta(minutes=15)
LONGEST_WAIT: Final = timedelta(days=1)
NOT_MODIFIED: Final = 304
_MOVED: Final = frozenset({301, 302, 303, 307, 308})
_GONE: Final = frozenset({404, 410})
_TRY_LATER: Final = frozenset({408, 425})

_REACHABLE_METADATA: Final = ipaddress.ip_address("168.63.129.16")
"""Azure's metadata and wire server: the one metadata address that lies in public space."""
_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")
_TUNNELS: Final = tuple(ipaddress.ip_network(net) for net in ("2002::/16", "2001::/32", "64:ff9b:1::/48", "::/96"))

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What an address answered: header names in lower case, the body decoded, `url` after redirects.

    `status` is 2xx, or 304 when the caller's conditions held (then the body is empty).
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str


class Fetcher:
    """HTTP GET within the limits of `[network]`. Safe to use from several threads."""

    def __init__(self, settings: NetworkSettings) -> None:
        self._settings = settings
        self._allowed = frozenset(_host_key(host) for host in settings.allow_private)
        self._tls = httpx2.create_ssl_context()

    def get(self, url: str, headers: Mapping[str, str] | None = None, *, now: datetime | None = None) -> Response:
        """Fetch `url`, following at most five redirects, each checked like the first.

        `now` is what a Retry-After in seconds counts from (the clock by default). Raises Refused (a private network,
        too large, too many redirects, not http), RateLimited, AuthFailed (401), NotApproved (403), SourceDown
        (unreachable, timed out, 404, 5xx) and BadPayload (an answer that cannot be read).
        """
        backend = _CheckedBackend(
            allowed=self._allowed, deadline=time.monotonic() + self._settings.timeout_seconds * DEADLINE_FACTOR
        )
        given = {"user-agent": self._settings.user_agent, "accept-encoding": "gzip, deflate"}
        given.update({name.lower(): value for name, value in (headers or {}).items()})
        current = _parsed(url)
        with _PinnedTransport(backend, self._tls) as transport:
            for _ in range(MAX_REDIRECTS + 1):
                answer = self._one(transport, current, given)
                if not isinstance(answer, httpx2.URL):
                    return _judged(answer, now or datetime.now(UTC))
                if (answer.scheme, answer.host, answer.port) != (current.scheme, current.host, current.port):
                    # What the caller says to one host is not for the next.
                    given = {name: value for name, value in given.items() if name not in ("authorization", "cookie")}
                current = answer
        raise Refused(
            f"{shown(url)} redirects more than {MAX_REDIRECTS} times",
            remedy="open it in a browser and set url to the address it ends at",
        )

    def _one(self, transport: "_PinnedTransport", url: httpx2.URL, headers: Mapping[str, str]) -> Response | httpx2.URL:
        """One request; an address when the answer is a redirect."""
        timeout = httpx2.Timeout(self._settings.timeout_seconds)
        client = httpx2.Client(transport=transport, trust_env=False, follow_redirects=False, timeout=timeout)
        try:
            with client.stream("GET", url, headers=dict(headers)) as response:
                location = response.headers.get("location")
                if response.status_code in _MOVED and location:
                    return _parsed(str(url.join(location)))
                body = b"" if response.status_code == NOT_MODIFIED else b"".join(self._pieces(response, url))
                return Response(
                    status=response.status_code,
                    headers={name.lower(): value for name, value in response.headers.items()},
                    body=body,
                    url=str(url),
                )
        except EdgeError:
            raise
        except _FAULTS as error:
            raise _explained(error, url, self._settings) from error

    def _pieces(self, response: httpx2.Response, url: httpx2.URL) -> Iterator[bytes]:
        """The decoded body piece by piece; a compressed bomb is stopped at the same limit as a long answer."""
        limit = self._settings.max_bytes
        size = 0
        announced = response.headers.get("content-length", "")
        if announced.isdigit() and int(announced) > limit:
            raise _too_large(url, limit)
        for piece in response.iter_bytes():
            size += len(piece)
            if size > limit:
                raise _too_large(url, limit)
            yield piece


def shown(url: str | httpx2.URL) -> str:
    """An address as it may stand in a message: without user, password or the values of its query."""
    try:
        parsed = httpx2.URL(str(url))
    except httpx2.InvalidURL:
        return "an address that cannot be read"
    port = f":{parsed.port}" if parsed.port else ""
    host = f"[{parsed.host}]" if ":" in parsed.host else parsed.host
    return f"{parsed.scheme}://{host}{port}{parsed.path}" + ("?…" if parsed.query else "")


def is_public(address: str) -> bool:
    """Whether an IP address lies in the public internet; metadata services and embedded private ones do not."""
    ip: Address = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is not None or any(ip in tunnel for tunnel in _TUNNELS):
            return False  # no public name answers with these; they only hide an IPv4 address from a check
        if ip in _NAT64:
            # On networks with IPv6 alone every IPv4 host looks like this: what counts is the host behind it.
            return is_public(str(ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)))
        if ip.is_site_local:  # private networks of before 2004, which is_global does not know
            return False
    return ip.is_global and not ip.is_multicast and not ip.is_reserved and ip != _REACHABLE_METADATA


def wait_until(header: str | None, now: datetime) -> datetime:
    """When a Retry-After (seconds or a date) allows the next try; 15 minutes without one, a day at most."""
    text = (header or "").strip()
    until = now + DEFAULT_WAIT
    try:
        until = now + timedelta(seconds=float(text)) if text else until
    except (ValueError, OverflowError):
        try:
            date = parsedate_to_datetime(text)
            until = date if date.tzinfo else date.replace(tzinfo=UTC)
        except ValueError:
            pass
    return min(max(until, now), now + LONGEST_WAIT)


class TooSlow(Exception):
    """The deadline of the whole fetch has passed."""


class _Unresolved(Exception):
    """The host has no address."""


class _CheckedBackend(httpcore2.NetworkBackend):
    """Connects to checked addresses only, and lets no read or write pass the deadline."""

    def __init__(self, *, allowed: frozenset[str], deadline: float) -> None:
        self._allowed = allowed
        self._deadline = deadline
        self._sockets = httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        """Resolve once, check, and connect to what was checked; the next address is tried when one is dead."""
        fault: Exception | None = None
        for address in self._addresses(host, port):
            try:
                stream = self._sockets.connect_tcp(
                    address, port, within(self._deadline, timeout), local_address, socket_options
                )
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                fault = error
            else:
                return _DeadlineStream(stream, self._deadline)
        raise fault or httpcore2.ConnectError("no address")

    def _addresses(self, host: str, port: int) -> list[str]:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise _Unresolved(host) from error
        addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
        if _host_key(host) in self._allowed:
            return addresses
        public = [address for address in addresses if is_public(address)]
        if not public:
            raise Refused(
                f"{host} is in a private network and is not fetched",
                remedy=f'if that is meant, add "{host}" to allow_private under [network]',
            )
        return public


class _DeadlineStream(httpcore2.NetworkStream):
    """A connection whose every step ends by the deadline, however slowly the other side drips."""

    def __init__(self, stream: httpcore2.NetworkStream, deadline: float) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, within(self._deadline, timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, within(self._deadline, timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        secured = self._stream.start_tls(ssl_context, server_hostname, within(self._deadline, timeout))
        return _DeadlineStream(secured, self._deadline)

    def get_extra_info(self, info: str) -> object:
        return self._stream.get_extra_info(info)


def within(deadline: float, timeout: float | None) -> float:
    """The seconds a step may take: its own timeout, or what is left until the deadline (monotonic seconds).

    Raises TooSlow when nothing is left.
    """
    left = deadline - time.monotonic()
    if left <= 0:
        raise TooSlow
    return left if timeout is None else min(timeout, left)


class _PinnedTransport(httpx2.BaseTransport):
    """httpx2 over a pool that uses our backend; httpx2's own transport does not let one be chosen."""

    def __init__(self, backend: httpcore2.NetworkBackend, tls: ssl.SSLContext) -> None:
        self._pool = httpcore2.ConnectionPool(ssl_context=tls, network_backend=backend)

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send one request; the body is streamed."""
        answer = self._pool.handle_request(
            httpcore2.Request(
                method=request.method,
                url=httpcore2.URL(
                    scheme=request.url.raw_scheme,
                    host=request.url.raw_host,
                    port=request.url.port,
                    target=request.url.raw_path,
                ),
                headers=request.headers.raw,
                content=b"",
                extensions=request.extensions,
            )
        )
        return httpx2.Response(
            status_code=answer.status, headers=answer.headers, stream=_Body(answer), extensions=answer.extensions
        )

    def close(self) -> None:
        self._pool.close()


class _Body(httpx2.SyncByteStream):
    def __init__(self, answer: httpcore2.Response) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        yield from self._answer.iter_stream()

    def close(self) -> None:
        self._answer.close()


_FAULTS: Final = (
    TooSlow,
    _Unresolved,
    httpcore2.TimeoutException,
    httpcore2.NetworkError,
    httpcore2.ProtocolError,
    httpcore2.UnsupportedProtocol,
    httpx2.HTTPError,
    httpx2.InvalidURL,
)


def _explained(error: Exception, url: httpx2.URL, settings: NetworkSettings) -> EdgeError:
    """What went wrong below us, as one of our errors."""
    where = shown(url)
    if isinstance(error, _Unresolved):
        return SourceDown(f"{url.host} has no address", remedy="check the spelling of the address and this network")
    if isinstance(error, TooSlow):
        limit = settings.timeout_seconds * DEADLINE_FACTOR
        return SourceDown(
            f"{where} did not finish within {limit:g} s",
            remedy=f"tried again later; the limit is {DEADLINE_FACTOR} times timeout_seconds under [network]",
        )
    if isinstance(error, httpcore2.TimeoutException | httpx2.TimeoutException):
        return SourceDown(
            f"{where} did not answer within {settings.timeout_seconds:g} s",
            remedy="tried again later; the limit is timeout_seconds under [network]",
        )
    if isinstance(error, httpx2.DecodingError):
        return BadPayload(f"{where} sends a compressed body that cannot be unpacked", remedy="tell its owner")
    if isinstance(error, httpx2.InvalidURL | httpcore2.UnsupportedProtocol | httpx2.UnsupportedProtocol):
        return _unfit(where)
    why = "its certificate is not trusted" if "CERTIFICATE" in str(error) else "the connection failed"
    if isinstance(error, httpcore2.ProtocolError | httpx2.ProtocolError):
        why = "it breaks off, or answers with something that is no HTTP"
    return SourceDown(f"{where} cannot be reached: {why}", remedy="tried again later; check the address")


def _judged(response: Response, now: datetime) -> Response:
    """The response if its status is a success or 304, else the error that its status stands for."""
    status, where = response.status, shown(response.url)
    if 200 <= status < 300 or status == NOT_MODIFIED:  # noqa: PLR2004 - the class of success
        return response
    if status == 429:  # noqa: PLR2004 - Too Many Requests
        until = wait_until(response.headers.get("retry-after"), now)
        raise RateLimited(f"{where} asks us to wait", until=until, remedy="set a longer every_seconds")
    if status in (401, 407):
        raise AuthFailed(f"{where} asks for a user and password, or refuses ours", remedy="check its credentials")
    if status == 403:  # noqa: PLR2004 - Forbidden
        raise NotApproved(f"{where} refuses us access (403)", remedy="ask its owner to allow this monitor")
    if status in _GONE:
        raise SourceDown(f"{where} does not exist ({status})", remedy="check the address; it may have moved")
    if status >= 500 or status in _TRY_LATER:  # noqa: PLR2004 - the class of server errors
        raise SourceDown(f"{where} answers with a server error ({status})", remedy="tried again later")
    raise BadPayload(f"{where} answers with status {status}", remedy="check the address")


def _parsed(url: str) -> httpx2.URL:
    try:
        parsed = httpx2.URL(url)
    except (httpx2.InvalidURL, ValueError) as error:
        raise _unfit("the address") from error
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise _unfit(shown(url))
    return parsed


def _unfit(where: str) -> Refused:
    return Refused(f"{where} is not an address that can be fetched", remedy="write it as https://host/path")


def _too_large(url: httpx2.URL, limit: int) -> Refused:
    return Refused(
        f"{shown(url)} is larger than {limit / 1024 / 1024:g} MB and was not read",
        remedy="if that is meant, raise max_bytes under [network]",
    )


def _host_key(host: str) -> str:
    return host.strip().strip("[]").rstrip(".").lower()
