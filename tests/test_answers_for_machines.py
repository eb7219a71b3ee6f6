"""The answers for machines: exact values in both formats, and nothing that a spreadsheet runs."""

from __future__ import annotations

import csv
import json
from dataclasses import fields
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from io import StringIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.answers_for_machines import (
    Format,
    Record,
    UnknownFormat,
    beside,
    content,
    formats_of,
    records,
)
from flows.outputs import stands
from schemas.columns import ORDER_COLUMNS, RESULT_COLUMNS
from schemas.outcomes import RowAnswer, State
from tests.sheets import frame, row
from tests.test_outputs import by_us

ORDERED = RowAnswer(
    row=5,
    state=State.DONE,
    result="Practice: Ordered",
    order_id="P9206417701",
    order_status="1000",
    line_status="1000",
    line_subscription_id="c954f028bbf2a696fc161484d693b3NA",
    offer_sold="65310542CA02A12",
    line_price=Decimal("1E+3"),
    order_total=Decimal("-108.20"),
    price_currency="USD",
    what_happened='Müller said "ja",\nthen no more.',
    answered_at=datetime(2026, 11, 25, 20, 22, 40, 5, tzinfo=timezone(timedelta(hours=1))),
)
HELD = RowAnswer(row=6, state=State.HELD, result="Held", error_code="MISSING", what_to_do="=1+1")


def told() -> tuple[Record, ...]:
    rows = frame(row(externalReferenceId="00123"), row(quantity="-4", customerId="@SUM(A1)"))
    return records(rows, [ORDERED, HELD])


def lines_of(made: bytes) -> list[dict[str, str | int | None]]:
    text = made.decode("utf-8")
    assert text.endswith("\n")
    return [json.loads(line) for line in text.removesuffix("\n").split("\n")]


def table_of(made: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(made.decode("utf-8"), newline="")))


# --- what stands in them ---


def test_csv_to_the_byte() -> None:
    header = (
        "row,externalReferenceId,customerId,orderType,referenceOrderId,extLineItemNumber,offerId,"
        "quantity,currencyCode,subscriptionId,deploymentId,discountCode,flexDiscountCodes,"
        "cancellingSubscriptionId,cancellingQuantity,reassignUsers,approve,repeat,state,Result,"
        "Order ID,Order status,Line status,Line subscription ID,Offer sold,Line price,Order total,"
        "Price currency,Error code,What happened,What to do,Answered at"
    )
    first = (
        "5,00123,P1005053401,NEW,,,65310542CA02A12,3,USD,,,,,,,,,,done,Practice: Ordered,"
        "P9206417701,1000,1000,c954f028bbf2a696fc161484d693b3NA,65310542CA02A12,1000,-108.20,USD,,"
        '"Müller said ""ja"",\nthen no more.",,2026-11-25T19:22:40Z'
    )
    second = (
        "6,PO-1,'@SUM(A1),NEW,,,65310542CA02A12,'-4,USD,,,,,,,,,,held,Held,,,,,,,,,MISSING,,'=1+1,"
    )
    assert content(Format.CSV, told()) == f"{header}\r\n{first}\r\n{second}\r\n".encode()


def test_json_lines_keep_every_value_exactly() -> None:
    first, second = lines_of(content(Format.JSONL, told()))
    assert first == {
        "row": 5,
        **dict.fromkeys(ORDER_COLUMNS, ""),
        **row(externalReferenceId="00123"),
        "state": "done",
        "Result": "Practice: Ordered",
        "Order ID": "P9206417701",
        "Order status": "1000",
        "Line status": "1000",
        "Line subscription ID": "c954f028bbf2a696fc161484d693b3NA",
        "Offer sold": "65310542CA02A12",
        "Line price": "1000",
        "Order total": "-108.20",
        "Price currency": "USD",
        "Error code": "",
        "What happened": 'Müller said "ja",\nthen no more.',
        "What to do": "",
        "Answered at": "2026-11-25T19:22:40Z",
    }
    assert (second["customerId"], second["quantity"]) == ("@SUM(A1)", "-4")
    assert second["What to do"] == "=1+1"
    assert [second[name] for name in ("Line price", "Order total", "Answered at")] == [None] * 3
    assert "Müller" in content(Format.JSONL, told()).decode("utf-8")


def test_both_have_the_same_columns_and_every_field_of_an_answer() -> None:
    wanted = ["row", *ORDER_COLUMNS, "state", *RESULT_COLUMNS]
    assert list(lines_of(content(Format.JSONL, told()))[0]) == wanted
    assert list(table_of(content(Format.CSV, told()))[0]) == wanted
    beside = {"row", "state", "points_at_others", "approvable", "asks_anew"}
    assert len({field.name for field in fields(RowAnswer)} - beside) == len(RESULT_COLUMNS)


def test_a_workbook_without_rows_has_a_header_and_no_lines() -> None:
    assert content(Format.CSV, ()).startswith(b"row,externalReferenceId,")
    assert content(Format.CSV, ()).count(b"\r\n") == 1
    assert content(Format.JSONL, ()) == b""


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t", "\r"])
def test_text_that_a_spreadsheet_would_run_gets_an_apostrophe_in_csv_only(sign: str) -> None:
    text = f"{sign}cmd|' /C calc'!A0"
    (record,) = records(frame(row(discountCode=text)), [HELD_AT_5])
    assert table_of(content(Format.CSV, [record]))[0]["discountCode"] == f"'{text}"
    assert lines_of(content(Format.JSONL, [record]))[0]["discountCode"] == text


HELD_AT_5 = RowAnswer(row=5, state=State.HELD, result="Held")


@given(text=st.text())
def test_any_text_comes_back(text: str) -> None:
    answer = RowAnswer(row=5, state=State.REFUSED, result="Refused by Adobe", what_happened=text)
    made = records(frame(row(flexDiscountCodes=text)), [answer])
    guarded = f"'{text}" if text[:1] in set("=+-@\t\r") else text
    (cells,) = table_of(content(Format.CSV, made))
    assert (cells["flexDiscountCodes"], cells["What happened"]) == (guarded, guarded)
    (line,) = lines_of(content(Format.JSONL, made))
    assert (line["flexDiscountCodes"], line["What happened"]) == (text, text)


def test_half_a_surrogate_pair_is_kept_as_its_escape() -> None:
    answer = RowAnswer(row=5, state=State.REFUSED, result="Refused", what_happened="a\ud83d b")
    made = records(frame(row()), [answer])
    assert lines_of(content(Format.JSONL, made))[0]["What happened"] == "a\ud83d b"
    assert table_of(content(Format.CSV, made))[0]["What happened"] == "a\\ud83d b"


@given(amount=st.decimals(allow_nan=False, allow_infinity=False, places=2))
def test_amounts_are_the_same_number_without_an_exponent(amount: Decimal) -> None:
    answer = RowAnswer(row=5, state=State.DONE, result="Ordered", line_price=amount)
    made = records(frame(row()), [answer])
    shown = table_of(content(Format.CSV, made))[0]["Line price"]
    assert Decimal(shown) == amount
    assert "E" not in shown
    assert lines_of(content(Format.JSONL, made))[0]["Line price"] == shown


def test_a_nought_is_an_amount_and_not_an_empty_cell() -> None:
    answer = RowAnswer(
        row=5,
        state=State.PREVIEWED,
        result="Priced",
        line_price=Decimal(0),
        answered_at=datetime(2026, 1, 2, tzinfo=UTC),
    )
    (cells,) = table_of(content(Format.CSV, records(frame(row()), [answer])))
    assert cells["Line price"] == "0"
    assert cells["Order total"] == ""
    assert cells["Answered at"] == "2026-01-02T00:00:00Z"


# --- which formats, and where ---


@pytest.mark.parametrize(
    ("names", "formats"),
    [
        (["csv", "jsonl"], (Format.CSV, Format.JSONL)),
        ([" JSONL", "csv ", "csv"], (Format.CSV, Format.JSONL)),
        (["jsonl"], (Format.JSONL,)),
        ([], ()),
    ],
)
def test_formats_that_are_known(names: list[str], formats: tuple[Format, ...]) -> None:
    assert formats_of(names) == formats


@pytest.mark.parametrize("name", ["xml", "", "json"])
def test_a_format_that_is_not_known_is_wrong_use(name: str) -> None:
    with pytest.raises(UnknownFormat) as caught:
        formats_of(["csv", name])
    assert caught.value.exit_code == 2
    assert str(caught.value) == (
        f'--also knows csv and jsonl (or both: csv,jsonl), and not "{name}". Nothing was ordered.'
    )


def test_they_stand_beside_the_workbook_under_its_name() -> None:
    workbook = Path("output/may.reconciled.xlsx")
    assert beside(workbook, Format.CSV) == Path("output/may.reconciled.csv")
    assert beside(Path("a (2).xlsm"), Format.JSONL) == Path("a (2).jsonl")


def test_what_stands_as_we_wrote_it_is_found_under_the_next_name_too(tmp_path: Path) -> None:
    target, second = tmp_path / "a.csv", tmp_path / "a (2).csv"
    ours = by_us((target, b"ours"), (second, b"ours too"))

    def wrote(path: str, digest: str) -> bool:
        return (path, digest) in ours

    assert not stands(target, wrote)
    target.write_bytes(b"ours")
    assert stands(target, wrote)
    target.write_bytes(b"edited")
    assert not stands(target, wrote)
    second.write_bytes(b"ours too")
    assert stands(target, wrote)
