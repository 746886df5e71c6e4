from datetime import timedelta

from monitor.mention import SourceName, SourceState
from monitor.storage import sources
from monitor.storage.session import Database
from tests.storage.world import NOW

FORUM, NEWS = SourceName("forum"), SourceName("news")
LATER = NOW + timedelta(minutes=5)


def configure(database: Database, **kinds: str) -> None:
    with database.write() as unit:
        sources.upsert_configured(unit, {SourceName(name): kind for name, kind in kinds.items()}, NOW)


def names_due(database: Database, seconds: float = 0) -> list[str]:
    with database.read() as unit:
        return [row.name for row in sources.due(unit, NOW + timedelta(seconds=seconds))]


def row(database: Database, name: SourceName) -> sources.SourceRow:
    with database.read() as unit:
        found = sources.get(unit, name)
    assert found is not None
    return found


def test_a_new_source_is_due_at_once(database: Database) -> None:
    configure(database, forum="feed", news="feed")
    assert names_due(database) == ["forum", "news"]
    assert row(database, FORUM).state == SourceState.NEVER_RUN


def test_success_counts_up_and_sets_the_next_run(database: Database) -> None:
    configure(database, forum="feed")
    with database.write() as unit:
        sources.record_failure(
            unit, FORUM, now=NOW, state=SourceState.UNREACHABLE, detail="no answer", remedy="wait", next_run_at=NOW
        )
        for _ in range(2):
            sources.record_success(unit, FORUM, now=NOW, next_run_at=LATER, seen=10, added=3, detail="new title")
    found = row(database, FORUM)
    assert (found.state, found.seen, found.added, found.failures) == (SourceState.OK, 20, 6, 0)
    assert (found.detail, found.remedy, found.last_ok_at, found.last_error) == ("new title", "", NOW, "no answer")
    assert names_due(database) == []
    assert names_due(database, 300) == ["forum"]


def test_failures_are_counted_and_told(database: Database) -> None:
    configure(database, forum="feed")
    with database.write() as unit:
        counts = [
            sources.record_failure(
                unit, FORUM, now=NOW, state=SourceState.LIMITED, detail="too often", remedy="wait", next_run_at=LATER
            )
            for _ in range(3)
        ]
    found = row(database, FORUM)
    assert counts == [1, 2, 3]
    assert (found.state, found.detail, found.remedy) == (SourceState.LIMITED, "too often", "wait")
    assert (found.last_error, found.last_error_at, found.last_ok_at) == ("too often", NOW, None)


def test_a_source_without_a_row_gets_one(database: Database) -> None:
    with database.write() as unit:
        sources.record_success(unit, SourceName("import"), now=NOW, next_run_at=None, seen=2, added=2, kind="import")
    assert row(database, SourceName("import")).kind == "import"
    assert names_due(database) == []


def test_a_resting_source_is_tried_again_at_the_next_start(database: Database) -> None:
    configure(database, forum="feed", news="feed")
    with database.write() as unit:
        for name, next_run in ((FORUM, None), (NEWS, LATER)):
            sources.record_failure(
                unit, name, now=NOW, state=SourceState.REVOKED, detail="revoked", remedy="x", next_run_at=next_run
            )
    assert names_due(database, 3600) == ["news"]
    configure(database, forum="feed", news="feed")
    assert names_due(database) == ["forum"]
    assert row(database, FORUM).state == SourceState.REVOKED, "until it says something else"


def test_a_source_taken_out_of_the_settings_is_off_until_it_comes_back(database: Database) -> None:
    configure(database, forum="feed", news="feed")
    configure(database, news="feed")
    assert (row(database, FORUM).state, row(database, FORUM).detail) == (SourceState.OFF, "not in the settings")
    assert names_due(database) == ["news"]
    configure(database, forum="reddit", news="feed")
    assert (row(database, FORUM).state, row(database, FORUM).kind) == (SourceState.NEVER_RUN, "reddit")
    configure(database)
    assert names_due(database) == []


def test_a_person_may_ask_for_a_run_now(database: Database) -> None:
    configure(database, forum="feed")
    with database.write() as unit:
        sources.record_success(unit, FORUM, now=NOW, next_run_at=LATER, seen=0, added=0)
        sources.set_next_run(unit, FORUM, NOW)
    assert names_due(database) == ["forum"]


def test_a_lease_has_one_holder_until_it_ends(database: Database) -> None:
    def take(holder: str, seconds: float) -> bool:
        with database.write() as unit:
            return sources.take_lease(unit, "monitor", holder, NOW + timedelta(seconds=seconds), 30)

    assert take("one", 0)
    assert not take("two", 29)
    assert take("one", 29), "renewed"
    assert not take("two", 58)
    assert take("two", 59)
    assert not take("one", 60)
    with database.write() as unit:
        sources.release_lease(unit, "monitor", "one")
    assert not take("one", 61), "only its holder gives it back"
    with database.write() as unit:
        sources.release_lease(unit, "monitor", "two")
    assert take("one", 61)
