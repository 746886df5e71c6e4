"""The switch that stops all sending: in the sidebar for those who may throw it, as a banner for everybody."""

import streamlit as st

from monitor.storage.switches import STOP_SENDING, get_switch, set_switch
from responders.accounts import AccountFault, Permission, require
from responders.console.context import Visit, now
from responders.console.notices import plain, refuse

LONGEST_REASON = 200


def show(visit: Visit) -> None:
    """The switch itself, for those who may stop or resume."""
    say = visit.words
    if _is_on(visit):
        if visit.may(Permission.RESUME) and st.button(
            say("shell.resume"), key="resume-sending", icon=":material/play_circle:", width="stretch"
        ):
            _throw(visit, on=False, reason="")
            st.rerun()
        return
    if not visit.may(Permission.STOP):
        return
    with st.popover(say("shell.stop"), icon=":material/front_hand:", help=say("shell.stop-help"), width="stretch"):
        reason = st.text_input(say("shell.stop-reason"), key="stop-reason", max_chars=LONGEST_REASON)
        if st.button(say("shell.stop"), key="stop-sending", type="primary"):
            _throw(visit, on=True, reason=reason)
            st.rerun()


def banner(visit: Visit) -> None:
    """That sending is stopped, who stopped it and why."""
    with visit.console.database.read() as unit:
        switch = get_switch(unit, STOP_SENDING)
    if switch is not None and switch.on:
        why = ", ".join(part for part in (switch.reason, switch.by, visit.clock(switch.at)) if part)
        st.warning(plain(visit.words("shell.stopped", why=why)), icon=":material/front_hand:")


def _is_on(visit: Visit) -> bool:
    with visit.console.database.read() as unit:
        switch = get_switch(unit, STOP_SENDING)
    return switch is not None and switch.on


def _throw(visit: Visit, *, on: bool, reason: str) -> None:
    try:
        with visit.console.database.write() as unit:
            actor = require(unit, visit.account, Permission.STOP if on else Permission.RESUME)
            set_switch(
                unit, STOP_SENDING, on=on, by=actor.name, now=now(), audit=visit.console.audit, reason=reason.strip()
            )
    except AccountFault as fault:
        refuse(visit.words, fault)
