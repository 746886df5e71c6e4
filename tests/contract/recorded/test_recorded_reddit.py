"""The Reddit collector over real traffic, errors included."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

from monitor.collectors.reddit import RedditCollector, RedditSettings
from monitor.config import NetworkSettings
from monitor.errors import AuthFailed, BadPayload, EdgeError, NotApproved, RateLimited, SourceDown
from monitor.mention import Batch, Cursor
from tests.contract.recorded.traffic import Recorded

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SEARCH = "/r/all/search/"


@pytest.fixture
def recorded(shared: Path) -> Path:
    folder = shared / "data" / "recorded"
    if not folder.is_dir():
        pytest.skip("the recorded traffic is not in ../shared/data")
    return folder


def fetch(site: Recorded, cursor: Cursor | None = None, **table: object) -> Batch:
    given = {"kind": "reddit", "client_id": "id", "client_secret": "s", "base_url": site.base, "comment_trees": 0}
    settings = RedditSettings.model_validate({**given, **table})
    return RedditCollector(settings, NetworkSettings(timeout_seconds=60)).fetch(cursor or Cursor(), now=NOW)


def test_search(httpserver: HTTPServer, recorded: Path) -> None:
    site = Recorded(httpserver, recorded / "reddit" / "TestSubreddit.test_search.json")
    batch = fetch(site, search=["praw oauth search"])
    assert (len(batch.mentions), list(batch.set_aside), batch.note) == (6, [], None)
    oldest = batch.mentions[0]
    assert oldest.created_at < batch.mentions[-1].created_at < datetime(2017, 1, 1, tzinfo=UTC)
    assert all(mention.url and mention.url.startswith("https://www.reddit.com/r/") for mention in batch.mentions)
    assert fetch(site, batch.cursor, search=["praw oauth search"]).mentions == []


def test_comments_of_a_subreddit(httpserver: HTTPServer, recorded: Path) -> None:
    site = Recorded(
        httpserver,
        recorded / "reddit" / "TestMultiredditListings.test_comments.json",
        paths={"/r/MapPorn/comments/": "/user/kjoneslol/m/sfwpornnetwork/comments/"},
    )
    batch = fetch(site, subreddits=["MapPorn"])
    assert batch.seen == 100
    assert len(batch.mentions) >= 90
    assert all(mention.root_id and mention.root_id.startswith("t3_") for mention in batch.mentions)
    assert "posts of r/MapPorn not read" in (
        batch.note or ""
    )  # no posts were recorded, and the comments came all the same


@pytest.mark.parametrize(
    ("file", "path", "count"),
    [
        ("TestInbox.test_mentions.json", "/message/mentions", 16),
        ("TestInbox.test_comment_replies.json", "/message/comments/", 64),
        ("TestInbox.test_unread.json", "/message/unread/", 64),
    ],
)
def test_inbox(httpserver: HTTPServer, recorded: Path, file: str, path: str, count: int) -> None:
    site = Recorded(httpserver, recorded / "reddit" / file, paths={"/message/selfreply/": path})
    batch = fetch(site, inbox=True, refresh_token="r")
    assert batch.mentions
    assert batch.seen % count == 0
    assert all(mention.addressed and mention.root_id and mention.parent_id for mention in batch.mentions)
    assert b"grant_type=refresh_token" in site.asked[0].get_data()


def test_a_comment_tree_with_a_branch_that_continues_elsewhere(httpserver: HTTPServer, recorded: Path) -> None:
    site = Recorded(
        httpserver,
        recorded / "reddit" / "TestSubreddit.test_search.json",
        recorded / "reddit" / "TestCommentForest.test_replace__on_direct_comment.json",
        paths={"/comments/57dw9a/": "/comments/57dw9a/_/d8r4im1"},
    )
    table = {"search": ["praw"], "comment_trees": 1, "more_comments": 2}
    batch = fetch(site, Cursor(values={"watched": "57dw9a:0"}), **table)
    comments = {mention.external_id: mention for mention in batch.mentions if mention.external_id.startswith("t1_")}
    assert len(comments) > 130
    assert "t1_d8s0h16" in comments  # only the continued branch holds it
    assert comments["t1_d8s0h16"].parent_id == "t1_d8rzxi2"
    assert {mention.root_id for mention in comments.values()} == {"t3_57dw9a"}
    assert "[deleted]" not in {mention.text for mention in comments.values()}


@pytest.mark.parametrize(
    ("file", "path", "error"),
    [
        ("with_invalid_access_token", "/", AuthFailed),
        ("forbidden", "/user/spez/gilded/given", NotApproved),
        ("with_insufficient_scope", "/api/v1/me", NotApproved),
        ("not_found", "/r/reddit_api_test/wiki/invalid", BadPayload),
        ("too__many_requests__with_retry_headers", "/api/v1/me", RateLimited),
        ("service_unavailable", "/", SourceDown),
    ],
)
def test_errors(httpserver: HTTPServer, recorded: Path, file: str, path: str, error: type[EdgeError]) -> None:
    site = Recorded(httpserver, recorded / "reddit_errors" / f"{file}.json", paths={SEARCH: path})
    by_account = {"username": "x", "password": "y"} if file in ("forbidden", "not_found") else {}
    by_token = {"refresh_token": "r"} if file == "with_insufficient_scope" else {}
    with pytest.raises(error) as caught:
        fetch(site, search=["praw"], **by_account, **by_token)
    assert caught.value.remedy
    assert len(site.asked) == 2  # the token, and one request: nothing is sent again
    if isinstance(caught.value, RateLimited):
        assert caught.value.until == NOW + timedelta(seconds=4)
