"""A fault found in a sheet, as a value: where it stands, what is wrong, what to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["fault", "warning"]


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with one cell.

    row is Excel's own number; column is the API name; title is the header as the user wrote
    it; cell ("D7") is empty when the sheet has no such column; value is what stood in the
    cell, as text. A warning does not hold the order.
    """

    sheet: str
    row: int
    column: str
    title: str
    cell: str
    value: str
    code: str
    message: str
    hint: str
    severity: Severity = "fault"


class Stop(Exception):
    """A command must end with one plain sentence; `exit_code` says which kind of ending.

    Designed errors of every package derive from it, so that the command line needs to know
    none of them: 2 wrong use, 3 settings, credentials, clock, disk or an unreachable server.
    """

    exit_code = 3
