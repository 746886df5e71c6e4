"""The figures of the page Insights, made of judgements counted by week. Pure: counts in, rows out."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from classifiers.types import Intent, Sentiment
from monitor.drift import URGENT, Count, Head

WEEKS_SHOWN: Final = 12
_Z: Final = 1.959964
"""The normal quantile of a 95 % interval."""
_ASKED: Final = (
    ("complaint", Head.INTENT, Intent.COMPLAINT.value),
    ("negative", Head.SENTIMENT, Sentiment.NEGATIVE.value),
    ("urgent", Head.URGENCY, URGENT),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A share of `n` mentions with its 95 % interval, all in percent; meaningless while `n` is 0."""

    hits: int
    n: int
    percent: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    """What one week (its Monday) brought: mentions by language, and the shares of complaints, negative and urgent."""

    monday: date
    by_language: dict[str, int]
    shares: dict[str, Share]

    @property
    def n(self) -> int:
        """Mentions of this week."""
        return sum(self.by_language.values())


def languages(counts: Iterable[Count]) -> list[str]:
    """Languages by the number of their mentions, most first."""
    sizes: dict[str, int] = {}
    for count in counts:
        if count.cell.head is Head.SENTIMENT:
            sizes[count.cell.lang] = sizes.get(count.cell.lang, 0) + count.count
    return sorted(sizes, key=lambda lang: (-sizes[lang], lang))


def weeks(counts: Sequence[Count], *, this: date, lang: str | None = None) -> list[Week]:
    """The weeks from the first that has a mention, `WEEKS_SHOWN` at most, to the Monday `this`; of `lang` or of all.

    A week without a mention is there too, with zeros. Every mention is counted once a head, so any head tells how many
    there were.
    """
    first = this - timedelta(weeks=WEEKS_SHOWN - 1)
    shown = [count for count in counts if first <= count.cell.week <= this and lang in (None, count.cell.lang)]
    if not shown:
        return []
    begin = min(count.cell.week for count in shown)
    found = []
    for number in range((this - begin).days // 7 + 1):
        monday = begin + timedelta(weeks=number)
        own = [count for count in shown if count.cell.week == monday]
        by_language: dict[str, int] = {}
        for count in own:
            if count.cell.head is Head.SENTIMENT:
                by_language[count.cell.lang] = by_language.get(count.cell.lang, 0) + count.count
        n = sum(by_language.values())
        hits = {
            name: sum(count.count for count in own if count.cell.head is head and count.cell.label == label)
            for name, head, label in _ASKED
        }
        found.append(
            Week(
                monday=monday,
                by_language=by_language,
                shares={name: share(number_of, n) for name, number_of in hits.items()},
            )
        )
    return found


def share(hits: int, n: int) -> Share:
    """`hits` of `n` in percent, with Wilson's score interval (Journal of the ASA 22, 1927)."""
    if n <= 0:
        return Share(hits=0, n=0, percent=0.0, low=0.0, high=0.0)
    part = hits / n
    middle = (part + _Z**2 / (2 * n)) / (1 + _Z**2 / n)
    half = _Z / (1 + _Z**2 / n) * math.sqrt(part * (1 - part) / n + _Z**2 / (4 * n**2))
    return Share(
        hits=hits,
        n=n,
        percent=100 * part,
        low=100 * max(0.0, middle - half),
        high=100 * min(1.0, middle + half),
    )
