"""A small world to test replies in: a database, an audit log, a check that says what it is told, four accounts."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import update

from classifiers.types import Category, Finding, ModelUnavailable, Severity
from monitor.mention import Lane, MentionId
from monitor.storage.audit import AuditLog
from monitor.storage.schema import mentions, switches
from monitor.storage.session import Database
from monitor.storage.stored import text_hash as mention_hash
from responders import account_store, store
from responders.accounts import Account, Role
from responders.clearance import Limits
from responders.ending import Outcome
from responders.posting import Posting
from responders.publishing import Publisher, Publishing
from responders.recheck import Recheck
from responders.reply import Approval, Draft, ParentState, Published, ReplyId, ReplyTarget, Verdict
from responders.review import Review
from responders.store import Unit

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
KEY = b"k" * 32
BLOCKED = Finding(
    category=Category.INSULT,
    severity=Severity.BLOCK,
    start=0,
    end=3,
    text="You",
    rule="insult.en.1",
    score=0.97,
    why="it insults the writer",
)


@dataclass
class Checked:
    verdict: str = "pass"
    risk: float = 0.03
    findings: Sequence[Finding] = ()
    policy: str = "policy-1"
    model: str = "model"
    revision: str = "1"
    hold_seconds: int = 0
    approvals_needed: int = 1
    notes: Sequence[str] = ()


@dataclass
class Checker:
    """Says what it is told; `down` makes it fail as a missing model does."""

    says: Checked = field(default_factory=Checked)
    down: bool = False
    asked: list[str] = field(default_factory=list)
    followers: list[int | None] = field(default_factory=list)
    besides: list[tuple[Finding, ...]] = field(default_factory=list)

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
    ) -> Checked:
        del mention, lang, platform, lane
        self.followers.append(followers)
        self.besides.append(tuple(besides))
        self.asked.append(draft)
        if self.down:
            raise ModelUnavailable("the model file is missing")
        return replace(self.says, findings=(*self.says.findings, *besides)) if besides else self.says


@dataclass
class Door:
    """A door that does what it is told and counts."""

    raises: Exception | None = None
    parent: ParentState | Exception = ParentState.PRESENT
    found: Published | Exception | None = None
    by_person: bool = False
    sent: list[str] = field(default_factory=list)

    def publish(self, target: ReplyTarget, text: str) -> Published:
        self.sent.append(text)
        if self.raises is not None:
            raise self.raises
        return Published(
            external_id=f"own-{target.external_id}", url=f"https://social.example/{target.external_id}/own"
        )

    def find_own(self, target: ReplyTarget, text: str, since: datetime) -> Published | None:
        del target, text, since
        if isinstance(self.found, Exception):
            raise self.found
        return self.found

    def parent_state(self, target: ReplyTarget) -> ParentState:
        del target
        if isinstance(self.parent, Exception):
            raise self.parent
        return self.parent


class World:
    def __init__(self, database: Database) -> None:
        self.database = database
        self.audit = AuditLog(KEY)
        self.checker = Checker()
        self.door = Door()
        self.now = NOW
        self.limits = Limits(daily_cap=100, approval_lifetime=timedelta(hours=24))
        self.review = Review(database=database, audit=self.audit, checker=self.checker)
        self.agent = self.account("agent", Role.AGENT)
        self.approver = self.account("approver", Role.APPROVER)
        self.admin = self.account("admin", Role.ADMIN)
        self.viewer = self.account("viewer", Role.VIEWER)

    @property
    def recheck(self) -> Recheck:
        return Recheck(database=self.database, checker=self.checker, limits=self.limits)

    @property
    def posting(self) -> Posting:
        return Posting(database=self.database, audit=self.audit, recheck=self.recheck)

    def publishing(self, door: Publisher | None = None) -> Publishing:
        return Publishing(
            database=self.database,
            audit=self.audit,
            recheck=self.recheck,
            doors={"dry_run": door or self.door},
            clock=lambda: self.now,
        )

    def account(self, name: str, role: Role, *, must_change: bool = False) -> Account:
        with self.database.write() as unit:
            account_store.add(unit, name, "no hash", role.value, must_change=must_change, at=NOW)
        return Account(name=name, role=role, active=True, must_change=must_change, created_at=NOW)

    def mention(
        self, external_id: str = "p1", text: str = "The kettle broke after two days.", title: str | None = None
    ) -> MentionId:
        with self.database.write() as unit:
            key = unit.execute(
                mentions.insert()
                .values(
                    source="sample",
                    external_id=external_id,
                    platform="reddit",
                    author="someone",
                    title=title,
                    text=text,
                    clean_text=text,
                    text_hash=mention_hash(title, text),
                    url=f"https://social.example/{external_id}",
                    addressed=False,
                    relevant=True,
                    created_at=NOW - timedelta(hours=1),
                    collected_at=NOW - timedelta(minutes=50),
                    due_order=NOW,
                    state="triaged",
                    handling="open",
                    lang="en",
                    lane="flow",
                )
                .returning(mentions.c.id)
            ).scalar_one()
        return MentionId(key)

    def change_mention(self, mention_id: MentionId, **values: object) -> None:
        with self.database.write() as unit:
            unit.execute(update(mentions).where(mentions.c.id == mention_id).values(**values))

    def stop_sending(self, *, on: bool = True) -> None:
        with self.database.write() as unit:
            unit.execute(switches.delete())
            unit.execute(switches.insert().values(name="stop_sending", on=on, by="admin", at=NOW, reason="crisis"))

    def draft(
        self,
        text: str = "We are sorry. Please write to us.",
        *,
        mention_id: MentionId | None = None,
        by: Account | None = None,
    ) -> Draft:
        return self.review.open_draft(
            mention_id or self.mention(), by=by or self.agent, now=self.now, door="dry_run", lane=Lane.FLOW, text=text
        )

    def submitted(self, draft: Draft | None = None) -> Draft:
        draft = draft or self.draft()
        return self.review.submit(draft.id, by=self.agent, now=self.now, version=draft.version)

    def approved(self, draft: Draft | None = None) -> Draft:
        draft = self.submitted(draft)
        return self.review.approve(draft.id, by=self.approver, now=self.now, version=draft.version)

    def block(self) -> None:
        self.checker.says = Checked(verdict=Verdict.BLOCK.value, risk=0.98, findings=(BLOCKED,))

    def stored(self, reply_id: ReplyId) -> Draft:
        with self.database.read() as unit:
            return store.draft_of(unit, reply_id)

    def actions(self) -> list[str]:
        """Every action in the audit log, oldest first; fails when the chain is broken."""
        with self.database.read() as unit:
            assert self.audit.verify(unit).whole
            return [row.action for row in unit.exec_driver_sql("SELECT action FROM audit ORDER BY seq")]


def publish_next(publishing: Publishing) -> Outcome | None:
    """What became of the reply that is due longest; None when nothing is due."""
    return next(publishing.publish_due(), None)


def live_approval(unit: Unit, reply_id: ReplyId) -> Approval | None:
    """The newest approval that no edit has voided."""
    standing = store.standing_approvals(unit, reply_id)
    return standing[-1] if standing else None
