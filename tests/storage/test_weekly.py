from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import Connection, delete

from classifiers.types import Assessment, Intent, Sentiment
from monitor.drift import Drift, Head, drifts
from monitor.storage import drift_alarms, mentions, migrate, weekly
from monitor.storage.alerts import HOLD, AlertState
from monitor.storage.drift_alarms import DriftAlarm
from monitor.storage.schema import mentions as table
from monitor.storage.session import Database
from tests.storage.world import NOW, Store, judged, post

LONG_AGO = date(2000, 1, 3)


def judge(store: Store, name: str, assessment: Assessment, now: datetime = NOW) -> int:
    with store.database.write() as unit:
        return mentions.store_assessments(unit, [(store.get(name), assessment)], now)


def kept(database: Database) -> dict[object, int]:
    with database.read() as unit:
        return {count.cell: count.count for count in weekly.counts(unit, LONG_AGO)}


def must_be(database: Database) -> dict[object, int]:
    with database.read() as unit:
        return dict(weekly.recounted(unit).items())


def labels(database: Database, head: Head = Head.INTENT) -> dict[tuple[str, str, str], int]:
    with database.read() as unit:
        return {
            (count.cell.week.isoformat(), count.cell.lang, count.cell.label): count.count
            for count in weekly.counts(unit, LONG_AGO)
            if count.cell.head is head
        }


def test_judgements_are_counted_as_they_are_stored(store: Store) -> None:
    store.add(post("a"), post("b"), post("c"), post("old", created_at=NOW - timedelta(days=10)))
    for name, lang in (("a", "uk"), ("b", "uk"), ("c", "ar"), ("old", "uk")):
        judge(store, name, judged(lang=lang))
    assert labels(store.database) == {
        ("2026-02-23", "uk", "complaint"): 2,
        ("2026-02-23", "ar", "complaint"): 1,
        ("2026-02-16", "uk", "complaint"): 1,
    }
    assert kept(store.database) == must_be(store.database)
    assert sum(kept(store.database).values()) == 4 * len(Head)


def test_a_mention_that_is_judged_again_is_counted_once(store: Store) -> None:
    store.add(post("a"), post("b"))
    judge(store, "a", judged())
    judge(store, "b", judged())
    store.add(post("a", text="Lumora lost it twice"))
    assert labels(store.database) == {("2026-02-23", "en", "complaint"): 2}, (
        "until it is judged again, the old one holds"
    )
    again = replace(judged(lang="ru", intent=Intent.QUESTION), revision="r2")
    judge(store, "a", again, NOW + timedelta(days=3))
    assert labels(store.database) == {("2026-02-23", "en", "complaint"): 1, ("2026-02-23", "ru", "question"): 1}
    assert kept(store.database) == must_be(store.database)


def test_what_came_too_late_is_not_counted(store: Store) -> None:
    store.add(post("a"))
    found = store.get("a")
    judge(store, "a", judged())
    with store.database.write() as unit:
        assert mentions.store_assessments(unit, [(found, judged(lang="ar"))], NOW) == 0
    store.add(post("b"))
    stale = store.get("b")
    store.add(post("b", text="Lumora, another text"))
    with store.database.write() as unit:
        assert mentions.store_assessments(unit, [(stale, judged(lang="ar"))], NOW) == 0
    assert labels(store.database) == {("2026-02-23", "en", "complaint"): 1}


def test_a_deleted_mention_is_taken_out_of_the_counts(store: Store) -> None:
    store.add(post("a"), post("b"), post("unjudged"))
    judge(store, "a", judged())
    judge(store, "b", judged())
    ids = [store.id("a"), store.id("unjudged")]
    with store.database.write() as unit:
        weekly.forget(unit, ids, NOW)
        unit.execute(delete(table).where(table.c.id.in_(ids)))
    assert labels(store.database) == {("2026-02-23", "en", "complaint"): 1}
    assert kept(store.database) == must_be(store.database)


def test_counts_and_judgements_are_stored_together_or_not_at_all(store: Store) -> None:
    store.add(post("a"))
    found = store.get("a")

    def die(unit: Connection) -> None:
        mentions.store_assessments(unit, [(found, judged())], NOW)
        raise RuntimeError("the process died")

    with pytest.raises(RuntimeError), store.database.write() as unit:
        die(unit)
    assert kept(store.database) == must_be(store.database) == {}


def test_the_migration_counts_what_is_there_as_the_program_does(store: Store) -> None:
    scores = (0.0, 0.0999, 0.1, 0.3, 0.57, 0.95, 1.0)
    moments = (
        NOW,
        NOW - timedelta(days=7),
        NOW.replace(hour=0, minute=0),
        NOW + timedelta(hours=14),
        NOW + timedelta(days=90),
    )
    store.add(
        *(post(f"{score}-{number}", created_at=moment) for score in scores for number, moment in enumerate(moments)),
        post("unjudged"),
    )
    for score in scores:
        for number in range(len(moments)):
            found = judged(urgent=number % 2 == 0, lang=("uk", "ar")[number % 2])
            judge(
                store,
                f"{score}-{number}",
                replace(found, sentiment=replace(found.sentiment, label=Sentiment.POSITIVE, score=score)),
            )
    before = kept(store.database)
    migrate.downgrade(store.database, "0001")
    migrate.upgrade(store.database)
    assert kept(store.database) == before == must_be(store.database)
    assert migrate.differences(store.database) == []


def test_only_the_weeks_that_are_asked_for(store: Store) -> None:
    store.add(post("a"), post("old", created_at=NOW - timedelta(days=70)))
    judge(store, "a", judged())
    judge(store, "old", judged())
    with store.database.read() as unit:
        assert {count.cell.week for count in weekly.counts(unit, date(2026, 2, 23))} == {date(2026, 2, 23)}


def shifted() -> Drift:
    """Any drift will do for a row."""
    cell = next(iter(cells(judged())))
    (found, *_) = drifts([weekly.Count(cell=cell, count=5, last_at=NOW)], now=NOW)
    return replace(found, psi=0.4)


def cells(assessment: Assessment) -> Iterable[weekly.Cell]:
    return weekly.cells_of(assessment, created_at=NOW, assessed_at=NOW)


def raised(database: Database, drift: Drift, now: datetime = NOW) -> bool:
    with database.write() as unit:
        return drift_alarms.raise_alarm(unit, drift, why="it moved", channel="console", now=now)


def taken(database: Database, now: datetime) -> DriftAlarm | None:
    with database.write() as unit:
        return drift_alarms.next_due(unit, now)


def test_one_alarm_for_each_week_language_and_head(database: Database) -> None:
    drift = shifted()
    assert raised(database, drift)
    assert not raised(database, replace(drift, psi=0.9), NOW + timedelta(days=1))
    others = ({"lang": "ar"}, {"head": Head.INTENT}, {"week": drift.week + timedelta(weeks=1)})
    assert all(raised(database, replace(drift, **change)) for change in others)
    with database.read() as unit:
        listed = drift_alarms.latest(unit)
    assert len(listed) == 4
    assert (listed[-1].psi, listed[-1].why, listed[-1].state) == (0.4, "it moved", AlertState.DUE)


def test_an_alarm_is_sent_once_and_tried_again_until_then(database: Database) -> None:
    raised(database, shifted())
    first = taken(database, NOW)
    assert first is not None
    assert taken(database, NOW) is None, "another process has it"
    late = NOW + HOLD
    assert taken(database, late) is not None, "a process died while sending"
    with database.write() as unit:
        drift_alarms.record_failed(unit, first.id, error="Slack answered 500", next_try_at=late + HOLD)
    assert taken(database, late) is None
    again = taken(database, late + HOLD)
    assert again is not None
    assert (again.attempts, again.last_error) == (1, "Slack answered 500")
    with database.write() as unit:
        drift_alarms.record_delivered(unit, again.id, late)
    assert taken(database, NOW + timedelta(days=300)) is None


def test_an_alarm_that_is_given_up_stays_given_up(database: Database) -> None:
    raised(database, shifted())
    found = taken(database, NOW)
    assert found is not None
    with database.write() as unit:
        drift_alarms.record_failed(unit, found.id, error="gone", next_try_at=None)
    assert taken(database, NOW + timedelta(days=300)) is None
    with database.read() as unit:
        assert not drift_alarms.any_due(unit, NOW + timedelta(days=300))
        assert drift_alarms.latest(unit)[0].state is AlertState.GIVEN_UP
