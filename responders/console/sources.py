"""Sources and alerts: how each source is doing, in words with a remedy, and whether anybody heard what was urgent."""

from html import escape
from typing import Final

import streamlit as st

from monitor.mention import SourceName, SourceState
from monitor.storage import queries
from monitor.storage import sources as source_store
from monitor.storage.alerts import AlertState
from monitor.storage.queries import AlertView, PageKey, SourceRow
from responders.accounts import AccountFault, Permission, require
from responders.console import context, navigation
from responders.console.context import Visit
from responders.console.notices import note, refuse
from responders.console.rendering import badge, inline, paragraph

PAGE: Final = 25
IMPORT: Final = "import"
"""The kind of what people imported from files: nothing fetches it, so it has no next run."""
_COLUMNS: Final = ("delivery", "about", "why", "time")
_KINDS: Final = {SourceState.OK: "good", SourceState.NEVER_RUN: "plain", SourceState.OFF: "plain"}


def show(visit: Visit) -> None:
    """The page."""
    say = visit.words
    st.title(say("sources.title"), anchor=False)
    with visit.console.database.read() as unit:
        rows = queries.source_rows(unit)
    if not rows:
        st.info(say("sources.empty"))
    for row in rows:
        with st.container(border=True, key=f"source-{row.name}"):
            _source(visit, row)
    st.header(say("sources.alerts"), anchor=False)
    _alerts(visit)
    st.header(say("sources.set-aside"), anchor=False)
    st.caption(say("sources.set-aside-help"))
    _set_aside(visit)


def _source(visit: Visit, row: SourceRow) -> None:
    say = visit.words
    state = badge(say.name("source-state", row.state.value), kind=_KINDS.get(row.state, "bad"))
    failures = badge(say("sources.failures", count=row.failures), kind="care") if row.failures else ""
    runs = row.kind != IMPORT
    facts = [
        *([(say("sources.next-run"), escape(visit.clock(row.next_run_at)))] if runs else []),
        (say("sources.last-ok"), escape(visit.clock(row.last_ok_at))),
        (say("sources.number"), escape(say("sources.counts", seen=f"{row.seen:,}", added=f"{row.added:,}"))),
    ]
    if row.last_error:
        facts.append(
            (
                say("sources.last-error"),
                f"{escape(visit.clock(row.last_error_at))}: {inline(row.last_error, limit=300)}",
            )
        )
    cells = "".join(f"<tr><th scope='row'>{escape(name)}</th><td>{value}</td></tr>" for name, value in facts)
    detail = f"<p>{inline(row.detail, limit=300)}</p>" if row.detail else ""
    remedy = (
        f'<p class="tf-note"><b>{escape(say("sources.remedy"))}:</b> {inline(row.remedy, limit=500)}</p>'
        if row.remedy
        else ""
    )
    st.html(
        f'<h2>{inline(row.name)}</h2><div class="tf-row">{badge(row.kind)} {state} {failures}</div>{detail}{remedy}'
        f'<table class="tf-table">{cells}</table>'
    )
    if (
        runs
        and visit.may(Permission.DRAFT)
        and row.state is not SourceState.OFF
        and st.button(say("sources.run-now"), key=f"run-{row.name}", icon=":material/play_arrow:")
    ):
        _run_now(visit, row.name)


def _run_now(visit: Visit, name: SourceName) -> None:
    """Only move the next run: this process can reach no platform, the collecting one does the rest."""
    try:
        with visit.console.database.write() as unit:
            actor = require(unit, visit.account, Permission.DRAFT)
            moment = context.now()
            source_store.set_next_run(unit, name, moment)
            visit.console.audit.append(
                unit, at=moment, actor=actor.name, action="source run asked", subject=f"source:{name}"
            )
        note(visit.words("sources.asked"))
    except AccountFault as fault:
        refuse(visit.words, fault)
    st.rerun()


def _alerts(visit: Visit) -> None:
    say = visit.words
    after = navigation.number("alerts_after")
    with visit.console.database.read() as unit:
        page = queries.alerts_page(unit, after=None if after is None else PageKey(id=after), size=PAGE)
    if not page.rows:
        st.caption(say("sources.alerts-empty"))
        return
    heads = "".join(f'<th scope="col">{escape(say(f"sources.{name}"))}</th>' for name in _COLUMNS)
    rows = "".join(_alert(visit, alert) for alert in page.rows)
    st.html(
        f'<div class="tf-scroll"><table class="tf-table tf-stack"><thead><tr>{heads}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )
    _more(visit, "alerts_after", page.next)


def _alert(visit: Visit, alert: AlertView) -> str:
    """One alert as a row with one time: when it was heard, is tried next, or was raised if nobody will hear it."""
    address = f"/{navigation.DESK}?mention={alert.mention_id}"
    about = escape(visit.words("sources.mention", id=alert.mention_id))
    cells = {
        "delivery": _delivery(visit, alert),
        "about": f'<a class="tf-whole" href="{address}" target="_self">{about}</a>',
        "why": f"<div>{inline(alert.why, limit=200)}{_error(alert)}</div>",
        "time": f'<span class="tf-whole">{escape(_time(visit, alert))}</span>',
    }
    labels = {name: escape(visit.words(f"sources.{name}")) for name in cells}
    return "<tr>" + "".join(f'<td data-label="{labels[name]}">{cell}</td>' for name, cell in cells.items()) + "</tr>"


def _delivery(visit: Visit, alert: AlertView) -> str:
    say = visit.words
    match alert.state:
        case AlertState.DELIVERED:
            return badge(say("sources.delivered"), kind="good")
        case AlertState.DUE:
            return badge(say("sources.due"), kind="care")
        case AlertState.GIVEN_UP:
            return badge(say("sources.given-up", count=alert.attempts), kind="bad")


def _time(visit: Visit, alert: AlertView) -> str:
    if alert.state is AlertState.DUE:
        return visit.words("sources.next-try", time=visit.clock(alert.next_try_at))
    return visit.clock(alert.delivered_at or alert.created_at)


def _error(alert: AlertView) -> str:
    return f'<div class="tf-faint">{inline(alert.last_error, limit=200)}</div>' if alert.last_error else ""


def _set_aside(visit: Visit) -> None:
    say = visit.words
    after = navigation.number("aside_after")
    with visit.console.database.read() as unit:
        page = queries.set_aside_page(unit, after=None if after is None else PageKey(id=after), size=PAGE)
    if not page.rows:
        st.caption(say("common.empty"))
        return
    st.html(
        "".join(
            f'<details class="tf-why"><summary>{inline(row.source)} · {escape(visit.clock(row.at))} · '
            f"{inline(row.reason, limit=200)}</summary>{paragraph(row.payload, reveal=True)}</details>"
            for row in page.rows
        )
    )
    _more(visit, "aside_after", page.next)


def _more(visit: Visit, name: str, following: PageKey | None) -> None:
    with st.container(horizontal=True):
        if name in st.query_params and st.button(visit.words("common.first"), key=f"first-{name}"):
            del st.query_params[name]
            st.rerun()
        if following is not None and st.button(visit.words("common.next"), key=f"next-{name}"):
            st.query_params[name] = str(following.id)
            st.rerun()
