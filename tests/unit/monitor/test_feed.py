import json
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from monitor.collectors import feed_format
from monitor.collectors.feed import REMEMBERED, FeedCollector, FeedSettings
from monitor.collectors.feed_format import Feed, NotAFeed, parse
from monitor.config import NetworkSettings
from monitor.errors import BadPayload
from monitor.fetch import Fetcher
from monitor.fetch import Response as FetchResponse
from monitor.mention import Batch, Cursor

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LOCAL = NetworkSettings(allow_private=("127.0.0.1", "localhost"), timeout_seconds=60)
WHERE = "https://blog.example/feed"


def rss(*items: str, channel: str = "<title>Kettles &amp; co</title>") -> bytes:
    body = "".join(f"<item>{item}</item>" for item in items)
    return (
        '<?xml version="1.0" encoding="utf-8"?><rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"'
        ' xmlns:content="http://purl.org/rss/1.0/modules/content/"'
        ' xmlns:wfw="http://wellformedweb.org/CommentAPI/" xmlns:thr="http://purl.org/syndication/thread/1.0">'
        f"<channel>{channel}{body}</channel></rss>"
    ).encode()


def item(number: int, more: str = "", date: str = "Sun, 01 Mar 2026 11:00:00 GMT") -> str:
    written = f"<pubDate>{date}</pubDate>" if date else ""
    return (
        f"<guid>p{number}</guid><link>https://blog.example/{number}</link><title>Lid {number}</title>"
        f"<description>The lid of kettle {number} broke.</description>{written}{more}"
    )


def read(body: bytes, content_type: str = "application/xml", zone: str = "UTC") -> Feed:
    return parse(body, url=WHERE, content_type=content_type, zone=ZoneInfo(zone))


class Site:
    """A local site with one feed source on it."""

    def __init__(self, server: HTTPServer) -> None:
        self.server = server
        self.requests: list[Request] = []

    def serve(self, path: str, body: bytes | str, content_type: str = "application/rss+xml", **headers: str) -> None:
        def answer(request: Request) -> Response:
            self.requests.append(request)
            given = {name.replace("_", "-"): value for name, value in headers.items()}
            etag = given.get("ETag")
            if etag and request.headers.get("If-None-Match") == etag:
                return Response(status=304)
            return Response(body, content_type=content_type, headers=given)

        self.server.clear_all_handlers() if path == "/feed" else None
        self.server.expect_request(path).respond_with_handler(answer)

    def collect(self, cursor: Cursor | None = None, *, now: datetime = NOW, **table: object) -> Batch:
        given = {"kind": "feed", "url": self.server.url_for("/feed"), **table}
        collector = FeedCollector(FeedSettings.model_validate(given), Fetcher(LOCAL))
        return collector.fetch(cursor or Cursor(), now=now)


@pytest.fixture
def site(httpserver: HTTPServer) -> Site:
    return Site(httpserver)


def test_rss_entry() -> None:
    more = (
        "<dc:creator>Оля</dc:creator><content:encoded><![CDATA[<p onclick='x()'>The lid <b>broke</b>.</p>]]>"
        "</content:encoded><wfw:commentRss>/1/comments</wfw:commentRss>"
    )
    (entry,) = read(rss(item(1, more))).entries
    found = entry.item
    assert (found.external_id, found.title, found.author) == ("p1", "Lid 1", "Оля")
    assert found.text == "<p onclick='x()'>The lid <b>broke</b>.</p>"
    assert found.url == "https://blog.example/1"
    assert found.created_at == NOW - timedelta(hours=1)
    assert entry.comments_url == "https://blog.example/1/comments"


def test_atom_entry_and_a_reply_to_a_reply() -> None:
    body = """<feed xmlns="http://www.w3.org/2005/Atom" xmlns:thr="http://purl.org/syndication/thread/1.0">
      <title>Comments</title>
      <entry><id>c2</id><title/><content>Мене теж підвели.</content><author><name>Юля</name></author>
        <updated>2026-03-01T13:00:00+02:00</updated><thr:in-reply-to ref="c1"/></entry>
      <entry><id>c1</id><summary>هل عندكم بديل؟</summary><updated>2026-03-01T10:00:00Z</updated>
        <thr:in-reply-to ref="post-1"/></entry></feed>"""
    second, first = (entry.item for entry in read(body.encode()).entries)
    assert (first.text, first.parent_id, first.root_id, first.author) == (
        "هل عندكم بديل؟",
        "post-1",
        "post-1",
        "Comments",
    )
    assert (second.text, second.parent_id, second.root_id, second.author) == (
        "Мене теж підвели.",
        "c1",
        "post-1",
        "Юля",
    )
    assert second.created_at == NOW - timedelta(hours=1)


def test_replies_in_a_circle_end() -> None:
    reply = '<guid>{}</guid><title>x</title><thr:in-reply-to ref="{}"/>'
    feed = read(rss(reply.format("a", "b"), reply.format("b", "a")))
    assert {entry.item.root_id for entry in feed.entries} <= {"a", "b"}


def test_json_feed() -> None:
    body = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "Kettles",
        "items": [
            {
                "id": 7,
                "url": "/7",
                "content_html": "<p>Lid</p>",
                "authors": [{"name": "Ana"}],
                "date_published": "2026-03-01T12:00:00Z",
            },
            {"content_text": "No id, no date", "author": {"name": "Bo"}},
            "not an object",
        ],
    }
    feed = read(b"\xef\xbb\xbf" + json.dumps(body).encode(), "application/feed+json")
    first, second = (entry.item for entry in feed.entries)
    assert (first.external_id, first.url, first.text, first.author) == (
        "7",
        "https://blog.example/7",
        "<p>Lid</p>",
        "Ana",
    )
    assert (second.author, second.created_at) == ("Bo", None)
    assert second.external_id is not None
    assert second.external_id.startswith("sha256:")
    assert [aside.reason for aside in feed.set_aside] == ["the item is not an object"]


@pytest.mark.parametrize(
    ("date", "zone", "hour"),
    [
        ("2026-03-01 12:00:00", "UTC", 12),
        ("2026-03-01 12:00:00", "Asia/Riyadh", 9),
        ("Sun, 01 Mar 2026 12:00:00", "Europe/Kyiv", 10),
        ("Sun, 01 Mar 2026 12:00:00 GMT", "Europe/Kyiv", 12),
        ("Sun, 01 Mar 2026 12:00:00 MSK", "Europe/Kyiv", 9),
    ],
)
def test_times_without_a_zone(date: str, zone: str, hour: int) -> None:
    (entry,) = read(rss(item(1, date=date)), zone=zone).entries
    assert entry.item.created_at == datetime(2026, 3, 1, hour, tzinfo=UTC)


def test_what_an_entry_leaves_out() -> None:
    feed = read(rss("<title>Only a title</title>", "<link>https://blog.example/2</link><description>x</description>"))
    first, second = (entry.item for entry in feed.entries)
    assert (first.text, first.title, first.author) == ("Only a title", None, "Kettles & co")
    assert second.external_id == "https://blog.example/2"
    assert first.external_id == read(rss("<title>Only a title</title>")).entries[0].item.external_id


def test_the_name_of_a_mailing_author() -> None:
    (entry,) = read(rss(item(1, "<author>ana@blog.example (Ana B.)</author>"))).entries
    assert entry.item.author == "Ana B."


@pytest.mark.parametrize("letters", ["a", "a@", "a."])
@pytest.mark.parametrize(
    "name", ["<author>{}</author>", "<dc:creator>{}</dc:creator>", "<itunes:author>{}</itunes:author>"]
)
def test_an_endless_author_costs_no_time(name: str, letters: str) -> None:
    # By the square of its length, as feedparser would take it apart, this takes minutes.
    began = time.process_time()
    (entry,) = read(rss(item(1, name.format(letters * 50_000)))).entries
    assert len(entry.item.author or "") <= 200
    assert time.process_time() - began < 5


def test_a_page_of_tags_inside_one_another_costs_no_time() -> None:
    began = time.process_time()
    with pytest.raises(NotAFeed, match="web page"):
        read(b"<html>" + b"<div>" * 60_000, "text/html")
    assert time.process_time() - began < 20


def test_a_long_chain_of_replies_costs_no_time() -> None:
    reply = '<guid>{}</guid><title>x</title><thr:in-reply-to ref="{}"/>'
    (entry,) = read(rss(reply.format(1, 2))).entries
    chain = [
        replace(entry, item=replace(entry.item, external_id=str(number), parent_id=str(number + 1)))
        for number in range(20_000)
    ]
    began = time.process_time()
    assert {each.item.root_id for each in feed_format.threaded(chain)} == {"20000"}
    assert time.process_time() - began < 5


def test_a_very_long_id_is_shortened_and_stays_the_same() -> None:
    first, again = (read(rss(f"<guid>{'x' * 5000}</guid><title>t</title>")).entries[0].item.external_id for _ in "12")
    assert first == again
    assert len(first or "") < 100


def test_a_feed_that_breaks_off_loses_only_the_last_entry() -> None:
    body = rss(item(1), item(2))
    feed = read(body[: body.rindex(b" broke")])
    assert [entry.item.external_id for entry in feed.entries] == ["p1"]
    assert [(aside.external_id, aside.reason) for aside in feed.set_aside] == [
        ("p2", "the feed breaks off in this entry")
    ]
    assert "not well-formed" in (feed.note or "")


def test_an_entry_that_is_not_closed_in_the_middle() -> None:
    body = rss(item(1), item(2)).replace(b"</item>", b"", 1)
    feed = read(body)
    assert [entry.item.external_id for entry in feed.entries] == ["p2"]
    assert [aside.external_id for aside in feed.set_aside] == ["p1"]


def test_broken_markup_keeps_what_can_be_read() -> None:
    feed = read(rss(item(1, "<b>"), item(2, "Fish & chips &nbsp;")))
    assert [entry.item.external_id for entry in feed.entries] == ["p1", "p2"]
    assert "not well-formed" in (feed.note or "")


def test_entities_that_grow_are_not_expanded() -> None:
    bomb = b'<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa">' + b"".join(
        b'<!ENTITY %c "%s">' % (98 + i, b"&%c;" % (97 + i) * 10) for i in range(9)
    )
    body = (
        bomb + b"]>" + rss("<guid>1</guid><title>&j;</title>").removeprefix(b'<?xml version="1.0" encoding="utf-8"?>')
    )
    feed = read(body)
    assert all(len(entry.item.text or "") < 1000 for entry in feed.entries)


def test_a_feed_in_another_encoding() -> None:
    text = rss(item(1)).decode().replace("utf-8", "windows-1251").replace("kettle", "чайника")
    (entry,) = read(text.encode("cp1251"), "text/xml").entries
    assert entry.item.text == "The lid of чайника 1 broke."


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "empty"),
        (b" \n", "empty"),
        (b"<html><body>Hello</body></html>", "web page"),
        (b"plain text", "neither XML nor JSON"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "neither XML nor JSON"),
        (b"{broken", "JSON that cannot be read"),
        (b"{" + b'"a":{' * 100_000, "JSON that cannot be read"),
        (b'{"items": 3}', "no JSON Feed"),
    ],
)
def test_what_is_no_feed(body: bytes, reason: str) -> None:
    with pytest.raises(NotAFeed, match=reason):
        read(body)


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=200), st.integers(0, 600), st.sampled_from(["text/html", "", "text/xml; charset=koi8-u"]))
def test_no_bytes_break_the_reader(noise: bytes, at: int, content_type: str) -> None:
    good = rss(item(1), item(2, "<author>a</author>"))
    try:
        feed = read(good[:at] + noise + good[at:], content_type)
    except NotAFeed:
        return
    assert all(entry.item.external_id != "" for entry in feed.entries)


def test_new_entries_once_oldest_first(site: Site) -> None:
    site.serve("/feed", rss(item(2), item(1, date="Sun, 01 Mar 2026 10:00:00 GMT")))
    first = site.collect(brand="marola")
    assert [(mention.external_id, mention.brand, mention.platform) for mention in first.mentions] == [
        ("p1", "marola", "feed"),
        ("p2", "marola", "feed"),
    ]
    site.serve("/feed", rss(item(3), item(2), item(1, date="Sun, 01 Mar 2026 10:00:00 GMT")))
    second = site.collect(first.cursor)
    assert [mention.external_id for mention in second.mentions] == ["p3"]
    assert (second.seen, second.more) == (3, False)


def test_an_edited_entry_comes_again_under_its_id(site: Site) -> None:
    site.serve("/feed", rss(item(1)))
    first = site.collect()
    site.serve("/feed", rss(item(1).replace("broke", "was repaired")))
    (edited,) = site.collect(first.cursor).mentions
    assert (edited.external_id, "repaired" in edited.text) == ("p1", True)


def test_the_server_is_asked_only_for_what_changed(site: Site) -> None:
    site.serve("/feed", rss(item(1)), ETag='"v1"', Last_Modified="Sun, 01 Mar 2026 11:00:00 GMT")
    first = site.collect()
    second = site.collect(first.cursor)
    third = site.collect(second.cursor)
    assert (len(first.mentions), second.mentions, third.mentions) == (1, [], [])
    asked = site.requests[2].headers
    assert (asked["If-None-Match"], asked["If-Modified-Since"]) == ('"v1"', "Sun, 01 Mar 2026 11:00:00 GMT")


def test_another_address_starts_afresh(site: Site) -> None:
    site.serve("/feed", rss(item(1)), ETag='"v1"')
    cursor = site.collect().cursor
    site.serve("/other", rss(item(1)), ETag='"v1"')
    again = site.collect(cursor, url=site.server.url_for("/other"))
    assert len(again.mentions) == 1


def test_an_entry_without_a_date_was_posted_when_first_seen(site: Site) -> None:
    site.serve("/feed", rss(item(1, date="")))
    first = site.collect()
    assert first.mentions[0].created_at == NOW
    assert site.collect(first.cursor, now=NOW + timedelta(days=1)).mentions == []


def test_entries_that_share_one_id_are_told_apart(site: Site) -> None:
    site.serve("/feed", rss(*(item(n).replace(f"p{n}", "same") for n in (1, 2)), "<guid>same</guid><title>z</title>"))
    first = site.collect()
    assert len({mention.external_id for mention in first.mentions}) == 3
    assert site.collect(first.cursor).mentions == []


@pytest.mark.parametrize(
    "html",
    [
        '<html><head><link rel="alternate" type="application/rss+xml" href="/real"></head></html>',
        '<!DOCTYPE html><meta http-equiv="Refresh" content="0; URL=\'/real\'">',
    ],
)
def test_a_page_that_names_its_feed_is_followed_once(site: Site, html: str) -> None:
    site.serve("/feed", html, "text/html", ETag='"page"')
    site.serve("/real", rss(item(1)))
    batch = site.collect()
    assert [mention.external_id for mention in batch.mentions] == ["p1"]
    assert f"set url to the feed it names, {site.server.url_for('/real')}" in (batch.note or "")
    assert batch.cursor.values["etag"] == ""


def test_a_page_that_leads_to_a_page_is_one_sentence(site: Site) -> None:
    site.serve("/feed", '<meta http-equiv="refresh" content="0;url=/next">', "text/html")
    site.serve("/next", '<meta http-equiv="refresh" content="0;url=/feed">', "text/html")
    with pytest.raises(BadPayload, match=r"/next is no feed: it is a web page") as caught:
        site.collect()
    assert "set url to" in caught.value.remedy
    assert len(site.requests) == 2


def test_a_page_that_names_no_feed_is_one_sentence(site: Site) -> None:
    site.serve("/feed", "<html><title>Blog</title></html>", "text/html")
    with pytest.raises(BadPayload, match=r"http://localhost:\d+/feed is no feed: it is a web page"):
        site.collect()


COMMENTS = rss(
    "<guid>c1</guid><link>https://blog.example/1#comment-1</link><description>Same here</description>",
    '<guid>c2</guid><description>And me</description><thr:in-reply-to ref="c1"/>',
)


def test_comment_feeds_are_read_and_their_threads_kept(site: Site) -> None:
    site.serve("/feed", rss(item(1, "<wfw:commentRss>/c</wfw:commentRss>")), ETag='"v1"')
    site.serve("/c", COMMENTS)
    first = site.collect()
    threads = {mention.external_id: (mention.parent_id, mention.root_id) for mention in first.mentions}
    assert threads == {"p1": (None, None), "c1": ("p1", "p1"), "c2": ("c1", "p1")}
    again = site.collect(first.cursor)
    assert again.mentions == []
    assert [request.path for request in site.requests] == ["/feed", "/c", "/feed", "/c"]


def test_a_comment_feed_on_its_own_names_the_post(site: Site) -> None:
    site.serve("/feed", COMMENTS)
    first = site.collect().mentions[0]
    assert (first.parent_id, first.root_id) == ("https://blog.example/1", "https://blog.example/1")


@pytest.mark.parametrize("status", [404, 429, 500])
def test_a_comment_feed_that_fails_costs_only_itself(site: Site, status: int) -> None:
    site.serve("/feed", rss(item(1, "<wfw:commentRss>/gone</wfw:commentRss>")))
    site.server.expect_request("/gone").respond_with_data("", status=status)
    batch = site.collect()
    assert [mention.external_id for mention in batch.mentions] == ["p1"]
    assert "comments not read" in (batch.note or "")


def test_comment_feeds_can_be_left_alone(site: Site) -> None:
    site.serve("/feed", rss(item(1, "<wfw:commentRss>/c</wfw:commentRss>")))
    assert site.collect(comment_feeds=0).note is None
    assert len(site.requests) == 1


def test_an_entry_that_breaks_off_comes_whole_the_next_time(site: Site) -> None:
    whole = rss(item(1), item(2))
    site.serve("/feed", whole[: whole.rindex(b" broke")])
    first = site.collect()
    assert len(first.set_aside) == 1
    assert len(site.collect(first.cursor).set_aside) == 0
    site.serve("/feed", whole)
    assert [mention.external_id for mention in site.collect(first.cursor).mentions] == ["p2"]


def test_a_post_of_ten_megabytes_costs_only_itself(site: Site) -> None:
    huge = item(1).replace("broke", "x" * 10_000_000)
    site.serve("/feed", rss(huge, item(2)))
    network = LOCAL.model_copy(update={"max_bytes": 20 * 1024 * 1024})
    table = FeedSettings.model_validate({"kind": "feed", "url": site.server.url_for("/feed")})
    batch = FeedCollector(table, Fetcher(network)).fetch(Cursor(), now=NOW)
    assert [mention.external_id for mention in batch.mentions] == ["p2"]
    assert "10.0 million characters" in batch.set_aside[0].reason


def test_the_cursor_stays_small(site: Site) -> None:
    cursor = Cursor()
    for start in range(0, 1200, 300):
        site.serve("/feed", rss(*(item(n) for n in range(start, start + 300))))
        cursor = site.collect(cursor).cursor
    assert len(cursor.values["seen"].split()) == 300 + REMEMBERED
    assert len(json.dumps(dict(cursor.values))) < 12_000


def test_user_and_password_go_to_the_feeds_own_host(site: Site) -> None:
    site.serve("/feed", rss(item(1, "<wfw:commentRss>http://127.0.0.1:1/c</wfw:commentRss>")))
    site.collect(user="ana", password="open sesame")
    assert site.requests[0].authorization is not None
    assert site.requests[0].authorization.password == "open sesame"


def test_the_password_is_not_said_aloud_on_the_same_host() -> None:
    sent: dict[str, Mapping[str, str]] = {}

    class Noting(Fetcher):
        def get(
            self,
            url: str,
            headers: Mapping[str, str] | None = None,
            *,
            now: datetime | None = None,  # noqa: ARG002 - the shape of what it stands in for
        ) -> FetchResponse:
            sent[url] = headers or {}
            named = "<wfw:commentRss>{}://blog.example/c</wfw:commentRss>"
            body = rss(item(1, named.format("http")), item(2, named.format("https")))
            return FetchResponse(status=200, headers={}, body=body, url=url)

    table = {"kind": "feed", "url": "https://blog.example/feed", "user": "ana", "password": "open sesame"}
    FeedCollector(FeedSettings.model_validate(table), Noting(LOCAL)).fetch(Cursor(), now=NOW)
    assert {url for url, headers in sent.items() if "authorization" in headers} == {
        "https://blog.example/feed",
        "https://blog.example/c",
    }
    assert "http://blog.example/c" in sent


@pytest.mark.parametrize(
    "table",
    [{"url": "ftp://x/"}, {"url": "https://x/", "timezone": "Mars/Base"}, {"url": "https://x/", "every_seconds": 1}],
)
def test_settings_that_cannot_be(table: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="FeedSettings"):
        FeedSettings.model_validate({"kind": "feed", **table})
