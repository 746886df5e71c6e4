import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from classifiers.command_line import run
from monitor.storage import migrate
from monitor.storage.session import Database
from responders import run_command
from responders.__main__ import main
from responders.publishers import registry
from responders.publishers.dry_run import DryRun
from responders.reply import Published, ReplyState, ReplyTarget
from tests.reply_world import Checker, World

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A working folder with a brand, as a first start finds it."""
    (tmp_path / "tactful.toml").write_text('[brands.marola]\nname = "Marola"\n', encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield tmp_path
    for number, handler in kept.items():
        signal.signal(number, handler)


def command(*arguments: str) -> int:
    return run(lambda: main(arguments), "python -m responders")


def world_at(place: Path) -> World:
    """A world in the folder's own database, with the key that the commands made there."""
    database = Database.open(f"sqlite:///{place / 'var' / 'tactful.db'}")
    migrate.upgrade(database)
    world = World(database)
    key_file = place / "var" / "audit.key"
    if not key_file.exists():
        assert command("users", "list") == 0
    world.audit._key = bytes.fromhex(key_file.read_text().strip())
    world.audit._key_id = world.audit._mac("key", "id")
    return world


def test_accounts_by_command_line(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert place.exists()
    assert command("users", "list") == 0
    assert "no account yet" in capsys.readouterr().out
    assert command("users", "add", "reviewer", "--role", "approver") == 0
    said = capsys.readouterr().out
    assert re.search(r"^reviewer signs in with the password \S{16} and must change it", said)
    assert command("users", "role", "reviewer", "admin") == 0
    assert command("users", "password", "reviewer") == 0
    assert command("users", "disable", "reviewer") == 2
    assert "last administrator" in capsys.readouterr().err
    assert command("users", "list") == 0
    assert re.match(r"reviewer +admin +must change the password$", capsys.readouterr().out.strip())


def test_a_first_password_from_standard_input(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert place.exists()
    read, write = os.pipe()
    os.write(write, b"a long enough one\n")
    os.close(write)
    with os.fdopen(read) as stream:
        monkeypatch.setattr(sys, "stdin", stream)
        assert command("users", "add", "reader", "--role", "viewer", "--password-stdin") == 0
    assert "a long enough one" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((), "the following arguments are required: COMMAND"),
        (("users", "add"), "NAME"),
        (("users", "add", "a", "--role", "king"), "invalid choice: 'king'"),
        (("users", "disable", "nobody"), "there is no account nobody"),
        (("users", "add", "Имя"), "cannot be a name"),
        (("run", "--twice"), "unrecognized arguments: --twice"),
        (("run", "--once", "--config", "none.toml"), "there is no such settings file"),
        (("audit",), "STEP"),
    ],
)
def test_a_wrong_command_line_is_one_sentence(
    place: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], sentence: str
) -> None:
    assert place.exists()
    assert command(*arguments) == 2
    said = capsys.readouterr().err
    assert sentence in said
    assert said.count("\n") == 1


def test_a_wrong_door_is_named(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (place / "tactful.toml").write_text('[doors.ours]\nkind = "fax"\n', encoding="utf-8")
    assert command("run", "--once") == 2
    assert 'the setting "doors.ours.kind" cannot be "fax"' in capsys.readouterr().err


def test_every_door_is_checked_by_itself(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert command("doors") == 0
    assert capsys.readouterr().out.splitlines()[0].startswith("dry_run  ok             posts nothing")
    (place / "tactful.toml").write_text(
        '[replies]\ndefault_door = "gone"\n'
        '[doors.fax]\nkind = "fax"\n'
        '[doors.off]\nkind = "x"\nenabled = false\n'
        '[doors.reddit]\nkind = "reddit"\nclient_id = "ours"\nusername = "us"\n',
        encoding="utf-8",
    )
    assert command("doors") == 1
    said = capsys.readouterr().out
    assert 'fax      misconfigured  the setting "doors.fax.kind" cannot be "fax"' in said
    assert "set TACTFUL__DOORS__REDDIT__CLIENT_SECRET in the environment" in said
    assert 'default  misconfigured  the setting "replies.default_door" names no door' in said
    for key in ("CLIENT_SECRET", "PASSWORD"):
        monkeypatch.setenv(f"TACTFUL__DOORS__REDDIT__{key}", "hush")
    assert command("doors") == 1
    said = capsys.readouterr().out
    assert "reddit   ok             Reddit: a comment" in said
    assert "hush" not in said


def test_one_round_publishes_what_is_due(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert command("run", "--once") == 0
    assert capsys.readouterr().out == "nothing is due\n"
    world = world_at(place)
    draft = world.approved()
    monkeypatch.setattr(run_command, "checker_of", lambda _settings: Checker())
    monkeypatch.setattr(run_command, "utc_now", lambda: world.now)
    assert command("run", "--once") == 0
    said = capsys.readouterr().out
    assert said.startswith(f"reply {draft.id} (dry_run): sent: dry run: nothing was posted")
    assert world.stored(draft.id).state is ReplyState.SENT
    assert command("run", "--once") == 0
    assert capsys.readouterr().out == "nothing is due\n"


def test_one_round_that_is_told_to_stop_sends_no_further_reply(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = world_at(place)
    for number in range(3):
        world.approved(world.draft(mention_id=world.mention(f"p{number}")))
    sent: list[str] = []

    def told_while_sending(_door: DryRun, target: ReplyTarget, _text: str) -> Published:
        signal.raise_signal(signal.SIGTERM)
        sent.append(target.external_id)
        return Published(external_id="own", url=None)

    monkeypatch.setattr(DryRun, "publish", told_while_sending)
    monkeypatch.setattr(run_command, "checker_of", lambda _settings: Checker())
    monkeypatch.setattr(run_command, "utc_now", lambda: world.now)
    assert command("run", "--once") == 0
    assert sent == ["p0"]
    assert world.actions()[-1] == "reply.sent"


def test_without_a_check_a_round_sends_nothing(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    world = world_at(place)
    draft = world.approved()
    monkeypatch.setattr(run_command, "checker_of", lambda _settings: Checker(down=True))
    monkeypatch.setattr(run_command, "utc_now", lambda: world.now)
    assert command("run", "--once") == 0
    assert "stopped: not sent: the reply check cannot run" in capsys.readouterr().out
    assert world.stored(draft.id).state is ReplyState.DRAFT


def test_a_whole_log_has_its_count_and_head(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    world = world_at(place)
    world.approved()
    capsys.readouterr()
    assert command("audit", "verify") == 0
    assert re.fullmatch(r"3 rows, head [0-9a-f]{64}\n", capsys.readouterr().out)


def test_the_first_broken_row_is_named(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    world = world_at(place)
    world.approved()
    with world.database.write() as unit:
        for (trigger,) in unit.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'trigger'").all():
            unit.exec_driver_sql(f'DROP TRIGGER "{trigger}"')
        unit.exec_driver_sql("UPDATE audit SET actor = 'somebody else' WHERE seq = 2")
    capsys.readouterr()
    assert command("audit", "verify") == 1
    assert capsys.readouterr().out.startswith("broken at row 2: row 2 was changed")


def test_the_publisher_stops_when_told_and_one_is_enough(place: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    first = subprocess.Popen(
        [sys.executable, "-m", "responders", "run"], cwd=place, env=environment, stderr=subprocess.PIPE, text=True
    )
    assert first.stderr is not None
    assert "publisher.started" in first.stderr.readline()
    second = subprocess.run(
        [sys.executable, "-m", "responders", "run"],
        cwd=place,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert second.returncode == 2
    assert "another publisher" in second.stderr
    first.send_signal(signal.SIGTERM)
    assert first.wait(120) == 0
    first.stderr.close()


def test_the_publisher_knows_no_secret_of_the_others(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TACTFUL__SOURCES__R__CLIENT_SECRET", "read-secret")
    monkeypatch.setenv("TACTFUL__ALERTS__SLACK_WEBHOOK", "https://hooks.slack.com/services/x")
    assert place.exists()
    assert command("run", "--once") == 0
    assert "TACTFUL__SOURCES__R__CLIENT_SECRET" not in os.environ
    assert "TACTFUL__ALERTS__SLACK_WEBHOOK" not in os.environ


def test_door_secrets_reach_the_publisher_and_nobody_else(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (place / "tactful.toml").write_text('[doors.x]\nkind = "x"\n', encoding="utf-8")
    assert command("run", "--once") == 2
    assert "set TACTFUL__DOORS__X__API_KEY" in capsys.readouterr().err
    built: list[str] = []
    monkeypatch.setattr(
        registry, "build", lambda name, table, _settings: built.append(f"{name} {sorted(table)}") or DryRun()
    )
    for key in ("API_KEY", "API_KEY_SECRET", "ACCESS_TOKEN", "ACCESS_TOKEN_SECRET"):
        monkeypatch.setenv(f"TACTFUL__DOORS__X__{key}", "shh")
    assert command("run", "--once") == 0
    assert "x ['access_token', 'access_token_secret', 'api_key', 'api_key_secret', 'kind']" in built
    assert command("users", "list") == 0
    assert "TACTFUL__DOORS__X__API_KEY" not in os.environ


def test_a_database_that_cannot_be_opened_is_one_sentence(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (place / "var").mkdir()
    (place / "var" / "tactful.db").write_bytes(b"this is no database at all, but a text of some length" * 50)
    assert command("audit", "verify") == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "Traceback" not in said
