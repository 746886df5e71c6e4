"""Settings: what is in use, and a first brand of one's own. For administrators."""

from contextlib import suppress
from pathlib import Path
from typing import Final

import streamlit as st

from monitor.config import DEFAULT_FILE
from responders.accounts import Permission, require
from responders.console import brand_setup, context
from responders.console.brand_setup import AnswerRefused, Answers
from responders.console.context import Visit
from responders.console.notices import plain

FILE: Final = Path(DEFAULT_FILE)


def show(visit: Visit) -> None:
    """The page."""
    say = visit.words
    st.title(say("settings.title"), anchor=False)
    _current(visit)
    st.header(say("settings.own-brand"), anchor=False)
    if visit.console.settings.sample:
        st.write(plain(say("settings.sample-now")))
    replaces = FILE.exists()
    if replaces:
        backup = brand_setup.backup_of(FILE).name
        st.warning(plain(say("settings.exists", file=str(FILE), backup=backup)))
    answers = _form(visit)
    confirmed = not replaces or st.checkbox(say("settings.replace"), key="setup-replace")
    if not answers.name.strip():
        st.caption(say("settings.need-name"))
        return
    try:
        text = brand_setup.settings_text(answers)
    except AnswerRefused as refusal:
        st.error(plain(say(refusal.key, **refusal.values)))
        return
    st.subheader(say("settings.preview"), anchor=False)
    st.code(text, language="toml", wrap_lines=True)
    if st.button(say("settings.write"), key="setup-write", type="primary", disabled=not confirmed):
        _write(visit, text, replace=replaces and confirmed)


def _form(visit: Visit) -> Answers:
    say = visit.words
    name = st.text_input(say("settings.name"), key="setup-name", max_chars=100)
    spellings = st.text_area(
        say("settings.spellings"), key="setup-spellings", help=say("settings.spellings-help"), height=90
    )
    handles = st.text_area(say("settings.handles"), key="setup-handles", height=90)
    domains = st.text_area(say("settings.domains"), key="setup-domains", height=90)
    query = st.text_input(say("settings.query"), key="setup-query")
    feed = st.text_input(say("settings.feed"), key="setup-feed", placeholder="https://")
    return Answers(
        name=name,
        spellings=brand_setup.lines(spellings),
        handles=brand_setup.lines(handles),
        domains=brand_setup.lines(domains),
        query=query,
        feed=feed,
    )


def _write(visit: Visit, text: str, *, replace: bool) -> None:
    say = visit.words
    with visit.console.database.write() as unit:
        actor = require(unit, visit.account, Permission.SETTINGS)
        try:
            backup = brand_setup.write(FILE, text, replace=replace)
        except FileExistsError:
            st.error(plain(say("settings.exists", file=str(FILE), backup=brand_setup.backup_of(FILE).name)))
            return
        except OSError as fault:
            st.error(plain(say("common.failed", why=str(fault.strerror))))
            return
        details = {"backup": backup.name if backup else None}
        visit.console.audit.append(
            unit, at=context.now(), actor=actor.name, action="settings written", subject="settings", details=details
        )
    st.success(plain(say("settings.written", file=str(FILE))), icon=":material/check_circle:")


def _current(visit: Visit) -> None:
    """What is in use; nothing secret is known to this process."""
    say, settings = visit.words, visit.console.settings
    url = visit.console.database.engine.url.render_as_string(hide_password=True)
    brands = ", ".join(brand.name for brand in settings.brands.values()) or say("common.none")
    facts = {
        "brands": brands,
        "database": url,
        "sources-count": ", ".join(settings.sources) or say("common.none"),
        "door": say.name("door", settings.replies.default_door),
    }
    with suppress(OSError):
        facts["file"] = str(FILE.resolve()) if FILE.exists() else say("common.none")
    st.header(say("settings.current"), anchor=False)
    for key, value in facts.items():
        st.write(f"**{plain(say(f'settings.{key}'))}:** {plain(value)}")
