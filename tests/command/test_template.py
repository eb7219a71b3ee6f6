"""`orderdrop template` as a process: a file of its own, and never over another one."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import openpyxl
import pytest

from flows.workbook.template import template
from schemas.columns import ORDER_COLUMNS
from tests.command.conftest import ROOT, Ran, clean_environment


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the command runs; its state folder stands below."""
    return tmp_path


def run(folder: Path, *arguments: str) -> Ran:
    ended = subprocess.run(
        [sys.executable, "-m", "flows.cli", *arguments],
        cwd=folder,
        env={
            **clean_environment(),
            "PYTHONPATH": str(ROOT),
            "ORDERDROP_STATE_DIR": str(folder / "state"),
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return Ran(ended.returncode, ended.stdout, ended.stderr)


def refused(ran: Ran, sentence: str, code: int = 2) -> None:
    assert (ran.code, ran.err, ran.out) == (code, f"{sentence}\n", "")


def test_it_makes_an_order_sheet_in_this_folder_and_says_what_comes_next(folder: Path) -> None:
    ran = run(folder, "template")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == (
        "order-sheet.xlsx is an empty order sheet: the notes on its headers say what goes where, "
        "the tab Examples shows it.\n"
        "When it is filled in: orderdrop check order-sheet.xlsx\n"
    )
    assert [path.name for path in folder.iterdir()] == ["order-sheet.xlsx"]
    assert (folder / "order-sheet.xlsx").read_bytes() == template()


def test_for_a_program_it_says_where_the_file_is(folder: Path) -> None:
    ran = run(folder, "template", "may orders.xlsx", "--json")
    assert (ran.code, ran.err) == (0, "")
    assert json.loads(ran.out) == {"template": "may orders.xlsx"}
    assert (folder / "may orders.xlsx").read_bytes() == template()


def test_a_file_that_is_there_is_never_written_over(folder: Path) -> None:
    (folder / "order-sheet.xlsx").write_bytes(b"Mia's orders")
    sentence = "order-sheet.xlsx exists already and was left as it is; name another file."
    refused(run(folder, "template"), sentence)
    ran = run(folder, "template", "--json")
    assert json.loads(ran.out) == {"error": sentence, "exit_code": 2}
    assert (folder / "order-sheet.xlsx").read_bytes() == b"Mia's orders"


def test_a_place_that_is_none_is_told_in_a_sentence(folder: Path) -> None:
    refused(
        run(folder, "template", "not here/may.xlsx"),
        "There is no folder not here; make it first, or name a file elsewhere.",
    )
    refused(
        run(folder, "template", "may.csv"),
        "The order sheet is a workbook: name a file that ends in .xlsx.",
    )
    (folder / "may.xlsx").mkdir()
    refused(
        run(folder, "template", "may.xlsx"),
        "may.xlsx exists already and was left as it is; name another file.",
    )
    assert list(folder.rglob("*.*")) == [folder / "may.xlsx"]


def test_as_it_is_it_is_an_empty_order_sheet_and_filled_in_it_is_ready(folder: Path) -> None:
    run(folder, "template")
    refused(
        _without_first_line(run(folder, "check", "order-sheet.xlsx")),
        "The sheet Orders of order-sheet.xlsx has a header (row 1) but no orders below it; "
        "nothing to do.",
    )
    book = openpyxl.load_workbook(folder / "order-sheet.xlsx")
    typed = {
        "externalReferenceId": "0042",
        "customerId": "P1005053401",
        "orderType": "NEW",
        "offerId": "65310542CA02A12",
        "quantity": 3,
        "currencyCode": "USD",
    }
    book["Orders"].append([typed.get(column) for column in ORDER_COLUMNS])
    book.save(folder / "may.xlsx")
    ran = run(folder, "check", "may.xlsx", "--json")
    assert ran.code == 0, ran.err
    assert ran.figures["orders"]["ready"] == 1
    assert ran.figures["sheet"] == "Orders"
    answered = openpyxl.load_workbook(folder / ran.figures["output"])
    assert answered.sheetnames == ["Orders", "Examples", "Summary", "Orders (2)", "To do"]
    assert answered["Orders"]["A2"].value == "0042"


def _without_first_line(ran: Ran) -> Ran:
    """Without the line in which `check` says what it is doing."""
    first, _, rest = ran.err.partition("\n")
    assert first.startswith("Checking ")
    return Ran(ran.code, ran.out, rest)
