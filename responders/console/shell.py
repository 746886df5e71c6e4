"""The script that Streamlit reruns at every click: who is here, the frame around every page, and the page itself."""

import traceback
from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import Final

import streamlit as st
import structlog

from monitor.errors import EdgeError
from responders.accounts import AccountFault, Permission
from responders.console import (
    accounts,
    audit,
    context,
    inbox,
    insights,
    promises,
    reply_desk,
    review,
    settings,
    sources,
    switch,
)
from responders.console.context import Visit
from responders.console.navigation import (
    ACCOUNTS,
    AUDIT,
    DESK,
    INBOX,
    INSIGHTS,
    PROMISES,
    REVIEW,
    SETTINGS,
    SOURCES,
    Place,
    go,
)
from responders.console.notices import show_notices, tell_fault
from responders.console.style import frame
from responders.console.words import LANGUAGES, words
from responders.reply import ReplyFault

# Ours, from this machine: for an icon by name, Streamlit's page would ask a font server on the internet.
ICON: Final = Path(__file__).with_name("icon.png")
PLACES: Final = (
    Place(path=INBOX, title="inbox", icon="inbox", needs=Permission.READ, section="work", show=inbox.show),
    Place(path=DESK, title="desk", icon="edit_note", needs=Permission.READ, section="work", show=reply_desk.show),
    Place(path=REVIEW, title="review", icon="fact_check", needs=Permission.READ, section="work", show=review.show),
    Place(path=PROMISES, title="promises", icon="handshake", needs=Permission.READ, section="work", show=promises.show),
    Place(
        path=INSIGHTS, title="insights", icon="insights", needs=Permission.READ, section="control", show=insights.show
    ),
    Place(path=SOURCES, title="sources", icon="sensors", needs=Permission.READ, section="control", show=sources.show),
    Place(path=AUDIT, title="audit", icon="history", needs=Permission.READ, section="control", show=audit.show),
    Place(
        path=SETTINGS, title="settings", icon="tune", needs=Permission.SETTINGS, section="control", show=settings.show
    ),
    Place(
        path=ACCOUNTS, title="accounts", icon="group", needs=Permission.ACCOUNTS, section="control", show=accounts.show
    ),
)


def main() -> None:
    """One run."""
    say = words(context.language())
    st.set_page_config(page_title=say("common.product"), page_icon=ICON, layout="wide", initial_sidebar_state="auto")
    frame(say)
    visit = context.visit()
    if visit is None:
        _stranger("shell.signed-out", "/login", "shell.sign-in-again")
        return
    if visit.account.must_change:
        _stranger("shell.must-change", "/password", "shell.change-password")
        return
    _run_page(visit)


def _run_page(visit: Visit) -> None:
    say = visit.words
    allowed = [place for place in PLACES if visit.may(place.needs)]
    sections: dict[str, list[st.Page]] = {}
    for place in allowed:
        page = st.Page(
            _guarded(place, visit),
            title=say(f"pages.{place.title}"),
            icon=f":material/{place.icon}:",
            url_path=place.path,
            default=place.path == INBOX,
        )
        sections.setdefault(say(f"shell.{place.section}"), []).append(page)
    chosen = st.navigation(sections, expanded=True)
    with st.sidebar:
        _sidebar(visit)
    _banners(visit)
    show_notices()
    chosen.run()


def _guarded(place: Place, visit: Visit) -> Callable[[], None]:
    def run() -> None:
        try:
            place.show(visit)
        except (AccountFault, ReplyFault, EdgeError) as fault:
            tell_fault(visit.words, fault)

    return run


def _stranger(key: str, target: str, link: str) -> None:
    """The whole page for somebody who may see none."""
    say = words(context.language())
    st.navigation(
        [st.Page(lambda: None, title=say("common.product"), url_path="welcome", default=True)], position="hidden"
    )
    st.html(
        f"<h1>{escape(say('common.product'))}</h1><p>{escape(say(key))}</p>"
        f'<p><a href="{target}" target="_self">{escape(say(link))}</a></p>'
    )


def _sidebar(visit: Visit) -> None:
    say = visit.words
    st.selectbox(
        say("common.language"),
        list(LANGUAGES),
        index=list(LANGUAGES).index(say.language),
        format_func=LANGUAGES.__getitem__,
        key="language",
    )
    switch.show(visit)
    role = say.name("role", visit.account.role.value)
    st.caption(say("shell.signed-in", name=visit.account.name, role=role))
    if st.button(say("shell.sign-out"), key="sign-out", icon=":material/logout:"):
        token = context.login_token()
        if token:
            visit.console.accounts.logout(token, visit.now)
        st.rerun()


def _banners(visit: Visit) -> None:
    say = visit.words
    if visit.console.settings.sample:
        with st.container(horizontal=True, vertical_alignment="center", key="sample-banner"):
            st.html(f'<div class="tf-banner" role="note">{escape(say("shell.sample"))}</div>', width="content")
            if visit.may(Permission.SETTINGS) and st.button(say("shell.set-up"), key="set-up"):
                go(SETTINGS)
    switch.banner(visit)


def on_script_error(fault: Exception) -> bool:
    """Log what nobody expected and show one sentence instead of a traceback."""
    # The trace as text: a renderer that also prints local variables would print what people wrote.
    trace = "".join(traceback.format_exception(fault))
    structlog.get_logger("console").error("page failed", error=type(fault).__name__, trace=trace)
    say = words(context.language())
    st.error(say("common.failed-unknown"))
    return True


if __name__ == "__main__":
    main()
