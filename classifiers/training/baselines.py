"""What simpler models reach on the same sets, trained on the same examples: the bar that the judge must clear.

Two of them, both with scikit-learn's logistic regression on top: character n-grams, and the base encoder as it came,
frozen. Each answers one question for each task of `training.evaluate`.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from classifiers.text import clean
from classifiers.tokens import Tokens
from classifiers.training.corpora import MentionExample, read_rows
from classifiers.training.evaluate import sets, some
from classifiers.training.measure import macro_f1
from classifiers.training.network import Encoder
from classifiers.types import Intent

MOST: Final = 20_000
"""Examples a task learns from at most, drawn at random: enough for a linear model, and the same for both."""
_BATCH: Final = 64
_LONGEST: Final = 128
_PREFIX: Final = (41, 1115, 12)
_SEED: Final = 20_261_121
Floats = NDArray[np.float32]


class _Model(Protocol):
    """The part of a scikit-learn classifier that is used."""

    def fit(self, x: object, y: Sequence[str]) -> object: ...

    def predict(self, x: object) -> Sequence[str]: ...


def labelled(examples: Sequence[MentionExample], task: str) -> list[tuple[str, str]]:
    """(text, label) of the examples that say something about a task, at most `MOST` of them."""
    known = [(e.text, label) for e in examples if (label := _LABEL[task](e)) is not None]
    return random.Random(_SEED).sample(known, min(MOST, len(known)))  # noqa: S311 - sampling, not secrecy


def baselines(
    folder: Path, examples: Sequence[MentionExample], tokens: Tokens, encoder: Encoder, limit: int | None
) -> dict[str, Mapping[str, float]]:
    """Macro-F1 (0…1) of both baselines on every set under a folder; `limit` draws that many rows of a set at random."""
    embedded = _Embedder(tokens, encoder)
    found: dict[str, Mapping[str, float]] = {}
    models: dict[str, tuple[_Model, _Model]] = {}
    for path in sets(folder):
        task = path.parent.name
        if task not in _LABEL:
            continue
        if task not in models:
            models[task] = _trained(labelled(examples, task), embedded)
        ngrams, frozen = models[task]
        rows = some(list(read_rows(path)), limit)
        texts, gold = [clean(row["text"]).text for row in rows], [row["label"] for row in rows]
        found[f"{task}/{path.name.removesuffix('.jsonl.gz')}"] = {
            "n": len(rows),
            "ngrams": macro_f1(gold, [str(label) for label in ngrams.predict(texts)]),
            "frozen": macro_f1(gold, [str(label) for label in frozen.predict(embedded(texts))]),
        }
    return found


def _trained(pairs: Sequence[tuple[str, str]], embedded: "_Embedder") -> tuple[_Model, _Model]:
    texts, labels = [clean(text).text for text, _ in pairs], [label for _, label in pairs]
    ngrams: _Model = make_pipeline(
        TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), min_df=3, max_features=200_000, sublinear_tf=True),
        LogisticRegression(C=4.0, max_iter=200, class_weight="balanced"),
    )
    frozen: _Model = LogisticRegression(C=10.0, max_iter=500, class_weight="balanced")
    ngrams.fit(texts, labels)
    frozen.fit(embedded(texts), labels)
    return ngrams, frozen


class _Embedder:
    """The frozen encoder's mean-pooled, unit-length embeddings, each text once."""

    def __init__(self, tokens: Tokens, encoder: Encoder) -> None:
        self._tokens, self._encoder = tokens, encoder.eval()
        self._known: dict[str, Floats] = {}

    @torch.no_grad()
    def __call__(self, texts: Sequence[str]) -> Floats:
        fresh = sorted({text for text in texts if text not in self._known}, key=len)
        for start in range(0, len(fresh), _BATCH):
            batch = fresh[start : start + _BATCH]
            rows = [self._ids(text) for text in batch]
            width = max(map(len, rows))
            ids = torch.tensor([[*row, *[1] * (width - len(row))] for row in rows])
            mask = torch.tensor([[1.0] * len(row) + [0.0] * (width - len(row)) for row in rows])
            with torch.autocast("cpu", dtype=torch.bfloat16):
                x = self._encoder(ids, torch.zeros_like(ids), mask).float()
            mean = (mask.unsqueeze(1) @ x).squeeze(1) / mask.sum(1, keepdim=True)
            unit = torch.nn.functional.normalize(mean, dim=-1).numpy()
            self._known.update(zip(batch, unit, strict=True))
        return np.array([self._known[text] for text in texts])

    def _ids(self, text: str) -> tuple[int, ...]:
        first, *rest = self._tokens.mention_windows(text)[0].ids
        return (first, *_PREFIX, *rest[: _LONGEST - 1])


def _is(wanted: Intent, yes: str, no: str) -> Callable[[MentionExample], str | None]:
    def label(example: MentionExample) -> str | None:
        if example.intents is None:
            return None
        if example.intents == {wanted}:
            return yes
        return None if wanted in example.intents else no

    return label


def _toxic(yes: str, no: str) -> Callable[[MentionExample], str | None]:
    return lambda example: None if example.toxic is None else (yes if example.toxic else no)


_LABEL: Final[Mapping[str, Callable[[MentionExample], str | None]]] = {
    "sentiment": lambda example: example.sentiment,
    "toxicity": _toxic("toxic", "clean"),
    "hate": _toxic("hate", "other"),
    "complaint": _is(Intent.COMPLAINT, "complaint", "other"),
    "spam": _is(Intent.SPAM, "spam", "ham"),
}
"""How each task's labels follow from an example; None where it says nothing about the task."""
