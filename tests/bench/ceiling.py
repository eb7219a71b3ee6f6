"""`python -m tests.bench.ceiling`: how near the sending of orders comes to the vendor's ceiling."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.bench.books import customers_of
from tests.bench.runs import Measured, Plan, Raised, bed, run


def main() -> int:
    """One run, as asked for on the command line; 1 if an order came out wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.ceiling", description=__doc__)
    parser.add_argument("--orders", type=int, default=25_000)
    parser.add_argument("--latency", type=float, default=0.25)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--price-first", action="store_true")
    parser.add_argument("--raise-to", type=float)
    parser.add_argument("--raise-after", type=float, default=20)
    parser.add_argument("--ledger")
    parser.add_argument("--keep", type=Path)
    options = parser.parse_args()
    plan = Plan(
        options.orders,
        options.latency,
        options.processes,
        options.price_first,
        Raised(options.raise_to, options.raise_after) if options.raise_to else None,
    )
    more = {"ORDERDROP_LEDGER_URL": options.ledger} if options.ledger else {}
    with tempfile.TemporaryDirectory(prefix="orderdrop-ceiling-") as name:
        folder = options.keep or Path(name)
        folder.mkdir(exist_ok=True)
        with bed(folder, plan.processes * customers_of(plan.each), **more) as there:
            measured = run(there, plan)
    show(measured)
    return 1 if measured.wrong else 0


def show(measured: Measured) -> None:
    """What it came to."""
    sent, pace = measured.sent, measured.pace
    print(
        f"sent {sent.orders} orders, {sent.calls} calls in {sent.seconds:.1f} s: "
        f"{sent.share:.1%} of the budget"
    )
    print(f"most in a window {pace.most_in_window}, delayed {pace.delayed}, refused {pace.refused}")
    print(
        f"{measured.seconds:.1f} s (allowed {measured.allowed_seconds:.1f}), "
        f"{measured.calls_per_order:.3f} calls an order, CPU {measured.processor_ms:.2f} ms an "
        f"order, {measured.megabytes} MB"
    )
    print("calls in each second:", *measured.per_second)
    if measured.raised_at is not None:
        print(f"raised at second {measured.raised_at:.1f}, back after {measured.back_after} s")
    print("wrong:", *(measured.wrong or ("nothing",)))


if __name__ == "__main__":
    sys.exit(main())
