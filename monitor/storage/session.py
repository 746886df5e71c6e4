"""The database: one engine a process, one new connection and one transaction a unit of work.

SQLite runs in WAL mode and takes its write lock at the start of a writing unit (BEGIN IMMEDIATE), so that a unit
either waits its turn or has it; a lock that does not come free in `BUSY_SECONDS` is `DatabaseBusy`. PostgreSQL
waits for a lock no longer than that either.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TypeAlias

from sqlalchemy import URL, Connection, Engine, Table, create_engine, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, DatabaseError, InterfaceError, NoSuchModuleError, TimeoutError  # noqa: A004 - not the builtin
from sqlalchemy.pool import ConnectionPoolEntry, StaticPool

from monitor.errors import DatabaseBusy

BUSY_SECONDS: Final = 10
CONNECT_SECONDS: Final = 10

Unit: TypeAlias = Connection
"""An open unit of work, for those who hand it on and know no SQL."""

URL_REMEDY: Final = "set database.url to sqlite:///path or postgresql://…"


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
            backend = parsed.get_backend_name()
            if backend == "sqlite":
                return cls(_sqlite(parsed, busy_seconds))
            if backend == "postgresql":
                return cls(_postgresql(parsed, busy_seconds))
        except (ArgumentError, NoSuchModuleError, ValueError) as error:
            message = "the database URL cannot be read"
            raise DatabaseBusy(message, remedy=URL_REMEDY) from error
        except ModuleNotFoundError as error:
            message = "the driver for PostgreSQL is not installed"
            raise DatabaseBusy(message, remedy='install the extra "postgres" (psycopg)') from error
        except OSError as error:
            message = f"the folder of the database cannot be made ({error.strerror}: {error.filename})"
            raise DatabaseBusy(message, remedy="make it writable, or set database.url to another place") from error
        message = f"databases of the kind {backend} are not supported"
        raise DatabaseBusy(message, remedy=URL_REMEDY)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A unit that only reads: one consistent snapshot, always rolled back."""
        with _busy_as_ours(), self.engine.connect() as connection:
            if connection.dialect.name == "postgresql":
                connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            try:
                yield connection
            finally:
                connection.rollback()

    @contextmanager
    def write(self, *, references_checked: bool = True) -> Iterator[Connection]:
        """A unit that writes: committed whole at the end, rolled back whole on any error.

        `references_checked` false lets SQLite rebuild a table that others point at; only migrations need it.
        """
        with _busy_as_ours(), self.engine.connect().execution_options(tactful_write=True) as connection:
            if references_checked or connection.dialect.name != "sqlite":
                with connection.begin():
                    yield connection
                return
            # SQLite heeds this pragma only outside a transaction, so it goes past SQLAlchemy, which would begin one.
            cursor = connection.connection.cursor()
            cursor.execute("PRAGMA foreign_keys=OFF")
            try:
                with connection.begin():
                    yield connection
            finally:
                cursor.execute("PRAGMA foreign_keys=ON")
                cursor.close()

    def close(self) -> None:
        """Give all connections back."""
        self.engine.dispose()


def inserting(connection: Connection, table: Table) -> "postgresql.Insert | sqlite.Insert":
    """An INSERT into `table` that can say ON CONFLICT, which both databases word alike and standard SQL has not."""
    return postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)


def _sqlite(url: URL, busy_seconds: float) -> Engine:
    if url.database in (None, "", ":memory:"):
        engine = create_engine(
            url, poolclass=StaticPool, connect_args={"timeout": busy_seconds, "check_same_thread": False}
        )
    else:
        # What people wrote and who they are is nobody else's business on this machine.
        Path(str(url.database)).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        engine = create_engine(url, connect_args={"timeout": busy_seconds})
    event.listen(engine, "connect", _set_up_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _postgresql(url: URL, busy_seconds: float) -> Engine:
    def set_up(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
        cursor = connection.cursor()
        cursor.execute(f"SET lock_timeout = '{int(busy_seconds * 1000)}ms'")
        cursor.execute("SET timezone = 'UTC'")
        cursor.close()
        connection.commit()

    engine = create_engine(url, pool_pre_ping=True, connect_args={"connect_timeout": CONNECT_SECONDS})
    event.listen(engine, "connect", set_up)
    return engine


@contextmanager
def _busy_as_ours() -> Iterator[None]:
    """The database's own refusals as one sentence; what our own code did wrong stays what it is."""
    try:
        yield
    except TimeoutError as error:
        message = "the database cannot be used now (all connections of this process are taken)"
        raise DatabaseBusy(message, remedy="try again; if it stays so, something keeps a unit of work open") from error
    except (DatabaseError, InterfaceError) as error:
        # IntegrityError, ProgrammingError and DataError are subclasses too: those are faults of ours, not of the place.
        if type(error).__name__ not in ("OperationalError", "DatabaseError", "InterfaceError"):
            raise
        reason = " ".join(str(error.orig).split())
        message = f"the database cannot be used now ({reason})"
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
