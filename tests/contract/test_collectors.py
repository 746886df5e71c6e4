"""What every collector promises, whatever it reads."""

import gzip
import json
import os
import socket
from collections.abc import Iterator
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from monitor.collectors.registry import SOURCE_KINDS, Collects
from monitor.errors import AuthFailed, BadPayload, EdgeError, NotApproved, RateLimited, Refused, SourceDown
from monitor.mention import Batch, Cursor
from tests.contract.platforms import (
    GOLDEN,
    NOW,
    PLATFORMS,
    SETTINGS,
    FeedPlatform,
    Platform,
    RedditPlatform,
    XPlatform,
    answered,
    collector,
)

REPLAY = {"kind": "replay", "file": str(GOLDEN / "replay" / "posts.jsonl"), "speed": 0}


@pytest.fixture(params=PLATFORMS, ids=lambda kind: kind.__name__)
def platform(request: pytest.FixtureRequest, httpserver: HTTPServer) -> Platform:
    made: Platform = request.param(httpserver)
    made.serve(made.usual)
    return made


@pytest.fixture(params=["replay", *PLATFORMS], ids=str)
def source(request: pytest.FixtureRequest, httpserver: HTTPServer) -> Collects:
    """Every collector, the twin included, over its golden payload."""
    if request.param == "replay":
        return collector(REPLAY)
    made: Platform = request.param(httpserver)
    made.serve(made.usual)
    return made.collector()


def everything(source: Collects, cursor: Cursor | None = None) -> list[Batch]:
    batches = [source.fetch(cursor or Cursor(), now=NOW)]
    while batches[-1].more:
        assert len(batches) < 50, "paging does not end"
        batches.append(source.fetch(batches[-1].cursor, now=NOW))
    return batches


def keys(batches: list[Batch]) -> list[str]:
    return [mention.external_id for batch in batches for mention in batch.mentions]


def test_every_kind_is_under_this_contract() -> None:
    assert {"replay", *(platform.kind for platform in PLATFORMS)} == set(SOURCE_KINDS)


def test_paging_ends_and_brings_something(source: Collects) -> None:
    assert keys(everything(source))


def test_mentions_are_whole_and_oldest_first(source: Collects) -> None:
    for batch in everything(source):
        times = [mention.created_at for mention in batch.mentions]
        assert times == sorted(times)
        assert all(time.utcoffset() == timedelta(0) and time <= NOW for time in times)
        assert all(mention.external_id and mention.text.strip() and mention.author.handle for mention in batch.mentions)
        assert batch.seen >= len(batch.mentions)


def test_the_same_page_twice_yields_the_same_mentions(source: Collects) -> None:
    first, second = everything(source), everything(source)
    assert [batch.mentions for batch in first] == [batch.mentions for batch in second]
    assert first[-1].cursor == second[-1].cursor


def test_keys_are_unique_and_an_unchanged_platform_brings_nothing_new(source: Collects) -> None:
    first = everything(source)
    assert len(keys(first)) == len(set(keys(first)))
    assert set(keys(everything(source, first[-1].cursor))) <= set(keys(first))


def test_the_cursor_survives_json(source: Collects) -> None:
    for batch in everything(source):
        values = dict(batch.cursor.values)
        assert all(isinstance(key, str) and isinstance(value, str) for key, value in values.items())
        kept = Cursor(values=json.loads(json.dumps(values)))
        assert kept == batch.cursor
        again = source.fetch(kept, now=NOW)
        assert again.cursor == source.fetch(batch.cursor, now=NOW).cursor


def test_empty_is_empty(platform: Platform) -> None:
    platform.serve(platform.empty)
    (batch,) = everything(platform.collector())
    assert (list(batch.mentions), list(batch.set_aside), batch.more, batch.seen) == ([], [], False, 0)
    assert list(platform.collector().fetch(batch.cursor, now=NOW).mentions) == []


def test_empty_file_is_empty(tmp_path: Path) -> None:
    (tmp_path / "posts.jsonl").write_text("")
    (batch,) = everything(collector({**REPLAY, "file": str(tmp_path / "posts.jsonl")}))
    assert (list(batch.mentions), batch.more, batch.seen) == ([], False, 0)


def test_too_many_requests(platform: Platform) -> None:
    platform.serve(answered({}, status=429, Retry_After="120", x_rate_limit_reset=str(int(NOW.timestamp()) + 120)))
    with pytest.raises(RateLimited) as caught:
        platform.collector().fetch(Cursor(), now=NOW)
    assert caught.value.until == NOW + timedelta(seconds=120)


def test_too_many_requests_without_a_time(platform: Platform) -> None:
    platform.serve(answered("slow down", status=429, content_type="text/plain"))
    with pytest.raises(RateLimited) as caught:
        platform.collector().fetch(Cursor(), now=NOW)
    assert NOW + timedelta(minutes=1) <= caught.value.until <= NOW + timedelta(hours=1)


@pytest.mark.parametrize(
    ("status", "error"),
    [(401, AuthFailed), (403, NotApproved), (500, SourceDown), (502, SourceDown), (503, SourceDown), (400, BadPayload)],
)
@pytest.mark.parametrize("body", ['{"error": 1}', "<html>Sorry</html>", ""])
def test_a_bad_status_is_our_error(platform: Platform, status: int, error: type[EdgeError], body: str) -> None:
    platform.serve(answered(body, status=status))
    with pytest.raises(error) as caught:
        platform.collector().fetch(Cursor(), now=NOW)
    assert caught.value.remedy
    assert "s3cret" not in f"{caught.value} {caught.value.remedy}"


@pytest.mark.parametrize("body", ["", "<html>Hello</html>", "{", "[]", "null", '"text"', '{"data": 3}', "\x00\x01"])
def test_an_answer_that_cannot_be_read(platform: Platform, body: str) -> None:
    platform.serve(answered(body))
    try:
        batch = platform.collector().fetch(Cursor(), now=NOW)
    except BadPayload:
        return
    assert (list(batch.mentions), batch.more) == ([], False)


def test_unreachable(platform: Platform) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        base = f"http://127.0.0.1:{unused.getsockname()[1]}"
        with pytest.raises(SourceDown):  # while the port is held: nobody else can listen there
            platform.collector(base).fetch(Cursor(), now=NOW)


def test_missing_file() -> None:
    with pytest.raises(SourceDown):
        collector({**REPLAY, "file": "/nowhere/posts.jsonl"}).fetch(Cursor(), now=NOW)


def test_silence(platform: Platform) -> None:
    network = SETTINGS.network.model_copy(update={"timeout_seconds": 0.05})
    with socket.create_server(("127.0.0.1", 0)) as silent:
        base = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(SourceDown):
            platform.collector(base, SETTINGS.model_copy(update={"network": network})).fetch(Cursor(), now=NOW)


def test_an_endless_answer_is_limited(platform: Platform) -> None:
    def endless(_: Request) -> Response:
        def pieces() -> Iterator[bytes]:
            while True:
                yield b"[" * 65536

        return Response(pieces(), content_type="application/json")

    platform.serve(endless)
    with pytest.raises(Refused, match="MB") as caught:
        platform.collector().fetch(Cursor(), now=NOW)
    assert "max_bytes" in caught.value.remedy


def test_a_compressed_bomb_is_limited(platform: Platform) -> None:
    bomb = gzip.compress(b" " * 50_000_000)
    platform.serve(answered(bomb, Content_Encoding="gzip"))  # type: ignore[arg-type]  # bytes are sent as they are
    with pytest.raises(Refused, match="MB"):
        platform.collector().fetch(Cursor(), now=NOW)


CASES = (
    (FeedPlatform, "rss_without_zone.xml", {}),
    (FeedPlatform, "atom_comments.xml", {}),
    (FeedPlatform, "json_feed.json", {}),
    (RedditPlatform, "search.json", {}),
    (RedditPlatform, "comments.json", {"search": [], "subreddits": ["kettles"]}),
    (RedditPlatform, "inbox.json", {"search": [], "inbox": True, "refresh_token": "r"}),
    (XPlatform, "search.json", {}),
)


@pytest.mark.parametrize(("kind", "case", "table"), CASES)
def test_golden_payloads(kind: type[Platform], case: str, table: dict[str, object], httpserver: HTTPServer) -> None:
    made = kind(httpserver)
    made.serve(answered((GOLDEN / made.kind / case).read_text(encoding="utf-8")))
    found = shown(made.collector(**table).fetch(Cursor(), now=NOW), made.base)
    assert found == expected(made.kind, case, found)


def test_golden_replay() -> None:
    found = shown(collector(REPLAY).fetch(Cursor(), now=NOW), "")
    assert found == expected("replay", "posts.jsonl", found)


def shown(batch: Batch, base: str) -> object:
    """A batch as JSON; the address of the local server becomes one that stays the same."""
    plain = {
        "mentions": [asdict(mention) for mention in batch.mentions],
        "set_aside": [{"external_id": aside.external_id, "reason": aside.reason} for aside in batch.set_aside],
        "seen": batch.seen,
        "cost_usd": batch.cost_usd,
    }
    text = json.dumps(plain, default=lambda value: value.isoformat(), ensure_ascii=False)
    return json.loads(text.replace(base, "https://platform.example") if base else text)


def expected(kind: str, case: str, found: object) -> object:
    """The expected file of a case; `TACTFUL_UPDATE_GOLDEN=1` writes it anew, for a person to read the difference."""
    file = GOLDEN / kind / f"{Path(case).stem}.expected.json"
    if os.environ.get("TACTFUL_UPDATE_GOLDEN"):
        file.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return json.loads(file.read_text(encoding="utf-8"))
