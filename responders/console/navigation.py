"""The addresses of the pages, and how one page leads to another."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NoReturn

import streamlit as st

from responders.accounts import Permission
from responders.console.context import Visit

INBOX: Final = "inbox"
DESK: Final = "reply"  # alerts link to /reply?mention=…
REVIEW: Final = "review"
PROMISES: Final = "promises"  # reminders link here
INSIGHTS: Final = "insights"
SOURCES: Final = "sources"
AUDIT: Final = "audit"
SETTINGS: Final = "settings"
ACCOUNTS: Final = "accounts"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One page: its address, the key of its title, its icon, and the permission it asks for."""

    path: str
    title: str
    icon: str
    needs: Permission
    section: str
    show: Callable[[Visit], None]


def go(path: str, **params: str | int) -> NoReturn:
    """Leave this page for another one."""
    first = path == INBOX  # the first page's address is "/", whatever its name
    target = st.Page(_nowhere, title=path, url_path=path, default=first)
    st.switch_page(target, query_params={name: str(value) for name, value in params.items()})


def _nowhere() -> None:
    """Stands for a page that is registered under the same address."""


def parameter(name: str) -> str | None:
    """A value from the address of this page; None when it is absent or empty."""
    return st.query_params.get(name) or None


def number(name: str) -> int | None:
    """As `parameter`, for a row number; None when it is none."""
    value = parameter(name)
    return int(value) if value is not None and value.isascii() and value.isdigit() and len(value) < 10 else None  # noqa: PLR2004 - more digits do not fit the column
