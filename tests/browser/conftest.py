"""A real Chromium before a real console process over a filled database."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from monitor.storage import migrate
from monitor.storage.audit import AuditLog
from monitor.storage.session import Database
from responders.accounts import Accounts
from tests.console.seed import PASSWORD, World, fill

ROOT = Path(__file__).resolve().parents[2]
KEY = "0123456789abcdef0123456789abcdef"
STARTS_WITHIN = 60
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A console that listens at `address`, and the database behind it."""

    address: str
    world: World
    database: Database


def chromium() -> str | None:
    return os.environ.get("TACTFUL_TEST_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")


# The plugin's fixtures of these names stand on another plugin's `base_url`, which warns under pytest 9; warnings are
# errors here. Three plain ones do.
@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The machine's own browser; nothing is downloaded."""
    program = chromium()
    if program is None:
        pytest.skip("no Chromium here; install it, or name it in TACTFUL_TEST_CHROMIUM")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=program, args=list(FLAGS))
        yield opened
        opened.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A reader of English in Kyiv, on a small laptop."""
    opened = browser.new_context(
        viewport={"width": 1366, "height": 768}, locale="en-GB", timezone_id="Europe/Kyiv", reduced_motion="reduce"
    )
    opened.set_default_timeout(30_000)
    yield opened
    opened.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    """One tab."""
    return context.new_page()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    database = Database.open(f"sqlite:///{tmp_path / 'console.db'}")
    migrate.upgrade(database)
    audit = AuditLog(KEY.encode())
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    world = fill(database, audit, Accounts(database, audit, hasher=cheap), datetime.now(UTC))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = tmp_path / "tactful.toml"
    settings.write_text('[brands.marola]\nname = "Marola"\ndomains = ["marola.example"]\n', encoding="utf-8")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TACTFUL__")} | {
        "TACTFUL__CONFIG": str(settings),
        "TACTFUL__DATABASE__URL": f"sqlite:///{tmp_path / 'console.db'}",
        "TACTFUL__AUDIT__KEY": KEY,
    }
    command = [sys.executable, "-m", "uvicorn", "tests.browser.served:app", "--host", "127.0.0.1", "--port", str(port)]
    with (tmp_path / "console.log").open("wb") as log:
        process = subprocess.Popen(
            [*command, "--log-level", "warning"], cwd=ROOT, env=environment, stdout=log, stderr=log
        )
    try:
        address = f"http://127.0.0.1:{port}"
        _await(address, process, tmp_path / "console.log")
        yield Served(address=address, world=world, database=database)
    finally:
        process.terminate()
        process.wait(timeout=20)
        database.close()


def _await(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < until and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{address}/readyz", timeout=2) as answer:  # noqa: S310 - our own address
                if answer.status == 200:
                    return
        except OSError:
            # Asked again until it answers or is given up: there is nothing else to wait on.
            time.sleep(0.1)
    pytest.fail(f"the console did not start: {log.read_text(errors='replace')[-2000:]}")


@pytest.fixture
def console(served: Served, page: Page) -> "Visitor":
    expect.set_options(timeout=30_000)
    return Visitor(page=page, served=served)


@dataclass(slots=True, kw_only=True)
class Visitor:
    """Somebody before the browser."""

    page: Page
    served: Served

    def sign_in(self, name: str, *, language: str = "en") -> None:
        """By the form, as a person does."""
        self.page.goto(f"{self.served.address}/login?lang={language}")
        self.page.fill("#name", name)
        self.page.fill("#password", PASSWORD)
        self.page.press("#password", "Enter")
        self.settled()

    def go(self, path: str) -> None:
        """To a page by its address."""
        self.page.goto(f"{self.served.address}/{path}")
        self.settled()

    def settled(self) -> None:
        """Wait until the page has its title and nothing runs any more."""
        expect(self.page.get_by_test_id("stMain").locator("h1")).to_be_visible()
        expect(self.page.get_by_test_id("stStatusWidget")).to_have_count(0)
