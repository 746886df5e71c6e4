"""What the encoder says of a draft, weighed by what can be seen: evidence for findings, with the words it points at.

The encoder was trained on written examples and is too sure of itself on other people's plain answers. Two things
bring it back: a category whose sign is not in the text (a link, a field, a number) gives no evidence, and below a
floor (`rules/model.toml`) its word alone stops nothing.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from classifiers.encoder import DraftOutput, TokenRisk
from classifiers.rule_engine import DraftInContext
from classifiers.types import Category

_WEIGHT_OF_SIGNS: Final = 1.0
"""How strongly the log-odds fall when the likeliest categories are ruled out; measured like the floor."""
_ALSO: Final = 0.5
"""Probability from which a further category is named beside the strongest."""
_RUN: Final = 0.5
"""Tokens from this share of the strongest one's probability belong to its run."""
_TINY: Final = 1e-6
_NEED_CERTAINTY: Final = frozenset({Category.NO_EMPATHY, Category.UNANSWERED, Category.PLACEHOLDER})
"""Categories about what is missing: a leaning towards them is in every short answer."""

_LEADING_HANDLES: Final = re.compile(r"(?:\s*@\w[\w.]*[\s,:]*)+(?:\(?\d/\d\)?\s*-?\s*)?")
_AGENT_MARK: Final = re.compile(r"\s*(?:\^\s?[A-Za-z]{1,14}|\*[A-Z]{2,3}|[–—-]\s?[A-Z][a-z]{1,14})\s*$")
_FIELD_SIGN: Final = re.compile(r"[\[\]{}<>()_%#]|X{2,}|Х{2,}|\b(?:todo|tbd)\b", re.IGNORECASE)
_DATA_SIGN: Final = re.compile(
    r"\d[\d ()-]{3,}\d|\w@\w|[А-ЯІЇЄҐ][\w']+ [А-ЯІЇЄҐ][\w']+|[A-Z]\w+ [A-Z]\w+|رقم|عنوان|حساب|باسم"
)
_LONG_WORD: Final = re.compile(r"(?<![\w@])[^\W\d_]{4,}")
_ARTICLE: Final = re.compile("^[وفبكل]?(?:ال|لل)")
_TAKEN_UP: Final = 2
_QUESTION: Final = re.compile(r"[?؟]")
_ASKS_ON: Final = re.compile(
    r"[?؟]|let us know|\bdm\b|message us|write to us|личк|личн\w+ сообщ|напишите|приват|особист|напишіть|الخاص"
    r"|راسل|ابعت|أرسل"
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


def own_words(text: str) -> tuple[str, int]:
    """A reply without the handles before it and the agent's mark after it, and how many code points went before it.

    Platforms put handles there and help desks a mark (^Kim, *TB, 1/2); neither says anything to the reader.
    """
    match = _LEADING_HANDLES.match(text)
    cut = match.end() if match and match.end() < len(text) else 0
    return _AGENT_MARK.sub("", text[cut:]) or text[cut:], cut


def log_odds(probability: float) -> float:
    """The logarithm of the odds of a probability, bounded at both ends."""
    bounded = min(max(probability, _TINY), 1 - _TINY)
    return math.log(bounded / (1 - bounded))


def weigh(
    output: DraftOutput, context: DraftInContext, *, cut: int, threshold: float, floor: float, feels: bool
) -> Evidence:
    """The encoder's output as evidence.

    `cut` is what `own_words` took from the draft; `threshold` the encoder's own for this language, `floor`
    the log-odds that its word alone must reach; `feels` whether the rules saw a word of concern in the draft.
    """
    kept = {
        category: p
        for category, p in output.categories.items()
        if (category not in _NEED_CERTAINTY or p >= _ALSO) and _has_sign(category, context, feels=feels)
    }
    likeliest, kept_likeliest = max(output.categories.values()), max(kept.values())
    shrunk = _WEIGHT_OF_SIGNS * math.log(max(kept_likeliest, _TINY) / max(likeliest, _TINY))
    above = log_odds(output.risk) + shrunk - max(floor, log_odds(threshold))
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
            asked = _QUESTION.search(mention) is not None
            return asked and _ASKS_ON.search(draft.casefold()) is None and not _takes_up(context)
        case _:
            return True


def _takes_up(context: DraftInContext) -> bool:
    """Whether a draft takes up words of the mention, as an answer does and an advertisement does not."""
    mention = context.mention.text if context.mention else ""
    asked, said = ({_stem(word) for word in _LONG_WORD.findall(text)} for text in (mention, context.draft.text))
    return len(asked & said) >= _TAKEN_UP


def _stem(word: str) -> str:
    return _ARTICLE.sub("", word)[:4]


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
