"""The main job through a real browser, by keyboard, in two directions of writing."""

import re
from itertools import pairwise
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Dialog, Request, expect

from monitor.storage import queries, stored
from responders import store
from responders.reply import ReplyState
from tests.browser.conftest import Visitor

pytestmark = pytest.mark.browser
PAGES = ("", "reply?mention=4", "review", "sources", "audit")
AREA = "textarea#tf-reply-text"
EDGES = """text => {
    const first = document.createRange();
    first.setStart(text.firstChild, 0);
    first.setEnd(text.firstChild, 1);
    return [first.getBoundingClientRect().right, text.getBoundingClientRect().right];
}"""
NAMELESS = """main => [...main.querySelectorAll('button, textarea, input:not([type=hidden])')]
    .filter(element => element.offsetParent !== null)
    .filter(element => {
        const label = element.labels && element.labels.length ? element.labels[0].textContent : '';
        const aria = element.getAttribute('aria-label') || element.getAttribute('aria-labelledby');
        return !(aria || label || element.textContent).trim();
    })
    .map(element => element.outerHTML.slice(0, 120))"""
PALE = Path(__file__).with_name("contrast.js").read_text(encoding="utf-8").partition("\n")[2]
LEVELS = """main => [...main.querySelectorAll('h1,h2,h3,h4')]
    .filter(heading => heading.offsetParent)
    .map(heading => Number(heading.tagName[1]))"""


def test_from_the_inbox_to_an_approved_reply(console: Visitor) -> None:
    page, world = console.page, console.served.world
    mention = world.mentions["en-fire"]
    console.sign_in("agent")
    expect(page.get_by_text("harbour_light")).to_be_visible()
    page.keyboard.press("l")
    expect(page.get_by_text("claimed by you")).to_be_visible()
    page.keyboard.press("o")
    area = page.locator(AREA)
    area.click()
    page.keyboard.type("Please unplug it at once. That is your fault.", delay=20)
    expect(page.locator("li.tf-review")).to_contain_text("puts the blame on the customer")
    expect(page.locator(".tf-paper mark")).to_have_text("your fault")
    expect(page.locator(".tf-status")).to_contain_text("Saved at")
    for _ in "That is your fault.":
        page.keyboard.press("Backspace")
    page.keyboard.type("We are on our way.", delay=20)
    expect(page.locator(".tf-paper mark")).to_have_count(0)
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("Sent to review.")).to_be_visible()
    with console.served.database.read() as unit:
        draft = store.open_reply(unit, mention, "agent")
    assert draft is not None
    assert draft.text == "Please unplug it at once. We are on our way."
    assert draft.state is ReplyState.IN_REVIEW
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("link", name="Sign in").click()
    console.sign_in("lead")
    console.go("review")
    case = page.locator(f".st-key-case-{draft.id}")
    case.get_by_role("button", name="Approve").click()
    expect(page.get_by_text("Approved; it may go out now.")).to_be_visible()
    with console.served.database.read() as unit:
        assert store.draft_of(unit, draft.id).state is ReplyState.APPROVED
    console.go("audit")
    page.get_by_role("button", name="Verify the chain").click()
    expect(page.get_by_text("The log is whole")).to_be_visible()


def test_typing_keeps_every_key_and_the_caret(console: Visitor) -> None:
    page = console.page
    console.sign_in("agent")
    console.go(f"reply?mention={console.served.world.mentions['en-fire']}")
    area = page.locator(AREA)
    area.click()
    words = "One two three four five six seven eight nine ten eleven twelve, o l x j k o l x."
    page.keyboard.type(words, delay=45)
    expect(page.locator(".tf-status")).to_contain_text("Saved at")
    assert area.input_value() == words
    area.evaluate("area => area.setSelectionRange(4, 4)")
    page.keyboard.type("and a ", delay=120)
    expect(page.locator(".tf-status")).to_contain_text("Saved at")
    assert area.input_value() == words[:4] + "and a " + words[4:]
    assert area.evaluate("area => area.selectionStart") == 10
    page.reload()
    console.settled()
    expect(page.locator(AREA)).to_have_value(words[:4] + "and a " + words[4:])


def test_closing_asks_why(console: Visitor) -> None:
    page = console.page
    console.sign_in("agent")
    expect(page.locator(".tf-selected")).to_contain_text("harbour_light")
    page.keyboard.press("j")
    expect(page.locator(".tf-selected")).to_contain_text("sosna_3")
    page.keyboard.press("x")
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("Not about us").click()
    dialog.get_by_role("button", name="Close this mention").click()
    expect(page.get_by_text("Closed.")).to_be_visible()
    with console.served.database.read() as unit:
        mention = stored.get(unit, console.served.world.mentions["uk-fraud"])
        entry = queries.audit_page(unit, subject=f"mention:{console.served.world.mentions['uk-fraud']}").rows[0]
    assert mention is not None
    assert mention.handling.value == "closed"
    assert "not-ours" in entry.details


def test_two_tabs_do_not_overwrite_each_other(console: Visitor, context: BrowserContext) -> None:
    page = console.page
    console.sign_in("agent")
    path = f"reply?mention={console.served.world.mentions['en-fire']}"
    console.go(path)
    page.locator(AREA).click()
    page.keyboard.type("First tab.", delay=20)
    expect(page.locator(".tf-status")).to_contain_text("Saved at")
    other = Visitor(page=context.new_page(), served=console.served)
    other.go(path)
    expect(other.page.locator(AREA)).to_have_value("First tab.")
    other.page.locator(AREA).click()
    other.page.keyboard.press("Control+End")
    other.page.keyboard.type(" Second tab.", delay=20)
    expect(other.page.locator(".tf-status")).to_contain_text("Saved at")
    page.locator(AREA).click()
    page.keyboard.press("Control+End")
    page.keyboard.type(" First again.", delay=20)
    expect(page.get_by_text("was changed meanwhile")).to_be_visible()
    expect(page.locator(AREA)).to_have_value("First tab. First again.")
    page.get_by_role("button", name="Show the newer text").click()
    expect(page.locator(AREA)).to_have_value("First tab. Second tab.")


def test_nothing_that_people_wrote_runs_and_nothing_leaves_the_machine(console: Visitor) -> None:
    page = console.page
    asked: list[str] = []
    alarms: list[str] = []

    def note_request(request: Request) -> None:
        asked.append(request.url)

    def note_dialog(dialog: Dialog) -> None:
        alarms.append(dialog.message)
        dialog.dismiss()

    page.on("request", note_request)
    page.on("dialog", note_dialog)
    console.sign_in("lead")
    for path in (*PAGES, "?q=gpj", f"reply?mention={console.served.world.mentions['en-hostile']}"):
        console.go(path)
    foreign = [url for url in asked if not url.startswith((console.served.address, "data:", "blob:", "ws://127.0.0.1"))]
    assert foreign == []
    assert alarms == []
    assert page.locator("img[src='x']").count() == 0
    assert page.locator("a[href^='javascript']").count() == 0


@pytest.mark.parametrize("width", [1366, 380])
@pytest.mark.parametrize("language", ["en", "ar"])
def test_every_page_fits_its_window_and_reads_in_its_direction(console: Visitor, language: str, width: int) -> None:
    page = console.page
    page.set_viewport_size({"width": width, "height": 800})
    console.sign_in("lead", language=language)
    for path in PAGES:
        console.go(path)
        main = page.get_by_test_id("stMain")
        assert main.evaluate("main => main.scrollWidth <= main.clientWidth + 1"), path
        assert page.locator("html").get_attribute("dir") == ("rtl" if language == "ar" else "ltr")
        assert page.locator("html").get_attribute("lang") == language
        title = main.locator("h1").first
        assert title.evaluate("title => getComputedStyle(title).direction") == ("rtl" if language == "ar" else "ltr")
    if width > 1000 and language == "ar":
        box = page.get_by_test_id("stSidebar").bounding_box()
        assert box is not None
        assert box["x"] > width / 2


def test_texts_keep_their_own_direction_inside_the_other(console: Visitor) -> None:
    page = console.page
    console.sign_in("agent")
    console.go(f"reply?mention={console.served.world.mentions['ar-broken']}")
    text = page.locator("article.tf-this .tf-text").first
    assert text.evaluate("text => getComputedStyle(text).unicodeBidi") == "plaintext"
    place = text.evaluate(EDGES)
    assert abs(place[0] - place[1]) < 20, "an Arabic text begins at the right edge"


def test_what_can_be_pressed_has_a_name_and_headings_are_in_order(console: Visitor) -> None:
    page = console.page
    console.sign_in("admin")
    for path in (*PAGES, "settings", "accounts"):
        console.go(path)
        if path.startswith("reply"):  # the writing area is drawn a moment before its first data names it
            expect(page.locator(AREA)).to_have_accessible_name(re.compile(r"\S"))
        nameless = page.get_by_test_id("stMain").evaluate(NAMELESS)
        assert nameless == [], path
        levels = page.get_by_test_id("stMain").evaluate(LEVELS)
        assert levels[0] == 1, path
        assert all(after - before <= 1 for before, after in pairwise(levels)), (path, levels)


def test_every_word_stands_out_from_its_ground(console: Visitor) -> None:
    console.sign_in("admin")
    for path in (*PAGES, "settings", "accounts"):
        console.go(path)
        assert console.page.locator("body").evaluate(PALE) == [], path


def test_a_reload_keeps_the_login_and_an_ended_one_leads_to_the_form(console: Visitor) -> None:
    page = console.page
    console.sign_in("view")
    page.reload()
    console.settled()
    expect(page.get_by_text(re.compile("Signed in as view"))).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("link", name="Sign in")).to_be_visible()
    page.goto(f"{console.served.address}/review")
    expect(page.locator("#password")).to_be_visible()
