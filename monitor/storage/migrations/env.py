"""Run by Alembic: migrates on the connection that `monitor/storage/migrate.py` hands over, inside its transaction."""

from alembic import context
from sqlalchemy import Connection

from monitor.storage.schema import metadata

connection = context.config.attributes.get("connection")
if not isinstance(connection, Connection):
    msg = "migrations run from code: use monitor.storage.migrate"
    raise TypeError(msg)
context.configure(
    connection=connection,
    target_metadata=metadata,
    render_as_batch=True,
    compare_type=True,
    # SQLite can roll DDL back, and our sessions begin transactions themselves; Alembic assumes neither.
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
