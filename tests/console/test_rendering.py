"""Text from outside can do nothing but be read."""

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifiers.reply_risk import default_rules
from classifiers.types import Category, Finding, Severity
from monitor.mention import MentionId
from responders.console import findings, rendering
from responders.console.rendering import Mark, Weight
from responders.console.words import words
from responders.reply import CheckReport, Verdict
from responders.sameness import Spoken, same_words, words_of

TAGS = re.compile(r"<[^>]*>")


@given(st.text(max_size=200))
def test_no_text_opens_a_tag(text: str) -> None:
    assert "<" not in rendering.inert(text)
    assert '"' not in rendering.inert(text)
    assert "<script" not in rendering.paragraph("<script>" + text).lower()


@given(st.text(max_size=120), st.data())
def test_marked_text_keeps_every_visible_character(text: str, data: st.DataObject) -> None:
    edges = st.integers(min_value=-2, max_value=len(text) + 2)
    severities = st.sampled_from(["block", "warn", "odd"])
    drawn = st.builds(Mark, start=edges, end=edges, severity=severities, label=st.just("x"))
    marks = data.draw(st.lists(drawn, max_size=4))
    html = rendering.marked(text, marks)
    without_numbers = re.sub(r"<sup>\d+</sup>", "", html)
    assert TAGS.sub("", without_numbers) == rendering.inert(text)


@given(st.text(max_size=120), st.data())
def test_weighed_text_keeps_every_visible_character(text: str, data: st.DataObject) -> None:
    edges = st.integers(min_value=-2, max_value=len(text) + 2)
    drawn = st.builds(Weight, start=edges, end=edges, strength=st.integers(-1, 9), label=st.just('"><script>'))
    html = rendering.weighed(text, data.draw(st.lists(drawn, max_size=4)))
    assert TAGS.sub("", html) == rendering.inert(text)
    assert "<script" not in html


@given(st.text(max_size=60), st.text(max_size=60))
def test_a_difference_shows_both_texts(before: str, after: str) -> None:
    html = rendering.difference(before, after)
    old = TAGS.sub("", re.sub(r"<ins>.*?</ins>", "", html, flags=re.DOTALL))
    new = TAGS.sub("", re.sub(r"<del>.*?</del>", "", html, flags=re.DOTALL))
    assert old.split() == rendering.inert(before).split()
    assert new.split() == rendering.inert(after).split()


@pytest.mark.parametrize(
    "character", ["\u202e", "\u2066", "\u200b", "\u2060", "\ufeff", "\u00ad", "\u2800", "\x07", "\U000e0041"]
)
def test_hidden_characters_are_counted_removed_and_shown_on_demand(character: str) -> None:
    text = f"safe{character}text"
    assert rendering.hidden(text) == 1
    assert character not in rendering.inert(text)
    assert f"U+{ord(character):04X}" in rendering.inert(text, reveal=True)


@pytest.mark.parametrize(
    "text", ["می\u200cخواهم", "👩\u200d🚒", "مرحبا\u200f!", "plain words", "Добрий день\nі ще рядок", "a\tb"]
)
def test_what_a_script_or_an_emoji_needs_is_kept(text: str) -> None:
    assert rendering.hidden(text) == 0
    assert rendering.inert(text) == text.replace("'", "&#x27;")


def test_a_joiner_inside_a_latin_or_cyrillic_word_is_hidden() -> None:
    assert rendering.hidden("pay\u200dpal") == 1
    assert rendering.hidden("Мар\u200cола") == 1


def test_overlapping_marks_take_the_graver_colour_and_all_labels() -> None:
    marks = [Mark(start=0, end=6, severity="warn", label="one"), Mark(start=3, end=9, severity="block", label="two")]
    html = rendering.marked("abcdefghi", marks)
    assert '<mark class="tf-warn" title="one">abc</mark>' in html
    assert '<mark class="tf-block" title="one; two">def<sup>1</sup></mark>' in html
    assert '<mark class="tf-block" title="two">ghi<sup>2</sup></mark>' in html


def test_spans_count_code_points() -> None:
    html = rendering.marked("😀😀bad", [Mark(start=2, end=5, severity="block", label="x")])
    assert ">bad<" in html


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:text/html,x", "//evil.example", "https://", None, " https://x"]
)
def test_only_web_addresses_become_links(url: str | None) -> None:
    assert "href" not in rendering.link(url, "there")


def test_a_link_cannot_break_out_of_its_attribute() -> None:
    html = rendering.link('https://x.example/"onmouseover="alert(1)', "there")
    assert html.count('"') == html.count('href="') * 2 + html.count('target="') * 2 + html.count('rel="') * 2 + 2


def test_a_long_text_is_clamped_and_a_huge_one_is_cut() -> None:
    long = "слово " * 200
    html = rendering.clamped(long, more="all")
    assert html.startswith("<details")
    assert html.index("…") < 800
    assert len(rendering.clamped("x" * 1_000_000, more="all")) < 2 * rendering.SHOWN_AT_MOST


def test_a_name_stays_on_one_line_and_short() -> None:
    assert rendering.harmless("a\nb\u202ec") == "a bc"
    assert len(rendering.harmless("x" * 500)) == 80


def test_a_stored_finding_is_read_in_the_readers_language() -> None:
    stored = Finding(
        category=Category.COMPETITOR, severity=Severity.BLOCK, start=0, end=4, text="Away",
        rule=next(iter(name for name in default_rules().rules if name.startswith("competitor/"))),
        score=1.0, why="Sends the customer away.", suggestion="Say what yours does well.",
    )  # fmt: skip
    report = CheckReport(
        verdict=Verdict.BLOCK, risk=1.0, findings=(stored,), policy="1", model="m", revision="r",
        checked_at=datetime(2026, 1, 1, tzinfo=UTC),
    )  # fmt: skip
    assert "Sends the customer away." in findings.listed(words("en"), report)
    for language, letters in (("ru", "[а-я]{4}"), ("uk", "[а-яі]{4}"), ("ar", "[ء-ي]{3}")):
        html = findings.listed(words(language), report)
        assert "Sends the customer" not in html
        assert "Say what yours" not in html
        assert len(re.findall(letters, html)) > 5


def test_what_was_said_before_is_read_in_the_readers_language() -> None:
    said = Spoken(
        text="one two three four five six seven eight nine ten eleven twelve", author="olha",
        at=datetime(2026, 2, 27, tzinfo=UTC), mention_id=MentionId(2), mention="a post", lang="en",
    )  # fmt: skip
    stored = same_words(words_of(said.text), [said])
    assert stored is not None
    report = CheckReport(
        verdict=Verdict.PASS, risk=0.0, findings=(stored,), policy="1", model="m", revision="r",
        checked_at=datetime(2026, 3, 1, tzinfo=UTC),
    )  # fmt: skip
    seen = {language: findings.listed(words(language), report) for language in ("en", "ru", "uk", "ar")}
    assert "said before" in seen["en"]
    assert "no empathy" not in seen["en"]
    assert len(set(seen.values())) == 4
    for language, html in seen.items():
        assert words(language)("finding.same-words") in html
        assert "2026-02-27" in html
        assert "olha" in html
        assert language == "en" or "stock answer" not in html
