import gzip
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpcore2
import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from monitor import fetch
from monitor.config import NetworkSettings
from monitor.errors import AuthFailed, BadPayload, EdgeError, NotApproved, RateLimited, Refused, SourceDown
from monitor.fetch import Fetcher, is_public, shown, wait_until, within

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LOCAL = NetworkSettings(allow_private=("127.0.0.1", "localhost"), max_bytes=64 * 1024, timeout_seconds=60)


@pytest.fixture
def fetcher() -> Fetcher:
    return Fetcher(LOCAL)


def test_body_headers_and_final_address(httpserver: HTTPServer, fetcher: Fetcher) -> None:
    httpserver.expect_request("/a").respond_with_data("", status=302, headers={"Location": "/b"})
    httpserver.expect_request("/b").respond_with_data("hello", headers={"ETag": '"1"'})
    response = fetcher.get(httpserver.url_for("/a"))
    assert (response.status, response.body, response.headers["etag"]) == (200, b"hello", '"1"')
    assert response.url == httpserver.url_for("/b")


def test_own_user_agent_and_the_callers_headers(httpserver: HTTPServer, fetcher: Fetcher) -> None:
    httpserver.expect_request("/").respond_with_handler(
        lambda request: Response(f"{request.headers['User-Agent']}|{request.headers['If-None-Match']}")
    )
    body = fetcher.get(httpserver.url_for("/"), {"If-None-Match": '"1"'}).body
    assert body.decode() == f'{LOCAL.user_agent}|"1"'


def test_not_modified_is_an_answer(httpserver: HTTPServer, fetcher: Fetcher) -> None:
    httpserver.expect_request("/").respond_with_data("", status=304)
    response = fetcher.get(httpserver.url_for("/"))
    assert (response.status, response.body) == (304, b"")


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (401, AuthFailed),
        (403, NotApproved),
        (404, SourceDown),
        (410, SourceDown),
        (418, BadPayload),
        (500, SourceDown),
        (503, SourceDown),
    ],
)
def test_each_status_is_one_of_our_errors(
    httpserver: HTTPServer, fetcher: Fetcher, status: int, error: type[EdgeError]
) -> None:
    httpserver.expect_request("/").respond_with_data("", status=status)
    with pytest.raises(error) as caught:
        fetcher.get(httpserver.url_for("/?key=hidden"))
    assert "hidden" not in str(caught.value)
    assert caught.value.remedy


def test_too_many_requests_says_until_when(httpserver: HTTPServer, fetcher: Fetcher) -> None:
    httpserver.expect_request("/").respond_with_data("", status=429, headers={"Retry-After": "90"})
    with pytest.raises(RateLimited) as caught:
        fetcher.get(httpserver.url_for("/"), now=NOW)
    assert caught.value.until == NOW + timedelta(seconds=90)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("30", NOW + timedelta(seconds=30)),
        ("Sun, 01 Mar 2026 12:05:00 GMT", NOW + timedelta(minutes=5)),
        ("Sun, 01 Mar 2026 11:00:00 GMT", NOW),
        ("-5", NOW),
        ("1e300", NOW + timedelta(minutes=15)),
        ("99999999", NOW + timedelta(days=1)),
        ("nan", NOW + timedelta(minutes=15)),
        ("soon", NOW + timedelta(minutes=15)),
        (None, NOW + timedelta(minutes=15)),
    ],
)
def test_retry_after(header: str | None, expected: datetime) -> None:
    assert wait_until(header, NOW) == expected


def test_endless_answer_stops_at_the_limit(httpserver: HTTPServer, fetcher: Fetcher) -> None:
    def endless(_: Request) -> Response:
        def pieces() -> Iterator[bytes]:
            while True:
                yield b"<item>" * 1000

        return Response(pieces())

    httpserver.expect_request("/").respond_with_handler(endless)
    with pytest.raises(Refused, match=r"larger than 0\.0625 MB") as caught:
        fetcher.get(httpserver.url_for("/"))
    assert "max_bytes" in caught.value.remedy


def test_announced_size_is_refused_before_reading(httpserver: HTTPServer, fetcher: Fetcher) -> None:
    httpserver.expect_request("/").respond_with_data(b"x" * (LOCAL.max_bytes + 1))
    with pytest.raises(Refused, match="larger"):
        fetcher.get(httpserver.url_for("/"))


def test_compressed_bomb_stops_at_the_limit(httpserver: HTTPServer, fetcher: Fetcher) -> None:
    bomb = gzip.compress(gzip.compress(bytes(20_000_000)))
    assert len(bomb) < LOCAL.max_bytes
    httpserver.expect_request("/").respond_with_data(bomb, headers={"Content-Encoding": "gzip, gzip"})
    with pytest.raises(Refused, match="larger"):
        fetcher.get(httpserver.url_for("/"))


def test_broken_compression_is_a_bad_payload(httpserver: HTTPServer, fetcher: Fetcher) -> None:
    httpserver.expect_request("/").respond_with_data(b"not gzip", headers={"Content-Encoding": "gzip"})
    with pytest.raises(BadPayload, match="cannot be unpacked"):
        fetcher.get(httpserver.url_for("/"))


def test_redirects_end(httpserver: HTTPServer, fetcher: Fetcher) -> None:
    httpserver.expect_request("/").respond_with_data("", status=301, headers={"Location": "/"})
    with pytest.raises(Refused, match="redirects more than 5 times"):
        fetcher.get(httpserver.url_for("/"))
    assert len(httpserver.log) == 6


@pytest.mark.parametrize(
    "target", ["http://10.0.0.1/", "http://[::1]:1/", "http://169.254.169.254/latest", "http://2130706433/"]
)
def test_redirect_into_a_private_network_is_refused(httpserver: HTTPServer, fetcher: Fetcher, target: str) -> None:
    httpserver.expect_request("/").respond_with_data("", status=302, headers={"Location": target})
    with pytest.raises(Refused, match="private network") as caught:
        fetcher.get(httpserver.url_for("/"))
    assert "allow_private" in caught.value.remedy


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://shop.example/", "javascript:alert(1)"])
def test_redirect_to_another_scheme_is_refused(httpserver: HTTPServer, fetcher: Fetcher, target: str) -> None:
    httpserver.expect_request("/").respond_with_data("", status=302, headers={"Location": target})
    with pytest.raises(Refused, match="not an address that can be fetched"):
        fetcher.get(httpserver.url_for("/"))


def test_loopback_is_refused_unless_allowed(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/").respond_with_data("secret")
    with pytest.raises(Refused, match="private network"):
        Fetcher(NetworkSettings()).get(httpserver.url_for("/"))
    assert not httpserver.log


def test_credentials_are_not_handed_to_another_host(httpserver: HTTPServer, fetcher: Fetcher) -> None:
    httpserver.expect_request("/a").respond_with_data(
        "", status=302, headers={"Location": f"http://127.0.0.1:{httpserver.port}/b"}
    )
    httpserver.expect_request("/b").respond_with_handler(
        lambda request: Response(str("Authorization" in request.headers))
    )
    body = fetcher.get(f"http://localhost:{httpserver.port}/a", {"Authorization": "Basic eDp5"}).body
    assert body == b"False"


def test_unreachable_is_source_down(fetcher: Fetcher) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        with pytest.raises(SourceDown, match="cannot be reached"):  # while the port is held
            fetcher.get(f"http://127.0.0.1:{port}/")


def test_silence_is_source_down() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        quick = Fetcher(LOCAL.model_copy(update={"timeout_seconds": 0.5}))
        with pytest.raises(SourceDown, match=r"did not answer within 0\.5 s"):
            quick.get(f"http://127.0.0.1:{silent.getsockname()[1]}/")


def test_unknown_host_is_source_down(monkeypatch: pytest.MonkeyPatch, fetcher: Fetcher) -> None:
    def unknown(*_: object, **__: object) -> list[object]:
        raise socket.gaierror

    monkeypatch.setattr(fetch.socket, "getaddrinfo", unknown)
    with pytest.raises(SourceDown, match=r"shop\.example has no address"):
        fetcher.get("http://shop.example/")


class Resolver:
    """Answers with one list of addresses after the other, and counts the questions."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.asked = 0

    def __call__(self, host: str, port: int, **_: object) -> list[object]:  # noqa: ARG002 - getaddrinfo's signature
        self.asked += 1
        return [(0, 0, 0, "", (address, port)) for address in self.answers[min(self.asked, len(self.answers)) - 1]]


@pytest.fixture
def connected(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    addresses: list[str] = []

    def connect(_: object, host: str, *__: object, **___: object) -> httpcore2.NetworkStream:
        addresses.append(host)
        raise httpcore2.ConnectError("refused")

    monkeypatch.setattr(httpcore2.SyncBackend, "connect_tcp", connect)
    return addresses


def test_the_checked_address_is_the_one_connected_to(monkeypatch: pytest.MonkeyPatch, connected: list[str]) -> None:
    resolver = Resolver(["93.184.215.14", "10.1.1.1"], ["127.0.0.1"])
    monkeypatch.setattr(fetch.socket, "getaddrinfo", resolver)
    with pytest.raises(SourceDown):
        Fetcher(NetworkSettings()).get("http://rebinding.example/")
    assert (connected, resolver.asked) == (["93.184.215.14"], 1)


def test_name_of_a_private_address_is_refused(monkeypatch: pytest.MonkeyPatch, connected: list[str]) -> None:
    monkeypatch.setattr(fetch.socket, "getaddrinfo", Resolver(["192.168.0.7"]))
    with pytest.raises(Refused, match=r"intranet\.example"):
        Fetcher(NetworkSettings()).get("http://intranet.example/")
    assert connected == []


def test_the_next_address_is_tried(monkeypatch: pytest.MonkeyPatch, connected: list[str]) -> None:
    monkeypatch.setattr(fetch.socket, "getaddrinfo", Resolver(["2606:4700::1111", "1.1.1.1"]))
    with pytest.raises(SourceDown):
        Fetcher(NetworkSettings()).get("http://shop.example/")
    assert connected == ["2606:4700::1111", "1.1.1.1"]


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("1.1.1.1", True),
        ("2606:4700::1111", True),
        ("64:ff9b::101:101", True),
        ("127.0.0.1", False),
        ("10.2.3.4", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("100.64.0.1", False),
        ("100.100.100.200", False),
        ("169.254.169.254", False),
        ("168.63.129.16", False),
        ("0.0.0.0", False),  # noqa: S104 - an address to refuse, not to bind
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("240.0.0.1", False),
        ("::", False),
        ("::1", False),
        ("fe80::1%eth0", False),
        ("fec0::1", False),
        ("::ffff:0:7f00:1", False),
        ("fd00:ec2::254", False),
        ("ff02::1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:1.1.1.1", False),
        ("::127.0.0.1", False),
        ("64:ff9b::7f00:1", False),
        ("64:ff9b::a00:1", False),
        ("64:ff9b:1::1", False),
        ("2002:7f00:1::", False),
        ("2001:0:1::1", False),
    ],
)
def test_what_is_public(address: str, public: bool) -> None:
    assert is_public(address) is public


def test_a_dripping_server_meets_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0, 3.0, 7.9, 8.1])
    monkeypatch.setattr(fetch.time, "monotonic", lambda: next(clock))
    stream = fetch._DeadlineStream(httpcore2.MockStream([b"a", b"b", b"c", b"d"]), 8.0)
    assert [stream.read(1, 5.0) for _ in range(3)] == [b"a", b"b", b"c"]
    with pytest.raises(fetch.TooSlow):
        stream.read(1, 5.0)


def test_a_step_gets_what_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch.time, "monotonic", lambda: 10.0)
    assert (within(12.0, 5.0), within(30.0, 5.0), within(12.0, None)) == (2.0, 5.0, 2.0)


def test_an_address_is_shown_without_its_secrets() -> None:
    assert shown("https://user:pass@shop.example:8443/feed?key=abc#x") == "https://shop.example:8443/feed?…"
    assert shown("http://[2606:4700::1111]/f") == "http://[2606:4700::1111]/f"


@pytest.mark.parametrize("url", ["", "shop.example/feed", "http://", "http://[1", "http://a b/", "http://x:99999/"])
def test_an_address_that_is_none(url: str) -> None:
    with pytest.raises((Refused, SourceDown)):
        Fetcher(NetworkSettings()).get(url)
