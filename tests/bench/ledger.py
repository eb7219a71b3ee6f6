"""`python -m tests.bench.ledger`: what safety costs.

The ledger alone (two durable commits an order, 512 orders under way) on SQLite and PostgreSQL; the
submitter against a marketplace that answers at once, with the ledger and with a memory that
forgets; and the same at 200 orders a second, where the processor time of the ledger is what is
left of it for everything else. Ratios are to the submitter without a ledger, in the same minute.
"""

from __future__ import annotations

import asyncio
import os
import platform
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any
from uuid import uuid4

from flows.ledger import Ledger
from flows.ordering.hands import Hands
from flows.ordering.submit import submit
from schemas.orders import Intent, IntentState, Order, OrderAnswer, Reply
from tests.databases import KINDS, database
from tests.intents import ORDER, entry_for, intent_for, order_answer, submission
from tests.turns import NoTurn

ORDERS = 500 if os.environ.get("SIZE") == "small" else 4000
UNDER_WAY = 512
"""So many that groups are full and nobody waits for them to gather."""
PER_SECOND = 200
PACED_SECONDS = 2 if os.environ.get("SIZE") == "small" else 4
ROUNDS = 1 if os.environ.get("SIZE") == "small" else 5
LEASE = timedelta(seconds=100)


@dataclass(frozen=True, slots=True)
class Spent:
    """Seconds on the wall and of the processor, for so many orders."""

    orders: int
    wall: float
    processor: float

    @property
    def per_second(self) -> float:
        """Orders a second."""
        return self.orders / self.wall

    @property
    def milliseconds(self) -> float:
        """Of the processor, for one order."""
        return 1000 * self.processor / self.orders


class Stopwatch:
    """Measures what happens inside."""

    def __enter__(self) -> Stopwatch:
        self._wall, self._processor = time.perf_counter(), time.process_time()
        return self

    def __exit__(self, *_: object) -> None:
        self.wall = time.perf_counter() - self._wall
        self.processor = time.process_time() - self._processor

    def spent(self, orders: int) -> Spent:
        """For one order."""
        return Spent(orders, self.wall, self.processor)


@dataclass
class AtOnce:
    """A marketplace that accepts every order in an instant, or when its turn in a second comes."""

    per_second: float | None = None
    placed: int = 0
    _turn: float = 0.0

    async def ready(self) -> NoTurn:
        if self.per_second is not None:
            self._turn = max(self._turn + 1 / self.per_second, time.monotonic())
            await asyncio.sleep(self._turn - time.monotonic())
        return NoTurn()

    async def place(self, intent: Intent, request_id: str, may_go: Callable[[], bool]) -> Reply:
        assert may_go()
        self.placed += 1
        order = ANSWER.model_copy(update={"order_id": f"{intent.intent_id[:30]}"})
        return Reply(request_id, 201, order=order)

    async def preview(self, customer_id: str, body: bytes) -> Reply:
        raise AssertionError((customer_id, body))

    async def history(self, *_: object) -> list[OrderAnswer]:
        raise AssertionError


@dataclass
class Forgetful:
    """What the submitter asks of a ledger, kept nowhere but in memory."""

    kept: dict[str, Intent] = field(default_factory=dict)

    def intents(self, intent_ids: Iterable[str]) -> dict[str, Intent]:
        return {intent_id: self.kept[intent_id] for intent_id in intent_ids}

    async def begin_send(self, intent_id: str, *_: object) -> bool:
        intent = self.kept[intent_id]
        self.kept[intent_id] = replace(intent, state=IntentState.SENT, sends=intent.sends + 1)
        return True

    async def answer(
        self, intent_id: str, _reply: Reply, then: IntentState, *_: object
    ) -> IntentState:
        self.kept[intent_id] = replace(self.kept[intent_id], state=then)
        return then

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(name)


LINES = tuple(replace(ORDER.lines[0], number=number) for number in range(1, 5))
ANSWER = order_answer("", order=replace(ORDER, lines=LINES))


def new_intents(count: int) -> list[Intent]:
    """Orders of four lines."""
    return [intent_for(Order(f"B-{n}", "c", "NEW", "", LINES)) for n in range(count)]


def written(ledger: Ledger, intents: Sequence[Intent]) -> None:
    """Planned, as a workbook is."""
    digest = ledger.keep_workbook(b"w", "w.xlsx", datetime.now(UTC))
    with ledger.planning("default", "practice") as planning:
        planning.write(
            submission(str(uuid4()), workbook_hash=digest),
            [],
            intents,
            [entry_for(intent, place) for place, intent in enumerate(intents)],
        )


async def alone(ledger: Ledger, intents: Sequence[Intent]) -> Spent:
    """Only the two commits of an order, as many at a time as a run has under way."""
    waiting = iter(intents)

    async def one_after_the_other() -> None:
        for intent in waiting:
            request_id = str(uuid4())
            await ledger.begin_send(intent.intent_id, request_id, datetime.now(UTC), LEASE)
            order = ANSWER.model_copy(update={"order_id": intent.intent_id[:30]})
            reply = Reply(request_id, 201, order=order)
            await ledger.answer(
                intent.intent_id, reply, IntentState.ACCEPTED, "", datetime.now(UTC)
            )

    with Stopwatch() as watch:
        await asyncio.gather(*(one_after_the_other() for _ in range(UNDER_WAY)))
    return watch.spent(len(intents))


async def submitted(book: Any, intents: Sequence[Intent], per_second: float | None = None) -> Spent:
    """The submitter with this ledger, as fast as it goes or so many a second."""
    api = AtOnce(per_second)
    hands = Hands(book, api, "key-1", in_flight=UNDER_WAY)
    with Stopwatch() as watch:
        await submit(hands, intents, lambda _: None)
    assert api.placed == len(intents)
    return watch.spent(len(intents))


def main() -> None:
    """Measure and print."""
    cores = len(os.sched_getaffinity(0))
    print(f"{platform.machine()}, {cores} cores, Python {platform.python_version()}; ", end="")
    print(f"orders of four lines, {UNDER_WAY} under way")
    print(f"{'':52}{'orders/s':>9}{'ratio':>8}{'CPU ms':>8}")
    fast = new_intents(ORDERS)
    bare = asyncio.run(submitted(_forgetful(fast), fast))
    _tell("submitter without a ledger", bare, bare)
    with ExitStack() as stack:
        for kind in KINDS:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            url = stack.enter_context(database(kind, folder))
            _measure(kind, Ledger(url, folder / "workbooks"), bare)


def _forgetful(intents: Sequence[Intent]) -> Forgetful:
    return Forgetful({intent.intent_id: intent for intent in intents})


def _measure(kind: str, ledger: Ledger, bare: Spent) -> None:
    lone, fast = new_intents(ORDERS), new_intents(ORDERS)
    for intents in (lone, fast):
        written(ledger, intents)
    _tell(f"{kind}: the ledger alone", asyncio.run(alone(ledger, lone)), bare)
    _tell(f"{kind}: submitter with the ledger", asyncio.run(submitted(ledger, fast)), bare)
    cost = median(_cost_at_pace(ledger) for _ in range(ROUNDS))
    print(f"{f'{kind}: the ledger at {PER_SECOND} orders a second':52}{'':17}{cost:8.2f}")
    ledger.close()


def _cost_at_pace(ledger: Ledger) -> float:
    """Milliseconds of the processor that the ledger adds to an order, both ways one after the
    other: the speed of a machine changes from minute to minute.
    """
    paced = new_intents(PER_SECOND * PACED_SECONDS)
    written(ledger, paced)
    bare = asyncio.run(submitted(_forgetful(paced), paced, PER_SECOND))
    return asyncio.run(submitted(ledger, paced, PER_SECOND)).milliseconds - bare.milliseconds


def _tell(what: str, spent: Spent, bare: Spent) -> None:
    ratio = spent.per_second / bare.per_second
    print(f"{what:52}{spent.per_second:9,.0f}{ratio:8.2f}{spent.milliseconds:8.2f}")


if __name__ == "__main__":
    main()
