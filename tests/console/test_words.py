"""The interface says everything in each of its languages."""

import ast
import re
from pathlib import Path
from string import Formatter

import pytest

from classifiers.types import Category, Intent, Sentiment, Severity, Toxicity, UrgencyReason
from monitor.drift import Direction, Head, State
from monitor.mention import Handling, Lane, SourceState
from monitor.priority import LaneReason, TermName
from monitor.storage.queries import Order
from responders.accounts import Role
from responders.console import inbox
from responders.console.words import LANGUAGES, chosen_language, sentences, words
from responders.reply import ReplyState

CONSOLE = Path(__file__).resolve().parents[2] / "responders" / "console"
SCRIPTS = {"ru": r"[А-яёЁ]", "uk": r"[А-яіїєґІЇЄҐ]", "ar": r"[\u0600-\u06ff]"}


def places(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name}


@pytest.mark.parametrize("language", list(LANGUAGES))
def test_every_language_has_every_key_with_the_same_places(language: str) -> None:
    english, other = sentences("en"), sentences(language)
    assert set(other) == set(english)
    assert {key: places(other[key]) for key in english} == {key: places(english[key]) for key in english}


@pytest.mark.parametrize("language", list(SCRIPTS))
def test_every_sentence_is_in_its_own_script(language: str) -> None:
    kept = {"common.product", "door.x", "door.reddit", "audit.number"}
    foreign = [
        key
        for key, sentence in sentences(language).items()
        if key not in kept and not re.search(SCRIPTS[language], sentence)
    ]
    assert foreign == []


def test_every_key_that_the_pages_use_exists() -> None:
    known = sentences("en")
    groups = {key.split(".")[0] for key in known}
    used = {
        node.value
        for file in CONSOLE.glob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        if re.fullmatch(r"[a-z-]+\.[A-Za-z-]*[A-Za-z]", node.value) and node.value.split(".")[0] in groups
    }
    assert {key for key in used if key not in known} == set()
    assert len(used) > 100


def test_every_value_that_a_page_may_name_has_a_word() -> None:
    named = {
        "intent": Intent,
        "sentiment": Sentiment,
        "urgency": UrgencyReason,
        "finding": Category,
        "severity": Severity,
        "lane": Lane,
        "lane-reason": LaneReason,
        "term": TermName,
        "handling": Handling,
        "state": ReplyState,
        "source-state": SourceState,
        "role": Role,
        "order": Order,
        "head": Head,
        "toxicity": Toxicity,
        "drift-state": State,
        "insights": Direction,
    }
    known = sentences("en")
    missing = [
        f"{group}.{value}"
        for group, kind in named.items()
        for value in kind
        if f"{group}.{value.value.replace('_', '-').replace(' ', '-')}" not in known
    ]
    assert missing == []
    assert all(f"close-reason.{reason}" in known for reason in inbox.CLOSE_REASONS)


def test_arabic_isolates_what_it_names() -> None:
    assert words("ar")("inbox.claimed", name="lead") == "أخذها \u2068lead\u2069"
    assert words("en")("inbox.claimed", name="lead") == "claimed by lead"
    assert words("ar").direction == "rtl"


@pytest.mark.parametrize(
    ("cookie", "accepted", "language"),
    [
        ("uk", "en", "uk"),
        (None, "ar-EG,en;q=0.5", "ar"),
        ("../../etc", "fr,ru;q=0.3", "ru"),
        (None, None, "en"),
        (None, "fr", "en"),
    ],
)
def test_the_language_is_the_picked_one_else_the_browsers(
    cookie: str | None, accepted: str | None, language: str
) -> None:
    assert chosen_language(cookie=cookie, accepted=accepted) == language
