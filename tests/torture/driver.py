"""The torture itself: submit, kill at a random instant or a named point, start again, compare."""

from __future__ import annotations

import random
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from tests.torture.inquest import Case, Reasons, Verdict, inquest
from tests.torture.market import Market
from tests.torture.points import PASSAGES, Point
from tests.torture.prefect_api import prefect_server
from tests.torture.processes import begin_command
from tests.torture.terms import Terms, mix
from tests.torture.workbooks import Author, Sheet
from tests.torture.worker import ENDED, KILLED, STOPPED, Life, Nursery

INSTANT: Final = "at a random instant"

FAULTS: Final = mix(0.015, 0.002)
RAGES: Final[Mapping[Point, str]] = {
    Point.RENEWING: mix(0.01, 0.0, unexecuted_504=0.2, closed_after=0.2),
    Point.FOUND: mix(0.01, 0.0, executed_500_1124=0.3),
    Point.REPLACING: mix(0.01, 0.0, unexecuted_500_1124=0.3),
}
"""Faults that lead to points which are seldom passed else."""

_SENDING: Final = (
    Point.SIGNED_IN,
    Point.LEASING,
    Point.COUNTED,
    Point.CHECKED,
    Point.WRITING,
    Point.WRITTEN,
    Point.ANSWERED,
    Point.ANSWERING,
    Point.TOLD,
    *RAGES,
)
"""Points that are passed while there is something to send: in the first runs of a workbook."""

_FIRST_LIVES: Final = 3
_LIVES_OF_A_SHEET: Final = 300
_COMMAND_WITHIN: Final = 120.0
_FOLLOWS_UP: Final = 0.06
_REASONS_EVERY: Final = 3


@dataclass(frozen=True, slots=True)
class Task:
    """How much is to be killed; `commands` of the kills hit the whole command with its flow."""

    seed: int
    kills: int
    commands: int
    orders: tuple[int, int] = (20, 40)
    market_dies: float = 0.02
    says_every: int = 50


@dataclass(slots=True)
class Tally:
    """What has happened so far."""

    kills: Counter[str] = field(default_factory=Counter)
    command_kills: Counter[str] = field(default_factory=Counter)
    lives: int = 0
    stopped: int = 0
    broken: list[str] = field(default_factory=list)

    @property
    def all_kills(self) -> int:
        """Kills of either kind."""
        return self.kills.total() + self.command_kills.total()


class Torture:
    """One torture in a folder of its own."""

    def __init__(
        self, task: Task, terms: Terms, folder: Path, say: Callable[[str], None] = print
    ) -> None:
        self._task = task
        self._terms = terms
        self._folder = folder
        self._say = say
        self._random = random.Random(task.seed)  # noqa: S311  # reproducible, not secret
        self._nursery = Nursery()
        self._sheets: list[Sheet] = []
        self._began = time.monotonic()
        self.tally = Tally()

    def run(self) -> Verdict:
        """Kill as often as was asked, then let everything end well and compare the books."""
        task, folder = self._task, self._folder
        author = Author(task.seed, folder / "sheets", task.orders)
        with ExitStack() as stack:
            market = stack.enter_context(Market(folder, self._terms, FAULTS, task.seed))
            settings = self._terms.environment(market.url, folder)
            prefect: Mapping[str, str] = {}
            if task.commands:
                prefect = stack.enter_context(prefect_server(folder / "prefect"))
            reasons = Reasons(market, settings)
            while self.tally.all_kills < task.kills:
                sheet = author.next_sheet()
                self._sheets.append(sheet)
                for path, body in sheet.seeds:
                    market.control("POST", path, body)
                self._until_it_ends(sheet, market, settings, prefect)
                if len(self._sheets) % _REASONS_EVERY == 0:
                    reasons.look()
            self._say(f"{self.tally.all_kills} kills; all faults off, following up …")
            reasons.look()
            case = Case(self._nursery, market, self._life(settings), self._sheets)
            return inquest(case, folder, self.tally.broken, reasons)

    def _life(self, settings: Mapping[str, str]) -> Life:
        return Life(environment=settings, log=str(self._folder / "runs.log"))

    def _until_it_ends(
        self,
        sheet: Sheet,
        market: Market,
        settings: Mapping[str, str],
        prefect: Mapping[str, str],
    ) -> None:
        """Submit a workbook again and again until a run of it ends by itself."""
        for number in range(_LIVES_OF_A_SHEET):
            is_fresh = number < _FIRST_LIVES
            if self.tally.all_kills >= self._task.kills:
                life = replace(self._life(settings), workbook=str(sheet.path))
                code = self._nursery.live_out(life)
            elif self._a_command_is_due():
                code = self._kill_a_command(sheet, {**settings, **prefect}, is_fresh=is_fresh)
            else:
                code = self._kill_a_life(sheet, market, settings, is_fresh=is_fresh)
            self.tally.lives += 1
            if code in ENDED:
                return
            if code == STOPPED:
                self.tally.stopped += 1
            elif code != KILLED:
                self.tally.broken.append(f"{sheet.path.name}: a run ended with {code}")
        raise RuntimeError(f"{sheet.path.name} does not end in {_LIVES_OF_A_SHEET} runs.")

    def _a_command_is_due(self) -> bool:
        task, tally = self._task, self.tally
        due = task.commands * (tally.all_kills + 1) / task.kills
        return tally.command_kills.total() + 1 <= due

    # --- the plain stages ---

    def _kill_a_life(
        self, sheet: Sheet, market: Market, settings: Mapping[str, str], *, is_fresh: bool
    ) -> int:
        """One run; ENDED codes only when it submitted and nothing struck it."""
        draw = self._random
        life = replace(
            self._life(settings),
            workbook=str(sheet.path),
            follows=draw.choice((0.2, 0.5, 1.0)),
            environment={**settings, "ORDERDROP_IN_FLIGHT": str(draw.choice((2, 8, 64)))},
        )
        follows_up = draw.random() < _FOLLOWS_UP
        if follows_up:
            life = replace(life, workbook="")
        instant = None
        if draw.random() < 0.4:
            instant = draw.uniform(0.0, 1.6)
        elif is_fresh or draw.random() < 0.7:
            life = self._trapped(life, is_fresh=is_fresh)
        rage = RAGES.get(life.point) if life.point else None
        if rage:
            market.rage(rage)
        code = self._lived(life, instant, market)
        if rage:
            market.rage(FAULTS)
        if code == KILLED:
            self._count(self.tally.kills, life.point or INSTANT)
        return STOPPED if follows_up and code in ENDED else code

    def _trapped(self, life: Life, *, is_fresh: bool) -> Life:
        points = _SENDING if is_fresh and self._random.random() < 0.8 else tuple(Point)
        point = self._random.choice(points)
        passage = self._random.randint(1, PASSAGES.get(point, 8))
        if point is Point.REPLACING:
            if self._random.random() < 0.5:
                return self._trapped(life, is_fresh=is_fresh)
            # What it waits for comes after the settle time.
            life = replace(life, follows=self._terms.settles_after + 3)
        return replace(life, point=point, passage=passage)

    def _lived(self, life: Life, instant: float | None, market: Market) -> int:
        market_dies = self._random.random() < self._task.market_dies
        dies_at = self._random.uniform(0.1, 1.0)
        process = self._nursery.begin(life)
        if market_dies:
            process.join(dies_at)
            market.die_and_rise()
        process.join(instant if instant is not None else _COMMAND_WITHIN)
        if process.exitcode is None:
            process.kill()
            process.join()
            if instant is None:
                self.tally.broken.append(f"a run did not end: {life}")
        assert process.exitcode is not None
        return process.exitcode

    # --- the whole command ---

    def _kill_a_command(self, sheet: Sheet, settings: Mapping[str, str], *, is_fresh: bool) -> int:
        draw = self._random
        log = self._folder / "commands.log"
        life = self._trapped(self._life(settings), is_fresh=is_fresh)
        what: str = INSTANT
        if draw.random() < 0.5 or life.point is None or life.point in RAGES:
            process = begin_command(sheet.path, settings, log)
            code = self._ended(process, draw.uniform(0.3, 5.0))
        else:
            what = life.point
            process = begin_command(
                sheet.path, settings, log, point=life.point, passage=life.passage
            )
            code = self._ended(process, _COMMAND_WITHIN)
        if code == KILLED:
            self._count(self.tally.command_kills, what)
        return code

    def _ended(self, process: subprocess.Popen[bytes], within: float) -> int:
        try:
            return process.wait(within)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()

    def _count(self, kills: Counter[str], what: str) -> None:
        kills[what] += 1
        done = self.tally.all_kills
        if done % self._task.says_every == 0:
            seconds = time.monotonic() - self._began
            self._say(
                f"{done:5} kills ({self.tally.command_kills.total()} of the whole command), "
                f"{len(self._sheets)} workbooks, {self.tally.lives} runs, {seconds:.0f} s"
            )
