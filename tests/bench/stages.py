"""`python -m tests.bench.stages`: what the main job costs outside the marketplace.

The stages of one run over one workbook, from its bytes to the reconciled workbook, with a
marketplace that has its answers ready: nothing is counted of it, nor of imports. Processor seconds
of each stage, per order of four rows, and the peak memory, each size in a process of its own.
From 1,000 to 1,000,000 rows the time per row may grow by a third at most (exit code 1 otherwise).
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
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Final, TypeVar
from uuid import uuid4

from flows.desk import Desk, open_ledger
from flows.ledger import Ledger
from flows.reconciled import Figures, write_reconciled
from flows.running import calm_the_collector
from flows.settings import Settings
from schemas.orders import Intent, IntentState, OrderAnswer, Reply
from schemas.outcomes import State
from tests.bench.apart import machine, most_megabytes
from tests.bench.books import ROWS_PER_ORDER, make_book

MODULE = "tests.bench.stages"
SMALL = os.environ.get("SIZE") == "small"
ROWS = (1_000, 10_000) if SMALL else (1_000, 10_000, 100_000, 1_000_000)
MAY_GROW = 4 / 3
UNDER_WAY = 512
AT_ONCE = 5_000
"""Orders whose answers are made ready at a time."""

LEASE = timedelta(seconds=100)
ROUNDS: Final[Mapping[int, int]] = {1_000: 3, 10_000: 1, 100_000: 1, 1_000_000: 1}

Item = TypeVar("Item")


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
    for intent_ids in _some(planned.intent_ids):
        with spent.counted(INTENTS):
            intents = ledger.intents(intent_ids)
        answers = [_answer(intents[intent_id], "1002") for intent_id in intent_ids]
        with spent.counted(SENDS):
            asyncio.run(_sent(ledger, answers))
        ended = [_answer(intents[intent_id], "1000") for intent_id in intent_ids]
        with spent.counted(OUTCOMES):
            asyncio.run(_finished(ledger, ended))
    del intents, answers, ended
    with spent.counted(RECONCILE):
        result = write_reconciled(ledger, settings, planned.submission_id, None, Figures())
    assert result.rows == planned.rows
    assert result.orders[State.DONE] == planned.orders
    ledger.close()
    spent.megabytes = most_megabytes()
    return spent


READ_AND_PLAN = "read, check, group, compare, plan and write"
INTENTS = "read intents to be sent"
SENDS = "ledger: sends and their answers"
OUTCOMES = "ledger: orders that have ended"
RECONCILE = "read back, answers, reconciled workbook"

_Answered = tuple[Intent, Reply]


def _some(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    for start in range(0, len(items), AT_ONCE):
        yield items[start : start + AT_ONCE]


def _answer(intent: Intent, status: str) -> _Answered:
    """The marketplace's word on an order, with prices."""
    order = _order(json.dumps(json.loads(intent.body)["lineItems"]), status).model_copy(
        update={
            "order_id": intent.intent_id.replace("-", "")[:30],
            "customer_id": intent.customer_id,
            "reference": intent.reference,
        }
    )
    return intent, Reply(str(uuid4()), 201, order=order)


@cache
def _order(lines_as_sent: str, status: str) -> OrderAnswer:
    """An order with these lines, of anybody's."""
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


async def _sent(ledger: Ledger, answered: Sequence[_Answered]) -> None:
    """The two commits of each order, as many at a time as fill a group."""
    waiting = iter(answered)

    async def one_after_the_other() -> None:
        for intent, reply in waiting:
            begun = await ledger.begin_send(
                intent.intent_id, reply.request_id, datetime.now(UTC), LEASE
            )
            assert begun
            await ledger.answer(
                intent.intent_id, reply, IntentState.ACCEPTED, "", datetime.now(UTC)
            )

    await asyncio.gather(*(one_after_the_other() for _ in range(UNDER_WAY)))


async def _finished(ledger: Ledger, answered: Sequence[_Answered]) -> None:
    """What the history of each customer tells of all of its orders."""
    by_customer: dict[str, dict[str, OrderAnswer]] = {}
    for intent, reply in answered:
        assert reply.order is not None
        by_customer.setdefault(intent.customer_id, {})[intent.intent_id] = reply.order
    waiting = iter(by_customer.values())
    while some := list(islice(waiting, UNDER_WAY)):
        await asyncio.gather(*(ledger.note_outcomes(seen, datetime.now(UTC)) for seen in some))


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
    for stage in (READ_AND_PLAN, INTENTS, SENDS, OUTCOMES, RECONCILE):
        each = (1e3 * s.stages[stage] / rows * ROWS_PER_ORDER for rows, s in found.items())
        print(f"  {stage:44}", *(f"{ms:11.3f}" for ms in each))
    per_row = {rows: spent.processor / rows for rows, spent in found.items()}
    each = (1e3 * ROWS_PER_ORDER * seconds for seconds in per_row.values())
    print(f"{'all':46}", *(f"{ms:11.3f}" for ms in each))
    print(f"{'seconds':46}", *(f"{spent.processor:11.2f}" for spent in found.values()))
    print(f"{'MB at most':46}", *(f"{spent.megabytes:11}" for spent in found.values()))
    growth = per_row[ROWS[-1]] / per_row[ROWS[0]]
    held = growth <= MAY_GROW
    print(f"time per row, {ROWS[0]:,} to {ROWS[-1]:,} rows: {growth:.2f} times", end=" ")
    print(f"(at most {MAY_GROW:.2f}): {'held' if held else 'not held'}")
    return 0 if held else 1


if __name__ == "__main__":
    if len(sys.argv) == 2:
        once(Path(sys.argv[1]))
    else:
        sys.exit(main())
