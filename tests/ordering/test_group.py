"""Rows into orders."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.ordering.group import group
from schemas.faults import Fault
from tests.sheets import FIRST_ROW, frame, layout, row


def fault_on(place: int) -> Fault:
    return Fault("Orders", place, "quantity", "Qty", "G5", "x", "CODE", "said", "hint")


def test_rows_of_one_reference_are_one_order_wherever_they_stand() -> None:
    rows = [
        row(externalReferenceId="A", quantity="1"),
        row(externalReferenceId="B"),
        row(externalReferenceId="A", quantity="2"),
    ]
    grouping = group(frame(*rows), (), layout())
    assert [order.reference for order in grouping.orders] == ["A", "B"]
    first = grouping.orders[0]
    assert first.rows == (FIRST_ROW, FIRST_ROW + 2)
    assert [(line.number, line.quantity) for line in first.lines] == [(1, 1), (2, 2)]


def test_line_numbers_of_the_sheet_are_kept() -> None:
    rows = [row(extLineItemNumber="7"), row(extLineItemNumber="3")]
    (order,) = group(frame(*rows), (), layout()).orders
    assert [line.number for line in order.lines] == [7, 3]


@pytest.mark.parametrize(
    ("said", "approved"),
    [
        (("", ""), None),
        (("yes", "yes"), True),
        (("yes", ""), False),
        (("no", ""), False),
        (("yes", "no"), False),
        (("no", "no"), False),
    ],
)
def test_an_order_is_approved_when_all_of_its_rows_say_so(
    said: tuple[str, str], approved: bool | None
) -> None:
    rows = [row(quantity=str(n), approve=word) for n, word in enumerate(said, 1)]
    (order,) = group(frame(*rows), (), layout()).orders
    assert order.approve is approved


def test_one_bad_row_holds_its_order_and_no_other() -> None:
    rows = [row(externalReferenceId="A"), row(externalReferenceId="A"), row()]
    grouping = group(frame(*rows), [fault_on(FIRST_ROW + 1)], layout())
    assert [held.reference for held in grouping.held] == ["A"]
    assert grouping.held[0].rows == (FIRST_ROW, FIRST_ROW + 1)
    assert [order.reference for order in grouping.orders] == ["PO-1"]


def test_a_warning_holds_nothing() -> None:
    warning = Fault("Orders", FIRST_ROW, "a", "a", "A5", "", "C", "m", "h", "warning")
    assert len(group(frame(row()), [warning], layout()).orders) == 1


def test_rows_without_a_reference_are_held_one_by_one() -> None:
    rows = [row(externalReferenceId=""), row(externalReferenceId="", customerId="other")]
    faults = [fault_on(FIRST_ROW), fault_on(FIRST_ROW + 1)]
    grouping = group(frame(*rows), faults, layout())
    assert [held.rows for held in grouping.held] == [(FIRST_ROW,), (FIRST_ROW + 1,)]
    assert grouping.disagreements == ()


def test_rows_that_disagree_are_all_held_and_told_what_disagrees() -> None:
    rows = [row(), row(customerId="P1005053402", currencyCode="EUR"), row(quantity="9")]
    grouping = group(frame(*rows), (), layout())
    assert grouping.orders == ()
    told = {(fault.row, fault.column) for fault in grouping.disagreements}
    assert told == {
        (FIRST_ROW + place, column)
        for place in range(3)
        for column in ("customerId", "currencyCode")
    }
    first = grouping.disagreements[0]
    assert first.message == (
        "The rows of order PO-1 do not agree on customerId: P1005053401 in rows 5, 7; "
        "P1005053402 in row 6."
    )
    assert first.cell == "B5"


def test_a_type_written_in_two_ways_agrees() -> None:
    rows = [row(orderType="preview renewal"), row(orderType="PREVIEW_RENEWAL")]
    assert len(group(frame(*rows), (), layout()).orders) == 1


def test_a_reference_order_on_one_row_only_disagrees() -> None:
    rows = [row(orderType="RETURN", referenceOrderId="9"), row(orderType="RETURN")]
    assert group(frame(*rows), (), layout()).orders == ()


def test_orders_with_deployments_may_mix_currencies() -> None:
    rows = [row(deploymentId="14", currencyCode="EUR"), row(deploymentId="15")]
    assert len(group(frame(*rows), (), layout()).orders) == 1


def test_repeat_counts_only_when_all_rows_say_it() -> None:
    both = group(frame(row(repeat="yes"), row(repeat="Y")), (), layout()).orders[0]
    one = group(frame(row(repeat="yes"), row()), (), layout()).orders[0]
    assert (both.repeat, one.repeat) == (True, False)


references = st.sampled_from(["A", "B", "C", "D"])


@settings(max_examples=50, deadline=None)
@given(st.lists(references, min_size=1, max_size=12).flatmap(st.permutations))
def test_any_permutation_of_rows_gives_the_same_orders(order_of_rows: list[str]) -> None:
    rows = [
        row(externalReferenceId=reference, extLineItemNumber=str(place))
        for place, reference in enumerate(sorted(order_of_rows))
    ]

    def orders(some: list[dict[str, str]]) -> set[tuple[str, frozenset[tuple[int, str]]]]:
        return {
            (order.reference, frozenset((line.number, line.offer_id) for line in order.lines))
            for order in group(frame(*some), (), layout()).orders
        }

    places = {
        reference: iter([r for r in rows if r["externalReferenceId"] == reference])
        for reference in set(order_of_rows)
    }
    permuted = [next(places[reference]) for reference in order_of_rows]
    assert orders(permuted) == orders(rows)


def test_rows_pasted_twice_are_held_until_a_person_says_that_both_are_meant() -> None:
    twins = group(frame(row(), row()), (), layout())
    assert twins.orders == ()
    assert [(fault.row, fault.code) for fault in twins.disagreements] == [
        (FIRST_ROW, "SAME_ROW_TWICE"),
        (FIRST_ROW + 1, "SAME_ROW_TWICE"),
    ]
    numbered = [row(extLineItemNumber="1"), row(extLineItemNumber="2")]
    assert len(group(frame(*numbered), (), layout()).orders) == 1


def test_a_row_without_a_heading_of_its_own_holds_the_order_above_it() -> None:
    """People who fill in the reference once mean it for the rows below as well."""
    rows = [
        row(externalReferenceId="A", quantity="1"),
        row(externalReferenceId="A", quantity="2"),
        row(externalReferenceId="", customerId="", quantity="4"),
        row(externalReferenceId="B"),
    ]
    found = group(frame(*rows), [fault_on(FIRST_ROW + 2)], layout())
    assert [order.reference for order in found.orders] == ["B"]
    (more,) = found.disagreements
    assert (more.row, more.code) == (FIRST_ROW + 1, "MORE_LINES_BELOW")
    assert f"Row {FIRST_ROW + 2}" in more.message


def test_a_row_that_lacks_its_reference_only_holds_nobody_else() -> None:
    rows = [row(externalReferenceId="A"), row(externalReferenceId="", quantity="4")]
    found = group(frame(*rows), [fault_on(FIRST_ROW + 1)], layout())
    assert [order.reference for order in found.orders] == ["A"]


def test_a_row_without_a_reference_has_no_order_that_could_go_on_below_it() -> None:
    """Its own fault says what to do; what is below it is held for its own."""
    rows = [row(externalReferenceId=""), row(externalReferenceId="", customerId="")]
    faults = [fault_on(FIRST_ROW), fault_on(FIRST_ROW + 1)]
    found = group(frame(*rows), faults, layout())
    assert [held.rows for held in found.held] == [(FIRST_ROW,), (FIRST_ROW + 1,)]
    assert found.disagreements == ()
