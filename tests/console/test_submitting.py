"""Handing a reply to review: who decides next is said, and what the check blocks goes at a second click only."""

import pytest

from responders import store
from responders.console import context, editor
from responders.console.words import words
from responders.reply import ReplyState
from tests.console.clicking import Desk, click, html_of

BLOCKED = "What a stupid question."


def state_of(desk: Desk, name: str) -> ReplyState:
    with desk.database.read() as unit:
        draft = store.open_reply(unit, desk.world.mentions[name], "agent")
    assert draft is not None
    return draft.state


def keys_of(at: object) -> set[str]:
    return {str(button.key) for button in at.button}  # type: ignore[attr-defined]  # AppTest builds its elements


def test_after_submitting_the_desk_says_that_somebody_else_must_approve(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.sign_in("agent")
    monkeypatch.setattr(editor, "typed", lambda **_: "Please unplug it. We are on our way.")
    mention = desk.world.mentions["en-fire"]
    at = click(desk.open("reply", mention=mention), f"submit-{mention}")
    assert state_of(desk, "en-fire") is ReplyState.IN_REVIEW
    assert "Somebody else must approve it now" in at.success[0].value
    at.run()
    assert not at.success
    assert "Somebody else must approve it now" in at.info[0].value


def test_a_blocked_reply_asks_first_and_says_who_decides(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.sign_in("agent")
    typed = [BLOCKED]
    monkeypatch.setattr(editor, "typed", lambda **_: typed[-1])
    mention = desk.world.mentions["en-fire"]
    at = desk.open("reply", mention=mention)
    assert f">{words('en')('desk.verdict-block')}</span>" in html_of(at)
    assert f"submit-anyway-{mention}" not in keys_of(at)
    click(at, f"submit-{mention}")
    assert state_of(desk, "en-fire") is ReplyState.DRAFT
    assert "only an administrator other than you" in at.warning[0].value
    typed.append(BLOCKED + " Really.")
    at.run()
    assert f"submit-anyway-{mention}" not in keys_of(at), "other words are asked about anew"
    click(at, f"submit-{mention}")
    click(at, f"submit-not-{mention}")
    assert f"submit-anyway-{mention}" not in keys_of(at)
    click(at, f"submit-{mention}")
    click(at, f"submit-anyway-{mention}")
    assert state_of(desk, "en-fire") is ReplyState.IN_REVIEW
    assert "an administrator, must decide now" in at.success[0].value
    assert "an administrator, must decide now" in at.info[0].value
    click(at, f"withdraw-{mention}")
    assert f"submit-anyway-{mention}" not in keys_of(at)


def test_after_an_override_a_second_approval_needs_no_administrator(desk: Desk) -> None:
    draft = desk.world.replies["blocked"]
    mention = desk.world.mentions["en-long"]
    with desk.database.write() as unit:
        unit.exec_driver_sql("UPDATE replies SET approvals_needed = 2")
    desk.sign_in("agent")
    assert "an administrator, must decide now" in desk.open("reply", mention=mention).info[0].value
    console = context.console()
    admin = next(account for account in console.accounts.everyone() if account.name == "admin")
    console.review.approve(draft.id, by=admin, now=context.now(), version=draft.version, override_reason="A quotation.")
    assert "Somebody else must approve it now" in desk.open("reply", mention=mention).info[0].value
