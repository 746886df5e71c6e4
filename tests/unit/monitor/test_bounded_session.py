import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
import requests
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from monitor.collectors import bounded_session as module
from monitor.collectors.bounded_session import bounded_session
from monitor.config import NetworkSettings
from monitor.errors import Refused, SourceDown

NETWORK = NetworkSettings(timeout_seconds=60, max_bytes=64 * 1024)


def test_requests_go_to_the_host_that_stands_in(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/below/2/posts", query_string="q=1").respond_with_data("here")
    moved = {"https://api.platform.example": httpserver.url_for("/below/")}
    with bounded_session(NETWORK, moved) as session:
        assert session.get("https://api.platform.example/2/posts?q=1").text == "here"
        assert session.get("https://api.platform.example:443/2/posts?q=1").text == "here"


def test_no_redirect_is_followed(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/").respond_with_data("", status=302, headers={"Location": "/elsewhere"})
    with bounded_session(NETWORK) as session:
        assert session.get(httpserver.url_for("/")).status_code == 302
    assert len(httpserver.log) == 1


def test_the_clients_own_timeout_does_not_count(httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[object] = []
    send = module.HTTPAdapter.send

    def noted(self: module.HTTPAdapter, *args: object, **options: object) -> object:
        given.append(options["timeout"])
        return send(self, *args, **options)  # type: ignore[arg-type]  # passed through as it came

    monkeypatch.setattr(module.HTTPAdapter, "send", noted)
    httpserver.expect_request("/").respond_with_data("")
    with bounded_session(NETWORK) as session:
        session.get(httpserver.url_for("/"), timeout=None)
    assert given == [(60.0, 60.0)]


def test_a_long_answer_is_refused_and_its_connection_closed(httpserver: HTTPServer) -> None:
    ended: list[bool] = []

    def endless(_: Request) -> Response:
        def pieces() -> Iterator[bytes]:
            try:
                while True:
                    yield b"x" * 65536
            finally:
                ended.append(True)

        return Response(pieces())

    httpserver.expect_request("/").respond_with_handler(endless)
    httpserver.expect_request("/next").respond_with_data("served")
    with bounded_session(NETWORK) as session:
        with pytest.raises(Refused, match=r"more than 0\.0625 MB"):
            session.get(httpserver.url_for("/"))
        # The server answers one request at a time: it could not, were the endless one still going on.
        assert session.get(httpserver.url_for("/next")).text == "served"
    assert ended == [True]


def _drips(pieces: list[bytes]) -> Iterator[int]:
    """The port of a server that sends the last of its pieces again and again, until the other side has enough."""
    ended = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection, suppress(OSError):
                connection.recv(65536)
                for piece in pieces:
                    connection.sendall(piece)
                while not ended.wait(0.01):
                    connection.sendall(pieces[-1])

        thread = threading.Thread(target=serve)
        thread.start()
        yield server.getsockname()[1]
        ended.set()
        thread.join()


OK = b"HTTP/1.1 200 OK\r\n"
QUICK = NetworkSettings(timeout_seconds=0.2)
STEADY = NetworkSettings(timeout_seconds=1)  # no drip takes so long, however busy the machine


@pytest.mark.parametrize(
    "pieces",
    [
        [OK, b"X"],  # a header that does not end
        [OK, b"X: y\r\n"],
        [OK + b"Content-Length: 100000\r\n\r\n", b"x"],
        [OK + b"Connection: close\r\n\r\n", b"x"],
        [OK + b"Transfer-Encoding: chunked\r\n\r\nffff\r\n", b"x"],
        [OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"],
    ],
)
def test_what_drips_meets_the_deadline(pieces: list[bytes]) -> None:
    began = time.monotonic()
    with contextmanager(_drips)(pieces) as port, bounded_session(QUICK) as session:
        with pytest.raises((SourceDown, requests.ConnectionError)):
            session.get(f"http://127.0.0.1:{port}/")
        assert time.monotonic() - began < 60  # without a deadline, for ever


def test_a_connection_through_a_proxy_meets_the_deadline_too() -> None:
    with (
        contextmanager(_drips)([OK, b"X"]) as port,
        bounded_session(STEADY) as session,
        pytest.raises(SourceDown, match="did not finish within 4 s"),
    ):
        session.get("http://api.platform.example/", proxies={"http": f"http://127.0.0.1:{port}"})
