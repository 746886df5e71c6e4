from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from classifiers.types import (
    Assessment,
    Intent,
    Judgement,
    Language,
    Sentiment,
    Toxicity,
    Urgency,
    UrgencyReason,
)
from monitor.mention import Lane
from monitor.priority import (
    HARM_CAP,
    URGENCY_POINTS,
    Facts,
    LaneReason,
    Priority,
    ReplyTimes,
    TermName,
    choose_lane,
    harm,
    in_words,
    is_specific,
    next_look,
    priority,
    public,
    reach,
    velocity,
    waiting,
)

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
TIMES = ReplyTimes(
    urgent=timedelta(minutes=12), personal=timedelta(hours=2), flow=timedelta(hours=1), quiet=timedelta(days=1)
)


def judged(
    *,
    sentiment: Sentiment = Sentiment.NEUTRAL,
    intent: Intent = Intent.OTHER,
    toxicity: Toxicity = Toxicity.CLEAN,
    urgent: UrgencyReason | None = None,
    score: float = 1.0,
    sure: bool = True,
) -> Assessment:
    return Assessment(
        lang=Language(label="en", score=1.0),
        sentiment=Judgement(label=sentiment, score=score, sure=sure),
        toxicity=Judgement(label=toxicity, score=score, sure=True),
        intent=Judgement(label=intent, score=score, sure=sure),
        urgency=Urgency(urgent=urgent is not None, score=score, reason=urgent, sure=sure),
        model="fake",
        revision="1",
    )


def facts(assessment: Assessment, **changes: object) -> Facts:
    plain = Facts(
        text="Where is my parcel?",
        platform="x",
        created_at=NOW,
        followers=0,
        starts_thread=False,
        thread_posts=0,
        assessment=assessment,
    )
    return replace(plain, **changes)


@pytest.mark.parametrize(
    ("assessment", "points", "keys"),
    [
        (judged(), 0, ["none"]),
        (judged(intent=Intent.PRAISE, sentiment=Sentiment.POSITIVE), 0, ["none"]),
        (judged(intent=Intent.QUESTION), 5, ["question"]),
        (judged(intent=Intent.COMPLAINT, sentiment=Sentiment.NEGATIVE), 26, ["complaint", "negative"]),
        (judged(intent=Intent.COMPLAINT, sentiment=Sentiment.NEGATIVE, score=0.5), 13, ["complaint", "negative"]),
        (judged(toxicity=Toxicity.TOXIC), 10, ["toxic"]),
        (judged(urgent=UrgencyReason.SELF_HARM), 60, ["urgent"]),
        (judged(urgent=UrgencyReason.SAFETY, intent=Intent.COMPLAINT), HARM_CAP, ["urgent", "complaint"]),
        (judged(urgent=UrgencyReason.OUTAGE, score=0.5, sure=False), 42 * 0.5 + 5, ["urgent", "unsure"]),
        (judged(intent=Intent.SPAM, sentiment=Sentiment.NEGATIVE), 2.5, ["negative", "spam"]),
        (judged(intent=Intent.SPAM, urgent=UrgencyReason.FRAUD), 50, ["urgent"]),
        (judged(sure=False), 5, ["unsure"]),
    ],
)
def test_harm(assessment: Assessment, points: float, keys: list[str]) -> None:
    term = harm(assessment)
    assert term.points == points
    assert [reason.key for reason in term.reasons] == keys


def test_life_comes_first() -> None:
    order = sorted(UrgencyReason, key=lambda reason: -URGENCY_POINTS[reason])
    assert order[:2] == [UrgencyReason.SELF_HARM, UrgencyReason.SAFETY]
    assert set(order) == set(UrgencyReason)


@pytest.mark.parametrize(
    ("followers", "points"), [(0, 0), (-5, 0), (999, 7.5), (999_999, 15), (80_000_000, 15), (None, 5.0)]
)
def test_reach(followers: int | None, points: float) -> None:
    assert reach(followers).points == points


@pytest.mark.parametrize(("posts", "points"), [(0, 0), (1, 2), (3, 4), (31, 10), (100_000, 10), (-1, 0)])
def test_velocity(posts: int, points: float) -> None:
    assert velocity(posts).points == points


def test_a_thread_starter_in_a_large_place_is_the_most_public() -> None:
    assert public("reddit", starts_thread=True).points == 5
    assert public("reddit", starts_thread=False).points == 4
    assert public("a forum nobody knows", starts_thread=False).points == 2


@pytest.mark.parametrize(
    ("minutes", "points", "text"),
    [
        (0, 0, "waiting 0 min of 60 min"),
        (30, 5, "waiting 30 min of 60 min"),
        (60, 10, "overdue: waiting 60 min of 60 min"),
        (60 * 24 * 30, 10, "overdue: waiting 30 days of 60 min"),
        (-5, 0, "waiting 0 min of 60 min"),  # a platform's clock may be ahead of ours
    ],
)
def test_waiting(minutes: int, points: float, text: str) -> None:
    term = waiting(created_at=NOW, due_at=NOW + timedelta(hours=1), now=NOW + timedelta(minutes=minutes))
    assert (term.points, term.why) == (points, text)


COMPLAINT = judged(intent=Intent.COMPLAINT, sentiment=Sentiment.NEGATIVE)
QUESTION = judged(intent=Intent.QUESTION)


@pytest.mark.parametrize(
    ("given", "lane", "reason", "due"),
    [
        (facts(judged(urgent=UrgencyReason.LEGAL)), Lane.PERSONAL, LaneReason.URGENT, TIMES.urgent),
        (facts(COMPLAINT), Lane.PERSONAL, LaneReason.ANGRY, TIMES.personal),
        (facts(judged(toxicity=Toxicity.TOXIC)), Lane.PERSONAL, LaneReason.ANGRY, TIMES.personal),
        (facts(QUESTION, followers=10_000), Lane.PERSONAL, LaneReason.HIGH_REACH, TIMES.personal),
        (facts(QUESTION, followers=9_999), Lane.FLOW, LaneReason.TYPICAL, TIMES.flow),
        (facts(QUESTION, text="Where is order 88123?"), Lane.PERSONAL, LaneReason.SPECIFIC, TIMES.personal),
        (facts(judged(sure=False)), Lane.PERSONAL, LaneReason.UNSURE, TIMES.personal),
        (facts(QUESTION), Lane.FLOW, LaneReason.TYPICAL, TIMES.flow),
        (facts(judged(sentiment=Sentiment.NEGATIVE)), Lane.FLOW, LaneReason.TYPICAL, TIMES.flow),
        (facts(judged(intent=Intent.PRAISE)), Lane.FLOW, LaneReason.QUIET, TIMES.quiet),
        (facts(judged(intent=Intent.SPAM, sentiment=Sentiment.NEGATIVE)), Lane.FLOW, LaneReason.QUIET, TIMES.quiet),
        (facts(judged(intent=Intent.SPAM), followers=50_000), Lane.FLOW, LaneReason.QUIET, TIMES.quiet),
        (facts(judged(intent=Intent.PRAISE), text="Thanks for 12345!"), Lane.FLOW, LaneReason.QUIET, TIMES.quiet),
    ],
)
def test_lane_and_due_time(given: Facts, lane: Lane, reason: LaneReason, due: timedelta) -> None:
    assert choose_lane(given) == (lane, reason)
    assert priority(given, TIMES, now=NOW).due_at == NOW + due


@pytest.mark.parametrize(
    "text",
    [
        "заказ 481516 не пришёл",
        "замовлення №77-21 де?",
        "طلب رقم ١٢٣٤٥ لم يصل",
        "you took $40 twice",
        "списали 300 грн",
        "سحبتم ٥٠ ريال",
        "вернули 1500 руб",
    ],
)
def test_specific(text: str) -> None:
    assert is_specific(text)


@pytest.mark.parametrize(
    "text", ["since 2019 you got worse", "с 2024 года", "open 24/7?", "до 20 человек", "هل أنتم مفتوحون يوم 5؟", ""]
)
def test_not_specific(text: str) -> None:
    assert not is_specific(text)


def worst() -> Priority:
    given = facts(
        judged(
            intent=Intent.COMPLAINT,
            sentiment=Sentiment.NEGATIVE,
            toxicity=Toxicity.TOXIC,
            urgent=UrgencyReason.SAFETY,
        ),
        followers=5_000_000,
        starts_thread=True,
        thread_posts=500,
    )
    return priority(given, TIMES, now=NOW + timedelta(hours=1))


def test_severity_is_the_sum_of_its_terms_and_ends_at_100() -> None:
    answer = worst()
    assert answer.severity == 100
    assert [term.term for term in answer.terms] == list(TermName)
    plain = priority(facts(QUESTION), TIMES, now=NOW + timedelta(minutes=30))
    assert plain.severity == sum(term.points for term in plain.terms) == 5 + 0 + 0 + 4 + 5


def test_an_urgent_post_of_a_nobody_ranks_above_an_angry_one_of_a_star() -> None:
    nobody = priority(facts(judged(urgent=UrgencyReason.SELF_HARM)), TIMES, now=NOW)
    star = priority(facts(COMPLAINT, followers=1_000_000, starts_thread=True), TIMES, now=NOW)
    assert nobody.severity > star.severity


def test_terms_as_json_carry_words_and_keys() -> None:
    term = reach(1234).as_json()
    assert term == {
        "term": "reach",
        "points": 7.7,
        "why": "1,234 followers",
        "reasons": [{"key": "followers", "count": 1234}],
    }


@pytest.mark.parametrize(
    ("age", "due_in", "expected"),
    [
        (timedelta(0), timedelta(hours=1), timedelta(minutes=5)),
        (timedelta(minutes=20), timedelta(hours=1), timedelta(minutes=20)),
        (timedelta(minutes=50), timedelta(minutes=10), timedelta(minutes=10)),
        (timedelta(hours=3), timedelta(hours=-2), timedelta(hours=3)),
        (timedelta(days=2), timedelta(hours=-2), timedelta(hours=12)),
        (timedelta(minutes=-10), timedelta(hours=1), timedelta(minutes=5)),
    ],
)
def test_the_next_look_doubles_and_never_misses_the_due_time(
    age: timedelta, due_in: timedelta, expected: timedelta
) -> None:
    assert next_look(created_at=NOW - age, due_at=NOW + due_in, now=NOW) == NOW + expected


def test_old_mentions_are_left_alone() -> None:
    assert next_look(created_at=NOW - timedelta(days=7), due_at=NOW - timedelta(days=6), now=NOW) is None


@pytest.mark.parametrize(
    ("span", "words"),
    [(timedelta(minutes=119), "119 min"), (timedelta(hours=2), "2 h"), (timedelta(hours=48), "2 days")],
)
def test_in_words(span: timedelta, words: str) -> None:
    assert in_words(span) == words
