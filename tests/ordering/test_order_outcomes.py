"""One answer for each order, from those beside its rows."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from flows.ordering.order_outcomes import order_outcomes
from schemas.entries import Decision, Entry
from schemas.outcomes import OrderOutcome, RowAnswer, State

WHEN = datetime(2026, 11, 23, 12, tzinfo=UTC)
ENTRY = Entry(1, "PO-1", "P1005053401", "NEW", ((9, 1), (5, 2)), Decision.SEND, "i-1")
DONE = RowAnswer(
    row=5,
    state=State.DONE,
    result="Ordered",
    order_id="9206417733",
    order_status="1000",
    line_price=Decimal("12.30"),
    order_total=Decimal("24.60"),
    price_currency="USD",
    what_happened="The order is complete.",
    answered_at=WHEN,
)


def held(row: int, words: str, *, points_at_others: bool = False) -> RowAnswer:
    return RowAnswer(
        row, State.HELD, "Held", what_happened=words, points_at_others=points_at_others
    )


def told(*answers: RowAnswer) -> str:
    lines = tuple((answer.row, place) for place, answer in enumerate(answers, start=1))
    (outcome,) = order_outcomes([replace(ENTRY, lines=lines)], answers, "production")
    return outcome.what_happened


def test_an_order_takes_what_all_its_rows_say() -> None:
    assert order_outcomes([ENTRY], [DONE, replace(DONE, row=9)], "production") == (
        OrderOutcome(
            reference="PO-1",
            customer_id="P1005053401",
            order_type="NEW",
            rows=(5, 9),
            state=State.DONE,
            result="Ordered",
            order_id="9206417733",
            order_status="1000",
            order_total=Decimal("24.60"),
            price_currency="USD",
            what_happened="The order is complete.",
            answered_at=WHEN,
        ),
    )


def test_where_rows_differ_each_is_told_and_of_many_the_first_three() -> None:
    assert told(held(5, "A."), held(6, "A.")) == "A."
    assert told(held(5, "A."), held(6, "B.")) == "Row 5: A. Row 6: B."
    many = [held(row, f"{row}.") for row in range(1, 6)]
    assert told(*many) == "Row 1: 1. Row 2: 2. Row 3: 3. And 2 more rows."
    assert told(*many[:4]) == "Row 1: 1. Row 2: 2. Row 3: 3. And 1 more row."


def test_rows_that_only_point_at_others_have_no_say() -> None:
    assert told(held(5, "See row 6.", points_at_others=True), held(6, "B.")) == "B."


@pytest.mark.parametrize(
    ("decision", "words"),
    [(Decision.SEND, "Ready to be sent"), (Decision.PREVIEW, "Ready to be priced")],
)
def test_an_order_without_answers_is_ready(decision: Decision, words: str) -> None:
    entry = replace(ENTRY, decision=decision)
    (outcome,) = order_outcomes([entry], [], "practice")
    assert (outcome.state, outcome.result, outcome.rows) == (None, f"Practice: {words}", (5, 9))
