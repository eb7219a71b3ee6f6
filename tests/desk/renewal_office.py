"""Renewal books on a desk, against an embedded marketplace whose subscriptions tests set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import openpyxl
from pydantic import SecretStr

from flows.desk import Desk
from flows.renewal_books import read_book
from flows.renewing import NightDesk, NightRun
from flows.settings import Settings

_BEGAN = datetime.now(UTC)
_AHEAD = timedelta(minutes=40)
TODAY = (_BEGAN + _AHEAD).date()
"""The vendor's day in these tests: the same from first to last, also around midnight."""
PRODUCT = "65310542CA01A12"
TITLES = ("customerId", "subscriptionId", "renew", "quantity", "ceilingPrice", "currencyCode")


@dataclass(frozen=True)
class Market:
    """The control interface of an embedded marketplace."""

    url: str
    _client: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=60), repr=False)

    def __post_init__(self) -> None:
        if _BEGAN.date() != TODAY:
            ahead = {"advanceSeconds": _AHEAD.total_seconds()}
            self._client.put(f"{self.url}/control/clock", json=ahead).raise_for_status()

    def customer(self, customer_id: str, **facts: object) -> None:
        """A customer who has ordered before; `cotermDate` and the like in `facts`."""
        self._post("seed-customer", {"customerId": customer_id, **facts})

    def subscription(
        self, subscription_id: str, customer_id: str, days: int, **facts: object
    ) -> None:
        """A subscription of ten licences, `days` before its renewal date, no renewal by itself."""
        body = {
            "subscriptionId": subscription_id,
            "customerId": customer_id,
            "offerId": PRODUCT,
            "currentQuantity": 10,
            "currencyCode": "USD",
            "renewalDate": (TODAY + timedelta(days=days)).isoformat(),
            "autoRenewal": False,
            **facts,
        }
        self._post("seed-subscription", body)

    def renewal_order(self, order_id: str, customer_id: str, subscription_id: str) -> None:
        """An order of today that renewed ten licences and that no subscription shows."""
        line = {
            "extLineItemNumber": 1,
            "offerId": PRODUCT,
            "quantity": 10,
            "currencyCode": "USD",
            "subscriptionId": subscription_id,
        }
        order = {"orderId": order_id, "customerId": customer_id, "orderType": "RENEWAL"}
        self._post("seed-order", {**order, "lineItems": [line]})

    def book(self) -> dict[str, Any]:
        """All that the marketplace knows."""
        found: dict[str, Any] = self._client.get(f"{self.url}/control/book").json()
        return found

    def orders_of(self, subscription_id: str) -> list[dict[str, Any]]:
        """The renewal orders with a line for the subscription, oldest first."""
        return [
            order
            for order in self.book()["orders"]
            if order["orderType"] == "RENEWAL"
            and any(line["subscriptionId"] == subscription_id for line in order["lineItems"])
        ]

    def change(self, subscription_id: str, **facts: object) -> None:
        """Change a subscription by hand."""
        self._post(f"subscriptions/{subscription_id}", facts)

    def renew_by_itself(self) -> None:
        """The vendor's own renewal job, now."""
        self._post("renew", {})

    def break_calls(self, spec: str) -> None:
        """Have order calls go wrong from now on; "" for none."""
        body = {"spec": spec, "seed": 7}
        self._client.put(f"{self.url}/control/faults", json=body).raise_for_status()

    def returned(self, order_id: str) -> None:
        """All lines of an order were given back."""
        self._post(f"orders/{order_id}", {"status": "1008"})

    def finish(self) -> None:
        """Finish every open order."""
        self._post("finish", {})

    def _post(self, path: str, body: Mapping[str, object]) -> None:
        answer = self._client.post(f"{self.url}/control/{path}", json=body)
        assert answer.is_success, answer.text


@dataclass
class RenewalOffice:
    """A folder with a state and an output of its own, and the nights that pass in it."""

    market: Market
    folder: Path
    ledger_url: str | None = None
    kind: str = ""
    night: datetime = field(
        default_factory=lambda: (
            datetime.combine(TODAY, datetime.min.time(), UTC) + timedelta(hours=2)
        )
    )

    def settings(self) -> Settings:
        return Settings(
            environment="sandbox",
            marketplace_url=self.market.url,
            client_id="practice",
            client_secret=SecretStr("practice-secret"),
            state_dir=self.folder / "state",
            ledger_url=self.ledger_url,
            output=self.folder / "output",
            patience=0.001,
        )

    def write_book(self, *rows: tuple[object, ...], name: str = "renewals.xlsx") -> Path:
        """A renewal book with these rows below its header."""
        book = openpyxl.Workbook()
        page = book.active
        assert page is not None
        page.append(TITLES)
        for row in rows:
            page.append([*row, *[None] * (len(TITLES) - len(row))])
        path = self.folder / name
        book.save(path)
        return path

    async def renew(
        self, path: Path, *, nights: int = 0, others: tuple[Path, ...] = (), **options: Any
    ) -> NightRun:
        """One run, `nights` after the office's first; the vendor's day stays today."""
        settings = self.settings()
        books = [read_book(place, settings) for place in (path, *others)]
        async with Desk(settings) as desk:
            now = self.night + timedelta(days=nights)
            night = NightDesk(desk, books[0], books, now=now, **options)
            night.today = TODAY
            if night.is_done:
                return night.not_run()
            await night.read_and_decide()
            await night.price_and_place()
            return night.write()

    async def second_night(self, path: Path, **options: Any) -> NightRun:
        """The dry run of the first night, then the second."""
        await self.renew(path)
        return await self.renew(path, nights=1, **options)


def told_in(path: str, sheet: str = "Renewals") -> dict[str, dict[str, Any]]:
    """The rows of a renewal workbook, by subscription."""
    rows = openpyxl.load_workbook(path)[sheet].iter_rows(values_only=True)
    header = next(rows)
    found = [dict(zip(map(str, header), row, strict=True)) for row in rows]
    return {str(row["Subscription"]): row for row in found}


def day(days: int) -> date:
    """That many days from today."""
    return TODAY + timedelta(days=days)
