"""`orderdrop preview` as a process: every order priced, none placed."""

from __future__ import annotations

from decimal import Decimal

import openpyxl

from tests.command.conftest import SAMPLES, Bench
from tests.command.test_submit import answered_book, answers_in


def test_every_order_is_priced_and_none_is_placed(bench: Bench) -> None:
    ran = bench.run("preview", SAMPLES / "clean-orders.xlsx", "--json")
    assert ran.code == 0, ran.err
    assert "nothing is ordered" in ran.err
    figures = ran.figures
    assert figures["output"].endswith("clean-orders.priced.xlsx")
    assert {state: n for state, n in figures["orders"].items() if n} == {"previewed": 13}
    rows = answers_in(bench.folder / figures["output"]).values()
    told = [row for row in rows if row.get("Result")]
    assert len(told) == 26
    for row in told:
        assert row["Result"] == "Practice: Priced"
        assert row["Order ID"] is None
        assert Decimal(str(row["Line price"])) > 0
        assert row["What to do"] == (
            "To order it at no more than this, write yes in the column approve on all its rows and "
            "drop this workbook again."
        )
    by_reference: dict[str, list[Decimal]] = {}
    totals: dict[str, Decimal] = {}
    for row in told:
        reference = str(row["PO number"])
        by_reference.setdefault(reference, []).append(Decimal(str(row["Line price"])))
        totals[reference] = Decimal(str(row["Order total"]))
    assert {reference: sum(lines) for reference, lines in by_reference.items()} == totals
    with answered_book(bench) as book:
        assert not [
            order
            for order in book.orders()
            if str(order.get("externalReferenceId", "")).startswith("PO-")
        ]


def test_a_priced_workbook_is_submitted_once_approved_and_told_afterwards(bench: Bench) -> None:
    priced = bench.run("preview", SAMPLES / "clean-orders.xlsx", "--json").figures
    path = bench.folder / priced["output"]
    unread = bench.run("submit", path, "--json").figures["orders"]
    assert (unread["done"], unread["needs_approval"]) == (0, 13)
    book = openpyxl.load_workbook(path)
    sheet = book.worksheets[0]
    (header,) = (cell for row in sheet for cell in row if cell.value == "approve")
    for row in range(header.row + 1, sheet.max_row + 1):
        sheet.cell(row, header.column, "yes")
    book.save(path)
    ran = bench.run("submit", path, "--json")
    assert ran.figures["orders"]["done"] == 13
    assert ran.figures["output"].endswith("clean-orders.reconciled.xlsx")
    again = bench.run("preview", SAMPLES / "clean-orders.xlsx", "--json")
    assert {state: n for state, n in again.figures["orders"].items() if n} == {"placed_before": 13}
    assert again.code == 4
