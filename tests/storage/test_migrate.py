import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import inspect, text
from sqlalchemy.exc import IntegrityError

from monitor.errors import DatabaseBusy
from monitor.storage import migrate
from monitor.storage.audit import AuditLog
from monitor.storage.migrate import DatabaseDamaged, DatabaseTooNew
from monitor.storage.session import Database
from tests.storage.world import NOW


def test_from_empty_to_the_schema_of_the_code(empty_url: str) -> None:
    with closing(Database.open(empty_url)) as database:
        assert migrate.revision(database) is None
        migrate.upgrade(database)
        assert migrate.revision(database) == migrate.newest()
        assert migrate.differences(database) == []


def test_in_memory_too() -> None:
    with closing(Database.open("sqlite://")) as database:
        migrate.upgrade(database)
        assert migrate.differences(database) == []


def test_a_table_that_differs_is_seen(database: Database) -> None:
    with database.write() as unit:
        unit.execute(text("ALTER TABLE sources DROP COLUMN seen"))
    assert "seen" in "".join(migrate.differences(database))


def test_down_one_and_up_again(database: Database) -> None:
    newest = migrate.revision(database)
    migrate.downgrade(database)
    assert migrate.revision(database) != newest
    assert migrate.differences(database) != []
    migrate.upgrade(database)
    assert migrate.differences(database) == []


def test_down_to_nothing_and_up_again(database: Database) -> None:
    migrate.downgrade(database, "base")
    with database.read() as unit:
        assert set(inspect(unit).get_table_names()) == {"alembic_version"}
    migrate.upgrade(database)
    assert migrate.differences(database) == []


def test_upgrading_twice_changes_nothing(database: Database, audit: AuditLog) -> None:
    with database.write() as unit:
        audit.append(unit, at=NOW, actor="anna", action="looked", subject="mention:1")
    migrate.upgrade(database)
    with database.read() as unit:
        assert audit.verify(unit).count == 1


def test_processes_that_start_together_agree(empty_url: str) -> None:
    start = (
        "import sys; from monitor.storage import migrate; from monitor.storage.session import Database\n"
        "sys.stdin.read(1); database = Database.open(sys.argv[1]); migrate.upgrade(database); database.close()"
    )
    together = [
        subprocess.Popen(
            [sys.executable, "-W", "error", "-c", start, empty_url], stdin=subprocess.PIPE, stderr=subprocess.PIPE
        )
        for _ in range(3)
    ]
    for process in together:
        assert process.stdin is not None
        process.stdin.write(b"x")
        process.stdin.close()
    for process in together:
        assert process.stderr is not None
        with process.stderr:
            assert process.stderr.read() == b""
        assert process.wait() == 0
    with closing(Database.open(empty_url)) as database:
        assert migrate.differences(database) == []


def test_an_upgrade_that_fails_leaves_nothing_behind(empty_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("the process died")

    with closing(Database.open(empty_url)) as database:
        with monkeypatch.context() as patch:
            command = migrate.command
            upgrade = command.upgrade
            patch.setattr(command, "upgrade", lambda *arguments: (upgrade(*arguments), fail()))
            with pytest.raises(RuntimeError):
                migrate.upgrade(database)
        with database.read() as unit:
            assert inspect(unit).get_table_names() == []
        migrate.upgrade(database)
        assert migrate.differences(database) == []


def test_a_database_of_a_newer_program_is_refused(database: Database) -> None:
    with database.write() as unit:
        unit.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(DatabaseTooNew, match="made by a newer Tactful"):
        migrate.upgrade(database)


def test_rows_that_point_at_nothing_stop_a_migration(tmp_path: Path) -> None:
    file = tmp_path / "tactful.db"
    with closing(Database.open(f"sqlite:///{file}")) as database:
        migrate.upgrade(database)
        with closing(sqlite3.connect(file)) as raw:
            raw.execute(
                "INSERT INTO reply_versions (reply_id, version, text, by, at) VALUES (7, 1, 'x', 'anna', '2026-01-01')"
            )
            raw.execute("UPDATE alembic_version SET version_num = '0001'")
            raw.commit()
        with pytest.raises(DatabaseDamaged, match="point at nothing"), migrate._alone(database):
            pass


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE audit SET actor = 'somebody else'",
        "DELETE FROM audit",
        "DELETE FROM audit_head",
        "UPDATE audit_head SET seq = 0",
    ],
)
def test_the_database_itself_refuses_changes_to_the_log(database: Database, audit: AuditLog, change: str) -> None:
    with database.write() as unit:
        audit.append(unit, at=NOW, actor="anna", action="looked", subject="mention:1")
    with pytest.raises(IntegrityError, match=r"append-only|moves on by one"), database.write() as unit:
        unit.execute(text(change))
    with database.read() as unit:
        assert audit.verify(unit).whole


@pytest.mark.parametrize("table", ["audit", "audit_head"])
def test_truncating_the_log_is_refused(database: Database, table: str) -> None:
    if database.engine.dialect.name == "sqlite":
        pytest.skip("SQLite has no TRUNCATE")
    with pytest.raises(IntegrityError, match="append-only"), database.write() as unit:
        unit.execute(text(f"TRUNCATE {table}"))


def test_every_revision_says_what_it_does() -> None:
    for file in (migrate.HISTORY / "versions").glob("r*.py"):
        assert re.match(r'"""[A-Z].+\.\n', file.read_text(encoding="utf-8"))


def test_an_unreachable_database_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "tactful.db").write_bytes(b"this is no database, but long enough to be read as one" * 20)
    with (
        closing(Database.open(f"sqlite:///{tmp_path / 'tactful.db'}")) as database,
        pytest.raises(DatabaseBusy, match="file is not a database"),
    ):
        migrate.upgrade(database)
