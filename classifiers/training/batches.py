"""Examples as tensors, in an order that follows from the seed and the step alone, so that training can resume."""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final, TypeVar

import torch
from torch import Tensor

from classifiers.heads import CATEGORIES, INTENTS, POLITENESS, REASONS, SENTIMENTS
from classifiers.tokens import Tokens, Window
from classifiers.training.corpora import DraftExample, MentionExample, token_labels

IGNORE: Final = -100
LONGEST: Final = 128
"""Tokens of a mention seen in training; hardly any is longer."""
PLAIN: Final = 0.15
"""How often a text is seen in lower case and without its last mark: tired people write so."""
PUBLIC_WEIGHT: Final = 0.7
"""What a batch of public texts counts beside one of written texts: they are few-sided."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Mentions:
    """A batch of texts; labels are `IGNORE` (or all intents allowed) where nothing is known."""

    ids: Tensor
    mask: Tensor
    sentiment: Tensor
    toxicity: Tensor
    intents: Tensor
    urgent: Tensor
    reason: Tensor
    politeness: Tensor
    weight: float


@dataclass(frozen=True, slots=True)
class Drafts:
    """A batch of drafts with their mentions; `tokens` is `IGNORE` outside the draft."""

    ids: Tensor
    types: Tensor
    mask: Tensor
    risky: Tensor
    categories: Tensor
    tokens: Tensor


@dataclass(frozen=True, slots=True)
class Mention:
    """One text, tokenised as it is and as a tired hand writes it."""

    ids: tuple[int, ...]
    plain: tuple[int, ...]
    example: MentionExample


@dataclass(frozen=True, slots=True)
class Draft:
    """One draft, tokenised, with a label for each token of its window."""

    window: Window
    labels: tuple[int, ...]
    example: DraftExample


def tokenised_mention(example: MentionExample, tokens: Tokens) -> Mention:
    """A text ready to be batched."""
    plain = example.text.lower().rstrip(".!… ")
    return Mention(_first(tokens, example.text), _first(tokens, plain), example)


def tokenised_draft(example: DraftExample, tokens: Tokens) -> Draft:
    """A draft ready to be batched: its first window."""
    window = tokens.draft_windows(example.mention, example.draft)[0]
    inside = token_labels(example.spans, [(t.start, t.end) for t in window.tokens])
    labels = [IGNORE] * len(window.ids)
    labels[window.first : window.first + len(inside)] = [int(flag) for flag in inside]
    return Draft(window, tuple(labels), example)


def stream(items: Sequence[T], size: int, *, seed: str, length: Callable[[T], int], skip: int = 0) -> Iterator[list[T]]:
    """Endless batches, each epoch shuffled anew, neighbours in length together; the first `skip` are passed over."""
    return islice(_batches(items, size, seed, length), skip, None)


def collate_mentions(batch: Sequence[Mention], *, rng: random.Random) -> Mentions:
    """Texts padded to the longest, with their labels."""
    rows = [item.plain if rng.random() < PLAIN else item.ids for item in batch]
    examples = [item.example for item in batch]
    ids, mask = _padded(rows)
    return Mentions(
        ids=ids,
        mask=mask,
        sentiment=torch.tensor([_index(SENTIMENTS, e.sentiment) for e in examples]),
        toxicity=torch.tensor([IGNORE if e.toxic is None else int(e.toxic) for e in examples]),
        intents=torch.tensor([[e.intents is None or i in e.intents for i in INTENTS] for e in examples]),
        urgent=torch.tensor([IGNORE if e.urgent is None else int(e.urgent) for e in examples]),
        reason=torch.tensor([_index(REASONS, e.reason) for e in examples]),
        politeness=torch.tensor([_index(POLITENESS, e.politeness) for e in examples]),
        weight=1.0 if all(e.source == "written" for e in examples) else PUBLIC_WEIGHT,
    )


def collate_drafts(batch: Sequence[Draft]) -> Drafts:
    """Pairs padded to the longest, with their labels."""
    ids, mask = _padded([item.window.ids for item in batch])
    types, _ = _padded([item.window.types for item in batch], fill=0)
    labels, _ = _padded([item.labels for item in batch], fill=IGNORE)
    return Drafts(
        ids=ids,
        types=types,
        mask=mask,
        risky=torch.tensor([float(item.example.risky) for item in batch]),
        categories=torch.tensor([[float(c in item.example.categories) for c in CATEGORIES] for item in batch]),
        tokens=labels,
    )


def _first(tokens: Tokens, text: str) -> tuple[int, ...]:
    ids = tokens.mention_windows(text)[0].ids
    return ids if len(ids) <= LONGEST else (*ids[: LONGEST - 1], ids[-1])


def _index(labels: Sequence[object], label: object) -> int:
    return IGNORE if label is None else labels.index(label)


def _padded(rows: Sequence[Sequence[int]], fill: int = 1) -> tuple[Tensor, Tensor]:
    width = max(map(len, rows))
    padded = torch.tensor([[*row, *[fill] * (width - len(row))] for row in rows])
    mask = torch.tensor([[1] * len(row) + [0] * (width - len(row)) for row in rows])
    return padded, mask


def _batches(items: Sequence[T], size: int, seed: str, length: Callable[[T], int]) -> Iterator[list[T]]:
    epoch = 0
    while True:
        rng = random.Random(f"{seed}-{epoch}")  # noqa: S311 - shuffling, not secrecy
        order = rng.sample(range(len(items)), len(items))
        batches = []
        for start in range(0, len(order), size * 16):
            near = sorted(order[start : start + size * 16], key=lambda i: length(items[i]))
            batches += [near[i : i + size] for i in range(0, len(near), size)]
        rng.shuffle(batches)
        yield from ([items[i] for i in batch] for batch in batches)
        epoch += 1
