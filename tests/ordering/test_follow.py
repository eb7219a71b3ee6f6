"""Following: calls that are under way are answered and committed, whatever another one meets."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime

import pytest

from flows.ledger import Ledger
from flows.ordering.follow import follow_once
from schemas.orders import Intent, IntentState, MarketplaceStop, Order, OrderAnswer, Reply
from tests.intents import ORDER, accepted, intent_for, order_answer
from tests.ordering.test_submit import (
    ScriptedApi,
    hands_for,
    ledger,
    sent,
    state_of,
    unanswered,
    written,
)

__all__ = ["ledger"]


def orders(count: int) -> list[Intent]:
    return [
        intent_for(Order(f"PO-{n}", ORDER.customer_id, "NEW", "", ORDER.lines))
        for n in range(count)
    ]


class SignedOut(ScriptedApi):
    """The first order is stopped; the others are answered later."""

    async def place(self, intent: Intent, request_id: str, _: Callable[[], bool]) -> Reply:
        self.sent.append(intent)
        if intent.reference == "PO-0":
            await asyncio.sleep(0.02)
            raise MarketplaceStop("signed out")
        await asyncio.sleep(0.1)
        return Reply(request_id, 201, order=order_answer(intent.reference))


async def test_a_stop_lets_the_sends_that_are_under_way_end_and_begins_no_other(
    ledger: Ledger,
) -> None:
    intents = orders(4)
    written(ledger, *intents)
    for intent in intents:
        await unanswered(ledger, intent)
    api = SignedOut([accepted()])
    hands = hands_for(ledger, api, in_flight=3)
    with pytest.raises(MarketplaceStop, match="signed out"):
        await follow_once(hands, [state_of(ledger, intent) for intent in intents])
    states = [state_of(ledger, intent).state for intent in intents]
    assert states == [
        IntentState.SENT,
        IntentState.ACCEPTED,
        IntentState.ACCEPTED,
        IntentState.SENT,
    ]
    assert [intent.reference for intent in api.sent] == ["PO-0", "PO-1", "PO-2"]


async def test_no_more_sends_are_under_way_than_the_settings_allow(ledger: Ledger) -> None:
    class Counting(ScriptedApi):
        now, most = 0, 0

        async def place(self, intent: Intent, request_id: str, _: Callable[[], bool]) -> Reply:
            self.now += 1
            self.most = max(self.most, self.now)
            await asyncio.sleep(0.01)
            self.now -= 1
            return Reply(request_id, 201, order=order_answer(intent.reference))

    intents = orders(8)
    written(ledger, *intents)
    for intent in intents:
        await unanswered(ledger, intent)
    api = Counting([accepted()])
    hands = hands_for(ledger, api, in_flight=2)
    await follow_once(hands, [state_of(ledger, intent) for intent in intents])
    assert api.most == 2
    assert {state_of(ledger, intent).state for intent in intents} == {IntentState.ACCEPTED}


async def test_a_stop_lets_the_pages_that_are_under_way_be_read(ledger: Ledger) -> None:
    customers = [Order(f"PO-{n}", f"P{n}", "NEW", "", ORDER.lines) for n in range(2)]
    intents = [intent_for(order) for order in customers]
    written(ledger, *intents)
    for number, intent in enumerate(intents):
        await sent(ledger, ScriptedApi([accepted(str(number))]), intent)

    class OneSignedOut(ScriptedApi):
        async def history(self, customer_id: str, _: datetime, __: list[str]) -> list[OrderAnswer]:
            if customer_id == "P0":
                await asyncio.sleep(0.02)
                raise MarketplaceStop("signed out")
            await asyncio.sleep(0.1)
            return [order_answer("1", "1000", customers[1])]

    hands = hands_for(ledger, OneSignedOut([accepted()]))
    with pytest.raises(MarketplaceStop, match="signed out"):
        await follow_once(hands, [state_of(ledger, intent) for intent in intents])
    known = ledger.latest_outcomes([intents[1].intent_id])[intents[1].intent_id]
    assert known[0].status == "1000"
