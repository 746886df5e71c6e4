import re
from pathlib import Path

import pytest

from classifiers.command_line import run
from monitor.storage.audit import AuditLog
from monitor.storage.session import Database
from responders.__main__ import main
from responders.tokens import Scope, Tokens

NAMES = ["Help Desk", "", "ü", "-x", "a" * 33]


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "tactful.toml").write_text('[brands.marola]\nname = "Marola"\n', encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def command(*arguments: str) -> int:
    return run(lambda: main(arguments), "python -m responders")


def test_a_token_is_shown_once_and_ended_by_its_name(capsys: pytest.CaptureFixture[str], place: Path) -> None:
    assert command("tokens", "list") == 0
    assert "no token yet" in capsys.readouterr().out
    assert command("tokens", "add", "desk", "--scope", "check", "--scope", "mentions:write", "--per-minute", "9") == 0
    said = capsys.readouterr().out
    token = re.search(r"^token of desk: (tactful_\S{43})$", said, re.MULTILINE)
    key = re.search(r"^key that signs what it pushes: ([0-9a-f]{64})$", said, re.MULTILINE)
    assert token
    assert key
    assert "not shown again" in said
    assert command("tokens", "list") == 0
    listed = capsys.readouterr().out
    assert re.search(r"^desk +check mentions:write +9 a minute$", listed, re.MULTILINE)
    assert token[1] not in listed
    assert key[1] not in listed
    for file in (place / "var").iterdir():
        assert token[1].encode() not in file.read_bytes()
        assert key[1].encode() not in file.read_bytes()
    assert command("tokens", "revoke", "desk") == 0
    assert command("tokens", "list") == 0
    assert "revoked" in capsys.readouterr().out
    assert command("audit", "verify") == 0


def test_a_token_that_only_checks_gets_no_key(capsys: pytest.CaptureFixture[str]) -> None:
    assert command("tokens", "add", "desk", "--scope", "check") == 0
    assert "signs" not in capsys.readouterr().out


def test_what_cannot_be_a_token_is_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    wrong = [
        *(("add", "--scope", "check", "--", name) for name in NAMES),
        ("add", "desk"),
        ("add", "desk", "--scope", "everything"),
        ("add", "desk", "--scope", "check", "--per-minute", "0"),
        ("add", "desk", "--scope", "check", "--per-minute", "x"),
        ("revoke", "nobody"),
    ]
    for arguments in wrong:
        assert command("tokens", *arguments) == 2, arguments
        said = capsys.readouterr()
        assert said.out == ""
        assert "Traceback" not in said.err
    assert command("tokens", "list") == 0
    assert "no token yet" in capsys.readouterr().out


def test_a_scope_that_this_program_does_not_know_gives_nothing(place: Path) -> None:
    assert command("tokens", "add", "desk", "--scope", "check") == 0
    database = Database.open(f"sqlite:///{place / 'var' / 'tactful.db'}")
    with database.write() as unit:
        unit.exec_driver_sql("UPDATE api_tokens SET scopes = 'check:all mentions:read'")
    listed = Tokens(database, AuditLog(b"whatever this is, it is long enough")).everyone()
    database.close()
    assert listed[0].scopes == {Scope.MENTIONS_READ}
