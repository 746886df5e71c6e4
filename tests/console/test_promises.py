"""What a draft would promise stands on the desk; what was promised waits on its page until a person decides."""

from datetime import timedelta

import pytest

from monitor.storage import promises as rows
from monitor.storage.promises import NewPromise, PromiseState
from responders.console import context
from responders.console.words import words
from responders.promise_rules import Kind
from tests.console.clicking import Desk, click, html_of


def promise(desk: Desk) -> int:
    """One promise that is overdue by three hours."""
    draft, now = desk.world.replies["approved"], context.now()
    with desk.database.write() as unit:
        rows.add(
            unit,
            [
                NewPromise(
                    reply_id=draft.id,
                    mention_id=draft.mention_id,
                    kind="call",
                    text="зателефонуємо <b>завтра</b>",
                    start=0,
                    end=10,
                    by="agent",
                    made_at=now - timedelta(days=1),
                    due_at=now - timedelta(hours=3, minutes=5),
                    stated=True,
                    remind_at=now,
                )
            ],
        )
        return rows.opened(unit)[0].id


@pytest.mark.parametrize(("button", "state"), [("kept", PromiseState.KEPT), ("not-kept", PromiseState.BROKEN)])
def test_an_overdue_promise_is_settled_by_a_person(desk: Desk, button: str, state: PromiseState) -> None:
    key = promise(desk)
    desk.sign_in("agent")
    at = desk.open("promises")
    html = html_of(at)
    assert "⚠ overdue by 3 h" in html
    assert "&lt;b&gt;" in html
    click(at, f"{button}-{key}")
    with desk.database.read() as unit:
        (settled,) = rows.settled(unit)
    assert (settled.state, settled.settled_by) == (state, "agent")
    assert f"kept-{key}" not in {one.key for one in at.button}


def test_who_only_reads_has_no_buttons(desk: Desk) -> None:
    key = promise(desk)
    desk.sign_in("view")
    at = desk.open("promises")
    assert not at.exception
    assert f"kept-{key}" not in {one.key for one in at.button}


def test_the_reviewer_sees_what_would_be_promised(desk: Desk) -> None:
    reply = desk.world.replies["approved"]
    with desk.database.write() as unit:
        unit.exec_driver_sql("UPDATE replies SET text = 'We will call you tomorrow.' WHERE id = ?", (reply.id,))
    desk.sign_in("lead")
    assert "Promises in this reply: 1" in html_of(desk.open("review", show="approved"))


def test_every_kind_and_state_has_a_word() -> None:
    for kind in Kind:
        assert words("en").has(f"promise-kind.{kind.value}")
    for state in ("open", "overdue", "kept", "broken"):
        assert words("en").has(f"promise-state.{state}")


def test_the_desk_shows_what_the_draft_would_promise(desk: Desk) -> None:
    desk.sign_in("agent")
    console = context.console()
    agent = console.accounts.account_of(str(context.login_token()), context.now())
    assert agent is not None
    mention = desk.world.mentions["ar-broken"]
    text = "Sorry! We'll refund you within five days."
    draft = console.review.open_draft(mention, by=agent, now=context.now(), door="dry_run", text=text)
    if draft.text != text:
        console.review.save_draft(draft.id, text, by=agent, now=context.now(), version=draft.version)
    html = html_of(desk.open("reply", mention=mention))
    assert "Promises in this reply: 1" in html
    assert "We&#x27;ll refund you within five days" in html
