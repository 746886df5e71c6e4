"""A file of common answers is read row by row; a bad row costs only itself."""

import json
from datetime import date

import pytest

from responders.knowledge import parse_answers
from responders.sample import FAQ

ROW = {"key": "descale", "lang": "en", "question": "How do I descale it?", "answer": "With citric acid."}


def test_a_row_becomes_an_answer() -> None:
    book = parse_answers(json.dumps({**ROW, "updated": "2026-03-02", "more": 1}).encode())
    (answer,) = book.answers
    assert (answer.key, answer.lang, answer.question, answer.text) == tuple(ROW.values())
    assert answer.updated == date(2026, 3, 2)
    assert book.set_aside == ()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"key": "Not a key"}, "a-z, 0-9 and dashes"),
        ({"lang": "english"}, "language code"),
        ({"question": None}, 'no "question"'),
        ({"answer": "  "}, '"answer" must be a text with words'),
        ({"answer": 7}, '"answer" must be a text with words'),
        ({"answer": "x" * 5001}, "longer than 5000"),
        ({"updated": "last week"}, "2026-03-02"),
        ({"updated": 20260302.5}, "2026-03-02"),
        ({"updated": "2026-02-30"}, "2026-03-02"),
    ],
)
def test_a_bad_row_is_set_aside_with_its_reason(change: dict[str, object], reason: str) -> None:
    content = json.dumps({**ROW, **change}) + "\n\n" + json.dumps({**ROW, "lang": "uk"})
    book = parse_answers(content.encode())
    assert [answer.lang for answer in book.answers] == ["uk"]
    assert [row.line for row in book.set_aside] == [1]
    assert reason in book.set_aside[0].reason


@pytest.mark.parametrize("raw", [b"\xff\xfe", b"[1]", b"{", b"[" * 10_000])
def test_what_is_no_row_is_set_aside(raw: bytes) -> None:
    assert len(parse_answers(raw).set_aside) == 1


def test_the_same_key_and_language_twice_keeps_the_first() -> None:
    book = parse_answers("\n".join([json.dumps(ROW), json.dumps({**ROW, "answer": "Other."})]).encode())
    assert [answer.text for answer in book.answers] == ["With citric acid."]
    assert "already" in book.set_aside[0].reason


def test_the_sample_answers_are_whole() -> None:
    book = parse_answers(FAQ.read_bytes())
    assert book.set_aside == ()
    keys = {answer.key for answer in book.answers}
    assert {(answer.key, answer.lang) for answer in book.answers} == {
        (key, lang) for key in keys for lang in ("en", "ru", "uk", "ar")
    }
    assert all(answer.updated for answer in book.answers)
