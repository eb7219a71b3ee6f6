"""From an intent and the newest word on its order to the state that people see."""

from __future__ import annotations

from typing import Final

from schemas.code_tables import status_codes
from schemas.orders import Intent, IntentState, OrderAnswer
from schemas.outcomes import State

NOTHING_LEFT: Final = frozenset({"NET/NOT_SENT", "NET/TOO_LATE"})
"""How a send ends of which no byte of the order was handed to the network: there was no way, or its
lease would have ended before the call could.
"""


def is_finished(order: OrderAnswer) -> bool:
    """Whether the order's status is a final one (status-codes.csv)."""
    return is_final(order.status)


def is_final(status: str) -> bool:
    """Whether a status is the end of an order (status-codes.csv)."""
    known = status_codes().get(("Order", status))
    return known is not None and known.terminal


def final_statuses() -> frozenset[str]:
    """Every status of an order that is a final one (status-codes.csv)."""
    return frozenset(
        status.code
        for (resource, _), status in status_codes().items()
        if resource == "Order" and status.terminal
    )


def placed_state(order: OrderAnswer) -> State:
    """The state of an accepted order (reference, section 14)."""
    if not is_finished(order):
        return State.OPEN
    status = status_codes()["Order", order.status]
    # 1008 is an order that was placed and finished, and returned later.
    return State.DONE if status.success or order.status == "1008" else State.FAILED


def intent_state(intent: Intent, order: OrderAnswer | None) -> State:
    """The state of an intent; `order` is the newest word on an accepted one."""
    if intent.state is IntentState.ACCEPTED and order is not None:
        return placed_state(order)
    if intent.state is IntentState.REFUSED:
        return State.REFUSED
    if intent.state is IntentState.RETIRED or not intent.sends:
        return State.HELD
    return State.IN_DOUBT
