"""Bringing a database to the schema of this program: called at every process start, safe when several start at once.

One history, `migrations/versions`. Everything happens in one transaction behind a lock, so that a process that dies
half-way leaves the database as it was, and a second process waits and then finds nothing to do.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from monitor.errors import EdgeError
from monitor.storage.schema import metadata
from monitor.storage.session import Database

HISTORY: Final = Path(__file__).parent / "migrations"
ADVISORY_LOCK: Final = 7_218_349_056
"""Any number will do, as long as nobody else on the same PostgreSQL database takes it."""


class DatabaseTooNew(EdgeError):
    """A newer program made this database. Decision: stop; nothing was changed."""


class DatabaseDamaged(EdgeError):
    """The database holds rows that break its own rules. Decision: stop; a person restores a backup."""


def upgrade(database: Database) -> None:
    """Bring `database` to the newest schema; does nothing, without a lock, when it is there already.

    Raises DatabaseBusy when the database cannot be had, DatabaseTooNew when a newer program made it.
    """
    if revision(database) == newest():
        return
    with _alone(database) as connection:
        _known(MigrationContext.configure(connection).get_current_revision())
        command.upgrade(_config(connection), "head")


def downgrade(database: Database, to: str = "-1") -> None:
    """Take the newest revision back (or go to the revision `to`); for the operator's hand and for tests."""
    with _alone(database) as connection:
        command.downgrade(_config(connection), to)


def revision(database: Database) -> str | None:
    """The revision that `database` stands at; None when it is empty. Raises DatabaseTooNew for an unknown one."""
    with database.read() as connection:
        return _known(MigrationContext.configure(connection).get_current_revision())


def newest() -> str | None:
    """The revision that this program needs."""
    return ScriptDirectory.from_config(_config()).get_current_head()


def differences(database: Database) -> list[str]:
    """What `alembic check` would say: each way in which the database is not as `schema.py` has it."""
    with database.read() as connection:
        context = MigrationContext.configure(connection, opts={"render_as_batch": True, "compare_type": True})
        return [repr(difference) for difference in compare_metadata(context, metadata)]


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(HISTORY).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def _known(current: str | None) -> str | None:
    known = {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}
    if current is not None and current not in known:
        message = f"the database was made by a newer Tactful (schema {current})"
        raise DatabaseTooNew(message, remedy="update this program, or restore a backup made with it")
    return current


@contextmanager
def _alone(database: Database) -> Iterator[Connection]:
    """A writing unit that no other migration runs beside."""
    with database.write(references_checked=False) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ADVISORY_LOCK})
        yield connection
        if connection.dialect.name == "sqlite" and connection.exec_driver_sql("PRAGMA foreign_key_check").first():
            message = "the database holds rows that point at nothing"
            raise DatabaseDamaged(message, remedy="restore a backup; nothing was changed")
