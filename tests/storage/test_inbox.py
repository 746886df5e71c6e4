"""The inbox: every order, every filter, every page, and no walk through the whole table."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Connection, event, text, update

from classifiers.types import Intent, Sentiment
from monitor.mention import Batch, Cursor, Handling, Lane, MentionId, SourceName
from monitor.storage import alerts, claims, inbox, mentions, queries, schema
from monitor.storage.queries import InboxFilter, Order, PageKey
from tests.storage.world import NOW, SOURCE, Store, by_name, judged, post, ranked


def listed(store: Store, wanted: InboxFilter, size: int = 100) -> list[str]:
    """The names of the filter's posts, page after page."""
    names: list[str] = []
    key: PageKey | None = None
    while True:
        with store.database.read() as unit:
            page = queries.inbox(unit, wanted, after=key, size=size)
        names += [row.mention.external_id for row in page.rows]
        if page.next is None:
            return names
        key = page.next


def test_the_most_severe_the_soonest_due_or_the_newest_first(store: Store) -> None:
    for number, (severity, due, age) in enumerate([(10, 3, 5), (90, 2, 6), (50, 1, 7)]):
        store.add(post(str(number), created_at=NOW - timedelta(minutes=age)))
        store.triaged(str(number), severity=severity, due=NOW + timedelta(minutes=due))
    assert listed(store, InboxFilter()) == ["1", "2", "0"]
    assert listed(store, InboxFilter(order=Order.DUE)) == ["2", "1", "0"]
    assert listed(store, InboxFilter(order=Order.NEWEST)) == ["0", "1", "2"]


@pytest.mark.parametrize("order", Order)
@pytest.mark.parametrize("handling", [Handling.OPEN, None])
def test_pages_join_without_a_gap_or_a_double(store: Store, order: Order, handling: Handling | None) -> None:
    names = [str(number) for number in range(23)]
    store.add(*(post(name, created_at=NOW - timedelta(minutes=int(name) // 4)) for name in names))
    for name in names[:20]:  # three are not judged yet; many share a rank
        store.triaged(name, severity=int(name) // 5, due=NOW + timedelta(minutes=int(name) // 6))
    with store.database.write() as unit:
        for name in names[:3]:
            claims.close(unit, store.id(name), "anna", NOW, audit=store.audit)
    wanted = InboxFilter(order=order, handling=handling)
    at_once = listed(store, wanted)
    assert len(at_once) == (20 if handling else 23)
    for size in (1, 3, 20, 23):
        assert listed(store, wanted, size) == at_once


def test_what_nobody_could_judge_yet_is_listed(store: Store) -> None:
    store.add(post("a"), post("b"))
    store.triaged("a", severity=5)
    assert set(listed(store, InboxFilter())) == {"a", "b"}
    assert listed(store, InboxFilter(order=Order.DUE)) == ["b", "a"], "due since it was written"


def test_what_is_about_nobody_of_ours_is_not_listed(store: Store) -> None:
    store.add(post("a", "nice weather"), post("b", "@us hello", addressed=True))
    assert listed(store, InboxFilter()) == ["b"]


def test_every_filter_by_itself(store: Store) -> None:
    store.add(post("plain"), post("fits"))
    store.add(post("elsewhere", "the other"), source=SourceName("news"), brand_of=lambda *_: "other")
    store.triaged("plain", severity=50)
    with store.database.write() as unit:
        found = mentions.find(unit, SOURCE, "fits")
        assert found is not None
        mentions.store_assessments(unit, [(found, judged(urgent=True, lang="ar", intent=Intent.PRAISE))], NOW)
        mentions.store_priorities(unit, [(found, ranked(40))])
        unit.execute(text("UPDATE mentions SET sentiment = 'positive', lane = 'personal' WHERE external_id = 'fits'"))
        claims.claim(unit, found.id, "anna", NOW, audit=store.audit)
    for wanted in (
        InboxFilter(lang="ar"),
        InboxFilter(intent=Intent.PRAISE),
        InboxFilter(sentiment=Sentiment.POSITIVE),
        InboxFilter(urgent=True),
        InboxFilter(lane=Lane.PERSONAL),
        InboxFilter(claimed_by="anna"),
        InboxFilter(claimed_by="anna", lang="ar", urgent=True, source=SOURCE, brand="lumora"),
    ):
        assert listed(store, wanted) == ["fits"], wanted
    assert listed(store, InboxFilter(brand="other")) == ["elsewhere"]
    assert listed(store, InboxFilter(source=SourceName("news"))) == ["elsewhere"]
    assert set(listed(store, InboxFilter(unclaimed=True))) == {"plain", "elsewhere"}
    assert listed(store, InboxFilter(urgent=False)) == ["plain"]
    assert listed(store, InboxFilter(brand="nobody")) == []


def test_open_answered_closed_and_all(store: Store) -> None:
    store.add(post("open"), post("answered"), post("closed"))
    with store.database.write() as unit:
        answered = update(schema.mentions).where(schema.mentions.c.id == store.id("answered"))
        unit.execute(answered.values(handling=Handling.ANSWERED.value))
        claims.close(unit, store.id("closed"), "anna", NOW, audit=store.audit)
    for handling in Handling:
        assert listed(store, InboxFilter(handling=handling)) == [handling.value]
    assert len(listed(store, InboxFilter(handling=None))) == 3


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("ПОСЫЛКА", "Lumora: где моя посылка, а?"),
        ("елка", "Lumora ёлка"),
        ("посилку загубили", "Lumora знову загубили посилку"),
        ("الشحنه", "Lumora: أين الشَّحنة؟"),
        ("احمد", "Lumora أحمد"),
        ("100%", "Lumora: 100% refund"),
        ("_x", "Lumora _x"),
        ("ﬁnd STRASSE", "lumora find Straße"),
        ("kim", "Lumora said Kim"),
    ],
)
def test_words_are_found_in_every_language_and_only_where_they_are(store: Store, words: str, says: str) -> None:
    store.add(post("a", says, author="someone"), post("b", "Lumora, nothing of the kind: 1000, x", author="someone"))
    assert listed(store, InboxFilter(search=words)) == ["a"]


def test_authors_are_found_too_and_blanks_look_for_nothing(store: Store) -> None:
    store.add(post("a", author="Kim_77"), post("b", author="Omar"))
    assert listed(store, InboxFilter(search="kim_7")) == ["a"]
    assert len(listed(store, InboxFilter(search=" \u200b "))) == 2


def test_a_search_goes_on_page_by_page_to_the_end(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox, "SEARCH_DEPTH", 6)
    monkeypatch.setattr(inbox, "SEARCH_CHUNK", 2)
    names = [str(number) for number in range(20)]
    store.add(*(post(name, "Lumora odd" if int(name) % 5 == 3 else "Lumora even") for name in names))
    for size in (1, 2, 3, 10):
        assert listed(store, InboxFilter(search="odd"), size) == ["18", "13", "8", "3"]
        assert len(listed(store, InboxFilter(search="lumora"), size)) == 20
        assert listed(store, InboxFilter(search="nowhere"), size) == []


def test_counts_say_how_many_and_where_they_stopped(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [str(number) for number in range(7)]
    store.add(*(post(name) for name in names), post("no", "weather"))
    for name in names[:4]:
        store.triaged(name, due=NOW + timedelta(minutes=int(name)))
    with store.database.write() as unit:
        claims.claim(unit, store.id("0"), "anna", NOW, audit=store.audit)
        unit.execute(text("UPDATE mentions SET urgent = true WHERE external_id IN ('1', '2')"))
    later = NOW + timedelta(minutes=2)
    for wanted in (InboxFilter(), InboxFilter(search="parcel")):
        with store.database.read() as unit:
            counts = queries.inbox_counts(unit, wanted, later)
        assert [str(count) for count in (counts.listed, counts.urgent, counts.overdue, counts.unclaimed)] == [
            "7",
            "2",
            "2",
            "6",
        ]
    monkeypatch.setattr(inbox, "COUNT_LIMIT", 5)
    with store.database.read() as unit:
        assert str(queries.inbox_counts(unit, InboxFilter(), later).listed) == "5+"
        assert str(queries.inbox_counts(unit, InboxFilter(search="parcel"), later).listed) == "5+"


def test_a_row_carries_what_the_page_shows(store: Store) -> None:
    store.add(post("a", "Lumora " + "x" * 5000, title="Title"), post("b"))
    store.triaged("a", severity=77)
    number = store.id("a")
    with store.database.write() as unit:
        alerts.add_due(unit, [alerts.NewAlert(mention_id=number, rule="urgent", why="w", channel="slack")], NOW)
        (alert,) = alerts.next_due(unit, NOW, 1)
        alerts.record_failed(unit, alert.id, error="HTTP 500", next_try_at=NOW)
        for state, author in (("rejected", "omar"), ("in_review", "anna")):
            _reply(unit, number, state=state, author=author)
    with store.database.read() as unit:
        first, second = queries.inbox(unit, InboxFilter(), size=10).rows
    assert len(first.mention.text) == len(first.mention.clean_text) == inbox.EXCERPT
    assert (first.mention.severity, first.mention.severity_terms[0].term) == (77, "harm")
    assert first.mention.assessment == judged()
    assert (first.alert, first.alert_error) == ("due", "HTTP 500")
    assert (first.reply_state, first.reply_author) == ("in_review", "anna")
    assert (second.alert, second.reply_id, second.reply_state) == (None, None, None)


def _reply(unit: Connection, mention_id: int, *, state: str, author: str) -> None:
    unit.execute(
        text(
            "INSERT INTO replies (mention_id, author, state, lane, door, text, text_hash, version, mention_hash,"
            " created_at, updated_at) VALUES (:mention, :author, :state, 'flow', 'dry_run', 'Hello', '', 1, '',"
            " :now, :now)"
        ),
        {"mention": mention_id, "author": author, "state": state, "now": "2026-03-01 12:00:00.000000"},
    )


def plans(store: Store, ask: Callable[[Connection], object]) -> list[str]:
    """How SQLite goes about each SELECT that `ask` makes."""
    if store.database.engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL plans by statistics, which an empty table has not; benchmarks/storage.py measures it")
    asked: list[tuple[str, tuple[object, ...]]] = []

    def note(_: object, __: object, statement: str, parameters: tuple[object, ...], *___: object) -> None:
        if statement.startswith("SELECT"):
            asked.append((statement, parameters))

    event.listen(store.database.engine, "before_cursor_execute", note)
    with store.database.write() as unit:
        ask(unit)
        event.remove(store.database.engine, "before_cursor_execute", note)
        assert asked
        return [
            "; ".join(row[3] for row in unit.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters))
            for statement, parameters in asked
        ]


@pytest.mark.parametrize("order", Order)
@pytest.mark.parametrize(
    "wanted", [InboxFilter(), InboxFilter(source=SOURCE, brand="lumora"), InboxFilter(claimed_by="nobody", lang="ar")]
)
def test_a_page_walks_one_index_and_never_the_table(store: Store, order: Order, wanted: InboxFilter) -> None:
    store.add(post("a"))
    key = PageKey(id=5, rank=50.0 if order is Order.SEVERITY else NOW)
    ids, *rows = plans(store, lambda unit: queries.inbox(unit, replace(wanted, order=order), after=key, size=50))
    assert ids.startswith(f"SEARCH mentions USING COVERING INDEX ix_mentions_inbox_{order.value} ")
    assert ";" not in ids, "no sorting"
    assert not any("SCAN" in plan for plan in rows)


MENTION = MentionId(1)
QUESTIONS: dict[str, tuple[Callable[[Connection], object], list[str]]] = {
    "next to assess": (lambda unit: mentions.next_to_assess(unit, 9), ["ix_mentions_state_id"]),
    "next to triage": (
        lambda unit: mentions.next_to_triage(unit, NOW, 9),
        ["ix_mentions_state_id", "ix_mentions_state_handling_retriage_at"],
    ),
    "thread": (
        lambda unit: queries.thread(unit, MENTION),
        [
            "INTEGER PRIMARY KEY",
            "uq_mentions_source_external_id|sqlite_autoindex",
            "ix_mentions_source_root_id",
            "uq_alerts_mention_id_rule|sqlite_autoindex",
            "ix_replies_mention_id",
        ],
    ),
    "thread counts": (
        lambda unit: mentions.thread_counts(unit, [MENTION], NOW, timedelta(hours=1)),
        ["ix_mentions_source_root_id", "sqlite_autoindex"],
    ),
    "author": (lambda unit: queries.author_history(unit, "forum", "kim"), ["ix_mentions_platform_author"]),
    "alerts to send": (lambda unit: alerts.next_due(unit, NOW, 9), ["ix_alerts_state_next_try_at"]),
    "log of a subject": (lambda unit: queries.audit_page(unit, subject="mention:1"), ["ix_audit_subject_seq"]),
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_other_questions_walk_an_index_too(store: Store, question: str) -> None:
    store.add(post("a"))
    ask, indexes = QUESTIONS[question]
    found = plans(store, ask)
    for index, plan in zip(indexes, found, strict=False):
        assert re.search(index, plan), found
    assert not any("SCAN" in plan for plan in found), found


def test_arriving_posts_walk_indexes_only(store: Store) -> None:
    store.add(post("a"))
    found = plans(
        store,
        lambda unit: mentions.add_new(
            unit,
            SOURCE,
            Batch(mentions=[post("b", parent_id="a"), post("a", "Lumora, edited")], cursor=Cursor(), seen=2),
            now=NOW,
            brand_of=by_name,
            clean=str.strip,
            audit=store.audit,
        ),
    )
    assert not any("SCAN" in plan for plan in found), found
