"""The HTTP API as its users meet it: every route, with and without a right to it, with good, bad and hostile bodies."""

import json
import re
import shutil
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from sqlalchemy import select
from starlette.applications import Starlette
from starlette.testclient import TestClient
from structlog.testing import capture_logs

from classifiers.types import ModelUnavailable
from monitor.assembly import register
from monitor.config import Settings
from monitor.errors import DatabaseBusy
from monitor.mention import MentionState, SourceName, SourceState
from monitor.storage import migrate, queries
from monitor.storage.audit import AuditLog
from monitor.storage.mentions import find, next_to_assess
from monitor.storage.schema import api_signatures, api_tokens, audit
from monitor.storage.session import Database
from responders import api, api_body, api_document
from responders.api_check import TimelyCheck
from responders.api_metrics import Metrics
from responders.tokens import NewToken, Scope, Tokens, sign
from tests.console.seed import WordChecker

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
POST = {"external_id": "p1", "created_at": "2026-11-20T10:00:00Z", "author": "olha", "text": "Marola broke again"}
MIXED = [
    b'{"draft": "fine"',
    b'"text"',
    b"\xff\xfe",
    b"",
    b"   ",
    b"[" * 100_000,
    b'{"draft": NaN}',
    b'{"draft": "a", "id": 1e999}',
    b"1" * 5000,
]


class Site:
    """A console's API over a database of its own, with a clock that stands still."""

    def __init__(self, folder: Path) -> None:
        self.database = Database.open(f"sqlite:///{folder / 'api.db'}")
        self.audit = AuditLog(b"a key that only the tests know!!")
        self.now = NOW
        self.seconds = 0.0
        settings = Settings.model_validate({"brands": {"marola": {"name": "Marola"}, "velna": {"name": "Velna"}}})
        self.service = api.service(
            settings, database=self.database, audit=self.audit, checker=WordChecker(), now=lambda: self.now
        )
        self.service.rate.clock = lambda: self.seconds
        self.tokens = Tokens(self.database, self.audit)
        self.all = self.token("all", *Scope)
        self.client = TestClient(Starlette(routes=api.routes(self.service)), raise_server_exceptions=True)

    def token(self, name: str, *scopes: Scope, per_minute: int = 10_000) -> NewToken:
        return self.tokens.add(name, scopes, NOW, per_minute=per_minute)

    def ask(self, method: str, path: str, body: object = None, **headers: str) -> "Answer":
        sent = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        given = {"authorization": f"Bearer {self.all.token}", "content-type": "application/json"}
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        raw = {name: value.encode("latin-1") for name, value in given.items()}
        return Answer(self.client.request(method, path, content=sent, headers=raw))

    def push(
        self, body: object, *, at: datetime | None = None, token: NewToken | None = None, **headers: str
    ) -> "Answer":
        sent = body if isinstance(body, bytes) else json.dumps(body).encode()
        token = token or self.all
        written = str(int((at or self.now).timestamp()))
        signed = {
            "authorization": f"Bearer {token.token}",
            "X_Tactful_Timestamp": written,
            "X_Tactful_Signature": sign(token.signing_key or "", written, sent),
        }
        return self.ask("POST", "/api/mentions", sent, **(signed | headers))

    def stored(self, name: str) -> object:
        with self.database.read() as unit:
            return find(unit, SourceName("api"), name)


class Answer:
    """An answer, with its one sentence when it is a refusal."""

    def __init__(self, response: "object") -> None:
        self.raw = response
        self.status: int = response.status_code
        self.headers: Mapping[str, str] = response.headers
        self.text: str = response.text

    @property
    def json(self) -> object:
        return json.loads(self.text)

    def refuses(self, status: int, words: str = "") -> None:
        assert self.status == status, self.text
        assert set(self.json) == {"error"}
        sentence = self.json["error"]
        assert words in sentence, sentence
        assert "Traceback" not in sentence
        assert "\n" not in sentence
        assert self.headers["content-type"] == "application/json"


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("template") / "api.db"
    with closing(Database.open(f"sqlite:///{file}")) as database:
        migrate.upgrade(database)
    return file


@pytest.fixture
def folder(tmp_path: Path, migrated: Path) -> Path:
    """A folder with a migrated database."""
    shutil.copy(migrated, tmp_path / "api.db")
    return tmp_path


@pytest.fixture
def site(folder: Path) -> Iterator[Site]:
    site = Site(folder)
    with closing(site.database):
        yield site


# --- who may come in -------------------------------------------------------------------------------------------------

EVERY = [("POST", "/api/check"), ("POST", "/api/mentions"), ("GET", "/api/mentions"), ("GET", "/api/openapi.json")]


@pytest.mark.parametrize(("method", "path"), EVERY)
@pytest.mark.parametrize(
    "authorization",
    ["", "Bearer", "Bearer ", "Bearer tactful_", "Bearer " + "tactful_" + "A" * 43, "Basic YTpi", "x\xff"],
)
def test_no_route_opens_without_a_working_token(site: Site, method: str, path: str, authorization: str) -> None:
    answer = site.ask(method, path, {"draft": "hello"}, authorization=authorization)
    answer.refuses(401, "a working token is needed")
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(("method", "path"), EVERY[:3])
def test_a_token_is_only_for_what_it_names(site: Site, method: str, path: str) -> None:
    needed = next(route.scope for route in api_document.ROUTES if (route.method, route.path) == (method, path))
    others = site.token("others", *(scope for scope in Scope if scope is not needed))
    site.ask(method, path, {"draft": "hello"}, authorization=f"Bearer {others.token}").refuses(403, f'"{needed}"')


def test_a_revoked_token_ends_at_once_and_its_name_is_never_used_again(site: Site) -> None:
    assert site.ask("POST", "/api/check", {"draft": "hello"}).status == 200
    site.tokens.revoke("all", NOW)
    site.ask("POST", "/api/check", {"draft": "hello"}).refuses(401)
    with pytest.raises(Exception, match="there is or was a token all"):
        site.token("all", Scope.CHECK)


def test_neither_a_token_nor_its_signing_key_is_in_the_database_the_log_or_a_listing(site: Site) -> None:
    with capture_logs() as logged:
        site.ask("POST", "/api/check", {"draft": "hello"})
        site.push([POST])
        site.push([POST], X_Tactful_Signature="sha256=" + "0" * 64)
    with site.database.read() as unit:
        kept = str(queries.audit_page(unit).rows) + str(logged) + str(site.service.metrics.text(()))
        for table in (api_tokens, api_signatures, audit):
            kept += str(unit.execute(select(table)).all())
    assert "token.added" in kept
    for secret in (site.all.token, site.all.token.removeprefix("tactful_"), site.all.signing_key):
        assert secret not in kept


def test_a_cookie_opens_nothing_and_no_other_site_is_invited(site: Site) -> None:
    site.client.cookies.set("tactful_login", site.all.token)
    site.ask("POST", "/api/check", {"draft": "hello"}, authorization="", origin="https://evil.example").refuses(401)
    answer = site.ask("POST", "/api/check", {"draft": "hello"}, origin="https://evil.example")
    assert not [name for name in answer.headers if name.startswith("access-control")]
    assert answer.headers["cache-control"] == "no-store"
    site.ask("OPTIONS", "/api/check", origin="https://evil.example").refuses(405, "POST")


def test_unknown_addresses_and_methods_are_answered_in_json(site: Site) -> None:
    site.ask("GET", "/api/nothing").refuses(404, "POST /api/check")
    site.ask("GET", "/api/nothing", authorization="").refuses(401)
    answer = site.ask("DELETE", "/api/mentions")
    answer.refuses(405, "POST, GET")
    assert answer.headers["allow"] == "POST, GET"


def test_the_minute_of_a_token_counts_drafts_and_fills_again(site: Site) -> None:
    few = site.token("few", Scope.CHECK, per_minute=6)
    headers = {"authorization": f"Bearer {few.token}"}
    assert site.ask("POST", "/api/check", [{"draft": "a"}] * 5, **headers).status == 200
    assert site.ask("POST", "/api/check", {"draft": "a"}, **headers).status == 200
    answer = site.ask("POST", "/api/check", {"draft": "a"}, **headers)
    answer.refuses(429, "6 a minute; try again in 10 s")
    assert answer.headers["retry-after"] == "10"
    site.seconds += 10
    assert site.ask("POST", "/api/check", {"draft": "a"}, **headers).status == 200
    site.seconds += 600
    site.ask("POST", "/api/check", [{"draft": "a"}] * 8, **headers).refuses(429, "send fewer at once")
    assert site.ask("POST", "/api/check", {"draft": "a"}).status == 200, "another token is not held back by this one"


def test_a_broken_limiter_lets_nobody_through(site: Site) -> None:
    def broken() -> float:
        raise OSError

    site.service.rate.clock = broken
    site.ask("POST", "/api/check", {"draft": "hello"}).refuses(503, "request limit")


def test_guessing_tokens_is_slowed_down_and_does_not_lock_out_who_has_one(site: Site) -> None:
    statuses = [site.ask("GET", "/api/mentions", authorization="Bearer x").status for _ in range(125)]
    assert statuses == [401] * 120 + [429] * 5
    assert site.ask("GET", "/api/mentions").status == 200


def test_a_database_that_is_away_is_a_sentence_and_no_verdict(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(_token: str) -> None:
        raise DatabaseBusy("secret host db.internal is away")

    monkeypatch.setattr(site.service.tokens, "find", away)
    answer = site.ask("POST", "/api/check", {"draft": "hello"})
    answer.refuses(503, "the database cannot be used now")
    assert "db.internal" not in answer.text


def test_a_defect_of_ours_is_a_sentence_too(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "mentions_page", lambda *_arguments, **_names: 1 / 0)
    with capture_logs() as logged:
        site.ask("GET", "/api/mentions").refuses(500, "a reason of our own")
    assert logged == [
        {"event": "api.defect", "route": "/api/mentions", "error": "ZeroDivisionError", "log_level": "warning"}
    ]


# --- POST /api/check -------------------------------------------------------------------------------------------------


def test_a_draft_is_answered_with_the_fields_of_the_command(site: Site) -> None:
    body = {"id": {"any": [1, None]}, "draft": "Дуже глупо", "mention": "?", "lang": "ru", "platform": "x", "more": 1}
    answer = site.ask("POST", "/api/check", body)
    assert answer.status == 200
    assert list(answer.json) == [
        *("id", "verdict", "risk", "findings", "policy", "model", "revision"),
        *("notes", "hold_seconds", "approvals_needed"),
    ]
    assert answer.json["id"] == {"any": [1, None]}
    assert answer.json["verdict"] == "block"
    found = answer.json["findings"][0]
    assert (found["start"], found["end"], found["text"]) == (5, 9, "глуп")
    assert set(found) == {"category", "severity", "start", "end", "text", "rule", "score", "why", "suggestion"}


def test_several_drafts_are_answered_in_order_and_a_bad_one_costs_only_itself(site: Site) -> None:
    rows = [{"id": 1, "draft": "fine"}, {"id": 2}, {"id": 3, "draft": 4}, {"id": 4, "draft": "stupid"}, "five"]
    listed = site.ask("POST", "/api/check", rows).json
    assert [row.get("verdict") for row in listed] == ["pass", None, None, "block", None]
    assert listed[1] == {"line": 2, "id": 2, "error": 'there is no "draft"'}
    assert listed[2]["error"] == '"draft" must be a string, not a number'
    assert listed[4]["error"] == "this must be a JSON object, not a string"
    lines = b"\n".join([*(json.dumps(row).encode() for row in rows), b"", b"{broken"])
    answer = site.ask("POST", "/api/check", lines, content_type="application/x-ndjson")
    assert answer.headers["content-type"] == "application/x-ndjson"
    told = [json.loads(line) for line in answer.text.splitlines()]
    assert told[:5] == listed
    assert told[5]["error"].startswith("this is not JSON")


@pytest.mark.parametrize("body", MIXED)
def test_what_is_no_draft_is_refused_in_one_sentence(site: Site, body: bytes) -> None:
    site.ask("POST", "/api/check", body).refuses(400)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, 'there is no "draft"'),
        ({"draft": None}, '"draft" must be a string, not null'),
        ({"draft": True}, "not a boolean"),
        ({"draft": "a", "mention": 1}, '"mention" must be a string, not a number'),
        ({"draft": "a", "lang": "x" * 36}, '"lang" is longer than 35 characters'),
        ({"draft": "a" * 100_001}, '"draft" is longer than 100,000 characters'),
        ([], "there is no row"),
    ],
)
def test_a_field_that_cannot_be_used_is_named(site: Site, body: object, words: str) -> None:
    site.ask("POST", "/api/check", body).refuses(400, words)


def test_lone_surrogates_neither_pass_nor_break_the_answer(site: Site) -> None:
    site.ask("POST", "/api/check", rb'{"draft": "a\ud800"}').refuses(400, "surrogate")
    rows = site.ask("POST", "/api/check", rb'[{"id": "\ud800", "draft": "stupid"}, {"id": "\ud800"}]').json
    assert [row["id"] for row in rows] == ["\ud800", "\ud800"]
    assert all("error" in row or row["verdict"] == "block" for row in rows)
    bad = rb'{"external_id": "\ud800"}, {"external_id": {"\ud800": 1}}'
    site.push(b"[" + bad + b"]").refuses(400, "line 1")
    answer = site.push(b"[" + bad + b", " + json.dumps(POST).encode() + b"]")
    assert (answer.json["added"], answer.json["rejected"]) == (1, 2)


@pytest.mark.parametrize(
    "kind",
    ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/json; charset=utf-16"],
)
@pytest.mark.parametrize("path", ["/api/check", "/api/mentions"])
def test_another_content_type_is_refused(site: Site, path: str, kind: str) -> None:
    site.ask("POST", path, {"draft": "a"}, content_type=kind).refuses(415, "application/json")


@pytest.mark.parametrize("path", ["/api/check", "/api/mentions"])
def test_a_body_that_is_too_large_is_refused_whether_it_says_so_or_not(site: Site, path: str) -> None:
    large = b'{"draft": "' + b"a" * api_document.MAX_BYTES + b'"}'
    site.ask("POST", path, large).refuses(413, "1 MB")

    def pieces() -> Iterator[bytes]:
        for start in range(0, len(large), 65536):
            yield large[start : start + 65536]

    headers = {"authorization": f"Bearer {site.all.token}", "content-type": "application/json"}
    Answer(site.client.post(path, content=pieces(), headers=headers)).refuses(413, "1 MB")


def test_too_many_rows_are_refused(site: Site) -> None:
    site.ask("POST", "/api/check", [{"draft": "a"}] * 101).refuses(413, "at most 100")


def test_a_body_that_never_ends_is_given_up(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api_body, "BODY_SECONDS", 0.0)
    site.ask("POST", "/api/check", {"draft": "a"}).refuses(408)


# --- doubt means a person --------------------------------------------------------------------------------------------


class Hanging:
    """A checker that says nothing until it is let go."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.asked = 0

    def check(self, _draft: str, **_names: object) -> object:
        self.asked += 1
        self.go.wait(60)
        return WordChecker().check("fine")


def failing(error: Exception) -> object:
    class Failing:
        def check(self, _draft: str, **_names: object) -> object:
            raise error

    return Failing()


def undecided(row: object, words: str) -> None:
    assert row["verdict"] == "review"
    assert row["risk"] == 1.0
    assert words in row["notes"][0]
    assert "a person must read this draft" in row["notes"][0]


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ModelUnavailable("the weights are not there"), "the weights are not there"),
        (MemoryError("whatever"), "MemoryError"),
        (TimeoutError(), "TimeoutError"),
    ],
)
def test_a_check_that_fails_asks_for_a_person(site: Site, error: Exception, words: str) -> None:
    site.service.check.checker = failing(error)
    answer = site.ask("POST", "/api/check", {"id": 7, "draft": "fine"})
    assert answer.status == 200
    assert answer.json["id"] == 7
    undecided(answer.json, words)


def test_a_slow_check_asks_for_a_person_and_the_rest_does_not_wait(site: Site) -> None:
    hanging = Hanging()
    site.service.check.checker = hanging
    site.service.check.seconds = 0.05
    rows = site.ask("POST", "/api/check", [{"draft": "a"}, {"draft": "b"}, {"draft": "c"}]).json
    undecided(rows[0], "longer than 0.05 seconds")
    undecided(rows[1], "too slow at the moment")
    undecided(rows[2], "too slow at the moment")
    assert hanging.asked == 1
    for _ in range(4):
        undecided(site.ask("POST", "/api/check", {"draft": "a"}).json, "longer than")
    assert hanging.asked == 2, "no more than two hang at once"
    hanging.go.set()
    site.service.check.checker = WordChecker()
    site.service.check.seconds = 60
    assert site.ask("POST", "/api/check", {"draft": "fine"}).json["verdict"] == "pass", "places are given back"
    assert "tactful_check_undecided_total 7" in site.client.get("/metrics").text


def test_the_model_is_worth_loading_while_some_program_may_ask_for_checks(site: Site) -> None:
    assert site.service.is_awaited
    site.token("reader", Scope.MENTIONS_READ)
    site.tokens.revoke("all", NOW)
    assert not site.service.is_awaited


def test_the_limit_is_two_seconds() -> None:
    assert TimelyCheck(checker=WordChecker(), metrics=Metrics()).seconds == 2.0


# --- POST /api/mentions ----------------------------------------------------------------------------------------------


def test_pushed_posts_are_stored_once_and_wait_to_be_judged(site: Site) -> None:
    other = {**POST, "external_id": "p2", "text": "nothing of ours"}
    named = {**POST, "external_id": "p3", "text": "it broke", "brand": "velna", "platform": "Trustpilot"}
    answer = site.push([POST, other, named])
    assert answer.json == {"added": 3, "already": 0, "edited": 0, "rejected": 0, "errors": []}
    with site.database.read() as unit:
        waiting = next_to_assess(unit, 10)
    assert [(mention.external_id, mention.brand) for mention in waiting] == [("p1", "marola"), ("p3", "velna")]
    assert waiting[0].state is MentionState.COLLECTED
    assert [mention.platform for mention in waiting] == ["api", "trustpilot"]
    assert waiting[0].created_at == datetime(2026, 11, 20, 10, tzinfo=UTC)
    again = site.push([POST, {**named, "text": "it broke twice"}], at=NOW + timedelta(seconds=1))
    assert again.json == {"added": 0, "already": 1, "edited": 1, "rejected": 0, "errors": []}


def test_a_monitor_that_starts_does_not_switch_the_pushing_off(site: Site) -> None:
    site.push(POST)
    register(SimpleNamespace(sources={}, database=site.database, pipeline=SimpleNamespace(now=lambda: NOW)))
    with site.database.read() as unit:
        states = {row.name: (row.kind, row.state) for row in queries.source_rows(unit)}
    assert states == {"api": ("import", SourceState.OK)}


def test_lines_of_posts_where_a_bad_one_costs_only_itself(site: Site) -> None:
    bad = [{**POST, "external_id": "b", "created_at": "yesterday"}, {**POST, "external_id": 7}, {**POST}, {"x": 1}]
    body = b"\n".join(json.dumps(row).encode() for row in (POST, *bad)) + b"\n{broken"
    answer = site.push(body, content_type="application/x-ndjson").json
    assert (answer["added"], answer["rejected"]) == (1, 5)
    assert [row["line"] for row in answer["errors"]] == [2, 3, 4, 5, 6]
    assert 'the date "yesterday" cannot be read' in answer["errors"][0]["error"]
    assert answer["errors"][2]["error"] == "a row before has the same external_id"


def test_one_post_that_cannot_be_used_is_refused_and_may_be_sent_again(site: Site) -> None:
    site.push({**POST, "text": " "}).refuses(400, '"text"')
    site.push([{**POST, "text": " "}]).refuses(400, "line 1")
    assert site.stored("p1") is None
    assert site.push(POST).status == 200


@pytest.mark.parametrize("body", MIXED)
def test_signed_nonsense_is_refused_in_one_sentence(site: Site, body: bytes) -> None:
    site.push(body).refuses(400)


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        ({"X_Tactful_Signature": ""}, "X-Tactful-Signature must be"),
        ({"X_Tactful_Signature": "sha256=" + "0" * 64}, "does not fit"),
        ({"X_Tactful_Signature": "sha1=" + "0" * 40}, "X-Tactful-Signature must be"),
        ({"X_Tactful_Timestamp": ""}, "X-Tactful-Timestamp must be"),
        ({"X_Tactful_Timestamp": "-1"}, "X-Tactful-Timestamp must be"),
        ({"X_Tactful_Timestamp": "9" * 400}, "X-Tactful-Timestamp must be"),
        ({"X_Tactful_Timestamp": str(int(NOW.timestamp()) + 1)}, "does not fit"),
    ],
)
def test_what_is_not_signed_as_it_must_be_is_not_stored(site: Site, headers: Mapping[str, str], words: str) -> None:
    site.push(POST, **headers).refuses(401, words)
    assert site.stored("p1") is None


def test_another_body_or_anothers_key_does_not_fit(site: Site) -> None:
    written = str(int(NOW.timestamp()))
    signature = sign(site.all.signing_key, written, json.dumps(POST).encode())
    site.push({**POST, "text": "Marola is great"}, X_Tactful_Signature=signature).refuses(401, "does not fit")
    other = site.token("other", Scope.MENTIONS_WRITE)
    site.push(POST, token=NewToken(name="", token=site.all.token, signing_key=other.signing_key)).refuses(401)
    assert site.stored("p1") is None


@pytest.mark.parametrize("seconds", [-301, 301, -86400])
def test_an_old_or_future_time_is_refused_although_it_is_signed(site: Site, seconds: int) -> None:
    site.push(POST, at=NOW + timedelta(seconds=seconds)).refuses(401, "5 minutes away")
    assert site.stored("p1") is None


def test_a_replay_is_refused_as_long_as_its_time_would_be_taken(site: Site) -> None:
    early = NOW + timedelta(seconds=300)
    assert site.push(POST, at=early).status == 200
    for later in (0, 1, 300, 600):
        site.now = NOW + timedelta(seconds=later)
        site.push(POST, at=early).refuses(409, "accepted before")
        fresh = {**POST, "external_id": f"later{later}"}
        assert site.push(fresh).status == 200, "which also clears away what is too old"
    site.now = NOW + timedelta(seconds=601)
    site.push(POST, at=early).refuses(401, "5 minutes away")


def test_a_request_whose_storing_failed_may_come_again(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as broken:
        broken.setattr("monitor.storage.mentions.add_new", lambda *_arguments, **_names: 1 / 0)
        site.push(POST).refuses(500)
    assert site.push(POST).json["added"] == 1


def test_a_query_that_cannot_be_read_stops_pushing_only(folder: Path) -> None:
    site = Site(folder)
    with closing(site.database):
        wrong = Settings.model_validate({"brands": {"marola": {"name": "Marola", "query": "(("}}})
        site.service = api.service(
            wrong, database=site.database, audit=site.audit, checker=WordChecker(), now=lambda: NOW
        )
        site.client = TestClient(Starlette(routes=api.routes(site.service)))
        site.push(POST).refuses(503, "monitor doctor")
        assert site.ask("POST", "/api/check", {"draft": "fine"}).status == 200


# --- GET /api/mentions, the document, the metrics --------------------------------------------------------------------


def test_mentions_are_fetched_page_by_page(site: Site) -> None:
    site.push([{**POST, "external_id": f"p{number}", "brand": ("marola", "velna")[number % 2]} for number in range(5)])
    seen: list[str] = []
    after: object = 0
    pages = 0
    while after is not None:
        page = site.ask("GET", f"/api/mentions?after={after}&limit=2").json
        seen += [mention["external_id"] for mention in page["mentions"]]
        after = page["next"]
        pages += 1
    assert (seen, pages) == ([f"p{number}" for number in range(5)], 3)
    only = site.ask("GET", "/api/mentions?brand=velna").json
    assert [mention["external_id"] for mention in only["mentions"]] == ["p1", "p3"]
    first = only["mentions"][0]
    assert (first["state"], first["sentiment"], first["created_at"]) == ("collected", None, "2026-11-20T10:00:00Z")
    assert site.ask("GET", "/api/mentions?brand=nobody").json == {"mentions": [], "next": None}


@pytest.mark.parametrize(
    "query", ["after=-1", "after=x", "after=١", "after=99999999999", "limit=0", "limit=201", "limit=", "brand=%00"]
)
def test_a_page_that_cannot_be_is_named(site: Site, query: str) -> None:
    site.ask("GET", f"/api/mentions?{query}").refuses(400, f'"{query.partition("=")[0]}" must be')


def shape(document: object, name: str) -> Draft202012Validator:
    whole = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
    return Draft202012Validator(whole)


def test_the_document_is_openapi_and_leads_nowhere_that_is_not_there(site: Site) -> None:
    document = site.ask("GET", "/api/openapi.json").json
    assert document["openapi"] == "3.1.0"
    for schema in document["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)
    text = json.dumps(document)
    for name in re.findall(r'"\$ref": "#/components/schemas/([^"]+)"', text):
        assert name in document["components"]["schemas"]
    told = {(method.upper(), path) for path, item in document["paths"].items() for method in item}
    assert told == set(EVERY)
    names = [operation["operationId"] for item in document["paths"].values() for operation in item.values()]
    assert len(set(names)) == len(names)


def test_every_route_of_the_document_is_served_and_nothing_else_is(site: Site) -> None:
    document = site.ask("GET", "/api/openapi.json").json
    served = {route.path for route in api.routes(site.service)} - {"/api/{rest:path}", "/metrics"}
    assert served == set(document["paths"])
    for path, item in document["paths"].items():
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
            status = site.ask(method, path).status
            assert (status == 405) == (method.lower() not in item), (method, path, status)
            assert method.lower() not in item or str(status) in item[method.lower()]["responses"]


def test_answers_have_the_shapes_of_the_document(site: Site) -> None:
    document = site.ask("GET", "/api/openapi.json").json
    checked = site.ask("POST", "/api/check", [{"draft": "stupid guarantee"}, {}]).json
    shape(document, "CheckAnswer").validate(checked[0])
    shape(document, "RowProblem").validate(checked[1])
    shape(document, "Stored").validate(site.push([POST, {}]).json)
    shape(document, "MentionsPage").validate(site.ask("GET", "/api/mentions").json)
    shape(document, "Problem").validate(site.ask("GET", "/api/none").json)
    site.service.check.checker = failing(ModelUnavailable("gone"))
    shape(document, "CheckAnswer").validate(site.ask("POST", "/api/check", {"draft": "x"}).json)


VALUES = st.one_of(st.none(), st.booleans(), st.integers(-3, 3), st.text(max_size=3), st.just("x" * 101), st.just([]))


def bodies(*names: str) -> st.SearchStrategy[object]:
    return st.dictionaries(st.sampled_from([*names, "other"]), VALUES, max_size=4)


@hypothesis_settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True
)
@given(draft=st.one_of(bodies("id", "draft", "mention", "lang", "platform"), VALUES))
def test_a_draft_is_taken_exactly_when_the_document_says_so(site: Site, draft: object) -> None:
    if isinstance(draft, list):
        return  # an empty list is no draft but no draft's shape either
    document = api_document.document()
    taken = site.ask("POST", "/api/check", draft).status == 200
    assert taken == shape(document, "Draft").is_valid(draft), draft


@hypothesis_settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True
)
@given(change=bodies(*POST, "followers", "addressed", "platform", "url"))
def test_a_post_that_the_document_refuses_is_refused(site: Site, change: dict[str, object]) -> None:
    post = POST | change
    fits = shape(api_document.document(), "Post").is_valid(post)
    status = site.push(post).status
    assert status in (200, 400, 409)
    if not fits:
        assert status == 400, post


def test_the_metrics_are_open_and_tell_nothing_of_anybody(site: Site) -> None:
    site.ask("POST", "/api/check", {"draft": "stupid"})
    site.push(POST)
    answer = site.client.get("/metrics")
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    lines = answer.text.splitlines()
    assert 'tactful_api_answers_total{route="/api/check",status="200"} 1' in lines
    assert 'tactful_check_verdicts_total{verdict="block"} 1' in lines
    assert 'tactful_source_mentions_total{source="api"} 1' in lines
    assert "tactful_database_up 1" in lines
    assert "olha" not in answer.text
    assert "Marola" not in answer.text


def test_the_metrics_say_that_the_database_is_away(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> object:
        raise DatabaseBusy("away")

    monkeypatch.setattr(site.database, "read", away)
    assert "tactful_database_up 0" in site.client.get("/metrics").text.splitlines()


def test_a_row_whose_id_is_no_id_costs_only_itself(site: Site) -> None:
    deep: object = []
    for _ in range(300):
        deep = [deep]
    answer = site.push([{**POST, "external_id": deep}, POST])
    assert answer.status == 200
    assert [row["line"] for row in answer.json["errors"]] == [1]
    assert site.stored("p1") is not None


def test_rows_are_counted_before_they_are_read(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[bytes] = []
    monkeypatch.setattr(api_body, "parsed", read.append)
    site.ask("POST", "/api/check", b"x\n" * 100_000, content_type="application/x-ndjson").refuses(413, "at most 100")
    assert not read
