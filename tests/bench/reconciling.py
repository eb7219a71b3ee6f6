"""`python -m tests.bench.reconciling`: what giving the workbook back costs.

Processor seconds of making the reconciled workbook, all sheets, of the same sheet that
`tests.bench.reading` reads (texts shared, as Excel writes them), beside openpyxl's load, the same
columns written beside the rows, and save; and beside its load and save alone. Every 20th order is
held with a fault, every 50th refused, the rest ordered. Each in a process of its own with its peak
memory; ratios are to the same minute.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from io import BytesIO
from pathlib import Path

from openpyxl import load_workbook

from flows.workbook.read import read_content
from flows.workbook.reconcile import reconcile
from schemas.columns import RESULT_COLUMNS
from schemas.faults import Fault
from schemas.outcomes import OrderOutcome, RowAnswer, State, WorkbookSummary
from schemas.sheet_layout import SheetLayout
from tests.bench.apart import machine, report, run_apart
from tests.bench.reading import workbook

MODULE = "tests.bench.reconciling"
SMALL = os.environ.get("SIZE") == "small"
ROWS = 5_000 if SMALL else 100_000
MOST_ROWS = 1_048_575
ROUNDS = 1 if SMALL else 3
NOW = datetime(2026, 11, 25, 9, 30, tzinfo=UTC)


def answer(row: int) -> RowAnswer:
    """What came of an order row, four rows to an order."""
    order = (row - 2) // 4
    if order % 20 == 19:
        return RowAnswer(
            row,
            State.HELD,
            "Held",
            error_code="QUANTITY",
            what_happened="The quantity is not a whole number.",
            what_to_do="Write how many licences are wanted, as a whole number.",
        )
    if order % 50 == 49:
        return RowAnswer(
            row,
            State.REFUSED,
            "Refused by Adobe",
            error_code="2121",
            what_happened="Adobe does not know one of the offers.",
            what_to_do="Check the offer IDs of this order.",
            answered_at=NOW,
        )
    return RowAnswer(
        row,
        State.DONE,
        "Ordered",
        order_id=f"{5000000000 + order}",
        order_status="1000",
        line_status="1000",
        line_subscription_id=f"{row:032x}NA",
        offer_sold="65310542CA02A12",
        line_price=Decimal("338.28"),
        order_total=Decimal("1353.12"),
        price_currency="USD",
        what_happened="Adobe placed the order.",
        answered_at=NOW,
    )


def fault(row: int) -> Fault:
    """The fault of a row that is held."""
    message, hint = "The quantity is not a whole number.", "Write how many are wanted."
    return Fault("Orders", row, "quantity", "quantity", f"E{row}", "x", "QUANTITY", message, hint)


def by_us(content: bytes, layout: SheetLayout, answers: Sequence[RowAnswer]) -> bytes:
    """The reconciled workbook."""
    faults = [fault(a.row) for a in answers if a.state is State.HELD]
    orders = Counter(a.state for a in answers[::4])
    summary = WorkbookSummary(
        workbook="bench.xlsx",
        sheet=layout.sheet,
        environment="sandbox",
        account="main",
        started_at=NOW,
        finished_at=NOW,
        timezone="Europe/Berlin",
        rows=Counter(a.state for a in answers),
        orders=orders,
        placed_totals={"USD": Decimal("1353.12") * orders[State.DONE]},
    )
    return reconcile(content, layout, answers, faults, summary, [outcome(a) for a in answers[::4]])


def outcome(first: RowAnswer) -> OrderOutcome:
    """What became of the order whose first row's answer this is."""
    return OrderOutcome(
        reference=f"PO-{(first.row - 2) // 4}",
        customer_id="P1005053401",
        order_type="NEW",
        rows=tuple(range(first.row, first.row + 4)),
        state=first.state,
        result=first.result,
        order_id=first.order_id,
        order_status=first.order_status,
        order_total=first.order_total,
        price_currency=first.price_currency,
        what_happened=first.what_happened,
        answered_at=first.answered_at,
    )


def by_openpyxl(content: bytes, layout: SheetLayout, answers: Sequence[RowAnswer]) -> bytes:
    """Load, the same thirteen columns beside the rows, save; no colours, notes or sheets."""
    book = load_workbook(BytesIO(content))
    sheet = book[layout.sheet]
    first = layout.last_column + 1
    for place, title in enumerate(RESULT_COLUMNS, start=first):
        sheet.cell(layout.header_row, place, title)
    for found in answers:
        values = (
            found.result,
            found.order_id,
            found.order_status,
            found.line_status,
            found.line_subscription_id,
            found.offer_sold,
            found.line_price,
            found.order_total,
            found.price_currency,
            found.error_code,
            found.what_happened,
            found.what_to_do,
            found.answered_at.replace(tzinfo=None) if found.answered_at else None,
        )
        for place, value in enumerate(values, start=first):
            if value not in {None, ""}:
                sheet.cell(found.row, place, value)
    return _saved(book)


def by_loading(content: bytes, _layout: SheetLayout, _answers: Sequence[RowAnswer]) -> bytes:
    """Load and save, nothing written."""
    return _saved(load_workbook(BytesIO(content)))


def _saved(book: object) -> bytes:
    out = BytesIO()
    book.save(out)  # type: ignore[attr-defined]
    return out.getvalue()


WAYS = {"openpyxl": by_openpyxl, "bare": by_loading, "orderdrop": by_us}
TITLES = {
    "openpyxl": "openpyxl: load, same columns, save",
    "bare": "openpyxl: load and save alone",
    "orderdrop": "Orderdrop: reconciled, all sheets",
}


def once(way: str, path: Path) -> None:
    """Run one way in this process; reading and making the answers are not counted."""
    content = path.read_bytes()
    read = read_content(content, "bench.xlsx")
    rows, layout = len(read.frame), read.layout
    del read
    answers = [answer(row) for row in range(2, rows + 2)]
    before = time.process_time()
    made = WAYS[way](content, layout, answers)
    processor = time.process_time() - before
    assert len(made) > len(content) // 2
    report(rows, processor)


def main() -> None:
    """Measure and print."""
    print(f"{machine()}; 14 columns and ours; ratio: openpyxl's time to ours")
    print(f"{'':52}{'CPU s':>9}{'ratio':>8}{'MB':>8}")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bench.xlsx"
        path.write_bytes(workbook(ROWS, shared=True))
        print(f"{ROWS:,} rows")
        ours = run_apart(MODULE, "orderdrop", path, ROWS, ROUNDS)
        for way in WAYS:
            rounds = 1 if way != "orderdrop" else ROUNDS
            found = ours if way == "orderdrop" else run_apart(MODULE, way, path, ROWS, rounds)
            ratio = found.processor / ours.processor
            print(f"  {TITLES[way]:50}{found.processor:9.2f}{ratio:8.2f}{found.megabytes:8}")
        if SMALL:
            return
        path.write_bytes(workbook(MOST_ROWS, shared=True))
        whole = run_apart(MODULE, "orderdrop", path, MOST_ROWS, 1)
        print(f"{MOST_ROWS:,} rows; ratio: time a row to that of {ROWS:,}")
        ratio = whole.processor / MOST_ROWS / (ours.processor / ROWS)
        print(f"  {TITLES['orderdrop']:50}{whole.processor:9.2f}{ratio:8.2f}{whole.megabytes:8}")


if __name__ == "__main__":
    if len(sys.argv) == 3:
        once(sys.argv[1], Path(sys.argv[2]))
    else:
        main()
