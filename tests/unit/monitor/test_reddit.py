import inspect
import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import praw.config
import praw.exceptions
import prawcore.exceptions
import pytest
import requests
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from monitor.collectors.reddit import PAGE, RedditCollector, RedditSettings
from monitor.collectors.reddit_client import DECISIONS, explained
from monitor.collectors.reddit_items import Thing, item_of
from monitor.config import NetworkSettings
from monitor.errors import AuthFailed, BadPayload, EdgeError, NotApproved, RateLimited, SourceDown
from monitor.mention import Batch, Cursor

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
NETWORK = NetworkSettings(timeout_seconds=60)
TOKEN = {"access_token": "t", "token_type": "bearer", "expires_in": 3600, "scope": "*"}
MIDDAY = int(NOW.timestamp())


def post(number: int, created: int = MIDDAY - 3600, **more: object) -> dict[str, object]:
    name = f"1k{number:04d}"
    data = {"id": name, "name": f"t3_{name}", "title": f"Post {number}", "selftext": "The lid.", "author": "ana"}
    return {"kind": "t3", "data": {**data, "created_utc": float(created), **more}}


def comment(number: int, created: int = MIDDAY - 3600, replies: object = "", **more: object) -> dict[str, object]:
    data = {"id": f"c{number}", "name": f"t1_c{number}", "body": f"Comment {number}", "author": "bo"}
    place = {"link_id": "t3_1k0001", "parent_id": "t3_1k0001", "created_utc": float(created), "replies": replies}
    return {"kind": "t1", "data": {**data, **place, **more}}


def listing(*children: object, after: str | None = None) -> dict[str, object]:
    return {"kind": "Listing", "data": {"after": after, "children": list(children)}}


class Answer(NamedTuple):
    body: object
    status: int = 200
    headers: dict[str, str] = {}  # noqa: RUF012 - never changed


class Reddit:
    """A local Reddit: answers by path, the last one again and again; what was asked is kept."""

    def __init__(self, server: HTTPServer) -> None:
        self.server = server
        self.answers: dict[str, list[Answer]] = {"/api/v1/access_token": [Answer(TOKEN)]}
        self.asked: list[Request] = []
        server.expect_request("/api/v1/access_token").respond_with_handler(self.answer)
        import re  # noqa: PLC0415 - only the server needs it

        server.expect_request(re.compile(".*")).respond_with_handler(self.answer)

    def answer(self, request: Request) -> Response:
        self.asked.append(request)
        given = self.answers.get(request.path, [Answer({"error": 404}, 404)])
        found = given.pop(0) if len(given) > 1 else given[0]
        text = found.body if isinstance(found.body, str) else json.dumps(found.body)
        return Response(text, status=found.status, content_type="application/json", headers=found.headers)

    def on(self, path: str, *bodies: object) -> None:
        self.answers[path] = [body if isinstance(body, Answer) else Answer(body) for body in bodies]

    def paths(self) -> list[str]:
        return [request.path for request in self.asked if request.path != "/api/v1/access_token"]

    def fetch(self, cursor: Cursor | None = None, *, now: datetime = NOW, **table: object) -> Batch:
        base = self.server.url_for("").rstrip("/")
        given = {"kind": "reddit", "client_id": "id", "client_secret": "s3cret", "base_url": base, "comment_trees": 0}
        settings = RedditSettings.model_validate({**given, **table})
        return RedditCollector(settings, NETWORK).fetch(cursor or Cursor(), now=now)


@pytest.fixture
def reddit(httpserver: HTTPServer) -> Reddit:
    return Reddit(httpserver)


@pytest.fixture(autouse=True)
def _awake(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing here may put the thread of all sources to sleep."""

    def asleep(seconds: float) -> None:
        pytest.fail(f"slept {seconds} s")

    monkeypatch.setattr(time, "sleep", asleep)


SEARCH = "/r/all/search/"


def test_search_asks_for_the_newest(reddit: Reddit) -> None:
    reddit.on(SEARCH, listing(post(2), post(1)))
    batch = reddit.fetch(search=["marola OR марола"])
    assert [mention.external_id for mention in batch.mentions] == ["t3_1k0002", "t3_1k0001"]
    assert {"q": "marola OR марола", "sort": "new", "limit": "100", "raw_json": "1"}.items() <= dict(
        reddit.asked[1].args
    ).items()


def test_search_within_subreddits(reddit: Reddit) -> None:
    reddit.on("/r/kettles+tea/search/", listing())
    reddit.fetch(search=["marola"], search_in="kettles+tea")
    assert reddit.asked[1].args["restrict_sr"] == "true"


def test_what_was_seen_is_not_brought_again(reddit: Reddit) -> None:
    reddit.on(SEARCH, listing(post(1)), listing(post(3), post(1), post(0)))
    first = reddit.fetch(search=["marola"])
    second = reddit.fetch(first.cursor, search=["marola"])
    assert [mention.external_id for mention in second.mentions] == ["t3_1k0003", "t3_1k0000"]  # a late arrival too


def test_pages_are_read_until_something_known(reddit: Reddit) -> None:
    reddit.on(SEARCH, listing(post(1)))
    cursor = reddit.fetch(search=["marola"]).cursor
    reddit.on(SEARCH, listing(post(5), after="p2"), listing(post(4), post(1), after="p3"), listing(post(0)))
    batch = reddit.fetch(cursor, search=["marola"])
    assert sorted(mention.external_id for mention in batch.mentions) == ["t3_1k0004", "t3_1k0005"]
    assert reddit.asked[-1].args["after"] == "p2"


def test_pages_end_at_the_setting(reddit: Reddit) -> None:
    reddit.on(SEARCH, listing(post(1)))
    cursor = reddit.fetch(search=["marola"]).cursor
    reddit.on(SEARCH, *(listing(post(n), after=f"p{n}") for n in range(10, 20)))
    assert len(reddit.fetch(cursor, search=["marola"], max_pages=4).mentions) == 4


def test_the_cursor_stays_small(reddit: Reddit) -> None:
    cursor = Cursor()
    for start in range(0, 1000, PAGE):
        reddit.on(SEARCH, listing(*(post(n) for n in range(start, start + PAGE))))
        cursor = reddit.fetch(cursor, search=["marola"]).cursor
    assert len(json.dumps(dict(cursor.values))) < 4000


def test_subreddits_bring_posts_and_comments(reddit: Reddit) -> None:
    reddit.on("/r/kettles/new", listing(post(1)))
    reddit.on("/r/kettles/comments/", listing(comment(1, parent_id="t1_c0")))
    batch = reddit.fetch(subreddits=["kettles"], brand="marola")
    found = {mention.external_id: (mention.parent_id, mention.root_id, mention.brand) for mention in batch.mentions}
    assert found == {"t3_1k0001": (None, None, "marola"), "t1_c1": ("t1_c0", "t3_1k0001", "marola")}


def test_the_inbox_is_addressed_to_us_and_stays_unread(reddit: Reddit) -> None:
    mine = comment(1, link_id=None, context="/r/kettles/comments/1k0001/title/c1/?context=3")
    message = {"kind": "t4", "data": {"name": "t4_x", "body": "private", "created_utc": 1.0}}
    for path in ("/message/mentions", "/message/comments/", "/message/selfreply/"):
        reddit.on(path, listing(mine, message))
    reddit.on("/r/kettles/new", listing())
    reddit.on("/r/kettles/comments/", listing(comment(1)))
    batch = reddit.fetch(inbox=True, username="marola", password="p", subreddits=["kettles"])
    (mention,) = batch.mentions
    assert (mention.addressed, mention.root_id) == (True, "t3_1k0001")
    assert mention.url == "https://www.reddit.com/r/kettles/comments/1k0001/title/c1/"
    assert reddit.asked[1].args["mark"] == "false"
    assert b"grant_type=password" in reddit.asked[0].get_data()


def test_what_also_came_through_the_inbox_is_addressed_to_us(reddit: Reddit) -> None:
    for path in ("/message/mentions", "/message/comments/", "/message/selfreply/"):
        reddit.on(path, listing(comment(1)))
    reddit.on("/r/kettles/new", listing())
    reddit.on("/r/kettles/comments/", listing(comment(1)))
    begins = Cursor(values={"first": "posts:kettles"})  # the subreddit is read before the inbox
    (mention,) = reddit.fetch(begins, inbox=True, username="marola", password="p", subreddits=["kettles"]).mentions
    assert mention.addressed


def test_the_inbox_with_a_refresh_token(reddit: Reddit) -> None:
    for path in ("/message/mentions", "/message/comments/", "/message/selfreply/"):
        reddit.on(path, listing())
    reddit.fetch(inbox=True, refresh_token="r3fresh")
    assert b"refresh_token=r3fresh" in reddit.asked[0].get_data()


def test_comment_trees_of_what_search_found(reddit: Reddit) -> None:
    deep = listing(comment(2, parent_id="t1_c1", replies=listing(comment(3, parent_id="t1_c2"))))
    folded = {"kind": "more", "data": {"count": 7, "children": ["c4", "c5"], "parent_id": "t3_1k0001"}}
    small = {"kind": "more", "data": {"count": 1, "children": ["c9"], "parent_id": "t1_c3"}}
    reddit.on(SEARCH, listing(post(1)))
    reddit.on("/comments/1k0001/", [listing(post(1)), listing(comment(1, replies=deep), small, folded)])
    reddit.on("/api/morechildren", {"json": {"errors": [], "data": {"things": [comment(4), comment(5)]}}})
    batch = reddit.fetch(search=["marola"], comment_trees=3)
    names = sorted(mention.external_id for mention in batch.mentions)
    assert names == ["t1_c1", "t1_c2", "t1_c3", "t1_c4", "t1_c5", "t3_1k0001"]
    assert {mention.root_id for mention in batch.mentions} == {None, "t3_1k0001"}
    assert reddit.asked[-1].args["children"] == "c4,c5"


def test_a_thread_that_continues_elsewhere(reddit: Reddit) -> None:
    further = {"kind": "more", "data": {"count": 0, "children": [], "parent_id": "t1_c1"}}
    reddit.on(SEARCH, listing(post(1)))
    reddit.on("/comments/1k0001/", [listing(post(1)), listing(comment(1, replies=listing(further)))])
    reddit.on("/comments/1k0001/_/c1", [listing(post(1)), listing(comment(1, replies=listing(comment(2))))])
    batch = reddit.fetch(search=["marola"], comment_trees=1)
    assert {mention.external_id for mention in batch.mentions} == {"t3_1k0001", "t1_c1", "t1_c2"}


def test_trees_bring_what_is_new_with_an_hour_of_overlap(reddit: Reddit) -> None:
    reddit.on(SEARCH, listing(post(1)))
    old, late, new = comment(1, MIDDAY - 9000), comment(2, MIDDAY - 3000), comment(3, MIDDAY)
    reddit.on("/comments/1k0001/", [listing(), listing(old)])
    cursor = reddit.fetch(search=["marola"], comment_trees=1).cursor
    reddit.on("/comments/1k0001/", [listing(), listing(comment(0, MIDDAY - 60))])
    cursor = reddit.fetch(cursor, search=["marola"], comment_trees=1).cursor
    reddit.on("/comments/1k0001/", [listing(), listing(old, late, new)])
    batch = reddit.fetch(cursor, search=["marola"], comment_trees=1)
    assert [mention.external_id for mention in batch.mentions] == ["t1_c2", "t1_c3"]


def test_only_the_newest_posts_are_watched(reddit: Reddit) -> None:
    reddit.on(SEARCH, listing(post(9), post(1), post(5)))
    cursor = reddit.fetch(search=["marola"], comment_trees=2).cursor
    assert reddit.paths()[1:] == ["/comments/1k0009/", "/comments/1k0005/"]
    assert cursor.values["watched"] == ""  # both answered 404: they are watched no longer


def test_deleted_posts_say_nothing(reddit: Reddit) -> None:
    gone = [
        comment(1, body="[deleted]"),
        post(1, selftext="[removed]"),
        post(2, selftext="", title="[deleted by user]"),
    ]
    reddit.on(SEARCH, listing(*gone, post(3, author=None)))
    (mention,) = reddit.fetch(search=["marola"]).mentions
    assert mention.author.handle == "[deleted]"


def test_one_odd_element_costs_only_itself(reddit: Reddit) -> None:
    odd = [None, 3, {"kind": "t3"}, {"kind": "t3", "data": []}, {"kind": "t4", "data": {}}, post(2, created_utc="soon")]
    odd += [post(3, created_utc=float(number)) for number in ("nan", "inf", "-inf")]
    reddit.on(SEARCH, listing(*odd, post(1, author={"name": "x"})))
    batch = reddit.fetch(search=["marola"])
    assert [mention.external_id for mention in batch.mentions] == ["t3_1k0001"]
    assert {aside.reason for aside in batch.set_aside} == {"the post has no id", "the post has no date"}


def test_a_listing_that_is_refused_costs_only_itself(reddit: Reddit) -> None:
    reddit.on("/r/secret/new", Answer({"error": 403, "reason": "private"}, 403))
    reddit.on("/r/secret/comments/", Answer("", 302, {"location": "/subreddits/search"}))
    reddit.on(SEARCH, listing(post(1)))
    batch = reddit.fetch(search=["marola"], subreddits=["secret", "gone"])
    assert len(batch.mentions) == 1
    assert "posts of r/secret not read: Reddit does not give this app access" in (batch.note or "")
    assert "comments of r/gone not read: Reddit does not know it" in (batch.note or "")


def test_when_every_listing_is_refused_the_source_says_so(reddit: Reddit) -> None:
    reddit.on(SEARCH, Answer({"error": 403}, 403))
    with pytest.raises(NotApproved) as caught:
        reddit.fetch(search=["marola", "марола"])
    assert "needs Reddit's approval" in caught.value.remedy


def test_a_limit_midway_keeps_what_was_read_and_goes_on_there(reddit: Reddit) -> None:
    reddit.on("/r/one/new", listing(post(1)))
    reddit.on("/r/one/comments/", Answer("slow", 429, {"retry-after": "30"}), listing(comment(1)))
    table = {"subreddits": ["one"]}
    first = reddit.fetch(**table)
    assert [mention.external_id for mention in first.mentions] == ["t3_1k0001"]
    assert "comments of r/one not read: Reddit asks us to wait; what follows is read next time" in (first.note or "")
    second = reddit.fetch(first.cursor, **table)
    assert [mention.external_id for mention in second.mentions] == ["t1_c1"]
    assert reddit.paths()[2:] == ["/r/one/comments/", "/r/one/new"]
    assert "first" not in second.cursor.values


def test_one_outage_costs_only_its_listing_and_two_end_the_fetch(reddit: Reddit) -> None:
    for name in ("one", "two"):
        reddit.on(f"/r/{name}/new", listing(post(1)))
        reddit.on(f"/r/{name}/comments/", Answer("", 500))
    reddit.on(SEARCH, Answer("", 500), listing(post(2)))
    table = {"search": ["marola"], "subreddits": ["one", "two"]}
    first = reddit.fetch(**table)
    assert reddit.paths() == [SEARCH, "/r/one/new", "/r/one/comments/"]
    second = reddit.fetch(first.cursor, **table)
    assert reddit.paths()[3:] == ["/r/one/comments/", "/r/two/new", "/r/two/comments/"]
    third = reddit.fetch(second.cursor, **table)
    assert reddit.paths()[6:] == ["/r/two/comments/", SEARCH, "/r/one/new", "/r/one/comments/"]
    found = [mention.external_id for batch in (first, second, third) for mention in batch.mentions]
    assert set(found) == {"t3_1k0001", "t3_1k0002"}


def test_the_cursor_forgets_what_is_no_longer_listened_to(reddit: Reddit) -> None:
    reddit.on(SEARCH, listing(post(1)))
    cursor = reddit.fetch(search=["marola", "марола"]).cursor
    assert set(reddit.fetch(cursor, search=["marola"]).cursor.values) == {"search:marola", "watched"}


def test_trees_that_are_not_there_do_not_hide_an_outage(reddit: Reddit) -> None:
    reddit.on(SEARCH, Answer("", 503))
    with pytest.raises(SourceDown):
        reddit.fetch(search=["marola"], comment_trees=3)


def test_a_limit_at_once_says_until_when(reddit: Reddit) -> None:
    reddit.on(SEARCH, Answer("slow", 429, {"retry-after": "Sun, 01 Mar 2026 12:02:00 GMT"}))
    with pytest.raises(RateLimited) as caught:
        reddit.fetch(search=["marola"])
    assert NOW < caught.value.until <= NOW + timedelta(minutes=15)


@pytest.mark.parametrize("reset", ["inf", "nan", "1e300"])
def test_a_limit_without_end_is_a_day(reddit: Reddit, reset: str) -> None:
    spent = {"x-ratelimit-remaining": "0.0", "x-ratelimit-reset": reset}
    reddit.on("/api/v1/access_token", Answer(TOKEN, 200, spent))
    with pytest.raises(RateLimited) as caught:
        reddit.fetch(search=["marola"])
    assert NOW < caught.value.until <= NOW + timedelta(days=1)


def test_no_request_is_sent_when_none_is_left(reddit: Reddit) -> None:
    spent = {"x-ratelimit-remaining": "0.0", "x-ratelimit-reset": "240", "x-ratelimit-used": "600"}
    reddit.on("/api/v1/access_token", Answer(TOKEN, 200, spent))
    reddit.on(SEARCH, listing(post(1)))
    with pytest.raises(RateLimited) as caught:
        reddit.fetch(search=["marola"])
    assert caught.value.until == NOW + timedelta(seconds=240)
    assert reddit.paths() == []


def test_prawcore_does_not_slow_down_the_thread(reddit: Reddit) -> None:
    few = {"x-ratelimit-remaining": "2.0", "x-ratelimit-reset": "300", "x-ratelimit-used": "598"}
    reddit.on(SEARCH, Answer(listing(post(1)), 200, few))
    assert reddit.fetch(search=["marola", "марола", "مارولا"]).mentions


@pytest.mark.parametrize("status", [500, 502, 503, 504, 520, 522, 408])
def test_a_server_error_is_asked_once(reddit: Reddit, status: int) -> None:
    reddit.on(SEARCH, Answer("", status))
    with pytest.raises(SourceDown):
        reddit.fetch(search=["marola"])
    assert reddit.paths() == [SEARCH]


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Answer({"message": "Unauthorized", "error": 401}, 401), AuthFailed),
        (Answer({"error": "invalid_grant"}), AuthFailed),
        (Answer({"error": "unsupported_grant_type"}, 400), AuthFailed),
        (Answer({"error": 403}, 403), NotApproved),
        (Answer("", 429, {"retry-after": "5"}), RateLimited),
        (Answer("", 503), SourceDown),
        (Answer("<html>"), BadPayload),
        (Answer({}), BadPayload),
    ],
)
def test_signing_in_can_fail(reddit: Reddit, answer: Answer, error: type[EdgeError]) -> None:
    reddit.on("/api/v1/access_token", answer)
    with pytest.raises(error):
        reddit.fetch(search=["marola"])
    assert reddit.paths() == []


@pytest.mark.parametrize(
    "header", ['Bearer realm="reddit", error="invalid_token"', 'Bearer realm="reddit", error="new_word"', ""]
)
def test_a_revoked_token_stops_the_source(reddit: Reddit, header: str) -> None:
    reddit.on(SEARCH, Answer({"error": 401}, 401, {"www-authenticate": header} if header else {}))
    with pytest.raises(AuthFailed, match="wrong, expired or revoked"):
        reddit.fetch(search=["marola"])
    assert reddit.paths() == [SEARCH]


def test_a_scope_that_is_too_small(reddit: Reddit) -> None:
    header = {"www-authenticate": 'Bearer realm="reddit", error="insufficient_scope"'}
    for path in ("/message/mentions", "/message/comments/", "/message/selfreply/"):
        reddit.on(path, Answer({"error": 403}, 403, header))
    with pytest.raises(NotApproved) as caught:
        reddit.fetch(inbox=True, refresh_token="r")
    assert "privatemessages" in caught.value.remedy


@pytest.mark.parametrize(
    "ini",
    [
        "[DEFAULT]\noauth_url=http://127.0.0.1:1\nreddit_url=http://127.0.0.1:1\nusername=x\npassword=y\n",
        "no ini at all\x00",
    ],
)
def test_a_praw_ini_in_the_working_folder_has_no_effect(
    reddit: Reddit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ini: str
) -> None:
    (tmp_path / "praw.ini").write_text(ini)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("praw_site", "elsewhere")
    monkeypatch.setattr(praw.config.Config, "CONFIG", None)  # as in a new process: praw reads its files once
    monkeypatch.setenv("praw_username", "someone")
    reddit.on(SEARCH, listing(post(1)))
    assert len(reddit.fetch(search=["marola"]).mentions) == 1
    assert b"grant_type=client_credentials" in reddit.asked[0].get_data()


def classes(*modules: ModuleType) -> list[type[Exception]]:
    return [
        found
        for module in modules
        for _, found in inspect.getmembers(module, inspect.isclass)
        if issubclass(found, Exception) and found.__module__ == module.__name__
    ]


@pytest.mark.parametrize("kind", classes(prawcore.exceptions, praw.exceptions))
def test_every_error_of_the_libraries_has_its_decision(kind: type[Exception]) -> None:
    assert kind in DECISIONS


@pytest.mark.parametrize("kind", DECISIONS)
def test_every_decision_can_be_made(kind: type[Exception]) -> None:
    error = kind.__new__(kind)
    if issubclass(kind, prawcore.exceptions.ResponseException):
        error.response = requests.Response()
        error.response.status_code = 418
    if issubclass(kind, praw.exceptions.RedditAPIException):
        error = kind([["NO_TEXT", "we need something here", "text"]])
    if hasattr(kind, "seconds") or kind.__name__ == "Exhausted":
        error.seconds = 5.0  # type: ignore[attr-defined]  # Exhausted's own
    found = explained(error, NOW)
    assert isinstance(found, EdgeError)
    assert found.remedy


def test_a_limit_that_reddit_words_is_a_limit() -> None:
    error = praw.exceptions.RedditAPIException([["RATELIMIT", "try again in 9 minutes", "ratelimit"]])
    assert isinstance(explained(error, NOW), RateLimited)


def test_a_link_post_is_its_title() -> None:
    item = item_of(
        Thing(kind="t3", fields={"name": "t3_x", "title": "Marola review", "selftext": "", "created_utc": 1})
    )
    assert item is not None
    assert (item.text, item.title) == ("Marola review", None)


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({}, "nothing to listen to"),
        ({"inbox": True}, "belongs to an account"),
        ({"inbox": True, "username": "x"}, "account"),
    ],
)
def test_settings_that_cannot_be(table: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        RedditSettings.model_validate({"kind": "reddit", "client_id": "id", "client_secret": "s", **table})
