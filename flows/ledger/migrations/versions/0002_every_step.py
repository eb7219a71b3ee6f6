"""Every step of an intent is kept; an attempt is written down before it is made."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add what looking up, retiring and the audit need."""
    op.create_table(
        "changes",
        sa.Column("position", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column(
            "intent_id",
            sa.String(36),
            sa.ForeignKey("intents.intent_id"),
            nullable=False,
            index=True,
        ),
        sa.Column("at", sa.String(32), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("who", sa.Text, nullable=False),
    )
    op.create_table(
        "outputs",
        sa.Column("position", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column(
            "submission_id",
            sa.String(36),
            sa.ForeignKey("submissions.submission_id"),
            nullable=False,
        ),
        sa.Column("path", sa.Text, nullable=False, index=True),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("at", sa.String(32), nullable=False),
    )
    # One by one, never by copying the table: others refer to it.
    op.add_column("intents", sa.Column("doubt", sa.String(32), nullable=False, server_default=""))
    op.add_column("intents", sa.Column("looks", sa.Integer, nullable=False, server_default="0"))
    op.add_column("intents", sa.Column("looked_at", sa.String(32)))
    op.add_column("intents", sa.Column("replaces", sa.String(36)))
    with op.batch_alter_table("attempts") as attempts:
        attempts.alter_column("answered_at", existing_type=sa.String(32), nullable=True)
        attempts.add_column(sa.Column("digest", sa.String(64), nullable=False, server_default=""))
    op.create_index("entries_by_intent", "entries", ["intent_id"])
