"""Inbox: what may need an answer, the most pressing first, each line with its reasons."""

from html import escape
from typing import Final

import streamlit as st

from monitor.mention import Handling, Lane, MentionId
from monitor.storage import claims, queries, stored
from monitor.storage.alerts import AlertState
from monitor.storage.queries import InboxCounts, InboxFilter, InboxRow, Order
from responders.accounts import AccountFault, Permission, require
from responders.console import context, filter_bar, inbox_filters, inbox_keys, mention_card, navigation
from responders.console.context import Visit
from responders.console.filter_bar import TRAIL
from responders.console.inbox_filters import View
from responders.console.notices import note, refuse
from responders.console.rendering import badge

PAGE: Final = 20
CLOSE_REASONS: Final = ("resolved", "no-answer", "spam", "not-ours", "duplicate", "other")
_ALERT_KINDS: Final = {AlertState.DELIVERED: "good", AlertState.DUE: "care", AlertState.GIVEN_UP: "bad"}
_CLOSING: Final = "inbox-closing"


def show(visit: Visit) -> None:
    """The page."""
    say = visit.words
    st.title(say("inbox.title"), anchor=False)
    filter_bar.remember_address()
    view = inbox_filters.read(dict(st.query_params), account=visit.account.name)
    filter_bar.show(visit, view)
    with visit.console.database.read() as unit:
        page = queries.inbox(unit, view.wanted, after=view.after, size=PAGE)
        counts = queries.inbox_counts(unit, view.wanted, visit.now)
        newest = _newest(queries.inbox(unit, InboxFilter(order=Order.NEWEST, handling=None), size=1).rows)
    _arrivals(visit, newest)
    if not page.rows:
        empty = newest is None and not inbox_filters.count(view.wanted)
        st.info(say("inbox.empty-fresh" if empty else "inbox.empty"))
    with st.container(horizontal=True, vertical_alignment="center", key="inbox-keys"):
        _counts(visit, counts)
        framed = inbox_keys.framed(say, [row.mention.id for row in page.rows]) if page.rows else None
        reveal = page.rows != () and st.toggle(say("common.reveal"), key="reveal-hidden", width="content")
    for row in page.rows:
        with st.container(border=True, key=f"mention-{row.mention.id}"):
            _row(visit, row, chosen=row.mention.id == framed, reveal=reveal)
    inbox_keys.listen(visit.now)
    _pages(visit, view, page)
    _closing(visit)


def _counts(visit: Visit, counts: InboxCounts) -> None:
    numbers = {
        "listed": (counts.listed, "plain"),
        "urgent": (counts.urgent, "bad" if counts.urgent.number else "plain"),
        "overdue": (counts.overdue, "bad" if counts.overdue.number else "plain"),
        "unclaimed": (counts.unclaimed, "plain"),
    }
    badges = " ".join(
        badge(visit.words(f"inbox.count-{name}", count=str(count)), kind=kind)
        for name, (count, kind) in numbers.items()
    )
    st.html(f'<div class="tf-row">{badges}</div>', width="content")


def _newest(rows: tuple[InboxRow, ...]) -> MentionId | None:
    return rows[0].mention.id if rows else None


def _arrivals(visit: Visit, newest: MentionId | None) -> None:
    """Say that something new came in, without moving the list under the reader's hands."""

    @st.fragment(run_every="20s")
    def look() -> None:
        with visit.console.database.read() as unit:
            now_newest = _newest(queries.inbox(unit, InboxFilter(order=Order.NEWEST, handling=None), size=1).rows)
        if now_newest != newest and st.button(
            visit.words("inbox.new"), key="inbox-new", icon=":material/refresh:", type="primary"
        ):
            st.rerun()

    look()


def _row(visit: Visit, row: InboxRow, *, chosen: bool, reveal: bool) -> None:
    say, mention = visit.words, row.mention
    facts = [
        mention_card.severity(visit, mention),
        mention_card.due(visit, mention),
        mention_card.judgement(visit, mention),
    ]
    if mention.lane is not None:
        facts.append(
            badge(say.name("lane", mention.lane.value), kind="ours" if mention.lane is Lane.PERSONAL else "plain")
        )
    if row.alert is not None:
        facts.append(
            badge(say(f"mention.alert-{row.alert.value}"), kind=_ALERT_KINDS[row.alert], title=row.alert_error or "")
        )
    if mention.claimed_by is not None:
        mine = mention.claimed_by == visit.account.name
        facts.append(
            badge(say("inbox.claimed-mine" if mine else "inbox.claimed", name=mention.claimed_by), kind="ours")
        )
    if row.reply_state is not None:
        facts.append(badge(say("mention.reply", state=say.name("state", row.reply_state)), kind="ours"))
    css = f' class="tf-selected" data-tf-mention="{mention.id}"' if chosen else ""
    here = f'<span class="tf-away">{escape(say("inbox.selected"))}</span>' if chosen else ""
    st.html(
        f"<div{css}>{here}{mention_card.who(visit, mention)}"
        f'<div class="tf-row">{" ".join(facts)} {mention_card.changed(visit, mention)}</div>'
        f"{mention_card.words_of(visit, mention, reveal=reveal, whole=False)}{mention_card.terms(visit, mention)}</div>"
    )
    with st.container(horizontal=True):
        _buttons(visit, row)


def _buttons(visit: Visit, row: InboxRow) -> None:
    say, mention = visit.words, row.mention
    number = mention.id
    may_act = visit.may(Permission.DRAFT)
    if st.button(say("inbox.open"), key=f"open-{number}", icon=":material/edit_note:", type="primary"):
        navigation.go(navigation.DESK, mention=number)
    if not may_act:
        return
    if mention.handling is not Handling.OPEN:
        if st.button(say("inbox.reopen"), key=f"reopen-{number}"):
            _change(visit, "reopen", number)
        return
    if mention.claimed_by is None:
        if st.button(say("inbox.claim"), key=f"claim-{number}"):
            _change(visit, "claim", number)
    elif (mention.claimed_by == visit.account.name or visit.may(Permission.ACCOUNTS)) and st.button(
        say("inbox.release"), key=f"release-{number}"
    ):
        _change(visit, "release", number)
    if mention.claimed_by in (None, visit.account.name) and st.button(say("inbox.close"), key=f"close-{number}"):
        st.session_state[_CLOSING] = number


def _closing(visit: Visit) -> None:
    """Ask why, while a mention is being closed, and show which one."""
    say = visit.words
    number: MentionId | None = st.session_state.get(_CLOSING)
    if number is None:
        return
    with visit.console.database.read() as unit:
        mention = stored.get(unit, number)
    if mention is None:
        _never_mind()
        return

    def ask() -> None:
        st.html(
            f'<div class="tf-post" data-tf-closing="{number}">{mention_card.who(visit, mention)}'
            f"{mention_card.words_of(visit, mention, reveal=False, whole=False)}</div>"
        )
        reason = st.radio(
            say("inbox.close-why"),
            CLOSE_REASONS,
            format_func=lambda key: say(f"close-reason.{key}"),
            key="close-reason",
        )
        if st.button(say("inbox.close-now"), key="close-now", type="primary"):
            _never_mind()
            _change(visit, "close", number, reason=reason)

    st.dialog(say("inbox.close-now"), on_dismiss=_never_mind)(ask)()


def _never_mind() -> None:
    st.session_state.pop(_CLOSING, None)


def _change(visit: Visit, step: str, number: MentionId, *, reason: str = "") -> None:
    console, say = visit.console, visit.words
    try:
        with console.database.write() as unit:
            actor = require(unit, visit.account, Permission.DRAFT)
            moment, log = context.now(), console.audit
            match step:
                case "claim":
                    done = claims.claim(unit, number, actor.name, moment, audit=log)
                case "release":
                    any_claim = visit.may(Permission.ACCOUNTS)
                    done = claims.release(unit, number, actor.name, moment, audit=log, whoever_holds_it=any_claim)
                case "close":
                    done = claims.close(unit, number, actor.name, moment, audit=log, reason=reason)
                case _:
                    done = claims.reopen(unit, number, actor.name, moment, audit=log)
    except AccountFault as fault:
        refuse(say, fault)
    else:
        note(say(f"inbox.done-{step}") if done else say("inbox.too-late"))
    st.rerun()


def _pages(visit: Visit, view: View, page: queries.Page[InboxRow]) -> None:
    say = visit.words
    trail: list[str] = st.session_state.setdefault(TRAIL, [])
    with st.container(horizontal=True, key="inbox-pages"):
        if view.after is not None:
            if st.button(say("common.first"), key="inbox-first"):
                _turn("", [])
            if trail and st.button(say("common.previous"), key="inbox-previous", shortcut="Left"):
                _turn(trail[-1], trail[:-1])
        if page.next is not None and st.button(say("common.next"), key="inbox-next", shortcut="Right"):
            _turn(inbox_filters.write_key(page.next), [*trail, st.query_params.get("after", "")])


def _turn(after: str, trail: list[str]) -> None:
    if after:
        st.query_params["after"] = after
    elif "after" in st.query_params:
        del st.query_params["after"]
    filter_bar.keep_address()
    st.session_state[TRAIL] = trail
    inbox_keys.first_line()
    st.rerun()
