"""Reads the three books into the plain values that are compared."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from openpyxl import load_workbook

from flows.ledger import Ledger
from tests.torture.books import Answered, Called, Noted, Placed, Rows
from tests.torture.market import Market

ENVIRONMENT: Final = "sandbox"
"""What a run counts as that is given an address and no environment."""

OURS: Final = "TO-"
"""What the references of a torture begin with, unlike those of seeded orders."""

_ANSWERS: Final = (
    "Result",
    "Order ID",
    "Order status",
    "Line status",
    "Line subscription ID",
)


def placed(orders: Iterable[Mapping[str, Any]]) -> list[Placed]:
    """Our orders of the marketplace's book."""
    return [
        Placed(
            order_id=order["orderId"],
            customer=order["customerId"],
            reference=order["externalReferenceId"],
            status=order["status"],
            lines={
                line["extLineItemNumber"]: (line.get("subscriptionId") or "", line["status"])
                for line in order["lineItems"]
            },
        )
        for order in orders
        if (order.get("externalReferenceId") or "").startswith(OURS)
    ]


def noted(ledger: Ledger, account: str = "default") -> list[Noted]:
    """Every intent of the ledger."""
    return [
        Noted(
            customer=intent.customer_id,
            reference=intent.reference,
            state=str(intent.state),
            order_id=intent.order_id,
            correlation_id=intent.correlation_id,
            doubt=intent.doubt,
            sends=intent.sends,
        )
        for intent in ledger.find(account, ENVIRONMENT)
    ]


def order_calls(calls: Iterable[Mapping[str, Any]]) -> list[Called]:
    """The calls of the journal that were to place an order."""
    return [
        Called(
            correlation_id=call["correlationId"] or "",
            status=call["status"],
            code=_code(call["answerBody"]),
            executed=call["executed"],
        )
        for call in calls
        if call["method"] == "POST" and call["path"].endswith("/orders")
    ]


class Journal:
    """The order calls of the marketplace's journal, read on from where it was left."""

    def __init__(self, market: Market) -> None:
        self._market = market
        self._last = 0
        self._calls: list[Called] = []

    def read(self) -> Sequence[Called]:
        """Every order call so far."""
        news = self._market.calls(after=self._last)
        self._last = max((call["number"] for call in news), default=self._last)
        self._calls += order_calls(news)
        return self._calls


def _code(body: str | None) -> str:
    try:
        parsed = json.loads(body or "")
    except ValueError:
        return ""
    return str(parsed.get("code", "")) if isinstance(parsed, dict) else ""


def rows(folder: Path, workbooks: Iterable[str]) -> Rows:
    """The answers in the reconciled workbooks of these sources."""
    found: dict[tuple[str, int], Answered] = {}
    for name in workbooks:
        path = folder / f"{Path(name).stem}.reconciled.xlsx"
        if not path.exists():
            continue
        sheet = load_workbook(path, read_only=True)["Sheet"]
        table = sheet.iter_rows(values_only=True)
        titles = next(table)
        places = [titles.index(title) for title in _ANSWERS]
        for number, cells in enumerate(table, start=2):
            texts = [str(cells[place] or "") for place in places]
            found[name, number] = Answered(*texts)
    return found


def strays(folder: Path) -> list[str]:
    """Reconciled workbooks beside the ones that should be there."""
    return sorted(path.name for path in folder.glob("*).xlsx"))
