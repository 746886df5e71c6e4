"""Figures of quality, each with what it takes to judge it: counts, intervals, calibration error."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

RESAMPLES: Final = 1000
_SEED: Final = 20_261_121
_BINS: Final = 10


def f1(gold: Sequence[str], said: Sequence[str], label: str) -> float:
    """F1 (0…1) of one label; 0 where it neither occurs nor is said."""
    hits = sum(g == s == label for g, s in zip(gold, said, strict=True))
    total = sum(g == label for g in gold) + sum(s == label for s in said)
    return 2 * hits / total if total else 0.0


def macro_f1(gold: Sequence[str], said: Sequence[str]) -> float:
    """Mean F1 (0…1) over the labels that occur in `gold`."""
    labels = sorted(set(gold))
    return sum(f1(gold, said, label) for label in labels) / len(labels) if labels else 0.0


def interval(gold: Sequence[str], said: Sequence[str]) -> tuple[float, float]:
    """95 % bootstrap interval of the macro-F1 (percentile method, `RESAMPLES` draws of rows with replacement)."""
    labels = sorted({*gold, *said})
    index = {label: i for i, label in enumerate(labels)}
    size = len(labels)
    cells = np.array([index[g] * size + index[s] for g, s in zip(gold, said, strict=True)])
    # Drawing rows with replacement is drawing the cells of the confusion matrix from their shares.
    shares = np.bincount(cells, minlength=size * size) / len(cells)
    draws = np.random.default_rng(_SEED).multinomial(len(cells), shares, size=RESAMPLES).reshape(-1, size, size)
    scores = _macro_f1s(draws.astype(np.float64))
    return float(np.percentile(scores, 2.5)), float(np.percentile(scores, 97.5))


def auc(scores: Sequence[float], yes: Sequence[bool]) -> float:
    """Chance that a yes scores above a no (Mann-Whitney), ties counting half; 0.5 where one of them is missing."""
    values, flags = np.asarray(scores, dtype=np.float64), np.asarray(yes, dtype=bool)
    if flags.all() or not flags.any():
        return 0.5
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    positives = int(flags.sum())
    return float((ranks[flags].sum() - positives * (positives + 1) / 2) / (positives * (len(flags) - positives)))


def threshold_at(scores: Sequence[float], false_alarms: float) -> float:
    """The lowest threshold at which at most this share (0…1) of `scores`, all of safe texts, is stopped."""
    ordered = sorted(scores, reverse=True)
    allowed = int(false_alarms * len(ordered))
    if allowed >= len(ordered):
        return 0.0
    above = ordered[allowed - 1] if allowed else 1.0
    return (above + ordered[allowed]) / 2


def calibration_error(scores: Sequence[float], right: Sequence[bool]) -> float:
    """Expected calibration error (0…1): mean gap between score and accuracy over ten equal bins, by their size."""
    values, flags = np.asarray(scores, dtype=np.float64), np.asarray(right, dtype=np.float64)
    places = np.minimum((values * _BINS).astype(int), _BINS - 1)
    gaps = [abs(values[places == b].sum() - flags[places == b].sum()) for b in range(_BINS)]
    return float(sum(gaps) / len(values)) if len(values) else 0.0


def _macro_f1s(matrices: NDArray[np.float64]) -> NDArray[np.float64]:
    """Macro-F1 of each confusion matrix, over the labels that occur in its gold."""
    hits = np.einsum("nii->ni", matrices)
    gold, said = matrices.sum(axis=2), matrices.sum(axis=1)
    scores = np.divide(2 * hits, gold + said, out=np.zeros_like(hits), where=gold + said > 0)
    occurs = gold > 0
    result: NDArray[np.float64] = (scores * occurs).sum(axis=1) / np.maximum(occurs.sum(axis=1), 1)
    return result
