"""Moving everything from one database to another, from SQLite to PostgreSQL above all."""

from typing import Final

from sqlalchemy import Connection, Table, func, insert, select, update

from monitor.errors import EdgeError
from monitor.storage import migrate
from monitor.storage.schema import audit_head, metadata
from monitor.storage.session import Database

PAGE: Final = 500


class TargetNotEmpty(EdgeError):
    """The database to copy into holds rows. Decision: stop; nothing was changed."""


def copy(source: Database, target: Database) -> dict[str, int]:
    """Copy every row of `source` into the empty `target`; how many of each table.

    Stop the other processes first: what they write meanwhile is not copied. The target is migrated first and filled in
    one transaction. The audit log keeps its hashes and stays valid under the same key. Raises DatabaseBusy,
    DatabaseTooNew or TargetNotEmpty.
    """
    migrate.upgrade(source)
    migrate.upgrade(target)
    counts: dict[str, int] = {}
    with source.read() as old, target.write() as new:
        for table in metadata.sorted_tables:
            _refuse_rows(new, table)
        for table in metadata.sorted_tables:
            counts[table.name] = _copy_head(old, new) if table is audit_head else _copy_table(old, new, table)
    return counts


def _refuse_rows(connection: Connection, table: Table) -> None:
    query = select(table).limit(1)
    if table is audit_head:
        query = query.where(audit_head.c.seq > 0)
    if connection.execute(query).first() is not None:
        message = f'the database to copy into already holds rows (table "{table.name}")'
        raise TargetNotEmpty(message, remedy="name a new, empty database")


def _copy_table(old: Connection, new: Connection, table: Table) -> int:
    count = 0
    rows = old.execution_options(yield_per=PAGE).execute(select(table)).mappings()
    for page in rows.partitions():
        new.execute(insert(table), [dict(row) for row in page])
        count += len(page)
    if count and new.dialect.name == "postgresql" and "id" in table.c:
        # Rows came with their numbers: the sequence has to go on after them.
        sequence = func.pg_get_serial_sequence(table.name, "id")
        new.execute(select(func.setval(sequence, func.max(table.c.id))).select_from(table))
    return count


def _copy_head(old: Connection, new: Connection) -> int:
    """The head row is there since the migration, and may move from nothing to anywhere once."""
    head = old.execute(select(audit_head)).mappings().one_or_none()
    if head is None or head["seq"] == 0:
        return 0
    new.execute(update(audit_head).values(dict(head)))
    return 1
