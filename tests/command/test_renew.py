"""`orderdrop renew` as a command: the sample's first night, its second, and who must say where."""

from __future__ import annotations

import sqlite3
from datetime import date, timedelta
from typing import Any

import openpyxl

from tests.command.conftest import SAMPLES, Bench
from tests.desk.renewal_office import told_in

BOOK = SAMPLES / "renewal-book.xlsx"


def by_company(path: str) -> dict[str, list[str]]:
    """The results of each company's subscriptions."""
    found: dict[str, list[str]] = {}
    for row in told_in(path).values():
        found.setdefault(str(row["Company"]).split()[0], []).append(str(row["Result"]))
    return found


def next_night(bench: Bench) -> None:
    """A night passes, for the ledger."""
    with sqlite3.connect(bench.state / "ledger.sqlite") as ledger:
        for (night,) in ledger.execute("select night from renewal_nights").fetchall():
            before = (date.fromisoformat(night) - timedelta(days=1)).isoformat()
            ledger.execute("update renewal_nights set night = ? where night = ?", (before, night))
    ledger.close()


def test_the_first_night_is_dry_and_the_second_does_what_it_said(bench: Bench) -> None:
    practice = {"ORDERDROP_ENVIRONMENT": "practice"}
    first = bench.run("renew", BOOK, "--json", **practice)
    (night,) = first.figures["books"]
    assert (first.code, night["dry_run"], night["tonight"]) == (4, True, "dry run")
    would, held, nothing = "Practice: Would be renewed", "Practice: Held", "Practice: Nothing to do"
    expected = {
        "Oakfield": [nothing, nothing],
        "Pinewood": [held],
        "Quarry": [would],
        "Redcliff": [would],
        "Saltmarsh": [nothing],
        "Thornbury": [held],
        "Upland": [nothing, nothing],
        "Vale": [held],
    }
    assert by_company(str(bench.folder / night["output"])) == expected
    summary = openpyxl.load_workbook(bench.folder / night["output"])["Summary"]
    assert [summary.cell(row, 1).value for row in (1, 2, 3)] == [
        "2 subscriptions would be renewed",
        "Practice: nothing is ordered for real.",
        (
            "Dry run: this is the first night of this renewal book. Nothing was ordered; the next "
            "night does what stands here."
        ),
    ]

    same_night = bench.run("renew", BOOK, "--json", **practice)
    assert same_night.figures["books"][0]["output"] == ""

    next_night(bench)
    second = bench.run("renew", BOOK, **practice)
    assert second.code == 4, second.err
    assert f"renewal-book.xlsx, night of {night['night']}: 2 renewed, 5 nothing to do, 3 held." in (
        second.out
    )
    assert "Rows that need you: 6, 10, 12." in second.out
    renewed = {**expected, "Quarry": ["Practice: Renewed"], "Redcliff": ["Practice: Renewed"]}
    assert by_company(str(bench.folder / written(second.out))) == renewed


def written(out: str) -> str:
    """The path of the renewal workbook, as the command says it."""
    return out.rpartition("The answers are in ")[2].strip()


def test_nothing_is_renewed_unattended_without_an_environment(bench: Bench) -> None:
    ran = bench.run("renew", BOOK)
    assert ran.code == 3
    assert ran.err == (
        "What runs unattended needs an environment: set ORDERDROP_ENVIRONMENT or use "
        "--environment practice, sandbox or production. Nothing was ordered.\n"
    )
    assert not bench.state.exists()


def test_without_a_book_it_says_where_one_belongs(bench: Bench) -> None:
    ran = bench.run("renew", "--environment", "practice", "--json")
    figures: dict[str, Any] = ran.figures
    assert (ran.code, figures["error"]) == (
        2,
        (
            "There is no renewal book: put a workbook into inbox/renewals, or name one. Nothing "
            "was ordered."
        ),
    )


def test_a_dry_run_of_a_folder_of_books(bench: Bench) -> None:
    folder = bench.folder / "inbox" / "renewals"
    folder.mkdir(parents=True)
    (folder / "customers.csv").write_text("customerId,renew\nP1005053418,yes\n")
    (folder / "~$customers.csv").write_text("open in Excel")
    ran = bench.run("renew", "--dry-run", "--environment", "practice", "--json")
    (night,) = ran.figures["books"]
    assert (ran.code, night["workbook"], night["subscriptions"]["would_renew"]) == (
        0,
        "customers.csv",
        1,
    )
    assert night["output"] == f"output/customers.{night['night']}.dry-run.xlsx"
