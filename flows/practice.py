"""The embedded marketplace that all practice runs of one state directory share."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from flows.companion import Companion, Service

FINISHES_AFTER: Final = 0.5
"""Seconds until the embedded marketplace finishes an order."""


def practice_marketplace(state_dir: Path) -> Companion:
    """A use of the embedded marketplace, with its book in the state directory."""
    folder = state_dir / "practice"
    command = (
        sys.executable,
        "-m",
        "flows.sandbox",
        "--port",
        "{port}",
        "--state",
        str(folder / "marketplace.sqlite"),
        "--finish-after",
        str(FINISHES_AFTER),
    )
    service = Service("The embedded marketplace", command, "/control/clock", environment={})
    return Companion(folder, service)
