from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Connection, create_engine, insert, select, text

from monitor.errors import DatabaseBusy
from monitor.storage.schema import switches
from monitor.storage.session import Database
from tests.storage.world import NOW, Store, post

ROW = {"name": "stop_sending", "on": True, "by": "anna", "at": NOW, "reason": ""}


def _write_and_die(unit: Connection) -> None:
    unit.execute(insert(switches).values(ROW))
    raise ZeroDivisionError


def test_a_unit_that_fails_changes_nothing(database: Database) -> None:
    with pytest.raises(ZeroDivisionError), database.write() as unit:
        _write_and_die(unit)
    with database.read() as unit:
        assert unit.execute(select(switches)).all() == []


def test_a_reading_unit_keeps_nothing(database: Database) -> None:
    if database.engine.dialect.name == "sqlite":
        with database.read() as unit:
            unit.execute(insert(switches).values(ROW))
    with database.read() as unit:
        assert unit.execute(select(switches)).all() == []


def test_a_reading_unit_sees_one_moment(store: Store) -> None:
    store.add(post("a"))
    with store.database.read() as unit:
        before = unit.execute(text("SELECT count(*) FROM mentions")).scalar()
        store.add(post("b"))
        assert unit.execute(text("SELECT count(*) FROM mentions")).scalar() == before == 1


def test_a_locked_database_is_one_sentence(url: str) -> None:
    with closing(Database.open(url, busy_seconds=0.05)) as database, closing(Database.open(url)) as other:
        with other.write() as holder:
            holder.execute(insert(switches).values(ROW))
            with pytest.raises(DatabaseBusy) as caught, database.write() as unit:
                unit.execute(insert(switches).values(ROW))
        assert str(caught.value).startswith("the database cannot be used now (")
        assert "\n" not in str(caught.value)
        assert caught.value.remedy
        with database.read() as unit:
            assert len(unit.execute(select(switches)).all()) == 1


def test_reading_goes_on_while_another_writes(database: Database) -> None:
    with database.write() as writer:
        writer.execute(insert(switches).values(ROW))
        with database.read() as unit:
            assert unit.execute(select(switches)).all() == []


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        ("not a url", "cannot be read"),
        ("nosuch://host/name", "not supported|cannot be read"),
        ("mysql://host/name", "not supported"),
        ("postgresql://host:port/name", "cannot be read"),
    ],
)
def test_a_bad_url_is_one_sentence(bad: str, says: str) -> None:
    with pytest.raises(DatabaseBusy, match=says) as caught:
        Database.open(bad)
    assert "postgresql://" in caught.value.remedy


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DatabaseBusy, match="folder of the database cannot be made"):
        Database.open(f"sqlite:///{tmp_path / 'file' / 'deeper' / 'tactful.db'}")


def test_an_unreachable_server_is_one_sentence_without_the_password() -> None:
    with (
        closing(Database.open("postgresql://anna:hunter2@127.0.0.1:1/tactful")) as database,
        pytest.raises(DatabaseBusy) as caught,
        database.read(),
    ):
        pass
    assert "hunter2" not in str(caught.value) + caught.value.remedy


def test_a_process_out_of_connections_is_one_sentence(url: str) -> None:
    engine = create_engine(url, pool_size=1, max_overflow=0, pool_timeout=0.05)
    with closing(Database(engine)) as few, few.read(), pytest.raises(DatabaseBusy, match="all connections"), few.read():
        pass


def test_the_folder_of_the_database_is_private(tmp_path: Path) -> None:
    Database.open(f"sqlite:///{tmp_path / 'var' / 'tactful.db'}").close()
    assert (tmp_path / "var").stat().st_mode & 0o077 == 0


def test_sqlite_is_set_up_for_safety(tmp_path: Path) -> None:
    with closing(Database.open(f"sqlite:///{tmp_path / 'new' / 'tactful.db'}")) as database:
        with database.read() as unit:
            assert unit.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
            assert unit.exec_driver_sql("PRAGMA synchronous").scalar() == 2
            assert unit.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
        with database.write(references_checked=False) as unit:
            assert unit.exec_driver_sql("PRAGMA foreign_keys").scalar() == 0
        with database.write() as unit:
            assert unit.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1


def test_a_time_without_a_zone_is_refused(database: Database) -> None:
    with pytest.raises(Exception, match="has no zone"), database.write() as unit:
        unit.execute(insert(switches).values(ROW | {"at": NOW.replace(tzinfo=None)}))
