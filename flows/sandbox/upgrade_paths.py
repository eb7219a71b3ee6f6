"""Which product can be upgraded to which in the middle of a term (reference, section 12.1)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal, cast

from flows.sandbox.catalog import seed_rows

SwitchType = Literal["FULL_ONLY", "PARTIAL_ALLOWED"]


@dataclass(frozen=True, slots=True)
class UpgradePath:
    """One way from a product to another; paths have a direction."""

    source: str
    target: str
    sequence: int
    switch_type: SwitchType


@cache
def upgrade_paths() -> tuple[UpgradePath, ...]:
    """All paths of the seed file."""
    return tuple(
        UpgradePath(
            source=row["source"],
            target=row["target"],
            sequence=int(row["sequence"]),
            switch_type=cast("SwitchType", row["switch_type"]),
        )
        for row in seed_rows("upgrade_paths.csv")
    )
