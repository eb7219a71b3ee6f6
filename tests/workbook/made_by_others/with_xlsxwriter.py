"""Workbooks as XlsxWriter makes them, with what reports and order sheets usually hold."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from io import BytesIO

from xlsxwriter import Workbook
from xlsxwriter.worksheet import Worksheet

from tests.workbook.made_by_others.book import COLUMNS, ORDERS, REMARKS, Made, png, shown

MACROS = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(range(256)) * 4
"""What stands where the macros would; nobody of us looks into it."""


def built(fill: Callable[[Workbook, Worksheet], object], first_row: int = 2) -> bytes:
    """A workbook with ORDERS from `first_row` on, the header above, and what `fill` adds."""
    out = BytesIO()
    book = Workbook(out, {"in_memory": True})
    sheet = book.add_worksheet("My orders")
    written(sheet, first_row)
    fill(book, sheet)
    book.close()
    return out.getvalue()


def written(sheet: Worksheet, first_row: int = 2) -> None:
    """The orders on a sheet."""
    sheet.write_row(first_row - 2, 0, (*COLUMNS, REMARKS))
    for number, order in enumerate(ORDERS, start=first_row - 1):
        sheet.write_row(number, 0, order)
        sheet.write(number, len(order), f"remark {number} <&> \u00fc")


def plain() -> Made:
    return Made("xw-plain.xlsx", built(lambda *_: None))


def with_title_and_looks() -> Made:
    """A title over merged cells, rich text, links, grouped and hidden rows and columns."""

    def fill(book: Workbook, sheet: Worksheet) -> None:
        bold, red = book.add_format({"bold": True}), book.add_format({"font_color": "red"})
        sheet.merge_range(
            "A1:G2", "Orders for May", book.add_format({"bold": True, "bg_color": "#DDEBF7"})
        )
        sheet.write_rich_string("G5", bold, "check", " with ", red, "Mia")
        sheet.write_url("G6", "https://example.com/a?b=1&c=2", string="link")
        sheet.write_formula("I5", "=SUM(E5:E7)", None, 16)
        sheet.set_column("G:G", 30, bold, {"level": 1})
        sheet.set_column("K:XFD", None, None, {"hidden": True})
        sheet.set_row(5, 40, None, {"level": 1})
        sheet.freeze_panes(4, 1)
        sheet.set_landscape()
        sheet.set_header("&L&F&RPage &P")
        sheet.set_h_pagebreaks([5])
        very = book.add_worksheet("Prices & more")
        very.write_column("A1", ["a", "b"])
        very.very_hidden()

    return Made("xw-looks.xlsx", built(fill, 5), rows=shown(5))


def with_charts_and_images() -> Made:
    """Charts on the sheet and on a sheet of their own, pictures, a text box, a background."""

    def fill(book: Workbook, sheet: Worksheet) -> None:
        for place, kind in (("B8", "column"), ("B24", "pie")):
            chart = book.add_chart({"type": kind})
            assert chart is not None
            chart.add_series(
                {"categories": "='My orders'!$A$2:$A$4", "values": "='My orders'!$E$2:$E$4"}
            )
            sheet.insert_chart(place, chart)
        sheet.insert_image("J3", "logo.png", {"image_data": BytesIO(png())})
        sheet.insert_textbox("J8", "Orders until Friday")
        sheet.set_background(BytesIO(png(90)))
        sheet.set_header("&L&G", {"image_left": "head.png", "image_data_left": BytesIO(png(3))})
        alone = book.add_chartsheet("Picture")
        chart = book.add_chart({"type": "line"})
        assert chart is not None
        chart.add_series({"values": "='My orders'!$E$2:$E$4"})
        alone.set_chart(chart)

    bears = ("xl/charts/chart1.xml", "xl/charts/chart3.xml", "xl/media/image1.png")
    return Made("xw-charts.xlsx", built(fill), bears=bears)


def with_conditions() -> Made:
    """Conditional formats old and new, sparklines, validations."""

    def fill(book: Workbook, sheet: Worksheet) -> None:
        red = book.add_format({"bg_color": "#FFC7CE"})
        rules: list[dict[str, object]] = [
            {"type": "cell", "criteria": ">", "value": 5, "format": red},
            {"type": "3_color_scale"},
            {"type": "data_bar"},
            {"type": "data_bar", "data_bar_2010": True, "bar_negative_color_same": True},
            {"type": "icon_set", "icon_style": "3_traffic_lights"},
            {"type": "duplicate", "format": red},
        ]
        for rule in rules:
            sheet.conditional_format("E2:E4", rule)
        sheet.conditional_format(
            "A1:Z99", {"type": "formula", "criteria": '=$C1="RETURN"', "format": red}
        )
        sheet.add_sparkline("H2", {"range": "'My orders'!E2:E4", "markers": True})
        sheet.data_validation("E2:E99", {"validate": "integer", "criteria": ">", "value": 0})
        sheet.data_validation("C2:C99", {"validate": "list", "source": ["NEW", "RETURN"]})
        sheet.data_validation("F2:F99", {"validate": "list", "source": "=Lists!$A$1:$A$2"})
        book.add_worksheet("Lists").write_column("A1", ["USD", "EUR"])

    return Made("xw-conditions.xlsx", built(fill), bears=("xl/worksheets/sheet2.xml",))


def with_a_table() -> Made:
    """A table with a row of totals below the orders, names, a print area, repeated rows."""

    def fill(book: Workbook, sheet: Worksheet) -> None:
        columns: list[dict[str, object]] = [{"header": name} for name in (*COLUMNS, REMARKS)]
        columns[0]["total_string"] = "Total"
        columns[4] |= {"total_function": "sum", "total_value": 16}
        sheet.add_table(
            "A1:G5",
            {
                "name": "OrderRows",
                "columns": columns,
                "total_row": True,
                "style": "Table Style Medium 4",
            },
        )
        sheet.print_area("A1:G5")
        sheet.repeat_rows(0)
        book.define_name("Licences", "='My orders'!$E$2:$E$4")
        book.define_name("'My orders'!Buyer", "='My orders'!$B$2")
        sheet.set_tab_color("#00FF00")

    return Made("xw-table.xlsx", built(fill), left_alone=(5,))


def filtered() -> Made:
    """A filter that hides a row; hidden rows are ordered like any other."""

    def fill(_: Workbook, sheet: Worksheet) -> None:
        sheet.autofilter("A1:G4")
        sheet.filter_column("F", "F == EUR")
        sheet.set_row(1, None, None, {"hidden": True})
        sheet.set_row(2, None, None, {"hidden": True})

    return Made("xw-filtered.xlsx", built(fill))


def with_notes() -> Made:
    """Notes of the user's on our faulty cell, on another, and on another sheet."""

    def fill(book: Workbook, sheet: Worksheet) -> None:
        sheet.write_comment("E2", "check with Mia", {"author": "Sam", "visible": True})
        sheet.write_comment("G4", "on the remark\nin two lines")
        book.add_worksheet("Other").write_comment("A1", "elsewhere")

    return Made("xw-notes.xlsx", built(fill), bears=("xl/comments2.xml",))


def with_macros() -> Made:
    """Macros and a button that starts one."""

    def fill(book: Workbook, sheet: Worksheet) -> None:
        book.add_vba_project(BytesIO(MACROS), is_stream=True)
        book.set_vba_name("ThisWorkbook")
        sheet.set_vba_name("Sheet1")
        sheet.insert_button("J2", {"macro": "place_all", "caption": "Go"})

    return Made("xw-macros.xlsm", built(fill), bears=("xl/vbaProject.bin",))


def protected() -> Made:
    """A sheet that Excel lets nobody change without its password, a few cells aside."""

    def fill(book: Workbook, sheet: Worksheet) -> None:
        sheet.protect("secret", {"sort": True, "autofilter": True})
        sheet.unprotect_range("E2:E4", "Quantities")
        sheet.write("G2", "free", book.add_format({"locked": False}))

    return Made("xw-protected.xlsx", built(fill))


def with_newer_features() -> Made:
    """Formulas that spill, tick boxes, pictures in cells: parts that came after 2018."""

    def fill(_: Workbook, sheet: Worksheet) -> None:
        sheet.write_dynamic_array_formula("I2:I4", "=SORT(E2:E4)", None, 1)
        sheet.write_array_formula("J2:J4", "{=E2:E4*2}", None, 6)
        sheet.insert_checkbox("G2", True)
        sheet.embed_image("K2", "cell.png", {"image_data": BytesIO(png())})

    bears = ("xl/metadata.xml", "xl/richData/rdrichvalue.xml")
    return Made("xw-newer.xlsx", built(fill), bears=bears)


def since_1904() -> Made:
    """Days counted from 1904, and rows written one by one without shared texts."""
    out = BytesIO()
    book = Workbook(out, {"constant_memory": True, "date_1904": True, "in_memory": True})
    sheet = book.add_worksheet("My orders")
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    ids = book.add_format({"num_format": "0000000000"})
    sheet.write_row(0, 0, (*COLUMNS, "Wanted by"))
    for number, (reference, _, *rest) in enumerate(ORDERS, start=1):
        sheet.write(number, 0, reference)
        sheet.write_number(number, 1, 1_005_053, ids)
        sheet.write_row(number, 2, rest)
        sheet.write_datetime(number, 6, date(2026, 7, number), day)
    book.close()
    rows = {row: (o[0], "0001005053", *o[2:]) for row, o in shown(2).items()}
    return Made("xw-1904.xlsx", out.getvalue(), rows=rows)


BOOKS: dict[str, Callable[[], Made]] = {
    "plain": plain,
    "title and looks": with_title_and_looks,
    "charts and images": with_charts_and_images,
    "conditions": with_conditions,
    "a table": with_a_table,
    "filtered": filtered,
    "notes": with_notes,
    "macros": with_macros,
    "protected": protected,
    "newer features": with_newer_features,
    "since 1904": since_1904,
}
