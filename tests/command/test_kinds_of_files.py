"""Every kind of file that orders come in, whatever its name says: checked, submitted, answered."""

from __future__ import annotations

import csv
import io
from datetime import datetime
from pathlib import Path

import openpyxl
import pytest

from tests.command.conftest import SAMPLES, Bench
from tests.command.test_submit import answers_in
from tests.workbook.test_kinds import facts_xlsb

FILES = Path(__file__).parents[1] / "workbook" / "files"


def clean_csv() -> bytes:
    """The order sheet of a sample as text."""
    out = io.StringIO()
    sheet = openpyxl.load_workbook(SAMPLES / "clean-orders.xlsx").worksheets[0]
    rows = (["" if value is None else str(value) for value in row] for row in sheet.values)
    csv.writer(out, delimiter=";").writerows(rows)
    return out.getvalue().encode("utf-8-sig")


CONTENTS = {
    "xls": (FILES / "facts.xls").read_bytes,
    "ods": (FILES / "facts.ods").read_bytes,
    "xlsb": facts_xlsb,
    "csv": clean_csv,
    "xlsx": (SAMPLES / "clean-orders.xlsx").read_bytes,
}

PLACED = (4, 5, 6, 11, 13, 14)
"""They fill their customer's price level."""

REFUSED = (15, 17, 18)
"""The marketplace refuses what comes after."""

SENT = (*PLACED, *REFUSED)
BECAME = {
    **dict.fromkeys(PLACED, "Practice: Ordered"),
    **dict.fromkeys(REFUSED, "Practice: Refused by Adobe"),
}
HELD = {
    7: "externalReferenceId is the number 2.5, which is not whole; an id has no decimals.",
    8: "externalReferenceId is the date 2026-03-04: Excel has made a date of what was typed.",
    9: "externalReferenceId was typed as a number of more than 15 digits; Excel keeps only the "
    "first 15 and has replaced the rest by zeros.",
    10: "discountCode shows the error #N/A.",
    12: 'discountCode "NA" is not a high-volume discount code.',
    16: "offerId shows the error #DIV/0!.",
}


@pytest.mark.parametrize("kind", ["xls", "xlsb", "ods"])
def test_orders_are_placed_from_every_kind(bench: Bench, kind: str) -> None:
    workbook = bench.folder / f"may.{kind}"
    workbook.write_bytes(CONTENTS[kind]())
    before = workbook.read_bytes()
    # One at a time: side by side, whichever comes first on the way fills the level.
    ran = bench.run("submit", workbook, "--json", ORDERDROP_IN_FLIGHT="1")
    assert (ran.code, ran.figures["output"]) == (4, "output/may.reconciled.xlsx"), ran.err
    assert workbook.read_bytes() == before
    output = bench.folder / "output" / "may.reconciled.xlsx"
    answers = answers_in(output)
    assert {row: answers[row]["Result"] for row in SENT} == BECAME
    assert {row: answers[row]["What happened"] for row in HELD} == HELD
    sheet = openpyxl.load_workbook(output)["My orders"]
    assert (sheet["A1"].value, sheet["H3"].value) == ("Orders of May", "When")
    assert (sheet["A5"].value, sheet["A5"].number_format) == (42, "00000")
    assert sheet["H15"].value == datetime(2026, 5, 4)  # noqa: DTZ001 - as Excel has it
    assert (sheet["G10"].value, sheet["G10"].data_type) == ("#N/A", "e")
    assert sheet.row_dimensions[11].hidden
    # Dropped in again, nothing is ordered twice.
    again = bench.run("submit", output, "--json")
    assert again.figures["orders"] == ran.figures["orders"]
    told = answers_in(output)
    assert {row: told[row]["Order ID"] for row in SENT} == {
        row: answers[row]["Order ID"] for row in SENT
    }


@pytest.mark.parametrize(
    ("kind", "ending"),
    [
        ("csv", "csv"),
        ("csv", "xlsm"),
        ("csv", "xls"),
        ("xls", "xlsx"),
        ("xlsb", "xlsx"),
        ("ods", "xlsm"),
        ("xlsx", "xls"),
        ("xlsx", "csv"),
    ],
)
def test_a_file_is_what_its_bytes_say(bench: Bench, kind: str, ending: str) -> None:
    workbook = bench.folder / f"may.{ending}"
    workbook.write_bytes(CONTENTS[kind]())
    ran = bench.run("check", workbook, "--json")
    right = bench.folder / f"right.{kind}"
    right.write_bytes(CONTENTS[kind]())
    wanted = bench.run("check", right, "--json")
    assert ran.code == wanted.code, ran.err
    assert ran.figures["output"] == "output/may.checked.xlsx"
    assert ran.figures["orders"] == wanted.figures["orders"]
    book = openpyxl.load_workbook(bench.folder / "output" / "may.checked.xlsx")
    assert "Summary" in book.sheetnames
