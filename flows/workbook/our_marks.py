"""The names by which a workbook tells which of its columns are ours."""

from __future__ import annotations

from typing import Final

SUBMISSION: Final = "submission"
"""Names no column but the run whose answers the workbook shows, as a text."""

APPROVE: Final = "approve"
"""Names the column approve where we have put it in; it is filled in by people."""


def defined_name(result_column: str) -> str:
    """The defined name of one of our columns: "Order ID" is `_orderdrop.Order_ID`."""
    return "_orderdrop." + result_column.replace(" ", "_")
