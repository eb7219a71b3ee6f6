"""The names by which a workbook tells which of its columns are ours."""

from __future__ import annotations


def defined_name(result_column: str) -> str:
    """The defined name of one of our columns: "Order ID" is `_orderdrop.Order_ID`."""
    return "_orderdrop." + result_column.replace(" ", "_")
