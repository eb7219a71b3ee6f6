"""Three books side by side: the marketplace's own, the ledger, the reconciled workbooks.

Pure functions over plain values; each finding is a sentence. No findings: nothing was ordered
twice, nothing lost, no row answered wrongly.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

Key = tuple[str, str]
"""Customer and reference: what tells the orders of a torture apart."""


class Fate(StrEnum):
    """What must become of an order of a workbook."""

    PLACED = "placed"
    AGAIN = "placed once more"
    BEFORE = "placed before, not sent"
    REFUSED = "refused"
    HELD = "held"


_PLACES: Final = frozenset({Fate.PLACED, Fate.AGAIN})
_RESULTS: Final[Mapping[Fate, frozenset[str]]] = {
    Fate.PLACED: frozenset({"Ordered", "Renewed", "Returned", "Upgraded", "Reverted"}),
    Fate.AGAIN: frozenset({"Ordered"}),
    Fate.BEFORE: frozenset({"Ordered before, not sent"}),
    Fate.REFUSED: frozenset({"Refused by Adobe"}),
    Fate.HELD: frozenset({"Held"}),
}


class Wrong(StrEnum):
    """What can be wrong when the books are compared."""

    TWICE = "placed twice"
    LOST = "lost"
    UNKNOWN = "placed, but not in the ledger"
    INVENTED = "in the ledger, but not placed"
    ROW = "rows answered wrongly"
    DOUBT = "still in doubt"
    UNSENT = "never sent"
    UNTRUE = "in doubt for no true reason"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong."""

    wrong: Wrong
    what: str


@dataclass(frozen=True, slots=True)
class Expected:
    """One order of one workbook; `rows` are (row of the sheet, line number)."""

    workbook: str
    customer: str
    reference: str
    fate: Fate
    rows: tuple[tuple[int, int], ...]

    @property
    def key(self) -> Key:
        """Whose order it is."""
        return self.customer, self.reference


@dataclass(frozen=True, slots=True)
class Placed:
    """An order in the marketplace's book; `lines` are (subscription, status) by number."""

    order_id: str
    customer: str
    reference: str
    status: str
    lines: Mapping[int, tuple[str, str]]

    @property
    def key(self) -> Key:
        """Whose order it is."""
        return self.customer, self.reference


@dataclass(frozen=True, slots=True)
class Noted:
    """An intent in the ledger."""

    customer: str
    reference: str
    state: str
    order_id: str
    correlation_id: str
    doubt: str
    sends: int


@dataclass(frozen=True, slots=True)
class Answered:
    """A row of a reconciled workbook."""

    result: str
    order_id: str
    order_status: str
    line_status: str
    subscription: str


@dataclass(frozen=True, slots=True)
class Called:
    """An order call in the marketplace's journal."""

    correlation_id: str
    status: int | None
    code: str
    executed: bool


Rows = Mapping[tuple[str, int], Answered]
"""The answers by workbook and row."""


def placed_twice(expected: Sequence[Expected], book: Sequence[Placed]) -> Iterator[Finding]:
    """Orders that are at the marketplace more often than the workbooks ask for."""
    wanted = Counter(one.key for one in expected if one.fate in _PLACES)
    for key, found in _by_key(book).items():
        if len(found) > wanted[key]:
            ids = ", ".join(order.order_id for order in found)
            yield Finding(Wrong.TWICE, f"{key}: {wanted[key]} wanted, placed as {ids}")


def lost(
    expected: Sequence[Expected], book: Sequence[Placed], fates: frozenset[Fate] = _PLACES
) -> Iterator[Finding]:
    """Orders of these fates that the marketplace does not know."""
    wanted = Counter(one.key for one in expected if one.fate in fates)
    by_key = _by_key(book)
    for key, count in wanted.items():
        found = len(by_key.get(key, ()))
        if found < count:
            yield Finding(Wrong.LOST, f"{key}: {count} wanted, {found} placed")


def unlike_the_ledger(book: Sequence[Placed], ledger: Sequence[Noted]) -> Iterator[Finding]:
    """Order ids that stand in one of the two only."""
    placed = {order.order_id: order.key for order in book}
    noted = {intent.order_id for intent in ledger if intent.order_id}
    for order_id in placed.keys() - noted:
        yield Finding(Wrong.UNKNOWN, f"{order_id} of {placed[order_id]}")
    for order_id in noted - placed.keys():
        yield Finding(Wrong.INVENTED, order_id)


def unsettled(ledger: Sequence[Noted]) -> Iterator[Finding]:
    """Intents that are in no final state."""
    for intent in ledger:
        if intent.state in {"sent", "looking", "stuck"}:
            told = f"{intent.customer} {intent.reference} is {intent.state} ({intent.doubt})"
            yield Finding(Wrong.DOUBT, told)
        elif intent.state == "written":
            yield Finding(Wrong.UNSENT, f"{intent.customer} {intent.reference}")


def wrong_rows(
    expected: Sequence[Expected], book: Sequence[Placed], rows: Rows
) -> Iterator[Finding]:
    """Rows whose answer is not what the marketplace's book says of their order."""
    orders = {order.order_id: order for order in book}
    claimed: dict[str, Expected] = {}
    for one in expected:
        for row, number in one.rows:
            answer = rows.get((one.workbook, row))
            why = "no answer" if answer is None else _disagrees(one, number, answer, orders)
            if why:
                yield Finding(Wrong.ROW, f"{one.workbook} row {row} ({one.fate}): {why}")
        ids = {
            rows[one.workbook, row].order_id for row, _ in one.rows if (one.workbook, row) in rows
        }
        if len(ids) > 1:
            yield Finding(Wrong.ROW, f"{one.workbook} {one.reference}: order ids {sorted(ids)}")
        for order_id in ids - {""} if one.fate in _PLACES else ():
            other = claimed.setdefault(order_id, one)
            if other is not one:
                yield Finding(
                    Wrong.ROW, f"{one.workbook} claims {order_id} of {other.workbook} as well"
                )


def _disagrees(one: Expected, number: int, answer: Answered, orders: Mapping[str, Placed]) -> str:
    """Why an answer is wrong; "" when it is right."""
    if answer.result not in _RESULTS[one.fate]:
        return f"the result is {answer.result!r}"
    if one.fate in {Fate.REFUSED, Fate.HELD}:
        return f"it names order {answer.order_id}" if answer.order_id else ""
    order = orders.get(answer.order_id)
    if order is None or order.key != one.key:
        return f"order {answer.order_id or 'none'} is not its order"
    if one.fate is Fate.BEFORE:
        return ""
    subscription, status = order.lines.get(number, ("", ""))
    said = (answer.order_status, answer.line_status, answer.subscription)
    true = (order.status, status, subscription)
    return "" if said == true else f"{said} instead of {true}"


def untrue_reasons(ledger: Sequence[Noted], calls: Sequence[Called]) -> Iterator[Finding]:
    """Intents in doubt whose reason is not what the marketplace's journal tells."""
    by_id: dict[str, list[Called]] = defaultdict(list)
    for call in calls:
        by_id[call.correlation_id].append(call)
    for intent in ledger:
        if intent.state not in {"sent", "looking", "stuck"}:
            continue
        is_true = _REASONS.get(intent.doubt)
        if not intent.sends or (is_true and not any(map(is_true, by_id[intent.correlation_id]))):
            told = f"{intent.customer} {intent.reference} is {intent.state}: {intent.doubt}"
            yield Finding(Wrong.UNTRUE, told)


_REASONS: Final[Mapping[str, Callable[[Called], bool]]] = {
    "unreadable success": lambda call: call.status in {200, 201, 202},
    "being worked on": lambda call: call.code == "4122",
    "our call was doubled": lambda call: call.code == "4120",
    "token refused": lambda call: call.status in {401, 403},
    "key or rights refused": lambda call: call.status == 403,
    "throttled": lambda call: call.status == 429,
    "fault of the service": lambda call: call.code == "1124",
    "the same fault again and again": lambda call: (call.status or 0) >= 500,
}
"""What must stand in the journal for each reason; for silence nothing need stand there."""


def _by_key(book: Iterable[Placed]) -> dict[Key, list[Placed]]:
    found: dict[Key, list[Placed]] = defaultdict(list)
    for order in book:
        found[order.key].append(order)
    return found
