"""Batches of one run that overlap: what depends on order keeps it, and a stop stops them all."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from flows.ledger import Ledger
from flows.ordering.submit import Submitter
from schemas.orders import Intent, IntentState, MarketplaceStop, Order, Reply
from tests.intents import ORDER, accepted, intent_for, order_answer
from tests.ordering.test_submit import ScriptedApi, hands_for, ledger, state_of, written

__all__ = ["ledger"]


class Slow(ScriptedApi):
    """Answers after a moment; tells how many calls were under way at once."""

    under_way, most = 0, 0

    async def place(self, intent: Intent, request_id: str, may_go: Callable[[], bool]) -> Reply:
        assert may_go()
        self.sent.append(intent)
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        await asyncio.sleep(0.03)
        self.under_way -= 1
        if intent.reference == "stops":
            raise MarketplaceStop("signed out")
        return Reply(request_id, 201, order=order_answer(intent.intent_id[:30]))


def orders(kind: str, *references: str, customer: str = "c") -> list[Intent]:
    return [intent_for(Order(ref, customer, kind, "9", ORDER.lines)) for ref in references]


def nothing(_: int) -> None:
    """Nobody watches."""


async def test_a_customers_returns_keep_their_order_across_batches(ledger: Ledger) -> None:
    intents = orders("RETURN", *(f"R-{n}" for n in range(6)))
    written(ledger, *intents)
    api = Slow([accepted()])
    submitter = Submitter(hands_for(ledger, api, in_flight=10))
    batches = (intents[:2], intents[2:4], intents[4:])
    await asyncio.gather(*(submitter.submit(batch, nothing) for batch in batches))
    assert [intent.reference for intent in api.sent] == [f"R-{n}" for n in range(6)]
    assert api.most == 1


async def test_new_orders_of_overlapping_batches_share_the_places(ledger: Ledger) -> None:
    intents = orders("NEW", *(f"N-{n}" for n in range(20)))
    written(ledger, *intents)
    api = Slow([accepted()])
    submitter = Submitter(hands_for(ledger, api, in_flight=4))
    ended: list[int] = []
    batches = (intents[:10], intents[10:])
    await asyncio.gather(*(submitter.submit(batch, ended.append) for batch in batches))
    assert api.most == 4
    assert sum(ended) == 20


async def test_a_stop_in_one_batch_begins_nothing_of_another_and_loses_no_answer(
    ledger: Ledger,
) -> None:
    first, second = orders("NEW", "stops", "A", "B"), orders("NEW", "C", "D", "E", "F")
    written(ledger, *first, *second)
    api = Slow([accepted()])
    submitter = Submitter(hands_for(ledger, api, in_flight=4))
    ended = await asyncio.gather(
        submitter.submit(first, nothing), submitter.submit(second, nothing), return_exceptions=True
    )
    assert [str(error) for error in ended] == ["signed out"] * 2
    states = {i.reference: state_of(ledger, i).state for i in (*first, *second)}
    sent = {intent.reference for intent in api.sent}
    assert len(sent) == 4
    assert states == {
        "stops": IntentState.SENT,
        **dict.fromkeys(sent - {"stops"}, IntentState.ACCEPTED),
        **dict.fromkeys(states.keys() - sent, IntentState.WRITTEN),
    }


async def test_more_is_handed_in_only_when_hardly_anything_waits(ledger: Ledger) -> None:
    intents = orders("NEW", *(f"N-{n}" for n in range(150)))
    written(ledger, *intents)
    api = Slow([accepted()])
    submitter = Submitter(hands_for(ledger, api, in_flight=10))
    await submitter.room_for(150)
    sending = asyncio.create_task(submitter.submit(intents, nothing))
    waiting = asyncio.create_task(submitter.room_for(50))
    while not waiting.done():
        begun = len(api.sent)
        await asyncio.sleep(0.005)
    assert 40 <= begun <= 80
    await sending


async def test_a_run_that_stopped_lets_nobody_wait_for_room(ledger: Ledger) -> None:
    intents = orders("NEW", "stops", *(f"N-{n}" for n in range(200)))
    written(ledger, *intents)
    submitter = Submitter(hands_for(ledger, Slow([accepted()]), in_flight=2))
    await submitter.room_for(len(intents))
    with pytest.raises(MarketplaceStop):
        await submitter.submit(intents, nothing)
    await asyncio.wait_for(submitter.room_for(10), 5)
