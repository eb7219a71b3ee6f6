"""`orderdrop submit` as a process, against the embedded marketplace."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.cell.cell import Cell

from schemas.columns import RESULT_COLUMNS
from tests.command.conftest import (
    ROOT,
    SAMPLES,
    Bench,
    Book,
    clean_environment,
    is_unlocked,
    marketplace,
    wait_for,
)

OURS = ("PO-", "OT-", "REN-", "UPG-4", "UPG-2240-X", "UPG-2197-X", "MTH-2210-R", "MTH-2188-R")
"""What the references of the samples begin with, unlike those of seeded orders."""

READ_ONLY = {
    "orderId",
    "customerId",
    "status",
    "source",
    "creationDate",
    "links",
    "pricing",
    "flexDiscounts",
    "proratedDays",
    "pricingSummary",
}


def answers_in(path: Path) -> dict[int, dict[str, Any]]:
    """Row number to all cells of the row by header, the result columns included."""
    book = openpyxl.load_workbook(path)
    for sheet in book.worksheets:
        for header in sheet.iter_rows(max_row=20):
            titles = [cell.value for cell in header]
            if "Result" in titles and "What to do" in titles:
                rows = sheet.iter_rows(min_row=header[0].row + 1)
                return {
                    row[0].row: {str(t): c.value for t, c in zip(titles, row, strict=False)}
                    for row in rows
                    if any(cell.value is not None for cell in row)
                }
    raise AssertionError("no result columns")


def answered_book(bench: Bench) -> Any:
    """The practice marketplace of a bench, opened again over its own book."""
    book = bench.state / "practice" / "marketplace.sqlite"
    # The one that ran beside the command ends a moment after it.
    wait_for(lambda: is_unlocked(book.with_name(f"{book.name}.lock")))
    return marketplace("--state", book)


@pytest.mark.parametrize(
    "sample", ["clean-orders", "order-types", "renewals", "upgrades", "with-mistakes"]
)
def test_every_row_says_what_the_marketplaces_own_book_says(bench: Bench, sample: str) -> None:
    ran = bench.run("submit", SAMPLES / f"{sample}.xlsx", "--json")
    assert ran.code in {0, 4}, ran.err
    rows = answers_in(bench.folder / ran.figures["output"])
    compared = 0
    with answered_book(bench) as book:
        placed = {
            order["externalReferenceId"]: order
            for order in book.orders()
            if order["externalReferenceId"].startswith(OURS)
        }
        seen: dict[str, list[str]] = defaultdict(list)
        for row in rows.values():
            reference = row.get("PO number") or row.get("externalReferenceId")
            if not row["Order ID"]:
                assert reference not in placed, row
                continue
            customer = row.get("Customer ID") or row["customerId"]
            order = book.order(customer, row["Order ID"])
            number = int(row.get("extLineItemNumber") or len(seen[row["Order ID"]]) + 1)
            total = order.get("pricingSummary", [{}])[0].get("totalLineItemPartnerPrice")
            assert row["Order total"] == total
            line = next(li for li in order["lineItems"] if li["extLineItemNumber"] == number)
            seen[row["Order ID"]].append(str(reference))
            assert order["externalReferenceId"] == reference
            assert row["Order status"] == order["status"]
            assert row["Line status"] == line["status"]
            assert (row["Line subscription ID"] or "") == line["subscriptionId"]
            assert row["Offer sold"] == line["offerId"]
            compared += 1
        assert {placed[reference]["orderId"] for reference in placed} == set(seen)
    assert compared >= 3


def test_clean_orders_are_all_ordered_and_practice_says_so(bench: Bench) -> None:
    ran = bench.run("submit", SAMPLES / "clean-orders.xlsx", "--json")
    assert ran.code == 0, ran.err
    assert ran.err.splitlines()[0].startswith("Practice: ")
    assert ran.figures["orders"]["done"] == 13
    assert sum(ran.figures["orders"].values()) == 13
    rows = answers_in(bench.folder / ran.figures["output"])
    results = Counter(row["Result"] for row in rows.values() if row["Result"])
    assert results == {"Practice: Ordered": 26}
    assert all(row["Line price"] for row in rows.values() if row["Result"])


def test_every_mistake_is_found_on_its_row_and_cell_and_no_good_row_is_accused(
    bench: Bench,
) -> None:
    ran = bench.run("submit", SAMPLES / "with-mistakes.xlsx", "--json")
    assert ran.code == 4, ran.err
    path = bench.folder / ran.figures["output"]
    rows = answers_in(path)
    sheet = openpyxl.load_workbook(path)["Orders"]
    titles = {cell.value: cell.column for cell in sheet[4]}
    with (SAMPLES / "with-mistakes.expected.csv").open(encoding="utf-8") as file:
        wanted = list(csv.DictReader(file))
    mistakes = [line for line in wanted if line["code"]]
    assert len({(line["column"], line["code"]) for line in mistakes}) >= 30
    codes: dict[int, set[str]] = defaultdict(set)
    bad_references = {line["reference"] for line in mistakes}
    for line in mistakes:
        codes[int(line["row"])].add(line["code"])
        cell = sheet.cell(int(line["row"]), titles[line["column"]])
        assert isinstance(cell, Cell)
        assert cell.comment is not None, line
    for line in wanted:
        row = rows[int(line["row"])]
        if not line["code"] and line["reference"] in bad_references:
            codes[int(line["row"])] = {"ORDER_HELD"}
        assert set((row["Error code"] or "").split(", ")) - {""} == codes[int(line["row"])], line
        held = line["reference"] in bad_references
        assert row["Result"] == ("Practice: Held" if held else "Practice: Ordered"), line
        assert bool(row["What to do"]) == held
    marked = {
        cell.coordinate
        for number in rows
        for cell in sheet[number]
        if cell.comment is not None and cell.column < titles["Result"]
    }
    assert len(marked) == len({(line["row"], line["column"]) for line in mistakes})
    with answered_book(bench) as book:
        placed = {o["externalReferenceId"] for o in book.orders()}
    assert {f"PO-GOOD-{n:03}" for n in range(1, 9)} <= placed
    assert not placed & (bad_references - {""})


def test_the_servers_record_shows_a_well_behaved_client(bench: Bench) -> None:
    """One correlation id per intent, no request id twice, clean bodies, one currency level."""
    for sample in ("clean-orders", "order-types"):
        bench.run("submit", SAMPLES / f"{sample}.xlsx", "--json")
    with answered_book(bench) as book:
        calls = [call for call in book.calls() if call["path"].startswith("/v3/")]
    posts = [call for call in calls if call["method"] == "POST"]
    assert len(posts) >= 20
    request_ids = [call["requestId"] for call in calls]
    assert len(set(request_ids)) == len(request_ids)
    bodies: dict[str, set[str]] = defaultdict(set)
    for call in posts:
        bodies[call["correlationId"]].add(call["requestBody"])
    assert all(len(sent) == 1 for sent in bodies.values())
    assert len({call["correlationId"] for call in calls}) == len(calls), "no call was repeated"
    for call in posts:
        body = json.loads(call["requestBody"])
        assert not READ_ONLY & set(body), body
        assert "currencyCode" not in body
        for line in body["lineItems"]:
            assert not READ_ONLY & set(line)
            assert len(line["currencyCode"]) == 3
        assert not _empties(body), body


def _empties(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_empties(inner) for inner in value.values())
    if isinstance(value, list):
        return not value or any(_empties(inner) for inner in value)
    return value is None or value == ""


def test_the_same_workbook_again_sends_nothing_and_answers_the_same(bench: Bench) -> None:
    first = bench.run("submit", SAMPLES / "clean-orders.xlsx", "--json")
    again = bench.run("submit", SAMPLES / "clean-orders.xlsx", "--json", "--out", "again.xlsx")
    assert (first.code, again.code) == (0, 0), again.err
    before = answers_in(bench.folder / first.figures["output"])
    after = answers_in(bench.folder / "again.xlsx")
    for number, row in before.items():
        for column in ("Result", "Order ID", "Order status", "Line status", "Line price"):
            assert after[number][column] == row[column]
    with answered_book(bench) as book:
        posts = [c for c in book.calls() if c["method"] == "POST" and c["path"].startswith("/v3")]
    assert len(posts) == 13


def test_a_reconciled_workbook_dropped_again_is_answered_from_the_ledger(bench: Bench) -> None:
    first = bench.run("submit", SAMPLES / "clean-orders.xlsx", "--json")
    dropped = bench.folder / "dropped.xlsx"
    shutil.copy(bench.folder / first.figures["output"], dropped)
    again = bench.run("submit", dropped, "--json")
    assert again.code == 0, again.err
    assert again.figures["orders"]["done"] == 13
    sheet = openpyxl.load_workbook(bench.folder / again.figures["output"])["November orders"]
    titles = [cell.value for cell in sheet[4]]
    assert [titles.count(column) for column in RESULT_COLUMNS] == [1] * len(RESULT_COLUMNS)
    with answered_book(bench) as book:
        posts = [c for c in book.calls() if c["method"] == "POST" and c["path"].startswith("/v3")]
    assert len(posts) == 13


def test_the_same_orders_in_another_workbook_are_ordered_before_and_not_sent(
    bench: Bench,
) -> None:
    bench.run("submit", SAMPLES / "clean-orders.xlsx", "--json")
    other = openpyxl.load_workbook(SAMPLES / "clean-orders.xlsx")
    other["Notes"]["A9"] = "another copy"
    other.save(bench.folder / "copy.xlsx")
    again = bench.run("submit", bench.folder / "copy.xlsx", "--json")
    assert again.code == 4
    assert again.figures["orders"]["placed_before"] == 13
    with answered_book(bench) as book:
        posts = [c for c in book.calls() if c["method"] == "POST" and c["path"].startswith("/v3")]
    assert len(posts) == 13


def test_two_commands_at_once_on_one_workbook_place_every_order_once(bench: Bench) -> None:
    with marketplace("--latency", "0.2") as book, ThreadPoolExecutor(2) as both:
        runs = [
            both.submit(
                bench.run,
                "submit",
                SAMPLES / "clean-orders.xlsx",
                "--json",
                "--out",
                f"{name}.xlsx",
                **_at(book),
                ORDERDROP_PATIENCE="0.05",
            )
            for name in ("one", "two")
        ]
        first, second = (run.result() for run in runs)
        orders = [o for o in book.orders() if o["externalReferenceId"].startswith("PO-2611")]
    assert (first.code, second.code) == (0, 0), first.err + second.err
    assert len(orders) == 13
    rows = [answers_in(bench.folder / f"{name}.xlsx") for name in ("one", "two")]
    ids = [[row["Order ID"] for row in answers.values()] for answers in rows]
    assert ids[0] == ids[1]


def test_an_order_without_an_answer_is_in_doubt_and_never_placed_twice(bench: Bench) -> None:
    """Every first order call is executed and then cut; its repeat gets the stored answer."""
    with marketplace("--faults", "closed-after=0.5", "--seed", "7") as book:
        ran = bench.run(
            "submit",
            SAMPLES / "clean-orders.xlsx",
            "--json",
            "--follow",
            "10",
            **_at(book),
            ORDERDROP_PATIENCE="0.02",
        )
        orders = [o for o in book.orders() if o["externalReferenceId"].startswith("PO-2611")]
        assert ran.code == 0, ran.err + ran.out
        references = Counter(order["externalReferenceId"] for order in orders)
        assert references == dict.fromkeys((f"PO-2611-{n:03}" for n in range(1, 14)), 1)
        calls = [c for c in book.calls() if c["method"] == "POST" and "/orders" in c["path"]]
        assert len(calls) > 13, "the fault was never met"
        assert len({call["correlationId"] for call in calls}) == 13


def _at(book: Book) -> dict[str, str]:
    return {
        "ORDERDROP_MARKETPLACE_URL": book.url,
        "ORDERDROP_CLIENT_ID": "practice",
        "ORDERDROP_CLIENT_SECRET": "practice-secret",
    }


# --- what can go wrong before the first order: one sentence, the right exit code, nothing done ---


def _one_sentence(ran: Any, code: int, word: str) -> None:
    assert ran.code == code, ran.err
    assert "Traceback" not in ran.err + ran.out
    told = [line for line in ran.err.splitlines() if not line.startswith(("Practice", "Submit"))]
    assert len(told) == 1, ran.err
    assert word in told[0]
    assert ran.out == "" or ran.figures == {"error": told[0], "exit_code": code}


def _nothing_done(bench: Bench) -> None:
    assert not (bench.folder / "output").exists()


def test_a_wrong_secret_stops_with_a_sentence(bench: Bench) -> None:
    with marketplace() as book:
        settings = {**_at(book), "ORDERDROP_CLIENT_SECRET": "not-this-one"}
        ran = bench.run("submit", SAMPLES / "clean-orders.xlsx", "--json", **settings)
        assert not any(call["orderId"] for call in book.calls())
    _one_sentence(ran, 3, "ORDERDROP_CLIENT_SECRET")
    assert "not-this-one" not in ran.err
    _nothing_done(bench)


def test_an_unknown_host_stops_with_a_sentence(bench: Bench) -> None:
    settings = {
        "ORDERDROP_MARKETPLACE_URL": "http://nowhere.invalid",
        "ORDERDROP_CLIENT_ID": "x",
        "ORDERDROP_CLIENT_SECRET": "y",
        "ORDERDROP_PATIENCE": "0.1",
    }
    _one_sentence(
        bench.run("submit", SAMPLES / "clean-orders.xlsx", **settings), 3, "nowhere.invalid"
    )
    _nothing_done(bench)


def test_a_server_that_is_down_stops_with_a_sentence(bench: Bench) -> None:
    with marketplace() as book:
        settings = {**_at(book), "ORDERDROP_PATIENCE": "0.1"}
    ran = bench.run("submit", SAMPLES / "clean-orders.xlsx", **settings)
    _one_sentence(ran, 3, "cannot be reached")
    _nothing_done(bench)


def test_a_missing_credential_stops_with_a_sentence(bench: Bench) -> None:
    ran = bench.run("submit", SAMPLES / "clean-orders.xlsx", "--environment", "sandbox")
    assert ran.code == 3
    assert ran.err.strip() == (
        "The sandbox environment needs ORDERDROP_CLIENT_ID and ORDERDROP_CLIENT_SECRET; ask "
        "whoever looks after the marketplace account for them."
    )


def test_a_file_that_is_missing_is_wrong_use(bench: Bench) -> None:
    _one_sentence(bench.run("submit", "nothing.xlsx"), 2, "There is no file nothing.xlsx")


@pytest.mark.parametrize(
    ("content", "word"),
    [(b"", "0 bytes"), (b"a,b\n1,2\n", "looks like an order sheet"), (b"PK\x03\x04cut", "damaged")],
)
def test_a_file_that_is_no_workbook_is_wrong_use(bench: Bench, content: bytes, word: str) -> None:
    (bench.folder / "odd.xlsx").write_bytes(content)
    _one_sentence(bench.run("submit", "odd.xlsx"), 2, word)
    _nothing_done(bench)


def test_a_workbook_without_an_order_sheet_is_wrong_use(bench: Bench) -> None:
    book = openpyxl.Workbook()
    book.active["A1"] = "Holiday plan"
    book.save(bench.folder / "plan.xlsx")
    _one_sentence(bench.run("submit", "plan.xlsx"), 2, "looks like an order sheet")
    _nothing_done(bench)


def test_an_order_sheet_without_orders_is_wrong_use(bench: Bench) -> None:
    book = openpyxl.Workbook()
    book.active.append(["externalReferenceId", "customerId", "offerId", "quantity"])
    book.save(bench.folder / "bare.xlsx")
    _one_sentence(bench.run("submit", "bare.xlsx"), 2, "no orders below it")
    _nothing_done(bench)


# --- check, orders, and a cold start ---


def test_check_writes_the_answers_and_calls_nobody(bench: Bench) -> None:
    ran = bench.run(
        "check", SAMPLES / "with-mistakes.xlsx", "--json", PREFECT_API_URL="http://127.0.0.1:9/api"
    )
    assert ran.code == 4, ran.err
    assert ran.figures["orders"]["held"] == 49
    assert ran.figures["orders"]["ready"] == 8
    assert ran.figures["calls"] == 0
    assert not (bench.state / "practice").exists()
    rows = answers_in(bench.folder / ran.figures["output"])
    assert Counter(row["Result"] for row in rows.values())["Practice: Held"] == 55


def test_check_leaves_the_answers_of_placed_orders_where_they_are(bench: Bench) -> None:
    first = bench.run("submit", SAMPLES / "order-types.xlsx", "--json")
    placed = answers_in(bench.folder / first.figures["output"])
    checked = bench.run("check", bench.folder / first.figures["output"], "--json")
    assert checked.figures["orders"]["done"] == first.figures["orders"]["done"]
    rows = answers_in(bench.folder / checked.figures["output"])
    for number, row in placed.items():
        if row["Result"] == "Practice: Ordered":
            assert (rows[number]["Result"], rows[number]["Order ID"]) == (
                "Practice: Ordered",
                row["Order ID"],
            )


def test_a_row_changed_after_it_was_ordered_is_held_and_keeps_its_order_id(bench: Bench) -> None:
    first = bench.run("submit", SAMPLES / "clean-orders.xlsx", "--json")
    path = bench.folder / first.figures["output"]
    book = openpyxl.load_workbook(path)
    sheet = book["November orders"]
    titles = {cell.value: cell.column for cell in sheet[4]}
    order_id = sheet.cell(5, titles["Order ID"]).value
    for number, quantity in ((5, 9), (6, "x")):
        sheet.cell(number, titles["Qty"]).value = quantity
    changed = bench.folder / "changed.xlsx"
    book.save(changed)
    again = bench.run("submit", changed, "--json")
    assert again.code == 4
    row = answers_in(bench.folder / again.figures["output"])[5]
    assert row["Result"] == "Practice: Held"
    assert row["Order ID"] == order_id
    assert f"Order {order_id} was placed on" in row["What happened"]
    with answered_book(bench) as marketplace_book:
        assert len([o for o in marketplace_book.orders() if o["orderType"] == "NEW"]) >= 13
        posts = [c for c in marketplace_book.calls() if c["path"].endswith("/orders")]
    assert len([c for c in posts if c["method"] == "POST"]) == 13


@pytest.mark.parametrize("out", ["folder.xlsx", "file/answers.xlsx", "answers.csv"])
def test_a_place_that_cannot_take_the_answers_is_found_before_anything_is_ordered(
    bench: Bench, out: str
) -> None:
    (bench.folder / "folder.xlsx").mkdir()
    (bench.folder / "file").touch()
    ran = bench.run("submit", SAMPLES / "clean-orders.xlsx", "--out", out, "--json")
    assert ran.code in {2, 3}
    assert "Nothing was ordered." in ran.err
    assert "Nothing was ordered." in ran.figures["error"]
    assert "Traceback" not in ran.err
    assert not (bench.state / "practice").exists()


def test_orders_shows_what_the_ledger_knows(bench: Bench) -> None:
    bench.run("submit", SAMPLES / "order-types.xlsx")
    known = {order["reference"]: order for order in bench.run("orders", "--json").figures["orders"]}
    assert known["OT-101"]["state"] == "done"
    assert known["OT-102"]["state"] == "refused"
    assert known["OT-103"]["state"] == "failed"
    one = bench.run("orders", "OT-101", "--json").figures["orders"]
    assert [order["order_id"] for order in one] == [known["OT-101"]["order_id"]]
    assert bench.run("orders", "--open", "--json").figures["orders"] == []


def test_a_cold_start_brings_its_own_servers_and_leaves_none_behind(tmp_path: Path) -> None:
    state = tmp_path / "state"
    ended = subprocess.run(
        [sys.executable, "-m", "flows.cli", "submit", str(SAMPLES / "clean-orders.xlsx")],
        cwd=tmp_path,
        env={
            **clean_environment(),
            "PYTHONPATH": str(ROOT),
            "ORDERDROP_STATE_DIR": str(state),
            "PREFECT_HOME": str(tmp_path / "home"),
        },
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert "13  done" in ended.stdout
    wait_for(lambda: not list(state.glob("*/server.json")))
