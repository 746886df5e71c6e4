"""Every table of the first release, and the triggers that keep the audit log append-only.

Revision ID: 0001
Revises:
"""

import sqlalchemy as sa
from alembic import op

revision: str = "0001"
down_revision: str | None = None
branch_labels: None = None
depends_on: None = None

GENESIS = "0" * 64

SQLITE_GUARDS = (
    "CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit"
    " BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END",
    "CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit"
    " BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END",
    "CREATE TRIGGER audit_head_one_on BEFORE UPDATE ON audit_head WHEN NEW.id <> OLD.id OR (OLD.seq > 0 AND NEW.seq <> OLD.seq + 1)"
    " BEGIN SELECT RAISE(ABORT, 'the head of the audit log moves on by one'); END",
    "CREATE TRIGGER audit_head_no_delete BEFORE DELETE ON audit_head"
    " BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END",
)
POSTGRESQL_GUARDS = (
    "CREATE FUNCTION tactful_append_only() RETURNS trigger LANGUAGE plpgsql AS"
    " $$ BEGIN RAISE EXCEPTION 'the audit log is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$",
    "CREATE TRIGGER audit_no_change BEFORE UPDATE OR DELETE ON audit"
    " FOR EACH ROW EXECUTE FUNCTION tactful_append_only()",
    "CREATE TRIGGER audit_no_truncate BEFORE TRUNCATE ON audit"
    " FOR EACH STATEMENT EXECUTE FUNCTION tactful_append_only()",
    "CREATE TRIGGER audit_head_one_on BEFORE UPDATE ON audit_head FOR EACH ROW"
    " WHEN (NEW.id <> OLD.id OR (OLD.seq > 0 AND NEW.seq <> OLD.seq + 1)) EXECUTE FUNCTION tactful_append_only()",
    "CREATE TRIGGER audit_head_no_delete BEFORE DELETE ON audit_head"
    " FOR EACH ROW EXECUTE FUNCTION tactful_append_only()",
    "CREATE TRIGGER audit_head_no_truncate BEFORE TRUNCATE ON audit_head"
    " FOR EACH STATEMENT EXECUTE FUNCTION tactful_append_only()",
)


def upgrade() -> None:
    """Make every table and guard the audit log."""
    dialect = op.get_bind().dialect.name
    op.create_table(
        "accounts",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("password_hash", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("must_change", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("failed", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("locked_until", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("role IN ('viewer', 'agent', 'approver', 'admin')", name=op.f("ck_accounts_role")),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_accounts")),
    )
    op.create_table(
        "audit",
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.Column("previous", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_audit")),
    )
    op.create_index("ix_audit_subject_seq", "audit", ["subject", "seq"], unique=False)
    op.create_table(
        "audit_head",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("key_id", sa.String(length=64), nullable=False),
        sa.Column("mac", sa.String(length=64), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_audit_head_single")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_head")),
    )
    op.create_table(
        "cursors",
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("cursor", sa.JSON(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("source", name=op.f("pk_cursors")),
    )
    op.create_table(
        "leases",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("holder", sa.String(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_leases")),
    )
    op.create_table(
        "mentions",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("external_id", sa.String(), nullable=False),
        sa.Column("platform", sa.String(), nullable=False),
        sa.Column("brand", sa.String(), nullable=True),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("author_name", sa.String(), nullable=True),
        sa.Column("followers", sa.Integer(), nullable=True),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("clean_text", sa.Text(), nullable=False),
        sa.Column("text_hash", sa.String(length=64), nullable=False),
        sa.Column("parent_id", sa.String(), nullable=True),
        sa.Column("root_id", sa.String(), nullable=True),
        sa.Column("addressed", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("collected_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("edited_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("gone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("handling", sa.String(), nullable=False),
        sa.Column("handled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("claimed_by", sa.String(), nullable=True),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lang", sa.String(), nullable=True),
        sa.Column("lang_score", sa.Float(), nullable=True),
        sa.Column("sentiment", sa.String(), nullable=True),
        sa.Column("sentiment_score", sa.Float(), nullable=True),
        sa.Column("sentiment_sure", sa.Boolean(), nullable=True),
        sa.Column("toxicity", sa.String(), nullable=True),
        sa.Column("toxicity_score", sa.Float(), nullable=True),
        sa.Column("toxicity_sure", sa.Boolean(), nullable=True),
        sa.Column("intent", sa.String(), nullable=True),
        sa.Column("intent_score", sa.Float(), nullable=True),
        sa.Column("intent_sure", sa.Boolean(), nullable=True),
        sa.Column("urgent", sa.Boolean(), nullable=True),
        sa.Column("urgency_score", sa.Float(), nullable=True),
        sa.Column("urgency_reason", sa.String(), nullable=True),
        sa.Column("urgency_sure", sa.Boolean(), nullable=True),
        sa.Column("model", sa.String(), nullable=True),
        sa.Column("revision", sa.String(), nullable=True),
        sa.Column("assessed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("severity", sa.Float(), server_default=sa.text("0"), nullable=False),
        sa.Column("severity_terms", sa.JSON(), nullable=True),
        sa.Column("lane", sa.String(), nullable=True),
        sa.Column("lane_reason", sa.Text(), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("retriage_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("relevant", sa.Boolean(), nullable=False),
        sa.Column("due_order", sa.DateTime(timezone=True), nullable=False),
        sa.Column("search", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint("handling IN ('open', 'answered', 'closed')", name=op.f("ck_mentions_handling")),
        sa.CheckConstraint("state IN ('collected', 'assessed', 'triaged')", name=op.f("ck_mentions_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mentions")),
        sa.UniqueConstraint("source", "external_id", name=op.f("uq_mentions_source_external_id")),
    )
    op.create_index(
        "ix_mentions_inbox_due",
        "mentions",
        [
            "relevant",
            "handling",
            "due_order",
            "id",
            "brand",
            "lang",
            "intent",
            "sentiment",
            "urgent",
            "lane",
            "source",
            "claimed_by",
        ],
        unique=False,
    )
    op.create_index(
        "ix_mentions_inbox_newest",
        "mentions",
        [
            "relevant",
            "handling",
            sa.literal_column("created_at DESC"),
            sa.literal_column("id DESC"),
            "brand",
            "lang",
            "intent",
            "sentiment",
            "urgent",
            "lane",
            "source",
            "claimed_by",
        ],
        unique=False,
    )
    op.create_index(
        "ix_mentions_inbox_severity",
        "mentions",
        [
            "relevant",
            "handling",
            sa.literal_column("severity DESC"),
            sa.literal_column("id DESC"),
            "brand",
            "lang",
            "intent",
            "sentiment",
            "urgent",
            "lane",
            "source",
            "claimed_by",
        ],
        unique=False,
    )
    op.create_index("ix_mentions_platform_author", "mentions", ["platform", "author", "id"], unique=False)
    op.create_index(
        "ix_mentions_state_handling_retriage_at", "mentions", ["state", "handling", "retriage_at"], unique=False
    )
    op.create_index("ix_mentions_source_parent_id", "mentions", ["source", "parent_id"], unique=False)
    op.create_index("ix_mentions_source_root_id", "mentions", ["source", "root_id", "created_at"], unique=False)
    op.create_index("ix_mentions_state_id", "mentions", ["state", "id"], unique=False)
    op.create_table(
        "set_aside",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("external_id", sa.String(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_set_aside")),
        sa.UniqueConstraint("source", "digest", name=op.f("uq_set_aside_source_digest")),
    )
    op.create_index("ix_set_aside_source_id", "set_aside", ["source", "id"], unique=False)
    op.create_table(
        "sources",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("detail", sa.Text(), server_default="", nullable=False),
        sa.Column("remedy", sa.Text(), server_default="", nullable=False),
        sa.Column("next_run_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_run_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_ok_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("last_error_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failures", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("seen", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("added", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_sources")),
    )
    op.create_table(
        "spending",
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("usd", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("source", "day", name=op.f("pk_spending")),
    )
    op.create_table(
        "switches",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("on", sa.Boolean(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_switches")),
    )
    op.create_table(
        "alerts",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("mention_id", sa.Integer(), nullable=False),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.CheckConstraint("state IN ('due', 'delivered', 'given-up')", name=op.f("ck_alerts_state")),
        sa.ForeignKeyConstraint(["mention_id"], ["mentions.id"], name=op.f("fk_alerts_mention_id_mentions")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alerts")),
        sa.UniqueConstraint("mention_id", "rule", name=op.f("uq_alerts_mention_id_rule")),
    )
    op.create_index("ix_alerts_state_next_try_at", "alerts", ["state", "next_try_at"], unique=False)
    op.create_table(
        "logins",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["account"], ["accounts.name"], name=op.f("fk_logins_account_accounts")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_logins")),
    )
    op.create_table(
        "replies",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("mention_id", sa.Integer(), nullable=False),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("lane", sa.String(), nullable=False),
        sa.Column("door", sa.String(), nullable=False),
        sa.Column("template", sa.String(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("text_hash", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("mention_hash", sa.String(length=64), nullable=False),
        sa.Column("risk", sa.Float(), nullable=True),
        sa.Column("verdict", sa.String(), nullable=True),
        sa.Column("findings", sa.JSON(), nullable=True),
        sa.Column("policy", sa.String(), nullable=True),
        sa.Column("model", sa.String(), nullable=True),
        sa.Column("revision", sa.String(), nullable=True),
        sa.Column("check_notes", sa.JSON(), nullable=True),
        sa.Column("hold_seconds", sa.Integer(), nullable=True),
        sa.Column("approvals_needed", sa.Integer(), nullable=True),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("hold_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "state IN ('draft', 'in_review', 'approved', 'sending', 'sent', 'refused', 'uncertain', 'rejected')",
            name=op.f("ck_replies_state"),
        ),
        sa.ForeignKeyConstraint(["mention_id"], ["mentions.id"], name=op.f("fk_replies_mention_id_mentions")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_replies")),
    )
    op.create_index("ix_replies_mention_id", "replies", ["mention_id"], unique=False)
    op.create_index("ix_replies_state_id", "replies", ["state", "id"], unique=False)
    op.create_table(
        "approvals",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("reply_id", sa.Integer(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("text_hash", sa.String(length=64), nullable=False),
        sa.Column("policy", sa.String(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("voided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("void_reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["reply_id"], ["replies.id"], name=op.f("fk_approvals_reply_id_replies")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approvals")),
    )
    op.create_index("ix_approvals_reply_id", "approvals", ["reply_id"], unique=False)
    op.create_table(
        "publications",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("reply_id", sa.Integer(), nullable=False),
        sa.Column("mention_id", sa.Integer(), nullable=False),
        sa.Column("door", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("claimed_by", sa.String(), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("external_id", sa.String(), nullable=True),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "state IN ('sending', 'sent', 'refused', 'uncertain', 'released')", name=op.f("ck_publications_state")
        ),
        sa.ForeignKeyConstraint(["mention_id"], ["mentions.id"], name=op.f("fk_publications_mention_id_mentions")),
        sa.ForeignKeyConstraint(["reply_id"], ["replies.id"], name=op.f("fk_publications_reply_id_replies")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_publications")),
    )
    op.create_index("ix_publications_reply_id", "publications", ["reply_id"], unique=False)
    op.create_index(
        "uq_publications_live_mention",
        "publications",
        ["mention_id"],
        unique=True,
        sqlite_where=sa.text("state IN ('sending', 'sent', 'uncertain')"),
        postgresql_where=sa.text("state IN ('sending', 'sent', 'uncertain')"),
    )
    op.create_table(
        "reply_versions",
        sa.Column("reply_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["reply_id"], ["replies.id"], name=op.f("fk_reply_versions_reply_id_replies")),
        sa.PrimaryKeyConstraint("reply_id", "version", name=op.f("pk_reply_versions")),
    )
    op.execute(sa.text(f"INSERT INTO audit_head (id, seq, hash, key_id, mac) VALUES (1, 0, '{GENESIS}', '', '')"))
    for guard in POSTGRESQL_GUARDS if dialect == "postgresql" else SQLITE_GUARDS:
        op.execute(sa.text(guard))


def downgrade() -> None:
    """Drop everything; the guards go with their tables."""
    op.drop_table("reply_versions")
    op.drop_index(
        "uq_publications_live_mention",
        table_name="publications",
        sqlite_where=sa.text("state IN ('sending', 'sent', 'uncertain')"),
        postgresql_where=sa.text("state IN ('sending', 'sent', 'uncertain')"),
    )
    op.drop_index("ix_publications_reply_id", table_name="publications")
    op.drop_table("publications")
    op.drop_index("ix_approvals_reply_id", table_name="approvals")
    op.drop_table("approvals")
    op.drop_index("ix_replies_state_id", table_name="replies")
    op.drop_index("ix_replies_mention_id", table_name="replies")
    op.drop_table("replies")
    op.drop_table("logins")
    op.drop_index("ix_alerts_state_next_try_at", table_name="alerts")
    op.drop_table("alerts")
    op.drop_table("switches")
    op.drop_table("spending")
    op.drop_table("sources")
    op.drop_index("ix_set_aside_source_id", table_name="set_aside")
    op.drop_table("set_aside")
    op.drop_index("ix_mentions_state_id", table_name="mentions")
    op.drop_index("ix_mentions_source_root_id", table_name="mentions")
    op.drop_index("ix_mentions_source_parent_id", table_name="mentions")
    op.drop_index("ix_mentions_state_handling_retriage_at", table_name="mentions")
    op.drop_index("ix_mentions_platform_author", table_name="mentions")
    op.drop_index("ix_mentions_inbox_severity", table_name="mentions")
    op.drop_index("ix_mentions_inbox_newest", table_name="mentions")
    op.drop_index("ix_mentions_inbox_due", table_name="mentions")
    op.drop_table("mentions")
    op.drop_table("leases")
    op.drop_table("cursors")
    op.drop_table("audit_head")
    op.drop_index("ix_audit_subject_seq", table_name="audit")
    op.drop_table("audit")
    op.drop_table("accounts")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION tactful_append_only()")
