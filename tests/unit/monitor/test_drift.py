import math
import random
from collections import Counter
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as some

from classifiers.types import Assessment, Intent, Judgement, Language, Sentiment, Toxicity, Urgency
from monitor import drift
from monitor.drift import Cell, Count, Direction, Head, State, View, bin_of, cells_of, drifts, psi, sentence, week_of

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)  # a Wednesday
MONDAY = date(2026, 3, 2)
HISTOGRAMS = some.lists(some.tuples(some.integers(0, 5000), some.integers(0, 5000)), min_size=1, max_size=12)


def count(number: int, week: int = 0, **changes: object) -> Count:
    """`number` judgements of the week so many weeks ago."""
    given = {"lang": "uk", "head": Head.SENTIMENT, "model": "m", "revision": "1", "label": "neutral", "bin": 8}
    cell = Cell(week=MONDAY - timedelta(weeks=week), **(given | changes))  # type: ignore[arg-type]  # differ by test
    return Count(cell=cell, count=number, last_at=NOW - timedelta(weeks=week))


def sentiment(negative: int, neutral: int, weeks: range, **changes: object) -> list[Count]:
    return [
        count(number, week, label=label, **changes)
        for week in weeks
        for label, number in (("negative", negative), ("neutral", neutral))
    ]


def only(found: list[drift.Drift], head: Head = Head.SENTIMENT) -> drift.Drift:
    (one,) = [each for each in found if each.head is head]
    return one


def test_the_index_of_a_change_worked_out_by_hand() -> None:
    before, after = [600, 400], [300, 700]
    old, new = (600.5 / 1001, 400.5 / 1001), (300.5 / 1001, 700.5 / 1001)
    by_hand = (new[0] - old[0]) * math.log(new[0] / old[0]) + (new[1] - old[1]) * math.log(new[1] / old[1])
    assert psi(before, after) == pytest.approx(by_hand)
    assert psi(before, after) == pytest.approx(0.375, abs=0.002), "0.3 · ln(0.6/0.3) + 0.3 · ln(0.7/0.4)"


@given(HISTOGRAMS)
def test_the_index_is_never_negative_and_the_same_both_ways(pairs: list[tuple[int, int]]) -> None:
    before, after = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    assert psi(before, after) >= 0
    assert psi(before, after) == pytest.approx(psi(after, before))
    assert psi(before, before) == pytest.approx(0)


@pytest.mark.parametrize(("before", "after"), [([], []), ([0, 0], [0, 0]), ([7], [900])])
def test_where_nothing_can_differ_the_index_is_nothing(before: list[int], after: list[int]) -> None:
    assert psi(before, after) == pytest.approx(0)


def test_an_empty_bin_costs_no_infinity_and_an_empty_pair_nothing() -> None:
    assert math.isfinite(psi([1000, 0], [0, 1000]))
    assert psi([1000, 0], [0, 1000]) > 5
    assert psi([10, 20, 0, 0], [30, 20, 0, 0]) == psi([10, 20], [30, 20])


@pytest.mark.parametrize(("before", "after"), [([1], [1, 2]), ([1, -1], [1, 2])])
def test_what_is_no_pair_of_histograms_is_refused(before: list[int], after: list[int]) -> None:
    with pytest.raises(ValueError, match=r"negative|shorter|longer"):
        psi(before, after)


def test_chance_knows_the_chi_square() -> None:
    # 27.877 is the 0.999 quantile of nine degrees of freedom in printed tables, 13.816 that of two.
    assert drift.chance([40] * 10, [20] * 10) == pytest.approx((1 / 400 + 1 / 200) * 27.877, rel=0.01)
    assert drift.chance([40] * 3, [20] * 3) == pytest.approx((1 / 120 + 1 / 60) * 13.816, rel=0.03)
    assert drift.chance([0], [5]) == math.inf
    assert drift.chance([5], [5]) == 0


def test_samples_of_one_distribution_are_not_called_moved() -> None:
    chance = random.Random(7)  # noqa: S311 - made-up counts, not secrets
    called = Counter[State]()
    for _ in range(60):
        counts = []
        for week, size in ((1, drift.LEAST_BEFORE), (0, drift.LEAST_NOW)):
            drawn = Counter(
                (chance.choice(("negative", "neutral", "positive")), chance.randrange(10)) for _ in range(size)
            )
            counts += [count(number, week, label=label, bin=place) for (label, place), number in drawn.items()]
        called[only(drifts(counts, now=NOW)).state] += 1
    assert called[State.SHIFTED] == 0
    assert called[State.MOVED] <= 1


def test_more_negative_than_before_is_an_alarm_and_says_so() -> None:
    found = only(drifts([*sentiment(40, 160, range(1, 5)), *sentiment(140, 60, range(1))], now=NOW))
    assert (found.state, found.view, found.n, found.reference_n) == (State.SHIFTED, View.LABELS, 200, 800)
    assert found.move is not None
    assert (found.move.direction, found.move.label) == (Direction.MORE, "negative")
    assert {found.before[View.LABELS]["negative"], found.after[View.LABELS]["negative"]} == {0.2, 0.7}
    assert found.since == MONDAY - timedelta(weeks=4)
    assert "more often negative (20% before, 70% now)" in sentence(found, {"uk": "Ukrainian"}.__getitem__)


def test_a_small_move_is_shown_and_no_alarm() -> None:
    found = only(drifts([*sentiment(400, 600, range(1, 5)), *sentiment(600, 400, range(1))], now=NOW))
    assert found.state is State.MOVED
    assert found.psi == pytest.approx(0.162, abs=0.002)


def test_scores_move_though_the_labels_stay() -> None:
    counts = [*sentiment(100, 100, range(1, 5), bin=9), *sentiment(100, 100, range(1), bin=5)]
    found = only(drifts(counts, now=NOW))
    assert (found.state, found.view) == (State.SHIFTED, View.SCORES)
    assert found.move is not None
    assert found.move.direction is Direction.LESS_SURE
    assert (found.move.before, found.move.after) == (pytest.approx(0.95), pytest.approx(0.55))
    assert "less sure" in sentence(found)


def test_scores_that_spread_around_their_old_mean_are_said_so() -> None:
    ends = [*sentiment(100, 100, range(1), bin=3), *sentiment(100, 100, range(1), bin=7)]
    found = only(drifts([*sentiment(100, 100, range(1, 5), bin=5), *ends], now=NOW))
    assert found.move is not None
    assert (found.state, found.move.direction) == (State.SHIFTED, Direction.SPREAD)
    assert "spread differently" in sentence(found)


def test_urgency_moves_by_its_probability() -> None:
    counts = [
        count(500, 1, head=Head.URGENCY, label=drift.CALM, bin=0),
        count(300, 0, head=Head.URGENCY, label=drift.CALM, bin=3),
        count(500, 1),
        count(300, 0),
    ]
    found = only(drifts(counts, now=NOW), Head.URGENCY)
    assert found.move is not None
    assert found.move.direction is Direction.HIGHER
    assert "more urgent" in sentence(found)


def test_a_quiet_brand_is_never_alarmed() -> None:
    loud = [*sentiment(0, 500, range(2, 5)), *sentiment(drift.LEAST_NOW - 1, 0, range(1))]
    assert only(drifts(loud, now=NOW)).state is State.FEW
    young = [*sentiment(0, drift.LEAST_BEFORE - 1, range(1, 2)), *sentiment(5000, 0, range(1))]
    found = only(drifts(young, now=NOW))
    assert (found.state, found.psi, found.move) == (State.GATHERING, None, None)
    assert "nothing to compare" in sentence(found)


def test_a_new_revision_begins_a_new_reference_and_says_so() -> None:
    counts = [*sentiment(0, 1000, range(1, 5)), *sentiment(1000, 0, range(1), revision="2")]
    found = only(drifts(counts, now=NOW))
    assert (found.state, found.revision, found.reference_n, found.since) == (State.NEW_MODEL, "2", 0, None)
    later = [*sentiment(500, 500, range(1, 3), revision="2"), *sentiment(500, 500, range(1), revision="2"), *counts[:2]]
    assert only(drifts(later, now=NOW)).state is State.STEADY


def test_what_no_model_could_judge_is_compared_with_nothing() -> None:
    assert drifts([count(900, 1, revision=""), count(900, revision="")], now=NOW) == []
    assert drifts([], now=NOW) == []
    mixed = [*sentiment(0, 500, range(5)), count(9000, revision="", model="none")]
    assert only(drifts(mixed, now=NOW)).n == 500


def test_on_a_monday_the_week_that_is_over_is_shown() -> None:
    counts = [*sentiment(10, 400, range(2, 6)), *sentiment(400, 10, range(1, 2)), *sentiment(1, 1, range(1))]
    found = only(drifts(counts, now=NOW))
    assert (found.week, found.state) == (MONDAY - timedelta(weeks=1), State.SHIFTED)


def test_languages_with_most_texts_come_first() -> None:
    counts = [count(5, lang="en"), count(9, lang="ar"), count(3, lang="en", week=1), count(100, lang="ru", week=9)]
    assert [found.lang for found in drifts(counts, now=NOW)] == ["ar"] * 4 + ["en"] * 4


def test_where_a_judgement_is_counted() -> None:
    judged = Assessment(
        lang=Language(label="ar", score=0.9),
        sentiment=Judgement(label=Sentiment.NEGATIVE, score=0.31, sure=True),
        toxicity=Judgement(label=Toxicity.CLEAN, score=1.0, sure=True),
        intent=Judgement(label=Intent.OTHER, score=0.0, sure=False),
        urgency=Urgency(urgent=True, score=0.6, reason=None, sure=True),
        model="m",
        revision="1",
    )
    future = NOW + timedelta(days=300)
    found = cells_of(judged, created_at=future, assessed_at=NOW)
    assert {(cell.head.value, cell.label, cell.bin) for cell in found} == {
        ("sentiment", "negative", 3),
        ("toxicity", "clean", 9),
        ("intent", "other", 0),
        ("urgency", "urgent", 6),
    }
    assert {cell.week for cell in found} == {MONDAY}, "a post from the future counts when it was judged"


@pytest.mark.parametrize(
    ("score", "place"), [(0.0, 0), (0.0999, 0), (0.1, 1), (0.95, 9), (1.0, 9), (-0.1, 0), (7.0, 9), (math.nan, 0)]
)
def test_bins(score: float, place: int) -> None:
    assert bin_of(score) == place


def test_a_week_begins_on_monday_in_utc() -> None:
    kyiv = timezone(timedelta(hours=2))
    assert week_of(datetime(2026, 3, 2, 1, 0, tzinfo=kyiv)) == MONDAY - timedelta(weeks=1)
    assert week_of(datetime(2026, 3, 2, 2, 0, tzinfo=kyiv)) == MONDAY
    assert week_of(datetime(1, 1, 1, tzinfo=UTC)) == date(1, 1, 1)
