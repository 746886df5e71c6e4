"""Promises: what our published replies promised, by when, and whether it was kept; and what a draft would promise."""

from collections.abc import Sequence
from html import escape

import streamlit as st

from monitor.errors import EdgeError
from monitor.storage import promises as rows
from monitor.storage.promises import Promise, PromiseState
from responders.accounts import AccountFault, Permission
from responders.console import context, navigation
from responders.console.context import Visit
from responders.console.notices import note, refuse
from responders.console.rendering import badge, inert, inline
from responders.promise_keeping import Keeping, terms_of
from responders.reply import ReplyFault

DRY_RUN = "dry_run"
_KINDS = {"open": "plain", "overdue": "bad", "kept": "good", "broken": "bad"}
_COLUMNS = ("state", "what", "who", "due", "decided")


def show(visit: Visit) -> None:
    """The page."""
    say = visit.words
    st.title(say("promises.title"), anchor=False)
    with visit.console.database.read() as unit:
        counts = rows.counts(unit, visit.now)
        opened, settled = rows.opened(unit), rows.settled(unit)
    st.html(
        '<div class="tf-row">'
        + " ".join(
            badge(f"{say.name('promise-state', name)}: {counts[name]}", kind=kind if counts[name] else "plain")
            for name, kind in _KINDS.items()
        )
        + "</div>"
    )
    if not opened:
        st.info(say("promises.empty"))
    for promise in opened:
        with st.container(border=True, key=f"promise-{promise.id}"):
            _open(visit, promise)
    if settled:
        st.header(say("promises.settled"), anchor=False)
        st.html(_table(visit, settled))


def of_draft(visit: Visit, text: str, *, brand: str | None, mention: str) -> str:
    """What a draft would promise if it went out now, as a list; nothing where it promises nothing."""
    say = visit.words
    found = terms_of(visit.console.settings).of(text, now=visit.now, brand=brand, mention=mention)
    if not found:
        return ""
    items = "".join(
        f"<li><b>{escape(say.name('promise-kind', one.kind.value))}</b> · "
        f"{escape(_by(visit, due=visit.clock(one.due_at), stated=one.stated))}"
        f'<div class="tf-text" dir="auto">«{inert(one.text)}»</div></li>'
        for one in found
    )
    heading = escape(say("promises.found", count=len(found)))
    return f'<section><h3>{heading}</h3><ul class="tf-promises">{items}</ul></section>'


def _by(visit: Visit, *, due: str, stated: bool) -> str:
    return visit.words("promises.by" if stated else "promises.by-policy", time=due)


def _open(visit: Visit, promise: Promise) -> None:
    say = visit.words
    late = promise.overdue(visit.now)
    span = visit.span(abs(promise.due_at - visit.now))
    when = badge(say("promises.overdue-by" if late else "promises.due-in", span=span), kind="bad" if late else "care")
    dry = badge(say("promises.dry")) if promise.door == DRY_RUN else ""
    address = f"/{navigation.DESK}?mention={promise.mention_id}"
    st.html(
        f'<div class="tf-row"><b>{escape(say.name("promise-kind", promise.kind))}</b> {when} {dry}</div>'
        f'<div class="tf-text" dir="auto">«{inert(promise.text)}»</div>'
        f'<div class="tf-faint">{escape(_by(visit, due=visit.clock(promise.due_at), stated=promise.stated))} · '
        f"{escape(say('promises.made', time=visit.clock(promise.made_at)))} {inline(promise.by)} · "
        f'<a href="{address}" target="_self">{escape(say("sources.mention", id=promise.mention_id))}</a></div>'
    )
    if not visit.may(Permission.DRAFT):
        return
    with st.container(horizontal=True):
        if st.button(say("promises.kept"), key=f"kept-{promise.id}", type="primary", icon=":material/check:"):
            _settle(visit, promise, kept=True)
        if st.button(say("promises.not-kept"), key=f"not-kept-{promise.id}", icon=":material/close:"):
            _settle(visit, promise, kept=False)


def _settle(visit: Visit, promise: Promise, *, kept: bool) -> None:
    keeping = Keeping(database=visit.console.database, audit=visit.console.audit)
    try:
        keeping.settle(promise.id, kept=kept, by=visit.account, now=context.now())
        note(visit.words("promises.kept-done" if kept else "promises.not-kept-done"))
    except (AccountFault, ReplyFault, EdgeError) as fault:
        refuse(visit.words, fault)
    st.rerun()


def _table(visit: Visit, settled: Sequence[Promise]) -> str:
    say = visit.words
    heads = "".join(f'<th scope="col">{escape(say(f"promises.{name}"))}</th>' for name in _COLUMNS)
    return (
        f'<div class="tf-scroll"><table class="tf-table tf-stack"><thead><tr>{heads}</tr></thead>'
        f"<tbody>{''.join(_row(visit, promise) for promise in settled)}</tbody></table></div>"
    )


def _row(visit: Visit, promise: Promise) -> str:
    say = visit.words
    late = promise.settled_at is not None and promise.settled_at > promise.due_at
    state = say.name("promise-state", promise.state.value)
    if promise.state is PromiseState.KEPT and late:
        state = say("promises.kept-late")
    kind = escape(say.name("promise-kind", promise.kind))
    cells = {
        "state": badge(state, kind="care" if promise.state is PromiseState.KEPT and late else _KINDS[promise.state]),
        "what": f'{kind}<div dir="auto">«{inert(promise.text)}»</div>',
        "who": inline(promise.by),
        "due": escape(visit.clock(promise.due_at)),
        "decided": f"{escape(visit.clock(promise.settled_at))} {inline(promise.settled_by or '')}",
    }
    labels = {name: escape(say(f"promises.{name}")) for name in cells}
    return "<tr>" + "".join(f'<td data-label="{labels[name]}">{cell}</td>' for name, cell in cells.items()) + "</tr>"
