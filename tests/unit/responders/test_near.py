"""Answers close in meaning, across languages: the ranking with vectors made by hand, and the shipped model."""

import runpy
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from classifiers.encoder import WEIGHTS
from classifiers.types import ModelUnavailable
from monitor.config import Settings
from monitor.mention import Lane, MentionId
from responders import meaning
from responders.drafting import Entry, Source, Vector, entries, middles, nearest
from responders.knowledge import parse_answers
from responders.meaning import Meanings
from responders.sameness import Spoken
from responders.sample import FAQ, TEMPLATES
from responders.shelf import ShelfFault, reference, shelf_of
from responders.templates import parse

ROOT = Path(__file__).resolve().parents[3]
NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
BOOK = parse(TEMPLATES.read_bytes())
ANSWERS = parse_answers(FAQ.read_bytes())
SPOKEN = Spoken(
    text="We have asked the workshop.", author="olha", at=NOW, mention_id=MentionId(7), mention="It leaks", lang="uk"
)


def entry(asked: str, lang: str = "en", *, group: str = "a", at: datetime | None = NOW) -> Entry:
    return Entry(source=Source.FAQ, group=group, name=group, lang=lang, asked=asked, text=f"{lang}: {asked}", at=at)


def near(
    post: Vector, known: Sequence[Entry], vectors: Mapping[str, Vector], lang: str = "uk", limit: int = 3
) -> list[tuple[str, bool]]:
    found = nearest(post, known, vectors, lang=lang, middles={}, limit=limit)
    return [(one.entry.text, one.translate) for one in found]


def test_an_answer_in_another_language_is_offered_to_be_translated() -> None:
    known = [entry("накипь", "ru"), entry("other", "en", group="b")]
    assert near([1.0, 0.0], known, {"накипь": [0.8, 0.6], "other": [0.0, 1.0]}) == [("ru: накипь", True)]


def test_the_posts_own_language_is_offered_where_the_answer_has_it() -> None:
    known = [entry("накипь", "ru"), entry("накип", "uk")]
    found = nearest([1.0, 0.0], known, {"накипь": [1.0, 0.0], "накип": [0.0, 1.0]}, lang="uk", middles={})
    assert [(one.entry.lang, one.translate, one.likeness) for one in found] == [("uk", False, 1.0)]


def test_the_closest_come_first_and_of_equals_the_youngest() -> None:
    known = [
        entry("far", group="far"),
        entry("old", group="old", at=NOW - timedelta(days=9)),
        entry("young", group="young"),
        entry("undated", group="undated", at=None),
    ]
    vectors = {"far": [0.6, 0.8], "old": [1.0, 0.0], "young": [1.0, 0.0], "undated": [1.0, 0.0]}
    assert [text for text, _ in near([1.0, 0.0], known, vectors, limit=9)] == [
        "en: young",
        "en: old",
        "en: undated",
        "en: far",
    ]
    assert len(near([1.0, 0.0], known, vectors, limit=2)) == 2


def test_what_is_not_close_or_has_no_vector_is_not_offered() -> None:
    known = [entry("far", group="far"), entry("unread", group="unread")]
    assert near([1.0, 0.0], known, {"far": [0.1, 0.99]}) == []


def test_closeness_is_measured_from_the_middle_of_each_language() -> None:
    """Two languages far apart, each with the same two matters beside its middle."""
    vectors = {"en a": [0.9, 0.1], "en b": [0.9, -0.1], "ru a": [-0.9, 0.1], "ru b": [-0.9, -0.1]}
    known = [entry(name, name[:2], group=name[-1]) for name in vectors]
    centre = middles(known, vectors)
    assert centre["en"] == pytest.approx([0.9, 0.0])
    assert centre[None] == pytest.approx([0.0, 0.0])
    russian = [one for one in known if one.lang == "ru"]
    (found,) = nearest([0.9, 0.1], russian, vectors, lang="en", middles=centre)
    assert found.entry.asked == "ru a"
    assert found.likeness == pytest.approx(1.0)
    assert nearest([0.9, 0.1], russian, vectors, lang="en", middles={}) == ()


def test_every_source_becomes_entries_with_its_age() -> None:
    filed = {Source.TEMPLATE: NOW - timedelta(days=30), Source.FAQ: NOW - timedelta(days=60)}
    undated = replace(ANSWERS, answers=(replace(ANSWERS.answers[0], updated=None), *ANSWERS.answers[1:]))
    found = entries(BOOK, undated, [SPOKEN], {"channel": "DM"}, lane=Lane.FLOW, filed=filed)
    by_source = {source: [one for one in found if one.source is source] for source in Source}
    assert {one.at for one in by_source[Source.TEMPLATE]} == {filed[Source.TEMPLATE]}
    assert by_source[Source.FAQ][0].at == filed[Source.FAQ]
    assert by_source[Source.FAQ][-1].at == datetime(2025, 6, 5, tzinfo=UTC)
    (sent,) = by_source[Source.REPLY]
    assert (sent.name, sent.at, sent.lang, sent.asked, sent.text) == (
        "olha", NOW, "uk", "It leaks", "We have asked the workshop.",
    )  # fmt: skip
    assert "safety-first" not in {one.group for one in found}
    personal = entries(BOOK, undated, (), {}, lane=Lane.PERSONAL, filed={})
    assert "safety-first" in {one.group for one in personal}


class Counting:
    """Stands in for the encoder, and counts."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def vectors(self, texts: Sequence[str]) -> Sequence[Vector]:
        self.asked += texts
        return [[float(len(text)), 0.0] for text in texts]


def test_a_text_is_read_once_and_one_without_words_never(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(meaning, "REMEMBERED", 2)
    reader = Counting()
    meanings = Meanings(load=lambda: reader)
    assert meanings.of(["a", "bb", "a", " "]) == {"a": [1.0, 0.0], "bb": [2.0, 0.0]}
    meanings.of(["a"])
    assert meanings.of(["a", "ccc", "dddd"])["a"] == [1.0, 0.0]  # also when there are more than are kept
    meanings.of(["bb"])
    assert reader.asked == ["a", "bb", "ccc", "dddd", "bb"]


@pytest.mark.parametrize("fault", [ModelUnavailable("model.onnx is missing"), OSError("too many open files")])
def test_a_model_that_cannot_be_loaded_says_so_and_is_tried_again(fault: Exception) -> None:
    faults = [fault]

    def load() -> Counting:
        if faults:
            raise faults.pop()
        return Counting()

    meanings = Meanings(load=load)
    with pytest.raises(ModelUnavailable, match=str(fault)):
        meanings.of(["a"])
    assert meanings.of(["a"]) == {"a": [1.0, 0.0]}


def test_invented_answers_are_for_the_sample_brand_only(tmp_path: Path) -> None:
    assert shelf_of(Settings(sample=True)).answers.answers
    assert shelf_of(Settings(sample=False)).answers.answers == ()
    own = tmp_path / "faq.jsonl"
    own.write_text('{"key": "k", "lang": "en", "question": "Open?", "answer": "Yes."}', encoding="utf-8")
    replies = Settings().replies.model_copy(update={"faq": own})
    shelf = shelf_of(Settings(replies=replies))
    assert [answer.text for answer in shelf.answers.answers] == ["Yes."]
    assert shelf.filed[Source.FAQ].tzinfo is UTC
    missing = replies.model_copy(update={"faq": tmp_path / "none.jsonl"})
    with pytest.raises(ShelfFault, match=r"none\.jsonl.*replies\.faq"):
        shelf_of(Settings(replies=missing))


def languages_of(found: Iterable[Entry]) -> set[str | None]:
    return {one.lang for one in found}


def test_the_reference_says_the_same_in_every_language() -> None:
    groups = {one.group for one in reference()}
    assert languages_of(reference()) == {"en", "ru", "uk", "ar"}
    assert len(reference()) == 4 * len(groups)


@pytest.mark.skipif(not (WEIGHTS / "model.onnx").is_file(), reason="the shipped model is not here")
def test_a_question_finds_its_answer_in_another_language(shared: Path) -> None:
    benchmark = runpy.run_path(str(ROOT / "benchmarks" / "answers.py"))
    found = benchmark["measure"](benchmark["read"](shared / "data" / "authored" / "faq.jsonl"))
    together = found["all others together"]
    assert together.first >= 0.88 * together.asked
    assert together.among_three >= 0.95 * together.asked
    ukrainian = found["uk → ru"]
    assert ukrainian.first >= 0.9 * ukrainian.asked
