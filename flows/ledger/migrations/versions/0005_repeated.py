"""A wish to place the same order once more is used up by one intent."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Mark the intents that were written because the rows asked for it."""
    op.add_column(
        "intents",
        sa.Column("under_repeat", sa.Boolean, nullable=False, server_default=sa.false()),
    )
