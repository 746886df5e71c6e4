"""One straight line: replay in, a reply out, and the log of it; also killed at every step and run again."""

import json
import multiprocessing
import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from multiprocessing.context import ForkServerContext
from pathlib import Path

import pytest
from sqlalchemy import func, select

from monitor.config import Process, load
from monitor.storage.audit import AuditLog, load_key
from monitor.storage.schema import alerts, mentions, publications, replies, set_aside
from monitor.storage.session import Database
from responders.accounts import Account, Role
from responders.clearance import Limits
from responders.posting import Posting
from responders.recheck import Recheck
from tests.line_process import KILL_POINTS, NOW, run
from tests.reply_world import Checker

TEXTS = {
    "en1": "The Acme heater burnt a hole into our carpet.",
    "ru1": "Обогреватель Acme прожёг нам ковёр, кто за это ответит?",
    "uk1": "Обігрівач Acme пропалив нам килим, хто відповість?",
    "ar1": "مدفأة Acme أحرقت سجادتنا، من المسؤول؟",
}


@pytest.fixture(scope="module")
def processes() -> ForkServerContext:
    """Each run is forked from a clean process that has already imported the product."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.line_process"])
    return context


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rows = [
        {"external_id": key, "created_at": f"2026-03-02T09:0{n}:00Z", "author": f"writer {key}", "text": text}
        for n, (key, text) in enumerate(TEXTS.items())
    ]
    rows.append({"external_id": "broken", "created_at": "2026-03-02T09:09:00Z", "author": "nobody"})
    (tmp_path / "posts.jsonl").write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    (tmp_path / "tactful.toml").write_text(
        f'[brands.acme]\nname = "Acme"\n[database]\nurl = "sqlite:///{tmp_path}/tactful.db"\n'
        f'[audit]\nkey_file = "{tmp_path}/audit.key"\n'
        f'[sources.posts]\nkind = "replay"\nfile = "{tmp_path}/posts.jsonl"\nspeed = 0\n',
        encoding="utf-8",
    )
    return tmp_path


@contextmanager
def opened(folder: Path) -> Iterator[tuple[Database, AuditLog]]:
    settings = load(Process.TOOL, file=folder / "tactful.toml", environ={})
    database = Database.open(settings.database.url)
    yield database, AuditLog(load_key(settings))
    database.close()


def lines(file: Path) -> list[str]:
    return file.read_text(encoding="utf-8").splitlines() if file.exists() else []


def in_a_process(processes: ForkServerContext, folder: Path, kill_point: str = "", *, minutes: int = 0) -> int | None:
    process = processes.Process(target=run, args=(folder, NOW + timedelta(minutes=minutes), kill_point))
    process.start()
    process.join(300)
    return process.exitcode


def settle_as_not_sent(folder: Path) -> None:
    """What a person does who looked at the platform and found nothing."""
    with opened(folder) as (database, audit):
        limits = Limits(daily_cap=100, approval_lifetime=timedelta(hours=24))
        posting = Posting(
            database=database, audit=audit, recheck=Recheck(database=database, checker=Checker(), limits=limits)
        )
        approver = Account(name="bo", role=Role.APPROVER, active=True, must_change=False, created_at=NOW)
        with database.read() as unit:
            uncertain = unit.execute(select(replies.c.id).where(replies.c.state == "uncertain")).scalars().all()
        for reply_id in uncertain:
            posting.settle(
                reply_id, sent=False, by=approver, now=NOW + timedelta(minutes=10), why="not there under the post"
            )


def assert_whole(folder: Path) -> None:
    """Everything that came in was stored once, judged, alerted, answered once and logged."""
    with opened(folder) as (database, audit), database.read() as unit:
        stored = unit.execute(select(mentions.c.external_id, mentions.c.state, mentions.c.handling)).all()
        assert sorted(map(tuple, stored)) == sorted((key, "triaged", "answered") for key in TEXTS)
        assert unit.execute(select(func.count()).select_from(set_aside)).scalar_one() == 1
        alerted = unit.execute(select(alerts.c.mention_id, alerts.c.rule, alerts.c.state)).all()
        assert len(alerted) == len(TEXTS)
        assert {row.state for row in alerted} == {"delivered"}
        assert unit.execute(select(replies.c.state)).scalars().all() == ["sent"] * len(TEXTS)
        sent = unit.execute(select(publications.c.mention_id).where(publications.c.state == "sent")).scalars().all()
        assert len(sent) == len(set(sent)) == len(TEXTS)
        verdict = audit.verify(unit)
        assert verdict.broken is None, verdict.reason
        assert verdict.count > 0
    posted = Counter(line.split("\t")[0] for line in lines(folder / "posted"))
    assert posted == Counter(list(TEXTS))


def test_a_post_goes_the_whole_way(processes: ForkServerContext, folder: Path) -> None:
    assert in_a_process(processes, folder) == 0
    assert_whole(folder)
    assert len(lines(folder / "alerts")) == len(TEXTS)


def test_a_second_run_changes_nothing(processes: ForkServerContext, folder: Path) -> None:
    assert in_a_process(processes, folder) == 0
    assert in_a_process(processes, folder) == 0
    assert_whole(folder)
    assert len(lines(folder / "alerts")) == len(TEXTS)


@pytest.mark.parametrize("kill_point", KILL_POINTS)
def test_killed_anywhere_it_goes_on_from_there(processes: ForkServerContext, folder: Path, kill_point: str) -> None:
    assert in_a_process(processes, folder, kill_point) == -signal.SIGKILL
    assert in_a_process(processes, folder, minutes=5) == 0
    if kill_point == "claimed":
        # Nobody can know whether a claimed reply went out: it waits for a person, and nothing is sent meanwhile.
        with opened(folder) as (database, _), database.read() as unit:
            states = Counter(unit.execute(select(replies.c.state)).scalars())
        assert states == {"uncertain": 1, "sent": len(TEXTS) - 1}
        assert len(lines(folder / "posted")) == len(TEXTS) - 1
        settle_as_not_sent(folder)
        assert in_a_process(processes, folder, minutes=15) == 0
    assert_whole(folder)
    # A lost answer may bring an alert twice, never no alert.
    assert len(lines(folder / "alerts")) == len(TEXTS) + (kill_point == "alerted")
