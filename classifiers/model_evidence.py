"""What the encoder says of a draft, weighed by what can be seen: evidence for findings, with the words it points at.

The encoder was trained on written examples and is too sure of itself on other people's plain answers. Two things
bring it back: a category whose sign is not in the text (a link, a field, a number) gives no evidence, and below
`FLOOR` its word alone stops nothing.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from classifiers.encoder import DraftOutput, TokenRisk
from classifiers.rule_engine import DraftInContext
from classifiers.types import Category

FLOOR: Final = 2.15
"""Log-odds below which the encoder alone stops nothing: measured, docs/reply-check.md says on what."""
_WEIGHT_OF_SIGNS: Final = 2.0
"""How strongly the log-odds fall when the likeliest categories are ruled out; measured like `FLOOR`."""
_ALSO: Final = 0.5
"""Probability from which a further category is named beside the strongest."""
_RUN: Final = 0.5
"""Tokens from this share of the strongest one's probability belong to its run."""
_TINY: Final = 1e-6

_LEADING_HANDLES: Final = re.compile(r"(?:\s*@\w[\w.]*[\s,:]*)+")
_FIELD_SIGN: Final = re.compile(r"[\[\]{}<>()_%#]|X{2,}|Х{2,}|\b(?:todo|tbd)\b", re.IGNORECASE)
_DATA_SIGN: Final = re.compile(
    r"\d[\d ()-]{3,}\d|\w@\w|[А-ЯІЇЄҐ][\w']+ [А-ЯІЇЄҐ][\w']+|[A-Z]\w+ [A-Z]\w+|رقم|عنوان|حساب|باسم"
)
_QUESTION: Final = re.compile(r"[?؟]")
_ASKS_ON: Final = re.compile(
    r"[?؟]|let us know|\bdm\b|message us|write to us|личк|личн\w+ сообщ|напишите|приват|особист|напишіть|الخاص|راسل|ابعت|أرسل"
)


class DraftEncoder(Protocol):
    """What judges pairs of mention and draft; `classifiers.encoder.Encoder` does."""

    model: str
    revision: str

    def run_drafts(self, pairs: Sequence[tuple[str | None, str]]) -> list[DraftOutput]:
        """One output for each pair; raises ModelUnavailable."""

    def threshold_for(self, lang: str | None) -> float:
        """The risk from which a draft in this language is stopped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """The encoder's say on a draft: `risk` in 0…1, one half where it alone stops a draft; where, and what for.

    `start` and `end` are code points of the original draft; `categories` are in order of probability, likeliest first.
    """

    risk: float
    start: int
    end: int
    categories: Mapping[Category, float]
    whole: bool


def without_handles(text: str) -> tuple[str, int]:
    """A text without the handles that a platform puts before a reply, and how many code points were cut."""
    match = _LEADING_HANDLES.match(text)
    cut = match.end() if match and match.end() < len(text) else 0
    return text[cut:], cut


def log_odds(probability: float) -> float:
    """The logarithm of the odds of a probability, bounded at both ends."""
    bounded = min(max(probability, _TINY), 1 - _TINY)
    return math.log(bounded / (1 - bounded))


def weigh(output: DraftOutput, context: DraftInContext, *, cut: int, threshold: float, feels: bool) -> Evidence:
    """The encoder's output as evidence.

    `cut` is what `without_handles` took from the draft; `threshold` the encoder's own for this language; `feels`
    whether the rules saw a word of concern in the draft.
    """
    kept = {category: p for category, p in output.categories.items() if _has_sign(category, context, feels=feels)}
    likeliest, kept_likeliest = max(output.categories.values()), max(kept.values())
    shrunk = _WEIGHT_OF_SIGNS * math.log(max(kept_likeliest, _TINY) / max(likeliest, _TINY))
    above = log_odds(output.risk) + shrunk - max(FLOOR, log_odds(threshold))
    named = sorted(kept.items(), key=lambda item: -item[1])
    start, end = strongest_run(output.tokens, context.draft.original[cut:])
    return Evidence(
        risk=1 / (1 + math.exp(-above)),
        start=start + cut,
        end=end + cut,
        categories=dict(named[:1] + [(category, p) for category, p in named[1:] if p >= _ALSO]),
        whole=output.whole,
    )


def _has_sign(category: Category, context: DraftInContext, *, feels: bool) -> bool:
    """Whether what a category is about can be seen at all; what rules see exactly is left to them."""
    draft = context.draft.plain.text
    mention = context.mention.plain.text if context.mention else ""
    match category:
        case Category.UNSAFE_LINK | Category.OFF_LANGUAGE | Category.SHOUTING:
            return False
        case Category.PLACEHOLDER:
            return _FIELD_SIGN.search(draft) is not None
        case Category.PERSONAL_DATA:
            return _DATA_SIGN.search(draft) is not None
        case Category.NO_EMPATHY:
            return bool(mention) and not feels
        case Category.UNANSWERED:
            return _QUESTION.search(mention) is not None and _ASKS_ON.search(draft.casefold()) is None
        case _:
            return True


def strongest_run(tokens: Sequence[TokenRisk], text: str) -> tuple[int, int]:
    """Where the riskiest words stand: the strongest token with its likely neighbours, widened to whole words."""
    if not tokens:
        return 0, len(text)
    best = max(range(len(tokens)), key=lambda place: tokens[place].probability)
    enough = tokens[best].probability * _RUN
    first = last = best
    while first > 0 and tokens[first - 1].probability >= enough:
        first -= 1
    while last + 1 < len(tokens) and tokens[last + 1].probability >= enough:
        last += 1
    start, end = tokens[first].start, tokens[last].end
    while start > 0 and text[start - 1].isalnum():
        start -= 1
    while end < len(text) and text[end].isalnum():
        end += 1
    while start < end and text[start].isspace():
        start += 1
    return start, end
