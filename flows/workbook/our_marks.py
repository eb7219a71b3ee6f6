"""The names by which a workbook tells which of its columns are ours."""

from __future__ import annotations

from typing import Final

_OURS: Final = "_orderdrop."


def defined_name(result_column: str) -> str:
    """The defined name of one of our columns: "Order ID" is `_orderdrop.Order_ID`."""
    return _OURS + result_column.replace(" ", "_")


def is_ours(name: str) -> bool:
    """Whether a defined name is one of ours."""
    return name.startswith(_OURS)
