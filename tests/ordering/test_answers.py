"""The words beside each row, for every state an order can be in."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from flows.marketplace.errors import TOO_LATE, UNREACHABLE
from flows.ordering.answers import row_answers, totals
from flows.ordering.states import NOTHING_LEFT
from schemas.code_tables import status_codes
from schemas.entries import Decision, Entry
from schemas.faults import Fault
from schemas.orders import Intent, IntentState, OrderAnswer
from schemas.outcomes import Environment, RowAnswer, State
from tests.intents import entry_for, intent_for

SEEN = datetime(2026, 11, 23, 12, tzinfo=UTC)


def order(status: str = "1000", **changes: Any) -> OrderAnswer:
    line: dict[str, Any] = {
        "extLineItemNumber": 1,
        "offerId": "65310542CA02A12",
        "quantity": 3,
        "status": status,
        "subscriptionId": "sub",
        "pricing": {"lineItemPartnerPrice": Decimal("12.30")},
    }
    body: dict[str, Any] = {
        "orderId": "9206417733",
        "orderType": "NEW",
        "status": status,
        "lineItems": [line, {**line, "extLineItemNumber": 2}],
        "pricingSummary": [{"totalLineItemPartnerPrice": Decimal("24.60"), "currencyCode": "USD"}],
    }
    return OrderAnswer.model_validate(body | changes)


TWO_LINES = ((5, 1), (6, 2))


def answers(
    intent: Intent,
    seen: OrderAnswer | None = None,
    faults: tuple[Fault, ...] = (),
    environment: Environment = "production",
    **entry: Any,
) -> tuple[RowAnswer, ...]:
    entries: list[Entry] = [entry_for(intent, **({"lines": TWO_LINES} | entry))]
    outcomes = {intent.intent_id: (seen, SEEN)} if seen else {}
    return row_answers(entries, faults, {intent.intent_id: intent}, outcomes, environment)


def accepted(**changes: Any) -> Intent:
    return intent_for(state=IntentState.ACCEPTED, sends=1, order_id="9206417733", **changes)


def test_a_finished_order_answers_each_of_its_rows() -> None:
    first, second = answers(accepted(), order())
    assert first == RowAnswer(
        row=5,
        state=State.DONE,
        result="Ordered",
        order_id="9206417733",
        order_status="1000",
        line_status="1000",
        line_subscription_id="sub",
        offer_sold="65310542CA02A12",
        line_price=Decimal("12.30"),
        order_total=Decimal("24.60"),
        price_currency="USD",
        what_happened="The order is complete.",
        answered_at=SEEN,
    )
    assert second == replace(first, row=6)


def test_a_second_order_that_adobe_named_for_it_is_told() -> None:
    first, _ = answers(accepted(doubt="answered also with order 9206417734"), order())
    assert first.what_happened == (
        "The order is complete. Adobe has named a second order for it as well: 9206417734."
    )
    assert first.what_to_do == (
        "Ask Adobe whether order 9206417734 stands too; if so, return one of the two."
    )


def test_practice_says_so_in_every_result() -> None:
    assert answers(accepted(), order(), environment="practice")[0].result == "Practice: Ordered"


@pytest.mark.parametrize(
    ("order_type", "word"),
    [("RETURN", "Returned"), ("RENEWAL", "Renewed"), ("SWITCH", "Upgraded")],
)
def test_a_finished_order_is_called_by_what_it_was(order_type: str, word: str) -> None:
    assert answers(accepted(order_type=order_type), order())[0].result == word


@pytest.mark.parametrize("code", [c for r, c in status_codes() if r == "Order"])
def test_every_order_status_is_told(code: str) -> None:
    answer = answers(accepted(), order(code))[0]
    status = status_codes()["Order", code]
    if not status.terminal:
        assert (answer.state, answer.result) == (State.OPEN, "Accepted, not finished yet")
    elif status.success or code == "1008":
        assert answer.state is State.DONE
    else:
        assert (answer.state, answer.result) == (State.FAILED, "Accepted, failed later")
        assert (answer.error_code, bool(answer.what_to_do)) == (code, True)
    assert (answer.order_status, answer.order_id) == (code, "9206417733")


def test_a_status_that_is_not_known_is_not_called_finished() -> None:
    assert answers(accepted(), order("1234"))[0].state is State.OPEN


def test_a_discount_that_was_not_honoured_is_said_in_the_same_breath() -> None:
    line = {
        "extLineItemNumber": 1,
        "flexDiscounts": [{"id": "1", "code": "AUTUMN", "result": "FAILURE"}],
    }
    answer = answers(accepted(), order(lineItems=[line]))[0]
    assert answer.result == "Ordered, discount not applied"
    assert "AUTUMN" in answer.what_happened


@pytest.mark.parametrize(
    ("status", "result"),
    [
        ("1002", "Accepted, not finished yet, discount not applied"),
        ("1024", "Accepted, failed later"),
    ],
)
def test_a_missed_discount_is_named_while_the_order_is_open_and_not_when_it_failed(
    status: str, result: str
) -> None:
    line = {
        "extLineItemNumber": 1,
        "flexDiscounts": [{"id": "1", "code": "AUTUMN", "result": "FAILURE"}],
    }
    answer = answers(accepted(), order(status, lineItems=[line]))[0]
    assert answer.result == result
    assert ("AUTUMN" in answer.what_happened) == (status == "1002")


def test_an_order_of_mixed_currencies_has_no_total() -> None:
    sums = [{"totalLineItemPartnerPrice": 1, "currencyCode": c} for c in ("USD", "EUR")]
    assert answers(accepted(), order(pricingSummary=sums))[0].order_total is None


@pytest.mark.parametrize("state", [IntentState.SENT, IntentState.LOOKING, IntentState.STUCK])
def test_what_cannot_be_known_is_in_doubt_and_never_to_be_ordered_again(
    state: IntentState,
) -> None:
    intent = intent_for(state=state, sends=1, error_code="504001")
    for answer in answers(intent):
        assert (answer.state, answer.result) == (State.IN_DOUBT, "In doubt")
        assert "do not order it again" in answer.what_to_do.lower()


def test_an_order_that_came_after_it_was_settled_as_not_placed_is_named() -> None:
    intent = intent_for(
        state=IntentState.STUCK, sends=1, doubt="order 9206417733 came all the same"
    )
    answer = answers(intent)[0]
    assert answer.result == "In doubt"
    assert answer.what_happened == (
        "The order was sent once and settled as not placed, but then Adobe's answer came all the "
        "same: order 9206417733."
    )
    assert answer.what_to_do == (
        "Do not order it again. Ask whoever looks after Orderdrop to settle it with Adobe "
        "(reference PO-1, customer P1005053401)."
    )


@pytest.mark.parametrize(("sends", "times"), [(1, "once"), (3, "3 times")])
def test_an_order_of_which_nothing_left_is_not_said_to_have_been_sent(
    sends: int, times: str
) -> None:
    intent = intent_for(state=IntentState.SENT, sends=sends, error_code="NET/NOT_SENT")
    (answer,) = row_answers(
        [entry_for(intent)], (), {intent.intent_id: intent}, {}, "production", {intent.intent_id}
    )
    assert answer.state is State.IN_DOUBT
    assert answer.what_happened == (
        f"Orderdrop tried {times} to send the order, but nothing of it has left: Adobe could not "
        "be reached, or the computer was held up."
    )
    (answer,) = row_answers([entry_for(intent)], (), {intent.intent_id: intent}, {}, "production")
    assert answer.what_happened.startswith(f"The order was sent {times}, but no clear answer came.")


def test_the_codes_of_sends_that_never_left_are_the_marketplaces_own() -> None:
    assert {UNREACHABLE, TOO_LATE} == NOTHING_LEFT


def test_what_was_never_sent_says_so() -> None:
    answer = answers(intent_for())[0]
    assert (answer.state, answer.error_code) == (State.HELD, "NOT_SENT")


def refused(code: str, *details: str, message: str = "No") -> tuple[RowAnswer, ...]:
    intent = intent_for(
        state=IntentState.REFUSED,
        sends=1,
        error_code=code,
        error_message=message,
        error_details=details,
    )
    return answers(intent)


def test_a_refusal_that_names_a_line_goes_to_its_row_and_the_other_row_points_at_it() -> None:
    first, second = refused("2129", "Line Item: 2, Reason: INELIGIBLE_ADD_ON")
    assert second.error_code == "2129/INELIGIBLE_ADD_ON"
    assert second.what_to_do.startswith("Add a row for the main product")
    assert first.what_to_do == "Mend row 6 and drop the workbook again."
    assert {first.state, second.state} == {State.REFUSED}


def test_a_refusal_that_names_no_line_goes_to_all_rows() -> None:
    told = refused("1117", "externalReferenceId")
    assert len({answer.what_happened for answer in told}) == 1
    assert "externalReferenceId" in told[0].what_happened


def test_a_reason_that_the_table_does_not_know_is_told_in_words() -> None:
    first, _ = refused("2129", "Line Item: 1, Reason: INELIGIBLE_PRICE_LEVEL")
    assert first.what_happened.endswith("Adobe's reason: ineligible price level.")
    assert first.error_code == "2129"


def test_a_code_that_the_table_does_not_know_keeps_the_vendors_words() -> None:
    first, _ = refused("9999", "something", message="A new rule")
    assert "A new rule; something" in first.what_happened
    assert first.what_to_do


def fault(row: int, message: str, severity: Any = "fault") -> Fault:
    return Fault("S", row, "quantity", "Qty", f"E{row}", "", "CODE", message, "Mend it.", severity)


def test_a_held_order_tells_its_bad_rows_what_and_its_good_rows_which() -> None:
    faults = (fault(5, "It is wrong."), fault(5, "And worse."))
    first, second = answers(intent_for(), faults=faults, decision=Decision.HELD, intent_id="")
    assert first.what_happened == "It is wrong. And worse."
    assert first.what_to_do == "Mend it."
    assert second.error_code == "ORDER_HELD"
    assert second.what_to_do == "Mend row 5 and drop the workbook again."


def test_a_warning_is_told_beside_the_answer() -> None:
    first, _ = answers(accepted(), order(), faults=(fault(5, "Look here.", "warning"),))
    assert first.what_happened == "The order is complete. Note: Look here."


def preview(answer: dict[str, Any] | None = None, **entry: Any) -> tuple[RowAnswer, ...]:
    request = {"lineItems": [{"extLineItemNumber": 1, "offerId": "65310542CA01A12"}]}
    return answers(
        intent_for(),
        decision=Decision.PREVIEW,
        intent_id="",
        request=json.dumps(request),
        answer=json.dumps(answer) if answer else "",
        **entry,
    )


def test_a_preview_gives_prices_and_says_what_would_really_be_sold() -> None:
    line = {
        "extLineItemNumber": 1,
        "offerId": "65310542CA02A12",
        "pricing": {"lineItemPartnerPrice": "12.30"},
    }
    sums = [{"totalLineItemPartnerPrice": "12.30", "currencyCode": "EUR"}]
    told = preview({"lineItems": [line], "pricingSummary": sums})[0]
    assert (told.state, told.result) == (State.PREVIEWED, "Priced")
    assert (told.line_price, told.price_currency) == (Decimal("12.30"), "EUR")
    assert "65310542CA02A12 instead of 65310542CA01A12" in told.what_happened
    assert told.order_id == ""


def test_a_preview_that_is_refused_says_that_there_is_no_price() -> None:
    told = preview(code="1116", refused=True, what_happened='["Unknown customer"]')[0]
    assert told.state is State.REFUSED
    assert told.what_happened.startswith("Adobe gives no price for this order")


def test_a_preview_without_an_answer_is_not_called_refused() -> None:
    told = preview(code="HTTP/503", what_happened='[""]')[0]
    assert (told.state, told.error_code) == (State.HELD, "HTTP/503")


def test_totals_count_each_order_once_and_each_currency_apart() -> None:
    intent = accepted()
    entries = [entry_for(intent, lines=TWO_LINES)]
    rows = answers(intent, order())
    assert totals(rows, entries, frozenset({State.DONE})) == {"USD": Decimal("24.60")}
    assert totals(rows, entries, frozenset({State.PREVIEWED})) == {}
