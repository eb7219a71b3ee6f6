"""The embedded marketplace as the benchmark uses it: throttling on, a book of many customers.

A book is seeded once and copied for each run, so that every run meets the same marketplace.
"""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import httpx
from httpx_aiohttp import HttpxAiohttpClient

from flows.companion import free_port
from tests.torture.processes import ROOT, clean_environment

FINISH_AFTER: Final = 2.0
"""Seconds from an order's acceptance to its end."""

KEY: Final = "practice"
SECRET: Final = "practice-secret"
PRODUCT: Final = "65310542CA"
_LICENCES: Final = 50_000
"""So many that the price level holds whatever is ordered."""

_SEEDED_AT_ONCE: Final = 16


def customer_ids(count: int) -> list[str]:
    """The customers of a seeded book."""
    return [f"P10{number:08d}" for number in range(count)]


@dataclass(frozen=True, slots=True)
class Pace:
    """What the marketplace counted of one key's calls."""

    calls: int
    most_in_window: int
    delayed: int
    refused: int


@dataclass(frozen=True, slots=True)
class Sent:
    """The sending phase as the marketplace saw it: from the first order's call to the last one's.

    `calls` are all that came within it, of whatever kind.
    """

    orders: int
    calls: int
    seconds: float

    @property
    def share(self) -> float:
        """Of the budget, 200 calls a second."""
        return self.calls / self.seconds / 200


@dataclass(frozen=True, slots=True)
class Market:
    """One that runs; `book` is its file."""

    url: str
    book: Path
    pid: int

    def settings(self) -> dict[str, str]:
        """What leads a command to it."""
        return {
            "ORDERDROP_ENVIRONMENT": "sandbox",
            "ORDERDROP_MARKETPLACE_URL": self.url,
            "ORDERDROP_CLIENT_ID": KEY,
            "ORDERDROP_CLIENT_SECRET": SECRET,
            "ORDERDROP_APPROVE_ABOVE": "none",
            "ORDERDROP_MAX_ORDERS": "1000000",
        }

    def pace(self, key: str = KEY) -> Pace:
        """What it has counted so far."""
        counted = _ask("GET", f"{self.url}/control/pace")["keys"].get(key)
        if counted is None:
            return Pace(0, 0, 0, 0)
        return Pace(
            counted["calls"], counted["mostInWindow"], counted["delayed"], counted["refused"]
        )

    def set_latency(self, seconds: float) -> None:
        """Every call takes so long from now on."""
        _ask("PUT", f"{self.url}/control/latency", {"seconds": seconds})

    def sent(self) -> Sent:
        """The sending phase, from the journal."""
        return sending(self.call_times())

    def call_times(self) -> list[tuple[datetime, bool]]:
        """When each call came, and whether it placed an order; sign-ins are none."""
        with sqlite3.connect(f"file:{self.book}?mode=ro", uri=True) as journal:
            rows = journal.execute(
                "SELECT server_time, method = 'POST' AND query NOT LIKE '%fetch-price%' "
                "FROM calls WHERE path NOT LIKE '/ims/%' ORDER BY server_time"
            )
            return [(datetime.fromisoformat(at), bool(is_order)) for at, is_order in rows]

    def placed(self) -> list[tuple[str, str, str]]:
        """(customer, reference, order id) of every order of the customers that were seeded."""
        with sqlite3.connect(f"file:{self.book}?mode=ro", uri=True) as book:
            return book.execute(
                "SELECT body ->> 'customer_id', body ->> 'external_reference_id', order_id "
                "FROM orders WHERE body ->> 'customer_id' LIKE 'P1000%' "
                "ORDER BY body ->> 'sequence'"
            ).fetchall()


def sending(times: Sequence[tuple[datetime, bool]]) -> Sent:
    """The sending phase of calls in the order of their time."""
    orders = [at for at, is_order in times if is_order]
    first, last = orders[0], orders[-1]
    within = [at for at, _ in times if first <= at <= last]
    return Sent(len(orders), len(within), (last - first).total_seconds())


def seeded_book(path: Path, customers: int) -> Path:
    """A book with so many customers, made by a marketplace that has ended."""
    with _serving(path, "--no-throttle") as (url, _):
        asyncio.run(_seed(url, customer_ids(customers)))
    return path


async def _seed(url: str, customers: list[str]) -> None:
    day = (datetime.now(UTC).date() + timedelta(days=200)).isoformat()
    places = asyncio.Semaphore(_SEEDED_AT_ONCE)

    async def one(client: httpx.AsyncClient, customer_id: str) -> None:
        licence = {"product": PRODUCT, "quantity": _LICENCES, "currencyCode": "USD"}
        body = {"customerId": customer_id, "cotermDate": day, "licences": [licence]}
        async with places:
            answer = await client.post(f"{url}/control/seed-customer", json=body)
            answer.raise_for_status()

    # httpx's own transport would take four times as long for thousands of them.
    async with HttpxAiohttpClient(timeout=60) as client:
        await asyncio.gather(*(one(client, customer_id) for customer_id in customers))


@contextmanager
def market(seeded: Path, place: Path, latency: float, *more: str) -> Iterator[Market]:
    """A marketplace over a copy of a seeded book; throttling on, orders finish after 2 s."""
    place.mkdir(parents=True, exist_ok=True)
    book = place / "marketplace.sqlite"
    shutil.copyfile(seeded, book)
    options = ("--latency", str(latency), "--finish-after", str(FINISH_AFTER), *more)
    with _serving(book, *options) as (url, pid):
        yield Market(url, book, pid)


@contextmanager
def _serving(book: Path, *options: str) -> Iterator[tuple[str, int]]:
    port = free_port()
    command = [sys.executable, "-m", "flows.sandbox", "--port", str(port), "--state", str(book)]
    process = subprocess.Popen(
        [*command, *options], cwd=ROOT, env=clean_environment(), stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        assert line, "the embedded marketplace does not start"
        yield line.split()[-1], process.pid
    finally:
        process.terminate()
        process.wait(60)
        process.stdout.close()


def _ask(method: str, url: str, body: object = None) -> Any:
    answer = httpx.request(method, url, json=body, timeout=120)
    answer.raise_for_status()
    return answer.json()
