"""The words beside orders whose price was asked: shown only, or waiting for a yes."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from flows.ordering.approval import ASKS_ANEW
from flows.ordering.line_answers import exchange, missed_discounts, same_on_all, with_lines
from flows.ordering.prices import EXPIRED, line_price, read_answer, total_of
from flows.ordering.refusals import Refusal, refused_rows
from schemas.entries import Decision, Entry
from schemas.order_types import PREVIEWS
from schemas.orders import LineAnswer, OrderAnswer
from schemas.outcomes import Environment, RowAnswer, State, result_words


def _of_preview(entry: Entry, environment: Environment) -> list[RowAnswer]:
    if entry.answer:
        return _of_priced(entry, read_answer(entry.answer), environment)
    return _of_unpriced(entry, environment)


def _of_unpriced(entry: Entry, environment: Environment) -> list[RowAnswer]:
    """What is said of an order whose price the marketplace did not tell."""
    if entry.refused:
        message, *details = json.loads(entry.what_happened)
        return refused_rows(
            entry, Refusal(entry.code, message, tuple(details), entry.answered_at), environment
        )
    return same_on_all(
        entry,
        RowAnswer(
            row=0,
            state=State.HELD,
            result=result_words(State.HELD, entry.order_type, environment),
            error_code=entry.code or "NOT_PRICED",
            what_happened="The price could not be asked: no usable answer came. Nothing was "
            "ordered.",
            what_to_do="Drop the workbook again later.",
            answered_at=entry.answered_at,
        ),
    )


def _of_priced(entry: Entry, order: OrderAnswer, environment: Environment) -> list[RowAnswer]:
    missed = missed_discounts(order)
    base = RowAnswer(
        row=0,
        state=State.PREVIEWED,
        result=result_words(
            State.PREVIEWED, entry.order_type, environment, discount_missed=bool(missed)
        ),
        what_happened="Priced only; nothing was ordered."
        + (f" The discount code {', '.join(missed)} would not be honoured." if missed else "")
        + exchange(order),
        what_to_do=_how_to_order(entry.order_type),
        answered_at=entry.answered_at,
        approvable=entry.order_type not in PREVIEWS,
    )
    if not json.loads(entry.request).get("lineItems"):
        return same_on_all(entry, _renewing_by_itself(base, order))
    return _beside_what_was_asked(entry, base, order)


def _beside_what_was_asked(entry: Entry, base: RowAnswer, order: OrderAnswer) -> list[RowAnswer]:
    """Prices line by line, and where the marketplace would sell another offer."""
    sent = json.loads(entry.request).get("lineItems", [])
    offers = {line["extLineItemNumber"]: line["offerId"] for line in sent}
    lines = {line.number: line for line in order.lines}
    return [
        _priced_line(answer, lines.get(number), offers.get(number, ""))
        for answer, (_, number) in zip(with_lines(entry, base, order), entry.lines, strict=True)
    ]


def _of_priced_first(entry: Entry, environment: Environment) -> list[RowAnswer]:
    """An order that was to be placed when its price is known, and was not decided in this run."""
    if not entry.answer and entry.answered_at:
        return _of_unpriced(entry, environment)
    return same_on_all(
        entry,
        RowAnswer(
            row=0,
            state=State.HELD,
            result=result_words(State.HELD, entry.order_type, environment),
            error_code="NOT_SENT",
            what_happened="The run ended before it was this order's turn; nothing of it was sent.",
            what_to_do="Drop the workbook again; what was ordered already is not ordered twice.",
        ),
    )


def _of_unapproved(entry: Entry, environment: Environment) -> list[RowAnswer]:
    """An order that waits for a yes, with its price where it is known."""
    base = RowAnswer(
        row=0,
        state=State.NEEDS_APPROVAL,
        result=result_words(State.NEEDS_APPROVAL, entry.order_type, environment),
        error_code=entry.code,
        what_happened=entry.what_happened,
        what_to_do=entry.what_to_do,
        answered_at=entry.answered_at,
        approvable=True,
        asks_anew=entry.code in ASKS_ANEW,
    )
    if not entry.answer:
        return same_on_all(entry, base)
    return _beside_what_was_asked(entry, base, read_answer(entry.answer))


def _how_to_order(order_type: str) -> str:
    if order_type not in PREVIEWS:
        return (
            "To order it at no more than this, write yes in the column approve on all its rows "
            "and drop this workbook again."
        )
    placing = order_type.removeprefix("PREVIEW_").replace("PREVIEW", "NEW")
    return f"To order it, set the order type to {placing} and drop the workbook again."


def _priced_line(answer: RowAnswer, line: LineAnswer | None, asked: str) -> RowAnswer:
    told = answer.what_happened
    if line is not None and asked and line.offer_id != asked:
        told += f" Adobe would sell {line.offer_id} instead of {asked} (another price level)."
    if line is not None and line.status == EXPIRED:
        told += " This product has expired and would not renew; its price is not in the total."
    return replace(answer, what_happened=told)


def _renewing_by_itself(base: RowAnswer, order: OrderAnswer) -> RowAnswer:
    """One row for all that the automatic renewal would do (reference, section 11.3)."""
    total, currency = total_of(order)
    renewing = [_told_line(line) for line in order.lines if line.status != EXPIRED]
    expired = [_told_line(line) for line in order.lines if line.status == EXPIRED]
    told = f"Nothing was ordered. By itself would renew: {'; '.join(renewing) or 'nothing'}."
    if expired:
        told += f" Expired, would not renew: {'; '.join(expired)}."
    missed = missed_discounts(order)
    if missed:
        told += f" The discount code {', '.join(missed)} would not be honoured."
    return replace(
        base,
        order_total=total,
        price_currency=currency,
        what_happened=told,
        what_to_do="Nothing, if that is what you want. To renew something else, or earlier, add "
        "RENEWAL rows that name the subscriptions.",
    )


def _told_line(line: LineAnswer) -> str:
    price = line_price(line)
    cost = f" for {price:,.2f} {line.currency}" if price is not None else ""
    return f"{line.quantity} of {line.offer_id}{cost} (subscription {line.subscription_id})"


BY_PRICE: Final[Mapping[Decision, Callable[[Entry, Environment], list[RowAnswer]]]] = {
    Decision.PREVIEW: _of_preview,
    Decision.PRICE_FIRST: _of_priced_first,
    Decision.NEEDS_APPROVAL: _of_unapproved,
}
"""How each of them is told."""
