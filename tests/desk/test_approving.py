"""Orders that are priced before they are placed: the stages and the embedded marketplace."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import pytest
from openpyxl import Workbook, load_workbook

from flows.desk import Desk
from flows.reconciled import Reconciled
from flows.settings import Settings
from flows.submit_orders import BATCH
from flows.workbook.read import read_content
from tests.desk.large_customer import marketplace_of_a_large_customer
from tests.desk.test_follow_up import OFFER, Office, told
from tests.workbook.programs import saved_by_libreoffice

ABOVE = {"USD": Decimal(1000)}


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with marketplace_of_a_large_customer() as url:
        yield _Pricing(url, tmp_path, None)


class _Pricing(Office):
    """Whose orders above an amount must be approved."""

    above: Mapping[str, Decimal] = ABOVE

    def settings(self, state: str = "state") -> Settings:
        given = super().settings(state)
        return given.model_copy(update={"approve_above": dict(self.above)})


async def run(
    office: Office, path: Path, *, only_prices: bool = False, price_first: bool = False
) -> Reconciled:
    """All stages, as the flow has them."""
    out = office.folder / "output" / f"{path.stem}.priced.xlsx" if only_prices else None
    async with office.desk() as desk:
        planned = desk.read_and_plan(path, out, only_prices=only_prices, price_first=price_first)
        await _price_and_place(desk, planned.submission_id, planned.intent_ids, planned.waiting)
        return desk.reconcile(planned.submission_id, out)


async def _price_and_place(desk: Desk, run_id: str, ids: tuple[str, ...], left: int) -> None:
    placed = 0
    while True:
        asked = await desk.price(run_id)
        if left:
            ids, left = desk.decide(run_id)
        for start in range(placed, len(ids), BATCH):
            await desk.place(ids[start : start + BATCH], len(ids))
        was_placed = placed < len(ids)
        placed = len(ids)
        if not left or not (asked or was_placed):
            return
        await desk.follow(run_id, 30)


def filled_in(office: Office, output: str, name: str, **cells: Any) -> Path:
    """The workbook that came back with these cells written, under a name, saved by Anna."""
    book = load_workbook(output)
    sheet = book.worksheets[0]
    for place, value in cells.items():
        sheet[place] = value
    book.properties.lastModifiedBy = "Anna Smith"
    path = office.folder / "desk" / name
    path.parent.mkdir(exist_ok=True)
    book.save(path)
    return path


def approve_cell(output: str, row: int) -> str:
    """Where the approval of a row is written."""
    sheet = load_workbook(output).worksheets[0]
    (place,) = [cell.coordinate for cell in sheet[1] if cell.value == "approve"]
    return f"{place.rstrip('1')}{row}"


def placed(office: Office) -> list[str]:
    """References of the marketplace's own book."""
    orders = httpx.get(f"{office.server}/control/book").json()["orders"]
    prefix = office.full("")
    names = [order.get("externalReferenceId") or "" for order in orders]
    return sorted(name.removeprefix(prefix) for name in names if name.startswith(prefix))


def raise_price(office: Office) -> None:
    seed = {"product": OFFER[:10], "start": "2020-01-01", "priceUsd": "999.99"}
    response = httpx.post(f"{office.server}/control/seed-price", json=seed)
    assert response.status_code == 201, response.text


async def test_a_preview_is_approved_by_yes_beside_its_price(office: Office) -> None:
    priced = await run(office, office.sheet("may.xlsx", "A", "B"), only_prices=True)
    assert placed(office) == []
    before = told(priced.output)
    assert before["A"]["Result"] == "Priced"
    assert before["A"]["What to do"] == (
        "To order it at no more than this, write yes in the column approve on all its rows and "
        "drop this workbook again."
    )
    approved = filled_in(
        office, priced.output, "may.priced.xlsx", **{approve_cell(priced.output, 2): "yes"}
    )
    again = await run(office, approved)
    after = told(again.output)
    assert after["A"]["Result"] in {"Ordered", "Accepted, not finished yet"}
    assert "A" in placed(office)


async def test_a_price_that_was_not_to_be_had_makes_no_yes_of_none(office: Office) -> None:
    """The run in between showed no price; what the one before it asked for still stands."""
    priced = await run(office, office.sheet("may.xlsx", "A", "B"), only_prices=True)
    cell = approve_cell(priced.output, 2)
    approved = filled_in(office, priced.output, "may.xlsx", **{cell: "yes"})
    async with office.desk() as desk:
        planned = desk.read_and_plan(approved)
        cut_off = desk.reconcile(planned.submission_id, None)
    assert placed(office) == []
    again = await run(office, filled_in(office, cut_off.output, "may.xlsx"))
    assert placed(office) == ["A"]
    assert told(again.output)["B"]["Error code"] == "NOT_YET_APPROVED"


async def test_a_priced_workbook_of_another_ledger_places_nothing_without_a_yes(
    office: Office,
) -> None:
    priced = await run(office, office.sheet("may.xlsx", "A"), only_prices=True)
    async with office.desk("elsewhere") as desk:
        planned = desk.read_and_plan(filled_in(office, priced.output, "may.xlsx"))
        await _price_and_place(desk, planned.submission_id, planned.intent_ids, planned.waiting)
        asked = desk.reconcile(planned.submission_id, None)
    assert placed(office) == []
    assert told(asked.output)["A"]["Error code"] == "NOT_YET_APPROVED"


async def test_who_approved_stands_in_the_history(office: Office) -> None:
    priced = await run(office, office.sheet("may.xlsx", "A"), only_prices=True)
    approved = filled_in(
        office, priced.output, "may.priced.xlsx", **{approve_cell(priced.output, 2): "yes"}
    )
    await run(office, approved)
    async with office.desk() as desk:
        (intent,) = desk.ledger.find("default", "sandbox", office.full("A"))
        first = desk.ledger.history(intent.intent_id)[0]
    assert (first.what, first.who) == ("written (planned, its price was approved)", "Anna Smith")


async def test_a_price_that_rose_since_is_asked_again(office: Office) -> None:
    priced = await run(office, office.sheet("may.xlsx", "A"), only_prices=True)
    cell = approve_cell(priced.output, 2)
    approved = filled_in(office, priced.output, "may.priced.xlsx", **{cell: "yes"})
    was = told(priced.output)["A"]["Order total"]
    raise_price(office)
    asked = await run(office, approved)
    row = told(asked.output)["A"]
    assert row["Result"] == "Needs approval"
    assert row["Error code"] == "PRICE_CHANGED"
    assert row["Order total"] > was
    assert f"Approved were {was:,.2f} USD" in row["What happened"]
    assert (placed(office), asked.exit_code) == ([], 4)
    # The yes was for the old price: it is taken out, and without a new one nothing is placed.
    assert load_workbook(asked.output).worksheets[0][cell].value is None
    left = await run(office, filled_in(office, asked.output, "june.xlsx"))
    assert told(left.output)["A"]["Error code"] == "NOT_YET_APPROVED"
    assert placed(office) == []
    # The workbook that asks again shows the new price: a yes beside it approves that one.
    await run(office, filled_in(office, left.output, "july.xlsx", **{cell: "yes"}))
    assert placed(office) == ["A"]


async def test_what_nobody_approved_in_a_preview_is_not_placed(office: Office) -> None:
    """A yes beside one order is no leave to place the others that the workbook priced."""
    priced = await run(office, office.sheet("may.xlsx", "A", "B"), only_prices=True)
    cell = approve_cell(priced.output, 2)
    again = await run(office, filled_in(office, priced.output, "may.xlsx", **{cell: "yes"}))
    assert placed(office) == ["A"]
    row = told(again.output)["B"]
    assert (row["Result"], row["Error code"]) == ("Needs approval", "NOT_YET_APPROVED")
    assert row["Order total"] is not None


async def test_rows_that_were_changed_since_are_asked_again(office: Office) -> None:
    priced = await run(office, office.sheet("may.xlsx", "A"), only_prices=True)
    cell = approve_cell(priced.output, 2)
    changed = filled_in(office, priced.output, "may.priced.xlsx", **{cell: "yes", "E2": 2})
    asked = await run(office, changed)
    row = told(asked.output)["A"]
    assert (row["Result"], row["Error code"]) == ("Needs approval", "APPROVAL_VOID")
    assert placed(office) == []


async def test_a_price_that_another_ledger_showed_is_asked_again(office: Office) -> None:
    priced = await run(office, office.sheet("may.xlsx", "A"), only_prices=True)
    cell = approve_cell(priced.output, 2)
    approved = filled_in(office, priced.output, "may.priced.xlsx", **{cell: "yes"})
    async with office.desk("elsewhere") as desk:
        planned = desk.read_and_plan(approved)
        await _price_and_place(desk, planned.submission_id, planned.intent_ids, planned.waiting)
        asked = desk.reconcile(planned.submission_id, None)
    row = told(asked.output)["A"]
    assert (row["Result"], row["Error code"]) == ("Needs approval", "APPROVAL_VOID")
    assert placed(office) == []


async def test_above_the_amount_nothing_is_placed_without_approval(office: Office) -> None:
    raise_price(office)
    path = office.sheet("may.xlsx", "small", "large")
    book = load_workbook(path)
    assert book.active is not None
    book.active["E3"] = 2
    book.save(path)
    first = await run(office, path)
    assert placed(office) == ["small"]
    row = told(first.output)["large"]
    assert (row["Result"], row["Error code"]) == ("Needs approval", "ABOVE_AMOUNT")
    assert row["Line price"] is not None
    cell = approve_cell(first.output, 3)
    again = await run(office, filled_in(office, first.output, "may.xlsx", **{cell: "yes"}))
    assert placed(office) == ["large", "small"]
    assert (again.orders["needs_approval"], again.exit_code) == (0, 0)


async def test_the_column_approve_offers_yes_and_no_and_is_added_once(office: Office) -> None:
    priced = await run(office, office.sheet("may.xlsx", "A", "B"), only_prices=True)
    sheet = load_workbook(priced.output).worksheets[0]
    (rule,) = sheet.data_validations.dataValidation
    assert (rule.type, rule.formula1) == ("list", '"yes,no"')
    column = approve_cell(priced.output, 2).rstrip("2")
    assert str(rule.sqref) == f"{column}2:{column}3"
    again = await run(office, filled_in(office, priced.output, "again.xlsx"), only_prices=True)
    headers = [cell.value for cell in load_workbook(again.output).worksheets[0][1]]
    assert headers.count("approve") == 1


async def test_a_refused_price_is_a_refusal_and_nothing_is_placed(office: Office) -> None:
    path = office.sheet("may.xlsx", "A")
    book = load_workbook(path)
    assert book.active is not None
    book.active["B2"] = "P9999999999"
    book.save(path)
    refused = await run(office, path, price_first=True)
    row = told(refused.output)["A"]
    assert row["Result"] == "Refused by Adobe"
    assert row["What happened"].startswith("Adobe gives no price for this order, so it was not ")
    assert placed(office) == []


async def test_a_run_that_dies_between_price_and_decision_has_placed_nothing(
    office: Office,
) -> None:
    path = office.sheet("may.xlsx", "A")
    async with office.desk() as desk:
        planned = desk.read_and_plan(path)
        await desk.price(planned.submission_id)
        cut = desk.reconcile(planned.submission_id, None)
    row = told(cut.output)["A"]
    assert (row["Result"], row["Error code"]) == ("Held", "NOT_SENT")
    await run(office, path)
    assert placed(office) == ["A"]


async def test_what_another_run_placed_meanwhile_is_not_placed_again(office: Office) -> None:
    path = office.sheet("may.xlsx", "A")
    async with office.desk() as desk:
        planned = desk.read_and_plan(path)
        await desk.price(planned.submission_id)
        await run(office, path)
        ids, left = desk.decide(planned.submission_id)
        assert (ids, left) == ((), 0)
        late = desk.reconcile(planned.submission_id, None)
    assert placed(office) == ["A"]
    assert late.orders["done"] + late.orders["open"] == 1


async def test_a_renamed_approve_column_is_still_read(office: Office) -> None:
    priced = await run(office, office.sheet("may.xlsx", "A"), only_prices=True)
    cell = approve_cell(priced.output, 2)
    header = cell.rstrip("2") + "1"
    approved = filled_in(office, priced.output, "x.xlsx", **{cell: "yes", header: "OK?"})
    await run(office, approved)
    assert placed(office) == ["A"]


def test_the_last_author_is_read_from_the_workbook() -> None:
    made, book = Workbook(), BytesIO()
    made.properties.lastModifiedBy = "  Anna\n Smith "
    assert made.active is not None
    made.active.append(["externalReferenceId", "customerId", "orderType", "offerId", "quantity"])
    made.active.append(["A", "P1005053401", "NEW", OFFER, 1])
    made.save(book)
    read = read_content(book.getvalue(), "x.xlsx")
    assert (read.came_from, read.last_author) == ("", "Anna Smith")


async def test_an_approval_that_libreoffice_saved_counts(office: Office) -> None:
    priced = await run(office, office.sheet("may.xlsx", "A"), only_prices=True)
    cell = approve_cell(priced.output, 2)
    approved = filled_in(office, priced.output, "may.priced.xlsx", **{cell: "yes"})
    saved = saved_by_libreoffice([approved], office.folder)[approved]
    placing = await run(office, saved)
    assert placed(office) == ["A"]
    assert placing.orders["needs_approval"] == 0


async def test_an_intent_that_was_never_sent_asks_its_rows_again(office: Office) -> None:
    path = office.sheet("may.xlsx", "A")
    async with office.desk() as desk:
        planned = desk.read_and_plan(path)
        await desk.price(planned.submission_id)
        desk.decide(planned.submission_id)
        cut = desk.reconcile(planned.submission_id, None)
    assert told(cut.output)["A"]["Error code"] == "NOT_SENT"
    raise_price(office)
    book = load_workbook(path)
    assert book.active is not None
    book.active["G1"], book.active["G2"] = "approve", "no"
    book.save(path)
    no = await run(office, path)
    assert told(no.output)["A"]["Error code"] == "NOT_APPROVED"
    assert placed(office) == []
    book.active["G2"] = None
    book.save(path)
    yes = await run(office, path)
    assert yes.orders["needs_approval"] == 0
    assert placed(office) == ["A"]


async def test_a_price_that_was_asked_and_never_told_approves_nothing(office: Office) -> None:
    raise_price(office)
    path = office.sheet("may.xlsx", "A")
    book = load_workbook(path)
    assert book.active is not None
    book.active["E2"], book.active["G1"], book.active["G2"] = 2, "approve", "yes"
    book.save(path)
    async with office.desk() as desk:
        planned = desk.read_and_plan(path)
        await desk.price(planned.submission_id)
        cut = desk.reconcile(planned.submission_id, None)
    again = await run(office, filled_in(office, cut.output, "may.xlsx"))
    assert told(again.output)["A"]["Error code"] == "ABOVE_AMOUNT"
    assert placed(office) == []
