from collections.abc import Iterator

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from monitor.collectors import bounded_session as module
from monitor.collectors.bounded_session import bounded_session
from monitor.config import NetworkSettings
from monitor.errors import Refused, SourceDown

NETWORK = NetworkSettings(timeout_seconds=5, max_bytes=64 * 1024)


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
    assert given == [(5.0, 5.0)]


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


def test_a_slow_answer_meets_the_deadline(httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> None:
    httpserver.expect_request("/").respond_with_data(b"x" * 50_000)
    clock = iter([0.0, 1.0, 21.0])
    monkeypatch.setattr(module, "time", type("Clock", (), {"monotonic": staticmethod(lambda: next(clock))}))
    with bounded_session(NETWORK) as session, pytest.raises(SourceDown, match="did not finish within 20 s"):
        session.get(httpserver.url_for("/"))
