"""From the encoder's logits to calibrated labels, with a band in which the answer is "not sure".

Pure: numbers in, values out. The calibration is made by training on texts that were held back, and is read
from `weights/thresholds.json`.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, TypeVar

from classifiers.types import Category, Intent, Judgement, Politeness, Sentiment, Toxicity, Urgency, UrgencyReason

L = TypeVar("L", bound=StrEnum)

SENTIMENTS: Final = tuple(Sentiment)
TOXICITIES: Final = (Toxicity.CLEAN, Toxicity.TOXIC)
INTENTS: Final = tuple(Intent)
REASONS: Final = tuple(UrgencyReason)
POLITENESS: Final = tuple(Politeness)
CATEGORIES: Final = tuple(Category)

LABELS: Final[Mapping[str, tuple[StrEnum, ...]]] = {
    "sentiment": SENTIMENTS,
    "toxicity": TOXICITIES,
    "intent": INTENTS,
    "reason": REASONS,
    "politeness": POLITENESS,
    "categories": CATEGORIES,
}
"""The order of every head's outputs; weights whose order differs are refused."""


class BadCalibration(Exception):
    """The calibration file cannot be used; the message names the entry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadCalibration:
    """Logits are divided by the temperature of the text's language; an answer of probability `sure` or more is sure.

    `temperature` serves languages for which there was too little to fit one of their own.
    """

    temperature: float
    sure: float
    languages: Mapping[str, float] = field(default_factory=dict)

    def temperature_for(self, lang: str) -> float:
        """What logits of texts in this language are divided by."""
        return self.languages.get(lang, self.temperature)


@dataclass(frozen=True, slots=True, kw_only=True)
class UrgencyCalibration:
    """Urgent from probability `threshold` on; not sure between `unsure_from` and `unsure_to`."""

    temperature: float
    threshold: float
    unsure_from: float
    unsure_to: float
    languages: Mapping[str, float] = field(default_factory=dict)

    def temperature_for(self, lang: str) -> float:
        """What logits of texts in this language are divided by."""
        return self.languages.get(lang, self.temperature)


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftCalibration:
    """Risk is the logistic of `whole * draft logit + token * strongest token logit + bias`.

    `thresholds` are those of each language; `default` serves every other.
    """

    whole: float
    token: float
    bias: float
    thresholds: Mapping[str, float]
    default: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """What turns logits into probabilities and probabilities into answers."""

    sentiment: HeadCalibration
    toxicity: HeadCalibration
    intent: HeadCalibration
    urgency: UrgencyCalibration
    politeness: HeadCalibration
    draft: DraftCalibration

    @classmethod
    def read(cls, heads: Mapping[str, object]) -> "Calibration":
        """The calibration from its JSON form; raises BadCalibration naming the entry that is missing or wrong."""
        draft = _entry(heads, "draft")
        return cls(
            sentiment=_head(heads, "sentiment"),
            toxicity=_head(heads, "toxicity"),
            intent=_head(heads, "intent"),
            urgency=UrgencyCalibration(
                temperature=_number(heads, "urgency", "temperature"),
                threshold=_number(heads, "urgency", "threshold"),
                unsure_from=_number(heads, "urgency", "unsure_from"),
                unsure_to=_number(heads, "urgency", "unsure_to"),
                languages=_languages(heads, "urgency"),
            ),
            politeness=_head(heads, "politeness"),
            draft=DraftCalibration(
                whole=_number(heads, "draft", "whole"),
                token=_number(heads, "draft", "token"),
                bias=_number(heads, "draft", "bias"),
                thresholds={lang: _number(draft, "thresholds", lang) for lang in _entry(draft, "thresholds")},
                default=_number(heads, "draft", "default"),
            ),
        )


UNCALIBRATED: Final = Calibration(
    sentiment=HeadCalibration(temperature=1.0, sure=0.7),
    toxicity=HeadCalibration(temperature=1.0, sure=0.7),
    intent=HeadCalibration(temperature=1.0, sure=0.7),
    urgency=UrgencyCalibration(temperature=1.0, threshold=0.5, unsure_from=0.3, unsure_to=0.7),
    politeness=HeadCalibration(temperature=1.0, sure=0.7),
    draft=DraftCalibration(whole=1.0, token=0.0, bias=0.0, thresholds={}, default=0.5),
)
"""Raw logits as they are: what training measures with before it has calibrated."""


def softmax(logits: Sequence[float], temperature: float = 1.0) -> list[float]:
    """Probabilities of exclusive labels."""
    top = max(logits)
    weights = [math.exp((value - top) / temperature) for value in logits]
    total = sum(weights)
    return [weight / total for weight in weights]


def logistic(logit: float) -> float:
    """Probability of a yes, without overflow."""
    if logit >= 0:
        return 1.0 / (1.0 + math.exp(-logit))
    return math.exp(logit) / (1.0 + math.exp(logit))


def choose(
    logits: Sequence[float], labels: Sequence[L], calibration: HeadCalibration, *, lang: str, known: bool
) -> Judgement[L]:
    """The likeliest label of a text in `lang`; `known` is whether the model was trained on that language."""
    probabilities = softmax(logits, calibration.temperature_for(lang))
    best = max(range(len(labels)), key=probabilities.__getitem__)
    score = probabilities[best]
    return Judgement(label=labels[best], score=score, sure=known and score >= calibration.sure)


def urgency(
    logit: float, reasons: Sequence[float], calibration: UrgencyCalibration, *, lang: str, known: bool
) -> Urgency:
    """Whether a person must look within the hour, and the likeliest reason; arguments as in `choose`."""
    score = logistic(logit / calibration.temperature_for(lang))
    urgent = score >= calibration.threshold
    return Urgency(
        urgent=urgent,
        score=score,
        reason=REASONS[max(range(len(REASONS)), key=reasons.__getitem__)] if urgent else None,
        sure=known and not calibration.unsure_from <= score < calibration.unsure_to,
    )


def draft_risk(whole: float, strongest: float, calibration: DraftCalibration) -> float:
    """Calibrated probability that a reviewer would stop a draft."""
    return logistic(calibration.whole * whole + calibration.token * strongest + calibration.bias)


def _entry(values: Mapping[str, object], name: str) -> Mapping[str, object]:
    entry = values.get(name)
    if not isinstance(entry, Mapping):
        raise BadCalibration(f'"{name}" is missing')
    return entry


def _number(values: Mapping[str, object], name: str, key: str) -> float:
    value = _entry(values, name).get(key)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise BadCalibration(f'"{name}.{key}" is not a number')
    return float(value)


def _head(values: Mapping[str, object], name: str) -> HeadCalibration:
    return HeadCalibration(
        temperature=_number(values, name, "temperature"),
        sure=_number(values, name, "sure"),
        languages=_languages(values, name),
    )


def _languages(values: Mapping[str, object], name: str) -> Mapping[str, float]:
    """Temperatures by language; weights calibrated before there were any have none."""
    entry = _entry(values, name)
    if "languages" not in entry:
        return {}
    return {lang: _number(entry, "languages", lang) for lang in _entry(entry, "languages")}
