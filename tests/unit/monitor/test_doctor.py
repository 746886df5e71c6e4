"""The doctor: every kind of trouble is one line with its remedy, and nothing is stored or sent."""

import socket
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from classifiers.command_line import run as run_command
from classifiers.hub import Part
from classifiers.types import Assessment, ModelUnavailable
from monitor import doctor
from monitor.__main__ import main
from monitor.assembly import utc_now
from monitor.doctor import Finding
from monitor.judging import unreadable
from monitor.mention import SourceName, SourceState
from monitor.storage import sources as source_rows
from monitor.storage.migrate import upgrade
from monitor.storage.session import Database

BRAND = '[brands.lumen]\nname = "Lumen"\n'


class FakeModel:
    fault: Exception | None = None

    def assess(self, texts: Sequence[str]) -> list[Assessment]:
        if self.fault is not None:
            raise self.fault
        return [unreadable() for _ in texts]


@pytest.fixture(autouse=True)
def model(monkeypatch: pytest.MonkeyPatch) -> FakeModel:
    fake = FakeModel()
    monkeypatch.setattr(doctor, "model_of", lambda _: fake)
    return fake


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def port() -> Iterator[int]:
    """A port where somebody listens and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def examined(text: str, *, offline: bool = False) -> dict[str, Finding]:
    Path("tactful.toml").write_text(text, encoding="utf-8")
    return {finding.thing: finding for finding in doctor.examine(None, offline=offline)}


def test_a_first_start_is_well_and_nothing_is_made(folder: Path) -> None:
    found = {finding.thing: finding for finding in doctor.examine(None, offline=False)}
    assert all(finding.well for finding in found.values())
    assert found["settings"].state == "sample brand"
    assert "made at the first start" in found["database"].why
    assert "made at the first start" in found["audit key"].why
    assert found["source sample"].state == "ok"
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "thing", "state", "says"),
    [
        ("nonsense", "settings", "cannot be used", "is not TOML"),
        ("[alerts]\nchanel = 'x'", "settings", "cannot be used", 'unknown setting "alerts.chanel"'),
        ("", "settings", "no brand", "tactful.toml"),
        ("[brands.lumen]\nname = 'Lumen'\nquery = 'AND'", "brand lumen", "bad query", "column 1"),
        (BRAND + "[database]\nurl = 'mysql://x/y'", "database", "cannot be used", "are not supported"),
        (BRAND + "[database]\nurl = 'sqlite:///tactful.toml'", "database", "cannot be used", "not a database"),
        (BRAND + "[audit]\nkey_file = 'tactful.toml'", "audit key", "cannot be used", "does not hold a key"),
        (BRAND + "[sources.a]\nkind = 'telepathy'", "source a", "misconfigured", 'cannot be "telepathy"'),
        (BRAND + "[sources.a]\nkind = 'replay'\nfile = 'x'\nbrand = 'b'", "source a", "misconfigured", "no brand"),
        (BRAND + "[sources.a]\nkind = 'replay'\nfile = 'none.jsonl'", "source a", "unreachable", "none.jsonl"),
        (BRAND + "[doors.a]\nuser = 'x'", "door a", "misconfigured", "no kind"),
        (BRAND + "[alerts]\nchannel = 'slack'", "alerts", "misconfigured", "no webhook is set"),
    ],
)
def test_trouble_is_one_line_with_its_remedy(text: str, thing: str, state: str, says: str) -> None:
    finding = examined(text)[thing]
    assert not finding.well
    assert finding.state == state
    assert says in finding.why
    assert finding.remedy
    assert "\n" not in finding.why


def test_one_trouble_hides_no_other_line() -> None:
    found = examined(BRAND + "[sources.a]\nkind = 'telepathy'\n[alerts]\nchannel = 'slack'")
    assert [finding.thing for finding in found.values() if not finding.well] == ["source a", "alerts"]
    assert list(found) == ["settings", "brand lumen", "database", "audit key", "model", "source a", "alerts"]


def test_no_source_is_said() -> None:
    assert examined(BRAND)["sources"].state == "none"


def test_a_missing_model_is_named(model: FakeModel) -> None:
    model.fault = ModelUnavailable("weights/model.onnx is missing; run git lfs pull")
    finding = examined(BRAND)["model"]
    assert (finding.state, finding.well) == ("unavailable", False)
    assert "model.onnx is missing" in finding.why


def test_what_is_off_or_only_set_up_is_no_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TACTFUL__SOURCES__X__BEARER_TOKEN", "hush-4711")
    found = examined(
        BRAND
        + "[sources.x]\nkind = 'x'\nquery = 'Lumen'\n[sources.off]\nkind = 'replay'\nfile = 'x'\nenabled = false\n"
        "[doors.dry]\nkind = 'dry_run'\n"
    )
    assert found["source x"].state == "set up"
    assert "charges for what it brings" in found["source x"].why
    assert found["source off"].state == "off"
    assert found["door dry"].state == "set up"
    assert "python -m responders doors" in found["door dry"].remedy
    assert all(finding.well for finding in found.values())


def database() -> Database:
    opened = Database.open("sqlite:///var/tactful.db")
    upgrade(opened)
    return opened


def test_a_source_that_was_told_to_wait_is_not_asked() -> None:
    opened = database()
    with opened.write() as connection:
        source_rows.record_failure(
            connection,
            SourceName("a"),
            now=utc_now(),
            state=SourceState.LIMITED,
            detail="slow down (until noon)",
            remedy="nothing to do",
            next_run_at=utc_now() + timedelta(hours=1),
            kind="replay",
        )
    opened.close()
    finding = examined(BRAND + "[sources.a]\nkind = 'replay'\nfile = 'none.jsonl'")["source a"]
    assert (finding.state, finding.why, finding.well) == ("limited", "slow down (until noon)", False)


def test_a_database_that_is_there_says_its_schema() -> None:
    database().close()
    assert examined(BRAND)["database"].why.startswith("schema ")


def test_an_old_database_is_left_as_it_is() -> None:
    Database.open("sqlite:///var/tactful.db").close()
    Path("var").mkdir(exist_ok=True)
    Path("var/tactful.db").touch()
    finding = examined(BRAND)["database"]
    assert "the next start brings it to" in finding.why
    assert finding.well


def test_slack_is_reached_but_told_nothing(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TACTFUL__ALERTS__SLACK_WEBHOOK", "/services/hush-4711")
    text = BRAND + f"[alerts]\nchannel = 'slack'\nslack_base_url = 'http://127.0.0.1:{port}'"
    finding = examined(text)["alerts"]
    assert finding.well
    assert "no message was sent" in finding.why


def test_slack_that_cannot_be_reached_is_said(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TACTFUL__ALERTS__SLACK_WEBHOOK", "/services/hush-4711")

    def refuse(*_: object, **__: object) -> None:
        raise ConnectionRefusedError(111, "Connection refused")

    monkeypatch.setattr("socket.create_connection", refuse)
    text = BRAND + f"[alerts]\nchannel = 'slack'\nslack_base_url = 'http://127.0.0.1:{port}'"
    finding = examined(text)["alerts"]
    assert (finding.state, finding.why) == ("unreachable", "127.0.0.1 cannot be reached (Connection refused)")
    assert examined(text, offline=True)["alerts"].well


Doctor = Callable[[], tuple[int, str]]


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Doctor:
    def call() -> tuple[int, str]:
        status = run_command(lambda: main(["doctor"]), "python -m monitor")
        return status, capsys.readouterr().out

    return call


def test_the_table_and_the_exit_status(command: Doctor) -> None:
    status, out = command()
    assert status == 0
    assert "sample brand" in out
    Path("tactful.toml").write_text(BRAND + "[sources.a]\nkind = 'tele[bold]pathy'", encoding="utf-8")
    status, out = command()
    assert status == 1
    assert "tele[bold]pathy" in out
    assert "misconfigured" in out


def test_no_secret_is_shown(command: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SOURCES__X__BEARER_TOKEN", "ALERTS__SLACK_WEBHOOK", "AUDIT__KEY", "DOORS__R__PASSWORD"):
        monkeypatch.setenv(f"TACTFUL__{name}", "hush-4711")
    Path("tactful.toml").write_text(
        BRAND + "[alerts]\nchannel = 'slack'\n[sources.x]\nkind = 'x'\nquery = 'L'\n[doors.r]\nkind = 'reddit'",
        encoding="utf-8",
    )
    status, out = command()
    assert status == 1
    assert "hush-4711" not in out


def test_a_model_of_the_hub_has_a_line_and_our_own_one_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    text = BRAND + "[model.hub.sentiment]\nname = 'a/b'\nrevision = 'main'\nlabels = { N = 'negative', P = 'positive' }"
    found = examined(text, offline=True)
    assert found["model"].well
    line = found["model for sentiment"]
    assert (line.state, line.well) == ("unavailable", False)
    assert 'its revision "main" is not a commit' in line.why
    assert "our own head answers" in line.remedy

    class Loaded:
        labels, exclusive = ("N", "P"), True

        def windows(self, text: str) -> list[Part]:
            return [Part(inputs={"input_ids": (len(text),)})]

        def logits(self, _part: Part) -> list[float]:
            return [1.0, 0.0]

    asked: list[bool] = []

    def load(_chosen: object, *, offline: bool) -> Loaded:
        asked.append(offline)
        return Loaded()

    monkeypatch.setattr(doctor, "load_checkpoint", load)
    assert examined(text, offline=True)["model for sentiment"] == Finding(
        thing="model for sentiment", state="ok", why="a/b main"
    )
    assert asked == [True]
