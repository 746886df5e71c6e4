import subprocess
import sys
from pathlib import Path

import pytest

from classifiers.assess import Assessor
from classifiers.types import UNKNOWN_LANGUAGE, Assessment, Intent, ModelUnavailable, Sentiment, Toxicity

CLEAR = {
    "en": "Terrible service. The parcel came broken and nobody answers, I want my money back!",
    "ru": "Ужасный сервис. Посылка пришла разбитая, никто не отвечает, верните деньги!",
    "uk": "Жахливий сервіс. Посилка прийшла розбита, ніхто не відповідає, поверніть гроші!",
    "ar": "خدمة سيئة جداً. وصل الطرد مكسوراً ولا أحد يرد، أعيدوا لي نقودي!",
}


@pytest.fixture(scope="module")
def assessor() -> Assessor:
    return Assessor()


def test_empty_in_empty_out(assessor: Assessor) -> None:
    assert assessor.assess([]) == []


def test_each_text_has_its_assessment_in_order(assessor: Assessor) -> None:
    texts = [*CLEAR.values(), "", *CLEAR.values()]
    found = assessor.assess(texts)
    assert [one.lang.label for one in found] == [*CLEAR, UNKNOWN_LANGUAGE, *CLEAR]
    assert found[:4] == found[5:]


@pytest.mark.parametrize("lang", CLEAR)
def test_a_plain_complaint_is_one_in_every_language(assessor: Assessor, lang: str) -> None:
    (found,) = assessor.assess([CLEAR[lang]])
    assert found.sentiment.label == Sentiment.NEGATIVE
    assert found.intent.label == Intent.COMPLAINT
    assert not found.urgency.urgent
    assert found.model
    assert found.revision


@pytest.mark.parametrize(
    "text",
    [
        "The charger caught fire on my bed tonight and my daughter burnt her hand",
        "Зарядка загорелась ночью на кровати, дочь обожгла руку",
        "Зарядка загорілася вночі на ліжку, донька обпекла руку",
        "الشاحن احترق على السرير الليلة وابنتي احترقت يدها",
    ],
)
def test_a_calm_emergency_is_urgent(assessor: Assessor, text: str) -> None:
    (found,) = assessor.assess([text])
    assert found.urgency.urgent
    assert found.urgency.reason == "safety"


@pytest.mark.parametrize("text", ["You idiots", "Вы дебилы", "Ви дебіли", "أنتم حمير وأغبياء"])
def test_an_insult_is_toxic(assessor: Assessor, text: str) -> None:
    assert assessor.assess([text])[0].toxicity.label == Toxicity.TOXIC


@pytest.mark.parametrize("text", ["", "   ", "\x00", "\u2800\u200b", "\ud800"])
def test_a_text_without_words_has_a_defined_answer(assessor: Assessor, text: str) -> None:
    (found,) = assessor.assess([text])
    assert (found.sentiment.label, found.toxicity.label, found.intent.label) == ("neutral", "clean", "other")
    assert not found.urgency.urgent
    assert not any((found.sentiment.sure, found.toxicity.sure, found.intent.sure, found.urgency.sure))


@pytest.mark.parametrize("text", ["😡😡😡", "a\ud800b", "Wo ist mein Geld? Seit drei Wochen keine Antwort von euch"])
def test_what_the_model_was_not_trained_on_is_not_sure(assessor: Assessor, text: str) -> None:
    (found,) = assessor.assess([text])
    assert not any((found.sentiment.sure, found.toxicity.sure, found.intent.sure, found.urgency.sure))


def test_a_megabyte_has_an_answer_that_is_not_sure(assessor: Assessor) -> None:
    (found,) = assessor.assess(["The courier never came. " * 43_000])
    assert isinstance(found, Assessment)
    assert not found.intent.sure


def test_the_platform_named_language_settles_doubt(assessor: Assessor) -> None:
    assert assessor.assess(["ok"], ["ru"])[0].lang.label == "ru"


def test_languages_must_be_as_many_as_texts(assessor: Assessor) -> None:
    with pytest.raises(ValueError, match="zip"):
        assessor.assess(["one", "two"], ["en"])


def test_a_missing_model_is_said_when_it_is_needed(tmp_path: Path) -> None:
    assessor = Assessor(tmp_path)
    with pytest.raises(ModelUnavailable, match=r"thresholds.json cannot be read"):
        assessor.assess(["text"])


def test_importing_costs_neither_the_model_nor_the_detector() -> None:
    code = "import sys, classifiers.assess; sys.exit(bool({'onnxruntime', 'lingua', 'torch'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False, cwd=Path(__file__).parents[3]).returncode == 0
