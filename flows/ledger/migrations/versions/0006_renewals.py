"""What is known of renewal books: their nights, what they announced, what was written."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Three tables beside the others; nothing that stands is touched."""
    op.create_table(
        "renewal_nights",
        sa.Column("account", sa.Text, primary_key=True),
        sa.Column("environment", sa.String(16), primary_key=True),
        sa.Column("book_key", sa.String(64), primary_key=True),
        sa.Column("night", sa.String(10), primary_key=True),
        sa.Column("was_dry_run", sa.Boolean, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("missed", sa.Integer, nullable=False),
        sa.Column("done_at", sa.String(32), nullable=False),
    )
    op.create_table(
        "renewal_announcements",
        sa.Column("account", sa.Text, primary_key=True),
        sa.Column("environment", sa.String(16), primary_key=True),
        sa.Column("book_key", sa.String(64), primary_key=True),
        sa.Column("customer_id", sa.String(40), primary_key=True),
        sa.Column("subscription_id", sa.String(40), primary_key=True),
        sa.Column("term", sa.String(10), primary_key=True),
        sa.Column("night", sa.String(10), nullable=False),
        sa.Column("quantity", sa.Integer, nullable=False),
        sa.Column("product", sa.Text, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("price", sa.Text, nullable=False),
    )
    op.create_table(
        "renewal_outputs",
        sa.Column("position", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("path", sa.Text, nullable=False, index=True),
        sa.Column("hash", sa.String(64), nullable=False),
    )
