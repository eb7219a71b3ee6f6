"""Who hears what becomes of the workbooks in the folder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # a command says its first line before anything heavy is imported
    from flows.inbox_runs import FinishedWorkbook


def _nobody(*_: object) -> None:
    """For callers that do not want to hear."""


@dataclass(frozen=True, slots=True)
class Listener:
    """Who wants to hear: of a workbook that is taken, of one that ended, of all else in a line."""

    taken: Callable[[str], None] = _nobody
    finished: Callable[[FinishedWorkbook], None] = _nobody
    note: Callable[[str], None] = _nobody
