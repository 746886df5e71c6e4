"""Which words carried a judgement: each is left out in turn, and what the label loses is that word's weight.

Occlusion after Zeiler and Fergus, "Visualizing and Understanding Convolutional Networks", ECCV 2014, section 4.2,
on words instead of image patches. It asks the model itself, so it holds for whatever weights are loaded.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from classifiers.encoder import Encoder, MentionOutput
from classifiers.heads import logistic, softmax
from classifiers.text import CleanText, clean

HEADS: Final = ("sentiment", "toxicity", "intent", "urgency")
MOST_PIECES: Final = 40
"""Parts into which a text is cut at a time; about 3 ms each on a small machine."""
LEAST_WEIGHT: Final = 0.02
"""A word whose loss moves the label's probability by less than this carried nothing worth showing."""

_WORD: Final = re.compile(r"\S+")
_Part = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Carrier:
    """Words that spoke for a label: code points of the original text, and how much probability the label owes them.

    `weight` is above 0 and at most 1.
    """

    start: int
    end: int
    text: str
    weight: float


def explain(original: str, lang: str, encoder: Encoder) -> Mapping[str, tuple[Carrier, ...]]:
    """For each of `HEADS` the words that carried its label, heaviest first; empty where no single word did.

    `lang` is the language the text was judged in. Raises ModelUnavailable when the model cannot be used.
    """
    cleaned = clean(original)
    if not cleaned.text.strip():
        return dict.fromkeys(HEADS, ())
    scores = label_scores(encoder.run([cleaned.text])[0], lang, encoder)
    words = [(match.start(), match.end()) for match in _WORD.finditer(cleaned.text)]
    coarse = _grouped(words, MOST_PIECES)
    weights = _losses(cleaned.text, coarse, encoder, scores)
    if len(coarse) < len(words):
        heavy = sorted({max((loss[head], part) for part, loss in weights.items())[1] for head in HEADS})
        fine = [word for start, end in heavy for word in words if start <= word[0] and word[1] <= end]
        weights = _losses(cleaned.text, fine, encoder, scores)
    return {head: _carriers(original, cleaned, {part: loss[head] for part, loss in weights.items()}) for head in HEADS}


def label_scores(output: MentionOutput, lang: str, encoder: Encoder) -> Mapping[str, Callable[[MentionOutput], float]]:
    """For each of `HEADS`, what tells how probable (0…1) any output makes the label that this `output` chose."""
    calibration = encoder.calibration

    def of(logits: Callable[[MentionOutput], Sequence[float]], temperature: float) -> Callable[[MentionOutput], float]:
        chosen = max(range(len(logits(output))), key=logits(output).__getitem__)
        return lambda other: softmax(logits(other), temperature)[chosen]

    urgency = calibration.urgency
    heat = urgency.temperature_for(lang)
    urgent = logistic(output.urgent / heat) >= urgency.threshold
    return {
        "sentiment": of(lambda o: o.sentiment, calibration.sentiment.temperature_for(lang)),
        "toxicity": of(lambda o: o.toxicity, calibration.toxicity.temperature_for(lang)),
        "intent": of(lambda o: o.intent, calibration.intent.temperature_for(lang)),
        "urgency": lambda o: logistic((o.urgent if urgent else -o.urgent) / heat),
    }


def _losses(
    text: str,
    parts: Sequence[_Part],
    encoder: Encoder,
    scores: Mapping[str, Callable[[MentionOutput], float]],
) -> dict[_Part, dict[str, float]]:
    whole, *rest = encoder.run([text, *(f"{text[:start]}{text[end:]}" for start, end in parts)])
    return {
        part: {head: score(whole) - score(output) for head, score in scores.items()}
        for part, output in zip(parts, rest, strict=True)
    }


def _grouped(words: Sequence[_Part], most: int) -> list[_Part]:
    """Neighbouring words put together until there are at most `most` parts."""
    size = -(-len(words) // most)
    return [(words[i][0], words[min(i + size, len(words)) - 1][1]) for i in range(0, len(words), size)]


def _carriers(original: str, cleaned: CleanText, weights: Mapping[_Part, float]) -> tuple[Carrier, ...]:
    found = []
    for (start, end), weight in weights.items():
        if weight >= LEAST_WEIGHT:
            span = cleaned.span(start, end)
            found.append(Carrier(start=span.start, end=span.end, text=original[span.start : span.end], weight=weight))
    return tuple(sorted(found, key=lambda carrier: (-carrier.weight, carrier.start)))
