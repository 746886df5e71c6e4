"""The model card: what was measured stands in it, what was not is said to be missing."""

from classifiers.training.card import card

RUN = {
    "seed": 7,
    "start": "first",
    "steps": 200,
    "planned_steps": 300,
    "step": {"public": 10, "written": 20, "drafts": 5},
    "examples": {"public": 1000, "mentions": 400, "drafts": 500},
}
SET = {"name": "sentiment/tiny.en", "task": "sentiment", "n": 3, "macro_f1": 0.715, "low": 0.6, "high": 0.8}
SETTINGS = {"model": "judge", "revision": "abc"}


def test_what_was_not_measured_is_said_so() -> None:
    text = card({"report": {}, "settings": SETTINGS})
    assert text.startswith("# Model card: judge, revision abc")
    assert text.count("Not measured.") > 10
    assert "GoEmotions" in text
    assert "{" not in text


def test_every_run_counts_what_it_met() -> None:
    text = card({"report": {"runs": [RUN, RUN | {"seed": 8}]}, "settings": SETTINGS})
    assert "| 7 | first | 200 | 300 | 2.0 x 1000 | 10.0 x 400 | 2.0 x 500 |" in text
    assert "the mean of their networks" in text
    assert "the mean of their networks" not in card({"report": {"runs": [RUN]}, "settings": SETTINGS})


def test_a_set_stands_beside_the_simpler_models() -> None:
    simple = {"sentiment/tiny.en": {"n": 3, "ngrams": 0.5, "frozen": 0.625}}
    text = card({"report": {}, "settings": SETTINGS, "evaluation": [SET], "baselines": simple})
    assert "| sentiment/tiny.en | 3 | 71.5 | 60.0-80.0 | 50.0 | 62.5 |" in text
    assert "| sentiment | 1 | 71.5 | 50.0 | 62.5 |" in text


def test_a_disguise_has_a_cell_for_each_language() -> None:
    flat = {"disguise": "dots", "insults": 8, "caught": 0.875, "clean": 4, "flagged": 0.25}
    rows = [{"name": f"attack/{lang}", "disguises": [flat | {"lang": lang}]} for lang in ("en", "uk")]
    text = card({"report": {}, "settings": SETTINGS, "evaluation": rows})
    assert "| dots | 87.5 of 8, 25.0 of 4 | 87.5 of 8, 25.0 of 4 |" in text
