"""One suite for every channel: the same cards, shown without harm; and what each answer of Slack means."""

import io
import json
import logging
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from monitor.alerts import Card, Subject, card
from monitor.config import AlertSettings, NetworkSettings, SettingsError
from monitor.errors import AuthFailed, BadPayload, EdgeError, RateLimited, SourceDown
from monitor.notify import ConsoleNotifier, SlackNotifier, notifier, wait_of, webhook_url

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
PATH = "/services/T0/B0/hush4711"
LONG = 120  # seconds for what comes at once, unless the machine is busy


def card_of(text: str, **changes: object) -> Card:
    fields: dict[str, object] = {
        "mention_id": 7,
        "brand": "lumen",
        "platform": "reddit",
        "author": "night_owl",
        "text": text,
        "url": "https://example.org/p/1?a=1&b=2",
        "severity": 81.5,
        "terms": (("harm", 60.0, "urgent (safety)"),),
        "due_at": NOW + timedelta(minutes=8),
    } | changes
    return card("urgent", "safety", Subject(**fields), console_url="http://127.0.0.1:8501", now=NOW)  # type: ignore[arg-type]


CARDS = [
    card_of("The charger caught fire"),
    card_of("Зарядка загорелась"),
    card_of("Зарядка зайнялася"),
    card_of("احترق الشاحن"),
    card_of(""),
    card_of("<!channel> <!here> @channel @everyone <https://evil.example|click> & *bold* `code`"),
    card_of("x" * 5000, author="a" * 500, url="javascript:alert(1)", due_at=None, brand=None),
    card_of("<" * 400, author="<" * 60, platform="&" * 60),
    card_of("\u202egnp.exe\u2066 \x1b[2J\u200b\u2800", author="<!here>\u202e", platform="<x|y>"),
]


class Slack:
    """A server that stands in for Slack: records what is posted, answers as told."""

    def __init__(self, server: HTTPServer) -> None:
        self.posted: list[dict[str, object]] = []
        self.answer = Response("ok")
        server.expect_request(PATH, method="POST").respond_with_handler(self._take)
        self.url = webhook_url(PATH, server.url_for(""))

    def _take(self, request: Request) -> Response:
        self.posted.append(json.loads(request.get_data()))
        return self.answer


@pytest.fixture
def slack(httpserver: HTTPServer) -> Slack:
    return Slack(httpserver)


@pytest.mark.parametrize("shown", CARDS)
@pytest.mark.parametrize("channel", ["slack", "console"])
def test_a_card_arrives_once_and_without_harm(channel: str, shown: Card, slack: Slack) -> None:
    out = io.StringIO()
    sender = SlackNotifier(slack.url, timeout=LONG) if channel == "slack" else ConsoleNotifier(out)
    assert sender.channel == channel
    sender.send(shown, now=NOW)
    if channel == "slack":
        assert len(slack.posted) == 1
        words = json.dumps(slack.posted[0], ensure_ascii=False)
    else:
        words = out.getvalue()
        assert words.count("ALERT") == 1
    assert shown.console_link in words
    for harm in ("@channel", "@everyone", "\u202e", "\u2066", "\x1b", "\u200b", "javascript:"):
        assert harm not in words
    for markup in ("<!channel", "<!here", "<https://evil", "<x|"):
        assert markup not in words or channel == "console"


def test_slack_gets_what_its_limits_allow(slack: Slack) -> None:
    for shown in CARDS:
        SlackNotifier(slack.url, timeout=LONG).send(shown, now=NOW)
    for message in slack.posted:
        for block in message["blocks"]:  # type: ignore[attr-defined]
            texts = [block["text"]] if "text" in block else block["elements"]
            limit = 150 if block["type"] == "header" else 3000
            assert all(0 < len(text["text"]) <= limit for text in texts)
            # Words from outside stand only where Slack reads no markup.
            assert all(text["type"] == "plain_text" for text in texts) or block["type"] == "context"


def test_slack_shows_the_quote_the_reasons_the_due_time_and_both_links(slack: Slack) -> None:
    SlackNotifier(slack.url, timeout=LONG).send(CARDS[0], now=NOW)
    words = json.dumps(slack.posted[0], ensure_ascii=False)
    for part in (
        "Urgent: night_owl on reddit about lumen",
        "“The charger caught fire”",
        "Severity 81.5 of 100",
        "harm 60: urgent (safety)",
        f"<!date^{int((NOW + timedelta(minutes=8)).timestamp())}^",
        "<https://example.org/p/1?a=1&amp;b=2|See the post>",
    ):
        assert part in words


@pytest.mark.parametrize(
    ("answer", "error", "says"),
    [
        (Response("", 500), SourceDown, "Slack answered 500"),
        (Response("", 503), SourceDown, "Slack answered 503"),
        (Response("no_service", 404), AuthFailed, "Slack refuses the webhook (no_service)"),
        (Response("invalid_token", 403), AuthFailed, "Slack refuses the webhook (invalid_token)"),
        (Response("channel_is_archived", 410), AuthFailed, "channel_is_archived"),
        (Response("invalid_blocks", 400), BadPayload, "Slack cannot use this message (invalid_blocks)"),
        (Response("", 302, {"Location": "http://127.0.0.1:9/"}), AuthFailed, "the webhook points elsewhere (302)"),
        (Response("<html>sign in</html>", 200), SourceDown, "a web page answered instead of Slack"),
        (Response("wait", 429, {"Retry-After": "30"}), RateLimited, "Slack asks us to wait"),
        (Response(b"\xff\xfe", 500, {"Content-Type": "text/plain; charset=nonsense"}), SourceDown, "500"),
    ],
)
def test_an_answer_that_is_no_yes(answer: Response, error: type[EdgeError], says: str, slack: Slack) -> None:
    slack.answer = answer
    with pytest.raises(error) as caught:
        SlackNotifier(slack.url, timeout=LONG).send(CARDS[0], now=NOW)
    assert says in str(caught.value)
    assert caught.value.remedy or isinstance(caught.value, RateLimited)
    assert len(slack.posted) == 1  # neither the client nor we send again behind the database's back
    if isinstance(caught.value, RateLimited):
        assert caught.value.until == NOW + timedelta(seconds=30)


@pytest.mark.parametrize("body", ["ok", "", '{"ok":true}', "o" * 1_000_000])
def test_a_yes_in_any_words(body: str, slack: Slack) -> None:
    slack.answer = Response(body)
    SlackNotifier(slack.url, timeout=LONG).send(CARDS[0], now=NOW)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("30", 30), ("0", 1), ("999999", 3600), ("soon", 60), ("-5", 60), (None, 60), ("٣", 60), ("9" * 400, 60)],
)
def test_how_long_to_wait(value: str | None, seconds: int) -> None:
    headers = {} if value is None else {"retry-after": value}
    assert wait_of(headers) == timedelta(seconds=seconds)


@pytest.fixture
def silent_server() -> Iterator[tuple[str, list[bytes], threading.Semaphore]]:
    """A server that takes a request and hangs up (`close`) or says nothing at all (`hang`)."""
    listener = socket.create_server(("127.0.0.1", 0))
    heard: list[bytes] = []
    took = threading.Semaphore(0)
    kept: list[socket.socket] = []

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            request = connection.recv(65536)
            heard.append(request)
            took.release()
            if b"/hang" in request:
                kept.append(connection)
            else:
                connection.close()

    thread = threading.Thread(target=serve)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}", heard, took
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join()
    for connection in kept:
        connection.close()


@pytest.mark.parametrize(
    ("path", "timeout", "says"),
    [("/hang/hush4711", 1, "did not answer in time"), ("/close/hush4711", LONG, "cannot")],
)
def test_nothing_for_an_answer(
    path: str, timeout: int, says: str, silent_server: tuple[str, list[bytes], threading.Semaphore]
) -> None:
    url, heard, took = silent_server
    with pytest.raises(SourceDown) as caught:
        SlackNotifier(webhook_url(path, url), timeout=timeout).send(CARDS[0], now=NOW)
    assert took.acquire(timeout=LONG)  # on a busy machine, it may hear the request after we gave up
    assert says in str(caught.value)
    assert "hush4711" not in str(caught.value)
    assert len([request for request in heard if request.startswith(b"POST")]) == 1


def test_nobody_listens() -> None:
    with socket.socket() as unused:  # held, so that nobody else can listen there
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        with pytest.raises(SourceDown, match=r"Slack cannot be reached \(Connection refused\)"):
            SlackNotifier(f"http://127.0.0.1:{port}/hush4711", timeout=LONG).send(CARDS[0], now=NOW)


def test_the_address_is_never_logged(slack: Slack, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    sender = SlackNotifier(slack.url, timeout=LONG)
    sender.send(CARDS[0], now=NOW)
    slack.answer = Response("", 500)
    with pytest.raises(SourceDown):
        sender.send(CARDS[0], now=NOW)
    assert not [record for record in caplog.records if record.name != "werkzeug" and "hush4711" in record.getMessage()]


def test_a_closed_output_is_one_sentence() -> None:
    out = io.StringIO()
    out.close()
    with pytest.raises(SourceDown, match="the alert could not be printed"):
        ConsoleNotifier(out).send(CARDS[0], now=NOW)


@pytest.mark.parametrize(
    ("webhook", "base", "url"),
    [
        ("https://hooks.slack.com" + PATH, "https://hooks.slack.com", "https://hooks.slack.com" + PATH),
        ("http://127.0.0.1:9" + PATH, "http://127.0.0.1:9/", "http://127.0.0.1:9" + PATH),
        (PATH, "http://127.0.0.1:9", "http://127.0.0.1:9" + PATH),
        ("https://hooks.slack.com" + PATH, "https://proxy.example/slack", "https://proxy.example/slack" + PATH),
    ],
)
def test_where_alerts_go(webhook: str, base: str, url: str) -> None:
    assert webhook_url(webhook, base) == url


@pytest.mark.parametrize(
    ("webhook", "base"),
    [
        ("", "https://hooks.slack.com"),
        ("https://evil.example" + PATH, "https://hooks.slack.com"),
        ("https://hooks.slack.com.evil.example" + PATH, "https://hooks.slack.com"),
        ("https://hooks.slack.com@evil.example" + PATH, "https://hooks.slack.com"),
        ("hush4711", "https://hooks.slack.com"),
        (PATH, "file:///etc"),
        (PATH, "https://"),
        (PATH, "http://[broken"),
        (PATH + "\r\nX: y", "https://hooks.slack.com"),
        (PATH + "ы", "https://hooks.slack.com"),
    ],
)
def test_a_webhook_that_cannot_be_used_is_one_sentence_without_it(webhook: str, base: str) -> None:
    alerts = AlertSettings(channel="slack", slack_webhook=SecretStr(webhook), slack_base_url=base)
    with pytest.raises(SettingsError) as caught:
        notifier(alerts, NetworkSettings(), io.StringIO())
    assert "hush4711" not in str(caught.value)
    assert "alerts.slack_base_url" in str(caught.value) or "TACTFUL__ALERTS__SLACK_WEBHOOK" in str(caught.value)


def test_the_channel_that_is_set_is_used() -> None:
    assert notifier(AlertSettings(), NetworkSettings(), io.StringIO()).channel == "console"
    alerts = AlertSettings(channel="slack", slack_webhook=SecretStr(PATH))
    assert notifier(alerts, NetworkSettings(), io.StringIO()).channel == "slack"
