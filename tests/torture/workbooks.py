"""Order sheets drawn from a seed, with what must become of each order.

Every workbook has customers of its own (plain, renewing and upgrading ones), whose licences
and past orders the marketplace is told before; some orders are those of earlier workbooks.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from tests.torture.books import Expected, Fate

Cells = dict[str, object]
Seed = tuple[str, dict[str, Any]]
"""A path of the control interface and a body."""

HEADER: Final = (
    "externalReferenceId",
    "customerId",
    "orderType",
    "referenceOrderId",
    "extLineItemNumber",
    "offerId",
    "quantity",
    "currencyCode",
    "subscriptionId",
    "cancellingSubscriptionId",
    "cancellingQuantity",
    "reassignUsers",
    "repeat",
)
_DESIGN: Final = "65310542CA"
_PRO: Final = "65327114CA"
_SOLD: Final = (_DESIGN, "65318877CA", "65316613CA", "65319006CA", _PRO)
_OTHER_PROGRAMME: Final = "65399120CA04A12"
_LICENCES: Final = 50_000
"""So many that price level 04 holds whatever is ordered or given back."""

_REUSED_AFTER: Final = 3
"""Workbooks that lie between an order and its coming again."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A workbook on disk and what is expected of it; `seeds` must be told before."""

    path: Path
    seeds: tuple[Seed, ...]
    expected: tuple[Expected, ...]


@dataclass(frozen=True, slots=True)
class _Drawn:
    """One order as rows, without its place in a sheet."""

    rows: tuple[Cells, ...]
    fate: Fate


class Author:
    """Draws workbooks, one after the other; the same seed draws the same ones."""

    def __init__(
        self,
        seed: int,
        folder: Path,
        orders: tuple[int, int] = (20, 40),
        *,
        only_new: bool = False,
        reuses: bool = True,
    ) -> None:
        """`orders` are the fewest and the most in a workbook; `only_new` draws no other kind.

        `reuses`: some orders are those of earlier workbooks, which must be submitted before.
        """
        self._random = random.Random(seed)  # noqa: S311  # reproducible, not secret
        self._folder = folder
        self._orders = orders
        self._only_new = only_new
        self._reuses = reuses
        self._number = 0
        self._count = 0
        self._seeds: list[Seed] = []
        self._plain: list[str] = []
        self._to_reuse: list[tuple[int, _Drawn]] = []
        folder.mkdir(parents=True, exist_ok=True)

    def next_sheet(self) -> Sheet:
        """Draw a workbook and write it."""
        self._number += 1
        self._count = 0
        self._seeds = []
        self._plain = [self._plain_customer(f"T{self._number:04d}C{n}") for n in range(8)]
        kinds: Sequence[Callable[[], _Drawn]] = self._random.choices(
            (
                self._new,
                self._return,
                self._renewal,
                self._switch,
                self._refused,
                self._held,
                self._reused,
            ),
            weights=(1,) + (0,) * 6
            if self._only_new
            else (70, 6, 3, 3, 4, 4, 10 if self._reuses else 0),
            k=self._random.randint(*self._orders),
        )
        return self._write([draw() for draw in kinds])

    def _write(self, drawn: Sequence[_Drawn]) -> Sheet:
        path = self._folder / f"torture-{self._number:04d}.xlsx"
        book = Workbook()
        sheet = book.active
        assert isinstance(sheet, Worksheet)
        sheet.append(HEADER)
        expected = []
        for order in drawn:
            first = sheet.max_row + 1
            for row in order.rows:
                sheet.append([row.get(column) for column in HEADER])
            numbers = [
                (first + place, int(str(row.get("extLineItemNumber") or place + 1)))
                for place, row in enumerate(order.rows)
            ]
            expected.append(
                Expected(
                    workbook=path.name,
                    customer=str(order.rows[0]["customerId"]),
                    reference=str(order.rows[0]["externalReferenceId"]),
                    fate=order.fate,
                    rows=tuple(numbers),
                )
            )
        book.save(path)
        return Sheet(path, tuple(self._seeds), tuple(expected))

    def _reference(self) -> str:
        self._count += 1
        return f"TO-{self._number:04d}-{self._count:03d}"

    # --- customers ---

    def _plain_customer(self, customer: str) -> str:
        licences = [{"product": _DESIGN, "quantity": _LICENCES, "currencyCode": "USD"}]
        self._seeds.append(("seed-customer", _customer(customer, 200, licences=licences)))
        return customer

    def _own_customer(self, days: int, licences: int) -> tuple[str, str]:
        """A customer with one subscription that is renewed in so many days, and its id."""
        customer = f"T{self._number:04d}X{self._count:03d}"
        subscription = f"{customer}-{_DESIGN}"
        self._seeds += [
            ("seed-customer", _customer(customer, days)),
            (
                "seed-subscription",
                {
                    "subscriptionId": subscription,
                    "customerId": customer,
                    "offerId": f"{_DESIGN}01A12",
                    "currentQuantity": licences,
                    "currencyCode": "USD",
                    "renewalDate": _day(days),
                },
            ),
        ]
        return customer, subscription

    # --- orders ---

    def _new(self) -> _Drawn:
        products = self._random.sample(_SOLD, self._random.randint(1, 4))
        reference, customer = self._reference(), self._random.choice(self._plain)
        rows = tuple(
            _line(reference, customer, product, self._random.randint(1, 9)) for product in products
        )
        drawn = _Drawn(rows, Fate.PLACED)
        if self._random.random() < 0.3:
            self._to_reuse.append((self._number, drawn))
        return drawn

    def _return(self) -> _Drawn:
        """Some lines of an order of the past."""
        reference, customer = self._reference(), self._random.choice(self._plain)
        order_id = f"B{self._number:04d}{self._count:05d}"
        lines = [
            {
                "extLineItemNumber": number,
                "offerId": f"{product}04A12",
                "quantity": self._random.randint(1, 5),
                "currencyCode": "USD",
            }
            for number, product in enumerate(self._random.sample(_SOLD, 3), start=1)
        ]
        past = {"orderId": order_id, "customerId": customer, "lineItems": lines}
        self._seeds.append(("seed-order", past))
        back = self._random.sample(lines, self._random.randint(1, 2))
        rows = tuple(
            _line(
                reference,
                customer,
                str(line["offerId"])[:10],
                line["quantity"],
                orderType="RETURN",
                referenceOrderId=order_id,
                extLineItemNumber=line["extLineItemNumber"],
            )
            for line in back
        )
        return _Drawn(rows, Fate.PLACED)

    def _renewal(self) -> _Drawn:
        """Early, twenty days before its day, by a customer who does nothing else."""
        reference = self._reference()
        customer, subscription = self._own_customer(days=20, licences=200)
        row = _line(
            reference, customer, _DESIGN, 200, orderType="RENEWAL", subscriptionId=subscription
        )
        return _Drawn((row,), Fate.PLACED)

    def _switch(self) -> _Drawn:
        reference = self._reference()
        customer, subscription = self._own_customer(days=200, licences=400)
        row = _line(
            reference,
            customer,
            _PRO,
            5,
            orderType="SWITCH",
            cancellingSubscriptionId=subscription,
            cancellingQuantity=5,
            reassignUsers="yes",
        )
        return _Drawn((row,), Fate.PLACED)

    def _refused(self) -> _Drawn:
        """A product of a programme that is not in the contract."""
        reference, customer = self._reference(), self._random.choice(self._plain)
        row = _line(reference, customer, _DESIGN, 3, offerId=_OTHER_PROGRAMME)
        return _Drawn((row,), Fate.REFUSED)

    def _held(self) -> _Drawn:
        reference, customer = self._reference(), self._random.choice(self._plain)
        good, bad = _line(reference, customer, _DESIGN, 3), _line(reference, customer, _PRO, 0)
        return _Drawn((good, bad), Fate.HELD)

    def _reused(self) -> _Drawn:
        """An order of an earlier workbook: as it was, with `repeat`, or with a change."""
        ripe = [one for one in self._to_reuse if one[0] + _REUSED_AFTER <= self._number]
        if not ripe:
            return self._new()
        before = self._random.choice(ripe)
        self._to_reuse.remove(before)
        rows = before[1].rows
        fate = self._random.choice((Fate.BEFORE, Fate.AGAIN, Fate.HELD))
        if fate is Fate.AGAIN:
            rows = tuple(row | {"repeat": "yes"} for row in rows)
        elif fate is Fate.HELD:
            rows = (rows[0] | {"quantity": 11}, *rows[1:])
        return _Drawn(rows, fate)


def _line(reference: str, customer: str, product: str, quantity: object, **more: object) -> Cells:
    return {
        "externalReferenceId": reference,
        "customerId": customer,
        "orderType": "NEW",
        "offerId": f"{product}04A12",
        "quantity": quantity,
        "currencyCode": "USD",
        **more,
    }


def _customer(customer: str, days: int, **more: object) -> dict[str, Any]:
    return {
        "customerId": customer,
        "companyName": f"Company {customer}",
        "cotermDate": _day(days),
        **more,
    }


def _day(days: int) -> str:
    today: date = datetime.now(UTC).date()
    return (today + timedelta(days=days)).isoformat()
