import inspect
import json
import logging
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import requests
import tweepy
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from monitor.collectors.registry import build
from monitor.collectors.settings import Spent
from monitor.collectors.x import XCollector, XSettings
from monitor.collectors.x_client import DECISIONS, explained
from monitor.config import NetworkSettings, Settings, SettingsError
from monitor.errors import AuthFailed, BadPayload, BudgetSpent, EdgeError, NotApproved, RateLimited, SourceDown
from monitor.mention import Batch, Cursor, SourceName

NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)
NETWORK = NetworkSettings(timeout_seconds=60)
TOKEN = "AAAAs3cret"


def posts(*numbers: int, next_token: str | None = None, users: int = 0) -> dict[str, object]:
    data = [
        {"id": str(n), "text": f"Post {n}", "author_id": "1", "created_at": "2026-03-31T11:00:00.000Z"} for n in numbers
    ]
    meta = {"result_count": len(numbers), "newest_id": str(max(numbers)), "oldest_id": str(min(numbers))}
    people = [{"id": str(n), "username": f"user{n}", "name": f"User {n}"} for n in range(users)]
    return {
        "data": data,
        "includes": {"users": people},
        "meta": meta | ({"next_token": next_token} if next_token else {}),
    }


class X:
    """A local X that answers one after the other, the last one again and again."""

    def __init__(self, server: HTTPServer) -> None:
        self.base = server.url_for("").rstrip("/")
        self.answers: list[object] = [{"meta": {"result_count": 0}}]
        self.asked: list[Request] = []
        server.expect_request(re.compile(".*")).respond_with_handler(self.answer)

    def answer(self, request: Request) -> Response:
        self.asked.append(request)
        found = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(found, Response):
            return found
        if callable(found):
            found = found(request)
        return Response(json.dumps(found), content_type="application/json")

    def collector(self, ledger: Callable[[datetime], Spent] | None = None, **table: object) -> XCollector:
        given = {"kind": "x", "bearer_token": TOKEN, "base_url": self.base}
        listing = {} if "mentions_of" in table else {"query": "marola -is:retweet"}
        settings = XSettings.model_validate({**given, **listing, **table})
        return XCollector(settings, NETWORK, ledger or (lambda _: Spent(today=0, this_month=0)))

    def fetch(self, cursor: Cursor | None = None, *, spent: Spent | None = None, **table: object) -> Batch:
        ledger = spent or Spent(today=0, this_month=0)
        return self.collector(lambda _: ledger, **table).fetch(cursor or Cursor(), now=NOW)


@pytest.fixture
def x(httpserver: HTTPServer) -> X:
    return X(httpserver)


def said(status: int, body: object, **headers: str) -> Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(json.dumps(body), status=status, content_type="application/json", headers=named)


def test_search_asks_for_posts_and_their_authors_only(x: X) -> None:
    x.fetch()
    args = dict(x.asked[0].args)
    assert x.asked[0].path == "/2/tweets/search/recent"
    assert (args["query"], args["expansions"], args["max_results"]) == ("marola -is:retweet", "author_id", "100")
    assert x.asked[0].headers["Authorization"] == f"Bearer {TOKEN}"


def test_mentions_of_an_account_are_addressed_to_us(x: X) -> None:
    x.answers = [posts(5)]
    batch = x.fetch(mentions_of="783214", brand="marola")
    assert x.asked[0].path == "/2/users/783214/mentions"
    assert [(mention.addressed, mention.brand) for mention in batch.mentions] == [(True, "marola")]


def test_authors_can_be_left_out(x: X) -> None:
    x.answers = [posts(5)]
    batch = x.fetch(authors=False)
    assert "expansions" not in x.asked[0].args
    assert (batch.cost_usd, batch.mentions[0].author.handle) == (0.005, "1")


def test_the_next_run_asks_for_what_came_since(x: X) -> None:
    x.answers = [posts(7, 5), {"meta": {"result_count": 0}}, posts(9)]
    first = x.fetch()
    second = x.fetch(first.cursor)
    third = x.fetch(second.cursor)
    assert [request.args.get("since_id") for request in x.asked] == [None, "7", "7"]
    assert third.cursor.values["since"] == "9"


def test_pages_come_one_fetch_each_and_end(x: X) -> None:
    since = Cursor(values={"since": "10"})
    x.answers = [posts(50, 40, next_token="b"), posts(30, 20, next_token="c"), posts(15)]
    first = x.fetch(since)
    second = x.fetch(first.cursor)
    third = x.fetch(second.cursor)
    assert (first.more, second.more, third.more) == (True, True, False)
    asked = [(request.args.get("since_id"), request.args.get("until_id")) for request in x.asked]
    assert asked == [("10", None), ("10", "40"), ("10", "20")]
    assert dict(third.cursor.values) == {"since": "50", "page": "0"}


def test_a_page_that_fails_is_asked_again(x: X) -> None:
    x.answers = [posts(50, 40, next_token="b"), said(503, {}), posts(30)]
    cursor = x.fetch(Cursor(values={"since": "10"})).cursor
    with pytest.raises(SourceDown):
        x.fetch(cursor)
    assert [mention.external_id for mention in x.fetch(cursor).mentions] == ["30"]
    assert x.asked[-1].args["until_id"] == "40"


def test_the_first_run_does_not_buy_the_whole_week(x: X) -> None:
    x.answers = [posts(50, next_token="b"), posts(40, next_token="c")]
    first = x.fetch(max_pages=2)
    second = x.fetch(first.cursor, max_pages=2)
    assert (first.more, second.more, second.cursor.values["since"]) == (True, False, "50")
    assert "older posts were left out" in (second.note or "")


def test_later_runs_lose_nothing_at_the_last_page(x: X) -> None:
    x.answers = [posts(50, 40, next_token="b"), posts(30)]
    first = x.fetch(Cursor(values={"since": "10"}), max_pages=1)
    assert (first.more, "are waiting" in (first.note or "")) == (False, True)
    second = x.fetch(first.cursor, max_pages=1)
    assert (x.asked[-1].args["since_id"], x.asked[-1].args["until_id"]) == ("10", "40")
    assert dict(second.cursor.values) == {"since": "50", "page": "0"}


def test_a_since_that_x_has_forgotten(x: X) -> None:
    refusal = {
        "errors": [{"message": "'since_id' must be a tweet id created after [2026-03-24T12:00Z]."}],
        "title": "Invalid Request",
    }
    x.answers = [said(400, refusal), posts(50)]
    first = x.fetch(Cursor(values={"since": "10"}))
    assert (first.more, dict(first.cursor.values)) == (True, {})
    assert "starts again" in (first.note or "")
    assert [mention.external_id for mention in x.fetch(first.cursor).mentions] == ["50"]
    assert "since_id" not in x.asked[1].args


def test_what_a_page_costs(x: X) -> None:
    x.answers = [posts(1, 2, 3, users=2)]
    assert x.fetch().cost_usd == pytest.approx(3 * 0.005 + 2 * 0.010)


def test_a_page_is_made_smaller_to_stay_within_the_cap(x: X) -> None:
    x.fetch(spent=Spent(today=4.70, this_month=50))
    assert x.asked[0].args["max_results"] == "20"
    x.fetch(spent=Spent(today=0, this_month=99.85))
    assert x.asked[1].args["max_results"] == "10"


@pytest.mark.parametrize(
    ("spent", "until", "words"),
    [
        (
            Spent(today=4.86, this_month=5),
            datetime(2026, 4, 1, tzinfo=UTC),
            "4.86 USD of the 5.00 USD that usd_day_cap",
        ),
        (Spent(today=0, this_month=99.9), datetime(2026, 4, 1, tzinfo=UTC), "usd_month_cap"),
        (Spent(today=6, this_month=6), datetime(2026, 4, 1, tzinfo=UTC), "usd_day_cap"),
    ],
)
def test_nothing_is_asked_when_the_cap_could_be_passed(x: X, spent: Spent, until: datetime, words: str) -> None:
    with pytest.raises(BudgetSpent) as caught:
        x.fetch(spent=spent)
    assert (caught.value.until, x.asked) == (until, [])
    assert words in str(caught.value)


def test_mentions_may_come_in_smaller_pages_than_search(x: X) -> None:
    x.fetch(mentions_of="1", spent=Spent(today=4.92, this_month=5))
    assert x.asked[0].args["max_results"] == "5"


def test_a_cap_of_nothing_asks_for_nothing(x: X) -> None:
    with pytest.raises(BudgetSpent):
        x.fetch(usd_day_cap=0)
    assert x.asked == []


def test_the_cap_is_never_passed_however_much_there_is(x: X) -> None:
    def full_page(request: Request) -> dict[str, object]:
        count = int(request.args["max_results"])
        return posts(*range(1, count + 1), users=count)

    x.answers = [full_page]
    total, fetches = 0.0, 0
    while fetches < 50:
        try:
            total += x.fetch(spent=Spent(today=total, this_month=total), usd_day_cap=4.0).cost_usd
        except BudgetSpent:
            break
        fetches += 1
    assert 3.85 < total <= 4.0


def test_without_a_ledger_it_does_not_run() -> None:
    with pytest.raises(SettingsError, match="ledger"):
        build(SourceName("x"), {"kind": "x", "bearer_token": "t", "query": "q"}, Settings())


def test_the_token_is_never_logged(x: X, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    logging.getLogger("tweepy").setLevel(logging.NOTSET)
    x.fetch()
    x.answers = [said(500, {})]
    with pytest.raises(SourceDown):
        x.fetch()
    assert TOKEN not in caplog.text
    assert TOKEN not in repr(x.collector()._settings)


def test_times_and_threads_come_from_the_ids_too(x: X) -> None:
    reply = {
        "id": "1578516295611748353",
        "text": "hi",
        "conversation_id": "15",
        "referenced_tweets": [{"type": "replied_to", "id": "16"}],
    }
    x.answers = [{"data": [reply], "meta": {}}]
    (mention,) = x.fetch().mentions
    assert mention.created_at.replace(microsecond=0) == datetime(2022, 10, 7, 22, 43, 6, tzinfo=UTC)
    assert (mention.parent_id, mention.root_id) == ("16", "15")


def test_one_odd_post_costs_only_itself(x: X) -> None:
    good = {"id": "1578516295611748353", "text": "hi"}
    x.answers = [
        {
            "data": [None, 3, {"id": "1578516295611748354"}, {"text": "no id"}, {"id": "²", "text": "odd"}, good],
            "includes": [],
            "meta": 7,
        }
    ]
    batch = x.fetch()
    assert [mention.external_id for mention in batch.mentions] == [good["id"]]
    assert [aside.reason for aside in batch.set_aside] == [
        "the post has no text",
        "the post has no id",
        "the post has no date",
    ]


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (said(401, {"title": "Unauthorized"}), AuthFailed),
        (said(403, {"reason": "client-not-enrolled", "detail": "enrol"}), NotApproved),
        (said(402, {"title": "CreditsDepleted"}), BudgetSpent),
        (said(404, {"detail": "no such user"}), BadPayload),
        (said(400, {"errors": [{"message": "bad query"}]}), BadPayload),
        (said(429, {}, x_rate_limit_reset="soon"), RateLimited),
        (said(429, {"title": "UsageCapExceeded", "detail": "Usage cap exceeded: Monthly product cap"}), BudgetSpent),
        (said(302, {}, Location="http://127.0.0.1:1/"), BadPayload),
        (said(500, ["odd"]), SourceDown),
        (said(503, {"errors": [1, 2]}), SourceDown),
        (said(418, {}), BadPayload),
    ],
)
def test_what_x_says_is_our_error(x: X, answer: Response, error: type[EdgeError]) -> None:
    x.answers = [answer]
    with pytest.raises(error):
        x.fetch()
    assert len(x.asked) == 1


def test_a_limit_says_until_when(x: X) -> None:
    reset = NOW + timedelta(minutes=7)
    x.answers = [said(429, {}, x_rate_limit_reset=str(int(reset.timestamp())))]
    with pytest.raises(RateLimited) as caught:
        x.fetch()
    assert caught.value.until == reset


@pytest.mark.parametrize("reset", ["9" * 11, "9" * 400, "9" * 5000, "²"])
def test_a_limit_without_end_is_a_day_at_most(x: X, reset: str) -> None:
    x.answers = [said(429, {}, x_rate_limit_reset=reset)]
    with pytest.raises(RateLimited) as caught:
        x.fetch()
    assert NOW < caught.value.until <= NOW + timedelta(days=1)


def test_every_error_of_the_library_has_its_decision() -> None:
    kinds = [kind for _, kind in inspect.getmembers(tweepy.errors, inspect.isclass) if issubclass(kind, Exception)]
    assert len(kinds) >= 8
    assert set(kinds) <= set(DECISIONS)


@pytest.mark.parametrize("kind", DECISIONS)
def test_every_decision_can_be_made(kind: type[Exception]) -> None:
    found = explained(kind.__new__(kind), NOW)
    assert isinstance(found, EdgeError)


def test_an_unknown_error_of_requests_is_an_outage() -> None:
    assert isinstance(explained(requests.exceptions.ChunkedEncodingError(), NOW), SourceDown)


@pytest.mark.parametrize(
    "table",
    [
        {},
        {"query": " "},
        {"query": "a", "mentions_of": "1"},
        {"mentions_of": "marola"},
        {"query": "a", "base_url": "ftp://x"},
    ],
)
def test_settings_that_cannot_be(table: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="XSettings"):
        XSettings.model_validate({"kind": "x", "bearer_token": "t", **table})
