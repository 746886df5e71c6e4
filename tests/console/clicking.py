"""What tests of the console hold in their hands."""

from collections.abc import Callable
from dataclasses import dataclass

from streamlit.testing.v1 import AppTest

from monitor.storage.session import Database
from tests.console.seed import World


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """A console to click through: `open(page, …)` gives that page for the account that is signed in."""

    world: World
    database: Database
    open: Callable[..., AppTest]
    sign_in: Callable[[str], None]


def html_of(at: AppTest) -> str:
    """All HTML of a page, as it was handed to the browser."""
    return "\n".join(element.proto.body for element in at.get("html"))


def click(at: AppTest, key: str) -> AppTest:
    """Press a button; no step may end in an exception."""
    at.button(key=key).click().run()
    assert not at.exception
    return at
