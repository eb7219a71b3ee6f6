"""`python -m tests.bench.ceiling`: how near the sending of orders comes to the vendor's ceiling."""

from __future__ import annotations

import argparse
import tempfile
import threading
import time
from pathlib import Path

from tests.bench.books import customers_of, make_book
from tests.bench.commands import Command, Ran, side_by_side
from tests.bench.market import Market, market, seeded_book
from tests.torture.prefect_api import prefect_server


def main() -> None:
    """One run, as asked for on the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.ceiling", description=__doc__)
    parser.add_argument("--orders", type=int, default=25_000)
    parser.add_argument("--latency", type=float, default=0.25)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--raise-to", type=float)
    parser.add_argument("--raise-after", type=float, default=20)
    parser.add_argument("--ledger")
    parser.add_argument("--keep", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="orderdrop-ceiling-") as name:
        folder = options.keep or Path(name)
        folder.mkdir(exist_ok=True)
        each = options.orders // options.processes
        seeded = seeded_book(folder / "seeded.sqlite", options.processes * customers_of(each))
        with (
            prefect_server(folder / "prefect") as prefect,
            market(seeded, folder / "market", options.latency) as there,
        ):
            settings = {
                **there.settings(),
                **prefect,
                "ORDERDROP_STATE_DIR": str(folder / "state"),
                "ORDERDROP_OUTPUT": str(folder / "output"),
            }
            if options.ledger:
                settings["ORDERDROP_LEDGER_URL"] = options.ledger
            books = [
                make_book(
                    folder / f"orders-{n}.xlsx",
                    each,
                    name=f"P{n}",
                    first_customer=n * customers_of(each),
                )
                for n in range(options.processes)
            ]
            if options.raise_to:
                threading.Thread(target=_raise, args=(there, options), daemon=True).start()
            ran = side_by_side([Command(book, settings) for book in books])
            show(there, ran, each)


def _raise(there: Market, options: argparse.Namespace) -> None:
    while there.pace().calls < 100:
        time.sleep(0.2)
    time.sleep(options.raise_after)
    there.set_latency(options.raise_to)
    print(f"latency is {options.raise_to} s from {time.time():.1f}")


def show(there: Market, ran: list[Ran], each: int) -> None:
    """What it came to."""
    sent, pace = there.sent(), there.pace()
    print(
        f"sent {sent.orders} orders, {sent.calls} calls in {sent.seconds:.1f} s: "
        f"{sent.share:.1%} of the budget"
    )
    print(f"most in a window {pace.most_in_window}, delayed {pace.delayed}, refused {pace.refused}")
    for one in ran:
        calls = one.said["calls"]
        print(
            f"exit {one.exit_code}; {one.seconds:.1f} s (allowed "
            f"{1.1 * calls / 200 + 20:.1f}), {calls / each:.3f} calls an order, "
            f"CPU {1000 * one.processor / each:.2f} ms an order, {one.megabytes} MB; "
            f"{one.said['orders']}"
        )
    times = there.call_times()
    if times:
        begin, counts = times[0][0], {}
        for at, _ in times:
            bucket = int((at - begin).total_seconds() // 5)
            counts[bucket] = counts.get(bucket, 0) + 1
        print("calls in each 5 s:", [counts.get(n, 0) for n in range(max(counts) + 1)])


if __name__ == "__main__":
    main()
