"""Every table of Tactful. Plain tables: what a row means stays with the package that owns the value.

Times are stored as UTC and come back aware. JSON columns hold what is only shown, never what is filtered by.
"""

from datetime import UTC, datetime
from typing import Final

from sqlalchemy import (
    JSON,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)

NAMING: Final = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
metadata: Final = MetaData(naming_convention=NAMING)


class UtcDateTime(TypeDecorator[datetime]):
    """Aware times in, UTC times out; SQLite keeps no zone, so a naive time is refused instead of guessed."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Refuse naive times; store UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            msg = f"the time {value.isoformat()} has no zone"
            raise ValueError(msg)
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Give UTC back, whatever the database kept."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


mentions: Final = Table(
    "mentions",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("source", String, nullable=False),
    Column("external_id", String, nullable=False),
    Column("platform", String, nullable=False),
    Column("brand", String),  # None: stored for its thread, but about no brand of ours
    Column("author", String, nullable=False),
    Column("author_name", String),
    Column("followers", Integer),
    Column("url", Text),
    Column("title", Text),
    Column("text", Text, nullable=False),  # the original, unchanged
    Column("clean_text", Text, nullable=False),  # after hygiene; what was judged
    Column("text_hash", String(64), nullable=False),
    Column("parent_id", String),  # external ids within the same source
    Column("root_id", String),
    Column("addressed", Boolean, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("collected_at", UtcDateTime, nullable=False),
    Column("edited_at", UtcDateTime),  # the source shows another text since
    Column("gone_at", UtcDateTime),  # the source no longer shows it
    Column("state", String, nullable=False),
    Column("handling", String, nullable=False),
    Column("handled_at", UtcDateTime),
    Column("claimed_by", String),
    Column("claimed_at", UtcDateTime),
    # judged
    Column("lang", String),
    Column("lang_score", Float),
    Column("sentiment", String),
    Column("sentiment_score", Float),
    Column("sentiment_sure", Boolean),
    Column("toxicity", String),
    Column("toxicity_score", Float),
    Column("toxicity_sure", Boolean),
    Column("intent", String),
    Column("intent_score", Float),
    Column("intent_sure", Boolean),
    Column("urgent", Boolean),
    Column("urgency_score", Float),
    Column("urgency_reason", String),
    Column("urgency_sure", Boolean),
    Column("model", String),
    Column("revision", String),
    Column("assessed_at", UtcDateTime),
    # prioritised
    Column("severity", Float, nullable=False, server_default=text("0")),
    Column("severity_terms", JSON),  # [{"term", "points", "why"}]
    Column("lane", String),
    Column("lane_reason", Text),
    Column("due_at", UtcDateTime),
    Column("retriage_at", UtcDateTime),  # when waiting and velocity deserve another look; None once handled
    # only for finding: written beside what they are made of
    Column("relevant", Boolean, nullable=False),  # about a brand of ours, or addressed to it
    Column("due_order", UtcDateTime, nullable=False),  # due_at, or created_at while nobody has judged it
    Column("search", Text, nullable=False, server_default=""),  # author, title and text, folded for searching
    UniqueConstraint("source", "external_id"),
    CheckConstraint("state IN ('collected', 'assessed', 'triaged')", name="state"),
    CheckConstraint("handling IN ('open', 'answered', 'closed')", name="handling"),
    Index("ix_mentions_state_id", "state", "id"),
    Index("ix_mentions_state_handling_retriage_at", "state", "handling", "retriage_at"),
    Index("ix_mentions_source_root_id", "source", "root_id", "created_at"),
    Index("ix_mentions_source_parent_id", "source", "parent_id"),
    Index("ix_mentions_platform_author", "platform", "author", "id"),
)

# One index an order of the inbox. Each carries every column that the inbox filters by, so that a rare filter walks
# the index and never the table (measured in benchmarks/storage.py).
INBOX_FILTERS: Final = ("brand", "lang", "intent", "sentiment", "urgent", "lane", "source", "claimed_by")
Index(
    "ix_mentions_inbox_severity",
    mentions.c.relevant,
    mentions.c.handling,
    mentions.c.severity.desc(),
    mentions.c.id.desc(),
    *(mentions.c[name] for name in INBOX_FILTERS),
)
Index(
    "ix_mentions_inbox_due",
    mentions.c.relevant,
    mentions.c.handling,
    mentions.c.due_order,
    mentions.c.id,
    *(mentions.c[name] for name in INBOX_FILTERS),
)
Index(
    "ix_mentions_inbox_newest",
    mentions.c.relevant,
    mentions.c.handling,
    mentions.c.created_at.desc(),
    mentions.c.id.desc(),
    *(mentions.c[name] for name in INBOX_FILTERS),
)

cursors: Final = Table(
    "cursors",
    metadata,
    Column("source", String, primary_key=True),
    Column("cursor", JSON, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
)

sources: Final = Table(
    "sources",
    metadata,
    Column("name", String, primary_key=True),
    Column("kind", String, nullable=False),
    Column("state", String, nullable=False),
    Column("detail", Text, nullable=False, server_default=""),  # why, in words
    Column("remedy", Text, nullable=False, server_default=""),
    Column("next_run_at", UtcDateTime),
    Column("last_run_at", UtcDateTime),
    Column("last_ok_at", UtcDateTime),
    Column("last_error", Text),
    Column("last_error_at", UtcDateTime),
    Column("failures", Integer, nullable=False, server_default=text("0")),  # in a row; sets the back-off
    Column("seen", Integer, nullable=False, server_default=text("0")),
    Column("added", Integer, nullable=False, server_default=text("0")),
)

spending: Final = Table(
    "spending",
    metadata,
    Column("source", String, primary_key=True),
    Column("day", String(10), primary_key=True),  # UTC day, YYYY-MM-DD
    Column("usd", Float, nullable=False),
)

leases: Final = Table(
    "leases",
    metadata,
    Column("name", String, primary_key=True),
    Column("holder", String, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
)

set_aside: Final = Table(
    "set_aside",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("source", String, nullable=False),
    Column("external_id", String),
    Column("reason", Text, nullable=False),
    Column("payload", Text, nullable=False),
    Column("digest", String(64), nullable=False),  # of id and payload: what each poll brings again is kept once
    Column("at", UtcDateTime, nullable=False),
    UniqueConstraint("source", "digest"),
    Index("ix_set_aside_source_id", "source", "id"),
)

alerts: Final = Table(
    "alerts",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("mention_id", ForeignKey("mentions.id"), nullable=False),
    Column("rule", String, nullable=False),
    Column("why", Text, nullable=False),
    Column("state", String, nullable=False),  # due · delivered · given-up
    Column("channel", String, nullable=False),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("created_at", UtcDateTime, nullable=False),
    Column("next_try_at", UtcDateTime),
    Column("delivered_at", UtcDateTime),
    Column("last_error", Text),
    UniqueConstraint("mention_id", "rule"),
    CheckConstraint("state IN ('due', 'delivered', 'given-up')", name="state"),
    Index("ix_alerts_state_next_try_at", "state", "next_try_at"),
)

# Judgements counted as they are stored, so that no chart ever reads the mentions. Anonymous: no text, no author.
weekly_judgements: Final = Table(
    "weekly_judgements",
    metadata,
    Column("week", String(10), primary_key=True),  # its Monday (UTC), YYYY-MM-DD
    Column("lang", String, primary_key=True),
    Column("head", String, primary_key=True),
    Column("model", String, primary_key=True),
    Column("revision", String, primary_key=True),
    Column("label", String, primary_key=True),
    Column("bin", Integer, primary_key=True, autoincrement=False),  # 0…9, tenths of the score
    Column("count", Integer, nullable=False),
    Column("last_at", UtcDateTime, nullable=False),  # when a judgement was last added here
)

drift_alarms: Final = Table(
    "drift_alarms",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("week", String(10), nullable=False),
    Column("lang", String, nullable=False),
    Column("head", String, nullable=False),
    Column("model", String, nullable=False),
    Column("revision", String, nullable=False),
    Column("psi", Float, nullable=False),
    Column("why", Text, nullable=False),
    Column("state", String, nullable=False),  # due · delivered · given-up
    Column("channel", String, nullable=False),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("created_at", UtcDateTime, nullable=False),
    Column("next_try_at", UtcDateTime),
    Column("delivered_at", UtcDateTime),
    Column("last_error", Text),
    UniqueConstraint("week", "lang", "head"),
    CheckConstraint("state IN ('due', 'delivered', 'given-up')", name="state"),
)

replies: Final = Table(
    "replies",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("mention_id", ForeignKey("mentions.id"), nullable=False),
    Column("author", String, nullable=False),  # account name
    Column("state", String, nullable=False),
    Column("lane", String, nullable=False),
    Column("door", String, nullable=False),
    Column("template", String),
    Column("text", Text, nullable=False),
    Column("text_hash", String(64), nullable=False),
    Column("version", Integer, nullable=False),
    Column("mention_hash", String(64), nullable=False),  # what the mention said when this was written
    Column("risk", Float),
    Column("verdict", String),
    Column("findings", JSON),  # as `responders check` prints them
    Column("policy", String),
    Column("model", String),
    Column("revision", String),
    Column("check_notes", JSON),  # what the check says that stands in no finding, one sentence each
    Column("hold_seconds", Integer),  # what the policy asks for: how long an approved reply waits,
    Column("approvals_needed", Integer),  # and how many people must say yes
    Column("checked_at", UtcDateTime),
    Column("note", Text),  # why it was sent back, rejected, refused or is uncertain
    Column("hold_until", UtcDateTime),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    CheckConstraint(
        "state IN ('draft', 'in_review', 'approved', 'sending', 'sent', 'refused', 'uncertain', 'rejected')",
        name="state",
    ),
    Index("ix_replies_state_id", "state", "id"),
    Index("ix_replies_mention_id", "mention_id"),
)

reply_versions: Final = Table(
    "reply_versions",
    metadata,
    Column("reply_id", ForeignKey("replies.id"), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("text", Text, nullable=False),
    Column("by", String, nullable=False),
    Column("at", UtcDateTime, nullable=False),
)

approvals: Final = Table(
    "approvals",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("reply_id", ForeignKey("replies.id"), nullable=False),
    Column("by", String, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("text_hash", String(64), nullable=False),
    Column("policy", String, nullable=False),
    Column("reason", Text),
    Column("voided_at", UtcDateTime),
    Column("void_reason", Text),
    Index("ix_approvals_reply_id", "reply_id"),
)

publications: Final = Table(
    "publications",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("reply_id", ForeignKey("replies.id"), nullable=False),
    Column("mention_id", ForeignKey("mentions.id"), nullable=False),
    Column("door", String, nullable=False),
    Column("state", String, nullable=False),  # sending · sent · refused · uncertain · released
    Column("claimed_at", UtcDateTime, nullable=False),
    Column("claimed_by", String, nullable=False),
    Column("settled_at", UtcDateTime),
    Column("external_id", String),
    Column("url", Text),
    Column("reason", Text),
    CheckConstraint("state IN ('sending', 'sent', 'refused', 'uncertain', 'released')", name="state"),
    # Heard once, answered once: the database, not the code path, forbids a second live publication.
    Index(
        "uq_publications_live_mention",
        "mention_id",
        unique=True,
        sqlite_where=text("state IN ('sending', 'sent', 'uncertain')"),
        postgresql_where=text("state IN ('sending', 'sent', 'uncertain')"),
    ),
    Index("ix_publications_reply_id", "reply_id"),
)

promises: Final = Table(
    "promises",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("reply_id", ForeignKey("replies.id"), nullable=False),
    Column("mention_id", ForeignKey("mentions.id"), nullable=False),
    Column("kind", String, nullable=False),
    Column("text", Text, nullable=False),  # the words of the reply that promise it
    Column("start", Integer, nullable=False),  # code points of the reply's text
    Column("end", Integer, nullable=False),
    Column("by", String, nullable=False),  # who wrote them
    Column("made_at", UtcDateTime, nullable=False),  # when the reply went out
    Column("due_at", UtcDateTime, nullable=False),
    Column("stated", Boolean, nullable=False),  # the reply names the time; otherwise the policy does
    Column("state", String, nullable=False),  # open · kept · broken; overdue is open past its time
    Column("settled_at", UtcDateTime),
    Column("settled_by", String),
    Column("remind_at", UtcDateTime),  # when people are reminded, or are tried to; None: done with
    Column("reminded_at", UtcDateTime),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("last_error", Text),
    UniqueConstraint("reply_id", "start"),
    CheckConstraint("state IN ('open', 'kept', 'broken')", name="state"),
    Index("ix_promises_state_due_at", "state", "due_at"),
    Index("ix_promises_state_remind_at", "state", "remind_at"),
)

audit: Final = Table(
    "audit",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at", UtcDateTime, nullable=False),
    Column("actor", String, nullable=False),
    Column("action", String, nullable=False),
    Column("subject", String, nullable=False),  # "reply:12", "mention:7", "account:anna"
    Column("details", Text, nullable=False),  # canonical JSON: what is hashed is what is kept
    Column("previous", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    Index("ix_audit_subject_seq", "subject", "seq"),
)

audit_head: Final = Table(
    "audit_head",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("seq", Integer, nullable=False),
    Column("hash", String(64), nullable=False),
    Column("key_id", String(64), nullable=False),  # tells a wrong key from a broken log; says nothing about the key
    Column("mac", String(64), nullable=False),  # over seq and hash: who cuts the tail off cannot make the head fit
    CheckConstraint("id = 1", name="single"),
)

accounts: Final = Table(
    "accounts",
    metadata,
    Column("name", String, primary_key=True),
    Column("password_hash", String, nullable=False),
    Column("role", String, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("must_change", Boolean, nullable=False),  # a password somebody else knows must be changed at first use
    Column("created_at", UtcDateTime, nullable=False),
    Column("failed", Integer, nullable=False, server_default=text("0")),
    Column("locked_until", UtcDateTime),
    CheckConstraint("role IN ('viewer', 'agent', 'approver', 'admin')", name="role"),
)

logins: Final = Table(
    "logins",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("account", ForeignKey("accounts.name"), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
)

api_tokens: Final = Table(
    "api_tokens",
    metadata,
    Column("name", String, primary_key=True),  # never used again after a token was revoked: the log speaks of it
    Column("token_hash", String(64), nullable=False),
    Column("scopes", String, nullable=False),  # separated by spaces
    Column("per_minute", Integer, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("revoked_at", UtcDateTime),
    UniqueConstraint("token_hash"),
)

# Signed requests that were accepted, until their time has passed: none is accepted twice.
api_signatures: Final = Table(
    "api_signatures",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("expires_at", UtcDateTime, nullable=False),
    Index("ix_api_signatures_expires_at", "expires_at"),
)

switches: Final = Table(
    "switches",
    metadata,
    Column("name", String, primary_key=True),  # "stop_sending"
    Column("on", Boolean, nullable=False),
    Column("by", String, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("reason", Text, nullable=False, server_default=""),
)
