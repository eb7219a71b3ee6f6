"""Workbooks of the benchmark: orders of four rows, five orders to a customer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a workbook asks for: so many orders, from a customer on.

    `name` begins every reference.
    """

    orders: int
    name: str = "PO"
    first_customer: int = 0
    rows_per_order: int = ROWS_PER_ORDER

    def references(self) -> dict[str, str]:
        """The customer of every reference."""
        last = self.first_customer + customers_of(self.orders)
        customers = customer_ids(last)[self.first_customer :]
        return {
            f"{self.name}-{order:06d}": customers[order // ORDERS_PER_CUSTOMER]
            for order in range(self.orders)
        }


def make_book(path: Path, orders: int, *, name: str = "PO", first_customer: int = 0) -> Path:
    """A workbook of so many orders; `name` begins every reference."""
    return make_wanted(path, Wanted(orders, name, first_customer))


def make_wanted(path: Path, wanted: Wanted) -> Path:
    """A workbook that asks for this."""
    with Workbook(str(path), {"constant_memory": True}) as book:
        sheet = book.add_worksheet("Orders")
        sheet.write_row(0, 0, _HEADER)
        for number, row in enumerate(_rows(wanted), 1):
            sheet.write_row(number, 0, row)
    return path


def _rows(wanted: Wanted) -> Iterator[tuple[str | int, ...]]:
    for order, (reference, customer) in enumerate(wanted.references().items()):
        for line in range(wanted.rows_per_order):
            yield (
                reference, customer, "NEW", line + 1, _OFFERS[line], 1 + order % 7,
                "USD", f"person{order % 90}@example.com", f"CC-{order % 40:03d}", "as agreed",
            )  # fmt: skip
