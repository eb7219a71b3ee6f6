"""The names by which a workbook tells which of its columns and sheets are ours."""

from __future__ import annotations

from typing import Final

OUR_SHEETS: Final = ("Summary", "Orders", "To do")
"""Our sheets, in the order in which they stand behind the user's; a title may be another."""


def defined_name(word: str) -> str:
    """The defined name of a column or sheet of ours: "Order ID" is `_orderdrop.Order_ID`."""
    return "_orderdrop." + word.replace(" ", "_")
