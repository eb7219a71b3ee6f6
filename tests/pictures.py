"""Makes the pictures in `docs/pictures`: `make pictures`. Needs LibreOffice and pdftoppm.

A small order sheet such as finance keeps is submitted in practice, in a state folder of its own,
and a night goes through the sample renewal book; what comes back is printed sheet by sheet.
Nothing in the pictures is drawn by hand.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

from openpyxl import Workbook
from openpyxl.styles import Font, PatternFill
from openpyxl.utils import get_column_letter

FOLDER = Path(__file__).parents[1] / "docs" / "pictures"
SAMPLES = Path(__file__).parents[1] / "sample_data"
ORDER_SHEET = "xl/worksheets/sheet1.xml"
TITLES = ("PO number", "Customer ID", "Customer", "Order type", "SKU", "Qty", "Currency", "Remark")
WIDTHS = (14, 13, 26, 12, 19, 6, 10, 18)
ALDER, BRIGHT = ("P1005053401", "Alder & Finch Architects"), ("P1005053402", "Brightwater Dental")
EAST, FENNEL = ("P1005053405", "Eastgate Community College"), ("P1005053406", "Fennel and Co")
ROWS = (
    ("PO-2611-01", *ALDER, "NEW", "65310542CA02A12", 3, "USD", "new starters"),
    ("PO-2611-01", *ALDER, "NEW", "65318877CA02A12", 1, "USD", "studio"),
    ("PO-2611-02", *BRIGHT, "NEW", "65310542CA01A12", 2, "USD", ""),
    ("PO-2611-03", *EAST, "NEW", "65310542CA01A12", "ten", "USD", "teachers"),
    ("PO-2611-03", *EAST, "NEW", "65318877CA01A12", 4, "USD", "teachers"),
    ("PO-2611-04", *FENNEL, "NEW", "6531O542CA01A12", 5, "USD", ""),
    ("PO-2611-05", *BRIGHT, "NEW", "65318877CA01A12", 180, "USD", "whole clinic"),
    ("PO-2611-06", *ALDER, "NEW", "65310542CA02A12", 1, "dollars", ""),
)


@dataclass(frozen=True, slots=True)
class Picture:
    """A part of a printed page: dots per inch, then left, top, width and height in inches."""

    book: str
    title: str
    page: int
    dots: int
    cut: tuple[float, float, float, float]


PICTURES = (
    Picture("november", "order-sheet", 1, 210, (0.65, 0.8, 7.3, 1.6)),
    Picture("november", "answers", 1, 210, (7.9, 0.8, 7.6, 1.6)),
    Picture("november", "summary", 2, 120, (0.4, 0.4, 10.2, 5.2)),
    Picture("november", "orders", 3, 120, (0.4, 0.4, 10.2, 2.6)),
    Picture("november", "to-do", 4, 120, (0.4, 0.4, 10.2, 2.4)),
    Picture("renewals", "renewals", 2, 240, (0.6, 0.95, 9.5, 1.45)),
)


def order_sheet(path: Path) -> None:
    """The workbook as finance has it."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "November"
    sheet["A1"] = "Orders for November"
    sheet["A1"].font = Font(bold=True, size=14)
    sheet.append([])
    sheet.append(TITLES)
    for row in ROWS:
        sheet.append(row)
    for place, width in enumerate(WIDTHS, start=1):
        sheet.cell(3, place).font = Font(bold=True, color="FFFFFFFF")
        sheet.cell(3, place).fill = PatternFill("solid", fgColor="FF1F3864")
        sheet.column_dimensions[get_column_letter(place)].width = width
    sheet.freeze_panes = "A4"
    book.save(path)


def on_one_page(source: Path, target: Path) -> None:
    """The same with the order sheet, which is wide, printed on one page."""
    with ZipFile(source) as read, ZipFile(target, "w", ZIP_DEFLATED) as written:
        for name in read.namelist():
            content = read.read(name)
            if name == ORDER_SHEET:
                text = content.decode()
                text = re.sub(r"<sheetPr>.*?</sheetPr>", "", text)
                text = re.sub(
                    r"(<worksheet[^>]*>)",
                    r'\1<sheetPr><pageSetUpPr fitToPage="1"/></sheetPr>',
                    text,
                    count=1,
                )
                setup = '<pageSetup paperSize="8" orientation="landscape" fitToHeight="1"/>'
                text = re.sub(r"(<pageMargins[^>]*/>)", rf"\1{setup}", text)
                content = text.encode()
            written.writestr(name, content)


def main() -> None:
    """Submit, print, cut out."""
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        order_sheet(folder / "november.xlsx")
        environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith("ORDERDROP_")},
            "ORDERDROP_STATE_DIR": str(folder / "state"),
            "ORDERDROP_OUTPUT": str(folder / "output"),
            "ORDERDROP_TIMEZONE": "Europe/Berlin",
        }
        command = [sys.executable, "-m", "flows.cli", "submit", str(folder / "november.xlsx")]
        # 4: some rows need a person, and that is what the pictures show.
        assert subprocess.run(command, env=environment, check=False).returncode == 4
        on_one_page(folder / "output" / "november.reconciled.xlsx", folder / "november.xlsx")
        renewals = folder / "renewals.xlsx"
        renewals.write_bytes((SAMPLES / "renewal-book.xlsx").read_bytes())
        command = [sys.executable, "-m", "flows.cli", "renew", str(renewals), "--json"]
        command += ["--environment", "practice"]
        told = subprocess.run(command, env=environment, check=False, capture_output=True).stdout
        Path(json.loads(told)["books"][0]["output"]).rename(renewals)
        for book in ("november", "renewals"):
            _run(
                "soffice",
                f"-env:UserInstallation=file://{folder}/office",
                "--headless",
                "--convert-to",
                "pdf",
                "--outdir",
                str(folder),
                str(folder / f"{book}.xlsx"),
            )
        for picture in PICTURES:
            cut = [str(round(inches * picture.dots)) for inches in picture.cut]
            places = [
                part for pair in zip(("-x", "-y", "-W", "-H"), cut, strict=True) for part in pair
            ]
            page = str(picture.page)
            _run(
                *(
                    "pdftoppm",
                    "-png",
                    "-singlefile",
                    "-r",
                    str(picture.dots),
                    "-f",
                    page,
                    "-l",
                    page,
                ),
                *places,
                *(str(folder / f"{picture.book}.pdf"), str(FOLDER / picture.title)),
            )


def _run(*command: str) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
