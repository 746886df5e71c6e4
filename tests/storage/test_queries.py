from datetime import timedelta

import pytest
from sqlalchemy import Connection, insert, text

from monitor.mention import MentionId, SetAside, SourceName
from monitor.storage import alerts, conversation, queries
from monitor.storage.alerts import AlertState, NewAlert
from monitor.storage.schema import publications, replies
from tests.storage.world import NOW, SOURCE, Store, post


def answer(unit: Connection, mention_id: MentionId, *, state: str, words: str, url: str | None = None) -> None:
    """A reply of ours, with its publication where it has an address."""
    reply_id = unit.execute(
        insert(replies)
        .values(
            mention_id=mention_id,
            author="anna",
            state=state,
            lane="flow",
            door="dry_run",
            text=words,
            text_hash="",
            version=1,
            mention_hash="",
            created_at=NOW,
            updated_at=NOW,
        )
        .returning(replies.c.id)
    ).scalar_one()
    for published in ("released", "sent") if url else ():
        unit.execute(
            insert(publications).values(
                reply_id=reply_id,
                mention_id=mention_id,
                door="dry_run",
                state=published,
                claimed_at=NOW,
                claimed_by="publisher",
                settled_at=NOW,
                url=url,
                external_id="t1",
            )
        )


def names(views: list[queries.MentionView]) -> list[str]:
    return [view.mention.external_id for view in views]


def test_a_thread_has_its_root_first_and_our_replies(store: Store) -> None:
    def minute(number: int) -> dict[str, object]:
        return {"created_at": NOW + timedelta(minutes=number)}

    store.add(
        post("root", **minute(5)),  # its clock is wrong: it stands first all the same
        post("late", "x", parent_id="early", root_id="root", **minute(3)),
        post("early", "x", parent_id="root", **minute(1)),
        post("alone"),
    )
    store.add(post("root", "another source"), source=SourceName("other"))
    with store.database.write() as unit:
        answer(unit, store.id("early"), state="sent", words="We are on it", url="https://forum.example/t1")
        answer(unit, store.id("early"), state="draft", words="Anything else?")
    with store.database.read() as unit:
        for name in ("root", "early", "late"):
            assert names(queries.thread(unit, store.id(name))) == ["root", "early", "late"]
        early = queries.thread(unit, store.id("late"))[1]
        assert names(queries.thread(unit, store.id("alone"))) == ["alone"]
        assert queries.thread(unit, MentionId(999)) == []
    assert [(reply.text, reply.state, reply.url, reply.sent_at) for reply in early.replies] == [
        ("We are on it", "sent", "https://forum.example/t1", NOW),
        ("Anything else?", "draft", None, None),
    ]


def test_a_long_thread_is_bounded_but_keeps_what_was_asked_for(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversation, "THREAD_LIMIT", 5)
    flat = [post(f"r{number}", "x", root_id="root", parent_id="root") for number in range(20)]
    store.add(post("root"), *flat, post("below", "x", root_id="root", parent_id="r18"))
    with store.database.read() as unit:
        shown = names(queries.thread(unit, store.id("below")))
    assert shown == ["root", "r0", "r1", "r2", "r3", "r18", "below"]


def test_one_mention_with_its_alerts(store: Store) -> None:
    store.add(post("a"))
    number = store.id("a")
    with store.database.write() as unit:
        for rule in ("severity", "urgent"):
            alerts.add_due(unit, [NewAlert(mention_id=number, rule=rule, why="w", channel="slack")], NOW)
    with store.database.read() as unit:
        view = queries.mention_view(unit, number)
        assert queries.mention_view(unit, MentionId(99)) is None
    assert view is not None
    assert [(alert.rule, alert.state) for alert in view.alerts] == [
        ("severity", AlertState.DUE),
        ("urgent", AlertState.DUE),
    ]
    assert view.replies == ()


def test_what_an_author_wrote_newest_first(store: Store) -> None:
    store.add(*(post(str(number), author="kim") for number in range(5)), post("x", author="omar"))
    store.add(post("private", "weather", author="kim"))
    with store.database.read() as unit:
        first = queries.author_history(unit, "forum", "kim", size=2)
        assert first.next is not None
        second = queries.author_history(unit, "forum", "kim", MentionId(first.next.id), 10)
        before = queries.author_history(unit, "forum", "kim", store.id("1"))
        assert queries.author_history(unit, "x", "kim").rows == ()
    assert names(list(first.rows)) == ["4", "3"]
    assert (names(list(second.rows)), second.next) == (["2", "1", "0"], None)
    assert names(list(before.rows)) == ["0"]


def test_lists_are_paged_newest_first(store: Store) -> None:
    store.add(*(post(str(number)) for number in range(5)))
    items = [SetAside(external_id=str(number), reason="r", payload=f"{number}" + "p" * 5000) for number in range(5)]
    store.add(set_aside=items)
    store.add(set_aside=[SetAside(external_id=None, reason="r", payload="q")], source=SourceName("other"))
    with store.database.write() as unit:
        wanted = [
            NewAlert(mention_id=store.id(str(number)), rule="urgent", why="w", channel="slack") for number in range(5)
        ]
        alerts.add_due(unit, wanted, NOW)
        taken = alerts.next_due(unit, NOW, 1)
        alerts.record_delivered(unit, taken[0].id, NOW)
        for number in range(5):
            store.audit.append(unit, at=NOW, actor="anna", action="looked", subject=f"mention:{number % 2}")
    with store.database.read() as unit:
        aside = queries.set_aside_page(unit, source=SOURCE, size=3)
        rest = queries.set_aside_page(unit, source=SOURCE, after=aside.next, size=3)
        assert [row.external_id for row in (*aside.rows, *rest.rows)] == ["4", "3", "2", "1", "0"]
        assert len(aside.rows[0].payload) == queries.PAYLOAD_SHOWN
        assert rest.next is None
        assert [row.source for row in queries.set_aside_page(unit, size=2).rows] == ["other", "forum"]

        page = queries.alerts_page(unit, size=4)
        assert len(page.rows) == 4
        assert [row.id for row in queries.alerts_page(unit, after=page.next, size=4).rows] == [1]
        assert [row.id for row in queries.alerts_page(unit, state=AlertState.DELIVERED).rows] == [taken[0].id]

        log = queries.audit_page(unit, size=2)
        assert [entry.seq for entry in log.rows] == [5, 4]
        assert log.next is not None
        assert [entry.seq for entry in queries.audit_page(unit, after_seq=log.next.id).rows] == [3, 2, 1]
        assert [entry.seq for entry in queries.audit_page(unit, subject="mention:0").rows] == [5, 3, 1]
        assert queries.source_rows(unit) == []


def test_a_lists_last_full_page_has_no_next(store: Store) -> None:
    store.add(post("a"), post("b"))
    with store.database.read() as unit:
        assert queries.inbox(unit, queries.InboxFilter(), size=2).next is None
        assert unit.execute(text("SELECT count(*) FROM mentions")).scalar() == 2
