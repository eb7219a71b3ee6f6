"""Workbooks whose names are long, odd, or the same: each gets answers of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.desk.large_customer import marketplace_of_a_large_customer
from tests.desk.test_follow_up import Office, results

ODD = {
    "quotes": 'Mia\'s "May" `orders`.xlsx',
    "emoji": "\U0001f4e6 orders \U0001f1e9\U0001f1ea.xlsx",
    "right to left": "\u05d4\u05d6\u05de\u05e0\u05d5\u05ea \u202etxt.xlsx",
    "percent": "100%25 %s {0} orders.xlsx",
    "newline": "orders\nfor May.xlsx",
    "dot before the ending": "orders..xlsx",
    "blank before the ending": " orders .xlsx",
    "markup": "<b>&amp;\\ orders.xlsx",
    "formula": "=1+1 [x] *?.xlsx",
    "capital ending": "ORDERS.XLSX",
    "long": "o" * 250 + ".xlsx",
    "long in Chinese": "\u8ba2" * 83 + ".xlsx",
}


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with marketplace_of_a_large_customer() as url:
        yield url


@pytest.fixture
def office(server: str, tmp_path: Path) -> Office:
    return Office(server, tmp_path, None)


@pytest.mark.parametrize("kind", ODD)
async def test_a_workbook_of_an_odd_name_is_answered_and_dropped_in_again(
    office: Office, kind: str
) -> None:
    first = await office.submit(office.sheet(ODD[kind], "A", "B"))
    assert set(results(first.output)) == {"A", "B"}
    again = await office.submit(Path(first.output))
    assert again.output == first.output
    assert again.orders == first.orders


async def test_workbooks_of_the_same_name_in_one_day_keep_their_answers_apart(
    office: Office,
) -> None:
    """Three colleagues, three `orders.xlsx`; the second drops his again."""
    told: dict[str, str] = {}
    for reference in "ABC":
        ran = await office.submit(office.sheet("orders.xlsx", reference))
        told[reference] = Path(ran.output).name
    assert told == {
        "A": "orders.reconciled.xlsx",
        "B": "orders.reconciled (2).xlsx",
        "C": "orders.reconciled (3).xlsx",
    }
    again = await office.submit(office.sheet("orders.xlsx", "B", "D"))
    assert Path(again.output).name == told["B"]
    folder = Path(again.output).parent
    assert {name: set(results(folder / name)) for name in told.values()} == {
        told["A"]: {"A"},
        told["B"]: {"B", "D"},
        told["C"]: {"C"},
    }


async def test_long_names_that_begin_alike_keep_their_answers_apart(office: Office) -> None:
    outputs = [
        (await office.submit(office.sheet("o" * 240 + f"{reference}.xlsx", reference))).output
        for reference in "AB"
    ]
    assert [Path(output).name for output in outputs] == [
        "o" * 190 + ".reconciled.xlsx",
        "o" * 190 + ".reconciled (2).xlsx",
    ]
    assert [set(results(output)) for output in outputs] == [{"A"}, {"B"}]


@pytest.mark.parametrize("lock", ["~${}", ".~lock.{}#"])
async def test_answers_that_somebody_has_open_or_has_edited_are_not_written_over(
    office: Office, lock: str
) -> None:
    """Excel and LibreOffice leave a mark beside a workbook that they have open."""
    source = office.sheet("orders.xlsx", "A")
    folder = office.settings().output
    await office.submit(source)
    came_back = "orders.reconciled.xlsx"
    content = contents(folder)[came_back]
    mark = folder / lock.format(came_back)
    mark.touch()
    second = await office.submit(source)
    assert Path(second.output).name == "orders.reconciled (2).xlsx"
    assert contents(folder)[came_back] == content
    mark.unlink()
    edited = {came_back: b"edited", "orders.reconciled (2).xlsx": b"edited too"}
    for name, by_hand in edited.items():
        (folder / name).write_bytes(by_hand)
    third = await office.submit(source)
    assert Path(third.output).name == "orders.reconciled (3).xlsx"
    left = contents(folder)
    assert left.pop("orders.reconciled (3).xlsx").startswith(b"PK")
    assert left == edited


def contents(folder: Path) -> dict[str, bytes]:
    """The files of a folder, hidden ones too."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}
