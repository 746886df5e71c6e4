"""Calibration on the tuning part of the written examples, through the very file and code that will be used.

Temperatures make scores probabilities; the urgency threshold is recall first; a draft's risk is fused from the whole
and its strongest token, with a threshold for each language at a fixed share of false alarms.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from classifiers.encoder import DraftOutput, MentionOutput
from classifiers.heads import (
    INTENTS,
    POLITENESS,
    SENTIMENTS,
    Calibration,
    DraftCalibration,
    HeadCalibration,
    UrgencyCalibration,
    draft_risk,
    logistic,
)
from classifiers.training.corpora import DraftExample, MentionExample
from classifiers.training.measure import threshold_at

SURE: Final = 0.7
"""Asking a person is taken to cost three tenths of a wrong label: below this probability it is cheaper to ask."""
RECALL_WEIGHT: Final = 2.0
"""Recall weighs twice what precision does in the urgency threshold (F-beta of van Rijsbergen, Information Retrieval,
1979): a missed emergency costs more than a needless look."""
FALSE_ALARMS: Final = 0.08
ENOUGH: Final = 100
"""Texts from which a language gets a temperature of its own."""
_RIDGE: Final = 1e-2


def calibrate(
    mentions: Sequence[tuple[MentionExample, MentionOutput]], drafts: Sequence[tuple[DraftExample, DraftOutput]]
) -> Calibration:
    """The calibration that fits tuning examples and their raw outputs; each head needs examples of its labels."""
    return Calibration(
        sentiment=_head(
            [(e.lang, o.sentiment, SENTIMENTS.index(e.sentiment)) for e, o in mentions if e.sentiment is not None]
        ),
        toxicity=_head([(e.lang, o.toxicity, int(e.toxic)) for e, o in mentions if e.toxic is not None]),
        intent=_head([(e.lang, o.intent, INTENTS.index(min(e.intents))) for e, o in mentions if e.intents is not None]),
        urgency=_urgency([(e.lang, o.urgent, e.urgent) for e, o in mentions if e.urgent is not None]),
        politeness=_head(
            [(e.lang, o.politeness, POLITENESS.index(e.politeness)) for e, o in mentions if e.politeness is not None]
        ),
        draft=_draft(drafts),
    )


def _head(rows: Sequence[tuple[str, Sequence[float], int]]) -> HeadCalibration:
    def temperature(chosen: Sequence[tuple[str, Sequence[float], int]]) -> float:
        logits = np.array([row for _, row, _ in chosen], dtype=np.float64)
        labels = np.array([label for _, _, label in chosen])

        def cost(tried: float) -> float:
            scaled = logits / tried
            top = scaled.max(axis=1, keepdims=True)
            total = top[:, 0] + np.log(np.exp(scaled - top).sum(axis=1))
            return float((total - scaled[np.arange(len(labels)), labels]).mean())

        return _best_temperature(cost)

    return HeadCalibration(
        temperature=temperature(rows), sure=SURE, languages={k: temperature(v) for k, v in _by_language(rows).items()}
    )


def _urgency(rows: Sequence[tuple[str, float, bool]]) -> UrgencyCalibration:
    def temperature(chosen: Sequence[tuple[str, float, bool]]) -> float:
        def cost(tried: float) -> float:
            signed = [(value if flag else -value) / tried for _, value, flag in chosen]
            return sum(math.log1p(math.exp(-s)) if s > 0 else math.log1p(math.exp(s)) - s for s in signed) / len(signed)

        return _best_temperature(cost)

    whole = temperature(rows)
    languages = {lang: temperature(chosen) for lang, chosen in _by_language(rows).items()}
    scored = sorted(((logistic(value / languages.get(lang, whole)), flag) for lang, value, flag in rows), reverse=True)
    threshold = _recall_first(scored)
    return UrgencyCalibration(
        temperature=whole,
        threshold=threshold,
        unsure_from=threshold / 2,
        unsure_to=max(SURE, threshold),
        languages=languages,
    )


R = TypeVar("R", bound=tuple[object, ...])


def _by_language(rows: Sequence[R]) -> dict[str, list[R]]:
    """The rows of each language that has enough of them; the language comes first in a row."""
    groups: dict[str, list[R]] = defaultdict(list)
    for row in rows:
        groups[str(row[0])].append(row)
    return {lang: group for lang, group in sorted(groups.items()) if len(group) >= ENOUGH}


def _recall_first(scored: Sequence[tuple[float, bool]]) -> float:
    """The threshold of the best F-beta, halfway to the next score."""
    wanted = sum(flag for _, flag in scored)
    square = RECALL_WEIGHT**2
    best, threshold, hits = -1.0, 0.5, 0
    for place, (score, flag) in enumerate(scored, start=1):
        hits += flag
        measure = (1 + square) * hits / (place + square * wanted)
        if measure > best:
            following = scored[place][0] if place < len(scored) else 0.0
            best, threshold = measure, (score + following) / 2
    return threshold


def _draft(rows: Sequence[tuple[DraftExample, DraftOutput]]) -> DraftCalibration:
    features = np.array([(o.risk_logit, o.token_logit, 1.0) for _, o in rows], dtype=np.float64)
    risky = np.array([float(e.risky) for e, _ in rows])
    weights = _logistic_regression(features, risky)
    if weights[1] < 0:  # a riskier word must never make a draft safer
        whole, bias = _logistic_regression(features[:, [0, 2]], risky)
        weights = np.array([whole, 0.0, bias])
    fused = DraftCalibration(
        whole=float(weights[0]), token=float(weights[1]), bias=float(weights[2]), thresholds={}, default=0.5
    )
    safe = [(e.lang, draft_risk(o.risk_logit, o.token_logit, fused)) for e, o in rows if not e.risky]
    thresholds = {
        lang: threshold_at([risk for other, risk in safe if other == lang], FALSE_ALARMS)
        for lang in sorted({lang for lang, _ in safe})
    }
    return DraftCalibration(
        whole=fused.whole,
        token=fused.token,
        bias=fused.bias,
        thresholds=thresholds,
        default=threshold_at([risk for _, risk in safe], FALSE_ALARMS),
    )


def _logistic_regression(features: NDArray[np.float64], labels: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weights of the likeliest logistic model with a small ridge, by Newton's method; a few rounds are enough."""
    weights = np.zeros(features.shape[1])
    for _ in range(50):
        odds = 1.0 / (1.0 + np.exp(-features @ weights))
        slope = features.T @ (labels - odds) - _RIDGE * weights
        bend = (features * (odds * (1 - odds))[:, None]).T @ features + _RIDGE * np.eye(len(weights))
        weights = weights + np.linalg.solve(bend, slope)
    return weights


def _best_temperature(cost: Callable[[float], float]) -> float:
    """The temperature of least cost between 0.25 and 4, by golden-section search on its logarithm."""
    low, high = math.log(0.25), math.log(4.0)
    ratio = (math.sqrt(5) - 1) / 2
    for _ in range(40):
        left, right = high - ratio * (high - low), low + ratio * (high - low)
        if cost(math.exp(left)) < cost(math.exp(right)):
            high = right
        else:
            low = left
    return math.exp((low + high) / 2)
