"""An order that was priced can be known again when it comes back approved."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add what tells the same order in two workbooks to the entries."""
    op.add_column(
        "entries", sa.Column("body_key", sa.String(64), nullable=False, server_default="")
    )
