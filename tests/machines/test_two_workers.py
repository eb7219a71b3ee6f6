"""One worker killed, the network of the other cut for a minute: the workbook completes, nothing
twice, nothing lost.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from pathlib import Path
from typing import Final

from openpyxl import load_workbook

from flows.ordering.sharding import shard_of
from tests.bench.books import ROWS_PER_ORDER, customers_of, make_book
from tests.bench.market import seeded_book
from tests.machines.cluster import Cluster, cluster, wait_for

ORDERS: Final = 500
SHARDS: Final = 2
CUT_SECONDS: Final = 60

SETTINGS: Final = {
    "ORDERDROP_SHARD_ORDERS": str(ORDERS // SHARDS),
    # Some twelve a second: neither worker has finished when it is lost.
    "ORDERDROP_CALLS_PER_5S": "60",
    # So leases are short, and nobody is waited for longer than a minute.
    "ORDERDROP_READ_SECONDS": "2",
    "ORDERDROP_PATIENCE": "0.05",
    "ORDERDROP_APPROVE_ABOVE": "none",
    "PREFECT_WORKER_QUERY_SECONDS": "1",
    "PREFECT_SERVER_UI_ENABLED": "false",
}


def test_one_is_killed_and_the_other_cut_off(tmp_path: Path) -> None:
    book = seeded_book(tmp_path / "book.sqlite", customers_of(ORDERS))
    workbook = make_book(tmp_path / "large.xlsx", ORDERS)
    with cluster(tmp_path, book, 0.25, SETTINGS) as whole:
        killed, cut = whole.workers
        submitting = whole.submit(workbook)
        wait_for(lambda: all(placed_of(whole)[shard] >= 5 for shard in range(1, SHARDS + 1)))
        assert {run["state"]["name"] for run in whole.runs()} == {"Running"}
        killed.kill()
        whole.network.cut(cut)
        at_the_cut = placed_of(whole)
        assert at_the_cut.total() < ORDERS / 2, "the orders were placed before anything was lost"
        time.sleep(CUT_SECONDS)
        whole.network.mend(cut)
        said, _ = submitting.communicate(timeout=180)
        assert submitting.returncode == 0, (tmp_path / "submit.log").read_text()[-2000:]

        # Whatever the worker that was cut off still does, it does before the books are compared.
        wait_for(lambda: not orders_are_placed_on(whole, 1))
        figures = json.loads(said)
        assert {state: n for state, n in figures["orders"].items() if n} == {"done": ORDERS}
        placed = ours(whole)
        assert Counter(placed.values()).total() == len(placed) == ORDERS
        references = [order["externalReferenceId"] for order in whole.book() if is_ours(order)]
        assert sorted(references) == [f"PO-{number:06d}" for number in range(ORDERS)]
        assert answers(Path(figures["output"]), tmp_path) == placed
        assert ORDERS <= figures["calls"] <= whole.calls() + whole.unanswered()


def is_ours(order: dict[str, str]) -> bool:
    return order["externalReferenceId"].startswith("PO-")


def ours(whole: Cluster) -> dict[str, str]:
    """The order id of each reference of the workbook, by the marketplace's book."""
    return {o["externalReferenceId"]: o["orderId"] for o in whole.book() if is_ours(o)}


def placed_of(whole: Cluster) -> Counter[int]:
    """How many orders of each shard are in the marketplace's book."""
    return Counter(shard_of(o["customerId"], SHARDS) for o in whole.book() if is_ours(o))


def orders_are_placed_on(whole: Cluster, number: int) -> bool:
    """Whether a shard's run still goes on on a machine."""
    commands = (Path(f"/proc/{pid}/cmdline") for pid in whole.workers[number].processes())
    return any(b"flow-run" in path.read_bytes() for path in commands if path.exists())


def answers(output: Path, folder: Path) -> dict[str, str]:
    """The order id of each reference, as the reconciled workbook answers it row by row."""
    sheet = load_workbook(folder / output)["Orders"]
    head, *rows = sheet.iter_rows(values_only=True)
    found = [dict(zip(map(str, head), row, strict=True)) for row in rows]
    assert len(found) == ORDERS * ROWS_PER_ORDER
    assert {row["Result"] for row in found} == {"Ordered"}
    told = {(str(row["externalReferenceId"]), str(row["Order ID"])) for row in found}
    assert len(told) == ORDERS, "all rows of an order have the same answer"
    return dict(told)
