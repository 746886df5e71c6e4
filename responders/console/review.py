"""Review: what waits for a second pair of eyes, what is approved, what a person settles, and what became of it."""

from dataclasses import dataclass
from datetime import timedelta
from html import escape
from itertools import pairwise
from typing import Final

import streamlit as st

from monitor.storage import stored
from responders import store
from responders.accounts import AccountFault, Permission
from responders.console import context, findings, mention_card, navigation, outcome, promises
from responders.console.context import Visit
from responders.console.notices import note, plain, refuse
from responders.console.rendering import badge, difference, inert, inline
from responders.reply import Approval, Draft, ReplyFault, ReplyId, ReplyState, Verdict, Version
from responders.store import Listed

PAGE: Final = 10
TABS: Final = {
    "queue": (ReplyState.IN_REVIEW,),
    "approved": (ReplyState.APPROVED, ReplyState.SENDING),
    "uncertain": (ReplyState.UNCERTAIN,),
    "past": (ReplyState.SENT, ReplyState.REFUSED, ReplyState.REJECTED),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One reply with all that a decision needs."""

    listed: Listed
    versions: list[Version]
    writers: frozenset[str]
    approvals: list[Approval]


def show(visit: Visit) -> None:
    """The page."""
    say = visit.words
    st.title(say("review.title"), anchor=False)
    with visit.console.database.read() as unit:
        counts = store.counts(unit)
    names = list(TABS)
    asked = navigation.parameter("show")
    chosen = st.segmented_control(
        say("review.title"),
        names,
        default=asked if asked in names else "queue",
        format_func=lambda name: f"{say(f'review.{name}')} ({sum(counts[state] for state in TABS[name])})",
        label_visibility="collapsed",
        key="review-tab",
        required=True,
    )
    chosen = chosen or "queue"
    cases = _cases(visit, chosen)
    if not cases:
        st.info(say("review.empty" if chosen == "queue" else f"review.empty-{chosen}"))
    for case in cases[:PAGE]:
        with st.container(border=True, key=f"case-{case.listed.draft.id}"):
            _case(visit, case)
    _pages(visit, cases)


def _cases(visit: Visit, tab: str) -> list[Case]:
    after = navigation.number("after")
    with visit.console.database.read() as unit:
        rows = store.listed(unit, TABS[tab], after=None if after is None else ReplyId(after), limit=PAGE + 1)
        return [
            Case(
                listed=row,
                versions=store.versions(unit, row.draft.id),
                writers=store.writers(unit, row.draft.id),
                approvals=store.standing_approvals(unit, row.draft.id),
            )
            for row in rows
        ]


def _pages(visit: Visit, cases: list[Case]) -> None:
    say = visit.words
    with st.container(horizontal=True):
        if navigation.number("after") is not None and st.button(say("common.first"), key="review-first"):
            del st.query_params["after"]
            st.rerun()
        if len(cases) > PAGE and st.button(say("common.next"), key="review-next"):
            st.query_params["after"] = str(cases[PAGE - 1].listed.draft.id)
            st.rerun()


def _case(visit: Visit, case: Case) -> None:
    say = visit.words
    draft, target = case.listed.draft, case.listed.target
    with visit.console.database.read() as unit:
        mention = stored.get(unit, target.mention_id)
    if mention is None:
        return
    author = inline(mention.author.name or mention.author.handle)
    heading = f"{escape(say('review.case', number=draft.id))} {author}"
    st.html(
        f"<h2>{heading}</h2>"
        f"{mention_card.who(visit, mention)}"
        f'<div class="tf-row">{mention_card.severity(visit, mention)} {mention_card.due(visit, mention)} '
        f"{mention_card.judgement(visit, mention)} {mention_card.changed(visit, mention)}</div>"
        f'<div class="tf-post">{mention_card.words_of(visit, mention, reveal=False, whole=False)}</div>'
    )
    st.html(_reply(visit, case))
    if draft.state is ReplyState.IN_REVIEW:
        _decide(visit, case)
    else:
        outcome.show(visit, draft, mention, case.approvals)
    if st.button(say("pages.desk"), key=f"desk-{draft.id}", icon=":material/edit_note:"):
        navigation.go(navigation.DESK, mention=mention.id)


def _reply(visit: Visit, case: Case) -> str:
    say = visit.words
    draft = case.listed.draft
    about = [
        badge(say.name("state", draft.state.value), kind="ours"),
        badge(say("review.by", name=draft.author)),
        badge(say.name("lane", draft.lane.value)),
        badge(say.name("door", draft.door)),
    ]
    report = draft.report
    parts = [f'<div class="tf-row">{" ".join(about)} {findings.verdict(say, report) if report else ""}</div>']
    parts.append(findings.draft(say, draft.text, report))
    if report is not None:
        parts.append(findings.listed(say, report))
    else:
        parts.append(f'<p class="tf-note">{escape(say("desk.not-checked"))}</p>')
    if draft.state in (ReplyState.IN_REVIEW, ReplyState.APPROVED):
        target = case.listed.target
        parts.append(promises.of_draft(visit, draft.text, brand=target.brand, mention=target.words))
    previous = _previous(case.versions)
    if previous is not None:
        heading = escape(say("review.changes", number=previous.version))
        parts.append(
            f'<details class="tf-why"><summary>{heading}</summary>{difference(previous.text, draft.text)}</details>'
        )
    if draft.note:
        parts.append(f'<p class="tf-note" dir="auto">{inert(draft.note)}</p>')
    return "".join(parts)


def _previous(versions: list[Version]) -> Version | None:
    """The version before the last one worth comparing: typing leaves many that differ by a few letters only."""
    if len(versions) < 2:  # noqa: PLR2004 - a first version has nothing before it
        return None
    last = versions[-1]
    settled = [
        earlier
        for earlier, later in pairwise(versions)
        if later.at - earlier.at >= timedelta(minutes=2) or later.by != earlier.by
    ]
    return (
        settled[-1]
        if settled
        else (versions[0] if versions[0].text.strip() and versions[0].text != last.text else None)
    )


def _decide(visit: Visit, case: Case) -> None:
    say = visit.words
    draft = case.listed.draft
    if not visit.may(Permission.REVIEW):
        return
    own = visit.account.name in case.writers
    said_yes = any(approval.by == visit.account.name for approval in case.approvals)
    # Where two have to say yes to a blocked text, the administrator's reason opens the way for the second.
    overridden = any(approval.reason for approval in case.approvals)
    blocked = not overridden and draft.report is not None and draft.report.verdict is Verdict.BLOCK
    words = st.text_input(say("review.note"), key=f"note-{draft.id}-{draft.version}", max_chars=500)
    override = None
    if blocked and visit.may(Permission.OVERRIDE) and not own and not said_yes:
        override = st.text_input(say("review.override"), key=f"override-{draft.id}-{draft.version}", max_chars=500)
    with st.container(horizontal=True):
        may_approve = not own and not said_yes and (not blocked or visit.may(Permission.OVERRIDE))
        if may_approve and st.button(
            say("review.approve"),
            key=f"approve-{draft.id}",
            type="primary",
            icon=":material/check:",
        ):
            _approve(visit, draft, override)
        if st.button(say("review.send-back"), key=f"back-{draft.id}", icon=":material/undo:"):
            _with_note(visit, draft, words, reject=False)
        if st.button(say("review.reject"), key=f"reject-{draft.id}", icon=":material/block:"):
            _with_note(visit, draft, words, reject=True)
    outcome.approvals(visit, case.approvals)
    needed = draft.report.approvals_needed if draft.report else 1
    if needed > 1:
        names = ", ".join(approval.by for approval in case.approvals) or say("common.none")
        st.caption(plain(say("review.approvals", count=len(case.approvals), needed=needed, names=names)))
    if own:
        st.caption(plain(say("review.own")))
    elif blocked and draft.report is not None:
        why = "; ".join(f.why for f in draft.report.findings if f.severity.value == "block")
        st.caption(plain(say("review.blocked", why=why)))


def _approve(visit: Visit, draft: Draft, override: str | None) -> None:
    say = visit.words
    try:
        after = visit.console.review.approve(
            draft.id, by=visit.account, now=context.now(), version=draft.version, override_reason=override
        )
    except (AccountFault, ReplyFault) as fault:
        refuse(say, fault)
    else:
        if after.state is not ReplyState.APPROVED:
            note(say("review.approve-one-more"))
        elif after.hold_until is None:
            note(say("review.approve-done-now"))
        else:
            note(say("review.approve-done", time=after.hold_until.astimezone(visit.zone).strftime("%H:%M:%S")))
    st.rerun()


def _with_note(visit: Visit, draft: Draft, words: str, *, reject: bool) -> None:
    if not words.strip():
        st.warning(plain(visit.words("review.note-needed")))
        return
    decide = visit.console.review.reject if reject else visit.console.review.send_back
    try:
        decide(draft.id, words, by=visit.account, now=context.now(), version=draft.version)
        note(visit.words("review.reject-done" if reject else "review.back-done"))
    except (AccountFault, ReplyFault) as fault:
        refuse(visit.words, fault)
    st.rerun()
