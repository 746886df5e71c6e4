"""Fixtures that every test folder may use."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from sqlalchemy import Engine

from monitor.storage.session import Database

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of labelled data and recorded traffic that lies beside a development checkout."""
    folder = ROOT.parent / "shared"
    if not (folder / "data").is_dir():
        pytest.skip("the development data folder ../shared is not beside this checkout")
    return folder


@pytest.fixture(autouse=True)
def _databases_end_with_their_test(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Close what a test opened and left open: Python 3.13 warns of a connection that nobody closed."""
    opened: list[Database] = []
    made = Database.__init__

    def remembered(database: Database, engine: Engine) -> None:
        made(database, engine)
        opened.append(database)

    monkeypatch.setattr(Database, "__init__", remembered)
    yield
    for database in opened:
        database.close()


@pytest.fixture(autouse=True)
def _logs_end_with_their_test() -> Iterator[None]:
    """Forget where a command logged to: the next test's threads must not write to a stream that pytest has closed."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)
