"""What has been dealt with says so, and no longer that it is overdue."""

from datetime import timedelta

import pytest

from monitor.storage import claims
from responders import store
from responders.console import context
from responders.reply import PublicationState, ReplyState, advance
from tests.console.clicking import Desk, html_of


def send(desk: Desk, name: str) -> None:
    """Let the approved reply go out through its door, long after its mention was due."""
    now = context.now()
    with desk.database.write() as unit:
        unit.exec_driver_sql("UPDATE mentions SET due_at = ?", ((now - timedelta(hours=3)).isoformat(sep=" ")[:26],))
        draft = store.draft_of(unit, desk.world.replies[name].id)
        sending = advance(draft, ReplyState.SENDING, at=now)
        publication = store.claim(unit, draft, sending, by="publisher:test", at=now)
        store.settle_publication(unit, publication, PublicationState.SENT, at=now)
        store.put(unit, sending, advance(sending, ReplyState.SENT, at=now), by="publisher:test")


@pytest.mark.parametrize(("path", "asked"), [("", {"handling": "answered"}), ("review", {"show": "past"})])
def test_an_answered_mention_is_not_overdue(desk: Desk, path: str, asked: dict[str, str]) -> None:
    desk.sign_in("lead")
    send(desk, "approved")
    html = html_of(desk.open(path, **asked))
    assert "lypovyi_tsvit" in html
    assert ">answered</span>" in html
    assert "⚠ overdue" not in html


def test_the_desk_of_a_closed_mention_has_no_clock(desk: Desk) -> None:
    desk.sign_in("lead")
    mention = desk.world.mentions["ar-broken"]
    assert "⚠ overdue" in html_of(desk.open("reply", mention=mention))
    console = context.console()
    with console.database.write() as unit:
        assert claims.close(unit, mention, "lead", context.now(), audit=console.audit, reason="duplicate")
    html = html_of(desk.open("reply", mention=mention))
    assert html.count(">closed</span>") >= 2
    assert "⚠ overdue" not in html


@pytest.mark.parametrize(
    ("name", "mention", "dry"), [("approved", "uk-question", True), ("by_hand", "en-praise", False)]
)
def test_a_dry_run_is_not_called_an_answer(desk: Desk, name: str, mention: str, *, dry: bool) -> None:
    desk.sign_in("agent")
    send(desk, name)
    sentence = desk.open("reply", mention=desk.world.mentions[mention]).info[0].value
    assert ("nothing was posted" in sentence) is dry
    assert ("already been answered" in sentence) is not dry
