"""Audit: who did what to which thing, newest first, and the check that nobody changed the log."""

import json
import re
from html import escape
from typing import Final
from urllib.parse import quote

import streamlit as st

from monitor.storage import queries
from monitor.storage.audit import AuditEntry
from responders.console import navigation
from responders.console.context import Visit
from responders.console.notices import plain
from responders.console.rendering import inline

PAGE: Final = 50


def show(visit: Visit) -> None:
    """The page."""
    say = visit.words
    st.title(say("audit.title"), anchor=False)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.text_input(
            say("audit.subject"),
            value=navigation.parameter("subject") or "",
            key="audit-subject",
            on_change=_filter,
            width=320,
        )
        verify = st.button(say("audit.verify"), key="audit-verify", icon=":material/verified:")
    if verify:
        _verify(visit)
    subject, after = navigation.parameter("subject"), navigation.number("after")
    with visit.console.database.read() as unit:
        page = queries.audit_page(unit, subject=subject, after_seq=after, size=PAGE)
    if not page.rows:
        st.info(say("common.empty"))
        return
    heads = "".join(f'<th scope="col">{escape(say(f"audit.{name}"))}</th>' for name in _COLUMNS)
    rows = "".join(_row(visit, entry) for entry in page.rows)
    st.html(
        f'<div class="tf-scroll"><table class="tf-table tf-stack"><thead><tr>{heads}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )
    with st.container(horizontal=True):
        if after is not None and st.button(say("common.first"), key="audit-first"):
            del st.query_params["after"]
            st.rerun()
        if page.next is not None and st.button(say("common.next"), key="audit-next"):
            st.query_params["after"] = str(page.next.id)
            st.rerun()


_FINGERPRINT: Final = re.compile("[0-9a-f]{64}")
_COLUMNS: Final = ("number", "when", "who", "what", "about", "details")


def _row(visit: Visit, entry: AuditEntry) -> str:
    address = f"/{navigation.AUDIT}?subject={quote(entry.subject)}"
    cells = {
        "number": str(entry.seq),
        "when": f"{entry.at:%Y-%m-%d %H:%M:%S}",
        "who": inline(entry.actor),
        "what": f"<bdi>{escape(entry.action)}</bdi>",
        "about": f'<a href="{address}" target="_self">{inline(entry.subject)}</a>',
        "details": f'<span class="tf-code">{_details(entry.details)}</span>',
    }
    labels = {name: escape(visit.words(f"audit.{name}")) for name in cells}
    return (
        "<tr>"
        + "".join(
            f'<td class="tf-audit-{name}" data-label="{labels[name]}">{cell}</td>' for name, cell in cells.items()
        )
        + "</tr>"
    )


def _details(kept: str) -> str:
    """What an entry holds, a line a field; a fingerprint shows its head, and whole where the pointer rests."""
    try:
        fields = json.loads(kept)
    except ValueError:
        fields = None
    if not isinstance(fields, dict):  # somebody changed the row behind our back: shown as it is, "verify" names it
        return inline(kept, limit=400)
    lines = []
    for name, value in fields.items():
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        whole = f' title="{escape(text)}"' if _FINGERPRINT.fullmatch(text) else ""
        shown = f"{text[:12]}…" if whole else text
        lines.append(f"<div{whole}>{inline(name, limit=60)}: {inline(shown, limit=400)}</div>")
    return "".join(lines)


def _filter() -> None:
    for name in ("subject", "after"):
        if name in st.query_params:
            del st.query_params[name]
    subject = str(st.session_state["audit-subject"]).strip()
    if subject:
        st.query_params["subject"] = subject


def _verify(visit: Visit) -> None:
    say = visit.words
    with visit.console.database.read() as unit:
        verdict = visit.console.audit.verify(unit)
    if verdict.whole:
        st.success(
            plain(say("audit.whole", count=f"{verdict.count:,}", head=verdict.head[:16])), icon=":material/verified:"
        )
    else:
        sentence = say("audit.broken", seq=verdict.broken, why=verdict.reason or "")
        st.error(plain(sentence), icon=":material/gpp_bad:")
