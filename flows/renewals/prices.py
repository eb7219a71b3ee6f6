"""What a preview says against a renewal: the ceiling, a change, a product that is gone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import Final

from flows.renewals.decide import Decision, Part
from flows.renewals.queue import Step
from flows.renewals.reasons import Reason
from schemas.code_tables import explain
from schemas.orders import LineAnswer, Order, OrderAnswer, OrderLine, Reply, faulty_lines
from schemas.renewals import Ceiling

WOULD_NOT_RENEW: Final = "1004"
"""Status of a preview's line whose product has expired; its price is in no total (11.3)."""

TOLERANCE: Final = Decimal("0.01")
_CENT: Final = Decimal("0.01")


class Judgement(StrEnum):
    """What becomes of a renewal after its preview."""

    FINE = "fine"
    ABOVE_CEILING = "above the ceiling"
    OTHER_CURRENCY = "other currency"
    NEEDS_CEILING = "needs a ceiling"
    PRICE_ROSE = "price rose"
    PRODUCT_EXPIRED = "product expired"
    ANSWER_DIFFERS = "answer differs"
    NO_PRICE = "no price"
    BUY_ANEW = "buy anew"
    RENEWED_MEANWHILE = "renewed meanwhile"
    WAITS = "waits"
    REFUSED = "refused"
    NO_ANSWER = "no answer"


WORDS: Final[Mapping[Judgement, tuple[str, str]]] = {
    Judgement.FINE: ("", ""),
    Judgement.ABOVE_CEILING: (
        "It would cost {expected} {currency}, above the ceiling of {ceiling}. Nothing was ordered.",
        "Raise the ceiling price in its row, or write no.",
    ),
    Judgement.OTHER_CURRENCY: (
        "Adobe prices it in {currency}, and the ceiling is {ceiling}. Nothing was ordered.",
        "Write the ceiling price in {currency}.",
    ),
    Judgement.NEEDS_CEILING: (
        "It costs {expected} {currency}: above {limit} it needs a ceiling. Nothing was ordered.",
        "If that is right, write a ceiling price of at least {expected} {currency} in its row.",
    ),
    Judgement.PRICE_ROSE: (
        "It would cost {total} {currency}; {announced} was announced. Nothing was ordered.",
        "If that is right, write a ceiling price of at least {total} {currency} in its row.",
    ),
    Judgement.PRODUCT_EXPIRED: (
        "Adobe no longer renews this product. Nothing was ordered.",
        "Choose another product and order it as NEW.",
    ),
    Judgement.ANSWER_DIFFERS: (
        "Adobe prices something else than was asked: {differs}. Nothing was ordered.",
        "Ask Adobe about this subscription.",
    ),
    Judgement.NO_PRICE: (
        "Adobe gives no price for it. Nothing was ordered.",
        "Renew it with a RENEWAL row of an order sheet, or wait for the next night.",
    ),
    Judgement.BUY_ANEW: (
        "Adobe does not renew it after all ({code}): it is bought once. Nothing was ordered.",
        "Order the licences as NEW.",
    ),
    Judgement.RENEWED_MEANWHILE: (
        "Adobe says that it is renewed already ({code}). Nothing was ordered.",
        "",
    ),
    Judgement.WAITS: (
        "Adobe is not done with this customer's order before ({code}). Nothing was ordered.",
        "",
    ),
    Judgement.REFUSED: ("Adobe would refuse it: {meaning}. Nothing was ordered.", "{hint}"),
    Judgement.NO_ANSWER: (
        "Adobe did not answer when asked for its price. Nothing was ordered; the next night asks.",
        "",
    ),
}

_BY_CODE: Final[Mapping[str, Judgement]] = {
    "2164": Judgement.RENEWED_MEANWHILE,
    "4122": Judgement.WAITS,
    "3132": Judgement.PRODUCT_EXPIRED,
}
_LATE_BY_CODE: Final[Mapping[str, Judgement]] = {
    "1122": Judgement.BUY_ANEW,
    "3122": Judgement.BUY_ANEW,
}
"""MANUAL_RENEWAL stands on products too that are bought once (reference, section 11.5)."""


@dataclass(frozen=True, slots=True)
class Priced:
    """A step with its price, and what stands against placing it.

    `total` is the order's price without tax in `currency`, None where it is not known. `line` is
    the line to order, as the marketplace has corrected it.
    """

    step: Step
    judgement: Judgement
    line: OrderLine
    total: Decimal | None = None
    currency: str = ""
    what_happened: str = ""
    what_to_do: str = ""
    code: str = ""
    note: str = ""


def order_of(step: Step, line: OrderLine, order_type: str) -> Order:
    """The order of a step: RENEWAL, or PREVIEW_RENEWAL to price it."""
    customer_id = step.decision.case.customer.customer_id
    return Order(step.reference, customer_id, order_type, "", (line,))


def line_of(step: Step) -> OrderLine:
    """The line as it is asked for: the base offer, which the preview corrects."""
    owned = step.decision.case.subscription
    return OrderLine(
        row=step.decision.case.row.row,
        number=1,
        offer_id=owned.offer_id,
        quantity=step.quantity,
        currency=owned.currency,
        subscription_id=owned.subscription_id,
        deployment_id=owned.deployment_id,
        flex_discount_codes=owned.auto_renewal.flex_discount_codes[:1],
    )


def judge(
    step: Step, reply: Reply, *, is_late: bool, amounts: Mapping[str, Decimal] | None = None
) -> Priced:
    """What the answer to a step's preview means for it.

    `amounts`, by currency: above them nothing is renewed unless its row has a ceiling price.
    """
    asked = line_of(step)
    if reply.order is None:
        return _refused(step, asked, reply, is_late)
    told = next((line for line in reply.order.lines if line.number in (0, 1)), None)
    differs = "no line" if told is None else _difference(told, asked)
    if told is None or differs:
        return _worded(Priced(step, Judgement.ANSWER_DIFFERS, asked), differs=differs)
    if told.status == WOULD_NOT_RENEW:
        return _worded(Priced(step, Judgement.PRODUCT_EXPIRED, asked))
    total, currency = total_of(reply.order), told.currency or reply.order.currency
    granted = tuple(d.code for d in told.flex_discounts if d.result == "SUCCESS" and d.code)
    line = OrderLine(
        row=asked.row,
        number=1,
        offer_id=told.offer_id,
        quantity=asked.quantity,
        currency=asked.currency,
        subscription_id=asked.subscription_id,
        deployment_id=asked.deployment_id,
        discount_code=told.discount_code,
        flex_discount_codes=granted,
    )
    missed = [code for code in asked.flex_discount_codes if code not in granted]
    note = f" The discount {missed[0]} was not honoured." if missed else ""
    currency = currency or asked.currency
    priced = Priced(step, Judgement.FINE, line, total, currency, note=note)
    return _against_money(priced, amounts or {})


@dataclass(frozen=True, slots=True)
class Automatic:
    """What the vendor would take for renewing a subscription by himself."""

    decision: Decision
    total: Decimal | None = None
    currency: str = ""


def judge_automatic(decision: Decision, order: OrderAnswer) -> Automatic:
    """What the preview of a customer's automatic renewal says of one that is left to it.

    A product that has expired would not renew although it stands there (1004); what is dearer
    than its ceiling, or priced in another currency, is a person's matter.
    """
    case = decision.case
    owned, ceiling = case.subscription.subscription_id, case.row.ceiling
    line = next((line for line in order.lines if line.subscription_id == owned), None)
    if line is None:
        return Automatic(decision)
    if line.status == WOULD_NOT_RENEW:
        return Automatic(Decision(case, Reason.ADOBE_WILL_NOT_RENEW))
    total = line.pricing.line_price if line.pricing else None
    currency = line.currency or order.currency or case.subscription.currency
    if total is None:
        return Automatic(decision)
    if ceiling is not None and (ceiling.currency != currency or total > ceiling.amount):
        price = f"{total:,.2f} {currency}"
        decision = Decision(case, Reason.ADOBE_RENEWS_TOO_DEAR, change=price)
    return Automatic(decision, total, currency)


def total_of(order: OrderAnswer) -> Decimal | None:
    """The price of the lines that would renew; None where one of them has no price."""
    prices = [
        line.pricing.line_price if line.pricing else None
        for line in order.lines
        if line.status != WOULD_NOT_RENEW
    ]
    known = [price for price in prices if price is not None]
    return sum(known, Decimal(0)) if known and len(known) == len(prices) else None


def _against_money(priced: Priced, amounts: Mapping[str, Decimal]) -> Priced:
    case, step = priced.step.decision.case, priced.step
    ceiling, announced = case.row.ceiling, case.announced
    if priced.total is None:
        return _worded(_as(priced, Judgement.NO_PRICE))
    # What all wanted licences cost at this price: a term may need two orders.
    expected = (priced.total * case.wanted / step.quantity).quantize(_CENT, ROUND_HALF_UP)
    if ceiling is not None:
        return _against_ceiling(priced, ceiling, expected)
    limit = amounts.get(priced.currency)
    if limit is not None and expected > limit:
        needs = _as(priced, Judgement.NEEDS_CEILING)
        return _worded(needs, expected=f"{expected:,.2f}", limit=f"{limit:,.2f}")
    if announced is not None and announced.price is not None and step.part is Part.PRESENT:
        then = announced.price
        if priced.total > then + TOLERANCE:
            return _worded(_as(priced, Judgement.PRICE_ROSE), announced=f"{then:,.2f}")
    return priced


def _against_ceiling(priced: Priced, ceiling: Ceiling, expected: Decimal) -> Priced:
    if ceiling.currency != priced.currency:
        return _worded(_as(priced, Judgement.OTHER_CURRENCY))
    if expected > ceiling.amount:
        return _worded(_as(priced, Judgement.ABOVE_CEILING), expected=f"{expected:,.2f}")
    return priced


def _difference(told: LineAnswer, asked: OrderLine) -> str:
    if told.offer_id[:10] != asked.offer_id[:10]:
        return f"product {told.offer_id} instead of {asked.offer_id}"
    if told.quantity != asked.quantity:
        return f"{told.quantity} licences instead of {asked.quantity}"
    if told.subscription_id not in ("", asked.subscription_id):
        return f"subscription {told.subscription_id}"
    return ""


def _refused(step: Step, asked: OrderLine, reply: Reply, is_late: bool) -> Priced:
    if not reply.spoken_by_service:
        return _worded(Priced(step, Judgement.NO_ANSWER, asked, code=reply.code))
    judgement = _BY_CODE.get(reply.code, Judgement.REFUSED)
    if is_late:
        judgement = _LATE_BY_CODE.get(reply.code, judgement)
    reason = next(iter(faulty_lines(reply.details).values()), "")
    known = explain(reply.code, reason)
    meaning = reply.message if known is None else known.meaning.partition(";")[0].rstrip(".")
    hint = known.hint if known else "Show this row to whoever looks after Orderdrop."
    priced = Priced(step, judgement, asked, code=reply.code)
    return _worded(priced, meaning=meaning or f"error {reply.code}", hint=hint)


def _as(priced: Priced, judgement: Judgement) -> Priced:
    return Priced(priced.step, judgement, priced.line, priced.total, priced.currency)


def _worded(priced: Priced, **more: str) -> Priced:
    happened, advice = WORDS[priced.judgement]
    known = {
        "currency": priced.currency,
        "total": f"{priced.total:,.2f}" if priced.total is not None else "",
        "ceiling": str(priced.step.decision.case.row.ceiling or ""),
        "code": priced.code,
        **more,
    }
    return Priced(
        priced.step,
        priced.judgement,
        priced.line,
        priced.total,
        priced.currency,
        happened.format(**known),
        advice.format(**known),
        priced.code,
    )
