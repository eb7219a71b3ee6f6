"""The marketplace's status and error codes, as data.

Both tables come from the vendor's reference and live as CSV beside this module
(`tables/status-codes.csv`, `tables/error-codes.csv`); nothing else in the project
lists codes.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

Cause = Literal["sheet", "customer", "config", "vendor", "transient"]
"""Who can mend it: the sheet's author, the customer, the operator, the vendor, or time."""

Retryable = Literal["no", "same-correlation-id", "new-correlation-id", "after-wait"]
"""What a person may expect; what the program does is the intent's life (ordering)."""

Resource = Literal[
    "Order",
    "OrderLine",
    "PreviewRenewalLine",
    "Subscription",
    "Customer",
    "Reseller",
    "Transfer",
    "Deployment",
]


@dataclass(frozen=True, slots=True)
class ErrorCode:
    """One row of `error-codes.csv`.

    `code` may carry a reason behind a slash (`2129/INELIGIBLE_ADD_ON`); `http_statuses`
    is empty where no answer came (`NET/…`).
    """

    code: str
    http_statuses: tuple[int, ...]
    applies_to: str
    meaning: str
    cause: Cause
    retryable: Retryable
    hint: str


@dataclass(frozen=True, slots=True)
class StatusCode:
    """One row of `status-codes.csv`: what a four-digit status means on one kind of resource."""

    code: str
    resource: Resource
    meaning: str
    terminal: bool
    success: bool


def _rows(name: str) -> Iterator[dict[str, str]]:
    text = files("schemas").joinpath("tables", name).read_text(encoding="utf-8")
    yield from csv.DictReader(text.splitlines())


@cache
def error_codes() -> Mapping[str, ErrorCode]:
    """All error codes by code."""
    return {
        row["code"]: ErrorCode(
            code=row["code"],
            http_statuses=tuple(int(s) for s in row["http_status"].split("|") if s),
            applies_to=row["applies_to"],
            meaning=row["meaning"],
            cause=row["cause"],  # type: ignore[arg-type]  # the table's test checks the words
            retryable=row["retryable"],  # type: ignore[arg-type]
            hint=row["hint"],
        )
        for row in _rows("error-codes.csv")
    }


@cache
def status_codes() -> Mapping[tuple[Resource, str], StatusCode]:
    """All status codes by resource and code, for example `("Order", "1002")`."""
    table: dict[tuple[Resource, str], StatusCode] = {}
    for row in _rows("status-codes.csv"):
        status = StatusCode(
            code=row["code"],
            resource=row["resource"],  # type: ignore[arg-type]  # checked by the table's test
            meaning=row["meaning"],
            terminal=row["terminal"] == "yes",
            success=row["success"] == "yes",
        )
        table[status.resource, status.code] = status
    return table


@cache
def final_order_statuses() -> frozenset[str]:
    """The statuses that are an order's end."""
    return frozenset(
        code
        for (kind, code), status in status_codes().items()
        if kind == "Order" and status.terminal
    )


def explain(code: str, reason: str | None = None) -> ErrorCode | None:
    """The row for `code`, preferring the one for its `reason`; None for a code not listed."""
    table = error_codes()
    return (table.get(f"{code}/{reason}") if reason else None) or table.get(code)
