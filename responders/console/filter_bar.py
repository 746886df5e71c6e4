"""The bar above the inbox: what is listed, in which order, and how that gets into the address and stays there."""

from functools import partial
from typing import Final

import streamlit as st

from classifiers.types import Intent, Sentiment
from monitor.mention import Handling, Lane
from monitor.storage import queries
from monitor.storage.queries import Order
from responders.console import inbox_filters, inbox_keys
from responders.console.context import Visit
from responders.console.inbox_filters import ALL, View

TRAIL: Final = "inbox-trail"
_KEPT: Final = "inbox-address"


def remember_address() -> None:
    """Come back to the same view after a look at another page, which starts with an empty address."""
    if not any(name in st.query_params for name in inbox_filters.NAMES):
        for name, value in st.session_state.get(_KEPT, {}).items():
            st.query_params[name] = value
    keep_address()


def keep_address() -> None:
    """Call after every change of the address: an address that was emptied on purpose must not come back."""
    st.session_state[_KEPT] = {name: st.query_params[name] for name in inbox_filters.NAMES if name in st.query_params}


def show(visit: Visit, view: View) -> None:
    """Order, state and search at once, the rest behind a summary that counts what is set."""
    say, wanted = visit.words, view.wanted
    number = inbox_filters.count(wanted)
    brands = list(visit.console.settings.brands)
    with visit.console.database.read() as unit:
        sources = [row.name for row in queries.source_rows(unit)]
    with st.container(horizontal=True, vertical_alignment="bottom", key="inbox-bar"):
        _choice(visit, "order", list(Order), wanted.order, group="order", default=Order.SEVERITY)
        _choice(visit, "handling", [*Handling, ALL], wanted.handling or ALL, group="handling", default=Handling.OPEN)
        st.text_input(
            say("inbox.search"),
            value=wanted.search,
            key="inbox-q",
            on_change=partial(_put, "q", ""),
            icon=":material/search:",
            width=260,
        )
    label = say("inbox.filters") + (f" ({number})" if number else "")
    with st.expander(label, expanded=number > 0, key="inbox-box"):
        with st.container(horizontal=True, key="inbox-filter-row"):
            _choice(visit, "brand", [ALL, *brands], wanted.brand or ALL)
            _choice(
                visit, "lang", [ALL, *visit.console.settings.languages, "und"], wanted.lang or ALL, group="language"
            )
            _choice(visit, "intent", [ALL, *Intent], wanted.intent or ALL, group="intent")
            _choice(visit, "sentiment", [ALL, *Sentiment], wanted.sentiment or ALL, group="sentiment")
            _choice(visit, "lane", [ALL, *Lane], wanted.lane or ALL, group="lane")
            _choice(visit, "source", [ALL, *sources], wanted.source or ALL)
        with st.container(horizontal=True, vertical_alignment="center"):
            for name, chosen in (("urgent", bool(wanted.urgent)), ("mine", wanted.claimed_by is not None)):
                st.checkbox(say(f"inbox.{name}"), value=chosen, key=f"inbox-{name}", on_change=partial(_put, name, ""))
            if number:
                st.button(say("inbox.clear"), key="inbox-clear", on_click=_clear)


def _choice(
    visit: Visit, name: str, options: list[str], chosen: str, *, group: str | None = None, default: str = ALL
) -> None:
    say = visit.words
    options = options if chosen in options else [*options, chosen]

    def words(value: str) -> str:
        if value == ALL:
            return say("inbox.all")
        return say.name(group, value) if group else value

    st.selectbox(
        say(f"inbox.{name}"),
        options,
        index=options.index(chosen),
        format_func=words,
        key=f"inbox-{name}",
        on_change=partial(_put, name, default),
        width=190,
    )


def _put(name: str, default: str) -> None:
    """Write what a filter was set to into the address; the list then starts at its first page."""
    value = st.session_state[f"inbox-{name}"]
    text = ("1" if value else "") if isinstance(value, bool) else str(value)
    for gone in ("after", name):
        if gone in st.query_params:
            del st.query_params[gone]
    if text and text != default:
        st.query_params[name] = text
    keep_address()
    first_page()


def _clear() -> None:
    for name in inbox_filters.NAMES:
        if name in st.query_params:
            del st.query_params[name]
        st.session_state.pop(f"inbox-{name}", None)
    keep_address()
    first_page()


def first_page() -> None:
    """Begin again at the top of the list."""
    st.session_state[TRAIL] = []
    inbox_keys.first_line()
