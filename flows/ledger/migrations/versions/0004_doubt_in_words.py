"""Why an intent is stuck is told in a sentence, which may name many orders."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Let the doubt be as long as it is; SQLite never looked at the length."""
    if op.get_context().dialect.name == "postgresql":
        op.alter_column(
            "intents",
            "doubt",
            type_=sa.Text,
            existing_type=sa.String(32),
            existing_nullable=False,
            existing_server_default="",
        )
