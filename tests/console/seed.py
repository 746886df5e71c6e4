"""A small invented world for tests of the console: posts in four languages, replies in every state, four accounts.

`python -m tests.console.seed sqlite:///FILE` fills a database by hand, for looking at the console.
"""

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from classifiers.types import (
    Assessment,
    Category,
    Finding,
    Intent,
    Judgement,
    Language,
    Sentiment,
    Severity,
    Toxicity,
    Urgency,
    UrgencyReason,
)
from monitor.config import Process, load
from monitor.mention import Author, Batch, Cursor, Lane, MentionId, NewMention, SetAside, SourceName, SourceState
from monitor.priority import Facts, ReplyTimes, priority
from monitor.storage import migrate, sources
from monitor.storage.alerts import NewAlert, add_due, given_up, record_delivered
from monitor.storage.audit import AuditLog, load_key
from monitor.storage.mentions import add_new, next_to_assess, next_to_triage, store_assessments, store_priorities
from monitor.storage.schema import alerts
from monitor.storage.session import Database
from responders import store
from responders.accounts import Account, Accounts, Role
from responders.reply import Draft, ReplyState, advance
from responders.review import Review

PASSWORD = "walk the dog slowly"
NAMES = {"view": Role.VIEWER, "agent": Role.AGENT, "lead": Role.APPROVER, "admin": Role.ADMIN}
FEED = SourceName("forum")
TIMES = ReplyTimes(
    urgent=timedelta(minutes=12), personal=timedelta(hours=2), flow=timedelta(hours=1), quiet=timedelta(days=1)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """One invented post and how it is judged."""

    id: str
    minutes_ago: int
    author: str
    text: str
    lang: str
    intent: Intent = Intent.COMPLAINT
    sentiment: Sentiment = Sentiment.NEGATIVE
    toxic: bool = False
    urgent: UrgencyReason | None = None
    sure: bool = True
    followers: int | None = None
    parent: str | None = None
    name: str | None = None
    judged: bool = True


LONG = "I ordered a kettle. " * 60
HOSTILE = (
    "<script>alert(1)</script><img src=x onerror=alert(2)> **bold** [link](javascript:alert(3)) "
    "safe\u202egpj.exe\u202c and a zero\u200bwidth blank :smile: $x^2$"
)
POSTS = (
    Post(
        id="en-fire",
        minutes_ago=95,
        author="harbour_light",
        followers=54_300,
        lang="en",
        urgent=UrgencyReason.SAFETY,
        text="The Marola charger started smoking on my desk tonight. I pulled the plug just in "
        "time. Is anyone going to answer before somebody's flat burns down?",
    ),
    Post(
        id="ru-refund",
        minutes_ago=40,
        author="tihiy_okean",
        lang="ru",
        followers=310,
        text="Третью неделю жду возврат денег за чайник Marola, заказ 48-211. Поддержка отвечает "
        "одно и то же. Это нормально?",
    ),
    Post(
        id="uk-question",
        minutes_ago=25,
        author="lypovyi_tsvit",
        lang="uk",
        intent=Intent.QUESTION,
        sentiment=Sentiment.NEUTRAL,
        followers=90,
        text="Підкажіть, будь ласка, чи працює доставка Marola до Чернівців у неділю?",
    ),
    Post(
        id="ar-broken",
        minutes_ago=150,
        author="bahr_hadi",
        lang="ar",
        followers=2_100,
        text="اشتريت خلاط Marola X200 قبل أسبوع وتوقف عن العمل اليوم. أرسلت ثلاث رسائل ولم يرد أحد. "
        "أريد استبدال الجهاز أو إعادة المبلغ.",
    ),
    Post(
        id="en-praise",
        minutes_ago=300,
        author="slow_tuesday",
        lang="en",
        intent=Intent.PRAISE,
        sentiment=Sentiment.POSITIVE,
        followers=40,
        text="Credit where it is due: Marola replaced my lamp within two days. Thank you!",
    ),
    Post(
        id="en-unsure",
        minutes_ago=12,
        author="grey_area",
        lang="en",
        intent=Intent.OTHER,
        sentiment=Sentiment.NEUTRAL,
        sure=False,
        text="Marola again. Oh well.",
    ),
    Post(id="en-hostile", minutes_ago=70, author="odd\u202ename", lang="en", text=HOSTILE, toxic=True),
    Post(id="en-long", minutes_ago=80, author="long_story", lang="en", text=LONG, followers=1_200),
    Post(
        id="uk-fraud",
        minutes_ago=8,
        author="sosna_3",
        lang="uk",
        urgent=UrgencyReason.FRAUD,
        followers=700,
        text="Увага! Мені дзвонили нібито з Marola і просили код з СМС. Гроші вже списали. Куди звертатися?",
    ),
    Post(
        id="root-1",
        minutes_ago=400,
        author="north_gate",
        lang="en",
        text="Does the Marola app work offline?",
        intent=Intent.QUESTION,
        sentiment=Sentiment.NEUTRAL,
        followers=15,
    ),
    Post(
        id="root-1-b",
        minutes_ago=200,
        author="north_gate",
        lang="en",
        parent="root-1",
        followers=15,
        text="Still waiting for Marola to say something about the offline mode.",
    ),
    Post(
        id="en-new",
        minutes_ago=2,
        author="first_rain",
        lang="en",
        text="Marola, hello? My parcel says delivered and there is no parcel.",
        judged=False,
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenDraft:
    """What the stand-in check says."""

    verdict: str
    risk: float
    findings: tuple[Finding, ...]
    policy: str = "test-1"
    hold_seconds: int = 0
    approvals_needed: int = 1
    notes: tuple[str, ...] = ()
    model: str = "stand-in"
    revision: str = "1"


@dataclass(slots=True)
class WordChecker:
    """Stands in for the reply check: finds a few plain words, at once and always the same way."""

    words: Mapping[str, tuple[Category, Severity, str]] = field(
        default_factory=lambda: {
            "stupid": (Category.INSULT, Severity.BLOCK, "calls the customer stupid"),
            "your fault": (Category.BLAME, Severity.REVIEW, "puts the blame on the customer"),
            "guarantee": (Category.PROMISE, Severity.WARN, "promises more than anybody can keep"),
            "глуп": (Category.INSULT, Severity.BLOCK, "называет клиента глупым"),
        }
    )

    def check(
        self,
        draft: str,
        *,
        mention: str | None = None,
        lang: str | None = None,
        platform: str | None = None,
        lane: Lane = Lane.FLOW,
        followers: int | None = None,
        besides: Sequence[Finding] = (),
    ) -> SeenDraft:
        """Judge a draft by the words in it."""
        del mention, lang, platform, lane, followers
        found = list(besides)
        for word, (category, severity, why) in self.words.items():
            start = draft.lower().find(word)
            if start >= 0:
                found.append(
                    Finding(
                        category=category,
                        severity=severity,
                        start=start,
                        end=start + len(word),
                        text=draft[start : start + len(word)],
                        rule=f"test-{category.value}",
                        score=1.0,
                        why=why,
                        suggestion="We will look into it today",
                    )
                )
        severities = {finding.severity for finding in found}
        verdict = "block" if Severity.BLOCK in severities else "review" if Severity.REVIEW in severities else "pass"
        return SeenDraft(verdict=verdict, risk=0.9 if found else 0.08, findings=tuple(found))


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What was filled in: mentions and replies by a short name, accounts by role."""

    mentions: Mapping[str, MentionId]
    replies: Mapping[str, Draft]
    accounts: Mapping[str, Account]


def fill(database: Database, audit: AuditLog, accounts: Accounts, now: datetime) -> World:
    """Fill an empty, migrated database."""
    people = {name: _account(accounts, name, role, now) for name, role in NAMES.items()}
    _posts(database, audit, now)
    with database.read() as unit:
        rows = unit.exec_driver_sql("SELECT external_id, id FROM mentions").all()
    mentions = {row[0]: MentionId(row[1]) for row in rows}
    _sources_and_alerts(database, mentions, now)
    return World(mentions=mentions, replies=_replies(database, audit, people, mentions, now), accounts=people)


def _account(accounts: Accounts, name: str, role: Role, now: datetime) -> Account:
    first = accounts.add(name, role, now, by=None)
    made = accounts.login(name, first.password, now).account
    return accounts.change_password(made, first.password, PASSWORD, now)


def _assessment(post: Post) -> Assessment:
    score = 0.93 if post.sure else 0.44
    return Assessment(
        lang=Language(label=post.lang, score=0.99),
        sentiment=Judgement(label=post.sentiment, score=score, sure=post.sure),
        toxicity=Judgement(label=Toxicity.TOXIC if post.toxic else Toxicity.CLEAN, score=score, sure=True),
        intent=Judgement(label=post.intent, score=score, sure=post.sure),
        urgency=Urgency(urgent=post.urgent is not None, score=0.9, reason=post.urgent, sure=True),
        model="stand-in",
        revision="1",
    )


def _posts(database: Database, audit: AuditLog, now: datetime) -> None:
    batch = Batch(
        mentions=[
            NewMention(
                external_id=post.id,
                platform="reddit",
                created_at=now - timedelta(minutes=post.minutes_ago),
                author=Author(handle=post.author, name=post.name, followers=post.followers),
                text=post.text,
                url=f"https://forum.example/{post.id}",
                parent_id=post.parent,
                root_id=post.parent,
            )
            for post in POSTS
        ],
        cursor=Cursor(),
        seen=len(POSTS),
        set_aside=[SetAside(external_id="bad-1", reason="the post has no text", payload='{"id": "bad-1"}')],
    )
    by_id = {post.id: post for post in POSTS}
    with database.write() as unit:
        add_new(unit, FEED, batch, now=now, brand_of=lambda *_: "marola", clean=lambda text: text, audit=audit)
        waiting = [mention for mention in next_to_assess(unit, 100) if by_id[mention.external_id].judged]
        store_assessments(unit, [(mention, _assessment(by_id[mention.external_id])) for mention in waiting], now)
        judged = next_to_triage(unit, now, 100)
        facts = [
            (mention, Facts(text=mention.clean_text, platform=mention.platform, created_at=mention.created_at,
                            followers=mention.author.followers, starts_thread=mention.starts_thread, thread_posts=0,
                            assessment=mention.assessment))
            for mention in judged if mention.assessment is not None
        ]  # fmt: skip
        store_priorities(unit, [(mention, priority(fact, TIMES, now=now)) for mention, fact in facts])


def _sources_and_alerts(database: Database, mentions: Mapping[str, MentionId], now: datetime) -> None:
    with database.write() as unit:
        sources.upsert_configured(unit, {FEED: "feed", SourceName("reddit-search"): "reddit"}, now)
        later = now + timedelta(minutes=5)
        sources.record_success(unit, FEED, now=now, next_run_at=later, seen=14, added=12)
        sources.record_failure(
            unit,
            SourceName("reddit-search"),
            now=now,
            state=SourceState.NOT_APPROVED,
            detail="Reddit has not approved this application yet",
            remedy="apply at the address in docs/sources.md; until then every other source goes on",
            next_run_at=later,
        )
        wanted = [
            NewAlert(mention_id=mentions[name], rule="urgent", why=why, channel="console")
            for name, why in (
                ("en-fire", "urgent: safety"),
                ("uk-fraud", "urgent: fraud"),
                ("ar-broken", "severity 52"),
            )
        ]
        add_due(unit, wanted, now)
        ids = {row.mention_id: row.id for row in unit.execute(alerts.select())}
        record_delivered(unit, ids[mentions["en-fire"]], now)
        given_up(unit, ids[mentions["ar-broken"]], error="the webhook answered 500 twelve times")


def _replies(
    database: Database,
    audit: AuditLog,
    people: Mapping[str, Account],
    mentions: Mapping[str, MentionId],
    now: datetime,
) -> dict[str, Draft]:
    review = Review(database=database, audit=audit, checker=WordChecker())
    agent, lead = people["agent"], people["lead"]

    def draft(name: str, text: str, door: str = "dry_run", lane: Lane | None = None) -> Draft:
        return review.open_draft(mentions[name], by=agent, now=now, door=door, lane=lane, text=text)

    def submitted(name: str, text: str, door: str = "dry_run") -> Draft:
        first = draft(name, text, door)
        return review.submit(first.id, by=agent, now=now, version=first.version)

    def approved(name: str, text: str, door: str = "dry_run") -> Draft:
        waiting = submitted(name, text, door)
        return review.approve(waiting.id, by=lead, now=now, version=waiting.version)

    first = draft("ru-refund", "Здравствуйте! Мы посмотрим.")
    better = (
        "Здравствуйте! Нам жаль, что возврат задерживается. Напишите номер заказа в личные сообщения, ответим сегодня."
    )
    edited = review.save_draft(first.id, better, by=agent, now=now + timedelta(minutes=3), version=first.version)
    queue = review.submit(edited.id, by=agent, now=now + timedelta(minutes=4), version=edited.version)
    return {
        "queue": queue,
        "blocked": submitted("en-long", "That is your fault, and a stupid question."),
        "approved": approved("uk-question", "Так, у неділю доставка працює. Гарного дня!"),
        "by_hand": approved("en-praise", "Thank you for telling us!", door="by_hand"),
        "uncertain": _uncertain(database, approved("root-1", "Yes, it works offline since version 4."), now),
        "sent_back": _sent_back(review, submitted("ar-broken", "سنرد عليك قريبا."), lead, now),
    }


def _uncertain(database: Database, approved: Draft, now: datetime) -> Draft:
    with database.write() as unit:
        sending = advance(approved, ReplyState.SENDING, at=now)
        store.claim(unit, approved, sending, by="publisher:test", at=now - timedelta(minutes=10))
        doubt = advance(sending, ReplyState.UNCERTAIN, at=now, note="the answer of the platform was lost")
        store.put(unit, sending, doubt, by="publisher:test")
    return doubt


def _sent_back(review: Review, waiting: Draft, lead: Account, now: datetime) -> Draft:
    return review.send_back(
        waiting.id, "Please say what happens next, and when.", by=lead, now=now, version=waiting.version
    )


def main() -> None:
    """Fill the database whose URL is the first argument."""
    os.environ["TACTFUL__DATABASE__URL"] = sys.argv[1]
    settings = load(Process.CONSOLE)
    database = Database.open(settings.database.url)
    migrate.upgrade(database)
    audit = AuditLog(load_key(settings))
    world = fill(database, audit, Accounts(database, audit), datetime.now(UTC))
    print(f"{len(world.mentions)} mentions; sign in as {', '.join(NAMES)} with the password: {PASSWORD}")  # noqa: T201 - a script


if __name__ == "__main__":
    main()
