"""The database: one engine a process, one new connection and one transaction a unit of work.

SQLite runs in WAL mode and takes its write lock at the start of a writing unit (BEGIN IMMEDIATE), so that a unit
either waits its turn or has it; a lock that does not come free in `BUSY_SECONDS` is `DatabaseBusy`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, OperationalError
from sqlalchemy.pool import ConnectionPoolEntry, StaticPool

from monitor.errors import DatabaseBusy

BUSY_SECONDS: Final = 10
DEFAULT_URL: Final = "sqlite:///var/tactful.db"


class Database:
    """Units of work over one database.

    Never hold a unit open across a network call or a model run: read, close, work, then write.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    @classmethod
    def open(cls, url: str, *, busy_seconds: float = BUSY_SECONDS) -> "Database":
        """A database by URL: `sqlite:///path`, `sqlite://` (in memory, for tests) or `postgresql://…`.

        Raises DatabaseBusy when the URL cannot be used.
        """
        try:
            parsed = make_url(url)
        except ArgumentError as error:
            message = "the database URL cannot be read"
            raise DatabaseBusy(message, remedy="set database.url to sqlite:///path or postgresql://…") from error
        if parsed.get_backend_name() != "sqlite":
            return cls(create_engine(parsed, pool_pre_ping=True))
        in_memory = parsed.database in (None, "", ":memory:")
        if not in_memory:
            Path(str(parsed.database)).parent.mkdir(parents=True, exist_ok=True)
            engine = create_engine(parsed, connect_args={"timeout": busy_seconds})
        else:
            engine = create_engine(
                parsed, poolclass=StaticPool, connect_args={"timeout": busy_seconds, "check_same_thread": False}
            )
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return cls(engine)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A unit that only reads: one consistent snapshot, always rolled back."""
        with _busy_as_ours(), self.engine.connect() as connection:
            try:
                yield connection
            finally:
                connection.rollback()

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A unit that writes: committed whole at the end, rolled back whole on any error."""
        with (
            _busy_as_ours(),
            self.engine.connect().execution_options(tactful_write=True) as connection,
            connection.begin(),
        ):
            yield connection

    def close(self) -> None:
        """Give all connections back."""
        self.engine.dispose()


@contextmanager
def _busy_as_ours() -> Iterator[None]:
    try:
        yield
    except OperationalError as error:
        message = f"the database cannot be used now ({error.orig})"
        raise DatabaseBusy(message, remedy="see that no other program holds it and that it can be reached") from error


def _set_up_sqlite(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    # The driver must not open transactions by itself: _begin_sqlite does, with the right kind of lock.
    connection.isolation_level = None
    cursor = connection.cursor()
    # FULL, not WAL's usual NORMAL: a claim that a power cut forgets would be a reply sent twice.
    for pragma in ("journal_mode=WAL", "foreign_keys=ON", "synchronous=FULL"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("tactful_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN DEFERRED")
