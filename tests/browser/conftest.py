"""A real Chromium before a real console process over a filled database."""

import os
import re
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
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect, sync_playwright
from playwright.sync_api import TimeoutError as TimedOut

from monitor.storage import migrate
from monitor.storage.audit import AuditLog
from monitor.storage.session import Database
from responders.accounts import Accounts
from tests.console.seed import PASSWORD, World, fill

ROOT = Path(__file__).resolve().parents[2]
KEY = "0123456789abcdef0123456789abcdef"
MAIN = "[data-testid=stMain]"
# Longest waits, of which a busy machine needs a part and an idle one nothing: only a fault ever takes them whole.
STARTS_WITHIN = 300
ENDS_WITHIN = 60
SHOWS_WITHIN_MS = 180_000
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
    opened.set_default_timeout(SHOWS_WITHIN_MS)
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
    settings = tmp_path / "tactful.toml"
    settings.write_text('[brands.marola]\nname = "Marola"\ndomains = ["marola.example"]\n', encoding="utf-8")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TACTFUL__")} | {
        "TACTFUL__CONFIG": str(settings),
        "TACTFUL__DATABASE__URL": f"sqlite:///{tmp_path / 'console.db'}",
        "TACTFUL__AUDIT__KEY": KEY,
    }
    command = [sys.executable, "-m", "uvicorn", "tests.browser.served:app", "--log-level", "warning"]
    # The port is bound here and handed on: one that is looked for and let go again may be somebody else's by then.
    with socket.create_server(("127.0.0.1", 0), backlog=128) as port, (tmp_path / "console.log").open("wb") as log:
        address = f"http://127.0.0.1:{port.getsockname()[1]}"
        process = subprocess.Popen(
            [*command, "--fd", str(port.fileno())],
            cwd=ROOT,
            env=environment,
            stdout=log,
            stderr=log,
            pass_fds=(port.fileno(),),
        )
    try:
        _await(address, process, tmp_path / "console.log")
        yield Served(address=address, world=world, database=database)
    finally:
        process.terminate()
        try:
            process.wait(timeout=ENDS_WITHIN)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        database.close()


def _await(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < until and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{address}/readyz", timeout=30) as answer:  # noqa: S310 - our own address
                if answer.status == 200:
                    return
        except OSError:
            # Asked again until it answers or is given up: there is nothing else to wait on.
            time.sleep(0.1)
    pytest.fail(f"the console did not start: {log.read_text(errors='replace')[-2000:]}")


@pytest.fixture
def console(served: Served, page: Page) -> "Visitor":
    expect.set_options(timeout=SHOWS_WITHIN_MS)
    return Visitor(page=page, served=served)


@dataclass(slots=True, kw_only=True)
class Visitor:
    """Somebody before the browser, who looks before pressing the next key."""

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
        """Wait until the page has its title, and the run that draws it is over."""
        expect(self.page.get_by_test_id("stMain").locator("h1")).to_be_visible()
        expect(self.page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
        expect(self.page.get_by_test_id("stApp")).to_have_attribute("data-test-connection-state", "CONNECTED")
        expect(self.page.get_by_test_id("stSkeleton")).to_have_count(0)

    def framed(self, words: str) -> Locator:
        """Wait until the inbox's one frame is around the mention with these words, with the keys on its buttons."""
        frame = self.page.locator(".tf-selected")
        line = self.page.locator("[class*='st-key-mention-']").filter(has=frame)
        # A line may stand there twice, in its old place and its new one, while the page is being drawn.
        expect(frame.filter(has_text=words)).not_to_have_count(0)
        self.settled()
        expect(frame).to_have_count(1)
        expect(frame).to_contain_text(words)
        expect(line.locator("[class*='st-key-open-'] button")).to_have_css("content", '"O"', pseudo="after")
        return line

    def sheet(self) -> Locator:
        """The writing area, once it takes words."""
        area = self.page.locator("textarea#tf-reply-text")
        expect(area).to_be_editable()
        expect(area).to_have_accessible_name(re.compile(r"\S"))
        return area

    def saved(self) -> None:
        """Wait until all words on the sheet are saved, as the line under it says."""
        expect(self.page.locator(".tf-status")).to_contain_text("Saved at")

    def measures(self, script: str, wanted: object, *, at: str = MAIN) -> None:
        """Wait until `script`, a function of the element at `at`, gives `wanted`."""
        given = (
            f"([at, wanted]) => {{ const it = document.querySelector(at); return it && JSON.stringify(({script})(it)) "
        )
        try:
            self.page.wait_for_function(given + "=== JSON.stringify(wanted); }", arg=[at, wanted], polling=200)
        except TimedOut:
            assert self.page.locator(at).first.evaluate(script) == wanted, self.page.url
