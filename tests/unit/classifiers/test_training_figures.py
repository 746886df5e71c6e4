import numpy as np
import pytest

from classifiers.encoder import DraftOutput, MentionOutput
from classifiers.heads import draft_risk, logistic
from classifiers.training.calibrate import FALSE_ALARMS, calibrate
from classifiers.training.corpora import DraftExample, MentionExample
from classifiers.training.held_out import draft_figures, mention_figures
from classifiers.training.measure import auc, calibration_error, f1, interval, macro_f1, threshold_at
from classifiers.types import Category, Intent, Politeness, Sentiment


def test_f1_of_a_known_confusion() -> None:
    gold, said = ["a", "a", "b", "b"], ["a", "b", "b", "b"]
    assert f1(gold, said, "a") == pytest.approx(2 / 3)
    assert macro_f1(gold, said) == pytest.approx((2 / 3 + 4 / 5) / 2)
    assert f1(gold, said, "c") == 0.0


def test_labels_that_never_occur_do_not_count() -> None:
    assert macro_f1(["a", "a"], ["a", "c"]) == f1(["a", "a"], ["a", "c"], "a")


def test_the_interval_holds_the_figure_and_narrows_with_n() -> None:
    gold, said = ["a", "b"] * 20, ["a", "b", "b", "b"] * 10
    low, high = interval(gold, said)
    assert low < macro_f1(gold, said) < high
    wide, narrow = high - low, np.ptp(interval(gold * 25, said * 25))
    assert narrow < wide / 3
    assert interval(gold, gold) == (1.0, 1.0)


def test_auc_counts_pairs() -> None:
    assert auc([0.1, 0.4, 0.35, 0.8], [False, False, True, True]) == 0.75
    assert auc([0.5, 0.5], [False, True]) == 0.5
    assert auc([0.5], [True]) == 0.5


def test_a_threshold_allows_its_share_of_false_alarms() -> None:
    safe = [i / 100 for i in range(100)]
    threshold = threshold_at(safe, 0.08)
    assert sum(score >= threshold for score in safe) == 8
    assert sum(score >= threshold_at(safe, 0.0) for score in safe) == 0


def test_calibration_error_is_the_gap_between_score_and_accuracy() -> None:
    assert calibration_error([0.75] * 4, [True, True, True, False]) == pytest.approx(0.0)
    assert calibration_error([0.95] * 4, [False] * 4) == pytest.approx(0.95)


def mention(rng: np.random.Generator, urgent: bool) -> tuple[MentionExample, MentionOutput]:
    sentiment = rng.integers(3)
    intent = int(rng.integers(len(Intent)))
    example = MentionExample(
        text="t",
        lang="en",
        source="written",
        sentiment=tuple(Sentiment)[sentiment],
        toxic=bool(sentiment == 0),
        intents=frozenset({tuple(Intent)[intent]}),
        politeness=tuple(Politeness)[sentiment],
        urgent=urgent,
    )
    overconfident = rng.normal(size=3) * 4 + 8 * np.eye(3)[sentiment]
    return example, MentionOutput(
        sentiment=tuple(overconfident),
        toxicity=(0.0, 2.0 if sentiment == 0 else -2.0),
        intent=tuple(3.0 * np.eye(len(Intent))[intent]),
        urgent=float(rng.normal() + (2.5 if urgent else -2.5)),
        reason=(0.0,) * 9,
        politeness=(0.0, 1.0, 0.0),
        embedding=np.zeros(384, dtype=np.float32),
    )


def draft(rng: np.random.Generator, risky: bool, lang: str) -> tuple[DraftExample, DraftOutput]:
    example = DraftExample(mention="m", draft="d", lang=lang, risky=risky, categories=frozenset(), spans=())
    shift = 1.0 if risky else -1.0
    return example, DraftOutput(
        risk=0.5,
        categories=dict.fromkeys(Category, 0.5),
        tokens=(),
        risk_logit=float(rng.normal() + shift),
        token_logit=float(rng.normal() + shift),
    )


def test_calibration_fits_what_was_held_back() -> None:
    rng = np.random.default_rng(5)
    mentions = [mention(rng, urgent=i % 5 == 0) for i in range(400)]
    drafts = [draft(rng, risky=i % 2 == 0, lang=("en", "uk")[i // 2 % 2]) for i in range(600)]
    found = calibrate(mentions, drafts)

    assert found.sentiment.temperature > 1.5
    urgency = found.urgency
    said = [e.urgent for e, o in mentions if logistic(o.urgent / urgency.temperature_for("en")) >= urgency.threshold]
    caught = sum(said) / sum(bool(e.urgent) for e, _ in mentions)
    assert caught >= sum(said) / len(said), "recall weighs more than precision"
    assert caught > 0.8
    for lang in ("en", "uk"):
        risks = [
            draft_risk(o.risk_logit, o.token_logit, found.draft) for e, o in drafts if not e.risky and e.lang == lang
        ]
        stopped = sum(risk >= found.draft.thresholds[lang] for risk in risks) / len(risks)
        assert stopped <= FALSE_ALARMS
        assert stopped > FALSE_ALARMS - 0.02
    assert found.draft.whole > 0 < found.draft.token

    figures = draft_figures(drafts, found)
    assert figures["all"]["auc"] > max(figures["all"]["auc_whole"], figures["all"]["auc_token"])
    assert set(mention_figures(mentions, found)) == {"all", "en"}
