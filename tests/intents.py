"""Intents and orders for tests."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from flows.ordering.bodies import body_key, request_body
from schemas.entries import Decision, Entry, Submission
from schemas.orders import Intent, IntentState, Order, OrderAnswer, OrderLine, Reply
from schemas.sheet_layout import SheetLayout

ORDER = Order("PO-1", "P1005053401", "NEW", "", (OrderLine(5, 1, "65310542CA02A12", 3, "USD"),))
LAYOUT = SheetLayout(
    sheet="Orders", header_row=4, last_row=9, last_column=6, columns={"quantity": 5}, titles={}
)


def intent_for(order: Order = ORDER, **changes: Any) -> Intent:
    """A fresh intent, as planning writes it."""
    intent = Intent(
        intent_id=str(uuid4()),
        account="default",
        environment="practice",
        key_fingerprint="key-1",
        customer_id=order.customer_id,
        order_type=order.order_type,
        reference=order.reference,
        body=request_body(order),
        body_key=body_key(order),
        correlation_id=str(uuid4()),
        written_at=datetime.now(UTC),
        workbook_hash="0" * 64,
        reassign_users=False,
        state=IntentState.WRITTEN,
    )
    return replace(intent, **changes)


def entry_for(intent: Intent, position: int = 1, **changes: Any) -> Entry:
    """The entry of an intent's order."""
    entry = Entry(
        position=position,
        reference=intent.reference,
        customer_id=intent.customer_id,
        order_type=intent.order_type,
        lines=((5, 1),),
        decision=Decision.SEND,
        intent_id=intent.intent_id,
    )
    return replace(entry, **changes)


def submission(submission_id: str = "s-1", workbook_hash: str = "0" * 64) -> Submission:
    """A run over one workbook."""
    return Submission(
        submission_id=submission_id,
        workbook_hash=workbook_hash,
        name="november.xlsx",
        account="default",
        environment="practice",
        started_at=datetime(2026, 11, 23, 12, tzinfo=UTC),
        layout=LAYOUT,
        notes=("a note",),
    )


def order_answer(order_id: str, status: str = "1002", order: Order = ORDER) -> OrderAnswer:
    """The marketplace's word on an order."""
    return OrderAnswer.model_validate(
        {
            "orderId": order_id,
            "customerId": order.customer_id,
            "externalReferenceId": order.reference,
            "orderType": order.order_type,
            "status": status,
            "creationDate": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "lineItems": [
                {
                    "extLineItemNumber": line.number,
                    "offerId": line.offer_id,
                    "quantity": line.quantity,
                    "currencyCode": line.currency,
                    "status": status,
                }
                for line in order.lines
            ],
        }
    )


def accepted(order_id: str = "9206417733") -> Reply:
    """201 with an order."""
    return Reply(str(uuid4()), 201, order=order_answer(order_id))


def answered(status: int | None, code: str, *, service: bool = False) -> Reply:
    """An answer without an order."""
    return Reply(str(uuid4()), status, code=code, message="said", spoken_by_service=service)
