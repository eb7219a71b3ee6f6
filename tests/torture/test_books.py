"""The comparison of the three books finds what is wrong in any of them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.torture import books
from tests.torture.books import Answered, Called, Expected, Fate, Finding, Noted, Placed, Wrong

FIRST = Expected("one.xlsx", "T1", "TO-1", Fate.PLACED, ((2, 1), (3, 2)))
SECOND = Expected("one.xlsx", "T1", "TO-2", Fate.PLACED, ((4, 1),))
AGAIN = Expected("two.xlsx", "T1", "TO-1", Fate.AGAIN, ((2, 1), (3, 2)))
BEFORE = Expected("two.xlsx", "T1", "TO-2", Fate.BEFORE, ((4, 1),))
REFUSED = Expected("two.xlsx", "T1", "TO-3", Fate.REFUSED, ((5, 1),))
HELD = Expected("two.xlsx", "T1", "TO-4", Fate.HELD, ((6, 1),))
EXPECTED = [FIRST, SECOND, AGAIN, BEFORE, REFUSED, HELD]

O1 = Placed("P1", "T1", "TO-1", "1000", {1: ("s1", "1000"), 2: ("s2", "1000")})
O2 = Placed("P2", "T1", "TO-2", "1000", {1: ("s1", "1000")})
O3 = replace(O1, order_id="P3")
BOOK = [O1, O2, O3]


def noted(order_id: str, state: str = "accepted", doubt: str = "") -> Noted:
    return Noted("T1", "TO-1", state, order_id, f"c-{order_id or state}", doubt, 1)


LEDGER = [noted("P1"), noted("P2"), noted("P3"), noted("", "refused"), noted("", "retired")]


def ordered(order_id: str, subscription: str) -> Answered:
    return Answered("Ordered", order_id, "1000", "1000", subscription)


ROWS = {
    ("one.xlsx", 2): ordered("P1", "s1"),
    ("one.xlsx", 3): ordered("P1", "s2"),
    ("one.xlsx", 4): ordered("P2", "s1"),
    ("two.xlsx", 2): ordered("P3", "s1"),
    ("two.xlsx", 3): ordered("P3", "s2"),
    ("two.xlsx", 4): Answered("Ordered before, not sent", "P2", "", "", ""),
    ("two.xlsx", 5): Answered("Refused by Adobe", "", "", "", ""),
    ("two.xlsx", 6): Answered("Held", "", "", "", ""),
}


def test_books_that_agree_bring_no_finding() -> None:
    assert not [
        *books.placed_twice(EXPECTED, BOOK),
        *books.lost(EXPECTED, BOOK),
        *books.unlike_the_ledger(BOOK, LEDGER),
        *books.unsettled(LEDGER),
        *books.wrong_rows(EXPECTED, BOOK, ROWS),
        *books.untrue_reasons(LEDGER, []),
    ]


@pytest.mark.parametrize(
    "extra",
    [
        pytest.param(replace(O2, order_id="P9"), id="a double"),
        pytest.param(replace(O1, order_id="P9"), id="one more than repeat allows"),
        pytest.param(replace(O2, order_id="P9", reference="TO-3"), id="one that was refused"),
        pytest.param(replace(O2, order_id="P9", reference="TO-4"), id="one that was held"),
        pytest.param(replace(O2, order_id="P9", reference="TO-5"), id="one that nobody ordered"),
    ],
)
def test_an_order_too_many_is_found(extra: Placed) -> None:
    found = list(books.placed_twice(EXPECTED, [*BOOK, extra]))
    assert [finding.wrong for finding in found] == [Wrong.TWICE]
    assert "P9" in found[0].what


@pytest.mark.parametrize("missing", BOOK, ids=lambda order: order.order_id)
def test_an_order_that_is_missing_is_found(missing: Placed) -> None:
    book = [order for order in BOOK if order is not missing]
    assert [f.wrong for f in books.lost(EXPECTED, book)] == [Wrong.LOST]


def test_only_orders_of_the_fates_asked_for_can_be_lost() -> None:
    assert not list(books.lost(EXPECTED, [O1, O2], frozenset({Fate.PLACED})))


def test_an_order_that_only_one_of_the_two_knows_is_found() -> None:
    assert list(books.unlike_the_ledger(BOOK, LEDGER[1:])) == [
        Finding(Wrong.UNKNOWN, "P1 of ('T1', 'TO-1')")
    ]
    assert list(books.unlike_the_ledger(BOOK[1:], LEDGER)) == [Finding(Wrong.INVENTED, "P1")]


@pytest.mark.parametrize(
    ("state", "wrong"),
    [
        ("sent", Wrong.DOUBT),
        ("looking", Wrong.DOUBT),
        ("stuck", Wrong.DOUBT),
        ("written", Wrong.UNSENT),
    ],
)
def test_an_intent_without_an_end_is_found(state: str, wrong: Wrong) -> None:
    assert [f.wrong for f in books.unsettled([*LEDGER, noted("", state)])] == [wrong]


WRONG_ANSWERS = [
    pytest.param("one.xlsx", 2, ordered("P2", "s1"), id="another order's id"),
    pytest.param("one.xlsx", 2, ordered("P9", "s1"), id="an id that is none"),
    pytest.param("one.xlsx", 2, ordered("", "s1"), id="no id"),
    pytest.param("one.xlsx", 2, ordered("P1", "s2"), id="another line's subscription"),
    pytest.param("one.xlsx", 2, ordered("P3", "s1"), id="not the order of the other rows"),
    pytest.param(
        "one.xlsx", 2, Answered("Ordered", "P1", "1002", "1000", "s1"), id="a stale order status"
    ),
    pytest.param(
        "one.xlsx", 2, Answered("Ordered", "P1", "1000", "1002", "s1"), id="a stale line status"
    ),
    pytest.param(
        "one.xlsx", 2, Answered("In doubt", "P1", "1000", "1000", "s1"), id="another result"
    ),
    pytest.param("two.xlsx", 4, Answered("Ordered", "P2", "", "", ""), id="ordered, it says"),
    pytest.param(
        "two.xlsx",
        4,
        Answered("Ordered before, not sent", "P1", "", "", ""),
        id="before, under another's id",
    ),
    pytest.param("two.xlsx", 5, Answered("Held", "", "", "", ""), id="held, not refused"),
    pytest.param(
        "two.xlsx", 5, Answered("Refused by Adobe", "P2", "", "", ""), id="refused, with an id"
    ),
    pytest.param("two.xlsx", 6, Answered("Ordered", "P2", "", "", ""), id="ordered, not held"),
]


@pytest.mark.parametrize(("workbook", "row", "answer"), WRONG_ANSWERS)
def test_a_row_that_is_answered_wrongly_is_found(workbook: str, row: int, answer: Answered) -> None:
    found = list(books.wrong_rows(EXPECTED, BOOK, ROWS | {(workbook, row): answer}))
    assert found
    assert {finding.wrong for finding in found} == {Wrong.ROW}


def test_a_row_without_an_answer_is_found() -> None:
    rows = {place: answer for place, answer in ROWS.items() if place != ("one.xlsx", 4)}
    assert [f.what for f in books.wrong_rows(EXPECTED, BOOK, rows)] == [
        "one.xlsx row 4 (placed): no answer"
    ]


def test_one_order_cannot_answer_two_orders_of_the_workbooks() -> None:
    rows = ROWS | {("two.xlsx", 2): ordered("P1", "s1"), ("two.xlsx", 3): ordered("P1", "s2")}
    found = [finding.what for finding in books.wrong_rows(EXPECTED, BOOK, rows)]
    assert found == ["two.xlsx claims P1 of one.xlsx as well"]


@pytest.mark.parametrize(
    ("doubt", "call", "is_true"),
    [
        ("", None, True),
        ("no answer of the service", None, True),
        ("fault of the service", Called("c-looking", 500, "1124", executed=True), True),
        ("fault of the service", Called("c-looking", 500, "", executed=True), False),
        ("fault of the service", Called("c-other", 500, "1124", executed=True), False),
        ("unreadable success", Called("c-looking", 201, "", executed=True), True),
        ("unreadable success", Called("c-looking", 504, "", executed=True), False),
        ("throttled", Called("c-looking", 429, "4118", executed=False), True),
        ("throttled", None, False),
    ],
)
def test_a_reason_is_true_when_the_marketplaces_journal_says_so(
    doubt: str, call: Called | None, is_true: bool
) -> None:
    found = books.untrue_reasons([noted("", "looking", doubt)], [call] if call else [])
    assert [f.wrong for f in found] == ([] if is_true else [Wrong.UNTRUE])


def test_what_was_never_sent_cannot_be_in_doubt() -> None:
    never = replace(noted("", "sent"), sends=0)
    assert [f.wrong for f in books.untrue_reasons([never], [])] == [Wrong.UNTRUE]
