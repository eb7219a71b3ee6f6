"""Ten-row workbooks dropped into a running watch while a large one is being placed."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.bench.books import Wanted, customers_of, make_wanted
from tests.bench.market import Market, Pace, market
from tests.bench.runs import Bed, order_ids, wrong_books
from tests.soak.watcher import Watcher

SMALL: Final = Wanted(orders=5, rows_per_order=2)
_LATENCY: Final = 0.25
_GIVES_UP_AFTER: Final = 120.0
_UNDER_WAY: Final = 100
"""Calls after which the large workbook counts as being placed."""


@dataclass(frozen=True, slots=True)
class Shared:
    """Seconds from each drop to its answers, infinite if there were none in two minutes.

    `placed_of_large` is how far the large workbook was after the last of them; `pace` is that of
    all calls until then.
    """

    large: int
    placed_of_large: int
    seconds: tuple[float, ...]
    wrong: tuple[str, ...]
    pace: Pace

    @property
    def worst(self) -> float:
        """The longest that a small workbook waited."""
        return max(self.seconds)

    @property
    def is_telling(self) -> bool:
        """Whether the large workbook was still being placed when the last one was answered."""
        return self.placed_of_large < self.large


def customers_for(orders: int, drops: int) -> int:
    """How many customers a run needs whose large workbook has so many orders."""
    return customers_of(orders) + drops * customers_of(SMALL.orders)


def run_fair_share(on: Bed, orders: int, drops: int) -> Shared:
    """Drop a large workbook, then small ones, each when the one before was answered.

    The watch is ended then, with the large workbook half placed.
    """
    place = on.place()
    (place / "inbox").mkdir()
    large = Wanted(orders, "LARGE")
    small = [
        Wanted(SMALL.orders, f"SMALL{n}", customers_of(orders) + n, SMALL.rows_per_order)
        for n in range(drops)
    ]
    paths = {one.name: make_wanted(place / f"{one.name}.xlsx", one) for one in (large, *small)}
    with market(on.seeded, place / "market", _LATENCY) as there:
        watcher = Watcher(place, place / "inbox", on.settings(place, there))
        watcher.start()
        try:
            watcher.wait_until_ready(place / "state")
            _drop(paths["LARGE"])
            _wait_until_under_way(there)
            seconds = tuple(_answered_after(paths[one.name]) for one in small)
        finally:
            watcher.kill()
        placed, pace = there.placed(), there.pace()
    of_large = [one for one in placed if one[1].startswith("LARGE")]
    answers = [_answers_to(paths[one.name]) for one in small]
    answered = [order_ids(path) for path in answers if path.exists()]
    of_small = [one for one in placed if one[1].startswith("SMALL")]
    wrong = wrong_books(small, of_small, answered)
    if len({reference for _, reference, _ in of_large}) < len(of_large):
        wrong.append("orders of the large workbook placed more than once")
    return Shared(orders, len(of_large), seconds, tuple(wrong), pace)


def _drop(path: Path) -> None:
    path.rename(path.parent / "inbox" / path.name)


def _answers_to(path: Path) -> Path:
    return path.parent / "output" / f"{path.stem}.reconciled.xlsx"


def _wait_until_under_way(there: Market) -> None:
    ends = time.monotonic() + _GIVES_UP_AFTER
    while there.pace().calls < _UNDER_WAY:
        if time.monotonic() > ends:
            raise TimeoutError("The large workbook is not placed.")
        time.sleep(0.2)


def _answered_after(path: Path) -> float:
    began = time.monotonic()
    _drop(path)
    while not _answers_to(path).exists():
        if time.monotonic() - began > _GIVES_UP_AFTER:
            return math.inf
        time.sleep(0.02)
    return time.monotonic() - began
