"""Workbooks as openpyxl makes them."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO

from openpyxl import Workbook
from openpyxl.chart import BarChart, Reference
from openpyxl.comments import Comment
from openpyxl.formatting.rule import ColorScaleRule, DataBarRule, FormulaRule, IconSetRule
from openpyxl.styles import Font, PatternFill
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.workbook.protection import WorkbookProtection
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.table import Table, TableStyleInfo
from openpyxl.worksheet.worksheet import Worksheet

from tests.workbook.made_by_others.book import COLUMNS, ORDERS, REMARKS, Made


def started() -> tuple[Workbook, Worksheet]:
    """A workbook with the orders."""
    book = Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    sheet.title = "My orders"
    sheet.append((*COLUMNS, REMARKS))
    for order in ORDERS:
        sheet.append((*order, '=A2&"!"'))
    return book, sheet


def saved(book: Workbook) -> bytes:
    """The workbook's bytes."""
    out = BytesIO()
    book.save(out)
    return out.getvalue()


def plain() -> Made:
    return Made("op-plain.xlsx", saved(started()[0]))


def with_much() -> Made:
    """Chart, notes, validations, conditions, names; the workbook's structure locked."""
    book, sheet = started()
    chart = BarChart()
    chart.add_data(Reference(sheet, min_col=5, min_row=1, max_row=4), titles_from_data=True)
    sheet.add_chart(chart, "B8")
    sheet["E3"].comment = Comment("check this", "Sam")
    sheet["A1"].font = Font(bold=True, color="FF0000FF")
    choice = DataValidation(type="list", formula1='"NEW,RETURN"', allow_blank=True)
    choice.add("C2:C99")
    sheet.add_data_validation(choice)
    fill = PatternFill(bgColor="FFFFC7CE")
    for rule in (
        ColorScaleRule("min", None, "FFFF0000", "max", None, "FF00FF00"),
        DataBarRule("min", None, "max", None, "FF638EC6"),
        IconSetRule("3Arrows", "percent", [0, 33, 67]),
        FormulaRule(formula=["$E1>5"], fill=fill),
    ):
        sheet.conditional_formatting.add("E2:E4", rule)
    book.defined_names["Licences"] = DefinedName("Licences", attr_text="'My orders'!$E$2:$E$4")
    sheet.print_area = "A1:G4"
    sheet.print_title_rows = "1:1"
    sheet.freeze_panes = "A2"
    sheet.protection.sheet = True
    sheet.protection.password = "secret"
    book.security = WorkbookProtection(workbookPassword="secret", lockStructure=True)
    book.create_sheet("Summary")["A1"] = "the user's own"
    return Made("op-much.xlsx", saved(book), bears=("xl/charts/chart1.xml",))


def with_a_table() -> Made:
    """A table over the orders; the active tab is another one."""
    book, sheet = started()
    table = Table(displayName="OrderRows", ref="A1:G4")
    table.tableStyleInfo = TableStyleInfo(name="TableStyleMedium9", showRowStripes=True)
    sheet.add_table(table)
    book.create_sheet("Notes")["A1"] = "hello"
    book.active = 1
    return Made("op-table.xlsx", saved(book))


BOOKS: dict[str, Callable[[], Made]] = {
    "plain": plain,
    "much": with_much,
    "a table": with_a_table,
}
