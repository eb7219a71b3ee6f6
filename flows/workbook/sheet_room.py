"""Room for our columns on the user's sheet: places, widths, tables, filters, print areas, names."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy

from openpyxl.utils import get_column_letter, quote_sheetname
from openpyxl.workbook import Workbook
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.cell_range import CellRange
from openpyxl.worksheet.dimensions import ColumnDimension
from openpyxl.worksheet.table import Table, TableColumn
from openpyxl.worksheet.worksheet import Worksheet

from flows.workbook.answer_columns import COLUMNS
from flows.workbook.cell_values import shown
from flows.workbook.our_marks import defined_name
from schemas.columns import RESULT_COLUMNS
from schemas.sheet_layout import SheetLayout


def places_of_answers(sheet: Worksheet, layout: SheetLayout) -> dict[str, int]:
    """Where each of our columns stands: its present place, else right of all that is there.

    Merged cells and tables count even where their last cells are empty.
    """
    free = max(layout.last_column, _reach(sheet, layout)) + 1
    places = dict(layout.result_columns)
    for name in RESULT_COLUMNS:
        if name not in places:
            places[name] = free
            free += 1
    return places


def _reach(sheet: Worksheet, layout: SheetLayout) -> int:
    ranges = [CellRange(str(merged)) for merged in sheet.merged_cells.ranges]
    ranges += [CellRange(table.ref) for table in sheet.tables.values()]
    return max(
        (
            taken.max_col
            for taken in ranges
            if taken.min_row <= layout.last_row and taken.max_row >= layout.header_row
        ),
        default=0,
    )


def set_widths(sheet: Worksheet, layout: SheetLayout, places: Mapping[str, int]) -> None:
    """Give our new columns their widths; one that stood there already keeps the user's."""
    for column in COLUMNS:
        if column.name not in layout.result_columns:
            _own_dimension(sheet, places[column.name]).width = column.width


def _own_dimension(sheet: Worksheet, place: int) -> ColumnDimension:
    """A column's own, visible dimension.

    Excel keeps neighbours of one width (or "all columns to the right, hidden") as one entry;
    it is split, for two entries on one column make Excel call the workbook damaged.
    """
    dimensions = sheet.column_dimensions
    for letter, group in list(dimensions.items()):
        group.reindex()
        low, high = group.min, group.max
        if low is None or high is None or not low <= place <= high:
            continue
        del dimensions[letter]
        for start, end in ((low, place - 1), (place + 1, high)):
            if start <= end:
                part = copy(group)
                part.index = get_column_letter(start)
                part.min, part.max = start, end
                dimensions[part.index] = part
    letter = get_column_letter(place)
    dimensions[letter] = ColumnDimension(sheet, index=letter, customWidth=True)
    return dimensions[letter]


def grow_tables(sheet: Worksheet, layout: SheetLayout, places: Mapping[str, int]) -> None:
    """Let the table of the order rows, or the sheet's filter, take in our columns.

    A table grows only when ours stand right behind it: it would swallow the user's columns
    in between otherwise, and a table cannot have a column without a header.
    """
    last = max(places.values())
    for table in sheet.tables.values():
        area = CellRange(table.ref)
        behind = range(area.max_col + 1, last + 1)
        ours_only = behind and set(behind) <= set(places.values())
        if _covers(area, layout) and table.headerRowCount != 0 and ours_only:
            _grow_table(sheet, table, area, last)
    if sheet.auto_filter.ref:
        area = CellRange(sheet.auto_filter.ref)
        if _covers(area, layout) and area.max_col < last:
            area.expand(right=last - area.max_col)
            sheet.auto_filter.ref = area.coord


def _covers(area: CellRange, layout: SheetLayout) -> bool:
    places = layout.columns.values()
    return area.min_row == layout.header_row and any(
        area.min_col <= place <= area.max_col for place in places
    )


def _grow_table(sheet: Worksheet, table: Table, area: CellRange, last: int) -> None:
    number = max(column.id for column in table.tableColumns)
    for place in range(area.max_col + 1, last + 1):
        number += 1
        header = shown(sheet.cell(area.min_row, place).value)
        table.tableColumns.append(TableColumn(id=number, name=header))
    area.expand(right=last - area.max_col)
    table.ref = area.coord
    if table.autoFilter is not None and table.autoFilter.ref:
        filtered = CellRange(table.autoFilter.ref)
        filtered.expand(right=last - filtered.max_col)
        table.autoFilter.ref = filtered.coord


def grow_print_area(sheet: Worksheet, layout: SheetLayout, places: Mapping[str, int]) -> None:
    """Let the print area that holds the order rows hold our columns too; none is made."""
    last = max(places.values())
    areas = [CellRange(str(area)) for area in _print_ranges(sheet)]
    for area in areas:
        if area.min_row <= layout.header_row <= area.max_row and area.max_col < last:
            area.expand(right=last - area.max_col)
    if areas:
        sheet.print_area = [area.coord for area in areas]


def _print_ranges(sheet: Worksheet) -> list[str]:
    written = str(sheet.print_area or "")
    return [part.rpartition("!")[2].replace("$", "") for part in written.split(",") if part]


def name_columns(book: Workbook, sheet: Worksheet, places: Mapping[str, int]) -> None:
    """Write the defined names by which our columns are known again (whole columns, hidden)."""
    for name, place in places.items():
        letter = get_column_letter(place)
        ours = defined_name(name)
        book.defined_names[ours] = DefinedName(
            ours, attr_text=f"{quote_sheetname(sheet.title)}!${letter}:${letter}", hidden=True
        )
