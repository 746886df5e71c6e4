"""Judgements counted by week, filled once from the mentions that are judged already; alarms of drift.

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: None = None
depends_on: None = None

# What each head's label and score are called in `mentions`; urgency keeps a yes or no in place of a label.
HEADS = (
    ("sentiment", "sentiment", "sentiment_score"),
    ("toxicity", "toxicity", "toxicity_score"),
    ("intent", "intent", "intent_score"),
    ("urgency", "CASE WHEN urgent THEN 'urgent' ELSE 'calm' END", "urgency_score"),
)
# The Monday (UTC) of the post, or of its judgement if that came first, and the whole part of a number.
SQLITE = ("date(min(created_at, assessed_at), 'weekday 0', '-6 days')", "CAST({} AS INTEGER)")
POSTGRESQL = (
    "to_char(date_trunc('week', least(created_at, assessed_at) AT TIME ZONE 'UTC'), 'YYYY-MM-DD')",
    "CAST(floor({}) AS INTEGER)",
)


def upgrade() -> None:
    """Make both tables and count what there is: one walk over the mentions for each head."""
    op.create_table(
        "weekly_judgements",
        sa.Column("week", sa.String(length=10), nullable=False),
        sa.Column("lang", sa.String(), nullable=False),
        sa.Column("head", sa.String(), nullable=False),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("revision", sa.String(), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("bin", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint(
            "week", "lang", "head", "model", "revision", "label", "bin", name=op.f("pk_weekly_judgements")
        ),
    )
    op.create_table(
        "drift_alarms",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("week", sa.String(length=10), nullable=False),
        sa.Column("lang", sa.String(), nullable=False),
        sa.Column("head", sa.String(), nullable=False),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("revision", sa.String(), nullable=False),
        sa.Column("psi", sa.Float(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.CheckConstraint("state IN ('due', 'delivered', 'given-up')", name=op.f("ck_drift_alarms_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_drift_alarms")),
        sa.UniqueConstraint("week", "lang", "head", name=op.f("uq_drift_alarms_week_lang_head")),
    )
    week, whole = POSTGRESQL if op.get_bind().dialect.name == "postgresql" else SQLITE
    for head, label, score in HEADS:
        place = f"CASE WHEN {score} >= 1 THEN 9 WHEN {score} < 0 THEN 0 ELSE {whole.format(f'{score} * 10')} END"
        op.execute(
            "INSERT INTO weekly_judgements (week, lang, head, model, revision, label, bin, count, last_at)"
            f" SELECT {week}, lang, '{head}', model, revision, {label}, {place}, count(*), max(assessed_at)"
            " FROM mentions WHERE model IS NOT NULL AND assessed_at IS NOT NULL"
            f" AND lang IS NOT NULL AND revision IS NOT NULL AND {score} IS NOT NULL"
            " GROUP BY 1, 2, 4, 5, 6, 7"
        )


def downgrade() -> None:
    """Take both tables away; what they count is still in the mentions."""
    op.drop_table("drift_alarms")
    op.drop_table("weekly_judgements")
