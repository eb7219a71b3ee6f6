"""Whole commands as processes, started so that they can be killed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tests.torture.points import Point

ROOT: Final = Path(__file__).parents[2]
_OURS: Final = ("ORDERDROP_", "PREFECT_")


def clean_environment() -> dict[str, str]:
    """This process's environment without any setting of ours or of Prefect's."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
    return kept | {"PYTHONPATH": str(ROOT)}


def begin_command(
    workbook: Path,
    settings: Mapping[str, str],
    log: Path,
    *,
    point: Point | None = None,
    passage: int = 1,
) -> subprocess.Popen[bytes]:
    """`orderdrop submit WORKBOOK`, with a trap at a point if one is named."""
    module = ["flows.cli"] if point is None else ["tests.torture.command", point, str(passage)]
    with log.open("ab") as told:
        return subprocess.Popen(
            [sys.executable, "-m", *module, "submit", str(workbook), "--follow", "1"],
            cwd=ROOT,
            env=clean_environment() | dict(settings),
            stdin=subprocess.DEVNULL,
            stdout=told,
            stderr=told,
        )
