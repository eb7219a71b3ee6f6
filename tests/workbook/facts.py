"""One sheet with every fact that a reader must tell, as openpyxl writes it.

`files/facts.xls` and `files/facts.ods` are this workbook saved by LibreOffice (files/README.md).
"""

from __future__ import annotations

import io
import sys
from datetime import date
from pathlib import Path

import openpyxl

HEADER = (
    "externalReferenceId",
    "customerId",
    "orderType",
    "offerId",
    "quantity",
    "currencyCode",
    "discountCode",
    "When",
)
OFFER = "65310542CA02A12"


def facts_book() -> bytes:
    """The workbook, as .xlsx."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "My orders"
    sheet["A1"] = "Orders of May"
    for place, title in enumerate(HEADER, start=1):
        sheet.cell(3, place, title)

    def order(row: int, reference: object, customer: object = "P1005053401") -> None:
        values = (reference, customer, "NEW", OFFER, 3, "USD")
        for place, value in enumerate(values, start=1):
            sheet.cell(row, place, value)

    order(4, "0012")
    order(5, 42)
    sheet["A5"].number_format = "00000"
    order(6, 123456)
    sheet["A6"].number_format = "000-000"
    order(7, 2.5)
    order(8, date(2026, 3, 4))
    order(9, 1234567890123456)
    order(10, "1E5")
    sheet["G10"] = "=NA()"
    order(11, "PO-11")
    sheet.row_dimensions[11].hidden = True
    order(12, "PO-12")
    sheet["G12"] = "NA"
    order(13, "PO-13")
    order(14, "PO-14", None)
    sheet.merge_cells("B13:B14")
    order(15, "PO  15")
    sheet["E15"] = "=1+2"
    sheet["H15"] = date(2026, 5, 4)
    order(16, "PO-16")
    sheet["D16"] = "=1/0"
    order(17, "PO-17")
    sheet["C17"] = '=IF(1=1,"NEW","")'
    order(18, "=1>0")
    sheet["H18"] = 0.125
    sheet["H18"].number_format = "0.0%"
    hidden = book.create_sheet("Prices")
    hidden["B2"] = "nothing here"
    hidden.sheet_state = "hidden"
    for row in (19, 20, 500):
        sheet.cell(row, 1).number_format = "0.00"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


if __name__ == "__main__":
    Path(sys.argv[1]).write_bytes(facts_book())
