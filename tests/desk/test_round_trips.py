"""A reconciled workbook is worked on and dropped in again: what was placed is never sent again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import pytest
from openpyxl import Workbook, load_workbook

from flows.reconciled import Reconciled
from flows.workbook.read import read_content
from tests.desk.large_customer import marketplace_of_a_large_customer
from tests.desk.test_follow_up import CUSTOMER, OFFER, Office
from tests.workbook.edited_by_users import (
    SHEET,
    Edit,
    edited,
    with_cell,
    with_columns,
    with_filter,
    with_own_column,
    with_rows,
    with_title,
)
from tests.workbook.programs import saved_by_libreoffice

TITLES = ("externalReferenceId", "customerId", "orderType", "offerId", "quantity", "currencyCode")
SECOND_OFFER = "65318877CA04A12"
OURS = len(TITLES) + 1
RIGHT: tuple[Edit, ...] = (with_cell("E5", 3),)
"""The quantity that was none is mended."""

SHUFFLED: tuple[Edit, ...] = (
    *RIGHT,
    with_own_column("Order ID", ["a", "b", "c", "d", "e"]),
    with_title("Result", "Stand"),
    with_columns(lambda own: [own[OURS], None, *own[:2], own[OURS + 1], *own[2:OURS], *own[9:]]),
    with_rows(lambda rows: rows[::-1]),
    with_filter(4),
)
DELETED: tuple[Edit, ...] = (
    *RIGHT,
    with_rows(lambda rows: [rows[2], rows[3]]),
    with_columns(lambda own: own[:OURS]),
)


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with marketplace_of_a_large_customer() as url:
        yield url


@pytest.fixture
def office(server: str, tmp_path: Path) -> Office:
    return Office(server, tmp_path, None)


def source(office: Office) -> Path:
    """Three orders: A of two lines, B whose quantity is no number, C."""
    book = Workbook()
    assert book.active is not None
    book.active.title = SHEET
    book.active.append(["Orders for May"])
    book.active.append([*TITLES, "Remarks"])
    for reference, offer, quantity in (
        ("A", OFFER, 1),
        ("A", SECOND_OFFER, 2),
        ("B", OFFER, "three"),
        ("C", OFFER, 4),
    ):
        line = [office.full(reference), CUSTOMER, "NEW", offer, quantity, "USD", f"for {reference}"]
        book.active.append(line)
    path = office.folder / "orders.xlsx"
    book.save(path)
    return path


async def submitted(office: Office, path: Path) -> Reconciled:
    """The main job, until what was placed is finished."""
    async with office.desk() as desk:
        planned = desk.read_and_plan(path)
        await desk.place(planned.intent_ids, len(planned.intent_ids))
        await desk.follow(planned.submission_id, 30)
        return desk.reconcile(planned.submission_id, None)


def sent(office: Office) -> list[str]:
    """References of the orders of this office that the marketplace was sent, in order."""
    calls = httpx.get(f"{office.server}/control/journal").json()["calls"]
    posts = [c for c in calls if c["method"] == "POST" and c["path"].endswith("/orders")]
    references = [json.loads(call["requestBody"])["externalReferenceId"] for call in posts]
    prefix = office.full("")
    return [r.removeprefix(prefix) for r in references if r.startswith(prefix)]


def told(ran: Reconciled) -> dict[tuple[str, str], tuple[Any, ...]]:
    """Result, Order ID and offer sold, by reference and offer; ours wherever they stand."""
    content = Path(ran.output).read_bytes()
    read = read_content(content, "orders.xlsx")
    sheet = load_workbook(BytesIO(content))[SHEET]
    places = read.layout.result_columns
    rows = zip(
        read.frame["row"], read.frame["externalReferenceId"], read.frame["offerId"], strict=True
    )
    return {
        (reference.rpartition("-")[2], offer): tuple(
            sheet.cell(row, places[name]).value for name in ("Result", "Order ID", "Offer sold")
        )
        for row, reference, offer in rows
    }


@pytest.mark.parametrize(
    ("edits", "program", "again_told"),
    [
        (RIGHT, "Excel", "Ordered"),
        (SHUFFLED, "Excel", "Ordered"),
        (SHUFFLED, "LibreOffice", "Ordered"),
        (DELETED, "Excel", "Ordered before, not sent"),
    ],
    ids=["mended", "shuffled", "shuffled in LibreOffice", "our columns deleted"],
)
async def test_only_what_was_mended_is_sent(
    office: Office, edits: tuple[Edit, ...], program: str, again_told: str
) -> None:
    first = await submitted(office, source(office))
    before = told(first)
    assert sorted(sent(office)) == ["A", "C"]
    assert {key: said[0] for key, said in before.items()} == {
        ("A", OFFER): "Ordered",
        ("A", SECOND_OFFER): "Ordered",
        ("B", OFFER): "Held",
        ("C", OFFER): "Ordered",
    }
    again = await submitted(office, dropped(office, first, edits, program))
    assert sorted(sent(office)) == ["A", "B", "C"]
    after = told(again)
    new = after.pop(("B", OFFER))
    assert (new[0], new[2]) == ("Ordered", OFFER)
    assert new[1] not in {"", *(order_id for _, order_id, _ in before.values())}
    assert {said[0] for said in after.values()} == {again_told}
    assert {key: said[1] for key, said in after.items()} == {key: before[key][1] for key in after}


def dropped(office: Office, first: Reconciled, edits: tuple[Edit, ...], program: str) -> Path:
    """The reconciled workbook after somebody worked on it, under its name in another folder."""
    came_back = Path(first.output)
    place = office.folder / "desk" / came_back.name
    place.parent.mkdir()
    place.write_bytes(edited(came_back.read_bytes(), *edits))
    if program == "LibreOffice":
        return saved_by_libreoffice([place], office.folder)[place]
    return place
