"""The log shows every change to itself; one key; one order however many write."""

import stat
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import timedelta, timezone
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import Connection, delete, select, text, update

from monitor.config import AuditSettings, Settings
from monitor.storage.audit import GENESIS, PAGE, AuditBroken, AuditKeyFailed, AuditLog, canonical, load_key
from monitor.storage.schema import audit as table
from monitor.storage.schema import audit_head
from monitor.storage.session import Database
from responders import account_store
from tests.storage.test_mentions import at_once
from tests.storage.world import NOW


def write(database: Database, audit: AuditLog, count: int) -> None:
    with database.write() as unit:
        for number in range(count):
            audit.append(
                unit,
                at=NOW + timedelta(seconds=number),
                actor="anna",
                action="reply approved",
                subject=f"reply:{number}",
                details={"hash": "ab" * 32, "version": number, "слово": "ردّ"},
            )


@contextmanager
def unguarded(database: Database) -> Iterator[Connection]:
    """A unit of somebody who owns the database and takes the guards off first."""
    with database.write() as unit:
        if unit.dialect.name == "postgresql":
            unit.execute(text("ALTER TABLE audit DISABLE TRIGGER ALL"))
            unit.execute(text("ALTER TABLE audit_head DISABLE TRIGGER ALL"))
        else:
            for guard in ("audit_no_update", "audit_no_delete", "audit_head_one_on", "audit_head_no_delete"):
                unit.execute(text(f"DROP TRIGGER {guard}"))
        yield unit


def test_an_empty_log_is_whole(database: Database, audit: AuditLog) -> None:
    with database.read() as unit:
        verdict = audit.verify(unit)
    assert (verdict.whole, verdict.count, verdict.head) == (True, 0, GENESIS)


def test_what_is_written_is_whole_and_in_order(database: Database, audit: AuditLog) -> None:
    write(database, audit, PAGE + 5)
    with database.read() as unit:
        rows = unit.execute(select(table).order_by(table.c.seq)).all()
        verdict = audit.verify(unit)
    assert [row.seq for row in rows] == list(range(1, PAGE + 6))
    assert rows[0].previous == GENESIS
    assert (verdict.whole, verdict.count, verdict.head, verdict.broken) == (True, PAGE + 5, rows[-1].hash, None)


def test_the_same_moment_in_another_zone_is_the_same_entry(database: Database, audit: AuditLog) -> None:
    with database.write() as unit:
        entry = audit.append(
            unit,
            at=NOW.astimezone(timezone(timedelta(hours=5))),
            actor="anna",
            action="looked",
            subject="mention:1",
        )
    assert entry.at == NOW
    with database.read() as unit:
        assert audit.verify(unit).whole


def test_an_entry_is_there_exactly_if_its_change_is(database: Database, audit: AuditLog) -> None:
    with pytest.raises(ZeroDivisionError), database.write() as unit:
        _append_and_die(unit, audit)
    write(database, audit, 1)
    with database.read() as unit:
        assert audit.verify(unit).count == 1


TAMPERINGS = {
    "actor": ("UPDATE audit SET actor = 'omar' WHERE seq = 3", 3, "row 3 was changed"),
    "action": ("UPDATE audit SET action = 'reply rejected' WHERE seq = 3", 3, "row 3 was changed"),
    "subject": ("UPDATE audit SET subject = 'reply:9' WHERE seq = 3", 3, "row 3 was changed"),
    "details": ("UPDATE audit SET details = '{}' WHERE seq = 3", 3, "row 3 was changed"),
    "time": ("UPDATE audit SET at = '2020-01-01 00:00:00.000000' WHERE seq = 3", 3, "row 3 was changed"),
    "a time that is none": ("UPDATE audit SET at = 'rubbish' WHERE seq = 3", 3, "row 3 was changed: it cannot be read"),
    "hash": ("UPDATE audit SET hash = previous WHERE seq = 3", 3, "row 3 was changed"),
    "first row gone": ("DELETE FROM audit WHERE seq = 1", 1, "row 1 is missing"),
    "a row gone": ("DELETE FROM audit WHERE seq = 3", 3, "row 3 is missing"),
    "the end gone": ("DELETE FROM audit WHERE seq > 4", 5, "the end of the log is cut off"),
    "all gone": ("DELETE FROM audit", 1, "the end of the log is cut off"),
    "a row before the first": (
        "INSERT INTO audit SELECT 0, at, actor, action, subject, details, previous, hash FROM audit WHERE seq = 1",
        1,
        "row 1 is missing; the next one is 0",
    ),
    "head gone": ("DELETE FROM audit_head", 6, "the head row is missing"),
    "head moved back": ("UPDATE audit_head SET seq = 4", 6, "does not fit the last row"),
    "head changed": ("UPDATE audit_head SET mac = 'x'", 6, "the head row was changed"),
}


@pytest.mark.parametrize("kind", TAMPERINGS)
def test_every_change_to_the_log_is_found(database: Database, audit: AuditLog, kind: str) -> None:
    if kind == "a time that is none" and database.engine.dialect.name == "postgresql":
        pytest.skip("PostgreSQL keeps no such value")
    write(database, audit, 5)
    statement, broken, reason = TAMPERINGS[kind]
    with unguarded(database) as unit:
        unit.execute(text(statement))
    with database.read() as unit:
        verdict = audit.verify(unit)
    assert not verdict.whole
    assert verdict.broken == broken
    assert reason in (verdict.reason or "")


def test_a_log_that_was_wiped_with_its_head_is_found(database: Database, audit: AuditLog) -> None:
    write(database, audit, 5)
    with unguarded(database) as unit:
        unit.execute(delete(table))
        unit.execute(update(audit_head).values(seq=0, hash=GENESIS, key_id="", mac=""))
        account_store.add(unit, "anna", "no hash", "admin", must_change=False, at=NOW)
    with database.read() as unit:
        verdict = audit.verify(unit)
    assert (verdict.whole, verdict.broken) == (False, 1)
    assert "empty although there are accounts" in (verdict.reason or "")


def test_two_rows_that_changed_places_are_found(database: Database, audit: AuditLog) -> None:
    write(database, audit, 5)
    with unguarded(database) as unit:
        for old, new in ((2, 100), (3, 2), (100, 3)):
            unit.execute(table.update().where(table.c.seq == old).values(seq=new))
    with database.read() as unit:
        assert audit.verify(unit).broken == 2


def test_a_row_replaced_by_a_whole_one_is_found(database: Database, audit: AuditLog) -> None:
    """Even who has the key cannot replace a row without writing all that follow."""
    write(database, audit, 3)
    forged = audit._entry(
        seq=2, at=NOW, actor="omar", action="forged", subject="reply:1", details="{}", previous=_hash(database, 1)
    )
    with unguarded(database) as unit:
        change = {"at": NOW, "actor": "omar", "action": "forged", "details": "{}", "hash": forged.hash}
        unit.execute(table.update().where(table.c.seq == 2).values(change))
    with database.read() as unit:
        verdict = audit.verify(unit)
    assert (verdict.broken, verdict.reason) == (3, "row 3 does not follow row 2: that row was replaced")


def test_a_tail_cut_off_with_a_fitting_head_is_found(database: Database, audit: AuditLog) -> None:
    write(database, audit, 5)
    with unguarded(database) as unit:
        unit.execute(text("DELETE FROM audit WHERE seq > 3"))
        unit.execute(text("UPDATE audit_head SET seq = 3, hash = (SELECT hash FROM audit WHERE seq = 3)"))
    with database.read() as unit:
        verdict = audit.verify(unit)
    assert (verdict.broken, verdict.reason) == (4, "the head row was changed; the log may have gone on after row 3")


def test_another_key_is_told_from_a_broken_log(database: Database, audit: AuditLog) -> None:
    write(database, audit, 2)
    other = AuditLog(b"another key of thirty-two bytes!")
    with database.read() as unit:
        assert other.verify(unit).reason == "the audit key is not the one that this log was written with"
    with pytest.raises(AuditKeyFailed, match="not the one") as caught, database.write() as unit:
        other.append(unit, at=NOW, actor="anna", action="x", subject="y")
    assert "audit.key_file" in caught.value.remedy
    with database.read() as unit:
        assert audit.verify(unit).count == 2


def test_a_log_without_its_head_is_not_continued(database: Database, audit: AuditLog) -> None:
    write(database, audit, 2)
    with unguarded(database) as unit:
        unit.execute(text("DELETE FROM audit_head"))
    with pytest.raises(AuditBroken, match="lost its head"), database.write() as unit:
        audit.append(unit, at=NOW, actor="anna", action="x", subject="y")


def test_writers_at_once_make_one_chain(url: str, audit: AuditLog) -> None:
    def append(database: Database, number: int) -> None:
        for turn in range(15):
            with database.write() as unit:
                audit.append(unit, at=NOW, actor=f"agent{number}", action="looked", subject=f"mention:{turn}")

    at_once(url, append, times=3)
    with closing(Database.open(url)) as database, database.read() as unit:
        verdict = audit.verify(unit)
    assert (verdict.whole, verdict.count) == (True, 45)


def test_canonical_json_has_one_form() -> None:
    assert canonical({"b": 1, "a": [True, None, "é\ud83d"]}) == '{"a":[true,null,"\\u00e9\\ud83d"],"b":1}'
    with pytest.raises(ValueError, match="Out of range"):
        canonical({"a": float("nan")})


def settings(file: Path, key: str | None = None) -> Settings:
    return Settings(audit=AuditSettings(key_file=file, key=None if key is None else SecretStr(key)))


def test_a_key_file_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    file = tmp_path / "var" / "audit.key"
    key = load_key(settings(file))
    assert len(key) == 32
    assert load_key(settings(file)) == key
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [entry.name for entry in file.parent.iterdir()] == ["audit.key"], "no draft is left"


def test_a_key_in_the_settings_wins(tmp_path: Path) -> None:
    assert load_key(settings(tmp_path / "audit.key", "a long enough secret")) == b"a long enough secret"
    assert not (tmp_path / "audit.key").exists()


@pytest.mark.parametrize("content", ["", "ab\n", "not hexadecimal" * 5, "é" * 64])
def test_a_damaged_key_file_is_refused_and_kept(tmp_path: Path, content: str) -> None:
    file = tmp_path / "audit.key"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(AuditKeyFailed, match="audit key file"):
        load_key(settings(file))
    assert file.read_text(encoding="utf-8") == content


def test_a_key_file_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(AuditKeyFailed, match="cannot be read or made") as caught:
        load_key(settings(tmp_path / "file" / "audit.key"))
    assert "TACTFUL__AUDIT__KEY" in caught.value.remedy


def test_a_short_key_is_refused() -> None:
    with pytest.raises(AuditKeyFailed, match="shorter than 16 bytes"):
        AuditLog(b"short")


def test_processes_that_start_together_agree_on_the_key(tmp_path: Path) -> None:
    ready = threading.Barrier(8)

    def load(_: int) -> bytes:
        ready.wait()
        return load_key(settings(tmp_path / "audit.key"))

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(load, range(8)))) == 1


def _append_and_die(unit: Connection, audit: AuditLog) -> None:
    audit.append(unit, at=NOW, actor="anna", action="x", subject="y")
    raise ZeroDivisionError


def _hash(database: Database, seq: int) -> str:
    with database.read() as unit:
        return str(unit.execute(select(table.c.hash).where(table.c.seq == seq)).scalar_one())
