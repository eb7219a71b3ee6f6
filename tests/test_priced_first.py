"""Whose price is asked when: a customer's renewals and upgrades one by one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import cast

import pytest

from flows.ledger import Ledger
from flows.priced_first import asked_now
from schemas.entries import Decision, Entry
from schemas.orders import Intent, IntentState, OrderAnswer
from tests.intents import intent_for

NOW = datetime(2026, 11, 25, tzinfo=UTC)


def entry(
    position: int, kind: str, decision: Decision, customer: str = "A", intent: str = ""
) -> Entry:
    return Entry(position, f"R{position}", customer, kind, ((position, 1),), decision, intent)


class _Ledger:
    """Entries, and one intent in a state."""

    def __init__(self, *entries: Entry, state: IntentState, status: str = "") -> None:
        self._entries = entries
        self._intent = replace(intent_for(), intent_id="i", state=state)
        self._status = status

    def entries(self, _submission_id: str) -> tuple[Entry, ...]:
        return self._entries

    def intents(self, ids: list[str]) -> dict[str, Intent]:
        return {"i": self._intent} if "i" in ids else {}

    def latest_outcomes(self, ids: list[str]) -> dict[str, tuple[OrderAnswer, datetime]]:
        order = OrderAnswer.model_validate({"orderId": "9", "status": self._status})
        return {"i": (order, NOW)} if "i" in ids and self._status else {}


@pytest.mark.parametrize(
    ("state", "status", "asked"),
    [
        (IntentState.WRITTEN, "", False),
        (IntentState.SENT, "", False),
        (IntentState.LOOKING, "", False),
        (IntentState.STUCK, "", False),
        (IntentState.ACCEPTED, "1002", False),
        (IntentState.ACCEPTED, "1000", True),
        (IntentState.REFUSED, "", True),
        (IntentState.RETIRED, "", True),
    ],
)
def test_a_renewal_is_priced_when_what_goes_before_it_is_finished(
    state: IntentState, status: str, asked: bool
) -> None:
    before = entry(1, "RETURN", Decision.SEND, intent="i")
    renewal = entry(2, "RENEWAL", Decision.PRICE_FIRST)
    ledger = cast("Ledger", _Ledger(before, renewal, state=state, status=status))
    assert asked_now(ledger, "run") == ([renewal] if asked else [])


def test_one_renewal_of_a_customer_at_a_time_and_all_else_at_once() -> None:
    first, second = (entry(n, "RENEWAL", Decision.PRICE_FIRST) for n in (1, 2))
    others = (
        entry(3, "RENEWAL", Decision.PRICE_FIRST, "B"),
        entry(4, "NEW", Decision.PRICE_FIRST),
        entry(5, "PREVIEW_RENEWAL", Decision.PREVIEW),
        replace(entry(6, "NEW", Decision.PRICE_FIRST), answered_at=NOW),
    )
    ledger = cast("Ledger", _Ledger(first, second, *others, state=IntentState.WRITTEN))
    assert asked_now(ledger, "run") == [first, *others[:3]]


def test_what_goes_behind_an_order_does_not_keep_it_waiting() -> None:
    renewal = entry(1, "RENEWAL", Decision.PRICE_FIRST)
    behind = entry(2, "RETURN", Decision.SEND, intent="i")
    ledger = cast("Ledger", _Ledger(renewal, behind, state=IntentState.WRITTEN))
    assert asked_now(ledger, "run") == [renewal]
