"""The first schema: workbooks, submissions, entries, intents, attempts, outcomes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make every table."""
    op.create_table(
        "workbooks",
        sa.Column("hash", sa.String(64), primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("first_seen_at", sa.String(32), nullable=False),
    )
    op.create_table(
        "submissions",
        sa.Column("submission_id", sa.String(36), primary_key=True),
        sa.Column("workbook_hash", sa.String(64), sa.ForeignKey("workbooks.hash"), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("environment", sa.String(16), nullable=False),
        sa.Column("started_at", sa.String(32), nullable=False),
        sa.Column("finished_at", sa.String(32)),
        sa.Column("layout", sa.Text, nullable=False),
        sa.Column("notes", sa.Text, nullable=False),
        sa.Column("output", sa.Text, nullable=False),
        sa.Column("output_hash", sa.String(64), nullable=False),
    )
    op.create_table(
        "sheet_faults",
        sa.Column(
            "submission_id",
            sa.String(36),
            sa.ForeignKey("submissions.submission_id"),
            primary_key=True,
        ),
        sa.Column("position", sa.Integer, primary_key=True),
        *(
            sa.Column(name, sa.Integer if name == "row" else sa.Text, nullable=False)
            for name in (
                "sheet",
                "row",
                "column",
                "title",
                "cell",
                "value",
                "code",
                "message",
                "hint",
            )
        ),
        sa.Column("severity", sa.String(8), nullable=False),
    )
    _make_intents()
    _make_what_belongs_to_intents()


def _make_intents() -> None:
    op.create_table(
        "intents",
        sa.Column("intent_id", sa.String(36), primary_key=True),
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("environment", sa.String(16), nullable=False),
        sa.Column("key_fingerprint", sa.String(16), nullable=False),
        sa.Column("customer_id", sa.Text, nullable=False),
        sa.Column("order_type", sa.Text, nullable=False),
        sa.Column("reference", sa.Text, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("body_key", sa.String(64), nullable=False),
        sa.Column("correlation_id", sa.String(36), nullable=False, unique=True),
        sa.Column("written_at", sa.String(32), nullable=False),
        sa.Column("workbook_hash", sa.String(64), nullable=False),
        sa.Column("reassign_users", sa.Boolean, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("sends", sa.Integer, nullable=False),
        sa.Column("first_sent_at", sa.String(32)),
        sa.Column("last_sent_at", sa.String(32)),
        sa.Column("order_id", sa.Text),
        sa.Column("error_code", sa.Text, nullable=False),
        sa.Column("error_message", sa.Text, nullable=False),
        sa.Column("error_details", sa.Text, nullable=False),
        sa.Column("answered_at", sa.String(32)),
        sa.Column("lease_owner", sa.String(36), nullable=False),
        sa.Column("lease_until", sa.String(32), nullable=False),
        sa.UniqueConstraint("environment", "order_id", name="one_intent_per_order_id"),
    )
    op.create_index("intents_by_body_key", "intents", ["account", "environment", "body_key"])
    op.create_index("intents_by_reference", "intents", ["account", "environment", "reference"])
    op.create_index("intents_by_state", "intents", ["state"])


def _make_what_belongs_to_intents() -> None:
    op.create_table(
        "entries",
        sa.Column(
            "submission_id",
            sa.String(36),
            sa.ForeignKey("submissions.submission_id"),
            primary_key=True,
        ),
        sa.Column("position", sa.Integer, primary_key=True),
        sa.Column("reference", sa.Text, nullable=False),
        sa.Column("customer_id", sa.Text, nullable=False),
        sa.Column("order_type", sa.Text, nullable=False),
        sa.Column("lines", sa.Text, nullable=False),
        sa.Column("decision", sa.String(16), nullable=False),
        _its_intent(),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("what_happened", sa.Text, nullable=False),
        sa.Column("what_to_do", sa.Text, nullable=False),
        sa.Column("request", sa.Text, nullable=False),
        sa.Column("answer", sa.Text, nullable=False),
        sa.Column("refused", sa.Boolean, nullable=False),
        sa.Column("answered_at", sa.String(32)),
    )
    op.create_table(
        "attempts",
        sa.Column("request_id", sa.String(36), primary_key=True),
        _its_intent(nullable=False, index=True),
        sa.Column("send", sa.Integer, nullable=False),
        sa.Column("sent_at", sa.String(32), nullable=False),
        sa.Column("answered_at", sa.String(32), nullable=False),
        sa.Column("http_status", sa.Integer),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("message", sa.Text, nullable=False),
    )
    op.create_table(
        "outcomes",
        sa.Column("position", sa.Integer, primary_key=True, autoincrement=True),
        _its_intent(nullable=False, index=True),
        sa.Column("seen_at", sa.String(32), nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )


def _its_intent(*, nullable: bool = True, index: bool = False) -> sa.Column[str]:
    return sa.Column(
        "intent_id",
        sa.String(36),
        sa.ForeignKey("intents.intent_id"),
        nullable=nullable,
        index=index,
    )
