"""A mention as it is stored, and the row it comes from. Reading one; the steps that change many are in `mentions`."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, RowMapping, select

from classifiers.types import Assessment, Intent, Judgement, Language, Sentiment, Toxicity, Urgency, UrgencyReason
from monitor.mention import Author, Handling, Lane, MentionId, MentionState, NewMention, SourceName
from monitor.storage.schema import mentions

LARGEST_INTEGER: Final = 2**31 - 1
"""What an integer column of PostgreSQL holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeverityTerm:
    """One term of a stored severity, as it is shown: `reasons` are keys and values for a page that words it itself."""

    term: str
    points: float
    why: str
    reasons: tuple[Mapping[str, str | float], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredMention:
    """A mention with all that the steps have found out about it.

    `text` and `title` are the original; `clean_text` is what was judged (title and text after hygiene) and `text_hash`
    the SHA-256 of the original, which every later step compares. `root_id` is the thread's first post as far as it is
    known, None for a post that starts a thread. `relevant` is false for posts stored for their thread only.
    `assessment` is None until judged; severity is 0 and lane, due_at are None until triaged. Times are UTC.
    """

    id: MentionId
    source: SourceName
    external_id: str
    platform: str
    created_at: datetime
    author: Author
    text: str
    url: str | None
    parent_id: str | None
    root_id: str | None
    title: str | None
    brand: str | None
    addressed: bool
    relevant: bool
    clean_text: str
    text_hash: str
    collected_at: datetime
    edited_at: datetime | None
    gone_at: datetime | None
    state: MentionState
    handling: Handling
    handled_at: datetime | None
    claimed_by: str | None
    claimed_at: datetime | None
    assessment: Assessment | None
    assessed_at: datetime | None
    severity: float
    severity_terms: tuple[SeverityTerm, ...]
    lane: Lane | None
    lane_reason: str | None
    due_at: datetime | None
    retriage_at: datetime | None

    @property
    def starts_thread(self) -> bool:
        """Whether this post answers no other."""
        return self.parent_id is None and self.root_id is None

    @property
    def post(self) -> NewMention:
        """The post as its source gave it."""
        return NewMention(
            external_id=self.external_id,
            platform=self.platform,
            created_at=self.created_at,
            author=self.author,
            text=self.text,
            url=self.url,
            parent_id=self.parent_id,
            root_id=self.root_id,
            title=self.title,
            brand=self.brand,
            addressed=self.addressed,
        )


def get(connection: Connection, mention_id: MentionId) -> StoredMention | None:
    """The mention of that number, None when there is none."""
    row = connection.execute(select(mentions).where(mentions.c.id == mention_id)).mappings().one_or_none()
    return None if row is None else from_row(row)


def find(connection: Connection, source: SourceName, external_id: str) -> StoredMention | None:
    """The mention that a source knows by `external_id`, None when it is not stored."""
    query = select(mentions).where(mentions.c.source == source, mentions.c.external_id == external_id)
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else from_row(row)


def text_hash(title: str | None, text: str) -> str:
    """SHA-256 of what a post says, in hexadecimal; an edit of title or text changes it."""
    return hashlib.sha256(f"{title or ''}\n{text}".encode("utf-8", "replace")).hexdigest()


def from_row(row: RowMapping) -> StoredMention:
    """A row of the table `mentions` as a value."""
    return StoredMention(
        id=MentionId(row["id"]),
        source=SourceName(row["source"]),
        external_id=row["external_id"],
        platform=row["platform"],
        created_at=row["created_at"],
        author=Author(handle=row["author"], name=row["author_name"], followers=row["followers"]),
        text=row["text"],
        url=row["url"],
        parent_id=row["parent_id"],
        root_id=row["root_id"],
        title=row["title"],
        brand=row["brand"],
        addressed=row["addressed"],
        relevant=row["relevant"],
        clean_text=row["clean_text"],
        text_hash=row["text_hash"],
        collected_at=row["collected_at"],
        edited_at=row["edited_at"],
        gone_at=row["gone_at"],
        state=MentionState(row["state"]),
        handling=Handling(row["handling"]),
        handled_at=row["handled_at"],
        claimed_by=row["claimed_by"],
        claimed_at=row["claimed_at"],
        assessment=assessment_of(row),
        assessed_at=row["assessed_at"],
        severity=row["severity"],
        severity_terms=terms_of(row["severity_terms"]),
        lane=None if row["lane"] is None else Lane(row["lane"]),
        lane_reason=row["lane_reason"],
        due_at=row["due_at"],
        retriage_at=row["retriage_at"],
    )


def assessment_of(row: RowMapping) -> Assessment | None:
    """The judgement kept in a row of `mentions`, None when nothing was judged yet."""
    if row["model"] is None:
        return None
    return Assessment(
        lang=Language(label=row["lang"], score=row["lang_score"]),
        sentiment=Judgement(
            label=Sentiment(row["sentiment"]), score=row["sentiment_score"], sure=row["sentiment_sure"]
        ),
        toxicity=Judgement(label=Toxicity(row["toxicity"]), score=row["toxicity_score"], sure=row["toxicity_sure"]),
        intent=Judgement(label=Intent(row["intent"]), score=row["intent_score"], sure=row["intent_sure"]),
        urgency=Urgency(
            urgent=row["urgent"],
            score=row["urgency_score"],
            reason=None if row["urgency_reason"] is None else UrgencyReason(row["urgency_reason"]),
            sure=row["urgency_sure"],
        ),
        model=row["model"],
        revision=row["revision"],
    )


def assessment_columns(assessment: Assessment, now: datetime) -> dict[str, object]:
    """The columns of `mentions` that keep a judgement made at `now`."""
    return {
        "lang": assessment.lang.label,
        "lang_score": assessment.lang.score,
        "sentiment": assessment.sentiment.label.value,
        "sentiment_score": assessment.sentiment.score,
        "sentiment_sure": assessment.sentiment.sure,
        "toxicity": assessment.toxicity.label.value,
        "toxicity_score": assessment.toxicity.score,
        "toxicity_sure": assessment.toxicity.sure,
        "intent": assessment.intent.label.value,
        "intent_score": assessment.intent.score,
        "intent_sure": assessment.intent.sure,
        "urgent": assessment.urgency.urgent,
        "urgency_score": assessment.urgency.score,
        "urgency_reason": None if assessment.urgency.reason is None else assessment.urgency.reason.value,
        "urgency_sure": assessment.urgency.sure,
        "model": assessment.model,
        "revision": assessment.revision,
        "assessed_at": now,
    }


def terms_of(kept: Sequence[Mapping[str, Any]] | None) -> tuple[SeverityTerm, ...]:
    """The terms kept in the JSON column `severity_terms` (written by `monitor.priority.Term.as_json`)."""
    return tuple(
        SeverityTerm(term=term["term"], points=term["points"], why=term["why"], reasons=tuple(term.get("reasons", ())))
        for term in kept or ()
    )
