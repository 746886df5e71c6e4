"""What every page needs: settings, the opened database, who is signed in, their words, and the time.

Opened once for the whole process. Streamlit reruns pages on every click, so nothing here may be slow the second time.
"""

import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st

from monitor.config import Process, Settings, SettingsError, load
from monitor.storage import migrate
from monitor.storage.audit import AuditLog, load_key
from monitor.storage.session import Database
from responders.accounts import Account, Accounts, Permission, may
from responders.checking import LazyChecker, checker_of
from responders.clearance import Limits
from responders.console.gate import LOGIN_COOKIE
from responders.console.words import COOKIE, Words, chosen_language, words
from responders.explaining import LazyExplainer, explainer_of
from responders.meaning import Meanings, meanings_of
from responders.posting import Posting
from responders.promise_keeping import terms_of
from responders.recheck import Recheck
from responders.review import Review
from responders.shelf import Shelf, ShelfFault, shelf_of
from responders.templates import TemplateBook

MINUTES_AN_HOUR: Final = 60
HOURS_A_DAY: Final = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Console:
    """The opened parts that all pages share."""

    settings: Settings
    database: Database
    audit: AuditLog
    accounts: Accounts
    checker: LazyChecker
    explainer: LazyExplainer
    review: Review
    posting: Posting
    shelf: Shelf
    meanings: Meanings

    @property
    def templates(self) -> TemplateBook:
        """What replies may be begun with."""
        return self.shelf.templates


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One run of one page: for whom, in which words, where their clock stands."""

    console: Console
    account: Account
    words: Words
    zone: tzinfo
    now: datetime

    def may(self, permission: Permission) -> bool:
        """Whether this person may do something, as known at the start of this run; `accounts.require` decides."""
        return may(self.account, permission)

    def clock(self, moment: datetime | None) -> str:
        """A time of day for today, else date and time, on the clock of whoever looks."""
        if moment is None:
            return self.words("sources.never")
        local = moment.astimezone(self.zone)
        return local.strftime("%H:%M" if local.date() == self.now.astimezone(self.zone).date() else "%Y-%m-%d %H:%M")

    def span(self, length: timedelta) -> str:
        """A length of time in one or two units."""
        minutes = max(0, int(length.total_seconds() // 60))
        hours, rest = divmod(minutes, MINUTES_AN_HOUR)
        if hours == 0:
            return self.words("common.minutes", count=rest)
        if hours >= 2 * HOURS_A_DAY:
            return self.words("common.days", count=hours // HOURS_A_DAY)
        if rest == 0:
            return self.words("common.hours", count=hours)
        return self.words("common.hours-minutes", hours=hours, minutes=rest)


_opening = threading.Lock()


def console() -> Console:
    """The process's one `Console`; raises SettingsError or an EdgeError when it cannot be opened."""
    with _opening:
        return _console()


@cache
def _console() -> Console:
    settings = load(Process.CONSOLE)
    database = Database.open(settings.database.url)
    migrate.upgrade(database)
    audit = AuditLog(load_key(settings))
    lifetime = timedelta(hours=settings.console.login_hours)
    accounts = Accounts(database, audit, login_lifetime=lifetime)
    checker = checker_of(settings)
    shelf = _shelf(settings)
    review = Review(database=database, audit=audit, checker=checker, templates=shelf.templates)
    limits = Limits(
        daily_cap=settings.replies.daily_cap, approval_lifetime=timedelta(hours=settings.replies.approval_hours)
    )
    recheck = Recheck(database=database, checker=checker, limits=limits)
    return Console(
        settings=settings,
        database=database,
        audit=audit,
        accounts=accounts,
        checker=checker,
        explainer=explainer_of(settings),
        review=review,
        posting=Posting(database=database, audit=audit, recheck=recheck, terms=terms_of(settings)),
        shelf=shelf,
        meanings=meanings_of(settings),
    )


def _shelf(settings: Settings) -> Shelf:
    try:
        return shelf_of(settings)
    except ShelfFault as error:
        raise SettingsError(str(error)) from error


def forget() -> None:
    """Open anew at the next use: for tests that change the settings."""
    _console.cache_clear()


def now() -> datetime:
    """The time, UTC."""
    return datetime.now(UTC)


def login_token() -> str | None:
    """The login token that the browser brought when it opened this page."""
    return st.context.cookies.get(LOGIN_COOKIE)


def language() -> str:
    """The language to show: picked just now, kept in the cookie, or the browser's."""
    picked = st.session_state.get("language")
    if isinstance(picked, str):
        return picked
    return chosen_language(cookie=st.context.cookies.get(COOKIE), accepted=st.context.locale)


def admits(token: str) -> bool:
    """Whether a login token is valid now."""
    opened = console()
    return opened.accounts.account_of(token, now()) is not None


def visit() -> Visit | None:
    """This run's visit, or None when nobody is signed in."""
    opened, moment = console(), now()
    token = login_token()
    account = opened.accounts.account_of(token, moment) if token else None
    if account is None:
        return None
    return Visit(console=opened, account=account, words=words(language()), zone=_zone(), now=moment)


def _zone() -> tzinfo:
    try:
        return ZoneInfo(st.context.timezone or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        return UTC
