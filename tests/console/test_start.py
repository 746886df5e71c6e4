"""`python -m responders console`, up to where it becomes the server."""

import os
import re
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from classifiers.command_line import run
from responders.__main__ import main


def start() -> int:
    return run(lambda: main(["console"]), "python -m responders")


@pytest.fixture(autouse=True)
def started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What the command becomes, instead of becoming it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TACTFUL__DATABASE__URL", f"sqlite:///{tmp_path / 'start.db'}")
    monkeypatch.setenv("TACTFUL__AUDIT__KEY", "0123456789abcdef0123456789abcdef")
    commands: list[list[str]] = []
    monkeypatch.setattr(os, "execv", lambda _program, command: commands.append(command))
    return commands


@pytest.fixture
def port() -> Iterator[int]:
    """A port that somebody listens at."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen(1)
        yield other.getsockname()[1]


def free_port() -> int:
    """A port that nobody listens at, below those that the system itself gives to others between two lines."""
    for number in range(20_000 + os.getpid() % 10_000, 32_000):
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", number))
            return number
    pytest.fail("no port is free between 20,000 and 32,000")


@pytest.mark.parametrize("address", ["127.0.0.1", "localhost", "0.0.0.0"])  # noqa: S104 - a user may set it
def test_a_taken_port_is_one_sentence_and_nothing_is_made(
    address: str,
    port: int,
    started: list[list[str]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("TACTFUL__CONSOLE__PORT", str(port))
    monkeypatch.setenv("TACTFUL__CONSOLE__ADDRESS", address)
    assert start() == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert len(said.err.splitlines()) == 1
    for words in (str(port), "console.port", "TACTFUL__CONSOLE__PORT"):
        assert words in said.err
    assert started == []
    assert not (tmp_path / "start.db").exists(), "the first password would be lost unread"


def test_no_address_of_this_machine(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("TACTFUL__CONSOLE__ADDRESS", "192.0.2.7")
    assert start() == 2
    assert "console.address" in capsys.readouterr().err


def test_the_first_start_says_how_to_sign_in_and_how_to_get_a_new_password(
    port: int, started: list[list[str]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    free = free_port()
    assert free != port
    monkeypatch.setenv("TACTFUL__CONSOLE__PORT", str(free))
    start()
    said = capsys.readouterr().out
    assert f"http://127.0.0.1:{free}" in said
    assert re.search(r"sign in as admin with the password \S+", said)
    assert "python -m responders users password admin" in said
    assert f"--server.port={free}" in started[0]
    start()
    assert "password" not in capsys.readouterr().out
