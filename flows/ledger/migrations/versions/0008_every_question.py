"""An index for every question; what is finished is told apart from what is followed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

_ENDED = ("1000", "1004", "1008", "1020", "1022", "1024", "1026")
"""Statuses of an order, in 2026, after which no other comes; see schemas/tables."""


def upgrade() -> None:
    """A flag for what is open and indexes; the one on states is left to the flag."""
    op.add_column(
        "intents", sa.Column("is_open", sa.Boolean, nullable=False, server_default=sa.true())
    )
    has_ended = sa.text(
        "UPDATE intents SET is_open = :no WHERE state IN ('refused', 'retired') OR (state ="
        " 'accepted' AND EXISTS (SELECT 1 FROM outcomes WHERE outcomes.intent_id ="
        " intents.intent_id AND outcomes.status IN :ended))"
    ).bindparams(sa.bindparam("ended", expanding=True))
    op.get_bind().execute(has_ended, {"no": False, "ended": list(_ENDED)})
    op.drop_index("intents_by_state", "intents")
    op.create_index("intents_by_customer", "intents", ["environment", "customer_id"])
    _create_partial("intents_open", ["account", "environment"], "is_open")
    _create_partial("intents_by_replaced", ["replaces"], "replaces IS NOT NULL")
    op.create_index("ix_attempts_sent_at", "attempts", ["sent_at"])
    op.create_index("ix_changes_at", "changes", ["at"])
    op.create_index("ix_outcomes_seen_at", "outcomes", ["seen_at"])
    op.create_index("submissions_by_account", "submissions", ["account", "environment"])
    op.create_index("submissions_by_output", "submissions", ["output"])


def _create_partial(name: str, columns: list[str], where: str) -> None:
    condition = sa.text(where)
    op.create_index(name, "intents", columns, sqlite_where=condition, postgresql_where=condition)
