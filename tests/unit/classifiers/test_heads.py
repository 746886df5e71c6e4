import json
from dataclasses import asdict

import pytest

from classifiers.heads import (
    SENTIMENTS,
    UNCALIBRATED,
    BadCalibration,
    Calibration,
    DraftCalibration,
    HeadCalibration,
    UrgencyCalibration,
    choose,
    draft_risk,
    logistic,
    softmax,
    urgency,
)
from classifiers.types import Sentiment, UrgencyReason

HEAD = HeadCalibration(temperature=1.0, sure=0.7)
URGENCY = UrgencyCalibration(temperature=1.0, threshold=0.2, unsure_from=0.1, unsure_to=0.7)


def test_a_language_may_have_a_temperature_of_its_own() -> None:
    own = HeadCalibration(temperature=1.0, sure=0.7, languages={"uk": 4.0})
    assert choose([2.0, 0.0, 0.0], SENTIMENTS, own, lang="uk", known=True).score < 0.5
    assert choose([2.0, 0.0, 0.0], SENTIMENTS, own, lang="ar", known=True).score > 0.7


def test_probabilities_sum_to_one_and_survive_huge_logits() -> None:
    assert softmax([1000.0, 0.0, -1000.0]) == pytest.approx([1.0, 0.0, 0.0])
    assert sum(softmax([0.3, -2.0, 1.0], 2.0)) == pytest.approx(1.0)
    assert logistic(-1000.0) == 0.0
    assert logistic(1000.0) == 1.0


def test_a_higher_temperature_makes_an_answer_less_certain() -> None:
    cold = choose([2.0, 0.0, 0.0], SENTIMENTS, HEAD, lang="en", known=True)
    warm = choose([2.0, 0.0, 0.0], SENTIMENTS, HeadCalibration(temperature=3.0, sure=0.7), lang="en", known=True)
    assert cold.label == warm.label == Sentiment.NEGATIVE
    assert cold.sure
    assert not warm.sure
    assert warm.score < cold.score


def test_nothing_is_sure_in_a_language_the_model_does_not_know() -> None:
    assert not choose([9.0, 0.0, 0.0], SENTIMENTS, HEAD, lang="en", known=False).sure
    assert not urgency(9.0, [0.0] * 9, URGENCY, lang="en", known=False).sure


@pytest.mark.parametrize(
    ("logit", "urgent", "sure"), [(-4.0, False, True), (-1.9, False, False), (-1.0, True, False), (3.0, True, True)]
)
def test_urgency_has_a_threshold_and_a_band_around_it(logit: float, urgent: bool, sure: bool) -> None:
    found = urgency(logit, [0.0, 5.0, *[0.0] * 7], URGENCY, lang="en", known=True)
    assert (found.urgent, found.sure) == (urgent, sure)
    assert found.reason == (UrgencyReason.SAFETY if urgent else None)


def test_draft_risk_weighs_the_whole_and_its_strongest_token() -> None:
    calibration = DraftCalibration(whole=1.0, token=0.5, bias=-1.0, thresholds={}, default=0.5)
    assert draft_risk(2.0, 2.0, calibration) == pytest.approx(logistic(2.0))


def test_a_calibration_survives_its_json_form() -> None:
    assert Calibration.read(json.loads(json.dumps(asdict(UNCALIBRATED)))) == UNCALIBRATED


@pytest.mark.parametrize(
    "broken", [{"sentiment": None}, {"intent": {"temperature": "warm", "sure": 0.7}}, {"draft": {}}]
)
def test_a_broken_calibration_names_the_entry(broken: dict[str, object]) -> None:
    with pytest.raises(BadCalibration, match=next(iter(broken))):
        Calibration.read(asdict(UNCALIBRATED) | broken)
