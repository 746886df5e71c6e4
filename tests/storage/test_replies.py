"""Replies on both databases: what is claimed twice, killed anywhere, or raced for, goes out at most once."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy.exc import IntegrityError

from monitor.storage.schema import publications
from monitor.storage.session import Database
from responders import store
from responders.posting import SETTLE_AFTER
from responders.reply import AlreadyAnswered, Draft, ReplyState, StaleDraft, advance
from tests.reply_world import NOW, World, publish_next

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def world(database: Database) -> World:
    return World(database)


def publisher(url: str, platform: Path, kill_point: str = "") -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.storage.publisher_process", url, str(platform), kill_point]
    return subprocess.Popen(command, cwd=ROOT)


def sent(platform: Path) -> list[str]:
    return platform.read_text(encoding="utf-8").splitlines() if platform.exists() else []


def test_a_whole_way_on_each_database(world: World) -> None:
    draft = world.draft("первый ✓ مرحبا 👋")
    draft = world.review.save_draft(draft.id, "второй", by=world.agent, now=NOW, version=1)
    world.block()
    world.submitted(draft)
    stored = world.stored(draft.id)
    assert stored.report is not None
    assert stored.report.findings == tuple(world.checker.says.findings)
    world.review.approve(draft.id, by=world.admin, now=NOW, version=2, override_reason="a quotation")
    assert publish_next(world.publishing()) is not None
    assert world.stored(draft.id).state is ReplyState.SENT
    assert world.actions()[-2:] == ["reply.claimed", "reply.sent"]
    with world.database.read() as unit:
        assert [version.text for version in store.versions(unit, draft.id)] == ["первый ✓ مرحبا 👋", "второй"]
        assert store.listed(unit, {ReplyState.SENT})[0].target.external_id == "p1"


def test_compare_and_set_changes_nothing_when_it_is_late(world: World) -> None:
    draft = world.submitted()
    with world.database.write() as unit:
        store.put(unit, draft, advance(draft, ReplyState.REJECTED, at=NOW), by="approver")
    with pytest.raises(StaleDraft), world.database.write() as unit:
        store.put(unit, draft, advance(draft, ReplyState.APPROVED, at=NOW), by="admin")
    assert world.stored(draft.id).state is ReplyState.REJECTED


def test_a_claim_that_meets_the_unique_key_rolls_back_whole(world: World) -> None:
    mention = world.mention()
    first, second = world.draft("one", mention_id=mention), world.draft("two", mention_id=mention, by=world.approver)
    world.review.submit(second.id, by=world.approver, now=NOW, version=1)
    world.approved(first)
    approved = world.review.approve(second.id, by=world.admin, now=NOW, version=1)
    publish_next(world.publishing())
    with pytest.raises(AlreadyAnswered), world.database.write() as unit:
        store.claim(unit, approved, advance(approved, ReplyState.SENDING, at=NOW), by="publisher:test", at=NOW)
    assert world.stored(second.id).state is ReplyState.APPROVED


@pytest.mark.parametrize("state", ["sending", "sent", "uncertain"])
def test_the_database_forbids_a_second_live_publication(world: World, state: str) -> None:
    draft = world.approved()
    publish_next(world.publishing())
    row = {"reply_id": draft.id, "mention_id": draft.mention_id, "door": "x", "claimed_at": NOW, "claimed_by": "me"}
    with pytest.raises(IntegrityError), world.database.write() as unit:
        unit.execute(publications.insert().values(**row, state=state))


@pytest.mark.parametrize(
    ("kill_point", "went_out"),
    [("after claim", False), ("before send", False), ("after send", True), ("after record", True)],
)
def test_killed_at_every_step_nothing_is_lost_or_doubled(
    world: World, url: str, tmp_path: Path, kill_point: str, *, went_out: bool
) -> None:
    platform = tmp_path / "platform.tsv"
    draft = world.approved()
    world.database.close()
    killed = publisher(url, platform, kill_point)
    assert killed.wait(300) == -signal.SIGKILL
    expected = ReplyState.SENT if kill_point == "after record" else ReplyState.SENDING
    assert world.stored(draft.id).state is expected
    assert publisher(url, platform).wait(300) == 0  # the next start, whole
    assert len(sent(platform)) == (1 if went_out else 0)
    if went_out:
        assert world.stored(draft.id).state is ReplyState.SENT
    else:
        assert world.stored(draft.id).state is ReplyState.UNCERTAIN
        world.posting.settle(
            draft.id, sent=False, by=world.approver, now=NOW + SETTLE_AFTER, why="looked, it is not there"
        )
        assert publisher(url, platform).wait(300) == 0
        assert world.stored(draft.id).state is ReplyState.SENT
    assert publisher(url, platform).wait(300) == 0
    assert sent(platform) == [f"p1\t{draft.text}"]
    assert world.actions()[-1] == "reply.sent"  # and the chain is whole


def test_two_publishers_at_once_send_each_reply_once(world: World, url: str, tmp_path: Path) -> None:
    platform = tmp_path / "platform.tsv"
    drafts: list[Draft] = []
    for number in range(12):
        draft = world.draft(f"answer {number}", mention_id=world.mention(f"p{number}"))
        drafts.append(world.approved(draft))
    world.database.close()
    racing = [publisher(url, platform, "racing") for _ in range(2)]
    assert [process.wait(300) for process in racing] == [0, 0]
    assert sorted(sent(platform)) == sorted(f"p{number}\tanswer {number}" for number in range(12))
    assert {world.stored(draft.id).state for draft in drafts} == {ReplyState.SENT}
    assert world.actions().count("reply.sent") == 12
