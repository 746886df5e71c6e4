from collections.abc import Sequence
from datetime import timedelta

import pytest
from sqlalchemy import text

from monitor.storage import alerts, switches
from monitor.storage.alerts import AlertState, NewAlert
from monitor.storage.switches import STOP_SENDING
from tests.storage.world import NOW, Store, post


@pytest.fixture
def alarmed(store: Store) -> Store:
    store.add(post("low"), post("high"))
    store.triaged("low", severity=10)
    store.triaged("high", severity=90)
    return store


def wanted(store: Store, *names: str, rule: str = "urgent") -> Sequence[NewAlert]:
    return [NewAlert(mention_id=store.id(name), rule=rule, why=f"{name} hurts", channel="slack") for name in names]


def test_one_alert_for_each_mention_and_rule(alarmed: Store) -> None:
    with alarmed.database.write() as unit:
        assert alerts.add_due(unit, wanted(alarmed, "low", "high"), NOW) == 2
        assert alerts.add_due(unit, wanted(alarmed, "low", "high"), NOW) == 0
        assert alerts.add_due(unit, wanted(alarmed, "low", rule="severity"), NOW) == 1
        assert alerts.add_due(unit, [], NOW) == 0
        assert alerts.rules_of(unit, [alarmed.id("low")]) == {alarmed.id("low"): frozenset({"urgent", "severity"})}


def test_the_most_severe_is_given_out_first_and_to_one_process(alarmed: Store) -> None:
    with alarmed.database.write() as unit:
        alerts.add_due(unit, wanted(alarmed, "low", "high"), NOW)
        first = alerts.next_due(unit, NOW, 1)
        assert [(alert.mention.external_id, alert.why, alert.attempts) for alert in first] == [
            ("high", "high hurts", 0)
        ]
    with alarmed.database.write() as unit:
        assert [alert.mention.external_id for alert in alerts.next_due(unit, NOW, 10)] == ["low"]
        assert alerts.next_due(unit, NOW, 10) == []
        again = alerts.next_due(unit, NOW + alerts.HOLD, 10)
        assert [alert.mention.external_id for alert in again] == ["high", "low"], "a process died while sending"


def test_what_was_delivered_or_given_up_is_over(alarmed: Store) -> None:
    with alarmed.database.write() as unit:
        alerts.add_due(unit, wanted(alarmed, "low", "high"), NOW)
        high, low = alerts.next_due(unit, NOW, 10)
        alerts.record_delivered(unit, high.id, NOW)
        alerts.given_up(unit, low.id, error="the webhook is gone")
        alerts.record_failed(unit, high.id, error="late", next_try_at=NOW)
        assert alerts.next_due(unit, NOW + timedelta(days=1), 10) == []
        states = unit.execute(text("SELECT state, attempts, last_error FROM alerts ORDER BY id")).all()
    assert [tuple(state) for state in states] == [
        (AlertState.GIVEN_UP, 1, "the webhook is gone"),
        (AlertState.DELIVERED, 1, None),
    ]


def test_what_failed_is_due_again_later(alarmed: Store) -> None:
    with alarmed.database.write() as unit:
        alerts.add_due(unit, wanted(alarmed, "low"), NOW)
        (alert,) = alerts.next_due(unit, NOW, 10)
        alerts.record_failed(unit, alert.id, error="HTTP 500", next_try_at=NOW + timedelta(minutes=2))
        assert alerts.next_due(unit, NOW + timedelta(seconds=119), 10) == []
        (again,) = alerts.next_due(unit, NOW + timedelta(minutes=2), 10)
    assert again.attempts == 1


def test_two_processes_are_given_different_alerts(alarmed: Store) -> None:
    if alarmed.database.engine.dialect.name == "sqlite":
        pytest.skip("SQLite lets one writer in at a time")
    with alarmed.database.write() as unit:
        alerts.add_due(unit, wanted(alarmed, "low", "high"), NOW)
    with alarmed.database.write() as one, alarmed.database.write() as two:
        assert [alert.mention.external_id for alert in alerts.next_due(one, NOW, 1)] == ["high"]
        assert [alert.mention.external_id for alert in alerts.next_due(two, NOW, 10)] == ["low"]


def test_a_switch_says_who_threw_it_and_the_log_that_they_did(store: Store) -> None:
    def throw(on: bool, by: str, reason: str = "") -> bool:
        with store.database.write() as unit:
            return switches.set_switch(unit, STOP_SENDING, on=on, by=by, now=NOW, audit=store.audit, reason=reason)

    with store.database.read() as unit:
        assert switches.get_switch(unit, STOP_SENDING) is None
        assert not switches.is_on(unit, STOP_SENDING)
    assert not throw(on=False, by="anna")
    assert throw(on=True, by="anna", reason="a crisis")
    assert not throw(on=True, by="omar")
    with store.database.read() as unit:
        assert switches.is_on(unit, STOP_SENDING)
        assert switches.get_switch(unit, STOP_SENDING) == switches.Switch(
            name=STOP_SENDING, on=True, by="anna", at=NOW, reason="a crisis"
        )
    assert throw(on=False, by="omar")
    with store.database.read() as unit:
        rows = unit.execute(text("SELECT actor, action, subject, details FROM audit ORDER BY seq")).all()
    assert [tuple(row) for row in rows] == [
        ("anna", "switch turned on", "switch:stop_sending", "{}"),
        ("omar", "switch turned off", "switch:stop_sending", "{}"),
    ]
