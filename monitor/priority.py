"""How soon a mention needs a person, and which lane it takes. Pure: values in, values out, no clock.

Severity, 0…100, is a plain sum of five named terms, so that anyone can check it by hand:

    severity = harm (0…60) + reach (0…15) + velocity (0…10) + public (0…5) + waiting (0…10)

harm      urgency by its reason (`URGENCY_POINTS`; times the score when the model is not sure), plus a complaint
          (16 × score), a question or request (5), a negative tone (10 × score), a toxic wording (10 × score) and
          5 when the model is not sure, because then a person should look; never above 60. Spam that is not urgent
          counts a quarter.
reach     15 × log10(1 + followers) / 6, so a million followers is the most; an unknown number counts as 100.
velocity  10 × log2(1 + other posts of the thread in the last hour) / 5, so 31 posts an hour is the most.
public    how far the place carries (`PLACE_POINTS`), plus 1 for a post that starts a thread.
waiting   10 × the share of its time to the first reply that has passed; all 10 from the due time on.

The weights are the authors' judgement (docs/alerts.md gives the reasons), not fitted to data.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from classifiers.types import Assessment, Intent, Sentiment, Toxicity, UrgencyReason
from monitor.mention import Lane

HARM_CAP: Final = 60.0
REACH_CAP: Final = 15.0
VELOCITY_CAP: Final = 10.0
WAITING_CAP: Final = 10.0

URGENCY_POINTS: Final[Mapping[UrgencyReason, float]] = {
    UrgencyReason.SELF_HARM: 60,
    UrgencyReason.SAFETY: 58,
    UrgencyReason.VULNERABLE: 52,
    UrgencyReason.FRAUD: 50,
    UrgencyReason.DATA_LEAK: 50,
    UrgencyReason.DISCRIMINATION: 46,
    UrgencyReason.LEGAL: 44,
    UrgencyReason.MEDIA: 44,
    UrgencyReason.OUTAGE: 42,
}
UNNAMED_URGENCY: Final = 42.0
COMPLAINT: Final = 16.0
QUESTION: Final = 5.0
NEGATIVE: Final = 10.0
TOXIC: Final = 10.0
UNSURE: Final = 5.0
SPAM_SHARE: Final = 0.25

UNKNOWN_FOLLOWERS: Final = 100
MOST_FOLLOWERS_LOG10: Final = 6.0
HIGH_REACH: Final = 10_000
"""From this many followers on a mention takes the personal lane."""

VELOCITY_WINDOW: Final = timedelta(hours=1)
MOST_POSTS_LOG2: Final = 5.0

PLACE_POINTS: Final[Mapping[str, float]] = {
    "x": 4,
    "reddit": 4,
    "youtube": 4,
    "tiktok": 4,
    "instagram": 4,
    "facebook": 4,
    "threads": 4,
    "vk": 4,
    "telegram": 4,
    "bluesky": 4,
    "mastodon": 4,
    "reviews": 3,
}
OTHER_PLACE: Final = 2.0
STARTS_THREAD: Final = 1.0

RETRIAGE_SOONEST: Final = timedelta(minutes=5)
RETRIAGE_LATEST: Final = timedelta(hours=12)
RETRIAGE_UNTIL: Final = timedelta(days=7)
"""An older mention keeps the severity it has."""


class TermName(StrEnum):
    """The five parts of a severity."""

    HARM = "harm"
    REACH = "reach"
    VELOCITY = "velocity"
    PUBLIC = "public"
    WAITING = "waiting"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One cause of a term's points: `text` in English, `key` and `values` for a page that words it otherwise."""

    key: str
    text: str
    values: Mapping[str, str | float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One named part of the severity: its points and why it has them."""

    term: TermName
    points: float
    reasons: tuple[Reason, ...]

    @property
    def why(self) -> str:
        """The reasons as one plain phrase."""
        return "; ".join(reason.text for reason in self.reasons)

    def as_json(self) -> dict[str, object]:
        """What `mentions.severity_terms` keeps: only shown, never filtered by."""
        return {
            "term": self.term.value,
            "points": self.points,
            "why": self.why,
            "reasons": [{"key": reason.key, **reason.values} for reason in self.reasons],
        }


class LaneReason(StrEnum):
    """Why a mention takes its lane; the order is that of precedence."""

    URGENT = "urgent"
    ANGRY = "angry"
    HIGH_REACH = "high-reach"
    SPECIFIC = "specific"
    UNSURE = "unsure"
    TYPICAL = "typical"
    QUIET = "quiet"


LANE_WORDS: Final[Mapping[LaneReason, str]] = {
    LaneReason.URGENT: "urgent: a person must look within the hour",
    LaneReason.ANGRY: "angry: a template would make it worse",
    LaneReason.HIGH_REACH: "far-reaching: the author has 10,000 followers or more",
    LaneReason.SPECIFIC: "specific: it names an order, a sum or a number of its own",
    LaneReason.UNSURE: "not sure what it says: a person should read it",
    LaneReason.TYPICAL: "a typical matter with a typical answer",
    LaneReason.QUIET: "nobody is waiting for an answer",
}
"""What `mentions.lane_reason` keeps, in English; the console may word the keys otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyTimes:
    """How long a first reply may take, from the mention's own time."""

    urgent: timedelta
    personal: timedelta
    flow: timedelta
    quiet: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What severity and lane are made of.

    `text` is the cleaned text, `created_at` aware and in UTC, `followers` None where the platform does not say.
    `thread_posts` counts the other posts of the same thread within `VELOCITY_WINDOW` before now.
    """

    text: str
    platform: str
    created_at: datetime
    followers: int | None
    starts_thread: bool
    thread_posts: int
    assessment: Assessment


@dataclass(frozen=True, slots=True, kw_only=True)
class Priority:
    """The answer: severity 0…100 with its terms, the lane with its reason, when a reply is due, when to look again.

    `retriage_at` is None when another look would change nothing.
    """

    severity: float
    terms: tuple[Term, ...]
    lane: Lane
    lane_reason: LaneReason
    due_at: datetime
    retriage_at: datetime | None


def priority(facts: Facts, times: ReplyTimes, *, now: datetime) -> Priority:
    """Severity, lane and due time of one assessed mention at `now` (aware, UTC)."""
    lane, reason = choose_lane(facts)
    due_at = facts.created_at + _time_allowed(reason, lane, times)
    terms = (
        harm(facts.assessment),
        reach(facts.followers),
        velocity(facts.thread_posts),
        public(facts.platform, starts_thread=facts.starts_thread),
        waiting(created_at=facts.created_at, due_at=due_at, now=now),
    )
    return Priority(
        severity=round(min(100.0, sum(term.points for term in terms)), 1),
        terms=terms,
        lane=lane,
        lane_reason=reason,
        due_at=due_at,
        retriage_at=next_look(created_at=facts.created_at, due_at=due_at, now=now),
    )


def harm(assessment: Assessment) -> Term:
    """What the words themselves threaten."""
    reasons: list[Reason] = []
    points = 0.0
    urgency, sentiment, toxicity, intent = (
        assessment.urgency,
        assessment.sentiment,
        assessment.toxicity,
        assessment.intent,
    )
    if urgency.urgent:
        weight = UNNAMED_URGENCY if urgency.reason is None else URGENCY_POINTS[urgency.reason]
        points += weight if urgency.sure else weight * urgency.score
        name = "unnamed" if urgency.reason is None else urgency.reason.value
        text = "urgent" if urgency.reason is None else f"urgent ({name})"
        reasons.append(Reason(key="urgent", text=text, values={"reason": name, "score": _share(urgency.score)}))
    if intent.label is Intent.COMPLAINT:
        points += COMPLAINT * intent.score
        reasons.append(Reason(key="complaint", text="a complaint", values={"score": _share(intent.score)}))
    elif intent.label in (Intent.QUESTION, Intent.REQUEST):
        points += QUESTION
        reasons.append(Reason(key=intent.label.value, text=f"a {intent.label.value}"))
    if sentiment.label is Sentiment.NEGATIVE:
        points += NEGATIVE * sentiment.score
        reasons.append(Reason(key="negative", text="a negative tone", values={"score": _share(sentiment.score)}))
    if toxicity.label is Toxicity.TOXIC:
        points += TOXIC * toxicity.score
        reasons.append(Reason(key="toxic", text="toxic words", values={"score": _share(toxicity.score)}))
    if intent.label is Intent.SPAM and not urgency.urgent:
        points *= SPAM_SHARE
        reasons.append(Reason(key="spam", text="looks like spam, so the rest counts a quarter"))
    if not is_sure(assessment):
        points += UNSURE
        reasons.append(Reason(key="unsure", text="the model is not sure, so a person should look"))
    if not reasons:
        reasons.append(Reason(key="none", text="nothing harmful found"))
    return Term(term=TermName.HARM, points=round(min(HARM_CAP, points), 1), reasons=tuple(reasons))


def reach(followers: int | None) -> Term:
    """How many people follow the author; an unknown number counts as a small account."""
    counted = UNKNOWN_FOLLOWERS if followers is None else max(0, followers)
    points = min(REACH_CAP, REACH_CAP * math.log10(1 + counted) / MOST_FOLLOWERS_LOG10)
    if followers is None:
        reason = Reason(key="followers-unknown", text="the platform does not say how many follow the author")
    else:
        reason = Reason(key="followers", text=f"{counted:,} followers", values={"count": counted})
    return Term(term=TermName.REACH, points=round(points, 1), reasons=(reason,))


def velocity(thread_posts: int) -> Term:
    """How fast the thread grows."""
    others = max(0, thread_posts)
    points = min(VELOCITY_CAP, VELOCITY_CAP * math.log2(1 + others) / MOST_POSTS_LOG2)
    words = {0: "no other post in the thread", 1: "1 other post in the thread"}
    text = words.get(others, f"{others} other posts in the thread") + " in the last hour"
    reason = Reason(key="thread", text=text, values={"count": others})
    return Term(term=TermName.VELOCITY, points=round(points, 1), reasons=(reason,))


def public(platform: str, *, starts_thread: bool) -> Term:
    """How far the place carries what is said there."""
    points = PLACE_POINTS.get(platform, OTHER_PLACE) + (STARTS_THREAD if starts_thread else 0.0)
    place = f"public on {platform}"
    reason = Reason(
        key="starts-thread" if starts_thread else "in-thread",
        text=f"{place}, starts a thread" if starts_thread else f"{place}, inside a thread",
        values={"platform": platform},
    )
    return Term(term=TermName.PUBLIC, points=points, reasons=(reason,))


def waiting(*, created_at: datetime, due_at: datetime, now: datetime) -> Term:
    """How much of the time to a first reply is gone."""
    allowed = max(due_at - created_at, timedelta(minutes=1))
    waited = max(now - created_at, timedelta(0))
    points = min(WAITING_CAP, WAITING_CAP * (waited / allowed))
    waited_minutes, allowed_minutes = (int(span.total_seconds() // 60) for span in (waited, allowed))
    late = waited >= allowed
    text = f"{'overdue: ' if late else ''}waiting {in_words(waited)} of {in_words(allowed)}"
    values = {"waited_minutes": waited_minutes, "allowed_minutes": allowed_minutes}
    reason = Reason(key="overdue" if late else "waiting", text=text, values=values)
    return Term(term=TermName.WAITING, points=round(points, 1), reasons=(reason,))


def choose_lane(facts: Facts) -> tuple[Lane, LaneReason]:
    """The lane of a mention and the first reason that holds, in the order of `LaneReason`."""
    assessment = facts.assessment
    negative = assessment.sentiment.label is Sentiment.NEGATIVE
    complaint = assessment.intent.label is Intent.COMPLAINT
    toxic = assessment.toxicity.label is Toxicity.TOXIC
    spam = assessment.intent.label is Intent.SPAM and assessment.intent.sure
    asks = assessment.intent.label in (Intent.COMPLAINT, Intent.QUESTION, Intent.REQUEST)
    personal = (
        (LaneReason.URGENT, assessment.urgency.urgent),
        (LaneReason.ANGRY, not spam and (toxic or (negative and complaint))),
        (LaneReason.HIGH_REACH, not spam and (facts.followers or 0) >= HIGH_REACH),
        (LaneReason.SPECIFIC, asks and is_specific(facts.text)),
        (LaneReason.UNSURE, not is_sure(assessment)),
    )
    for reason, holds in personal:
        if holds:
            return Lane.PERSONAL, reason
    waits = not spam and (asks or negative)
    return Lane.FLOW, LaneReason.TYPICAL if waits else LaneReason.QUIET


def is_sure(assessment: Assessment) -> bool:
    """Whether the model is sure of all that decides who must look; toxicity alone decides nothing."""
    return assessment.sentiment.sure and assessment.intent.sure and assessment.urgency.sure


# A number of four digits or more that is not a year (any digits: 1234, ١٢٣٤), a numbered thing, or a sum of money.
_YEAR: Final = r"(?:19|20)\d\d(?!\d)"
_SPECIFIC: Final = re.compile(
    rf"(?<!\d)(?!{_YEAR})\d{{4,}}"
    r"|[#№]\s?[A-Za-zА-Яа-яІіЇїЄєҐґ]{0,4}-?\d{2,}"
    r"|[$€£₴₽]\s?\d|\d\s?(?:[$€£₴₽]|руб|грн|uah|usd|eur|ريال|درهم|دينار|جنيه|دولار|دولارًا|рубл|гривен|гривн|доллар|долар)",
    re.IGNORECASE,
)


def is_specific(text: str) -> bool:
    """Whether a text names an order, a sum or a long number, so that a general answer would miss it."""
    return _SPECIFIC.search(text) is not None


def next_look(*, created_at: datetime, due_at: datetime, now: datetime) -> datetime | None:
    """When waiting and velocity deserve another look: after as long again as it has waited, and when it is due."""
    age = now - created_at
    if age >= RETRIAGE_UNTIL:
        return None
    later = now + min(max(age, RETRIAGE_SOONEST), RETRIAGE_LATEST)
    return min(later, due_at) if due_at > now else later


def in_words(span: timedelta) -> str:
    """A span of time in its largest fitting unit, rounded down: `45 min`, `3 h`, `2 days`."""
    minutes = int(span.total_seconds() // 60)
    if minutes < 120:  # noqa: PLR2004 - two hours: below it minutes read better
        return f"{minutes} min"
    hours = minutes // 60
    return f"{hours} h" if hours < 48 else f"{hours // 24} days"  # noqa: PLR2004 - two days: below it hours read better


def _time_allowed(reason: LaneReason, lane: Lane, times: ReplyTimes) -> timedelta:
    if reason is LaneReason.URGENT:
        return times.urgent
    if reason is LaneReason.QUIET:
        return times.quiet
    return times.personal if lane is Lane.PERSONAL else times.flow


def _share(score: float) -> float:
    return round(score, 2)
