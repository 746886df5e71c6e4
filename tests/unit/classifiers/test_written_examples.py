"""The written examples as they are kept: readable, enough of each, and nothing measured on that was learnt from."""

import json
import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest

from classifiers.training.corpora import written_drafts, written_hostility, written_mentions
from classifiers.types import Category, UrgencyReason

DATA = Path(__file__).resolve().parents[3] / "classifiers" / "training" / "data"
LANGUAGES = ("ar", "en", "ru", "uk")
MENTIONS_EACH = 2000
REASON_EACH = 60
DRAFTS_IN_ALL = 7000


def rows(kind: str, lang: str) -> list[Mapping[str, object]]:
    return [json.loads(line) for line in (DATA / kind / f"{lang}.jsonl").read_text(encoding="utf-8").splitlines()]


def bare(row: Mapping[str, object]) -> str:
    return re.sub(
        r"\W+", " ", f"{row.get('text', '')} {row.get('mention', '')} {row.get('draft', '')}".casefold()
    ).strip()


def test_every_row_is_an_example() -> None:
    assert len(written_mentions(DATA / "mentions").learn) > 4 * 1500
    assert len(written_drafts(DATA / "drafts").learn) > 4 * 1200
    assert written_hostility(DATA / "hostility").held_out


@pytest.mark.parametrize("lang", LANGUAGES)
def test_each_language_has_enough_mentions_of_every_urgency(lang: str) -> None:
    mentions = rows("mentions", lang)
    assert len(mentions) >= MENTIONS_EACH
    reasons = Counter(row["urgent_reason"] for row in mentions)
    assert all(reasons[reason.value] >= REASON_EACH for reason in UrgencyReason)
    assert all((row["urgent_reason"] is not None) is row["urgent"] for row in mentions)


def test_there_are_drafts_of_every_category_in_every_language() -> None:
    drafts = {lang: rows("drafts", lang) for lang in LANGUAGES}
    assert sum(map(len, drafts.values())) >= DRAFTS_IN_ALL
    for of in drafts.values():
        assert {name for row in of for name in row["categories"]} == set(Category)  # type: ignore[attr-defined]
        assert all(row["risky"] is bool(row["categories"]) is bool(row["spans"]) for row in of)


@pytest.mark.parametrize("kind", ["mentions", "drafts", "hostility"])
@pytest.mark.parametrize("lang", LANGUAGES)
def test_nothing_stands_twice_and_a_tenth_is_held_out(kind: str, lang: str) -> None:
    of = rows(kind, lang)
    assert len({bare(row) for row in of}) == len(of)
    assert len({row["id"] for row in of}) == len(of)
    shares = Counter(row["split"] for row in of)
    if kind != "hostility":
        assert 0.08 < shares["held-out"] / len(of) < 0.12
        assert 0.08 < shares["tuning"] / len(of) < 0.12
