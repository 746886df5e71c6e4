"""What storage tests are made of: posts, judgements and the few moves that most of them begin with."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from classifiers.types import Assessment, Intent, Judgement, Language, Sentiment, Toxicity, Urgency
from monitor.mention import Author, Batch, Cursor, Lane, MentionId, NewMention, SourceName
from monitor.priority import LaneReason, Priority, Reason, Term, TermName
from monitor.storage import mentions
from monitor.storage.audit import AuditLog
from monitor.storage.session import Database

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SOURCE = SourceName("forum")


def post(name: str, text: str = "Lumora lost my parcel", **fields: object) -> NewMention:
    """A post of a made-up forum; only what a test is about needs saying."""
    author = Author(handle=str(fields.pop("author", "kim")), followers=10)
    given = {"platform": "forum", "created_at": NOW, "author": author} | fields
    return NewMention(external_id=name, text=text, **given)  # type: ignore[arg-type]  # fields differ from test to test


def by_name(mention: NewMention, inherited: str | None) -> str | None:
    return "lumora" if "lumora" in mention.text.casefold() else inherited


@dataclass(frozen=True)
class Store:
    """The database with the few moves that most tests begin with."""

    database: Database
    audit: AuditLog

    def add(
        self,
        *posts: NewMention,
        cursor: str = "1",
        now: datetime = NOW,
        source: SourceName = SOURCE,
        brand_of: Callable[[NewMention, str | None], str | None] = by_name,
        **batch: object,
    ) -> mentions.Added:
        given = Batch(mentions=posts, cursor=Cursor(values={"at": cursor}), seen=len(posts), **batch)  # type: ignore[arg-type]  # as above
        with self.database.write() as unit:
            return mentions.add_new(unit, source, given, now=now, brand_of=brand_of, clean=str.strip, audit=self.audit)

    def get(self, name: str, source: SourceName = SOURCE) -> mentions.StoredMention:
        with self.database.read() as unit:
            found = mentions.find(unit, source, name)
        assert found is not None
        return found

    def id(self, name: str) -> MentionId:
        return self.get(name).id

    def triaged(self, *names: str, severity: float = 50, due: datetime = NOW + timedelta(hours=1)) -> None:
        """Judge and prioritise posts that are stored."""
        with self.database.write() as unit:
            for name in names:
                found = mentions.find(unit, SOURCE, name)
                assert found is not None
                mentions.store_assessments(unit, [(found, judged())], NOW)
                mentions.store_priorities(unit, [(found, ranked(severity, due=due))])

    def waiting(self, limit: int = 100) -> Sequence[mentions.StoredMention]:
        with self.database.read() as unit:
            return mentions.next_to_assess(unit, limit)


def judged(*, urgent: bool = False, lang: str = "en", intent: Intent = Intent.COMPLAINT) -> Assessment:
    return Assessment(
        lang=Language(label=lang, score=0.9),
        sentiment=Judgement(label=Sentiment.NEGATIVE, score=0.8, sure=True),
        toxicity=Judgement(label=Toxicity.CLEAN, score=0.95, sure=True),
        intent=Judgement(label=intent, score=0.7, sure=False),
        urgency=Urgency(urgent=urgent, score=0.6, reason=None, sure=True),
        model="small",
        revision="r1",
    )


def ranked(severity: float, *, due: datetime = NOW + timedelta(hours=1), again: datetime | None = None) -> Priority:
    return Priority(
        severity=severity,
        terms=(Term(term=TermName.HARM, points=severity, reasons=(Reason(key="complaint", text="a complaint"),)),),
        lane=Lane.FLOW,
        lane_reason=LaneReason.TYPICAL,
        due_at=due,
        retriage_at=again,
    )
