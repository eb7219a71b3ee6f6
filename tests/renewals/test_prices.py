"""What a preview says against a renewal, and what is ordered when it says nothing."""

from __future__ import annotations

from decimal import Decimal

import pytest

from flows.renewals.decide import Announced, decide
from flows.renewals.prices import Judgement, judge, judge_automatic, total_of
from flows.renewals.queue import Step, steps_of
from flows.renewals.reasons import Reason
from schemas.orders import OrderAnswer, Reply
from schemas.renewals import Wish
from schemas.subscriptions import AutoRenewal
from tests.renewals.cases import SUBSCRIPTION, TODAY, case, row, subscription


def step(quantity: int | None = None, ceiling: str = "", **more: object) -> Step:
    wanted = row(Wish.QUANTITY if quantity else Wish.AS_IS, quantity, ceiling)
    (steps,) = steps_of([decide(case(subscription(20), wanted, **more))]).values()
    return steps[0]


def line(**changes: object) -> dict[str, object]:
    return {
        "extLineItemNumber": 1,
        "offerId": "65310542CA02A12",
        "quantity": 10,
        "subscriptionId": SUBSCRIPTION,
        "status": "1000",
        "currencyCode": "USD",
        "pricing": {"lineItemPartnerPrice": Decimal("4128.00")},
        **changes,
    }


def answer(*lines: dict[str, object]) -> Reply:
    return Reply("r-1", 200, order=OrderAnswer.model_validate({"lineItems": list(lines)}))


def refused(code: str) -> Reply:
    return Reply("r-1", 400, code=code, message="said", spoken_by_service=True)


def test_what_is_ordered_is_the_line_as_the_marketplace_corrected_it() -> None:
    granted = {"flexDiscounts": [{"id": "d-1", "code": "SPRING", "result": "SUCCESS"}]}
    owned = subscription(20).model_copy(
        update={"auto_renewal": AutoRenewal(flexDiscountCodes=("SPRING",))}
    )
    (steps,) = steps_of([decide(case(owned, row()))]).values()
    priced = judge(steps[0], answer(line(**granted)), is_late=False)
    assert (priced.judgement, priced.total) == (Judgement.FINE, Decimal("4128.00"))
    assert (priced.line.offer_id, priced.line.flex_discount_codes) == (
        "65310542CA02A12",
        ("SPRING",),
    )
    failed = {"flexDiscounts": [{"id": "d-1", "code": "SPRING", "result": "FAILURE"}]}
    missed = judge(steps[0], answer(line(**failed)), is_late=False)
    assert missed.line.flex_discount_codes == ()
    assert missed.note == " The discount SPRING was not honoured."


@pytest.mark.parametrize(
    ("reply", "judgement", "words"),
    [
        (
            answer(line(status="1004")),
            Judgement.PRODUCT_EXPIRED,
            "Adobe no longer renews this product. Nothing was ordered.",
        ),
        (
            answer(line(quantity=9)),
            Judgement.ANSWER_DIFFERS,
            (
                "Adobe prices something else than was asked: 9 licences instead of 10. Nothing was "
                "ordered."
            ),
        ),
        (
            answer(line(offerId="65318877CA02A12")),
            Judgement.ANSWER_DIFFERS,
            (
                "Adobe prices something else than was asked: product 65318877CA02A12 instead of "
                "65310542CA01A12. Nothing was ordered."
            ),
        ),
        (
            answer(line(pricing=None)),
            Judgement.NO_PRICE,
            "Adobe gives no price for it. Nothing was ordered.",
        ),
        (
            answer(),
            Judgement.ANSWER_DIFFERS,
            "Adobe prices something else than was asked: no line. Nothing was ordered.",
        ),
        (
            refused("2164"),
            Judgement.RENEWED_MEANWHILE,
            "Adobe says that it is renewed already (2164). Nothing was ordered.",
        ),
        (
            refused("4122"),
            Judgement.WAITS,
            "Adobe is not done with this customer's order before (4122). Nothing was ordered.",
        ),
        (
            Reply("r-1", None, code="NET/NO_ANSWER"),
            Judgement.NO_ANSWER,
            (
                "Adobe did not answer when asked for its price. Nothing was ordered; the next "
                "night asks."
            ),
        ),
    ],
)
def test_what_stands_against_it(reply: Reply, judgement: Judgement, words: str) -> None:
    priced = judge(step(), reply, is_late=False)
    assert (priced.judgement, priced.what_happened) == (judgement, words)


@pytest.mark.parametrize("code", ["1122", "3122"])
def test_late_and_bought_once_is_to_be_bought_anew(code: str) -> None:
    assert judge(step(), refused(code), is_late=True).judgement is Judgement.BUY_ANEW
    assert judge(step(), refused(code), is_late=False).judgement is Judgement.REFUSED


def test_the_ceiling_is_that_of_all_wanted_licences() -> None:
    """Fourteen are wanted in two orders; the first, of ten, tells what all will cost."""
    at_the_ceiling = judge(step(14, "5779.20"), answer(line()), is_late=False)
    assert at_the_ceiling.judgement is Judgement.FINE
    above = judge(step(14, "5779.19"), answer(line()), is_late=False)
    assert above.what_happened == (
        "It would cost 5,779.20 USD, above the ceiling of 5,779.19 USD. Nothing was ordered."
    )


def test_above_the_amount_of_its_currency_a_renewal_needs_a_ceiling() -> None:
    """Ten licences of fourteen cost 4,128: all of them 5,779.20."""
    amounts = {"USD": Decimal("5779.19")}
    priced = judge(step(14), answer(line()), is_late=False, amounts=amounts)
    assert (priced.judgement, priced.what_happened, priced.what_to_do) == (
        Judgement.NEEDS_CEILING,
        "It costs 5,779.20 USD: above 5,779.19 it needs a ceiling. Nothing was ordered.",
        "If that is right, write a ceiling price of at least 5,779.20 USD in its row.",
    )
    within = {"USD": Decimal("5779.20"), "EUR": Decimal(1)}
    assert judge(step(14), answer(line()), is_late=False, amounts=within).judgement is (
        Judgement.FINE
    )
    with_ceiling = judge(step(14, "5779.20"), answer(line()), is_late=False, amounts=amounts)
    assert with_ceiling.judgement is Judgement.FINE


@pytest.mark.parametrize(
    ("told", "ceiling", "judgement"),
    [
        (Decimal("4128.00"), "", Judgement.FINE),
        (Decimal("4127.99"), "", Judgement.FINE),
        (Decimal("4127.98"), "", Judgement.PRICE_ROSE),
        (Decimal("4000.00"), "4200", Judgement.FINE),
        (None, "", Judgement.FINE),
    ],
)
def test_without_a_ceiling_the_price_is_the_one_announced(
    told: Decimal | None, ceiling: str, judgement: Judgement
) -> None:
    then = Announced(TODAY, 10, "65310542CA", "USD", told)
    priced = judge(step(ceiling=ceiling, announced=then), answer(line()), is_late=False)
    assert priced.judgement is judgement


@pytest.mark.parametrize(
    ("ceiling", "told", "reason"),
    [
        ("", line(), Reason.ADOBE_RENEWS),
        ("4128", line(), Reason.ADOBE_RENEWS),
        ("4127.99", line(), Reason.ADOBE_RENEWS_TOO_DEAR),
        ("9000", line(currencyCode="EUR"), Reason.ADOBE_RENEWS_TOO_DEAR),
        ("", line(status="1004"), Reason.ADOBE_WILL_NOT_RENEW),
        ("", line(subscriptionId="another"), Reason.ADOBE_RENEWS),
        ("1", line(pricing=None), Reason.ADOBE_RENEWS),
    ],
)
def test_what_renews_by_itself_is_looked_at_as_well(
    ceiling: str, told: dict[str, object], reason: Reason
) -> None:
    decision = decide(case(subscription(20, auto=True), row(ceiling=ceiling)))
    order = answer(told).order
    assert order is not None
    assert judge_automatic(decision, order).decision.reason is reason


def test_lines_that_would_not_renew_are_in_no_total() -> None:
    order = answer(line(), line(extLineItemNumber=2, status="1004")).order
    assert order is not None
    assert total_of(order) == Decimal("4128.00")
