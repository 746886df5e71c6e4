"""Agreement of two readers, from rows as they are kept."""

import json
from pathlib import Path

import pytest

from classifiers.training.agreement import agreement, kappa


def test_kappa_of_a_known_table() -> None:
    """The textbook table: 20 both yes, 15 both no, 5 and 10 apart; kappa 0.4."""
    first = ["yes"] * 25 + ["no"] * 25
    second = ["yes"] * 20 + ["no"] * 5 + ["yes"] * 10 + ["no"] * 15
    assert kappa(first, second) == pytest.approx(0.4)


def test_chance_alone_is_no_agreement() -> None:
    assert kappa(["a", "a", "b", "b"], ["a", "b", "a", "b"]) == pytest.approx(0.0)
    assert kappa(["a", "a"], ["a", "a"]) == 1.0


def test_what_a_reader_said_otherwise_counts_as_said(tmp_path: Path) -> None:
    label = {"intent": "question", "sentiment": "neutral", "toxic": False, "urgent_reason": None}
    rows = [
        label | {"readers": 2},
        label | {"readers": 3, "first": {"intent": "complaint"}},
        label | {"readers": 2, "intent": "complaint", "second": {"sentiment": "negative"}},
        label,
    ]
    (tmp_path / "mentions").mkdir()
    (tmp_path / "mentions/en.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    found = agreement(tmp_path)["mentions"]["en"]
    assert (found["rows"], found["read_twice"]) == (4, 3)
    assert found["intent"] == round(kappa(["q", "c", "c"], ["q", "q", "c"]), 3)
    assert found["sentiment"] == round(kappa(["0", "0", "0"], ["0", "0", "n"]), 3)
    assert found["toxic"] == 1.0
