"""Accounts: who may sign in and what for. For administrators."""

from collections.abc import Callable

import streamlit as st

from responders.accounts import Account, AccountFault, Role
from responders.console import context
from responders.console.context import Visit
from responders.console.notices import note, plain, refuse


def show(visit: Visit) -> None:
    """The page."""
    say = visit.words
    st.title(say("accounts.title"), anchor=False)
    _secret(visit)
    for account in visit.console.accounts.everyone():
        with st.container(border=True, key=f"account-{account.name}"):
            _account(visit, account)
    st.header(say("accounts.add"), anchor=False)
    with st.form("add-account", clear_on_submit=True):
        name = st.text_input(say("accounts.name"))
        role = _role(visit, Role.AGENT, key="new-role")
        if st.form_submit_button(say("accounts.add")):
            _add(visit, name.strip(), role)


def _account(visit: Visit, account: Account) -> None:
    say = visit.words
    states = [say("accounts.active" if account.active else "accounts.disabled")]
    if account.must_change:
        states.append(say("accounts.must-change"))
    if account.locked_until is not None and account.locked_until > visit.now:
        states.append(say("accounts.locked", time=visit.clock(account.locked_until)))
    st.header(plain(account.name), anchor=False)
    st.caption(plain(", ".join(states)))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        role = _role(visit, account.role, key=f"role-{account.name}")
        if role is not account.role and st.button(say("accounts.set-role"), key=f"set-role-{account.name}"):
            _change(visit, lambda: visit.console.accounts.set_role(account.name, role, context.now(), by=visit.account))
        if st.button(say("accounts.reset"), key=f"reset-{account.name}"):
            _reset(visit, account)
        if account.active and st.button(say("accounts.disable"), key=f"disable-{account.name}"):
            _change(visit, lambda: visit.console.accounts.disable(account.name, context.now(), by=visit.account))
        if not account.active and st.button(say("accounts.enable"), key=f"enable-{account.name}"):
            _change(visit, lambda: visit.console.accounts.enable(account.name, context.now(), by=visit.account))


def _role(visit: Visit, chosen: Role, *, key: str) -> Role:
    say, roles = visit.words, list(Role)
    names = [say.name("role", role.value) for role in roles]
    name: str = st.selectbox(say("accounts.role"), names, index=roles.index(chosen), key=key, width=200)
    return roles[names.index(name)]


def _secret(visit: Visit) -> None:
    """A first password, once: it is in no log and no table."""
    shown = st.session_state.pop("first-password", None)
    if shown is not None:
        key, name, password = shown
        st.success(plain(visit.words(key, name=name, password="")))
        st.code(password, language=None)


def _add(visit: Visit, name: str, role: Role) -> None:
    try:
        made = visit.console.accounts.add(name, role, context.now(), by=visit.account)
    except AccountFault as fault:
        refuse(visit.words, fault)
    else:
        st.session_state["first-password"] = ("accounts.added", made.name, made.password)
    st.rerun()


def _reset(visit: Visit, account: Account) -> None:
    try:
        made = visit.console.accounts.reset_password(account.name, context.now(), by=visit.account)
    except AccountFault as fault:
        refuse(visit.words, fault)
    else:
        st.session_state["first-password"] = ("accounts.reset-done", made.name, made.password)
    st.rerun()


def _change(visit: Visit, step: Callable[[], object]) -> None:
    try:
        step()
        note(visit.words("accounts.done"))
    except AccountFault as fault:
        refuse(visit.words, fault)
    st.rerun()
