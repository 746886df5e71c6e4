"""Posts come in once, with their cursor, brand and thread; judgements and priorities find their rows."""

import threading
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import Connection, func, select, text

from monitor.mention import Author, Batch, Cursor, Handling, MentionId, MentionState, SetAside, SourceName
from monitor.storage import claims, mentions, sources
from monitor.storage.audit import AuditLog
from monitor.storage.mentions import Added
from monitor.storage.schema import mentions as table
from monitor.storage.schema import set_aside
from monitor.storage.session import Database
from monitor.storage.stored import text_hash
from tests.storage.world import NOW, SOURCE, Store, by_name, judged, post, ranked


def test_a_post_comes_back_as_it_was_given(store: Store) -> None:
    given = post(
        "a",
        "Lumora\u200b lost   it\u2026 \u202eمرحبا 😀",
        url="https://forum.example/a",
        title="Parcel",
        parent_id="p",
        root_id="r",
        addressed=True,
        created_at=datetime(2026, 2, 3, 4, 5, 6, 789, tzinfo=timezone(timedelta(hours=3))),
    )
    assert store.add(given) == Added(added=1, already=0, edited=0, set_aside=0)
    found = store.get("a")
    assert found.post == given.__class__(
        **{name: getattr(given, name) for name in given.__slots__} | {"brand": "lumora"}
    )
    assert found.created_at.utcoffset() == timedelta(0)
    assert (found.state, found.handling, found.relevant) == (MentionState.COLLECTED, Handling.OPEN, True)
    assert found.text_hash == text_hash("Parcel", given.text)
    assert found.clean_text == f"Parcel\n\n{given.text}"
    assert (found.assessment, found.severity, found.lane, found.due_at) == (None, 0, None, None)


def test_posts_and_cursor_are_stored_together_or_not_at_all(store: Store) -> None:
    store.add(post("a"), cursor="1")
    batch = Batch(mentions=[post("b")], cursor=Cursor(values={"at": "2"}), seen=1, cost_usd=0.5)
    with pytest.raises(ZeroDivisionError), store.database.write() as unit:
        _add_and_die(unit, batch, store.audit)
    with store.database.read() as unit:
        assert mentions.cursor_of(unit, SOURCE) == Cursor(values={"at": "1"})
        assert mentions.find(unit, SOURCE, "b") is None
        assert sources.spent_today(unit, SOURCE, NOW) == 0
    assert store.add(post("b"), cursor="2").added == 1
    with store.database.read() as unit:
        assert mentions.cursor_of(unit, SOURCE) == Cursor(values={"at": "2"})


def _add_and_die(unit: Connection, batch: Batch, audit: AuditLog) -> None:
    mentions.add_new(unit, SOURCE, batch, now=NOW, brand_of=by_name, clean=str.strip, audit=audit)
    raise ZeroDivisionError  # before the commit


def test_a_source_without_a_batch_has_an_empty_cursor(store: Store) -> None:
    with store.database.read() as unit:
        assert mentions.cursor_of(unit, SourceName("new")) == Cursor()


def test_a_replayed_page_adds_nothing(store: Store) -> None:
    page = [post(str(number)) for number in range(700)]
    assert store.add(*page).added == 700
    first = store.get("7")
    assert store.add(*page, post("new"), now=NOW + timedelta(hours=1)) == Added(
        added=1, already=700, edited=0, set_aside=0
    )
    assert store.get("7") == first


def test_the_same_post_twice_in_a_page_is_one(store: Store) -> None:
    assert store.add(post("a", "Lumora, first"), post("a", "Lumora, second")).added == 1
    assert store.get("a").text == "Lumora, second"


def test_sources_do_not_share_ids(store: Store) -> None:
    store.add(post("a"))
    assert store.add(post("a"), source=SourceName("other")).added == 1


def test_an_edited_post_is_judged_again_and_noted(store: Store) -> None:
    store.add(post("a", "Lumora is fine"))
    store.triaged("a", severity=70)
    before = store.get("a")
    later = NOW + timedelta(hours=2)
    assert store.add(post("a", "They stole my money"), now=later) == Added(added=0, already=0, edited=1, set_aside=0)
    after = store.get("a")
    assert (after.text, after.clean_text, after.edited_at) == ("They stole my money", "They stole my money", later)
    assert (after.state, after.brand, after.severity) == (MentionState.COLLECTED, "lumora", 70)
    with store.database.read() as unit:
        entry = unit.execute(text("SELECT action, subject, details FROM audit")).one()
    assert entry.action == "mention edited at its source"
    assert entry.subject == f"mention:{before.id}"
    assert before.text_hash in entry.details
    assert after.text_hash in entry.details
    assert "stole" not in entry.details
    assert store.add(post("a", "They stole my money")).edited == 0


def test_a_post_about_nobody_of_ours_is_kept_but_goes_no_further(store: Store) -> None:
    store.add(post("a", "nice weather"), post("b", "@us hello", addressed=True))
    assert (store.get("a").relevant, store.get("a").state) == (False, MentionState.TRIAGED)
    assert [found.external_id for found in store.waiting()] == ["b"]
    assert store.get("b").brand is None
    with store.database.read() as unit:
        assert mentions.next_to_triage(unit, NOW, 10) == []


@pytest.mark.parametrize("order", ["root first", "reply first"])
@pytest.mark.parametrize("pages", ["one page", "two pages"])
def test_a_reply_inherits_the_brand_of_its_thread(store: Store, order: str, pages: str) -> None:
    thread = [
        post("root", "Lumora again"),
        post("child", "so what?", parent_id="root"),
        post("grandchild", "indeed", parent_id="child"),
        post("rooted", "same here", parent_id="unknown", root_id="root"),
        post("stranger", "elsewhere", parent_id="other"),
    ]
    if order == "reply first":
        thread.reverse()
    if pages == "one page":
        store.add(*thread)
    else:
        for reply in thread:
            store.add(reply)
    for name in ("root", "child", "grandchild", "rooted"):
        assert (store.get(name).brand, store.get(name).state) == ("lumora", MentionState.COLLECTED), name
    assert store.get("stranger").brand is None
    assert store.get("root").root_id is None
    assert {store.get(name).root_id for name in ("child", "grandchild", "rooted")} == {"root"}


def test_a_reply_may_refuse_what_it_would_inherit(store: Store) -> None:
    ours = {"brand_of": lambda given, inherited: None if given.author.handle == "us" else by_name(given, inherited)}
    store.add(post("reply", "we are sorry", author="us", parent_id="root"), **ours)  # type: ignore[arg-type]  # one keyword
    store.add(post("root", "Lumora again"), post("late", "we are", author="us", parent_id="root"), **ours)  # type: ignore[arg-type]  # one keyword
    assert (store.get("reply").brand, store.get("late").brand) == (None, None)


def test_a_reply_keeps_a_brand_of_its_own(store: Store) -> None:
    def either(given: mentions.NewMention, inherited: str | None) -> str | None:
        return "other" if "other" in given.text else by_name(given, inherited)

    store.add(post("reply", "the other one", parent_id="root"), brand_of=either)
    store.add(post("root"), brand_of=either)
    assert store.get("reply").brand == "other"


def test_a_circle_of_replies_ends(store: Store) -> None:
    store.add(
        post("a", "x", parent_id="b"), post("b", "Lumora", parent_id="c"), post("c", "z", parent_id="a"),
        post("self", "Lumora", parent_id="self", root_id="self"),
    )  # fmt: skip
    assert store.get("b").brand == "lumora"
    assert store.get("self").starts_thread


def test_a_chain_of_a_thousand_replies_is_one_thread(store: Store) -> None:
    chain = [post("0")] + [post(str(number), "and?", parent_id=str(number - 1)) for number in range(1, 1000)]
    store.add(*reversed(chain))
    assert store.get("999").brand == "lumora"
    assert store.get("999").root_id == "0"


HOSTILE = {
    "NUL": ("Lumora\0!", "Lumora\ufffd!"),
    "surrogate": ("Lumora \ud83d!", "Lumora \ufffd!"),
    "invisible": ("Lumora\u2800\u202e", "Lumora\u2800\u202e"),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_text_is_stored_without_losing_its_place(store: Store, kind: str) -> None:
    given, kept = HOSTILE[kind]
    store.add(post("a", given, title=given, url=given, author=given))
    found = store.get("a")
    assert (found.text, found.title, found.url, found.author.handle) == (kept, kept, kept, kept)
    assert store.add(post("a", given, title=given, url=given)).already == 1


def test_a_post_that_cannot_be_stored_costs_only_itself(store: Store) -> None:
    bad = [
        post("", "Lumora"),
        post("x" * 1001, "Lumora"),
        post("long", "Lumora " * 200_000),
        post("early", "Lumora", created_at=datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=3)))),
    ]
    assert store.add(post("a"), *bad, post("b")) == Added(added=2, already=0, edited=0, set_aside=4)
    with store.database.read() as unit:
        kept = unit.execute(select(set_aside).order_by(set_aside.c.id)).mappings().all()
    assert [row["reason"] for row in kept] == [
        "the post has no id",
        "the post's id is longer than 1000 bytes",
        "the post is longer than 1,000,000 characters",
        "the post's time lies outside the years 1 to 9999",
    ]
    assert kept[2]["payload"] == bad[2].text, "nothing is lost"


def test_what_is_set_aside_again_and_again_is_kept_once(store: Store) -> None:
    item = SetAside(external_id="a", reason="no date", payload="<item\0/>")
    other = SetAside(external_id="a", reason="no date", payload="<item>2</item>")
    assert store.add(set_aside=[item, item]).set_aside == 1
    assert store.add(set_aside=[item, other]).set_aside == 1


def test_numbers_and_names_out_of_bounds_are_bounded(store: Store) -> None:
    given = post("a", author="k")
    huge = Author(handle="h" * 1000, name="n" * 1000, followers=10**12)
    store.add(given.__class__(**{name: getattr(given, name) for name in given.__slots__} | {"author": huge}))
    author = store.get("a").author
    assert (len(author.handle), len(author.name or ""), author.followers) == (255, 255, 2**31 - 1)


def test_costs_add_up_by_day_and_month(store: Store) -> None:
    for day, cost in ((1, 0.25), (1, 0.5), (2, 1.0)):
        store.add(now=datetime(2026, 3, day, 23, 30, tzinfo=UTC), cost_usd=cost)
    store.add(now=datetime(2026, 4, 1, tzinfo=UTC), cost_usd=9.0)
    with store.database.read() as unit:
        assert sources.spent_today(unit, SOURCE, datetime(2026, 3, 1, 1, tzinfo=UTC)) == 0.75
        assert sources.spent_this_month(unit, SOURCE, datetime(2026, 3, 31, tzinfo=UTC)) == 1.75
        assert sources.spent_this_month(unit, SourceName("other"), NOW) == 0


def at_once(url: str, work: Callable[[Database, int], None], times: int = 2) -> None:
    """Run `work` in several threads, each with a database of its own; what one raises is raised here."""
    failed: list[BaseException] = []
    ready = threading.Barrier(times)

    def run(number: int) -> None:
        with closing(Database.open(url)) as database:
            ready.wait()
            try:
                work(database, number)
            except BaseException as error:  # noqa: BLE001 - handed to the test below
                failed.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]


def test_two_writers_at_once_store_each_post_once(url: str, audit: AuditLog) -> None:
    added = [0, 0]

    def write(database: Database, number: int) -> None:
        store = Store(database, audit)
        for page in range(10):
            added[number] += store.add(*(post(str(page * 20 + item)) for item in range(20)), cursor=str(page)).added

    at_once(url, write)
    assert sum(added) == 200
    with closing(Database.open(url)) as database, database.read() as unit:
        assert unit.execute(select(func.count()).select_from(table)).scalar() == 200


def test_one_claim_of_several_at_once_wins(url: str, audit: AuditLog) -> None:
    with closing(Database.open(url)) as database:
        Store(database, audit).add(post("a"))
    won: list[int] = []

    def claim(database: Database, number: int) -> None:
        with database.write() as unit:
            if claims.claim(unit, MentionId(1), f"agent{number}", NOW, audit=audit):
                won.append(number)

    at_once(url, claim, times=4)
    assert len(won) == 1
    with closing(Database.open(url)) as database, database.read() as unit:
        assert audit.verify(unit).count == 1


def test_judging_in_batches_oldest_first(store: Store) -> None:
    store.add(*(post(str(number)) for number in range(5)))
    assert [found.external_id for found in store.waiting(2)] == ["0", "1"]
    with store.database.write() as unit:
        pairs = [(found, judged(lang="ar")) for found in store.waiting(2)]
        assert mentions.store_assessments(unit, pairs, NOW) == 2
    assert [found.external_id for found in store.waiting()] == ["2", "3", "4"]
    found = store.get("0")
    assert (found.assessment, found.assessed_at) == (judged(lang="ar"), NOW)
    assert found.state == MentionState.ASSESSED


def test_a_judgement_of_a_text_that_changed_meanwhile_is_dropped(store: Store) -> None:
    store.add(post("a"))
    waiting = store.waiting()
    store.add(post("a", "Lumora, edited"))
    with store.database.write() as unit:
        assert mentions.store_assessments(unit, [(waiting[0], judged())], NOW) == 0
    assert store.get("a").assessment is None


def test_a_judgement_is_stored_once(store: Store) -> None:
    store.add(post("a"))
    pair = (store.waiting()[0], judged())
    with store.database.write() as unit:
        assert mentions.store_assessments(unit, [pair], NOW) == 1
        assert mentions.store_assessments(unit, [pair], NOW) == 0


def test_priorities_are_kept_and_worked_out_again_when_due(store: Store) -> None:
    store.add(post("a"), post("b"))
    due, again = NOW + timedelta(minutes=12), NOW + timedelta(minutes=5)
    with store.database.write() as unit:
        pairs = [(found, judged()) for found in mentions.next_to_assess(unit, 10)]
        mentions.store_assessments(unit, pairs, NOW)
        first = mentions.next_to_triage(unit, NOW, 1)
        assert [found.external_id for found in first] == ["a"]
        assert mentions.store_priorities(unit, [(first[0], ranked(61.5, due=due, again=again))]) == 1
        assert [found.external_id for found in mentions.next_to_triage(unit, again, 10)] == ["b", "a"]
    found = store.get("a")
    assert (found.state, found.severity, found.due_at, found.retriage_at) == (MentionState.TRIAGED, 61.5, due, again)
    assert [(term.term, term.points, term.why) for term in found.severity_terms] == [("harm", 61.5, "a complaint")]
    assert (found.lane, found.lane_reason) == ("flow", "a typical matter with a typical answer")
    with store.database.read() as unit:
        assert [found.external_id for found in mentions.next_to_triage(unit, NOW, 10)] == ["b"]


def test_what_is_dealt_with_is_not_looked_at_again(store: Store) -> None:
    store.add(post("a"))
    with store.database.write() as unit:
        found = mentions.next_to_assess(unit, 1)[0]
        mentions.store_assessments(unit, [(found, judged())], NOW)
        mentions.store_priorities(unit, [(found, ranked(50, again=NOW))])
        claims.close(unit, found.id, "anna", NOW, audit=store.audit)
        assert mentions.next_to_triage(unit, NOW, 10) == []
        mentions.store_priorities(unit, [(found, ranked(50, again=NOW))])
        assert mentions.next_to_triage(unit, NOW, 10) == []
        claims.reopen(unit, found.id, "anna", NOW, audit=store.audit)
        assert [again.id for again in mentions.next_to_triage(unit, NOW, 10)] == [found.id]


def test_a_priority_of_a_text_that_changed_meanwhile_is_dropped(store: Store) -> None:
    store.add(post("a"))
    before = store.waiting()[0]
    store.add(post("a", "Lumora, edited"))
    with store.database.write() as unit:
        assert mentions.store_priorities(unit, [(before, ranked(90))]) == 0
    assert store.get("a").severity == 0


def test_other_posts_of_a_thread_are_counted_within_the_window(store: Store) -> None:
    def minutes_ago(number: int) -> dict[str, datetime]:
        return {"created_at": NOW - timedelta(minutes=number)}

    store.add(
        post("root", **minutes_ago(50)),
        post("old", "x", parent_id="root", **minutes_ago(61)),
        post("r1", "x", parent_id="root", **minutes_ago(40)),
        post("r2", "x", parent_id="r1", **minutes_ago(1)),
        post("future", "x", parent_id="root", **minutes_ago(-5)),
        post("alone"),
    )
    store.add(post("elsewhere", "x", root_id="root", parent_id="root"), source=SourceName("other"))
    names = ("root", "old", "r1", "r2", "alone")
    with store.database.read() as unit:
        counts = mentions.thread_counts(unit, [store.id(name) for name in names], NOW, timedelta(hours=1))
    assert dict(zip(names, counts.values(), strict=True)) == {"root": 2, "old": 3, "r1": 2, "r2": 2, "alone": 0}


def test_claims_hold_until_given_back(store: Store) -> None:
    store.add(post("a"))
    number = store.id("a")
    with store.database.write() as unit:
        assert claims.claim(unit, number, "anna", NOW, audit=store.audit)
        assert claims.claim(unit, number, "anna", NOW, audit=store.audit), "it is hers already"
        assert not claims.claim(unit, number, "omar", NOW, audit=store.audit)
        assert not claims.release(unit, number, "omar", NOW, audit=store.audit)
        assert not claims.close(unit, number, "omar", NOW, audit=store.audit)
    assert (store.get("a").claimed_by, store.get("a").claimed_at) == ("anna", NOW)
    with store.database.write() as unit:
        assert claims.release(unit, number, "omar", NOW, audit=store.audit, whoever_holds_it=True)
        assert claims.claim(unit, number, "omar", NOW, audit=store.audit)
        assert claims.close(unit, number, "omar", NOW, audit=store.audit, reason="spam")
        assert not claims.claim(unit, number, "anna", NOW, audit=store.audit)
        assert not claims.close(unit, number, "omar", NOW, audit=store.audit)
    found = store.get("a")
    assert (found.handling, found.handled_at, found.claimed_by) == (Handling.CLOSED, NOW, None)
    with store.database.write() as unit:
        assert claims.reopen(unit, number, "anna", NOW, audit=store.audit)
        assert not claims.reopen(unit, number, "anna", NOW, audit=store.audit)
        actions = unit.execute(text("SELECT action FROM audit ORDER BY seq")).scalars().all()
    assert actions == [
        "mention claimed",
        "mention released",
        "mention claimed",
        "mention closed",
        "mention reopened",
    ]


def test_a_claim_of_nothing_changes_nothing(store: Store) -> None:
    with store.database.write() as unit:
        assert not claims.claim(unit, MentionId(99), "anna", NOW, audit=store.audit)
        assert store.audit.verify(unit).count == 0
