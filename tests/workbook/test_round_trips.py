"""A reconciled workbook dropped in again, whatever people did to it in between."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook

from flows.workbook.read import ReadSheet, read_content
from flows.workbook.reconcile import reconcile
from schemas.columns import RESULT_COLUMNS
from schemas.faults import Fault
from schemas.outcomes import RowAnswer, State
from tests.workbook.edited_by_users import (
    SHEET,
    Edit,
    as_a_copy,
    edited,
    with_cell,
    with_columns,
    with_filter,
    with_own_column,
    with_rows,
    with_title,
    without_sheet,
)
from tests.workbook.programs import saved_by_libreoffice
from tests.workbook.test_reconcile import summary

OWN = ("externalReferenceId", "customerId", "orderType", "offerId", "quantity", "currencyCode")
LINES = (
    ("PO-1", "65310542CA02A12", 3),
    ("PO-1", "65316613CA02A12", 12),
    ("PO-2", "65310542CA02A12", "three"),
    ("PO-3", "65310542CA02A12", 7),
)
IDS = {"PO-1": "0206417731", "PO-2": "", "PO-3": "0206417733"}
LAST_OF_OURS = len(OWN) + 1 + len(RESULT_COLUMNS)


def source() -> bytes:
    """A title, a header and four rows, the third with a quantity that is none."""
    book = Workbook()
    assert book.active is not None
    book.active.title = SHEET
    book.active.append(["Orders for May"])
    book.active.append([*OWN, "Remarks"])
    for number, (reference, offer, quantity) in enumerate(LINES, start=1):
        order = [reference, "P1005053401", "NEW", offer, quantity, "USD", f"remark {number}"]
        book.active.append(order)
    out = BytesIO()
    book.save(out)
    return out.getvalue()


def answers(read: ReadSheet, word: str) -> list[RowAnswer]:
    """PO-2 is held as long as its quantity is no number, the rest is ordered."""
    told: list[RowAnswer] = []
    frame = read.frame
    for row, reference, quantity in zip(
        frame["row"].tolist(), frame["externalReferenceId"], frame["quantity"], strict=True
    ):
        if quantity == "three":
            told.append(RowAnswer(row, State.HELD, "Held", what_happened="Mend it."))
        else:
            order_id = IDS.get(reference) or f"new {reference}"
            told.append(RowAnswer(row, State.DONE, word, order_id=order_id))
    return told


def faults(read: ReadSheet) -> list[Fault]:
    """The quantity that is none."""
    return [
        Fault(
            sheet=SHEET,
            row=row,
            column="quantity",
            title="quantity",
            cell=read.layout.cell("quantity", row),
            value=quantity,
            code="CODE",
            message="It is wrong.",
            hint="Mend it.",
        )
        for row, quantity in zip(read.frame["row"].tolist(), read.frame["quantity"], strict=True)
        if quantity == "three"
    ]


def reconciled(content: bytes, word: str) -> bytes:
    """The workbook with the answers to what is read in it."""
    read = read_content(content, "orders.xlsx")
    return reconcile(content, read.layout, answers(read, word), faults(read), summary())


@cache
def first() -> bytes:
    """The workbook as it came back the first time."""
    return reconciled(source(), "Ordered")


@dataclass(frozen=True, slots=True)
class Case:
    """What somebody did, and what is found afterwards.

    `lines` are places in LINES, in the sheet's order; `more` are references of rows that are
    new. `titles` are headers of ours that the user renamed; `notes` is what reading tells;
    `down` is how many rows further down everything stands.
    """

    edits: tuple[Edit, ...]
    lines: Sequence[int] = (0, 1, 2, 3)
    more: tuple[str, ...] = ()
    titles: Mapping[str, str] | None = None
    gone: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()
    mended: bool = False
    theirs: tuple[str, ...] = ()
    down: int = 0


def _ours_first(columns: list[int]) -> list[int | None]:
    ours = len(OWN) + 1
    return [*columns[ours:], *columns[:ours]]


def _ours_shuffled(columns: list[int]) -> list[int | None]:
    """Result before the orders, Order ID among them, the rest backwards."""
    own, result, order_id, *rest = columns[:7], *columns[7:]
    return [result, *own[:3], order_id, *own[3:], *reversed(rest)]


def _new_ones_between(columns: list[int]) -> list[int | None]:
    return [None, *columns[:3], None, *columns[3:9], None, *columns[9:]]


ADDED = ("PO-4", "P1005053401", "NEW", "65310542CA02A12", 1, "USD")
ADD_A_ROW = tuple(with_cell(f"{'ABCDEF'[i]}7", value) for i, value in enumerate(ADDED))
MEND = with_cell("E5", 3)

CASES: dict[str, Case] = {
    "nothing": Case(()),
    "mended": Case((MEND,), mended=True),
    "sorted": Case((with_rows(lambda rows: rows[::-1]),), lines=(3, 2, 1, 0)),
    "filtered": Case((with_filter(4),), notes=("Row 4 is hidden and was read like any other.",)),
    "rows deleted": Case((with_rows(lambda rows: rows[2:]),), lines=(2, 3)),
    "a row added": Case(ADD_A_ROW, more=("PO-4",)),
    "rows inserted above": Case(
        (with_rows(lambda rows: [None, None, None, *rows], first=1),), down=3
    ),
    "columns inserted": Case((with_columns(_new_ones_between),)),
    "ours moved before theirs": Case((with_columns(_ours_first),)),
    "ours moved among theirs": Case((with_columns(_ours_shuffled),)),
    "ours renamed": Case(
        (with_title("Result", "Stand"), with_title("Order ID", "SKU")),
        titles={"Result": "Stand", "Order ID": "SKU"},
    ),
    "some of ours deleted": Case(
        (with_columns(lambda columns: [*columns[:8], *columns[9:]]),),
        gone=frozenset({"Order ID"}),
    ),
    "all of ours deleted": Case(
        (with_columns(lambda columns: columns[:7]),), gone=frozenset(RESULT_COLUMNS)
    ),
    "an Order ID of their own": Case(
        (with_own_column("Order ID", ["mine 1", "mine 2", "mine 3", "mine 4"]),),
        theirs=("mine 1", "mine 2", "mine 3", "mine 4"),
    ),
    "an Order ID of their own, ours moved behind it": Case(
        (
            with_own_column("Order ID", ["mine 1", "mine 2", "mine 3", "mine 4"]),
            with_columns(lambda columns: [*columns[:7], columns[-1], *columns[7:-1]]),
        ),
        theirs=("mine 1", "mine 2", "mine 3", "mine 4"),
    ),
    "a copy of the sheet": Case((as_a_copy,)),
    "the summary deleted": Case((without_sheet("Summary"),)),
    "everything": Case(
        (
            MEND,
            with_own_column("Order ID", ["mine 1", "mine 2", "mine 3", "mine 4"]),
            with_title("Result", "Stand"),
            with_columns(_ours_shuffled),
            with_columns(_new_ones_between),
            with_rows(lambda rows: [rows[2], rows[0], rows[3]]),
            with_filter(5),
            without_sheet("Summary"),
        ),
        lines=(2, 0, 3),
        titles={"Result": "Stand"},
        notes=("Row 5 is hidden and was read like any other.",),
        mended=True,
        theirs=("mine 3", "mine 1", "mine 4"),
    ),
}


@pytest.fixture(scope="module")
def dropped(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, bytes]:
    """The workbooks that are dropped in again."""
    return {name: edited(first(), *case.edits) for name, case in CASES.items()}


@pytest.fixture(scope="module")
def dropped_from_libreoffice(
    dropped: Mapping[str, bytes], tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, bytes]:
    """The same, opened and saved with LibreOffice before."""
    folder: Path = tmp_path_factory.mktemp("edited")
    places = {name: folder / f"{number}.xlsx" for number, name in enumerate(dropped)}
    for name, content in dropped.items():
        places[name].write_bytes(content)
    saved = saved_by_libreoffice(list(places.values()), folder)
    return {name: saved[place].read_bytes() for name, place in places.items()}


@pytest.mark.parametrize("name", CASES)
def test_it_is_read_and_answered_again(name: str, dropped: Mapping[str, bytes]) -> None:
    check(CASES[name], dropped[name])


@pytest.mark.parametrize("name", CASES)
def test_saved_with_libreoffice_it_is_read_and_answered_again(
    name: str, dropped_from_libreoffice: Mapping[str, bytes]
) -> None:
    check(CASES[name], dropped_from_libreoffice[name])


def check(case: Case, content: bytes) -> None:
    """It is read as the user left it, and the new answers take the place of the old ones."""
    read = read_content(content, "orders.xlsx")
    lines = [LINES[place] for place in case.lines]
    references = [reference for reference, _, _ in lines] + [*case.more]
    assert read.frame["externalReferenceId"].tolist() == references
    assert read.frame["row"].tolist() == [row + case.down for row in range(3, 3 + len(references))]
    quantities = ["3" if case.mended and q == "three" else str(q) for _, _, q in lines]
    assert read.frame["quantity"].tolist()[: len(lines)] == quantities
    assert set(read.layout.result_columns) == set(RESULT_COLUMNS) - case.gone
    evidence = [IDS.get(r, "") if "Order ID" not in case.gone else "" for r in references]
    assert read.frame["earlierOrderId"].tolist() == evidence
    assert (read.faults, read.notes) == ((), case.notes)

    again = reconciled(content, "Ordered again")
    sheet = load_workbook(BytesIO(again))[SHEET]
    titles = [cell.value for cell in sheet[2 + case.down]]
    own = dict.fromkeys(RESULT_COLUMNS, "") | {name: name for name in RESULT_COLUMNS}
    own |= case.titles or {}
    after = read_content(again, "orders.xlsx")
    places = after.layout.result_columns
    assert {name: titles[place - 1] for name, place in places.items()} == own
    assert [titles.count(name) for name in own.values()] == [
        1 + (name == "Order ID" and bool(case.theirs)) for name in own.values()
    ]
    for answer in answers(after, "Ordered again"):
        said = {name: sheet.cell(answer.row, place).value for name, place in places.items()}
        assert said["Result"] == answer.result
        assert (said["Order ID"] or "") == answer.order_id
        assert (said["What happened"] or "") == answer.what_happened
    remarks = titles.index("Remarks") + 1
    assert [sheet.cell(row, remarks).value for row in after.frame["row"]][: len(lines)] == [
        f"remark {place + 1}" for place in case.lines
    ]
    if case.theirs:
        theirs = next(
            place
            for place, title in enumerate(titles, start=1)
            if title == "Order ID" and place != places["Order ID"]
        )
        assert [sheet.cell(row, theirs).value for row in after.frame["row"]] == [*case.theirs]
    _check_marks(sheet, after)
    assert load_workbook(BytesIO(again)).sheetnames.count("Summary") == 1


def _check_marks(sheet: Any, read: ReadSheet) -> None:
    """The quantity that is none is marked and has one note; a mended one has neither."""
    for row, quantity in zip(read.frame["row"], read.frame["quantity"], strict=True):
        cell = sheet.cell(row, read.layout.columns["quantity"])
        note = cell.comment.text if cell.comment else ""
        filled = cell.fill.fill_type == "solid"
        assert (note.count("It is wrong."), filled) == (
            (1, True) if quantity == "three" else (0, False)
        )


@pytest.mark.parametrize(
    "title",
    ["It's May!", "\u00dc & <b>", "2026", "A1", "R1C1", "orders", "100% (new)", "\u8ba2\u5355"],
)
def test_our_columns_are_known_again_whatever_the_sheet_is_called(title: str) -> None:
    book = load_workbook(BytesIO(source()))
    book[SHEET].title = title
    out = BytesIO()
    book.save(out)
    content = out.getvalue()
    once = reconciled(content, "Ordered")
    for dropped in (once, edited_elsewhere(once)):
        read = read_content(dropped, "orders.xlsx")
        assert read.layout.sheet == title
        assert set(read.layout.result_columns) == set(RESULT_COLUMNS)
        again = load_workbook(BytesIO(reconciled(dropped, "Ordered again")))
        assert again.sheetnames == load_workbook(BytesIO(once)).sheetnames
        assert [cell.value for cell in again[title][2]].count("Result") == 1


def edited_elsewhere(content: bytes) -> bytes:
    """Saved by another program with nothing changed."""
    out = BytesIO()
    load_workbook(BytesIO(content)).save(out)
    return out.getvalue()
