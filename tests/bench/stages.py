"""`python -m tests.bench.stages`: what the main job costs outside the marketplace.

The stages of one run over one workbook, from its bytes to the reconciled workbook: all that a run
does but Prefect's part, the pace and HTTP, for the marketplace answers at once and in this process.
Processor seconds of each stage, per order of four rows, and the peak memory, each size in a process
of its own; imports are not counted. From 1,000 rows on, no size may take more than a third longer
for each row (exit code 1 otherwise).
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from functools import cache
from pathlib import Path
from sys import intern
from typing import Final, Self
from uuid import uuid4

from flows.desk import Desk, open_ledger
from flows.ledger import Ledger
from flows.ordering.follow import follow
from flows.ordering.hands import Hands
from flows.ordering.submit import Submitter
from flows.reconciled import Figures, write_reconciled
from flows.running import calm_the_collector
from flows.settings import Settings
from flows.submit_orders import BATCH
from schemas.orders import Intent, OrderAnswer, Reply
from schemas.outcomes import State
from tests.bench.apart import machine, most_megabytes
from tests.bench.books import ROWS_PER_ORDER, make_book

MODULE = "tests.bench.stages"
SMALL = os.environ.get("SIZE") == "small"
ROWS = (1_000, 10_000) if SMALL else (1_000, 10_000, 100_000, 1_000_000)
MAY_GROW = 4 / 3
PATIENCE: Final = 0.001
"""Of the protocol's waits: orders have ended as soon as they are asked for."""

ROUNDS: Final[Mapping[int, int]] = {1_000: 3, 10_000: 1, 100_000: 1, 1_000_000: 1}


@dataclass(slots=True)
class Spent:
    """Processor seconds by stage, and megabytes at most."""

    stages: dict[str, float] = field(default_factory=dict)
    megabytes: int = 0

    @property
    def processor(self) -> float:
        """Of all stages."""
        return sum(self.stages.values())

    @contextmanager
    def counted(self, stage: str) -> Iterator[None]:
        """What happens inside belongs to a stage."""
        before = time.process_time()
        yield
        self.stages[stage] = self.stages.get(stage, 0) + time.process_time() - before


def run(book: Path, folder: Path) -> Spent:
    """The stages of one run, one after the other."""
    spent = Spent()
    settings = Settings(
        environment="sandbox",
        account="bench",
        state_dir=folder / "state",
        output=folder / "output",
        approve_above={},
        max_orders=1_000_000,
    )
    desk = Desk(settings)
    desk.ledger = ledger = open_ledger(settings)
    with spent.counted(READ_AND_PLAN):
        planned = desk.read_and_plan(book)
    marketplace = AnswersAtOnce()
    hands = Hands(ledger, marketplace, settings.key_fingerprint, settings.in_flight, PATIENCE)
    with spent.counted(ORDER):
        asyncio.run(_placed(hands, ledger, planned.intent_ids))
    with spent.counted(FOLLOW):
        to_follow = ledger.placing(planned.submission_id).to_follow()
        still_open = asyncio.run(follow(hands, to_follow, 600))
    with spent.counted(RECONCILE):
        result = write_reconciled(ledger, settings, planned.submission_id, None, Figures())
    assert still_open == 0
    assert result.rows == planned.rows
    assert result.orders[State.DONE] == planned.orders
    ledger.close()
    spent.megabytes = most_megabytes()
    return spent


READ_AND_PLAN = "read, check, group, compare, plan and write"
ORDER = "send: rules of ordering and ledger"
FOLLOW = "follow to the end: looks and ledger"
RECONCILE = "read back, answers, reconciled workbook"


class AnswersAtOnce:
    """A marketplace that accepts whatever comes and has finished it when it is asked."""

    def __init__(self) -> None:
        self._of_customer: dict[str, list[_Placed]] = defaultdict(list)

    async def ready(self) -> Self:
        """A call may always go."""
        return self

    async def come(self) -> None:
        """It may go now."""

    async def place(self, intent: Intent, request_id: str, may_go: Callable[[], bool]) -> Reply:
        """Accepted."""
        assert may_go()
        lines = json.dumps(json.loads(intent.body)["lineItems"])
        order_id = intent.intent_id.replace("-", "")[:30]
        placed = _Placed(order_id, intent.customer_id, intent.reference, intern(lines))
        self._of_customer[intent.customer_id].append(placed)
        return Reply(request_id, 201, order=placed.order("1002"))

    async def preview(self, customer_id: str, body: bytes) -> Reply:
        """Never asked for."""
        raise AssertionError(f"the price of {body!r} for {customer_id}")

    async def history(
        self, customer_id: str, since: datetime, order_types: list[str]
    ) -> list[OrderAnswer]:
        """All of a customer's orders, finished."""
        del since, order_types
        return [placed.order("1000") for placed in self._of_customer[customer_id]]


@dataclass(frozen=True, slots=True)
class _Placed:
    """An order as the marketplace keeps it; `lines` as they were sent."""

    order_id: str
    customer_id: str
    reference: str
    lines: str

    def order(self, status: str) -> OrderAnswer:
        """What is told of it."""
        told = {
            "order_id": self.order_id,
            "customer_id": self.customer_id,
            "reference": self.reference,
        }
        return _order(self.lines, status).model_copy(update=told)


@cache
def _order(lines_as_sent: str, status: str) -> OrderAnswer:
    """An order with these lines, of anybody's, with prices."""
    lines = json.loads(lines_as_sent)
    for line in lines:
        line |= {
            "status": status,
            "subscriptionId": f"{uuid4().hex[:30]}NA",
            "pricing": {
                "partnerPrice": 27.5,
                "discountedPartnerPrice": 27.5,
                "netPartnerPrice": 27.49,
                "lineItemPartnerPrice": 27.5 * line["quantity"],
            },
        }
    return OrderAnswer.model_validate(
        {
            "orderType": "NEW",
            "status": status,
            "creationDate": "2026-11-26T12:00:00Z",
            "lineItems": lines,
        }
    )


async def _placed(hands: Hands, ledger: Ledger, intent_ids: Sequence[str]) -> None:
    """In batches that overlap, as the flow places them."""
    submitter = Submitter(hands)

    async def one(batch: Sequence[str]) -> None:
        intents = await asyncio.to_thread(ledger.intents, batch)
        await submitter.submit([intents[intent_id] for intent_id in batch], lambda _count: None)

    async with asyncio.TaskGroup() as batches:
        for start in range(0, len(intent_ids), BATCH):
            batch = intent_ids[start : start + BATCH]
            await submitter.room_for(len(batch))
            batches.create_task(one(batch))


def once(book: Path) -> None:
    """Run in this process and print what it took."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        calm_the_collector()
        run(make_book(folder / "warm-up.xlsx", 1), folder / "warm-up")
        gc.collect()
        gc.freeze()  # as the command does
        print(json.dumps(asdict(run(book, folder / "run"))))


def _apart(book: Path, rounds: int) -> Spent:
    """The cheapest of some processes of their own: whatever else the machine does only adds."""
    found: list[Spent] = []
    for _ in range(rounds):
        command = [sys.executable, "-m", MODULE, str(book)]
        ran = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        found.append(Spent(**json.loads(ran.stdout)))
    return min(found, key=lambda spent: spent.processor)


def main() -> int:
    """Measure and print."""
    found: dict[int, Spent] = {}
    with tempfile.TemporaryDirectory() as folder:
        for rows in ROWS:
            orders = rows // ROWS_PER_ORDER
            book = make_book(Path(folder) / f"{rows}.xlsx", orders)
            found[rows] = _apart(book, 1 if SMALL else ROUNDS[rows])
    print(f"{machine()}; processor, orders of {ROWS_PER_ORDER} rows, nothing of the marketplace")
    print(f"{'ms per order, by rows of the workbook':46}", *(f"{rows:>11,}" for rows in found))
    for stage in (READ_AND_PLAN, ORDER, FOLLOW, RECONCILE):
        each = (1e3 * s.stages[stage] / rows * ROWS_PER_ORDER for rows, s in found.items())
        print(f"  {stage:44}", *(f"{ms:11.3f}" for ms in each))
    per_row = {rows: spent.processor / rows for rows, spent in found.items()}
    each = (1e3 * ROWS_PER_ORDER * seconds for seconds in per_row.values())
    print(f"{'all':46}", *(f"{ms:11.3f}" for ms in each))
    print(f"{'seconds':46}", *(f"{spent.processor:11.2f}" for spent in found.values()))
    print(f"{'MB at most':46}", *(f"{spent.megabytes:11}" for spent in found.values()))
    growth = max(per_row.values()) / per_row[ROWS[0]]
    held = growth <= MAY_GROW
    print(f"time per row, {ROWS[0]:,} to {ROWS[-1]:,} rows: {growth:.2f} times at most", end=" ")
    print(f"(wanted {MAY_GROW:.2f}): {'held' if held else 'not held'}")
    return 0 if held else 1


if __name__ == "__main__":
    if len(sys.argv) == 2:
        once(Path(sys.argv[1]))
    else:
        sys.exit(main())
