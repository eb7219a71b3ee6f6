"""When each customer is looked at: once its orders are old enough, and hardly ever in vain."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from flows.ordering import follow as following
from flows.ordering import hands as handing
from flows.ordering import looks
from flows.ordering.follow import RHYTHM, follow
from flows.ordering.hands import Hands
from flows.ordering.life import Step
from flows.ordering.look_up import LookedUp
from schemas.orders import Intent, IntentState, Order, OrderAnswer
from tests.intents import ORDER, intent_for, order_answer
from tests.virtual_time import VirtualLoop, in_virtual_time

START = datetime(2026, 11, 26, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _virtual(monkeypatch: pytest.MonkeyPatch) -> None:
    async def at_once(work: Callable[..., Any], *arguments: Any) -> Any:
        return work(*arguments)

    for module in (following, looks, handing):
        monkeypatch.setattr(module, "utc_now", now)
    monkeypatch.setattr(following, "monotonic", lambda: asyncio.get_running_loop().time())
    monkeypatch.setattr(following.asyncio, "to_thread", at_once)


def now() -> datetime:
    """By the loop's clock, which begins at 1,000."""
    return START + timedelta(seconds=asyncio.get_running_loop().time() - 1000)


@dataclass
class Place:
    """A ledger and a marketplace in one: orders finish `takes` seconds after their acceptance.

    `looks` are (customer, seconds since its last acceptance). A look takes `answers_after` seconds;
    that at the customer `breaks` fails in a way that nobody foresaw.
    """

    intents_of: dict[str, list[Intent]]
    takes: float
    seen: dict[str, str] = field(default_factory=dict)
    looks: list[tuple[str, float]] = field(default_factory=list)
    answers_after: float = 0.2
    breaks: str = ""
    under_way: int = 0

    def intents(self, intent_ids: Iterable[str]) -> dict[str, Intent]:
        wanted = set(intent_ids)
        return {
            i.intent_id: i for some in self.intents_of.values() for i in some
            if i.intent_id in wanted
        }  # fmt: skip

    def latest_statuses(self, intent_ids: Iterable[str]) -> dict[str, str]:
        return {intent_id: self.seen.get(intent_id, "1002") for intent_id in intent_ids}

    async def note_outcomes(self, seen: Mapping[str, OrderAnswer], _: datetime) -> None:
        self.seen.update((intent_id, order.status) for intent_id, order in seen.items())

    async def history(self, customer_id: str, *_: object) -> list[OrderAnswer]:
        theirs = [i for i in self.intents_of[customer_id] if i.answered_at]
        self.under_way += 1
        try:
            await asyncio.sleep(self.answers_after)
        finally:
            self.under_way -= 1
        if customer_id == self.breaks:
            raise KeyError(customer_id)
        ages = [(now() - i.answered_at).total_seconds() for i in theirs if i.answered_at]
        self.looks.append((customer_id, min(ages, default=0) - self.answers_after))
        return [
            order_answer(intent.order_id, "1000" if age >= self.takes else "1002")
            for intent, age in zip(theirs, ages, strict=True)
        ]


def place(customers: int, takes: float, last_accepted: Callable[[int], float]) -> Place:
    """So many customers with three orders each; the last of customer n's was accepted so many
    seconds before the start.
    """
    intents: dict[str, list[Intent]] = {}
    for number in range(customers):
        customer = f"C{number}"
        intents[customer] = [
            intent_for(
                Order(f"PO-{number}-{one}", customer, "NEW", "", ORDER.lines),
                state=IntentState.ACCEPTED,
                order_id=f"{number}-{one}",
                answered_at=START - timedelta(seconds=last_accepted(number) + one),
            )
            for one in range(3)
        ]
    return Place(intents, takes)


def followed(there: Place, seconds: float = 600, **terms: Any) -> tuple[int, float]:
    """How many orders are not finished, and how long it took."""
    loop = VirtualLoop()

    async def work() -> tuple[int, float]:
        hands = Hands(there, there, "key", in_flight=50, **terms)  # type: ignore[arg-type]
        ids = [intent.intent_id for some in there.intents_of.values() for intent in some]
        left = await follow(hands, ids, seconds)
        return left, loop.time() - 1000

    return in_virtual_time(work(), loop)


def test_after_a_large_workbook_each_customer_is_looked_at_once_and_nobody_waits() -> None:
    """The first orders are long finished when the last one has been accepted."""
    there = place(600, 2, lambda number: 120 - number / 5)
    left, took = followed(there)
    assert left == 0
    assert len(there.looks) <= 600 + 4
    assert took < 6


def test_a_small_workbook_is_answered_when_its_orders_are_finished() -> None:
    there = place(4, 2, lambda _: 0)
    left, took = followed(there)
    assert left == 0
    assert took < 4
    assert len(there.looks) <= 4 + 1


def test_slow_orders_are_not_asked_for_again_and_again() -> None:
    """Ten minutes of open orders: one customer is learnt from, the others go by the rhythm."""
    there = place(20, 10_000, lambda _: 0)
    left, took = followed(there, seconds=600)
    assert left == 60
    assert took <= 600
    first = dict(reversed(there.looks))
    early = [customer for customer, age in first.items() if age < RHYTHM - 1]
    assert len(early) == 1
    counted = Counter(customer for customer, _ in there.looks)
    assert max(counted[customer] for customer in counted if customer not in early) <= 600 / RHYTHM
    assert counted[early[0]] <= 600 / RHYTHM + 4


def test_orders_that_take_a_while_are_looked_at_hardly_later_than_they_are_finished() -> None:
    there = place(200, 12, lambda number: number / 50)
    left, took = followed(there)
    assert left == 0
    assert took < 30
    assert len(there.looks) <= 200 * 1.2 + 4


def test_patience_scales_the_looks_as_every_wait() -> None:
    there = place(4, 0.02, lambda _: 0)
    left, took = followed(there, patience=0.01)
    assert left == 0
    assert took < 1.5


def test_following_ends_when_its_time_is_over() -> None:
    there = place(3, 10_000, lambda _: 0)
    left, took = followed(there, seconds=5)
    assert left == 9
    assert took <= 5.5


def test_what_a_look_raises_is_not_taken_for_an_end() -> None:
    """The other looks under way are brought to their end before it comes out."""
    there = place(4, 2, lambda _: 60)
    there.breaks = "C2"
    with pytest.raises(KeyError, match="C2"):
        followed(there)
    assert len(there.looks) == 3


def test_whoever_stops_following_stops_its_looks() -> None:
    there = place(4, 2, lambda _: 60)

    async def work() -> None:
        hands = Hands(there, there, "key", in_flight=50)  # type: ignore[arg-type]
        ids = [intent.intent_id for some in there.intents_of.values() for intent in some]
        running = asyncio.create_task(follow(hands, ids, 600))
        await asyncio.sleep(0.1)
        assert there.under_way == 4
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert there.under_way == 0

    in_virtual_time(work())
    assert there.looks == []


def test_looks_under_way_when_time_is_over_are_awaited_and_nothing_else_begins(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    there = place(3, 2, lambda number: (0, 60, 20)[number])  # looked at after 2, 0 and 10 s
    there.answers_after = 20
    asked: list[float] = []

    def asked_for_the_time() -> float:
        asked.append(asyncio.get_running_loop().time())
        assert len(asked) < 1000, "it goes round and round"
        return asked[-1]

    monkeypatch.setattr(following, "monotonic", asked_for_the_time)
    left, took = followed(there, seconds=5)
    assert left == 3
    assert took == pytest.approx(22)
    assert [customer for customer, _ in there.looks] == ["C1", "C0"]


def test_an_intent_in_doubt_does_not_tell_how_long_orders_take(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    there = place(20, 12, lambda _: 0)
    doubtful = intent_for(replace(ORDER, customer_id="D"), state=IntentState.LOOKING)
    there.intents_of["D"] = [doubtful]

    async def is_for_a_person(_: Hands, intent: Intent, *__: object) -> LookedUp:
        there.intents_of["D"] = [replace(intent, state=IntentState.STUCK)]
        return LookedUp(Step.STICK, there.intents_of["D"][0])

    monkeypatch.setattr(looks, "settle", is_for_a_person)
    left, took = followed(there)
    assert left == 0
    assert took < 30
    assert len(there.looks) <= 20 * 1.2 + 5
