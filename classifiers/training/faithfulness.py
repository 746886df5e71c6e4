"""Whether an explanation is true to the model: words it names must cost the label more than words drawn at random.

Measured as "comprehensiveness" (DeYoung et al., ERASER, ACL 2020): how much probability the label loses when the named
words are deleted, beside the loss from as many random other words of the same text.
"""

import random
import re
from collections.abc import Collection, Sequence
from typing import Final

from classifiers.encoder import Encoder
from classifiers.explain import HEADS, explain, label_scores
from classifiers.text import clean
from classifiers.training.corpora import MentionExample

MOST: Final = 120
"""Texts explained: each costs some forty passes."""
NAMED: Final = 2
_WORD: Final = re.compile(r"\S+")
_SEED: Final = 20_261_121


def faithfulness(examples: Sequence[MentionExample], encoder: Encoder) -> dict[str, dict[str, float]]:
    """For each head: texts counted, and the mean loss of the label in points, named words and random words deleted."""
    rng = random.Random(_SEED)  # noqa: S311 - drawing texts, not secrecy
    losses: dict[str, list[tuple[float, float]]] = {head: [] for head in HEADS}
    for example in rng.sample(list(examples), min(MOST, len(examples))):
        text = clean(example.text).text
        words = [match.span() for match in _WORD.finditer(text)]
        for head, carriers in explain(text, example.lang, encoder).items():
            named = {(c.start, c.end) for c in carriers[:NAMED]}
            others = [word for word in words if not any(word[0] < end and start < word[1] for start, end in named)]
            if not named or len(others) < len(named):
                continue
            drawn = rng.sample(others, len(named))
            whole, without, random_out = encoder.run([text, _cut(text, named), _cut(text, drawn)])
            score = label_scores(whole, example.lang, encoder)[head]
            losses[head].append((score(whole) - score(without), score(whole) - score(random_out)))
    return {
        head: {
            "n": len(pairs),
            "named_words": round(100 * sum(a for a, _ in pairs) / max(1, len(pairs)), 1),
            "random_words": round(100 * sum(b for _, b in pairs) / max(1, len(pairs)), 1),
        }
        for head, pairs in losses.items()
    }


def _cut(text: str, parts: Collection[tuple[int, int]]) -> str:
    for start, end in sorted(parts, reverse=True):
        text = text[:start] + text[end:]
    return text
