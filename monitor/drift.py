"""Whether what the model says about a language has moved: this week's judgements beside those of the weeks before.

Pure: counts in, values out. A week is seven days from Monday 00:00 UTC. Only judgements of one model revision are
compared, the newest: another revision scores differently by nature, so it begins a reference of its own.

Each head is looked at twice: which labels it gave, and how high it scored them (for urgency: the probability itself).
The measure is the population stability index with the thresholds that its field uses. Because an index of few texts is
mostly chance, both sides need a minimum of texts, and chance alone must explain the index less often than once in
a thousand comparisons: a quiet brand is never alarmed.
"""

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Final

from classifiers.types import Assessment

BINS: Final = 10
"""Score bins of one tenth each; the last one holds 1.0 too."""
REFERENCE_WEEKS: Final = 4
LEAST_NOW: Final = 200
"""Texts of a language that a week needs before it is compared, and below, what the weeks before it need together."""
LEAST_BEFORE: Final = 400
MOVED: Final = 0.1
SHIFTED: Final = 0.25
SAME_MEAN: Final = 0.01
"""Mean scores closer than this are written alike, so that they are no news."""
SMOOTHING: Final = 0.5
"""Added to every cell, so that an empty one costs no infinity (Krichevsky and Trofimov, IEEE Trans. IT 27(2), 1981)."""
_CHANCE_Z: Final = 3.0902
"""The normal quantile of 0.999."""
URGENT: Final = "urgent"
CALM: Final = "calm"


class Head(StrEnum):
    """What is judged, one by one."""

    SENTIMENT = "sentiment"
    TOXICITY = "toxicity"
    INTENT = "intent"
    URGENCY = "urgency"


class View(StrEnum):
    """Which side of a head is compared."""

    LABELS = "labels"
    SCORES = "scores"


class State(StrEnum):
    """What a comparison came to."""

    STEADY = "steady"
    MOVED = "moved"  # at or above 0.1: worth a look
    SHIFTED = "shifted"  # at or above 0.25: an alarm
    FEW = "few"  # too few texts this week
    GATHERING = "gathering"  # too few texts in the weeks before
    NEW_MODEL = "new-model"  # as gathering, because the model's revision changed


class Direction(StrEnum):
    """Which way the largest part of a move went."""

    MORE = "more"  # of the named label
    LESS = "less"
    SURER = "surer"
    LESS_SURE = "less-sure"
    HIGHER = "higher"  # urgency, whose score is its probability
    LOWER = "lower"
    SPREAD = "spread"  # the mean score stayed, its distribution did not


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Cell:
    """One place in the histogram that judgements are counted in; `week` is its Monday."""

    week: date
    lang: str
    head: Head
    model: str
    revision: str
    label: str
    bin: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """How many judgements stand in a cell, and when the last one came (UTC)."""

    cell: Cell
    count: int
    last_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """What moved most: the share of `label` (or the mean score, where it is None) before and now, in 0…1."""

    direction: Direction
    label: str | None
    before: float
    after: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """How a language's week compares, for one head.

    `before` and `after` hold, view by view, the shares of the weeks before and of this one (each adds up to 1), under
    a label or a bin's number; `psi` and `move` are of the view that moved more, None where nothing could be compared.
    `since` is the first week of the reference, None while there is none.
    """

    lang: str
    head: Head
    week: date
    model: str
    revision: str
    state: State
    n: int
    reference_n: int
    since: date | None
    view: View
    psi: float | None
    move: Move | None
    before: Mapping[View, Mapping[str, float]]
    after: Mapping[View, Mapping[str, float]]


def week_of(moment: datetime) -> date:
    """The Monday (UTC) of the week that an aware time lies in."""
    day = moment.astimezone(UTC).date()
    return day - timedelta(days=day.weekday())


def bin_of(score: float) -> int:
    """The bin, 0 to 9, of a score in 0…1; what is no number lies in the first."""
    return min(max(int(score * BINS), 0), BINS - 1) if math.isfinite(score) else 0


def cells_of(assessment: Assessment, *, created_at: datetime, assessed_at: datetime) -> tuple[Cell, ...]:
    """Where a judgement is counted, a cell for each head: in the week of its post, or of itself if that was earlier.

    The second only happens to posts whose source has them written in the future.
    """
    week = week_of(min(created_at, assessed_at))
    urgency = assessment.urgency
    found = (
        (Head.SENTIMENT, assessment.sentiment.label.value, assessment.sentiment.score),
        (Head.TOXICITY, assessment.toxicity.label.value, assessment.toxicity.score),
        (Head.INTENT, assessment.intent.label.value, assessment.intent.score),
        (Head.URGENCY, URGENT if urgency.urgent else CALM, urgency.score),
    )
    return tuple(
        Cell(
            week=week,
            lang=assessment.lang.label,
            head=head,
            model=assessment.model,
            revision=assessment.revision,
            label=label,
            bin=bin_of(score),
        )
        for head, label, score in found
    )


def psi(reference: Sequence[int], current: Sequence[int]) -> float:
    """The population stability index of two histograms over the same bins: 0 when their shares are equal.

    PSI = Σ (cᵢ − rᵢ) · ln(cᵢ / rᵢ) over the bins' shares, which is the symmetric divergence of Kullback and Leibler
    ("On information and sufficiency", 1951). Its name and the thresholds 0.1 (look) and 0.25 (act) come from credit
    scoring: Siddiqi, "Credit Risk Scorecards" (2006). `SMOOTHING` is added to every bin; bins empty on both sides say
    nothing and are left out. Raises ValueError for histograms of different lengths or with negative counts.
    """
    if any(count < 0 for count in (*reference, *current)):
        raise ValueError("a histogram has no negative counts")
    both = [pair for pair in zip(reference, current, strict=True) if any(pair)]
    before = sum(pair[0] for pair in both) + SMOOTHING * len(both)
    after = sum(pair[1] for pair in both) + SMOOTHING * len(both)
    shares = [((old + SMOOTHING) / before, (new + SMOOTHING) / after) for old, new in both]
    return sum((new - old) * math.log(new / old) for old, new in shares)


def chance(reference: Sequence[int], current: Sequence[int]) -> float:
    """The index that two samples of one and the same distribution stay under 999 times in 1,000.

    Without a change the index is about (1/n + 1/m) times a chi-square of bins − 1 degrees of freedom: Yurdakul and
    Naranjo, "Statistical properties of the population stability index", Journal of Risk Model Validation 14(4), 2020.
    The chi-square's quantile is that of Wilson and Hilferty (1931). Infinite while a side is empty.
    """
    n, m = sum(current), sum(reference)
    if n <= 0 or m <= 0:
        return math.inf
    degrees = sum(1 for pair in zip(reference, current, strict=True) if any(pair)) - 1
    if degrees < 1:
        return 0.0
    spread = 2 / (9 * degrees)
    return (1 / n + 1 / m) * float(degrees * (1 - spread + _CHANCE_Z * math.sqrt(spread)) ** 3)


def newest(counts: Iterable[Count]) -> tuple[str, str] | None:
    """Model and revision of the latest judgement; None without any. What no model could judge has no revision."""
    judged = [count for count in counts if count.cell.revision]
    if not judged:
        return None
    latest = max(judged, key=lambda count: count.last_at)
    return latest.cell.model, latest.cell.revision


def drifts(counts: Collection[Count], *, now: datetime) -> list[Drift]:
    """How each language and head compares at `now`, by language (most texts first), then by head.

    `counts` reach back `REFERENCE_WEEKS` + 1 weeks at least. While this week has too few texts, a week that is over
    and had enough is shown in its place.
    """
    current = newest(counts)
    if current is None:
        return []
    this = week_of(now)
    sizes: dict[str, int] = {}
    for count in counts:
        if count.cell.head is Head.SENTIMENT and count.cell.week >= this - timedelta(weeks=REFERENCE_WEEKS):
            sizes[count.cell.lang] = sizes.get(count.cell.lang, 0) + count.count
    apart: dict[tuple[str, Head], list[Count]] = {}
    for count in counts:
        apart.setdefault((count.cell.lang, count.cell.head), []).append(count)
    found = []
    for lang in sorted((lang for lang, size in sizes.items() if size > 0), key=lambda lang: (-sizes[lang], lang)):
        for head in Head:
            own = apart.get((lang, head), [])
            drift = compared(own, week=this, current=current, lang=lang, head=head)
            if drift.n < LEAST_NOW:
                last = compared(own, week=this - timedelta(weeks=1), current=current, lang=lang, head=head)
                drift = last if last.n >= LEAST_NOW else drift
            found.append(drift)
    return found


def compared(counts: Collection[Count], *, week: date, current: tuple[str, str], lang: str, head: Head) -> Drift:
    """One week of one language and head (whose `counts` these are) beside the four before, for one model revision."""
    first = week - timedelta(weeks=REFERENCE_WEEKS)
    ours = [count for count in counts if (count.cell.model, count.cell.revision) == current and count.count > 0]
    now = [count for count in ours if count.cell.week == week]
    before = [count for count in ours if first <= count.cell.week < week]
    others = any(
        count.count > 0 and count.cell.revision and (count.cell.model, count.cell.revision) != current
        for count in counts
        if first <= count.cell.week <= week
    )
    n, m = sum(count.count for count in now), sum(count.count for count in before)
    tables = {view: (_table(before, view), _table(now, view)) for view in View}
    view, index = View.LABELS, None
    state = State.FEW
    if m < LEAST_BEFORE:
        state = State.NEW_MODEL if others else State.GATHERING
    elif n >= LEAST_NOW:
        state, view, index = _judged(tables)
    return Drift(
        lang=lang,
        head=head,
        week=week,
        model=current[0],
        revision=current[1],
        state=state,
        n=n,
        reference_n=m,
        since=min((count.cell.week for count in before), default=None),
        view=view,
        psi=index,
        move=_move(head, view, *tables[view]) if index is not None else None,
        before={name: _shares(pair[0]) for name, pair in tables.items()},
        after={name: _shares(pair[1]) for name, pair in tables.items()},
    )


Table = Mapping[str, int]


def _table(counts: Iterable[Count], view: View) -> Table:
    table: dict[str, int] = {str(place): 0 for place in range(BINS)} if view is View.SCORES else {}
    for count in counts:
        name = count.cell.label if view is View.LABELS else str(count.cell.bin)
        table[name] = table.get(name, 0) + count.count
    return table


def _judged(tables: Mapping[View, tuple[Table, Table]]) -> tuple[State, View, float]:
    """The state, and the view and index that say it: the strongest state first, then the highest index."""
    found = []
    for view, (before, after) in tables.items():
        names = sorted({*before, *after})
        old, new = [before.get(name, 0) for name in names], [after.get(name, 0) for name in names]
        index = psi(old, new)
        state = State.STEADY
        if index >= MOVED and index > chance(old, new):
            state = State.SHIFTED if index >= SHIFTED else State.MOVED
        found.append((state, view, index))
    return max(found, key=lambda one: ((State.STEADY, State.MOVED, State.SHIFTED).index(one[0]), one[2]))


def _move(head: Head, view: View, before: Table, after: Table) -> Move:
    old, new = _shares(before), _shares(after)
    if view is View.SCORES:
        earlier, later = _mean(old), _mean(new)
        up, down = Direction.SURER, Direction.LESS_SURE
        if head is Head.URGENCY:
            up, down = Direction.HIGHER, Direction.LOWER
        direction = up if later >= earlier else down
        if abs(later - earlier) < SAME_MEAN:
            direction = Direction.SPREAD
        return Move(direction=direction, label=None, before=earlier, after=later)
    gains = {name: new.get(name, 0.0) - old.get(name, 0.0) for name in sorted({*old, *new})}
    # Of two that moved alike, as one label's loss is the other's gain, the one that there is more of.
    label = max(gains, key=lambda name: (round(abs(gains[name]), 9), gains[name]))
    earlier, later = old.get(label, 0.0), new.get(label, 0.0)
    direction = Direction.MORE if later >= earlier else Direction.LESS
    return Move(direction=direction, label=label, before=earlier, after=later)


def _mean(shares: Mapping[str, float]) -> float:
    return sum((int(place) + 0.5) / BINS * share for place, share in shares.items())


def _shares(table: Table) -> Mapping[str, float]:
    total = sum(table.values())
    return {name: count / total if total else 0.0 for name, count in table.items()}


def sentence(drift: Drift, name_of: Callable[[str], str] = str) -> str:
    """A drift in plain English, for a log line and a message; `name_of` names the language."""
    if drift.move is None or drift.psi is None:
        return f"{name_of(drift.lang)}, {drift.head.value}: nothing to compare yet"
    move = drift.move
    if move.label is not None:
        what = f"{move.direction.value} often {move.label} ({move.before:.0%} before, {move.after:.0%} now)"
    else:
        scores = f"(mean score {move.before:.2f} before, {move.after:.2f} now)"
        words = {
            Direction.SURER: "the model is surer",
            Direction.LESS_SURE: "the model is less sure",
            Direction.HIGHER: "more urgent",
            Direction.LOWER: "less urgent",
            Direction.SPREAD: "scores spread differently",
        }
        what = f"{words[move.direction]} {scores}"
    return (
        f"{name_of(drift.lang)}, {drift.head.value}, week of {drift.week}: {what}; index {drift.psi:.2f}"
        f" over {drift.n} texts against {drift.reference_n} of the weeks before"
    )
