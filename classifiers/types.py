"""The values that judgement is made of: frozen, without logic or I/O.

Scores are probabilities in 0…1. Spans count code points in the text exactly as it was given, whatever
invisible characters it holds.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Generic, TypeVar


class Sentiment(StrEnum):
    """How the writer feels, as meant and not as worded."""

    NEGATIVE = "negative"
    NEUTRAL = "neutral"
    POSITIVE = "positive"


class Toxicity(StrEnum):
    """Whether a text insults, curses or wishes ill to people."""

    TOXIC = "toxic"
    CLEAN = "clean"


class Politeness(StrEnum):
    """How a text is worded towards its reader, whatever it says."""

    IMPOLITE = "impolite"
    NEUTRAL = "neutral"
    POLITE = "polite"


class Intent(StrEnum):
    """What the writer wants from the brand, one per text."""

    COMPLAINT = "complaint"
    QUESTION = "question"
    REQUEST = "request"
    PRAISE = "praise"
    SUGGESTION = "suggestion"
    SPAM = "spam"
    OTHER = "other"


class UrgencyReason(StrEnum):
    """Why a person must look within the hour; the order is that of precedence, life first."""

    SELF_HARM = "self-harm"
    SAFETY = "safety"
    VULNERABLE = "vulnerable"
    FRAUD = "fraud"
    DATA_LEAK = "data-leak"
    DISCRIMINATION = "discrimination"
    LEGAL = "legal"
    MEDIA = "media"
    OUTAGE = "outage"


class Category(StrEnum):
    """What can be wrong with a public reply of ours; each is defined in docs/reply-check.md."""

    INSULT = "insult"
    DISMISSIVE = "dismissive"
    BLAME = "blame"
    COMPETITOR = "competitor"
    SARCASM = "sarcasm"
    LIABILITY = "liability"
    PROMISE = "promise"
    PERSONAL_DATA = "personal-data"
    CONFIDENTIAL = "confidential"
    THREAT = "threat"
    DISCRIMINATION = "discrimination"
    NO_EMPATHY = "no-empathy"
    OFF_LANGUAGE = "off-language"
    UNANSWERED = "unanswered"
    PLACEHOLDER = "placeholder"
    UNSAFE_LINK = "unsafe-link"
    SHOUTING = "shouting"
    REGULATED = "regulated"


class Severity(StrEnum):
    """What a finding asks for: `block` stops, `review` needs a second person, `warn` informs."""

    BLOCK = "block"
    REVIEW = "review"
    WARN = "warn"


UNKNOWN_LANGUAGE: Final = "und"
"""ISO 639-2 code for a text whose language could not be told."""


L = TypeVar("L", bound=StrEnum)


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Code points `start` (included) to `end` (excluded) of the original text."""

    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """ISO 639-1 code of a text's language, or `UNKNOWN_LANGUAGE`, with its probability."""

    label: str
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement(Generic[L]):
    """One head's answer: the likeliest label, its calibrated probability, and whether that is enough.

    `sure` is false inside the head's unsure band and for languages the model was not trained on.
    """

    label: L
    score: float
    sure: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Urgency:
    """Whether a person must look within the hour, and why; `reason` is None when not urgent."""

    urgent: bool
    score: float
    reason: UrgencyReason | None
    sure: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """All that is judged about one text, and by which model; stored judgements do not keep the politeness."""

    lang: Language
    sentiment: Judgement[Sentiment]
    toxicity: Judgement[Toxicity]
    intent: Judgement[Intent]
    urgency: Urgency
    model: str
    revision: str
    politeness: Judgement[Politeness] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is risky in a draft, and where.

    `start` and `end` are None when the finding is about the whole draft (then `text` is empty).
    `rule` names the rule or head that found it, `why` says it in one plain sentence, and `suggestion`
    is a better wording where there is one.
    """

    category: Category
    severity: Severity
    start: int | None
    end: int | None
    text: str
    rule: str
    score: float
    why: str
    suggestion: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskReport:
    """How risky one draft of ours is: `risk` is the calibrated probability that a reviewer would stop it.

    `complete` is false when a part of the check could not run; such a draft needs a person, whatever `risk` says.
    `notes` say what could not be judged, one sentence each.
    """

    risk: float
    findings: tuple[Finding, ...]
    model: str
    revision: str
    complete: bool = True
    notes: tuple[str, ...] = ()


class ModelUnavailable(Exception):
    """The model cannot be used; the message names the file and the remedy. Its texts wait for a person."""
