"""What one way of doing something costs, measured in processes of its own.

A module that measures gives `run_apart` a name for itself, what to do and the file to do it with;
its process answers on standard output with one line made by `report`.
"""

from __future__ import annotations

import platform
import resource
import subprocess
import sys
from dataclasses import dataclass
from os import sched_getaffinity
from pathlib import Path
from statistics import median


@dataclass(frozen=True, slots=True)
class Spent:
    """Seconds of the processor, and megabytes at most."""

    processor: float
    megabytes: int


def report(rows: int, processor: float) -> None:
    """Say what the work came to: rows, seconds of the processor, megabytes at most."""
    print(rows, processor, most_megabytes())


def run_apart(module: str, way: str, path: Path, rows: int, rounds: int) -> Spent:
    """The median over some processes of their own, each of which must have counted `rows`."""
    found: list[Spent] = []
    for _ in range(rounds):
        command = [sys.executable, "-m", module, way, str(path)]
        ran = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        counted, processor, megabytes = ran.stdout.split()
        assert int(counted) == rows, f"{way} counted {counted} rows of {rows}"
        found.append(Spent(float(processor), int(megabytes)))
    return Spent(median(s.processor for s in found), max(s.megabytes for s in found))


def machine() -> str:
    """The machine in a few words, for the head of a table."""
    cores = len(sched_getaffinity(0))
    return f"{platform.machine()}, {cores} cores, Python {platform.python_version()}"


def most_megabytes() -> int:
    """Of this process, so far."""
    # The figure of getrusage begins with what the parent process had.
    status = Path("/proc/self/status")
    if status.exists():
        (line,) = [line for line in status.read_text().splitlines() if "VmHWM" in line]
        return int(line.split()[1]) >> 10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 20
