"""Which run a workbook came back from: the prices that it shows may be those of several."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """One column more; of what stands it is not known."""
    column = sa.Column("came_from", sa.String(36), nullable=False, server_default="")
    op.add_column("submissions", column)
