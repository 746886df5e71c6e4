"""Answers that we have, close in meaning to a post and in whatever language, each with its source and its age."""

from typing import Final

import streamlit as st

from classifiers.types import ModelUnavailable
from monitor.mention import Lane
from monitor.storage.stored import StoredMention
from responders import store
from responders.console import context
from responders.console import pen as pens
from responders.console.context import Visit
from responders.console.notices import plain
from responders.console.pen import Pen
from responders.console.rendering import badge, paragraph
from responders.console.template_picker import known_values
from responders.drafting import Entry, Near, Source, entries, middles, nearest
from responders.reply import ReplyTarget

REPLIES: Final = 200
"""Our last replies that are looked through."""


def show(visit: Visit, mention: StoredMention, pen: Pen) -> None:
    """A closed box on the desk; nothing is computed before it is opened."""
    say = visit.words
    box = st.expander(say("near.title"), key=f"near-{pen.mention}", on_change="rerun")
    if not box.open:
        return
    with box:
        # What nobody could judge may be urgent, too.
        if mention.assessment is None or mention.assessment.urgency.urgent:
            st.caption(plain(say("near.urgent")))
            return
        lane = pen.draft.lane if pen.draft else pen.lane or mention.lane or Lane.PERSONAL
        if lane is Lane.PERSONAL:
            st.caption(plain(say("desk.template-personal")))
        try:
            with st.spinner(say("near.looking")):
                found = _found(visit, pen, lane)
        except ModelUnavailable as error:
            st.warning(plain(say("near.unavailable", why=str(error))), icon=":material/error:")
            return
        if not found:
            st.caption(plain(say("near.none")))
        for number, near in enumerate(found):
            _one(visit, mention, pen, near, number)


def _one(visit: Visit, mention: StoredMention, pen: Pen, near: Near, number: int) -> None:
    say, entry = visit.words, near.entry
    language = say.name("language", entry.lang)
    about = [
        badge(_source(visit, entry), kind="ours"),
        badge(say("near.age", time=visit.span(visit.now - entry.at)) if entry.at else say("near.age-unknown")),
        badge(say("near.close", percent=round(near.likeness * 100))),
        badge(say("near.translate", language=language), kind="care") if near.translate else badge(language),
    ]
    st.html(f'<div class="tf-row">{" ".join(about)}</div>{paragraph(entry.text, css="tf-draft")}')
    label = say("near.use-translate" if near.translate else "near.use")
    if st.button(label, key=f"use-near-{pen.mention}-{number}", help=say("desk.template-replaces")):
        if entry.source is Source.TEMPLATE:
            pen.template = entry.name
        pens.replace_words(visit.console, pen, entry.text, by=visit.account, mention=mention, now=context.now())
        st.rerun()


def _source(visit: Visit, entry: Entry) -> str:
    date = f"{entry.at.astimezone(visit.zone):%Y-%m-%d}" if entry.at else ""
    return visit.words(f"near.{entry.source.value}", name=entry.name, date=date)


def _found(visit: Visit, pen: Pen, lane: Lane) -> tuple[Near, ...]:
    """The closest answers, computed once for each post and what we have; raises ModelUnavailable."""
    with visit.console.database.read() as unit:
        target = store.target_of(unit, pen.mention)
        spoken = [one for one in store.last_sent(unit, target.brand, limit=REPLIES) if one.mention_id != pen.mention]
    key = (target.text_hash, target.lang, lane, max((one.at for one in spoken), default=None), len(spoken))
    kept: tuple[object, tuple[Near, ...]] | None = st.session_state.get(f"near-found-{pen.mention}")
    if kept is not None and kept[0] == key:
        return kept[1]
    shelf = visit.console.shelf
    values = known_values(visit, target)
    known = entries(shelf.templates, shelf.answers, spoken, values, lane=lane, filed=shelf.filed)
    found = _closest(visit, target, known)
    st.session_state[f"near-found-{pen.mention}"] = (key, found)
    return found


def _closest(visit: Visit, target: ReplyTarget, known: tuple[Entry, ...]) -> tuple[Near, ...]:
    reference = visit.console.shelf.reference
    asked = [entry.asked for entry in (*known, *reference)]
    meanings = visit.console.meanings.of([*asked, target.words])
    post = meanings.get(target.words)
    if post is None:
        return ()
    return nearest(post, known, meanings, lang=target.lang, middles=middles(reference, meanings))
