"""The monitor's command line, in this process, with a model that costs nothing and no network."""

import io
import json
import os
import signal
import sqlite3
import stat
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer
from sqlalchemy import select
from structlog.testing import capture_logs
from werkzeug import Request, Response

from classifiers.command_line import run as run_command
from classifiers.types import Assessment, ModelUnavailable, Sentiment, Urgency, UrgencyReason
from monitor import assembly, log, try_command
from monitor.__main__ import main
from monitor.config import Process, Settings, load
from monitor.judging import unreadable
from monitor.lease import Lease
from monitor.storage.migrate import upgrade
from monitor.storage.schema import mentions, sources
from monitor.storage.session import Database

BRAND = '[brands.lumen]\nname = "Lumen"\n'
REPLAY = '[sources.posts]\nkind = "replay"\nfile = "posts.jsonl"\nspeed = 0\n'


def row(number: int, text: str, **more: str) -> str:
    fields = {"external_id": f"p{number}", "created_at": "2026-05-04T12:00:00Z", "author": "someone", "text": text}
    return json.dumps(fields | more, ensure_ascii=False) + "\n"


class FakeModel:
    def __init__(self) -> None:
        self.fault: Exception | None = None

    def assess(self, texts: Sequence[str], langs: object = None) -> list[Assessment]:  # noqa: ARG002 - Assessor's own
        if self.fault is not None:
            raise self.fault
        return [unreadable() for _ in texts]


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    with capture_logs():
        yield


@pytest.fixture(autouse=True)
def model(monkeypatch: pytest.MonkeyPatch) -> FakeModel:
    fake = FakeModel()
    monkeypatch.setattr(assembly, "model_of", lambda *_: fake)
    monkeypatch.setattr(try_command, "model_of", lambda *_: fake)
    monkeypatch.setattr(log, "set_up", lambda *_, **__: None)  # it would take pytest's own log handlers away
    return fake


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("TACTFUL__CONFIG", "TACTFUL__DATABASE__URL"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def monitor(capsys: pytest.CaptureFixture[str]) -> Command:
    def call(*arguments: str) -> tuple[int, str, str]:
        status = run_command(lambda: main(arguments), "python -m monitor")
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return call


def settings(text: str = BRAND + REPLAY) -> None:
    Path("tactful.toml").write_text(text, encoding="utf-8")


def posts(*lines: str, file: str = "posts.jsonl") -> None:
    Path(file).write_text("".join(lines), encoding="utf-8")


def stored(column: str) -> list[object]:
    database = Database.open("sqlite:///var/tactful.db")
    with database.read() as connection:
        found = list(connection.execute(select(mentions.c[column]).order_by(mentions.c.id)).scalars())
    database.close()
    return found


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "the following arguments are required: COMMAND"),
        (["sing"], "invalid choice: 'sing'"),
        (["collect"], "the following arguments are required: --once"),
        (["collect", "--once", "--sorce", "x"], "unrecognized arguments: --sorce x"),
        (["import"], "the following arguments are required: FILE"),
        (["--config", "none.toml", "doctor", "--colour"], "unrecognized arguments: --colour"),
        (["collect", "--once", "--config", "none.toml"], "none.toml: there is no such settings file"),
        (["--config", "none.toml", "collect", "--once"], "none.toml: there is no such settings file"),
        (["import", "none.jsonl"], "cannot read none.jsonl: No such file or directory"),
        (["try", "nobody"], 'there is no source "nobody"'),
        (["query", "test", "AND"], "QUERY, column 1"),
    ],
)
def test_a_wrong_command_line_is_one_sentence(arguments: list[str], says: str, monitor: Command) -> None:
    status, out, err = monitor(*arguments)
    assert (status, out) == (2, "")
    assert says in err
    assert err.count("\n") == 1


def test_collect_prints_a_line_for_each_source(monitor: Command) -> None:
    settings(BRAND + REPLAY + '[sources.gone]\nkind = "replay"\nfile = "nowhere.jsonl"\n')
    posts(row(1, "My Lumen broke"), row(2, "nothing about you"))
    status, out, err = monitor("collect", "--once")
    lines = out.splitlines()
    assert lines[0] == "posts: seen 2, new 2, ok (every post of the file has been played)"
    assert lines[1].startswith("gone: seen 0, new 0, unreachable (the file nowhere.jsonl cannot be read")
    assert len(lines) == 2
    assert status == 3
    assert "Traceback" not in err
    assert stored("state") == ["triaged", "triaged"]
    assert stored("brand") == ["lumen", None]


def test_collect_one_source_only(monitor: Command) -> None:
    settings(BRAND + REPLAY + '[sources.off]\nkind = "replay"\nfile = "x"\nenabled = false\n')
    posts(row(1, "My Lumen broke"))
    assert monitor("collect", "--once", "--source", "posts")[0] == 0
    assert 'there is no source "zzz" (there are: posts)' in monitor("collect", "--once", "--source", "zzz")[2]
    assert '"off" is switched off' in monitor("collect", "--once", "--source", "off")[2]


def test_collect_says_that_the_sample_is_played(monitor: Command) -> None:
    status, out, err = monitor("collect", "--once")
    assert status == 0
    assert out.startswith("sample: seen ")
    assert "invented" in err


def test_empty_settings_say_what_is_missing(monitor: Command) -> None:
    settings("")
    status, out, err = monitor("collect", "--once")
    assert (status, out) == (0, "")
    assert "names no brand" in err
    assert "names no source" in err


def test_collect_without_a_model_keeps_what_it_collected(monitor: Command, model: FakeModel) -> None:
    settings()
    posts(row(1, "My Lumen broke"))
    model.fault = ModelUnavailable("weights/model.onnx is damaged; fetch it again")
    status, out, err = monitor("collect", "--once")
    assert out.startswith("posts: seen 1, new 1, ok")
    assert status == 3
    assert "waits to be judged: weights/model.onnx is damaged" in err
    assert stored("state") == ["collected"]
    model.fault = None
    monitor("collect", "--once")
    assert stored("state") == ["triaged"]


def test_a_source_that_cannot_be_set_up_costs_only_itself(monitor: Command) -> None:
    settings(
        BRAND + REPLAY + '[sources.a]\nkind = "telepathy"\n[sources.b]\nkind = "feed"\n'
        '[sources.c]\nkind = "replay"\nfile = "posts.jsonl"\nbrand = "zephyr"\n'
    )
    posts(row(1, "My Lumen broke"))
    status, out, _ = monitor("collect", "--once")
    assert status == 3
    lines = {line.split(":")[0]: line for line in out.splitlines()}
    assert "posts: seen 1, new 1, ok" in lines["posts"]
    assert 'misconfigured (the setting "sources.a.kind" cannot be "telepathy"' in lines["a"]
    assert '"sources.b.url" is missing' in lines["b"]
    assert '"sources.c.brand" names no brand ([brands.…]: lumen)' in lines["c"]


def test_alerts_of_collect_are_printed_apart_from_the_lines(monitor: Command) -> None:
    settings(BRAND + REPLAY + "[alerts]\nmax_age_hours = 1000000\nseverity_at_least = 0\n")
    posts(row(1, "My Lumen broke @channel"))
    _, out, err = monitor("collect", "--once")
    assert "ALERT" not in out
    assert "ALERT Severe: someone on replay about Lumen" in err
    assert "@channel" not in err


def test_slack_without_a_webhook_keeps_alerts_and_stops_nothing(monitor: Command) -> None:
    settings(BRAND + REPLAY + "[alerts]\nchannel = 'slack'\nmax_age_hours = 1000000\nseverity_at_least = 0\n")
    posts(row(1, "My Lumen broke"))
    assert monitor("collect", "--once")[0] == 0
    assert stored("state") == ["triaged"]


def test_import_counts_and_rejects(monitor: Command) -> None:
    settings()
    posts(row(1, "My Lumen broke"), "nonsense\n", row(2, ""), row(3, "моя посылка"))
    status, out, err = monitor("import", "posts.jsonl")
    assert (status, out) == (3, "added 2, already there 0, rejected 2\n")
    assert err == "rejected rows and their reasons: posts.jsonl.rejected.jsonl\n"
    rejected = [json.loads(line) for line in Path("posts.jsonl.rejected.jsonl").read_text("utf-8").splitlines()]
    assert [item["error"] for item in rejected] == [
        "line 2: the line is not JSON (column 1)",
        "line 3: the post has no text",
    ]
    posts(row(1, "My Lumen broke again"), row(3, "моя посылка"))
    assert monitor("import", "posts.jsonl")[:2] == (0, "added 0, already there 1, changed since 1, rejected 0\n")


def test_an_import_is_about_the_only_brand_unless_told_otherwise(monitor: Command) -> None:
    settings()
    posts(row(1, "where is my parcel?"), row(2, "My Lumen broke"))
    monitor("import", "--by-query", "posts.jsonl")
    assert stored("brand") == [None, "lumen"]
    posts(row(3, "where is my parcel?"), row(4, "hello", brand="lumen"))
    monitor("import", "posts.jsonl")
    assert stored("brand")[2:] == ["lumen", "lumen"]
    settings(BRAND + '[brands.zephyr]\nname = "Zephyr"\n')
    posts(row(5, "where is my parcel?"), row(6, "Zephyr broke"))
    monitor("import", "posts.jsonl")
    assert stored("brand")[4:] == [None, "zephyr"]
    posts(row(7, "where is my parcel?"))
    monitor("import", "--brand", "zephyr", "posts.jsonl")
    assert stored("brand")[6:] == ["zephyr"]
    assert 'there is no brand "x" (there are: lumen, zephyr)' in monitor("import", "--brand", "x", "posts.jsonl")[2]


def test_import_of_a_csv_from_standard_input(monitor: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    settings()
    text = 'external_id;created_at;author;text\n1;2026-05-04 12:00;x;"a; b"\n2;never;x;c\n'
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BufferedReader(io.BytesIO(text.encode()))))
    assert monitor("import", "-")[:2] == (3, "added 1, already there 0, rejected 1\n")
    assert stored("text") == ["a; b"]
    assert Path("standard-input.rejected.jsonl").exists()


def test_import_that_cannot_write_its_rejects_says_so(monitor: Command) -> None:
    settings()
    posts("nonsense\n")
    status, _, err = monitor("import", "--rejected", "no/such/folder/r.jsonl", "posts.jsonl")
    assert status == 2
    assert err == (
        "python -m monitor: rejected rows cannot be written to no/such/folder/r.jsonl"
        " (No such file or directory); name another place with --rejected\n"
    )


def test_import_of_a_file_that_is_no_table(monitor: Command) -> None:
    settings()
    posts("a,b\n1,2\n", file="x.csv")
    status, _, err = monitor("import", "x.csv")
    assert status == 2
    assert 'x.csv: the first line names no column "external_id"' in err


def test_imported_posts_are_judged_later_and_the_source_is_listed(monitor: Command) -> None:
    settings()
    posts(row(1, "hello"))
    monitor("import", "posts.jsonl")
    assert stored("state") == ["collected"]
    posts()
    monitor("collect", "--once")
    assert stored("state") == ["triaged"]
    database = Database.open("sqlite:///var/tactful.db")
    with database.read() as connection:
        states = dict(connection.execute(select(sources.c.name, sources.c.state)).all())
    database.close()
    assert states["import"] == "ok"


def test_try_shows_posts_and_stores_nothing(monitor: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    settings(BRAND + REPLAY)
    posts(row(1, "<b>My Lumen</b> is on\u200b fire\x1b[2J"), row(2, "cats"), "nonsense\n")
    urgent = Urgency(urgent=True, score=0.9, reason=UrgencyReason.SAFETY, sure=True)
    fire = unreadable()
    monkeypatch.setattr(
        FakeModel,
        "assess",
        lambda _, texts: [
            Assessment(
                lang=fire.lang,
                sentiment=fire.sentiment,
                toxicity=fire.toxicity,
                intent=fire.intent,
                urgency=urgent if "fire" in text else fire.urgency,
                model="fake",
                revision="1",
            )
            for text in texts
        ],
    )
    status, out, _ = monitor("try", "posts")
    assert status == 0
    assert "seen 3, usable 2, set aside 1" in out
    assert "(about lumen)" in out
    assert "(about no brand of yours)" in out
    assert "My Lumen is on fire" in out
    assert f"{Sentiment.NEUTRAL.value}?" in out
    assert "urgent (safety)" in out
    assert "personal lane (urgent)" in out
    assert "\x1b" not in out
    assert not Path("var").exists()


def test_try_without_a_model_shows_the_posts_all_the_same(monitor: Command, model: FakeModel) -> None:
    settings()
    posts(row(1, "My Lumen broke"))
    model.fault = ModelUnavailable("no weights")
    status, out, err = monitor("try", "posts")
    assert (status, err) == (0, "not judged: no weights\n")
    assert "My Lumen broke" in out


def test_try_does_not_spend_money_by_itself(monitor: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    settings(BRAND + '[sources.x]\nkind = "x"\nquery = "Lumen"\n')
    monkeypatch.setenv("TACTFUL__SOURCES__X__BEARER_TOKEN", "hush-4711")
    status, _, err = monitor("try", "x")
    assert status == 2
    assert "charges for what it brings" in err


def test_a_second_monitor_says_so(monitor: Command) -> None:
    settings()
    database = Database.open("sqlite:///var/tactful.db")
    upgrade(database)
    mine = Lease(database=database, now=assembly.utc_now, wait=lambda _: None)
    machine = mine.holder.split("/")[0]
    other = Lease(database=database, now=assembly.utc_now, wait=lambda _: None, holder=f"{machine}/1/other")
    assert other.take()
    status, _, err = monitor("run")
    assert status == 2
    assert "another monitor" in err
    assert "stop it first" in err
    database.close()


def test_a_database_that_cannot_be_had_is_one_sentence(monitor: Command) -> None:
    settings(BRAND + REPLAY + '[database]\nurl = "sqlite:///posts.jsonl"\n')
    posts("this is no database, but it is long enough to be looked at\n" * 50)
    for command in (["collect", "--once"], ["import", "posts.jsonl"], ["run"]):
        status, _, err = monitor(*command)
        assert status == 2
        assert "the database cannot be used" in err
        assert err.count("\n") == 1


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def give(*lines: str) -> None:
        monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{line}\n" for line in lines)))

    return give


def test_add_tries_a_source_and_writes_it_at_the_end(monitor: Command, answers: Callable[..., None]) -> None:
    settings("# my settings\n" + BRAND + "# the end, without a line break")
    posts(row(1, "My Lumen broke"))
    answers("replay", "posts.jsonl", "speed = 2", "")
    status, out, err = monitor("add", "old_posts")
    assert (status, err) == (0, "")
    assert "It works: 1 posts seen" in out
    text = Path("tactful.toml").read_text("utf-8")
    assert text.startswith("# my settings\n" + BRAND + "# the end, without a line break\n\n[sources.old_posts]\n")
    assert monitor("collect", "--once")[0] == 0


def test_add_keeps_secrets_out_of_the_settings(monitor: Command, answers: Callable[..., None]) -> None:
    settings(BRAND)
    Path(".env").write_text("# mine\nOTHER=1\n", encoding="utf-8")
    secret = "it's $a \\ secret#"
    answers(secret, "", "query = Lumen", "", "no")
    status, out, _ = monitor("add", "x")
    assert status == 0
    assert secret not in out
    assert secret not in Path("tactful.toml").read_text("utf-8")
    env = Path(".env").read_text("utf-8")
    assert env.startswith("# mine\nOTHER=1\n")
    assert stat.S_IMODE(Path(".env").stat().st_mode) == 0o600
    assert loaded().sources["x"]["bearer_token"] == secret


def loaded() -> Settings:
    return load(Process.MONITOR, environ={})


def test_add_makes_the_settings_where_there_are_none(monitor: Command, answers: Callable[..., None]) -> None:
    posts(row(1, "My Lumen broke"))
    answers("!!!", 'Lumen "Light"', "posts.jsonl", "")
    status, out, err = monitor("add", "replay")
    assert (status, err) == (0, "")
    written = loaded()
    assert written.brands["lumenlight"].name == 'Lumen "Light"'
    assert written.sources["replay"]["file"] == "posts.jsonl"
    assert not written.sample
    assert "make start" in out


def test_add_writes_nothing_when_the_source_fails_and_nobody_insists(
    monitor: Command, answers: Callable[..., None]
) -> None:
    settings(BRAND)
    answers("nowhere.jsonl", "", "")
    status, out, err = monitor("add", "replay")
    assert status == 2
    assert "It does not work yet: the file nowhere.jsonl cannot be read" in out
    assert "nothing was written" in err
    assert Path("tactful.toml").read_text("utf-8") == BRAND
    answers("nowhere.jsonl", "", "да")
    assert monitor("add", "replay")[0] == 0
    assert "[sources.replay]" in Path("tactful.toml").read_text("utf-8")


@pytest.mark.parametrize(
    ("name", "says"),
    [("Bad Name", "cannot be a name"), ("a]b", "cannot be a name"), ("posts", "has a source posts already")],
)
def test_add_refuses_a_name(name: str, says: str, monitor: Command) -> None:
    settings()
    status, _, err = monitor("add", name)
    assert status == 2
    assert says in err


def test_add_that_is_left_early_writes_nothing(monitor: Command, answers: Callable[..., None]) -> None:
    settings(BRAND)
    answers("feed")
    status, _, err = monitor("add", "news")
    assert status == 2
    assert "the answers ended early; nothing was written" in err
    assert Path("tactful.toml").read_text("utf-8") == BRAND


def test_add_asks_until_the_source_is_whole(monitor: Command, answers: Callable[..., None]) -> None:
    settings(BRAND)
    answers("token", "", "zzz = 1", "query", "query = Lumen", "usd_day_cap = 2.5", "", "")
    status, out, _ = monitor("add", "x")
    assert status == 0
    assert "set either query or mentions_of" in out
    table = loaded().sources["x"]
    assert (table["query"], table["usd_day_cap"]) == ("Lumen", 2.5)


def test_a_post_of_ten_megabytes_costs_only_itself(monitor: Command) -> None:
    settings()
    posts(row(1, "My Lumen broke"), row(2, "щ" * 5_000_000), row(3, "still here"))
    status, out, _ = monitor("import", "posts.jsonl")
    assert (status, out) == (3, "added 2, already there 0, rejected 1\n")
    rejected = json.loads(Path("posts.jsonl.rejected.jsonl").read_text("utf-8"))
    assert "5.0 million characters" in rejected["error"]


def test_a_locked_database_is_one_sentence_and_loses_nothing(monitor: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    settings()
    posts(row(1, "My Lumen broke"))
    assert monitor("collect", "--once", "--source", "posts")[0] == 0
    posts(row(1, "My Lumen broke"), row(2, "My Lumen broke"))
    patient = Database.open
    monkeypatch.setattr(Database, "open", lambda url: patient(url, busy_seconds=0.01))
    holder = sqlite3.connect("var/tactful.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    for command in (["collect", "--once"], ["import", "posts.jsonl"], ["run"]):
        status, _, err = monitor(*command)
        assert status == 2
        assert "the database cannot be used now (database is locked)" in err
        assert err.count("\n") == 1
    holder.execute("ROLLBACK")
    holder.close()
    assert monitor("import", "posts.jsonl")[1] == "added 2, already there 0, rejected 0\n"


@pytest.fixture
def signals() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("signals")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_run_collects_alerts_and_ends_when_told(
    number: signal.Signals, monitor: Command, httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def told(_: Request) -> Response:
        os.kill(os.getpid(), number)
        return Response("ok")

    httpserver.expect_oneshot_request("/services/x").respond_with_handler(told)
    monkeypatch.setenv("TACTFUL__ALERTS__SLACK_WEBHOOK", "/services/x")
    settings(
        BRAND + REPLAY + f"[alerts]\nchannel = 'slack'\nslack_base_url = '{httpserver.url_for('')}'\n"
        "max_age_hours = 1000000\nseverity_at_least = 0\n"
    )
    posts(row(1, "My Lumen broke"))
    late = threading.Timer(60, os.kill, (os.getpid(), number))
    late.start()
    status, out, err = monitor("run")
    late.cancel()
    assert (status, out, err) == (0, "", "")
    assert len(httpserver.log) == 1
    assert stored("state") == ["triaged"]
    database = Database.open("sqlite:///var/tactful.db")
    lease = Lease(database=database, now=assembly.utc_now, wait=lambda _: None)
    assert lease.other() is None
    database.close()
