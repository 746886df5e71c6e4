"""Every page opens, for every role and in every language, and shows what it should."""

from pathlib import Path

import pytest

from monitor.errors import DatabaseBusy
from monitor.storage import queries
from responders.console import context
from responders.console.words import LANGUAGES, words
from tests.console.clicking import Desk, html_of
from tests.console.seed import PASSWORD

READERS = ("", "reply", "review", "promises", "insights", "sources", "audit")
ADMIN_ONLY = ("settings", "accounts")


@pytest.mark.parametrize("language", list(LANGUAGES))
@pytest.mark.parametrize("path", [*READERS, *ADMIN_ONLY])
def test_every_page_opens_in_every_language(desk: Desk, path: str, language: str) -> None:
    desk.sign_in("admin")
    at = desk.open(path, mention=desk.world.mentions["ru-refund"])
    assert not at.exception
    titles = {"": "inbox.title", "reply": "desk.title"}
    assert at.title[0].value == words(language)(titles.get(path, f"{path}.title"))


@pytest.mark.parametrize("name", ["view", "agent", "lead"])
def test_pages_of_administrators_do_not_exist_for_others(desk: Desk, name: str) -> None:
    desk.sign_in(name)
    at = desk.open()
    known = {info.get("url_pathname") for info in at._registered_pages.values()}
    assert not known & set(ADMIN_ONLY)
    assert set(READERS) <= known


def test_a_stranger_sees_no_mention(desk: Desk) -> None:
    at = desk.open()
    assert not at.title
    assert 'href="/login"' in html_of(at)
    assert "Marola" not in html_of(at)


def test_an_ended_login_sees_nothing_at_the_next_click(desk: Desk) -> None:
    desk.sign_in("agent")
    at = desk.open()
    assert at.title
    at.button(key="sign-out").click().run()
    assert not at.title
    assert 'href="/login"' in html_of(at)


def test_whoever_must_change_the_password_sees_only_that(desk: Desk) -> None:
    desk.sign_in("agent")
    console = context.console()
    console.accounts.reset_password("agent", context.now(), by=None, password=PASSWORD)
    desk.sign_in("agent")
    at = desk.open()
    assert not at.title
    assert 'href="/password"' in html_of(at)


def test_the_sample_says_so_on_every_page(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "tactful.toml").unlink()
    context.forget()
    desk.sign_in("admin")
    for path in (*READERS, *ADMIN_ONLY):
        at = desk.open(path)
        assert "sample brand Marola" in html_of(at), path
    at.button(key="set-up").click().run()
    assert not at.exception


def test_a_fault_inside_shows_one_sentence_and_no_traceback(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.sign_in("agent")

    def fail(*_args: object, **_keywords: object) -> None:
        raise DatabaseBusy("the database cannot be used now", remedy="wait")

    monkeypatch.setattr(queries, "inbox", fail)
    at = desk.open()
    assert not at.exception
    assert "The database cannot be used now" in at.error[0].value
