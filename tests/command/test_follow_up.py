"""What comes after a run: `follow`, `resolve` and `orders REFERENCE` as commands."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import openpyxl
import pytest

from tests.command.conftest import Bench, Book, Ran, marketplace
from tests.command.test_submit import answers_in

CUSTOMER = "P1005053402"
TITLES = ("externalReferenceId", "customerId", "orderType", "offerId", "quantity", "currencyCode")


@pytest.fixture
def sheet(bench: Bench) -> Path:
    """A workbook with two orders, one good and one that is going to be in doubt."""
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    page.append(TITLES)
    page.append(("GOOD-1", CUSTOMER, "NEW", "65310542CA02A12", 3, "USD"))
    page.append(("DOUBT-1", CUSTOMER, "NEW", "65318877CA02A12", 2, "USD"))
    path = bench.folder / "december.xlsx"
    book.save(path)
    return path


class Desk:
    """The command against one marketplace, with little patience."""

    def __init__(self, bench: Bench, book: Book) -> None:
        self.bench = bench
        self.book = book
        self.settings = {
            "ORDERDROP_MARKETPLACE_URL": book.url,
            "ORDERDROP_CLIENT_ID": "practice",
            "ORDERDROP_CLIENT_SECRET": "practice-secret",
            "ORDERDROP_PATIENCE": "0.001",
        }

    def run(self, *arguments: str | Path, **settings: str) -> Ran:
        return self.bench.run(*arguments, **{**self.settings, **settings})

    def faults(self, spec: str) -> None:
        httpx.put(f"{self.book.url}/control/faults", json={"spec": spec}).raise_for_status()

    def placed(self, reference: str) -> list[dict[str, Any]]:
        return [o for o in self.book.orders() if o["externalReferenceId"] == reference]

    def rows(self, output: str) -> dict[str, dict[str, Any]]:
        found = answers_in(self.bench.folder / output)
        return {row["externalReferenceId"]: row for row in found.values()}


def in_doubt(desk: Desk, sheet: Path, spec: str) -> str:
    """Submit with faults on; the output, in which one order is in doubt."""
    desk.faults(spec)
    ran = desk.run("submit", sheet, "--json", "--follow", "0", ORDERDROP_IN_FLIGHT="1")
    desk.faults("")
    assert ran.code == 5, ran.err + ran.out
    assert ran.figures["orders"]["in_doubt"] == 1
    output: str = ran.figures["output"]
    row = desk.rows(output)["DOUBT-1"]
    assert row["Result"] == "In doubt"
    assert "Do not order it again" in row["What to do"]
    return output


def test_follow_finds_an_order_that_was_placed_and_writes_the_workbook_again(
    bench: Bench, sheet: Path
) -> None:
    """Executed, but the service only says 1124: found in the history, never sent again."""
    with marketplace() as book:
        desk = Desk(bench, book)
        # The look-up of the run is silenced as well, so that the doubt outlives it.
        output = in_doubt(desk, sheet, "executed-500-1124@2,get:closed-before=1")
        followed = desk.run("follow", "--json")
        assert followed.code == 0, followed.err + followed.out
        assert (followed.figures["in_doubt"], followed.figures["open"]) == (0, 0)
        assert [Path(path).name for path in followed.figures["workbooks"]] == [Path(output).name]
        row = desk.rows(output)["DOUBT-1"]
        (order,) = desk.placed("DOUBT-1")
        assert (row["Result"], row["Order ID"]) == ("Ordered", order["orderId"])
        again = desk.run("follow", "--json")
        assert (again.figures["looked_at"], again.figures["workbooks"]) == (0, [])


def test_follow_orders_anew_what_a_fault_has_not_placed_once_the_settle_time_is_over(
    bench: Bench, sheet: Path
) -> None:
    with marketplace() as book:
        desk = Desk(bench, book)
        output = in_doubt(desk, sheet, "unexecuted-500-1124@2")
        early = desk.run("follow", "--json", ORDERDROP_SETTLE="3600000")
        assert (early.code, early.figures["in_doubt"]) == (5, 1)
        assert desk.placed("DOUBT-1") == []
        assert "not found so far" in desk.rows(output)["DOUBT-1"]["What happened"]
        late = desk.run("follow", "--json", ORDERDROP_SETTLE="1")
        assert late.figures["in_doubt"] == 0, late.out
        (order,) = desk.placed("DOUBT-1")
        assert desk.rows(output)["DOUBT-1"]["Order ID"] == order["orderId"]
        told = desk.run("orders", "DOUBT-1", "--json").figures["orders"]
        assert sorted(entry["state"] for entry in told) == ["held", "open"]
        (first,) = [entry for entry in told if entry["state"] == "held"]
        steps = [event["what"] for event in first["history"]]
        assert steps[0] == "written (planned)"
        assert any(step.startswith("send 1: HTTP 500 1124") for step in steps)
        assert steps[-1].startswith("retired (replaced by ")
        times = [event["at"] for event in first["history"]]
        assert times == sorted(times)


def test_asked_to_ask_it_sends_nothing_anew_and_a_person_settles_it(
    bench: Bench, sheet: Path
) -> None:
    with marketplace() as book:
        desk = Desk(bench, book)
        output = in_doubt(desk, sheet, "unexecuted-500-1124@2")
        for _ in range(2):
            desk.run("follow", ORDERDROP_SETTLE="1", ORDERDROP_RESEND="ask")
        assert desk.placed("DOUBT-1") == []
        row = desk.rows(output)["DOUBT-1"]
        assert "Ask whoever looks after Orderdrop" in row["What to do"]

        settled = desk.run("resolve", "DOUBT-1", "--not-placed", "--json")
        assert (settled.code, settled.figures["state"]) == (0, "not_placed")
        assert settled.figures["who"]
        row = desk.rows(output)["DOUBT-1"]
        assert (row["Result"], row["Error code"]) == ("Held", "NOT_PLACED")
        assert desk.placed("DOUBT-1") == []

        again = desk.run("submit", sheet, "--json", "--follow", "5")
        assert again.code == 0, again.err + again.out
        assert len(desk.placed("DOUBT-1")) == 1
        assert len(desk.placed("GOOD-1")) == 1


def test_a_person_binds_the_order_that_was_found_and_no_other(bench: Bench, sheet: Path) -> None:
    with marketplace() as book:
        desk = Desk(bench, book)
        output = in_doubt(desk, sheet, "executed-500-1124@2,get:closed-before=1")
        (good,), (doubtful,) = desk.placed("GOOD-1"), desk.placed("DOUBT-1")
        wrong = desk.run("resolve", "DOUBT-1", "--placed", good["orderId"])
        assert wrong.code == 2
        assert "its reference is GOOD-1" in wrong.err
        unknown = desk.run("resolve", "DOUBT-1", "--placed", "P0000000000")
        assert (unknown.code, "cannot be read" in unknown.err) == (2, True)
        right = desk.run("resolve", "DOUBT-1", "--placed", doubtful["orderId"], "--json")
        assert right.code == 0, right.err
        assert desk.rows(output)["DOUBT-1"]["Order ID"] == doubtful["orderId"]
        late = desk.run("resolve", "DOUBT-1", "--not-placed")
        assert (late.code, "is in doubt" in late.err) == (2, True)
        told = desk.run("orders", "DOUBT-1")
        assert f"found by looking up: {doubtful['orderId']}" in told.out.replace("\n", " ")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("resolve", "DOUBT-1"), "--placed ORDERID or --not-placed"),
        (("resolve", "DOUBT-1", "--placed", "1", "--not-placed"), "--placed ORDERID or"),
        (("resolve", "NOBODY", "--not-placed"), "knows no order with the reference NOBODY"),
    ],
)
def test_what_cannot_be_resolved_is_said_in_a_sentence(
    bench: Bench, arguments: tuple[str, ...], words: str
) -> None:
    ran = bench.run(*arguments)
    assert ran.code == 2
    assert words in ran.err
    assert "Traceback" not in ran.err


def test_a_workbook_that_a_person_has_changed_or_has_open_is_left_alone(
    bench: Bench, sheet: Path
) -> None:
    with marketplace() as book:
        desk = Desk(bench, book)
        output = bench.folder / in_doubt(desk, sheet, "executed-500-1124@2,get:closed-before=1")
        mark = output.with_name(f"~${output.name}")
        mark.write_bytes(b"x")
        before = output.read_bytes()
        followed = desk.run("follow", "--json")
        (written,) = followed.figures["workbooks"]
        assert Path(written).name == "december.reconciled (2).xlsx"
        assert output.read_bytes() == before
        assert desk.rows(written)["DOUBT-1"]["Result"] == "Ordered"


def test_a_workbook_that_was_replaced_is_kept(bench: Bench, sheet: Path) -> None:
    with marketplace() as book:
        desk = Desk(bench, book)
        output = bench.folder / in_doubt(desk, sheet, "executed-500-1124@2,get:closed-before=1")
        before = output.read_bytes()
        assert desk.run("follow").code == 0
        assert output.read_bytes() != before
        kept = [path.read_bytes() for path in (bench.state / "replaced").iterdir()]
        assert kept == [before]
