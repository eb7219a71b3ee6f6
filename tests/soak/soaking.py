"""A soak: workbooks dropped in every way, the watcher killed, and at the end the books compared."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from flows.inbox.complete import is_candidate
from tests.soak.drops import Dropper
from tests.soak.watcher import Watcher
from tests.torture import books, reading
from tests.torture.books import Expected
from tests.torture.inquest import noted
from tests.torture.market import Market
from tests.torture.prefect_api import prefect_server
from tests.torture.processes import ROOT, clean_environment
from tests.torture.terms import Terms, mix
from tests.torture.workbooks import Author, Sheet

FAULTS: Final = mix(0.01, 0.0005)
_AGAIN: Final = 0.08
_RUBBISH: Final = 0.03
_LEFT_TO_SETTLE: Final = 600.0
_DROPPING: Final = 0.75
"""The part of the time in which workbooks come; then only what is left is worked through."""


@dataclass(frozen=True, slots=True)
class Task:
    """How long, how many workbooks, how often the watcher is killed meanwhile."""

    seed: int
    minutes: float
    workbooks: int
    kills: int
    orders: tuple[int, int] = (2, 12)


@dataclass(slots=True)
class Outcome:
    """What was dropped, and all that is wrong."""

    names: list[str] = field(default_factory=list)
    copies: dict[str, str] = field(default_factory=dict)
    rubbish: list[str] = field(default_factory=list)
    sheets: list[Sheet] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    memory: list[tuple[int, int, float]] = field(default_factory=list)
    """Watcher (its number), workbooks it had ended, megabytes."""
    orders: int = 0
    lives: int = 0
    worked: int = 0
    seconds: float = 0.0


class Soak:
    """One soak in a folder of its own."""

    def __init__(self, task: Task, folder: Path, say: Callable[[str], None] = print) -> None:
        self._task = task
        self._folder = folder
        self._say = say
        self._random = random.Random(task.seed)  # noqa: S311  # reproducible, not secret
        self._inbox = folder / "inbox"
        self._outcome = Outcome()

    def run(self) -> Outcome:
        """Drop and kill, wait until all is worked through, compare."""
        task, terms, folder = self._task, Terms(), self._folder
        began = time.monotonic()
        with (
            Market(folder, terms, FAULTS, task.seed) as market,
            prefect_server(folder / "prefect") as prefect,
        ):
            settings = terms.environment(market.url, folder) | prefect
            watcher = Watcher(folder, self._inbox, settings)
            watcher.start()
            watcher.wait_until_ready(folder / "state")
            self._drop_and_kill(watcher, market)
            self._until_all_is_put_away(watcher)
            self._measure(watcher)
            if watcher.stop() != 0:
                self._outcome.wrong.append("the watcher did not end well when it was told to")
            market.rage("")
            self._settle(settings)
            self._compare(market, settings, watcher)
        self._outcome.lives = watcher.lives
        self._outcome.seconds = time.monotonic() - began
        return self._outcome

    # --- dropping and killing ---

    def _drop_and_kill(self, watcher: Watcher, market: Market) -> None:
        task, draw = self._task, self._random
        author = Author(task.seed, self._folder / "sheets", task.orders, reuses=False)
        dropper = Dropper(self._inbox, task.seed)
        lasts = task.minutes * 60 * _DROPPING
        began = time.monotonic()
        kills = sorted(draw.uniform(0.02, 0.8) * lasts for _ in range(task.kills))
        bursts = self._bursts(lasts)
        measure_at = 0.0
        while bursts or kills:
            now = time.monotonic() - began
            if now >= measure_at:
                self._measure(watcher)
                measure_at = now + max(5.0, lasts / 40)
            if kills and now >= kills[0]:
                kills.pop(0)
                watcher.kill()
                time.sleep(draw.uniform(0.0, 2.0))
                watcher.start()
                self._say(f"{now:5.0f} s: watcher {watcher.lives} started after a kill")
            elif bursts and now >= bursts[0][0]:
                for _ in range(bursts.pop(0)[1]):
                    self._drop_one(author, dropper, market)
            else:
                time.sleep(0.05)
            if not watcher.is_alive:
                self._outcome.wrong.append(f"watcher {watcher.lives} ended by itself")
                watcher.start()
        dropper.join()

    def _bursts(self, lasts: float) -> list[tuple[float, int]]:
        """When how many workbooks come: mostly one, now and then many."""
        sizes: list[int] = []
        while (left := self._task.workbooks - sum(sizes)) > 0:
            sizes.append(min(left, self._random.choice((1, 1, 1, 2, 3, 12))))
        return sorted((self._random.uniform(0, lasts), size) for size in sizes)

    def _drop_one(self, author: Author, dropper: Dropper, market: Market) -> None:
        draw, outcome = self._random, self._outcome
        if draw.random() < _RUBBISH:
            name = f"rubbish-{len(outcome.rubbish):04d}.xlsx"
            outcome.rubbish.append(name)
            dropper.drop(name, b"This is no workbook, whatever its name says.\n" * 50)
        sheet = author.next_sheet()
        for path, body in sheet.seeds:
            market.control("POST", path, body)
        outcome.sheets.append(sheet)
        outcome.names.append(sheet.path.name)
        content = sheet.path.read_bytes()
        dropper.drop(sheet.path.name, content)
        if draw.random() < _AGAIN:
            copy = f"copy of {sheet.path.name}"
            outcome.copies[copy] = sheet.path.name
            outcome.names.append(copy)
            dropper.drop(copy, content)

    def _measure(self, watcher: Watcher) -> None:
        self._outcome.memory.append((watcher.lives, len(watcher.told()), watcher.megabytes))

    # --- settling ---

    def _until_all_is_put_away(self, watcher: Watcher) -> None:
        ends = time.monotonic() + _LEFT_TO_SETTLE
        while left := self._left():
            if time.monotonic() > ends:
                self._outcome.wrong.append(f"not worked through: {', '.join(left[:10])}")
                return
            if not watcher.is_alive:
                self._outcome.wrong.append(f"watcher {watcher.lives} ended by itself")
                watcher.start()
            time.sleep(0.5)

    def _left(self) -> list[str]:
        lying = [path.name for path in self._inbox.iterdir() if path.is_file()]
        working = [path.name for path in (self._inbox / "working").rglob("*") if path.is_file()]
        return [name for name in (*lying, *working) if is_candidate(name)]

    def _settle(self, settings: Mapping[str, str]) -> None:
        ends = time.monotonic() + _LEFT_TO_SETTLE
        while time.monotonic() < ends:
            code = subprocess.run(
                [sys.executable, "-m", "flows.cli", "follow"],
                cwd=ROOT,
                env=clean_environment() | dict(settings),
                capture_output=True,
                check=False,
            ).returncode
            if code in {0, 4} and not any(books.unsettled(noted(settings))):
                return
            time.sleep(1)
        self._outcome.wrong.append("orders are still in doubt")

    # --- comparing ---

    def _compare(self, market: Market, settings: Mapping[str, str], watcher: Watcher) -> None:
        outcome = self._outcome
        placed = reading.placed(market.orders())
        intents = noted(settings)
        expected = [one for sheet in outcome.sheets for one in sheet.expected]
        rows = reading.rows(self._folder / "output", outcome.names)
        findings = [
            *books.placed_twice(expected, placed),
            *books.lost(expected, placed),
            *books.unlike_the_ledger(placed, intents),
            *books.unsettled(intents),
            *books.wrong_rows(expected, placed, rows),
            *books.wrong_rows(list(self._expected_of_copies()), placed, rows),
        ]
        outcome.wrong += [f"{finding.wrong}: {finding.what}" for finding in findings]
        outcome.wrong += self._wrong_places()
        outcome.wrong += [f"beside the right one: {s}" for s in reading.strays(self._output)]
        outcome.orders = len(placed)
        outcome.worked = sum(told["what"] != "waiting" for told in watcher.told())

    @property
    def _output(self) -> Path:
        return self._folder / "output"

    def _expected_of_copies(self) -> Iterator[Expected]:
        by_name = {sheet.path.name: sheet for sheet in self._outcome.sheets}
        for copy, original in self._outcome.copies.items():
            for one in by_name[original].expected:
                yield replace(one, workbook=copy)

    def _wrong_places(self) -> Iterator[str]:
        outcome = self._outcome
        archived = Counter(
            path.name.partition(" ")[2]
            for path in (self._inbox / "archive").rglob("*")
            if path.is_file()
        )
        for name in outcome.names:
            if archived[name] != 1:
                yield f"{name} was archived {archived[name]} times"
            if not (self._output / f"{Path(name).stem}.reconciled.xlsx").exists():
                yield f"{name} has no reconciled workbook"
        for name in archived.keys() - set(outcome.names):
            yield f"{name} was archived, but never dropped so"
        rejected = {path.name for path in (self._inbox / "rejected").iterdir()}
        wanted = {name + end for name in outcome.rubbish for end in ("", ".why.txt")}
        for name in rejected ^ wanted:
            yield f"{name} is {'' if name in rejected else 'not '}in rejected"
        for path in (self._inbox / "working").iterdir():
            # A folder whose watcher was killed just then is taken away at the next start but one.
            if any(path.iterdir()):
                yield f"{path.name} is left in working"
