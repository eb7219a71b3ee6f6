"""One workbook made by others, and what reading is to find in it."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

COLUMNS: Final = (
    "externalReferenceId",
    "customerId",
    "orderType",
    "offerId",
    "quantity",
    "currencyCode",
)
REMARKS: Final = "Remarks"
"""A column of the user's, right of the order columns."""

ORDERS: Final = (
    ("PO-1", "P1005053401", "NEW", "65310542CA02A12", 3, "USD"),
    ("PO-1", "P1005053401", "NEW", "65316613CA02A12", 12, "USD"),
    ("PO-2", "P1005053402", "NEW", "65310542CA02A12", 1, "EUR"),
)


def shown(first_row: int) -> dict[int, tuple[str, ...]]:
    """What a person sees of ORDERS, by Excel's row numbers."""
    return {
        number: tuple(str(value) for value in order)
        for number, order in enumerate(ORDERS, start=first_row)
    }


@dataclass(frozen=True, slots=True)
class Made:
    """A workbook: its bytes, the sheet with the orders, and what its rows show in `columns`.

    `left_alone` are the rows below the orders that hold something else. `bears` names parts
    that reconciling has no business with.
    """

    name: str
    content: bytes
    sheet: str = "My orders"
    rows: Mapping[int, tuple[str, ...]] = field(default_factory=lambda: shown(2))
    columns: tuple[str, ...] = COLUMNS
    left_alone: tuple[int, ...] = ()
    bears: tuple[str, ...] = ()

    @property
    def macros(self) -> bool:
        """Whether the workbook is one with macros."""
        return self.name.endswith(".xlsm")


def png(red: int = 200) -> bytes:
    """A picture of two by two dots."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        checked = kind + content
        return struct.pack(">I", len(content)) + checked + struct.pack(">I", zlib.crc32(checked))

    row = b"\0" + bytes((red, 60, 60)) * 2
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", 2, 2, 8, 2, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(row * 2))
        + chunk(b"IEND", b"")
    )
