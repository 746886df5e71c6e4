"""Promises as rows: kept with their reply, settled once, reminded of once."""

from datetime import datetime, timedelta

import pytest

from monitor.storage import promises as rows
from monitor.storage.alerts import HOLD
from monitor.storage.promises import NewPromise, PromiseState
from monitor.storage.session import Database
from responders.reply import Draft
from tests.reply_world import NOW, World

DUE = NOW + timedelta(hours=6)


@pytest.fixture
def world(database: Database) -> World:
    return World(database)


def new(draft: Draft, *, start: int = 0, due_at: datetime = DUE) -> NewPromise:
    return NewPromise(
        reply_id=draft.id,
        mention_id=draft.mention_id,
        kind="call",
        text="We'll call you",
        start=start,
        end=start + 14,
        by="agent",
        made_at=NOW,
        due_at=due_at,
        stated=True,
        remind_at=due_at - timedelta(hours=2),
    )


def test_a_promise_is_kept_once_for_its_place(world: World) -> None:
    draft = world.draft()
    with world.database.write() as unit:
        assert rows.add(unit, [new(draft), new(draft, start=20)]) == 2
        assert rows.add(unit, [new(draft)]) == 0
        assert rows.add(unit, []) == 0
        assert [promise.door for promise in rows.opened(unit)] == ["dry_run", "dry_run"]


def test_what_is_due_first_stands_first_and_the_clock_says_overdue(world: World) -> None:
    draft = world.draft()
    with world.database.write() as unit:
        rows.add(unit, [new(draft), new(draft, start=20, due_at=NOW + timedelta(hours=1))])
        first, second = rows.opened(unit)
        assert (first.due_at, second.due_at) == (NOW + timedelta(hours=1), DUE)
        later = NOW + timedelta(hours=2)
        assert (first.overdue(later), second.overdue(later)) == (True, False)
        assert rows.counts(unit, later) == {"open": 1, "overdue": 1, "kept": 0, "broken": 0}


def test_it_is_settled_once(world: World) -> None:
    draft = world.draft()
    with world.database.write() as unit:
        rows.add(unit, [new(draft)])
        (promise,) = rows.opened(unit)
        assert rows.settle(unit, promise.id, state=PromiseState.KEPT, by="agent", at=DUE)
        assert not rows.settle(unit, promise.id, state=PromiseState.BROKEN, by="approver", at=DUE)
        (kept,) = rows.settled(unit)
        assert (kept.state, kept.settled_by, kept.settled_at) == (PromiseState.KEPT, "agent", DUE)
        assert not kept.overdue(DUE + timedelta(days=1))
        assert not rows.any_to_remind(unit, DUE)


def test_a_reminder_is_taken_by_one(world: World) -> None:
    draft = world.draft()
    with world.database.write() as unit:
        rows.add(unit, [new(draft)])
        assert not rows.any_to_remind(unit, NOW)
        at = DUE - timedelta(hours=1)
        promise = rows.next_to_remind(unit, at)
        assert promise is not None
        assert rows.next_to_remind(unit, at) is None
        rows.record_failed(unit, promise.id, error="Slack answered 500", remind_at=at + HOLD)
        again = rows.next_to_remind(unit, at + HOLD)
        assert again is not None
        assert (again.attempts, again.last_error) == (1, "Slack answered 500")
        rows.record_reminded(unit, promise.id, at)
        assert not rows.any_to_remind(unit, DUE + timedelta(days=1))
