"""`orderdrop submit --also`: the same answers for machines, by the file rules of the workbook."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from schemas.columns import ORDER_COLUMNS, RESULT_COLUMNS
from tests.command.conftest import ROOT, SAMPLES, Bench, Ran, clean_environment, marketplace
from tests.command.test_follow_up import Desk, sheet
from tests.command.test_submit import answers_in

__all__ = ["sheet"]

SHOWN_AS = {
    "PO number": "externalReferenceId",
    "Customer ID": "customerId",
    "Order type": "orderType",
    "SKU": "offerId",
    "Qty": "quantity",
    "Currency": "currencyCode",
    "Promo code": "flexDiscountCodes",
}
"""The headers of the clean sample, and what they mean."""


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").removesuffix("\n").split("\n")]


def test_the_records_say_what_the_workbook_says(bench: Bench) -> None:
    ran = bench.run("submit", SAMPLES / "clean-orders.xlsx", "--also", "csv,jsonl", "--json")
    assert ran.code == 0, ran.err
    assert ran.figures["also"] == [
        "output/clean-orders.reconciled.csv",
        "output/clean-orders.reconciled.jsonl",
    ]
    cells = answers_in(bench.folder / ran.figures["output"])
    told = lines(bench.folder / ran.figures["also"][1])
    assert [line["row"] for line in told] == list(range(5, 31))
    assert list(told[0]) == ["row", *ORDER_COLUMNS, "state", *RESULT_COLUMNS]
    for line in told:
        row = cells[line["row"]]
        for title, column in SHOWN_AS.items():
            assert line[column] == str(row[title] or ""), (line["row"], title)
        for column in set(ORDER_COLUMNS) - set(SHOWN_AS.values()):
            assert line[column] == ""
        assert line["state"] == "done"
        for column in set(RESULT_COLUMNS) - {"Line price", "Order total", "Answered at"}:
            assert line[column] == (row[column] or "")
        for column in ("Line price", "Order total"):
            assert float(line[column]) == row[column]
        assert datetime.fromisoformat(line["Answered at"]).utcoffset() is not None
        assert line["Answered at"].endswith("Z")
    for record, line in zip(table(bench.folder / ran.figures["also"][0]), told, strict=True):
        assert record == {name: str(value or "") for name, value in line.items()}


def test_nothing_is_written_for_machines_unless_it_is_asked_for(bench: Bench) -> None:
    ran = bench.run("submit", SAMPLES / "order-types.xlsx", "--json")
    assert ran.figures["also"] == []
    assert [path.name for path in (bench.folder / "output").iterdir()] == [
        "order-types.reconciled.xlsx"
    ]


def test_held_rows_are_told_with_what_was_typed_and_nothing_of_it_runs(bench: Bench) -> None:
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    page.append(("externalReferenceId", "customerId", "orderType", "offerId", "quantity"))
    page.append(("00042", "P1005053401", "NEW", "65310542CA02A12", "-2"))
    page.append(("@evil", "P1005053401", "NEW", "65310542CA02A12", "3"))
    path = bench.folder / "held.xlsx"
    book.save(path)
    ran = bench.run("submit", path, "--also", "jsonl,csv")
    assert ran.code == 4, ran.err
    assert (
        "For machines: output/held.reconciled.csv, output/held.reconciled.jsonl"
        in ran.out.splitlines()
    )
    (first, second) = table(bench.folder / "output/held.reconciled.csv")
    assert (first["externalReferenceId"], first["quantity"]) == ("00042", "'-2")
    assert (first["state"], first["Result"]) == ("held", "Practice: Held")
    assert first["Error code"] == "QUANTITY_BELOW_ONE, MISSING"
    assert second["externalReferenceId"] == "'@evil"
    exact = lines(bench.folder / "output/held.reconciled.jsonl")
    assert [line["externalReferenceId"] for line in exact] == ["00042", "@evil"]
    assert exact[0]["quantity"] == "-2"


def test_one_that_was_edited_is_left_alone_and_one_of_ours_is_brought_up_to_date(
    bench: Bench,
) -> None:
    path = SAMPLES / "order-types.xlsx"
    first = bench.run("submit", path, "--also", "csv,jsonl", "--json").figures
    plain, exact = (bench.folder / place for place in first["also"])
    plain.write_bytes(plain.read_bytes() + b"a note of Mia's\r\n")
    before = plain.read_bytes(), exact.read_bytes()
    again = bench.run("submit", path, "--also", "csv", "--json").figures
    assert again["also"] == [
        "output/order-types.reconciled (2).csv",
        "output/order-types.reconciled.jsonl",
    ]
    assert plain.read_bytes() == before[0]
    assert exact.read_bytes() != before[1], "previews were asked anew"
    ids = [json.loads(line)["Order ID"] for line in before[1].decode().splitlines()]
    assert [line["Order ID"] for line in lines(exact)] == ids
    assert len(table(bench.folder / again["also"][0])) == len(lines(exact)) == 13


def test_follow_writes_them_again_with_the_workbook_read_as_it_was(
    bench: Bench, sheet: Path
) -> None:
    """A company's own header is understood as on the day, whatever the settings say by now."""
    changed = openpyxl.load_workbook(sheet)
    changed.worksheets[0]["D1"] = "Artikel"
    changed.save(sheet)
    settings = bench.folder / "orderdrop.toml"
    settings.write_text('[headers]\n"Artikel" = "offerId"\n')
    with marketplace() as book:
        desk = Desk(bench, book)
        desk.faults("executed-500-1124@2,get:closed-before=1")
        ran = desk.run(
            "submit",
            sheet,
            "--also",
            "csv,jsonl",
            "--json",
            "--follow",
            "0",
            ORDERDROP_IN_FLIGHT="1",
        )
        desk.faults("")
        assert ran.code == 5, ran.err + ran.out
        plain, exact = (bench.folder / place for place in ran.figures["also"])
        assert [record["state"] for record in table(plain)][1] == "in_doubt"
        settings.unlink()
        followed = desk.run("follow", "--json")
        assert followed.code == 0, followed.err + followed.out
        (order,) = desk.placed("DOUBT-1")
        for told in (table(plain), lines(exact)):
            assert told[1]["state"] == "done"
            assert told[1]["Order ID"] == order["orderId"]
            assert told[1]["offerId"] == "65318877CA02A12"


def test_resolve_writes_them_again_with_the_workbook(bench: Bench, sheet: Path) -> None:
    with marketplace() as book:
        desk = Desk(bench, book)
        desk.faults("unexecuted-500-1124@2")
        ran = desk.run(
            "submit", sheet, "--also", "jsonl", "--json", "--follow", "0", ORDERDROP_IN_FLIGHT="1"
        )
        desk.faults("")
        (exact,) = (bench.folder / place for place in ran.figures["also"])
        assert [line["state"] for line in lines(exact)][1] == "in_doubt"
        settled = desk.run("resolve", "DOUBT-1", "--not-placed", "--json")
        assert settled.code == 0, settled.err
        told = lines(exact)[1]
        assert (told["state"], told["Error code"]) == ("held", "NOT_PLACED")
        assert not exact.with_suffix(".csv").exists()


# --- wrong use, before anything is ordered ---


def alone(folder: Path, *arguments: str | Path) -> Ran:
    """The command without any server: what it says must come before it needs one."""
    ended = subprocess.run(
        [sys.executable, "-m", "flows.cli", *map(str, arguments)],
        cwd=folder,
        env={
            **clean_environment(),
            "PYTHONPATH": str(ROOT),
            "ORDERDROP_STATE_DIR": str(folder / "state"),
            "PREFECT_API_URL": "http://127.0.0.1:9/api",
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return Ran(ended.returncode, ended.stdout, ended.stderr)


@pytest.mark.parametrize(("named", "unknown"), [("xml", "xml"), ("csv,parquet", "parquet")])
def test_a_format_that_is_not_known_is_wrong_use(tmp_path: Path, named: str, unknown: str) -> None:
    ran = alone(tmp_path, "submit", SAMPLES / "clean-orders.xlsx", "--also", named, "--json")
    sentence = (
        f'--also knows csv and jsonl (or both: csv,jsonl), and not "{unknown}". '
        "Nothing was ordered."
    )
    assert (ran.code, ran.err) == (2, f"{sentence}\n")
    assert ran.figures == {"error": sentence, "exit_code": 2}
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_take_them_is_found_before_anything_is_ordered(
    tmp_path: Path,
) -> None:
    (tmp_path / "output" / "clean-orders.reconciled.csv").mkdir(parents=True)
    ran = alone(tmp_path, "submit", SAMPLES / "clean-orders.xlsx", "--also", "csv")
    assert ran.code == 3
    assert ran.err.splitlines()[-1] == (
        "The answers could not be written to output/clean-orders.reconciled.csv "
        "(Is a directory). Nothing was ordered."
    )
    assert not (tmp_path / "state").exists()
