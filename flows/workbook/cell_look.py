"""The whole look of a cell as one value, so that it can be kept, compared and put on again."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from typing import cast

from openpyxl.cell.cell import Cell
from openpyxl.styles import Alignment, Border, Fill, Font, NamedStyle, Protection
from openpyxl.workbook import Workbook


@dataclass(frozen=True, slots=True)
class CellLook:
    """Every part of a cell's format, apart from the name of its cell style."""

    font: Font
    fill: Fill
    border: Border
    alignment: Alignment
    number_format: str
    protection: Protection
    quoted: bool = False

    @classmethod
    def of(cls, cell: Cell) -> CellLook:
        """The look a cell has now."""
        return cls(
            font=cast("Font", copy(cell.font)),
            fill=cast("Fill", copy(cell.fill)),
            border=cast("Border", copy(cell.border)),
            alignment=cast("Alignment", copy(cell.alignment)),
            number_format=cell.number_format,
            protection=cast("Protection", copy(cell.protection)),
            quoted=bool(cell.quotePrefix),
        )

    def put_on(self, cell: Cell) -> None:
        """Give a cell this look; the name of its cell style stays."""
        cell.font = self.font
        cell.fill = self.fill
        cell.border = self.border
        cell.alignment = self.alignment
        cell.number_format = self.number_format
        cell.protection = self.protection
        cell.quotePrefix = self.quoted

    def as_style(self, name: str) -> NamedStyle:
        """A hidden cell style with this look."""
        return NamedStyle(
            name=name,
            font=self.font,
            fill=self.fill,
            border=self.border,
            alignment=self.alignment,
            number_format=self.number_format,
            protection=self.protection,
            hidden=True,
        )


def look_of_style(book: Workbook, name: str) -> CellLook:
    """The look that a named cell style of the workbook gives."""
    styles: list[NamedStyle] = book._named_styles  # type: ignore[attr-defined]  # noqa: SLF001
    style = next(style for style in styles if style.name == name)
    return CellLook(
        font=style.font,
        fill=style.fill,
        border=style.border,
        alignment=style.alignment,
        number_format=style.number_format or "General",
        protection=style.protection,
    )
