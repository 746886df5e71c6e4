import gzip
import json
from pathlib import Path

import pytest

from classifiers.heads import INTENTS
from classifiers.training import public_sets
from classifiers.training.corpora import (
    BadCorpus,
    token_labels,
    written_drafts,
    written_mentions,
)
from classifiers.training.public_sets import public_example, public_examples
from classifiers.types import Category, Intent, UrgencyReason


def row(text: str, label: str, split: str = "train") -> dict[str, str]:
    return {"text": text, "label": label, "split": split, "source": "tiny", "lang": "en"}


def store(path: Path, *rows: dict[str, str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with gzip.open(path, "wt", encoding="utf-8") as stream:
        stream.writelines(json.dumps(one) + "\n" for one in rows)


def test_a_set_says_only_what_its_labels_say() -> None:
    ham = public_example("spam", row("see you at six", "ham"))
    assert ham.intents == frozenset(INTENTS) - {Intent.SPAM}
    assert ham.sentiment is ham.toxic is ham.urgent is None
    fraud = public_example("intent", row("my card was used", "compromised_card"))
    assert (fraud.urgent, fraud.reason) == (True, UrgencyReason.FRAUD)
    assert public_example("intent", row("I lost it", "lost_or_stolen_card")).urgent is None
    assert Intent.PRAISE not in (public_example("intent", row("age?", "age_limit")).intents or ())


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    tiny = public_sets.Corpus(path="toxicity/tiny.en", cap=6, licence="", source="", citation="")
    monkeypatch.setattr(public_sets, "CORPORA", (tiny,))
    store(
        tmp_path / "train/toxicity/tiny.en.jsonl.gz",
        *(row(f"fine {i}", "clean") for i in range(20)),
        *(row(f"fool {i}", "toxic") for i in range(3)),
        row("@somebody you FOOL", "toxic"),
        row("seen in the test split", "toxic", "test"),
    )
    store(tmp_path / "dev/toxicity/other.en.jsonl.gz", row("@another  you fool", "toxic"))
    return tmp_path


def test_public_sets_are_capped_balanced_and_free_of_what_is_measured_with(data: Path) -> None:
    found = public_examples(data, seed=1)
    assert sorted(example.text for example in found if example.toxic) == ["fool 0", "fool 1", "fool 2"]
    assert len(found) == 6


def test_the_same_seed_draws_the_same_rows(data: Path) -> None:
    assert public_examples(data, seed=1) == public_examples(data, seed=1)
    assert public_examples(data, seed=1) != public_examples(data, seed=2)


def test_a_missing_set_is_named(data: Path) -> None:
    (data / "train/toxicity/tiny.en.jsonl.gz").unlink()
    with pytest.raises(BadCorpus, match=r"tiny\.en"):
        public_examples(data, seed=1)


DRAFT = {
    "lang": "en",
    "mention": "It broke",
    "draft": "Sorry 😀, but that is your fault.",
    "risky": True,
    "categories": ["blame"],
    "spans": ["that is your fault"],
}


def test_drafts_carry_their_spans_in_code_points(tmp_path: Path) -> None:
    (tmp_path / "en.jsonl").write_text(json.dumps(DRAFT | {"split": "train"}), encoding="utf-8")
    (only,) = written_drafts(tmp_path).learn
    ((start, end),) = only.spans
    assert only.draft[start:end] == "that is your fault"
    assert only.categories == {Category.BLAME}


def test_a_row_serves_for_what_its_split_says(tmp_path: Path) -> None:
    splits = ["train", "held-out", "train", "tuning"]
    (tmp_path / "en.jsonl").write_text("\n".join(json.dumps(DRAFT | {"split": s}) for s in splits), encoding="utf-8")
    parts = written_drafts(tmp_path)
    assert (len(parts.learn), len(parts.tuning), len(parts.held_out)) == (2, 1, 1)


def test_a_row_without_a_split_is_named(tmp_path: Path) -> None:
    (tmp_path / "en.jsonl").write_text(json.dumps(DRAFT), encoding="utf-8")
    with pytest.raises(BadCorpus, match="line 1"):
        written_drafts(tmp_path)


@pytest.mark.parametrize("change", [{"intent": "rant"}, {"text": None}, {"toxic": "no"}, {"urgent_reason": "fire"}])
def test_a_row_that_is_no_example_is_named(tmp_path: Path, change: dict[str, object]) -> None:
    mention = {
        "lang": "en",
        "text": "t",
        "sentiment": "neutral",
        "intent": "other",
        "toxic": False,
        "urgent": False,
        "split": "train",
    }
    (tmp_path / "en.jsonl").write_text(json.dumps({**mention, "urgent_reason": None} | change), encoding="utf-8")
    with pytest.raises(BadCorpus, match=r"en\.jsonl, line 1"):
        written_mentions(tmp_path)


def test_a_folder_without_examples_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadCorpus, match=r"no \*\.jsonl"):
        written_mentions(tmp_path)


def test_a_token_is_risky_when_it_touches_a_span() -> None:
    assert token_labels([(3, 6)], [(0, 3), (2, 4), (5, 9), (6, 8)]) == [False, True, True, False]


MENTION = {
    "lang": "en",
    "text": "where is it",
    "intent": "question",
    "sentiment": "neutral",
    "toxic": False,
    "urgent": False,
    "urgent_reason": None,
    "second": {"intent": "complaint", "sentiment": "negative"},
}


@pytest.mark.parametrize(("split", "sure"), [("train", False), ("held-out", True)])
def test_a_disputed_label_is_measured_on_but_not_taught(tmp_path: Path, split: str, sure: bool) -> None:
    (tmp_path / "en.jsonl").write_text(json.dumps(MENTION | {"split": split}), encoding="utf-8")
    parts = written_mentions(tmp_path)
    (only,) = parts.learn + parts.held_out
    assert only.intents == ({Intent.QUESTION} if sure else {Intent.QUESTION, Intent.COMPLAINT})
    assert (only.sentiment is None) is not sure
    assert only.toxic is False
