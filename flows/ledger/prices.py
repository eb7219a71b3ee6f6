"""The prices that a workbook shows, put together from the runs that it went through."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, select

from flows.ledger import tables
from schemas.entries import Decision, Shown, ShownPrices
from schemas.order_types import PREVIEWS
from schemas.outcomes import Environment

_MOST_RUNS: Final = 200
"""So often a workbook is hardly dropped; past that it counts as one of an unknown run."""


def shown_by(
    connection: Connection, came_from: str, account: str, environment: Environment
) -> ShownPrices:
    """What a workbook shows that came back from this run, "" for none."""
    found: dict[str, Shown] = {}
    asks_all = False
    run, is_first = came_from, True
    for _ in range(_MOST_RUNS):
        if not run:
            return ShownPrices(found, asks_all)
        before = _run_before(connection, run, account, environment)
        if before is None:
            return ShownPrices(found, asks_all=True, is_known=not is_first)
        asks_all |= _of_one(connection, run, found)
        run, is_first = before, False
    return ShownPrices(found, asks_all=True)


def _run_before(
    connection: Connection, run: str, account: str, environment: Environment
) -> str | None:
    """The run before it, "" for none; None when the account has no such run."""
    table = tables.submissions
    before: str | None = connection.execute(
        select(table.c.came_from).where(
            table.c.submission_id == run,
            table.c.account == account,
            table.c.environment == environment,
        )
    ).scalar()
    return before


def _of_one(connection: Connection, run: str, found: dict[str, Shown]) -> bool:
    """Take in what one run has shown; whether it was a preview of orders that can be placed."""
    table = tables.entries
    rows = connection.execute(
        select(
            table.c.reference,
            table.c.body_key,
            table.c.answer,
            table.c.decision,
            table.c.order_type,
        ).where(
            table.c.submission_id == run,
            # Of others the price was asked and never told.
            table.c.decision.in_([str(Decision.PREVIEW), str(Decision.NEEDS_APPROVAL)]),
        )
    )
    was_preview = False
    for row in rows:
        was_preview |= row.decision == Decision.PREVIEW and row.order_type not in PREVIEWS
        if row.body_key and row.answer:
            found.setdefault(row.reference, Shown(row.body_key, row.answer))
    return was_preview
