import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import func, select

from monitor.mention import SetAside
from monitor.storage import alerts, transfer
from monitor.storage.audit import AuditLog
from monitor.storage.schema import metadata
from monitor.storage.session import Database
from tests.storage.world import NOW, Store, post

TARGETS = [pytest.param("sqlite"), pytest.param("postgresql", marks=pytest.mark.postgres)]


@pytest.fixture(params=TARGETS)
def elsewhere(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'elsewhere.db'}"
    return str(request.getfixturevalue("server").lend())


def fill(store: Store) -> None:
    store.add(*(post(str(number), f"Lumora №{number} … ﷺ") for number in range(700)), cost_usd=0.5)
    store.add(post("0", "Lumora edited"), set_aside=[SetAside(external_id="x", reason="r", payload="p")])
    store.triaged("1", severity=80)
    with store.database.write() as unit:
        alert = alerts.NewAlert(mention_id=store.id("1"), rule="urgent", why="w", channel="slack")
        alerts.add_due(unit, [alert], NOW)


def test_everything_moves_and_goes_on(store: Store, elsewhere: str, audit: AuditLog) -> None:
    fill(store)
    with closing(Database.open(elsewhere)) as target:
        counts = transfer.copy(store.database, target)
        assert (counts["mentions"], counts["audit"], counts["audit_head"], counts["accounts"]) == (700, 1, 1, 0)
        with store.database.read() as old, target.read() as new:
            for table in metadata.sorted_tables:
                rows = select(table).order_by(*table.primary_key)
                assert old.execute(rows).all() == new.execute(rows).all(), table.name
            assert audit.verify(new).count == 1
        there = Store(target, audit)
        assert there.add(post("0", "Lumora edited"), post("new"), post("1", "Lumora, edited there")).added == 1
        assert there.id("new") == 701, "numbers go on"
        with target.read() as new:
            assert audit.verify(new).count == 2


def test_rows_are_never_mixed(store: Store, elsewhere: str) -> None:
    store.add(post("a"))
    with closing(Database.open(elsewhere)) as target:
        transfer.copy(store.database, target)
        with pytest.raises(transfer.TargetNotEmpty, match="already holds rows"):
            transfer.copy(store.database, target)
        with target.read() as new:
            assert new.execute(select(func.count()).select_from(metadata.tables["mentions"])).scalar() == 1


def command(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    root = Path(__file__).resolve().parents[2]
    return subprocess.run(
        [sys.executable, "-m", "monitor.storage", *arguments],
        cwd=folder,
        env={"PYTHONPATH": str(root), "TACTFUL__DATABASE__URL": f"sqlite:///{folder / 'tactful.db'}"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_operators_commands(tmp_path: Path) -> None:
    before = command(tmp_path, "check")
    assert (before.returncode, before.stdout.splitlines()[-1]) == (1, "not up to date")
    assert command(tmp_path, "upgrade").returncode == 0
    assert command(tmp_path, "check").returncode == 0
    moved = command(tmp_path, "copy", "--to", f"sqlite:///{tmp_path / 'new.db'}")
    assert (moved.returncode, "mentions\t0" in moved.stdout) == (0, True)
    wrong = command(tmp_path, "copy", "--to", "oracle://somewhere")
    assert wrong.returncode == 2
    assert wrong.stderr.count("\n") == 1
    assert "Traceback" not in wrong.stderr
