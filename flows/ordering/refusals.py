"""What is told of an order that the marketplace refused: to the faulty rows, and to the others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from schemas.code_tables import ErrorCode, explain
from schemas.entries import Decision, Entry
from schemas.orders import faulty_lines
from schemas.outcomes import Environment, RowAnswer, State, result_words

_HINTS = {
    "FULL_ONLY": "This product is upgraded as a whole or not at all: enter all licences of the "
    "subscription.",
    "MORE_THAN_LEFT_TO_RENEW": "Renew the present licences first, on their own; order the licences "
    "beyond them on a row of a later order.",
    "INELIGIBLE_PRICE_LEVEL": "Use the product code of the price level this customer is entitled "
    "to; a row with the order type PREVIEW tells which one that is.",
}
"""What to do about reasons that the code table does not list."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """The vendor's words: code, message, additionalDetails, and when (UTC)."""

    code: str
    message: str
    details: tuple[str, ...]
    answered_at: datetime | None


def refused_rows(entry: Entry, refusal: Refusal, environment: Environment) -> list[RowAnswer]:
    """One answer for each row of a refused order or preview.

    An order is refused as a whole. Lines that the details name get the reason; the other rows
    point at them. Where no line can be read, all rows get it (reference, section 5).
    """
    lines = faulty_lines(refusal.details)
    numbers = {number for _, number in entry.lines}
    named = {number: reason for number, reason in lines.items() if number in numbers}
    answers = []
    for row, number in entry.lines:
        reason = named.get(number, "")
        others = bool(named) and number not in named
        if others:
            happened, advice = _because_of_others(entry, named)
        else:
            happened, advice = _told(entry, refusal, reason)
        answers.append(
            RowAnswer(
                row=row,
                state=State.REFUSED,
                result=result_words(State.REFUSED, entry.order_type, environment),
                error_code=_full_code(refusal.code, reason),
                what_happened=happened,
                what_to_do=advice,
                answered_at=refusal.answered_at,
                points_at_others=others,
            )
        )
    return answers


def _full_code(code: str, reason: str) -> str:
    """The code with its reason where the table knows the two together."""
    both = f"{code}/{reason}"
    known = explain(code, reason)
    return both if known is not None and known.code == both else code


def _because_of_others(entry: Entry, named: Mapping[int, str]) -> tuple[str, str]:
    row_of = {number: row for row, number in entry.lines}
    rows = ", ".join(str(row_of[number]) for number in sorted(named))
    where = f"row {rows}" if len(named) == 1 else f"rows {rows}"
    return (
        f"Adobe refused the whole order because of {where}; nothing was placed.",
        f"Mend {where} and drop the workbook again.",
    )


def _told(entry: Entry, refusal: Refusal, reason: str) -> tuple[str, str]:
    return _in_sentences(_DEEDS.get(entry.decision, _NOT_PLACED), refusal, reason)


def told_of_refusal(refusal: Refusal) -> tuple[str, str]:
    """What happened and what to do, for an order of one line."""
    reason = next(iter(faulty_lines(refusal.details).values()), "")
    return _in_sentences(_NOT_PLACED, refusal, reason)


_DEEDS: Final[Mapping[Decision, str]] = {
    Decision.PREVIEW: "Adobe gives no price for this order",
    Decision.PRICE_FIRST: "Adobe gives no price for this order, so it was not sent",
}
_NOT_PLACED: Final = "Adobe refused the order and placed nothing"


def _in_sentences(deed: str, refusal: Refusal, reason: str) -> tuple[str, str]:
    known = explain(refusal.code, reason)
    if known is None:
        said = "; ".join((refusal.message, *refusal.details))
        return f"{deed}: {said}.", "Show this row to whoever looks after Orderdrop."
    extra = _in_words(known, refusal, reason)
    return f"{deed}: {_plain(known.meaning)}.{extra}", _HINTS.get(reason, known.hint)


def _plain(meaning: str) -> str:
    """The table's meaning without its remarks for engineers."""
    return meaning.partition(";")[0].partition(" (")[0].rstrip(".")


def _in_words(known: ErrorCode, refusal: Refusal, reason: str) -> str:
    """The vendor's own reason or fields, where the table's sentence does not hold them already."""
    if "/" in known.code:
        return ""
    if reason:
        return f" Adobe's reason: {reason.replace('_', ' ').lower()}."
    if refusal.details and not faulty_lines(refusal.details):
        return f" Adobe names: {', '.join(refusal.details)}."
    return ""
