"""Two accounts at the same time: each has the budget of its key, neither waits for the other."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import httpx
import pytest

from tests.bench.books import customers_of, make_book
from tests.bench.commands import Command, side_by_side
from tests.bench.market import Market, market, seeded_book
from tests.torture.prefect_api import prefect_server

ORDERS: Final = 60
BUDGET: Final = 20
"""Calls in five seconds: few enough that both are at it for a while."""
NAMES: Final = ("north", "south")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Market]:
    seeded = seeded_book(tmp_path / "book.sqlite", customers_of(len(NAMES) * ORDERS))
    with market(seeded, tmp_path / "market", 0.1) as opened:
        for name in NAMES:
            client = {"clientId": f"{name}-key", "clientSecret": f"{name}-secret"}
            httpx.post(f"{opened.url}/control/seed-client", json=client).raise_for_status()
        yield opened


def test_each_has_the_budget_of_its_key(server: Market, tmp_path: Path) -> None:
    commands = []
    with prefect_server(tmp_path / "prefect") as prefect:
        for number, name in enumerate(NAMES):
            first = number * customers_of(ORDERS)
            workbook = make_book(tmp_path / f"{name}.xlsx", ORDERS, name=name, first_customer=first)
            settings = {
                **server.settings(),
                **prefect,
                "ORDERDROP_STATE_DIR": str(tmp_path / "state"),
                "ORDERDROP_CLIENT_ID": f"{name}-key",
                "ORDERDROP_CLIENT_SECRET": f"{name}-secret",
                "ORDERDROP_CALLS_PER_5S": str(BUDGET),
                "ORDERDROP_PATIENCE": "0.05",
            }
            out = ("--out", str(tmp_path / f"{name}.out.xlsx"), "--account", name)
            commands.append(Command(workbook, settings, *out))
        ran = side_by_side(commands)
    assert [(one.exit_code, one.said["orders"]["done"]) for one in ran] == [(0, ORDERS)] * 2
    for name in NAMES:
        assert server.pace(f"{name}-key").most_in_window <= BUDGET
    times = [at for at, _ in server.call_times()]
    assert most_in(timedelta(seconds=5), times) > 1.5 * BUDGET, "together more than one key may"


def most_in(window: timedelta, times: list[datetime]) -> int:
    """The most calls that came within any window."""
    return max(sum(begins <= at < begins + window for at in times) for begins in times)
