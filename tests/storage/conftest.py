"""Every storage test runs on SQLite and on PostgreSQL, each in a database of its own.

PostgreSQL runs where TACTFUL_TEST_POSTGRES names a server whose user may make databases (`.ci/postgres` lends one).
"""

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from monitor.storage import migrate
from monitor.storage.audit import AuditLog
from monitor.storage.session import Database
from tests.storage.world import Store


class Server:
    """A PostgreSQL server that lends databases."""

    def __init__(self, url: str) -> None:
        self.url = make_url(url)
        self._engine = create_engine(self.url, isolation_level="AUTOCOMMIT")
        self._made: list[str] = []

    def lend(self, template: str | None = None) -> str:
        name = f"tactful_test_{uuid.uuid4().hex[:12]}"
        with self._engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}" + (f" TEMPLATE {template}" if template else "")))
        self._made.append(name)
        return self.url.set(database=name).render_as_string(hide_password=False)

    def close(self) -> None:
        made = [] if os.environ.get("TACTFUL_TEST_POSTGRES_THROWAWAY") else self._made
        with self._engine.connect() as connection:
            for name in made:
                connection.execute(text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
        self._engine.dispose()


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    url = os.environ.get("TACTFUL_TEST_POSTGRES")
    if not url:
        pytest.skip("no PostgreSQL: set TACTFUL_TEST_POSTGRES, or run `bash .ci/postgres -- make test`")
    with closing(Server(url)) as server:
        yield server


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("template") / "tactful.db"
    with closing(Database.open(f"sqlite:///{file}")) as database:
        migrate.upgrade(database)
    return file


@pytest.fixture(scope="session")
def migrated_name(server: Server) -> str:
    url = server.lend()
    with closing(Database.open(url)) as database:
        migrate.upgrade(database)
    return str(make_url(url).database)


BOTH = [pytest.param("sqlite"), pytest.param("postgresql", marks=pytest.mark.postgres)]


@pytest.fixture(params=BOTH)
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database without any table."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'tactful.db'}"
    server: Server = request.getfixturevalue("server")
    return server.lend()


@pytest.fixture(params=BOTH)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a migrated database."""
    if request.param == "sqlite":
        file = tmp_path / "tactful.db"
        shutil.copy(request.getfixturevalue("migrated_file"), file)
        return f"sqlite:///{file}"
    server: Server = request.getfixturevalue("server")
    return server.lend(request.getfixturevalue("migrated_name"))


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    with closing(Database.open(url)) as database:
        yield database


@pytest.fixture
def audit() -> AuditLog:
    return AuditLog(b"a key that only the tests know!!")


@pytest.fixture
def store(database: Database, audit: AuditLog) -> Store:
    return Store(database, audit)
