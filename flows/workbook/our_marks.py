"""The names by which a workbook tells which of its columns and sheets are ours."""

from __future__ import annotations

from typing import Final

_OURS: Final = "_orderdrop."

SUBMISSION: Final = "submission"
"""Names no column but the run whose answers the workbook shows, as a text."""

APPROVE: Final = "approve"
"""Names the column approve where we have put it in; it is filled in by people."""


OUR_SHEETS: Final = ("Summary", "Orders", "To do")
"""Our sheets, in the order in which they stand behind the user's; a title may be another."""


def defined_name(word: str) -> str:
    """The defined name of a column or sheet of ours: "Order ID" is `_orderdrop.Order_ID`."""
    return _OURS + word.replace(" ", "_")


def is_ours(name: str) -> bool:
    """Whether a defined name is one of ours."""
    return name.startswith(_OURS)
