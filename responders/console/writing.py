"""The writing side of the reply desk: lane, template, the text, what the check says of it, and handing it to review."""

from functools import partial
from html import escape
from typing import Final

import streamlit as st

from monitor.errors import EdgeError
from monitor.mention import Handling, Lane
from monitor.storage.stored import StoredMention
from responders import store
from responders.accounts import AccountFault
from responders.checking import Readiness
from responders.console import context, editor, findings, near_answers, promises, template_picker
from responders.console import pen as pens
from responders.console.context import Visit
from responders.console.notices import fault_sentence, note, plain, refuse
from responders.console.pen import Pen
from responders.console.rendering import badge, difference, inert
from responders.reply import Draft, ReplyFault, ReplyState, Verdict

DOORS: Final = ("dry_run", "by_hand")
VERSIONS_SHOWN: Final = 8
_STILL_LOADING: Final = frozenset({Readiness.COLD, Readiness.LOADING})


def show(visit: Visit, mention: StoredMention, *, lane_why: str) -> None:
    """Everything that changes a reply. A fragment of its own: typing must not rerun the conversation beside it."""
    pen = pens.pen_for(mention.id, visit.account.name)
    pens.look_up(visit.console, pen, visit.account.name)
    if mention.handling is Handling.ANSWERED and pen.draft is None:
        return
    loading = visit.console.checker.readiness in _STILL_LOADING
    st.fragment(_write, run_every="1s" if loading else None)(mention, pen, lane_why)


def _write(mention: StoredMention, pen: Pen, lane_why: str) -> None:
    visit = context.visit()  # this runs again by itself: the login may have ended meanwhile
    if visit is None:
        st.rerun()
    key = f"reply-{mention.id}"
    typed = editor.typed(key=key, nonce=_nonce(pen))
    if typed is not None and typed != pen.saved and pen.conflict is None and not pens.is_locked(pen):
        pens.save(visit.console, pen, typed, by=visit.account, mention=mention, now=visit.now)
    if pen.conflict is not None and typed is not None:
        pen.conflict.unsaved = typed  # the typing goes on: "keep mine" means the words on the screen
    _where(visit, mention, pen, lane_why)
    if pen.draft is not None and pen.draft.note and pen.draft.state is ReplyState.DRAFT:
        words = escape(visit.words("desk.sent-back", note=""))
        st.html(f'<div class="tf-note">{words}<div class="tf-text" dir="auto">{inert(pen.draft.note)}</div></div>')
    if pens.is_locked(pen) and pen.draft is not None:
        _locked(visit, pen, pen.draft)
        return
    template_picker.show(visit, mention, pen)
    near_answers.show(visit, mention, pen)
    _conflict(visit, pen)
    still_loading = visit.console.checker.readiness in _STILL_LOADING
    if not still_loading:
        pens.check(visit.console, pen, visit.now)
    _text_area(visit, pen, key, typed)
    if still_loading:
        st.caption(visit.words("desk.loading"))
    _verdict(visit, pen)
    _promises(visit, mention, pen)
    if _wants_review(visit, pen):
        _submit(visit, pen)
    _versions(visit, mention, pen)


def _nonce(pen: Pen) -> str:
    return f"{pen.mention}-{pen.nonce}"


def _where(visit: Visit, mention: StoredMention, pen: Pen, lane_why: str) -> None:
    """The lane with its reason, and the door; both can be changed while the reply is a draft."""
    say = visit.words
    draft = pen.draft
    lane = draft.lane if draft else pen.lane or mention.lane or Lane.PERSONAL
    door = draft.door if draft else pen.door or pens.usual_door(visit.console, mention)
    doors = list(
        dict.fromkeys([door, visit.console.settings.replies.default_door, *visit.console.settings.doors, *DOORS])
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        new_lane = st.segmented_control(
            say("desk.lane"),
            list(Lane),
            default=lane,
            format_func=lambda value: say.name("lane", value.value),
            help=say(f"lane.{lane.value}-long"),
            disabled=pens.is_locked(pen),
            required=True,
            key=f"lane-{pen.mention}-{pen.nonce}",
        )
        new_door = st.selectbox(
            say("desk.door"),
            doors,
            format_func=lambda value: say.name("door", value),
            disabled=pens.is_locked(pen),
            key=f"door-{pen.mention}-{pen.nonce}",
            width=230,
        )
    st.caption(plain(say("desk.lane-why", why=lane_why)))
    chosen_lane = new_lane or lane
    if pens.is_locked(pen) or (chosen_lane is lane and new_door == door):
        return
    pen.lane, pen.door = chosen_lane, new_door
    if draft is not None:
        try:
            pen.draft = visit.console.review.route(
                draft.id, by=visit.account, now=visit.now, version=draft.version, lane=chosen_lane, door=new_door
            )
        except (ReplyFault, AccountFault, EdgeError) as fault:
            pen.fault = fault


def _text_area(visit: Visit, pen: Pen, key: str, typed: str | None) -> None:
    say = visit.words
    saved_at = pen.saved_at.astimezone(visit.zone).strftime("%H:%M:%S") if pen.saved_at else ""
    words = typed if typed is not None else pen.saved
    editor.show(
        editor.Sheet(
            nonce=_nonce(pen),
            text=words,
            checked=pen.checked[0] if pen.checked else "",
            marks=findings.marks(say, pen.report),
            saved=pen.saved if pen.conflict is None and pen.fault is None else "\0",
            saved_words=say("desk.saved", time=saved_at) if saved_at else "",
            saving_words=say("desk.saving"),
            label=say("desk.text"),
            placeholder=say("desk.placeholder"),
            direction=say.direction,
        ),
        key=key,
    )
    if pen.fault is not None:
        st.error(plain(fault_sentence(say, pen.fault)), icon=":material/error:")


def _verdict(visit: Visit, pen: Pen) -> None:
    say = visit.words
    if not pen.saved.strip():
        return
    if pen.unavailable is not None:
        st.warning(plain(say("desk.unavailable", why=pen.unavailable)), icon=":material/person_alert:")
        return
    if pen.report is None:
        st.caption(say("desk.not-checked"))
        return
    st.html(
        f'<section aria-live="polite"><h3>{escape(say("desk.findings"))} {findings.verdict(say, pen.report)}</h3>'
        f"{findings.listed(say, pen.report)}</section>"
    )


def _promises(visit: Visit, mention: StoredMention, pen: Pen) -> None:
    """What the words on the desk would promise, and by when, before anybody sends them."""
    words = f"{mention.title}\n{mention.text}" if mention.title else mention.text
    listed = promises.of_draft(visit, pen.saved, brand=mention.brand, mention=words)
    if listed:
        st.html(listed)


def _wants_review(visit: Visit, pen: Pen) -> bool:
    """Whether the words go to review now; those that the check blocks need a second click, told what follows."""
    say, asking = visit.words, f"ask-submit-{pen.mention}"
    pressed = st.button(
        say("desk.submit"),
        key=f"submit-{pen.mention}",
        type="primary",
        icon=":material/send:",
        shortcut="Ctrl+Enter",
        disabled=pen.conflict is not None,
    )
    if pressed and (pen.draft is None or not pen.saved.strip()):
        st.warning(say("desk.empty-text"))
        return False
    if pen.report is None or pen.report.verdict is not Verdict.BLOCK:
        st.session_state.pop(asking, None)
        return pressed
    if pressed:
        st.session_state[asking] = pen.saved
    if st.session_state.get(asking) != pen.saved:  # asked anew for other words
        return False
    st.warning(plain(say("desk.submit-blocked")), icon=":material/gavel:")
    with st.container(horizontal=True):
        sure = st.button(say("desk.submit-anyway"), key=f"submit-anyway-{pen.mention}", icon=":material/send:")
        st.button(
            say("desk.submit-not"),
            key=f"submit-not-{pen.mention}",
            on_click=partial(st.session_state.pop, asking, None),
        )
    if sure:
        del st.session_state[asking]
    return sure


def _submit(visit: Visit, pen: Pen) -> None:
    say = visit.words
    if pen.draft is None:
        return
    try:
        pen.draft = visit.console.review.submit(
            pen.draft.id, by=visit.account, now=context.now(), version=pen.draft.version
        )
        note(say("desk.submitted") + " " + _who_decides(visit, pen.draft))
    except (ReplyFault, AccountFault, EdgeError) as fault:
        refuse(say, fault)
    st.rerun()


def _who_decides(visit: Visit, draft: Draft) -> str:
    """Who has to say yes to a reply in review."""
    if draft.report is None or draft.report.verdict is not Verdict.BLOCK:
        return visit.words("desk.decides")
    with visit.console.database.read() as unit:
        # Once an administrator has overridden it, a second approval needs no administrator.
        overridden = any(approval.reason for approval in store.standing_approvals(unit, draft.id))
    return visit.words("desk.decides" if overridden else "desk.decides-blocked")


def _locked(visit: Visit, pen: Pen, draft: Draft) -> None:
    say = visit.words
    may_return = draft.state in (ReplyState.IN_REVIEW, ReplyState.APPROVED)
    key = "desk.locked" if may_return else "desk.locked-for-good"
    locked = say(key, state=say.name("state", draft.state.value))
    if draft.state is ReplyState.IN_REVIEW:
        locked = _who_decides(visit, draft) + " " + locked
    st.info(plain(locked), icon=":material/lock:")
    verdict = findings.verdict(say, draft.report) if draft.report else ""
    st.html(
        f'<div class="tf-row">{badge(say.name("state", draft.state.value), kind="ours")} {verdict}</div>'
        f"{findings.draft(say, draft.text, draft.report)}{findings.listed(say, draft.report) if draft.report else ''}"
    )
    if may_return and st.button(say("desk.withdraw"), key=f"withdraw-{pen.mention}", icon=":material/undo:"):
        try:
            pen.adopt(
                visit.console.review.withdraw(draft.id, by=visit.account, now=context.now(), version=draft.version)
            )
        except (ReplyFault, AccountFault, EdgeError) as fault:
            refuse(say, fault)
        st.rerun()


def _conflict(visit: Visit, pen: Pen) -> None:
    say, conflict = visit.words, pen.conflict
    if conflict is None:
        return
    st.error(plain(fault_sentence(say, conflict)), icon=":material/call_split:")
    if conflict.unsaved is not None:
        st.html(difference(conflict.current.text, conflict.unsaved))
    with st.container(horizontal=True):
        if st.button(say("desk.take-theirs"), key=f"theirs-{pen.mention}"):
            pen.adopt(conflict.current)
            st.rerun()
        if conflict.current.state is ReplyState.DRAFT and st.button(say("desk.keep-mine"), key=f"mine-{pen.mention}"):
            pens.keep_mine(visit.console, pen, by=visit.account, now=context.now())
            st.rerun()


def _versions(visit: Visit, mention: StoredMention, pen: Pen) -> None:
    say, draft = visit.words, pen.draft
    if draft is None or draft.version < 2:  # noqa: PLR2004 - the first version has no earlier one
        return
    with st.expander(say("desk.versions", count=draft.version - 1), key=f"versions-{pen.mention}"):
        with visit.console.database.read() as unit:
            versions = store.versions(unit, draft.id)
        for version in list(reversed(versions[:-1]))[:VERSIONS_SHOWN]:
            st.caption(
                plain(say("desk.version", number=version.version, name=version.by, time=visit.clock(version.at)))
            )
            st.html(difference(version.text, draft.text))
            if st.button(say("desk.restore"), key=f"restore-{pen.mention}-{version.version}"):
                pens.replace_words(
                    visit.console, pen, version.text, by=visit.account, mention=mention, now=context.now()
                )
                st.rerun()
