"""What became of an approved reply, and what a person does about it: take it back, post it by hand, settle a doubt."""

from collections.abc import Callable, Sequence
from html import escape

import streamlit as st

from monitor.storage.stored import StoredMention
from responders import store
from responders.accounts import AccountFault, Permission
from responders.console import context
from responders.console.context import Visit
from responders.console.notices import note, plain, refuse
from responders.console.rendering import inert, link
from responders.reply import Approval, Draft, Publication, ReplyFault, ReplyState

BY_HAND = "by_hand"


def show(visit: Visit, draft: Draft, mention: StoredMention, given: Sequence[Approval]) -> None:
    """Approval, hold time, and the steps that the reply's state allows."""
    approvals(visit, given)
    with visit.console.database.read() as unit:
        publications = store.publications_of(unit, draft.id)
    if draft.state is ReplyState.APPROVED:
        _approved(visit, draft, mention)
    elif draft.state is ReplyState.SENDING:
        _sending(visit, draft, mention, publications)
    elif draft.state is ReplyState.UNCERTAIN:
        _uncertain(visit, draft, mention)
    else:
        _past(visit, publications)


def approvals(visit: Visit, given: Sequence[Approval]) -> None:
    """Who said yes, when, and why where a blocking verdict was overridden."""
    for approval in given:
        approved = visit.words("review.approved-by", name=approval.by, time=visit.clock(approval.at))
        st.caption(plain(approved + (f": {approval.reason}" if approval.reason else "")))


def _approved(visit: Visit, draft: Draft, mention: StoredMention) -> None:
    say = visit.words
    if draft.hold_until is not None and draft.hold_until > visit.now:
        st.caption(plain(say("review.hold", time=draft.hold_until.astimezone(visit.zone).strftime("%H:%M:%S"))))
    else:
        st.caption(plain(say("review.hold-over")))
    if mention.text_hash != draft.mention_hash:
        st.warning(plain(say("review.mention-changed")))
    if not visit.may(Permission.DRAFT):
        return
    with st.container(horizontal=True):
        if draft.door == BY_HAND and st.button(
            say("review.begin"), key=f"begin-{draft.id}", type="primary", icon=":material/front_hand:"
        ):
            _do(
                visit,
                lambda: visit.console.posting.begin(
                    draft.id, by=visit.account, now=context.now(), version=draft.version
                ),
                say("review.begin-done"),
            )
        if st.button(say("review.take-back"), key=f"take-back-{draft.id}", icon=":material/undo:"):
            _do(
                visit,
                lambda: visit.console.review.withdraw(
                    draft.id, by=visit.account, now=context.now(), version=draft.version
                ),
                say("review.take-back-done"),
            )


def _sending(visit: Visit, draft: Draft, mention: StoredMention, publications: list[Publication]) -> None:
    say = visit.words
    held = next((publication for publication in publications if publication.state.value == "sending"), None)
    if held is None or held.claimed_by.startswith("publisher:"):
        st.caption(plain(say("review.with-publisher")))
        return
    st.html(
        f'<p class="tf-note">{escape(say("review.by-hand"))} {link(mention.url, say("review.open-post"))}</p>'
        if mention.url
        else f'<p class="tf-note">{escape(say("review.by-hand"))} {escape(say("review.no-link"))}</p>'
    )
    st.code(draft.text, language=None, wrap_lines=True)
    if not visit.may(Permission.DRAFT):
        return
    url = st.text_input(say("review.link"), key=f"link-{draft.id}", placeholder="https://")
    why = st.text_input(say("review.why-not"), key=f"why-not-{draft.id}", max_chars=500)
    with st.container(horizontal=True):
        if st.button(say("review.posted"), key=f"posted-{draft.id}", type="primary", icon=":material/check:"):
            _do(
                visit,
                lambda: visit.console.posting.posted(draft.id, url, by=visit.account, now=context.now()),
                say("review.posted-done"),
            )
        if st.button(say("review.not-posted"), key=f"not-posted-{draft.id}"):
            _do(
                visit,
                lambda: visit.console.posting.not_posted(draft.id, why, by=visit.account, now=context.now()),
                say("review.settled"),
            )


def _uncertain(visit: Visit, draft: Draft, mention: StoredMention) -> None:
    say = visit.words
    words = escape(say("review.uncertain-help"))
    why = f'<div class="tf-text">{inert(draft.note)}</div>' if draft.note else ""
    where = link(mention.url, say("review.open-post")) if mention.url else escape(say("review.no-link"))
    st.html(f'<div class="tf-note">{words} {where}{why}</div>')
    if not visit.may(Permission.SETTLE):
        return
    seen = st.text_input(say("review.seen"), key=f"seen-{draft.id}", max_chars=500)
    url = st.text_input(say("review.link"), key=f"settle-link-{draft.id}", placeholder="https://")
    with st.container(horizontal=True):
        for sent, key in ((True, "was-sent"), (False, "was-not-sent")):
            if st.button(say(f"review.{key}"), key=f"{key}-{draft.id}"):
                _do(visit, _settling(visit, draft, sent=sent, seen=seen, url=url), say("review.settled"))


def _settling(visit: Visit, draft: Draft, *, sent: bool, seen: str, url: str) -> Callable[[], object]:
    return lambda: visit.console.posting.settle(
        draft.id, sent=sent, by=visit.account, now=context.now(), why=seen, url=url or None
    )


def _past(visit: Visit, publications: list[Publication]) -> None:
    if not publications:
        return
    last = publications[-1]
    words = [visit.words.name("door", last.door), visit.clock(last.settled_at or last.claimed_at)]
    where = f" · {link(last.url, visit.words('review.our-reply'))}" if last.url else ""
    reason = f'<div class="tf-text">{inert(last.reason)}</div>' if last.reason else ""
    st.html(f'<div class="tf-faint">{escape(" · ".join(words))}{where}{reason}</div>')


def _do(visit: Visit, step: Callable[[], object], done: str) -> None:
    try:
        step()
        note(done)
    except (AccountFault, ReplyFault) as fault:
        refuse(visit.words, fault)
    st.rerun()
