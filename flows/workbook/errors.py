"""Why a workbook cannot be taken, each as one sentence that says what to do.

WorkbookError
  WorkbookMissing        there is no such file, or it may not be read
  NotAWorkbook           the bytes are not an Excel workbook we can read
  NoOrderSheet           no sheet has a header row with order columns
  EmptyOrderSheet        a header, but no order below it
  AmbiguousOrderSheet    two columns or two sheets claim the same place: the user decides
  NoRoomForAnswers       our columns would not fit to the right of the user's
"""

from __future__ import annotations

from schemas.faults import Stop


class WorkbookError(Stop):
    """The workbook cannot be taken; nothing was ordered and the file stays as it is."""

    exit_code = 2


class WorkbookMissing(WorkbookError):
    """There is no such file."""


class NotAWorkbook(WorkbookError):
    """The file is not an Excel workbook."""


class NoOrderSheet(WorkbookError):
    """No sheet has a header row that names order columns."""


class EmptyOrderSheet(WorkbookError):
    """The order sheet has no order rows."""


class AmbiguousOrderSheet(WorkbookError):
    """Two columns or two sheets claim to be the same thing."""


class NoRoomForAnswers(WorkbookError):
    """The sheet ends before our columns would."""
