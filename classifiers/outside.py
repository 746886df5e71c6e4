"""A head that somebody else's model answers: texts in, probabilities of our labels out.

One window is one call, as in `encoder`: padding and batch size move the last digits of a score, and the same text must
get the same ones alone and in company.
"""

import math
import re
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from classifiers.heads import logistic, softmax
from classifiers.hub import HubChoice, Part, load
from classifiers.label_map import BadLabelMap, Head
from classifiers.legible import legible
from classifiers.tokens import MOST_WINDOWS, mask_addresses
from classifiers.types import ModelUnavailable, Toxicity

RETRY_SECONDS: Final = 300.0
"""How long a model that could not be loaded is left alone."""
_UNREADABLE: Final = re.compile("[\ud800-\udfff\x00]")


@dataclass(frozen=True, slots=True, kw_only=True)
class OutsideAnswer:
    """The probability (0…1) of each of our labels; `whole` is false when only a spread of the text was read."""

    scores: Mapping[str, float]
    whole: bool = True

    @property
    def label(self) -> str:
        """The likeliest label."""
        return max(self.scores, key=self.scores.__getitem__)


class Classifier(Protocol):
    """A loaded model with labels of its own, of which exactly one holds (`exclusive`) or each for itself."""

    labels: tuple[str, ...]
    exclusive: bool

    def windows(self, text: str) -> Sequence[Part]:
        """The whole text in windows."""
        ...

    def logits(self, part: Part) -> Sequence[float]:
        """One number a label."""
        ...


class OutsideHead:
    """One head's outside model, loaded with the first text. Safe to share between threads."""

    def __init__(self, choice: HubChoice, load_model: Callable[[HubChoice], Classifier] = load) -> None:
        self.choice = choice
        self._load_model = load_model
        self._loaded: Classifier | None = None
        self._fault: str | None = None
        self._retry_at = 0.0
        self._lock = threading.Lock()

    def answers(self, texts: Sequence[str]) -> list[OutsideAnswer | None]:
        """One answer for each cleaned text, in order; None where the model failed on that text alone.

        Raises ModelUnavailable when the model cannot be used at all, and then the same for `RETRY_SECONDS` without
        another try.
        """
        classifier = self.classifier()
        return [self._answer(classifier, text) for text in texts]

    def classifier(self) -> Classifier:
        """The model, loaded and found to fit the label map; raises ModelUnavailable as `answers` does."""
        with self._lock:
            if self._loaded is not None:
                return self._loaded
            if self._fault is not None and time.monotonic() < self._retry_at:
                raise ModelUnavailable(self._fault)
            try:
                self._loaded = self._fitting()
            except Exception as error:  # a broken torch or folder has errors of every kind; judging goes on without it
                known = error if isinstance(error, ModelUnavailable) else self.choice.unusable(type(error).__name__)
                self._fault, self._retry_at = str(known), time.monotonic() + RETRY_SECONDS
                raise known from error
            return self._loaded

    def _fitting(self) -> Classifier:
        classifier = self._load_model(self.choice)
        try:
            self.choice.labels.check(classifier.labels, exclusive=classifier.exclusive)
        except BadLabelMap as error:
            raise self.choice.unusable(str(error)) from error
        return classifier

    def _answer(self, classifier: Classifier, text: str) -> OutsideAnswer | None:
        """Toxicity is that of the worst window, the rest the mean of the windows by length, as our own heads do it."""
        try:
            parts = classifier.windows(readable(text))
            read = spread(parts)
            found = [self._scores(classifier, part) for part in read]
        except Exception:  # noqa: BLE001 - whatever a text does to somebody's model costs only this answer
            return None
        whole = len(read) == len(parts)
        if self.choice.head is Head.TOXICITY:
            return OutsideAnswer(scores=max(found, key=lambda scores: scores[Toxicity.TOXIC]), whole=whole)
        lengths = [part.length for part in read]
        mean = {
            label: sum(scores[label] * length for scores, length in zip(found, lengths, strict=True)) / sum(lengths)
            for label in found[0]
        }
        return OutsideAnswer(scores=mean, whole=whole)

    def _scores(self, classifier: Classifier, part: Part) -> dict[str, float]:
        logits = classifier.logits(part)
        if not all(math.isfinite(value) for value in logits):
            raise ValueError("the model gave something that is not a number")
        found = probabilities(logits, exclusive=classifier.exclusive)
        return self.choice.labels.read(classifier.labels, found, exclusive=classifier.exclusive)


def readable(text: str) -> str:
    """A cleaned text as our own encoder reads it: addresses masked, disguises undone, no lone surrogate or NUL."""
    return _UNREADABLE.sub(" ", legible(mask_addresses(text)))


def spread(parts: Sequence[Part]) -> Sequence[Part]:
    """The windows that are read: all of them, or an even spread with the first and the last."""
    if len(parts) <= MOST_WINDOWS:
        return parts
    return [parts[round(i * (len(parts) - 1) / (MOST_WINDOWS - 1))] for i in range(MOST_WINDOWS)]


def probabilities(logits: Sequence[float], *, exclusive: bool) -> list[float]:
    """Softmax over labels of which one holds, otherwise the logistic of each."""
    return softmax(logits) if exclusive else [logistic(value) for value in logits]
