"""Explanations are computed once, kept within bounds, and refused honestly; with the shipped model they are true."""

import pytest

from classifiers.types import ModelUnavailable, UrgencyReason
from monitor.drift import CALM, URGENT, Head
from responders import explaining
from responders.explaining import LONGEST, Explained, LazyExplainer, load_explainer


class Counted:
    """Stands in for the model, and counts."""

    def __init__(self) -> None:
        self.revision = "1"
        self.asked: list[tuple[str, str]] = []

    def explain(self, text: str, lang: str) -> Explained:
        self.asked.append((text, lang))
        return Explained(labels={}, carriers={}, sign=None)


def test_a_text_is_asked_once_for_each_language_and_revision() -> None:
    model = Counted()
    lazy = LazyExplainer(load=lambda: model)
    for text, lang in (("Hello", "en"), ("Hello", "en"), ("Hello", "ru"), ("Bye", "en"), ("Hello", "en")):
        lazy.explain(text, lang)
    assert model.asked == [("Hello", "en"), ("Hello", "ru"), ("Bye", "en")]
    model.revision = "2"
    lazy.explain("Hello", "en")
    assert len(model.asked) == 4


def test_the_least_lately_asked_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explaining, "REMEMBERED", 2)
    model = Counted()
    lazy = LazyExplainer(load=lambda: model)
    for text in ("a", "b", "a", "c", "a", "b"):
        lazy.explain(text, "en")
    assert [text for text, _ in model.asked] == ["a", "b", "c", "b"]


@pytest.mark.parametrize("fault", [ModelUnavailable("model.onnx is missing"), OSError("too many open files")])
def test_what_cannot_be_loaded_says_so_and_is_tried_again(fault: Exception) -> None:
    faults = [fault]

    def load() -> Counted:
        if faults:
            raise faults.pop()
        return Counted()

    lazy = LazyExplainer(load=load)
    with pytest.raises(ModelUnavailable, match=str(fault)):
        lazy.explain("Hello", "en")
    assert lazy.explain("Hello", "en").sign is None


def test_a_longer_text_is_refused_before_anything_is_loaded() -> None:
    def load() -> Counted:
        raise AssertionError

    with pytest.raises(ValueError, match=f"{LONGEST + 1} characters"):
        LazyExplainer(load=load).explain("a" * (LONGEST + 1), "en")


@pytest.mark.parametrize(
    ("lang", "text", "word"),
    [
        ("en", "You are absolute idiots, all of you.", "idiots"),
        ("ru", "Вы там все идиоты.", "идиоты"),
        ("uk", "Який же ви дурень, закрийте рота.", "дурень"),
        ("ar", "أنتم أغبياء حقا.", "أغبياء"),
    ],
)
def test_the_model_names_the_word_of_an_insult(lang: str, text: str, word: str) -> None:
    explained = load_explainer(None).explain(text, lang)
    assert explained.labels[Head.TOXICITY] == "toxic"
    assert any(word in carrier.text for carrier in explained.carriers[Head.TOXICITY][:2])
    assert set(explained.labels) == set(explained.carriers) == set(Head)


def test_nothing_said_is_decided_by_nothing() -> None:
    explained = load_explainer(None).explain(" \u2800", "und")
    assert explained.labels[Head.URGENCY] == CALM
    assert not any(explained.carriers.values())


def test_a_sign_is_named_where_the_model_alone_sees_no_urgency(monkeypatch: pytest.MonkeyPatch) -> None:
    class Signs:
        revision = "test"

        def reason_in(self, _text: str) -> UrgencyReason:
            return UrgencyReason.SAFETY

    explainer = load_explainer(None)
    assert explainer.explain("Thank you for the lamp!", "en").labels[Head.URGENCY] == CALM
    monkeypatch.setattr(explaining, "load_signs", Signs)
    explained = explainer.explain("Thank you for the lamp!", "en")
    assert explained.labels[Head.URGENCY] == URGENT
    assert explained.sign is UrgencyReason.SAFETY
