"""Local servers that answer like the platforms, and each collector set up against one."""

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from monitor.collectors.registry import Collects, build
from monitor.collectors.settings import Spent
from monitor.config import NetworkSettings, Settings
from monitor.mention import SourceName

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
GOLDEN = Path(__file__).resolve().parent.parent / "golden"
SETTINGS = Settings(
    network=NetworkSettings(allow_private=("127.0.0.1", "localhost"), timeout_seconds=60, max_bytes=1024 * 1024)
)
Answer = Callable[[Request], Response]
TOKEN = {"access_token": "t", "token_type": "bearer", "expires_in": 3600, "scope": "*"}
EMPTY_LISTING = {"kind": "Listing", "data": {"after": None, "dist": 0, "children": []}}
EMPTY_FEED = '<rss version="2.0"><channel><title>Quiet</title></channel></rss>'


def answered(body: object, status: int = 200, content_type: str = "application/json", **headers: str) -> Answer:
    """An answer that is always the same; values that are no text become JSON."""
    text = body if isinstance(body, str | bytes) else json.dumps(body)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _: Response(text, status=status, content_type=content_type, headers=named)


def golden(kind: str, name: str) -> str:
    return (GOLDEN / kind / name).read_text(encoding="utf-8")


def collector(table: Mapping[str, object], settings: Settings = SETTINGS, spent: float = 0.0) -> Collects:
    ledger = lambda _: Spent(today=spent, this_month=spent)  # noqa: E731 - one line says it all
    return build(SourceName("mine"), table, settings, ledger=ledger)


class Platform:
    """One kind of source against a local server; `usual` is its golden payload, `empty` the same without posts."""

    kind: str
    usual: Answer
    empty: Answer
    table: Mapping[str, object]

    def __init__(self, server: HTTPServer) -> None:
        self.server = server
        self.base = server.url_for("").rstrip("/")

    def serve(self, answer: Answer) -> None:
        self.server.clear_all_handlers()
        self.sign_in()
        self.server.expect_request(re.compile(".*")).respond_with_handler(answer)

    def sign_in(self) -> None:
        """Answer what is asked before the listing itself; the first handler that matches is used."""

    def collector(self, base: str | None = None, settings: Settings = SETTINGS, **table: object) -> Collects:
        return collector({"kind": self.kind, **self.table, **self.address(base or self.base), **table}, settings)

    def address(self, base: str) -> Mapping[str, object]:
        return {"base_url": base}


class FeedPlatform(Platform):
    kind = "feed"
    usual = staticmethod(answered(golden("feed", "rss_without_zone.xml"), content_type="text/xml"))
    empty = staticmethod(answered(EMPTY_FEED, content_type="text/xml"))
    table: Mapping[str, object] = {}

    def address(self, base: str) -> Mapping[str, object]:
        return {"url": f"{base}/feed"}


class RedditPlatform(Platform):
    kind = "reddit"
    usual = staticmethod(answered(golden("reddit", "search.json")))
    empty = staticmethod(answered(EMPTY_LISTING))
    table: Mapping[str, object] = {
        "client_id": "id",
        "client_secret": "s3cret-value",
        "search": ["marola"],
        "comment_trees": 0,
    }

    def sign_in(self) -> None:
        self.server.expect_request("/api/v1/access_token").respond_with_json(TOKEN)


class XPlatform(Platform):
    kind = "x"
    usual = staticmethod(answered(golden("x", "search.json")))
    empty = staticmethod(answered({"meta": {"result_count": 0}}))
    table: Mapping[str, object] = {"bearer_token": "s3cret-value", "query": "marola"}


class XMentionsPlatform(XPlatform):
    table: Mapping[str, object] = {"bearer_token": "s3cret-value", "mentions_of": "783214"}


PLATFORMS: tuple[type[Platform], ...] = (FeedPlatform, RedditPlatform, XPlatform, XMentionsPlatform)
