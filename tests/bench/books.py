"""Workbooks of the benchmark: orders of four rows, five orders to a customer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from xlsxwriter import Workbook

from tests.bench.market import customer_ids

ROWS_PER_ORDER: Final = 4
ORDERS_PER_CUSTOMER: Final = 5
_HEADER: Final = (
    "externalReferenceId", "customerId", "orderType", "extLineItemNumber", "offerId", "quantity",
    "currencyCode", "Contact", "Cost centre", "Remark",
)  # fmt: skip
_OFFERS: Final = ("65310542CA04A12", "65318877CA04A12", "65316613CA04A12", "65319006CA04A12")


def customers_of(orders: int) -> int:
    """How many customers so many orders are for."""
    return -(-orders // ORDERS_PER_CUSTOMER)


def make_book(path: Path, orders: int, *, name: str = "PO", first_customer: int = 0) -> Path:
    """A workbook of so many orders; `name` begins every reference."""
    with Workbook(str(path), {"constant_memory": True}) as book:
        sheet = book.add_worksheet("Orders")
        sheet.write_row(0, 0, _HEADER)
        for number, row in enumerate(_rows(orders, name, first_customer), 1):
            sheet.write_row(number, 0, row)
    return path


def _rows(orders: int, name: str, first_customer: int) -> Iterator[tuple[str | int, ...]]:
    customers = customer_ids(first_customer + customers_of(orders))[first_customer:]
    for order in range(orders):
        customer = customers[order // ORDERS_PER_CUSTOMER]
        for line in range(ROWS_PER_ORDER):
            yield (
                f"{name}-{order:06d}", customer, "NEW", line + 1, _OFFERS[line], 1 + order % 7,
                "USD", f"person{order % 90}@example.com", f"CC-{order % 40:03d}", "as agreed",
            )  # fmt: skip
