"""However the rows are arranged, they are the same orders, and each row gets its own answer."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from flows.ordering.bodies import body_key, lines_as_sent, request_body
from flows.ordering.group import Grouping, group
from schemas.order_sheet import SheetLimits, check_rows
from tests.sheets import frame, layout, row

OFFERS = ("65310542CA02A12", "65318877CA02A12", "65316613CA02A12")


@st.composite
def sheets(draw: st.DrawFn) -> list[dict[str, str]]:
    """The rows of one to four orders, numbered or not, a few of them with a fault."""
    rows: list[dict[str, str]] = []
    for order in range(draw(st.integers(1, 4))):
        numbered = draw(st.booleans())
        size = draw(st.integers(1, 4))
        numbers = draw(st.permutations(range(1, size + 1)))
        rows += [
            row(
                externalReferenceId=f"PO-{order}",
                offerId=draw(st.sampled_from(OFFERS)),
                quantity=str(draw(st.integers(1, 3))),
                extLineItemNumber=str(numbers[place]) if numbered else "",
                currencyCode="USD" if draw(st.integers(0, 9)) else "usd",
            )
            for place in range(size)
        ]
    return rows


def grouped(rows: list[dict[str, str]]) -> Grouping:
    table = frame(*rows)
    faults = check_rows(table, layout(), SheetLimits())
    return group(table, faults, layout())


@settings(max_examples=40, deadline=None)
@given(rows=sheets(), data=st.data())
def test_any_permutation_of_rows_gives_the_same_orders(
    rows: list[dict[str, str]], data: st.DataObject
) -> None:
    places = data.draw(st.permutations(range(len(rows))))
    before, after = grouped(rows), grouped([rows[place] for place in places])
    keys = {order.reference: body_key(order) for order in before.orders}
    assert {order.reference: body_key(order) for order in after.orders} == keys
    assert {held.reference for held in after.held} == {held.reference for held in before.held}
    moved = {place + 5: number + 5 for number, place in enumerate(places)}
    for order in before.orders:
        (same,) = [other for other in after.orders if other.reference == order.reference]
        assert {moved[number] for number in order.rows} == set(same.rows)


@settings(max_examples=40, deadline=None)
@given(rows=sheets(), data=st.data())
def test_after_sorting_each_row_gets_the_answer_of_a_line_with_its_own_contents(
    rows: list[dict[str, str]], data: st.DataObject
) -> None:
    """Placed as it stood before; the sheet is sorted and dropped again."""
    places = data.draw(st.permutations(range(len(rows))))
    sent = {order.reference: order for order in grouped(rows).orders}
    for order in grouped([rows[place] for place in places]).orders:
        before = sent[order.reference]
        by_number = {line.number: line for line in before.lines}
        found = lines_as_sent(order, request_body(before))
        assert sorted(number for _, number in found) == sorted(by_number)
        for line, (number_of_row, number) in zip(order.lines, found, strict=True):
            assert line.row == number_of_row
            there = by_number[number]
            assert replace(line, row=0, number=0) == replace(there, row=0, number=0)
