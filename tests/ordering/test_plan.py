"""What counts as the same order: docs/protocol.md, the six cases."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from flows.ordering.bodies import body_key, request_body
from flows.ordering.group import Grouping
from flows.ordering.plan import Plan, Run, keys_of, plan
from schemas.entries import Decision
from schemas.orders import Intent, IntentState, Order, OrderLine

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
RUN = Run("default", "practice", "f" * 16, "workbook-1", NOW)
ORDER = Order("PO-1", "P1005053401", "NEW", "", (OrderLine(5, 1, "65310542CA02A12", 3, "USD"),))


def placed(order: Order = ORDER, **changes: object) -> Intent:
    intent = Intent(
        intent_id="i-1",
        account="default",
        environment="practice",
        key_fingerprint="f" * 16,
        customer_id=order.customer_id,
        order_type=order.order_type,
        reference=order.reference,
        body=request_body(order),
        body_key=body_key(order),
        correlation_id="c-1",
        written_at=NOW,
        workbook_hash="workbook-1",
        reassign_users=False,
        state=IntentState.ACCEPTED,
        sends=1,
        order_id="9206417733",
        answered_at=NOW,
    )
    return replace(intent, **changes)  # type: ignore[arg-type]


def planned(order: Order, *known: Intent, run: Run = RUN) -> Plan:
    orders = (order,)
    names = {"workbook-1": "november.xlsx"}
    return plan(Grouping(orders, (), ()), known, keys_of(orders), run, names)


OTHER_WORKBOOK = replace(RUN, workbook_hash="workbook-2")


def test_an_unknown_order_gets_an_intent_with_its_exact_body() -> None:
    decided = planned(ORDER)
    (intent,) = decided.intents
    (entry,) = decided.entries
    assert entry.decision is Decision.SEND
    assert entry.intent_id == intent.intent_id
    assert (intent.state, intent.sends, intent.written_at) == (IntentState.WRITTEN, 0, NOW)
    assert intent.body == request_body(ORDER)
    assert len(intent.correlation_id) == 36


def test_two_intents_never_share_a_correlation_id() -> None:
    assert planned(ORDER).intents[0].correlation_id != planned(ORDER).intents[0].correlation_id


def test_case_1_rows_with_the_order_id_we_know_are_answered_from_the_ledger() -> None:
    decided = planned(replace(ORDER, earlier_order_id="9206417733"), placed(), run=OTHER_WORKBOOK)
    assert decided.intents == ()
    assert decided.entries[0].decision is Decision.ANSWERED


def test_case_2_rows_with_an_order_id_we_do_not_know_are_held() -> None:
    decided = planned(replace(ORDER, earlier_order_id="9000000000"), placed(), run=OTHER_WORKBOOK)
    assert decided.intents == ()
    assert decided.entries[0].decision is Decision.HELD
    assert "9000000000" in decided.entries[0].what_happened


def test_case_2_an_order_id_beside_rows_that_were_changed_is_held_and_stands() -> None:
    changed = replace(ORDER, lines=(replace(ORDER.lines[0], quantity=4),))
    decided = planned(replace(changed, earlier_order_id="9206417733"), placed())
    (entry,) = decided.entries
    assert (decided.intents, entry.decision, entry.code) == ((), Decision.HELD, "CHANGED_SINCE")
    assert "9206417733 was placed on" in entry.what_happened
    assert "quantity of line 1 (4 now," in entry.what_happened
    assert entry.intent_id == placed().intent_id


def test_case_3_the_same_workbook_again_is_answered_from_the_ledger() -> None:
    decided = planned(ORDER, placed())
    assert (decided.intents, decided.entries[0].decision) == ((), Decision.ANSWERED)


@pytest.mark.parametrize(
    "state", [IntentState.WRITTEN, IntentState.SENT, IntentState.LOOKING, IntentState.STUCK]
)
@pytest.mark.parametrize("run", [RUN, OTHER_WORKBOOK])
def test_case_3_an_intent_that_is_not_finished_goes_on_and_gets_no_brother(
    state: IntentState, run: Run
) -> None:
    decided = planned(ORDER, placed(state=state, order_id=""), run=run)
    assert decided.intents == ()
    assert decided.entries[0].decision is Decision.SEND
    assert decided.entries[0].intent_id == "i-1"


@pytest.mark.parametrize("state", [IntentState.REFUSED, IntentState.RETIRED])
def test_case_3_a_refused_order_is_tried_anew_with_a_new_id(state: IntentState) -> None:
    decided = planned(ORDER, placed(state=state, order_id=""))
    assert decided.intents[0].correlation_id != "c-1"


def test_case_4_the_same_order_in_another_workbook_is_not_sent() -> None:
    decided = planned(ORDER, placed(), run=OTHER_WORKBOOK)
    (entry,) = decided.entries
    assert (decided.intents, entry.decision) == ((), Decision.PLACED_BEFORE)
    assert entry.what_happened == (
        "The very same order was placed on 2026-11-23 12:00 UTC from november.xlsx as order "
        "9206417733. It was not sent again."
    )


def test_case_4_repeat_places_it_once_more_and_only_once() -> None:
    again = replace(ORDER, repeat=True)
    first = planned(again, placed(), run=OTHER_WORKBOOK)
    (intent,) = first.intents
    used = replace(intent, state=IntentState.ACCEPTED, order_id="9206417799")
    second = planned(again, placed(), used, run=OTHER_WORKBOOK)
    assert (second.intents, second.entries[0].decision) == ((), Decision.ANSWERED)
    assert second.entries[0].intent_id == intent.intent_id


REPEATED = replace(ORDER, repeat=True)
ONCE_MORE = placed(
    intent_id="i-2", order_id="9206417799", workbook_hash="workbook-2", under_repeat=True
)
MENDED = replace(RUN, workbook_hash="workbook-3", workbook="december.xlsx")
NAMES = {"workbook-1": "november.xlsx", "workbook-2": "december.xlsx"}


def repeated(order: Order, *known: Intent, run: Run = MENDED) -> Plan:
    return plan(Grouping((order,), (), ()), known, keys_of((order,)), run, NAMES)


def test_case_4_what_was_placed_under_repeat_answers_its_rows_ever_after() -> None:
    """Another row of the reconciled workbook was mended: its bytes are new, the wish is not."""
    decided = repeated(replace(REPEATED, earlier_order_id="9206417799"), placed(), ONCE_MORE)
    (entry,) = decided.entries
    assert (decided.intents, entry.decision, entry.intent_id) == ((), Decision.ANSWERED, "i-2")


@pytest.mark.parametrize("name", ["december.xlsx", "december.reconciled (2).xlsx"])
def test_case_4_mending_other_rows_of_the_original_does_not_renew_the_wish(name: str) -> None:
    run = replace(MENDED, workbook=name)
    (entry,) = repeated(REPEATED, placed(), ONCE_MORE, run=run).entries
    assert (entry.decision, entry.intent_id) == (Decision.PLACED_BEFORE, "i-2")
    assert entry.what_happened == (
        "This order was placed on 2026-11-23 12:00 UTC as order 9206417799, because its rows say "
        "yes in the column repeat; that is used up. It was not sent again."
    )


def test_case_4_another_workbook_has_a_wish_of_its_own() -> None:
    run = replace(MENDED, workbook="january.xlsx")
    (intent,) = repeated(REPEATED, placed(), ONCE_MORE, run=run).intents
    assert intent.under_repeat


def test_case_4_rows_that_were_answered_as_placed_before_may_ask_for_it() -> None:
    """Its order id stands beside them then; the wish is new."""
    (intent,) = repeated(replace(REPEATED, earlier_order_id="9206417733"), placed()).intents
    assert intent.under_repeat


@pytest.mark.parametrize(
    ("order", "code"),
    [
        (replace(REPEATED, earlier_order_id="9000000000"), "ORDER_ID_NOT_OURS"),
        (
            replace(
                REPEATED,
                earlier_order_id="9206417733",
                lines=(replace(ORDER.lines[0], quantity=4),),
            ),
            "CHANGED_SINCE",
        ),
    ],
)
def test_case_2_is_not_overruled_by_repeat(order: Order, code: str) -> None:
    decided = repeated(order, placed())
    assert decided.intents == ()
    assert (decided.entries[0].decision, decided.entries[0].code) == (Decision.HELD, code)


def test_case_5_a_reference_used_for_something_else_is_held_and_told_what_differs() -> None:
    more = replace(ORDER, lines=(replace(ORDER.lines[0], quantity=4),))
    decided = planned(more, placed(), run=OTHER_WORKBOOK)
    (entry,) = decided.entries
    assert (decided.intents, entry.decision) == ((), Decision.HELD)
    assert "quantity of line 1 (4 now, 3 then)" in entry.what_happened


def test_case_5_the_same_reference_for_another_customer_is_another_order() -> None:
    other = replace(ORDER, customer_id="P1005053402")
    assert len(planned(other, placed()).intents) == 1


def test_an_order_that_its_rows_do_not_approve_is_not_sent() -> None:
    decided = planned(replace(ORDER, approve=False))
    (entry,) = decided.entries
    assert (decided.intents, entry.decision) == ((), Decision.NEEDS_APPROVAL)
    assert entry.what_happened == (
        "The column approve does not say yes on all rows of this order. Nothing was sent."
    )


def test_an_approved_order_is_priced_once_more_before_it_gets_an_intent() -> None:
    decided = planned(replace(ORDER, approve=True))
    (entry,) = decided.entries
    assert (decided.intents, entry.decision) == ((), Decision.PRICE_FIRST)
    assert json.loads(entry.request)["orderType"] == "PREVIEW"
    assert (entry.order_type, entry.body_key) == ("NEW", body_key(ORDER))


def test_what_was_placed_before_stands_whatever_its_rows_approve_now() -> None:
    decided = planned(replace(ORDER, approve=False), placed())
    assert (decided.intents, decided.entries[0].decision) == ((), Decision.ANSWERED)


def test_previews_skip_all_of_this() -> None:
    preview = replace(ORDER, order_type="PREVIEW")
    decided = planned(preview, placed())
    assert decided.intents == ()
    assert decided.entries[0].decision is Decision.PREVIEW
    assert decided.entries[0].request == request_body(preview).decode()


ONLY_PRICES = replace(RUN, only_prices=True)


@pytest.mark.parametrize(
    ("kind", "asked"),
    [
        ("NEW", "PREVIEW"),
        ("RENEWAL", "PREVIEW_RENEWAL"),
        ("SWITCH", "PREVIEW_SWITCH"),
        ("REVERT_SWITCH", "PREVIEW_REVERT_SWITCH"),
    ],
)
def test_where_only_prices_are_wanted_the_preview_of_an_order_is_asked(
    kind: str, asked: str
) -> None:
    order = replace(ORDER, order_type=kind)
    decided = planned(order, run=ONLY_PRICES)
    (entry,) = decided.entries
    assert decided.intents == ()
    assert (entry.decision, entry.order_type, entry.intent_id) == (Decision.PREVIEW, kind, "")
    assert json.loads(entry.request) == {**json.loads(request_body(order)), "orderType": asked}


def test_a_return_has_no_price_to_ask() -> None:
    (entry,) = planned(replace(ORDER, order_type="RETURN"), run=ONLY_PRICES).entries
    assert (entry.decision, entry.code) == (Decision.HELD, "NO_PREVIEW")


@pytest.mark.parametrize(
    ("known", "decision"),
    [
        (placed(), Decision.ANSWERED),
        (placed(state=IntentState.SENT, order_id=""), Decision.ANSWERED),
        (placed(state=IntentState.LOOKING, order_id=""), Decision.ANSWERED),
        (placed(state=IntentState.WRITTEN, sends=0, order_id=""), Decision.PREVIEW),
        (placed(state=IntentState.REFUSED, order_id=""), Decision.PREVIEW),
    ],
)
def test_what_was_sent_is_answered_and_not_priced(known: Intent, decision: Decision) -> None:
    decided = planned(ORDER, known, run=ONLY_PRICES)
    assert decided.intents == ()
    assert decided.entries[0].decision is decision
