"""From the answers beside the rows to one answer for each order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from schemas.entries import Decision, Entry
from schemas.outcomes import PRACTICE, READY, Environment, OrderOutcome, RowAnswer

_READY_FOR_PRICE: Final = "Ready to be priced"
_TOLD_ROWS: Final = 3
"""Rows of one order whose words are told one by one where they differ."""


def order_outcomes(
    entries: Sequence[Entry], answers: Sequence[RowAnswer], environment: Environment
) -> tuple[OrderOutcome, ...]:
    """One outcome for each entry, in their order.

    An entry whose rows have no answer was only checked, and can be sent.
    """
    answer_of = {answer.row: answer for answer in answers}
    return tuple(
        _answered(entry, [answer_of[row] for row, _ in entry.lines])
        if entry.lines[0][0] in answer_of
        else _ready(entry, environment)
        for entry in entries
    )


def _ready(entry: Entry, environment: Environment) -> OrderOutcome:
    words = _READY_FOR_PRICE if entry.decision is Decision.PREVIEW else READY
    return OrderOutcome(
        reference=entry.reference,
        customer_id=entry.customer_id,
        order_type=entry.order_type,
        rows=_rows(entry),
        state=None,
        result=(PRACTICE if environment == "practice" else "") + words,
    )


def _answered(entry: Entry, answers: Sequence[RowAnswer]) -> OrderOutcome:
    first = answers[0]
    return OrderOutcome(
        reference=entry.reference,
        customer_id=entry.customer_id,
        order_type=entry.order_type,
        rows=_rows(entry),
        state=first.state,
        result=first.result,
        order_id=first.order_id,
        order_status=first.order_status,
        order_total=first.order_total,
        price_currency=first.price_currency,
        what_happened=_told(answers),
        answered_at=first.answered_at,
    )


def _rows(entry: Entry) -> tuple[int, ...]:
    return tuple(sorted(row for row, _ in entry.lines))


def _told(answers: Sequence[RowAnswer]) -> str:
    """What the rows say: once where they agree, else row by row; pointers at others left out."""
    telling = [answer for answer in answers if not answer.points_at_others] or answers
    if len({answer.what_happened for answer in telling}) == 1:
        return telling[0].what_happened
    told = [f"Row {answer.row}: {answer.what_happened}" for answer in telling[:_TOLD_ROWS]]
    more = len(telling) - _TOLD_ROWS
    if more > 0:
        told.append(f"And {more} more row{'s' if more > 1 else ''}.")
    return " ".join(told)
