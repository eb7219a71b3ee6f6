"""Runs that are not alone: a storm of faults over many orders, and processes side by side."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Final

from tests.torture.inquest import Case, Reasons, Verdict, inquest
from tests.torture.market import Market
from tests.torture.terms import Terms, mix
from tests.torture.workbooks import Author, Sheet
from tests.torture.worker import ENDED, KILLED, STOPPED, Life, Nursery

_RUNS_OF_A_SHEET: Final = 400
_RUN_WITHIN: Final = 300.0


@dataclass(frozen=True, slots=True)
class Crowd:
    """How many orders, in workbooks of which size, by how many processes at once.

    `faults` is a specification of the marketplace's; `killed` is the share of runs that are
    killed at a random instant. `ledger` is a database's address, "" for SQLite.
    """

    seed: int
    orders: int
    in_a_workbook: int
    processes: int
    faults: str
    killed: float = 0.0
    ledger: str = ""


def storm(seed: int, orders: int) -> Crowd:
    """One process, no kills, three per cent of every kind of fault."""
    return Crowd(seed, orders, min(orders, 250), 1, mix(0.03, 0.03))


def side_by_side(seed: int, orders: int, processes: int, ledger: str) -> Crowd:
    """Several processes with the same workbooks; every tenth run is killed."""
    return Crowd(seed, orders, 30, processes, mix(0.015, 0.002), killed=0.1, ledger=ledger)


def run(crowd: Crowd, terms: Terms, folder: Path, say: Callable[[str], None] = print) -> Verdict:
    """Let every process submit every workbook to its end, then compare the books."""
    size = crowd.in_a_workbook
    author = Author(crowd.seed, folder / "sheets", (size, size))
    draw = random.Random(crowd.seed)  # noqa: S311  # reproducible, not secret
    nursery = Nursery()
    sheets: list[Sheet] = []
    broken: list[str] = []
    with Market(folder, terms, crowd.faults, crowd.seed) as market:
        settings = terms.environment(market.url, folder)
        if crowd.ledger:
            settings["ORDERDROP_LEDGER_URL"] = crowd.ledger
        plain = Life(settings, log=str(folder / "runs.log"))
        reasons = Reasons(market, settings)
        while sum(len(sheet.expected) for sheet in sheets) < crowd.orders:
            sheet = author.next_sheet()
            sheets.append(sheet)
            for path, body in sheet.seeds:
                market.control("POST", path, body)
            life = replace(plain, workbook=str(sheet.path))
            runs = _all_to_their_end(nursery, life, crowd, draw, broken)
            say(f"{sum(len(s.expected) for s in sheets)} orders; {sheet.path.name}: {runs} runs")
            reasons.look()
        return inquest(Case(nursery, market, plain, sheets), folder, broken, reasons)


def _all_to_their_end(
    nursery: Nursery, life: Life, crowd: Crowd, draw: random.Random, broken: list[str]
) -> int:
    """Every process submits until a run of its own ends; returns how many runs that took."""
    going = [nursery.begin(life) for _ in range(crowd.processes)]
    runs = len(going)
    while going:
        process = going.pop(0)
        code = _ended(process, draw.uniform(0.1, 2.0) if draw.random() < crowd.killed else None)
        if code in {KILLED, STOPPED}:
            runs += 1
            going.append(nursery.begin(life))
        elif code not in ENDED:
            broken.append(f"{Path(life.workbook).name}: a run ended with {code}")
        if runs > _RUNS_OF_A_SHEET:
            raise RuntimeError(f"{life.workbook} does not end in {runs} runs.")
    return runs


def _ended(process: BaseProcess, instant: float | None) -> int:
    process.join(_RUN_WITHIN if instant is None else instant)
    if process.exitcode is None:
        process.kill()
        process.join()
    assert process.exitcode is not None
    return process.exitcode
