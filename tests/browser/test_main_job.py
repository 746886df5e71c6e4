"""The main job through a real browser, by keyboard, in two directions of writing."""

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Dialog, Request, expect

from monitor.mention import Handling
from monitor.storage import queries, stored
from responders import store
from responders.reply import ReplyState
from tests.browser.conftest import Visitor

pytestmark = pytest.mark.browser
PAGES = ("", "reply?mention=4", "review", "insights", "sources", "audit")
AREA = "textarea#tf-reply-text"
FITS = "main => main.scrollWidth <= main.clientWidth + 1"
TEXT = "article.tf-this .tf-text"
BEGINS_AT_THE_RIGHT = """text => {
    const first = document.createRange();
    first.setStart(text.firstChild, 0);
    first.setEnd(text.firstChild, 1);
    return Math.abs(first.getBoundingClientRect().right - text.getBoundingClientRect().right) < 20;
}"""
# Presses X in the very step in which the frame reaches another mention, before anything else can run.
X_AS_THE_FRAME_MOVES = """to => {
    const look = new MutationObserver(() => {
        const frames = [...document.querySelectorAll('.tf-selected')];
        if (!frames.some(frame => frame.textContent.includes(to))) return;
        look.disconnect();
        for (const kind of ['keydown', 'keyup']) document.body.dispatchEvent(
            new KeyboardEvent(kind, { key: 'x', code: 'KeyX', keyCode: 88, bubbles: true, composed: true }));
    });
    look.observe(document.body, { subtree: true, childList: true, characterData: true, attributes: true });
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
PRESS = """given => document.body.dispatchEvent(
    new KeyboardEvent('keydown', { ...given, bubbles: true, composed: true }))"""
DISORDER = """main => {
    const levels = [...main.querySelectorAll('h1,h2,h3,h4')].filter(heading => heading.offsetParent)
        .map(heading => Number(heading.tagName[1]));
    return levels.filter((level, place) => level > (place ? levels[place - 1] : 0) + 1 || (place === 0 && level !== 1));
}"""


def test_from_the_inbox_to_an_approved_reply(console: Visitor) -> None:
    page, world = console.page, console.served.world
    mention = world.mentions["en-fire"]
    console.sign_in("agent")
    line = console.framed("harbour_light")
    page.keyboard.press("l")
    expect(line.filter(has_text="claimed by you")).not_to_have_count(0)
    console.framed("harbour_light")
    page.keyboard.press("o")
    area = console.sheet()
    area.click()
    page.keyboard.type("Please unplug it at once. That is your fault.", delay=20)
    expect(page.locator("li.tf-review")).to_contain_text("puts the blame on the customer")
    expect(page.locator(".tf-paper mark")).to_have_text("your fault")
    console.saved()
    for _ in "That is your fault.":
        page.keyboard.press("Backspace")
    expect(area).to_have_value("Please unplug it at once. ")
    page.keyboard.type("We are on our way.", delay=20)
    expect(page.locator(".tf-paper mark")).to_have_count(0)
    expect(area).to_have_value("Please unplug it at once. We are on our way.")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("Sent to review.")).to_be_visible()
    with console.served.database.read() as unit:
        draft = store.open_reply(unit, mention, "agent")
    assert draft is not None
    assert draft.text == "Please unplug it at once. We are on our way."
    assert draft.state is ReplyState.IN_REVIEW
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("link", name="Sign in").click()
    expect(page.locator("#password")).to_be_visible()
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
    area = console.sheet()
    area.click()
    words = "One two three four five six seven eight nine ten eleven twelve, o l x j k o l x."
    page.keyboard.type(words, delay=45)
    console.saved()
    expect(area).to_have_value(words)
    area.evaluate("area => area.setSelectionRange(4, 4)")
    page.keyboard.type("and a ", delay=120)
    console.saved()
    expect(area).to_have_value(words[:4] + "and a " + words[4:])
    assert area.evaluate("area => area.selectionStart") == 10
    page.reload()
    console.settled()
    expect(console.sheet()).to_have_value(words[:4] + "and a " + words[4:])


def test_closing_asks_why(console: Visitor) -> None:
    page, number = console.page, console.served.world.mentions["uk-fraud"]
    console.sign_in("agent")
    console.framed("harbour_light")
    page.keyboard.press("j")
    console.framed("sosna_3")
    page.keyboard.press("x")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("sosna_3")
    expect(dialog).not_to_contain_text("harbour_light")
    dialog.get_by_text("Not about us").click()
    expect(dialog.get_by_role("radio", name="Not about us")).to_be_checked()
    dialog.get_by_role("button", name="Close this mention").click()
    expect(page.get_by_text("Closed.", exact=True)).to_be_visible()
    expect(dialog).to_have_count(0)
    expect(page.locator(f".st-key-mention-{number}")).to_have_count(0)
    assert closed(console) == {"uk-fraud": "not-ours"}


# The frame and the key's effect used to part for an instant, and the longer the slower the machine.
@pytest.mark.parametrize("slower", [1, 4, 6, 14])
def test_a_key_acts_on_the_mention_in_the_frame(console: Visitor, slower: int) -> None:
    page = console.page
    console.sign_in("agent")
    console.framed("harbour_light")
    page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": slower})
    page.evaluate(X_AS_THE_FRAME_MOVES, "sosna_3")
    page.keyboard.press("j")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("sosna_3")
    dialog.get_by_role("button", name="Close this mention").click()
    expect(page.get_by_text("Closed.", exact=True)).to_be_visible()
    assert list(closed(console)) == ["uk-fraud"]


def test_no_key_acts_on_the_mention_that_the_frame_is_leaving(console: Visitor) -> None:
    page, number = console.page, console.served.world.mentions["en-fire"]
    console.sign_in("agent")
    console.framed("harbour_light")
    page.keyboard.press("j")
    page.keyboard.press("l")
    console.framed("sosna_3")
    console.settled()
    expect(page.locator(f".st-key-claim-{number}")).to_be_visible()
    with console.served.database.read() as unit:
        mention = stored.get(unit, number)
    assert mention is not None
    assert mention.claimed_by is None


def test_keys_are_read_in_any_alphabet_and_not_while_something_is_written(console: Visitor) -> None:
    page = console.page
    console.sign_in("agent")
    console.framed("harbour_light")
    page.evaluate(PRESS, {"key": "о", "code": "KeyJ"})
    console.framed("sosna_3")
    page.evaluate(PRESS, {"key": "ن", "code": "KeyK"})
    console.framed("harbour_light")
    page.get_by_label("Search words").click()
    page.keyboard.type("jxl", delay=20)
    expect(page.get_by_label("Search words")).to_have_value("jxl")
    console.framed("harbour_light")
    expect(page.get_by_role("dialog")).to_have_count(0)


def closed(console: Visitor) -> dict[str, str]:
    """Which mentions are closed by now, and for which reason."""
    found = {}
    with console.served.database.read() as unit:
        for name, number in console.served.world.mentions.items():
            mention = stored.get(unit, number)
            if mention is not None and mention.handling is Handling.CLOSED:
                entry = queries.audit_page(unit, subject=f"mention:{number}").rows[0]
                found[name] = str(json.loads(entry.details)["reason"])
    return found


def test_two_tabs_do_not_overwrite_each_other(console: Visitor, context: BrowserContext) -> None:
    page = console.page
    console.sign_in("agent")
    path = f"reply?mention={console.served.world.mentions['en-fire']}"
    console.go(path)
    console.sheet().click()
    page.keyboard.type("First tab.", delay=20)
    console.saved()
    other = Visitor(page=context.new_page(), served=console.served)
    other.go(path)
    expect(other.sheet()).to_have_value("First tab.")
    other.sheet().click()
    other.page.keyboard.press("Control+End")
    other.page.keyboard.type(" Second tab.", delay=20)
    expect(other.sheet()).to_have_value("First tab. Second tab.")
    other.saved()
    console.sheet().click()
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
        expect(page.locator("img[src='x']")).to_have_count(0)
        expect(page.locator("a[href^='javascript']")).to_have_count(0)
    foreign = [url for url in asked if not url.startswith((console.served.address, "data:", "blob:", "ws://127.0.0.1"))]
    assert foreign == []
    assert alarms == []


@pytest.mark.parametrize("width", [1366, 380])
@pytest.mark.parametrize("language", ["en", "ar"])
def test_every_page_fits_its_window_and_reads_in_its_direction(console: Visitor, language: str, width: int) -> None:
    page = console.page
    direction = "rtl" if language == "ar" else "ltr"
    page.set_viewport_size({"width": width, "height": 800})
    console.sign_in("lead", language=language)
    for path in PAGES:
        console.go(path)
        console.measures(FITS, True)
        expect(page.locator("html")).to_have_attribute("dir", direction)
        expect(page.locator("html")).to_have_attribute("lang", language)
        expect(page.get_by_test_id("stMain").locator("h1").first).to_have_css("direction", direction)
    if width > 1000 and language == "ar":
        sidebar = "[data-testid=stSidebar]"
        console.measures("bar => bar.getBoundingClientRect().x > window.innerWidth / 2", True, at=sidebar)


def test_texts_keep_their_own_direction_inside_the_other(console: Visitor) -> None:
    page = console.page
    console.sign_in("agent")
    console.go(f"reply?mention={console.served.world.mentions['ar-broken']}")
    expect(page.locator(TEXT).first).to_have_css("unicode-bidi", "plaintext")
    console.measures(BEGINS_AT_THE_RIGHT, True, at=TEXT)


def test_what_can_be_pressed_has_a_name_and_headings_are_in_order(console: Visitor) -> None:
    console.sign_in("admin")
    for path in (*PAGES, "settings", "accounts"):
        console.go(path)
        if path.startswith("reply"):
            console.sheet()
        console.measures(NAMELESS, [])
        console.measures(DISORDER, [])


def test_every_word_stands_out_from_its_ground(console: Visitor) -> None:
    console.sign_in("admin")
    for path in (*PAGES, "settings", "accounts"):
        console.go(path)
        console.measures(PALE, [], at="body")


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
