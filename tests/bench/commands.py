"""Whole commands, measured from outside: `orderdrop submit` with its processor time and memory, and
a user's own script.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.bench.market import KEY, SECRET
from tests.torture.processes import ROOT, clean_environment

FOLLOW: Final = 300
"""Seconds that a command follows its orders to their end."""


@dataclass(frozen=True, slots=True)
class Ran:
    """One command that has ended: seconds on the wall and of the processor, megabytes at most.

    `said` is its answer of `--json`.
    """

    exit_code: int
    seconds: float
    processor: float
    megabytes: int
    said: dict[str, Any]


@dataclass(frozen=True, slots=True)
class OwnRan:
    """One run of a user's own script that has ended: seconds on the wall, from outside."""

    threads: int
    seconds: float


def run_own_script(workbook: Path, url: str, threads: int) -> OwnRan:
    """Run it in a process of its own; raises CalledProcessError when it fails."""
    script = Path(__file__).with_name("own_script.py")
    command = [sys.executable, str(script), str(workbook), url, KEY, SECRET]
    began = time.monotonic()
    subprocess.run([*command, "--threads", str(threads)], env=_environment(), check=True)
    return OwnRan(threads, time.monotonic() - began)


def _environment() -> dict[str, str]:
    """Where nothing is compiled twice."""
    environment = clean_environment()
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    return environment


class Command:
    """`orderdrop submit WORKBOOK --json`, started; `wait` for what it came to."""

    def __init__(self, workbook: Path, settings: Mapping[str, str], *options: str) -> None:
        environment = _environment() | dict(settings)
        self._began = time.monotonic()
        self._errors = workbook.with_suffix(f".{self._began:.6f}.log")
        with self._errors.open("wb") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "flows.cli", "submit", str(workbook), "--json",
                 "--follow", str(FOLLOW), *options],
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
            )  # fmt: skip

    def wait(self) -> Ran:
        """What it came to; raises RuntimeError when it ended without an answer to its orders."""
        assert self.process.stdout is not None
        said = self.process.stdout.read()
        _, status, usage = os.wait4(self.process.pid, 0)
        seconds = time.monotonic() - self._began
        self.process.returncode = os.waitstatus_to_exitcode(status)
        answer = json.loads(said) if said else {}
        if "orders" not in answer:
            told = self._errors.read_text(encoding="utf-8", errors="replace")
            raise RuntimeError(f"{said.decode()}\n{told[-2000:]}")
        return Ran(
            self.process.returncode,
            seconds,
            usage.ru_utime + usage.ru_stime,
            usage.ru_maxrss >> 10,
            answer,
        )


def side_by_side(commands: Sequence[Command]) -> list[Ran]:
    """Wait for all of them."""
    return [command.wait() for command in commands]
