"""The codes of NEW, RETURN, order get, history and patch (reference, sections 8 to 10, 13)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from tests.sandbox.error_codes.reaching import (
    ADD_ON,
    CLASSROOM,
    COMPACT,
    CREDITS,
    DESIGN,
    DESK,
    ENTERPRISE,
    FOREIGN,
    ONCE,
    PRO,
    Attempt,
    Json,
    Reached,
    day,
    fresh,
    licences,
    line,
    order,
    owned,
    reason,
    seed_subscription,
)

if TYPE_CHECKING:
    import httpx

    from tests.sandbox.conftest import Sandbox

DEPLOYMENT = {"deploymentId": "PR1450043516", "country": "DE", "currencyCode": "EUR"}
ABROAD = order(line(deploymentId="PR1450043516", currencyCode="EUR"))
MIXED = order(
    line(1), line(2, deploymentId="PR1450043516", currencyCode="EUR"), order_type="PREVIEW"
)


def _discounted(*codes: str, **more: object) -> Attempt:
    return fresh(order(line(flexDiscountCodes=list(codes), **more)))


def _without_worldwide_sales(sandbox: Sandbox) -> httpx.Response:
    sandbox.control("POST", "partner", {"worldwideSales": False})
    try:
        return fresh(ABROAD, deployments=[DEPLOYMENT], globalSalesEnabled=True)(sandbox)
    finally:
        sandbox.control("POST", "partner", {"worldwideSales": True})


def _twice(sandbox: Sandbox, body: Json) -> httpx.Response:
    """The same purchase again; the first is taken."""
    customer = sandbox.customer()
    assert sandbox.order(customer, body).status_code == 201
    return sandbox.order(customer, body)


def _on_the_day_before_the_anniversary(sandbox: Sandbox) -> httpx.Response:
    customer = sandbox.customer(cotermDate=day(sandbox, 1), licences=licences(quantity=1))
    return sandbox.order(customer, order())


def _during_an_early_renewal(sandbox: Sandbox) -> httpx.Response:
    customer = sandbox.customer(cotermDate=day(sandbox, 20), licences=licences())
    renewal = line(
        1, f"{DESIGN}02A12", 10, subscriptionId=owned(sandbox, customer)["subscriptionId"]
    )
    assert sandbox.order(customer, order(renewal, order_type="RENEWAL")).status_code == 201
    return sandbox.order(customer, order())


def _patched(body: Json) -> Attempt:
    def attempt(sandbox: Sandbox) -> httpx.Response:
        customer = sandbox.customer()
        path = f"/v3/customers/{customer}/orders/{sandbox.past_order(customer, [line()])}"
        return sandbox.call("PATCH", path, body)

    return attempt


def _history(query: str) -> Attempt:
    return lambda sandbox: sandbox.history(sandbox.customer(), query)


# Returns


def _returned(
    asked: Json, bought: Json | None = None, age_in_days: int = 3, **past: object
) -> Attempt:
    """Gives back a line of an order of two Design licences (or of the line that was bought)."""

    def attempt(sandbox: Sandbox) -> httpx.Response:
        customer = sandbox.customer()
        created = (sandbox.now() - timedelta(days=age_in_days)).isoformat()
        bought_line = bought or line(1, quantity=2)
        order_id = sandbox.past_order(customer, [bought_line], creationDate=created, **past)
        return sandbox.order(customer, order(asked, order_type="RETURN", referenceOrderId=order_id))

    return attempt


def _returned_unfinished(sandbox: Sandbox) -> httpx.Response:
    customer = sandbox.customer()
    placed = sandbox.order(customer, order()).json()
    back = order(order_type="RETURN", referenceOrderId=placed["orderId"])
    return sandbox.order(customer, back)


def _returned_in_use(sandbox: Sandbox) -> httpx.Response:
    customer, bought = sandbox.customer(), line(1, f"{CREDITS}T1A12", 2)
    order_id = sandbox.past_order(customer, [bought])
    used = f"subscriptions/{owned(sandbox, customer)['subscriptionId']}"
    sandbox.control("POST", used, {"usedQuantity": 1})
    return sandbox.order(customer, order(bought, order_type="RETURN", referenceOrderId=order_id))


def _returned_below_high_growth(sandbox: Sandbox) -> httpx.Response:
    """Of 120 licences 100 must stay."""
    customer, offer_id = sandbox.customer(), f"{PRO}14X12"
    named = seed_subscription(sandbox, customer, offerId=offer_id, currentQuantity=120)
    bought = line(1, offer_id, 30)
    order_id = sandbox.past_order(
        customer, [bought | {"subscriptionId": named}], orderType="RENEWAL"
    )
    return sandbox.order(customer, order(bought, order_type="RETURN", referenceOrderId=order_id))


# Parts of a line


def _part(offer_id: str = f"{DESIGN}01A12", quantity: int = 2, **past: object) -> Attempt:
    """Gives back part of a line of ten, of a customer who is to keep nine licences."""

    def attempt(sandbox: Sandbox) -> httpx.Response:
        commitment = {
            "startDate": day(sandbox, -400),
            "endDate": day(sandbox, 600),
            "minimumLicences": 9,
        }
        customer = sandbox.customer(commitment=commitment)
        order_id = sandbox.past_order(customer, [line(1, offer_id, 10)], **past)
        back = line(1, offer_id, quantity)
        return sandbox.order(customer, order(back, order_type="RETURN", referenceOrderId=order_id))

    return attempt


ORDERS = [
    Reached("1116", 404, None, lambda s: s.order("nobody", order())),
    Reached("1117", 400, ["externalReferenceId"], fresh(order(externalReferenceId="PO <1>"))),
    Reached("1119", 400, ["currencyCode"], _patched({"currencyCode": "USD"})),
    Reached("1121", 400, ["poNumber"], fresh(order(poNumber="7"))),
    Reached("1122", 400, ["lineItems"], fresh(order(lineItems=...))),
    Reached("1132", 400, ["status"], _history("?status=9999")),
    Reached("1133", 400, ["offset"], _history("?offset=1")),
    Reached("1139", 400, reason("PARTNER_NOT_WORLDWIDE"), _without_worldwide_sales),
    Reached("1140", 400, reason("CUSTOMER_NOT_WORLDWIDE"), fresh(ABROAD, deployments=[DEPLOYMENT])),
    Reached(
        "1142",
        400,
        reason("SEGMENT_NOT_WORLDWIDE"),
        fresh(ABROAD, deployments=[DEPLOYMENT], globalSalesEnabled=True, marketSegment="GOV"),
    ),
    Reached(
        "1169",
        400,
        reason("NOT_SOLD_TO_AGENCIES"),
        fresh(
            order(line(1, f"{COMPACT}06A12", 100)),
            marketSegment="GOV",
            largeGovernmentAgency=True,
        ),
    ),
    Reached(
        "1170",
        400,
        reason("BELOW_AGENCY_MINIMUM"),
        fresh(order(line(quantity=99)), marketSegment="GOV", largeGovernmentAgency=True),
    ),
    Reached("2115", 404, None, lambda s: s.get(f"/v3/customers/{s.customer()}/orders/P0")),
    Reached("2116", 400, None, _returned_unfinished),
    Reached("2119", 400, None, fresh(order(*(line(n) for n in range(1, 501))))),
    Reached("2120", 400, reason("QUANTITY_OUT_OF_RANGE"), fresh(order(line(quantity=10_001)))),
    Reached("2121", 400, reason("DUPLICATE_LINE_NUMBER", 4), fresh(order(line(4), line(4)))),
    Reached("2122", 400, reason("INVALID_OFFER_ID"), fresh(order(line(1, "65310542CA99A12")))),
    Reached(
        "2123", 400, reason("LINE_NUMBER_OUT_OF_RANGE", 1_000_000), fresh(order(line(1_000_000)))
    ),
    Reached("2124", 400, reason("PROGRAMME_NOT_ALLOWED"), fresh(order(line(1, f"{FOREIGN}01A12")))),
    Reached("2125", 400, reason("CURRENCY_NOT_ALLOWED"), fresh(order(line(currencyCode="EUR")))),
    Reached("2126", 400, ["externalReferenceId"], fresh(order(externalReferenceId="r" * 36))),
    Reached(
        "2128",
        400,
        reason("CURRENCY_NOT_FOR_OFFER"),
        fresh(order(line(1, f"{ENTERPRISE}01A12", currencyCode="EUR")), country="DE"),
    ),
    Reached("2129", 400, reason("INELIGIBLE_PRICE_LEVEL"), fresh(order(line(1, f"{DESIGN}03A12")))),
    Reached(
        "2129/INELIGIBLE_SWITCH",
        400,
        reason("INELIGIBLE_SWITCH", 2) + reason("INELIGIBLE_SWITCH", 3),
        fresh(order(line(1), line(2, f"{DESK}01A12"), line(3, f"{COMPACT}01A12"))),
    ),
    Reached(
        "2129/INELIGIBLE_SWITCH",
        400,
        reason("INELIGIBLE_SWITCH"),
        fresh(order(line(1, f"{COMPACT}02A12")), licences=licences(DESK)),
    ),
    Reached(
        "2129/INELIGIBLE_ADD_ON",
        400,
        reason("INELIGIBLE_ADD_ON"),
        fresh(order(line(1, f"{ADD_ON}01A12"))),
    ),
    Reached("2129/INELIGIBLE_CONSUMED", 400, reason("INELIGIBLE_CONSUMED"), _returned_in_use),
    Reached(
        "2129/INELIGIBLE_MARKET_SEGMENT",
        400,
        reason("INELIGIBLE_MARKET_SEGMENT"),
        fresh(order(line(1, f"{CLASSROOM}01A12"))),
    ),
    Reached(
        "2129/CUSTOMER_NOT_ELIGIBLE_FOR_PURCHASE",
        400,
        reason("CUSTOMER_NOT_ELIGIBLE_FOR_PURCHASE"),
        lambda s: _twice(s, order(line(1, f"{ONCE}01A12"))),
    ),
    Reached(
        "2129/NOT_AN_LGA_CUSTOMER",
        400,
        reason("Not an LGA Customer"),
        fresh(order(line(1, f"{DESIGN}06A12"))),
    ),
    Reached(
        "2130", 400, reason("OFFER_MISMATCH"), _returned(line(1, f"{DESIGN}02A12", quantity=2))
    ),
    Reached("2131", 400, reason("NOT_FOUND", 3), _returned(line(3, quantity=2))),
    Reached("2132", 400, reason("QUANTITY_MISMATCH"), _returned(line(1, quantity=1))),
    Reached("2133", 400, reason("ALREADY_RETURNED"), _returned(line(1, quantity=2), status="1008")),
    Reached("2134", 400, None, _returned(line(1, quantity=2), age_in_days=15)),
    Reached(
        "2137",
        400,
        reason("CURRENCY_MISMATCH", 2),
        fresh(order(line(1, currencyCode="AUD"), line(2)), country="AU"),
    ),
    Reached("2138", 404, reason("DEPLOYMENT_NOT_FOUND"), fresh(ABROAD)),
    Reached(
        "2139",
        400,
        reason("DEPLOYMENT_NOT_IN_CONTRACT"),
        fresh(ABROAD, deployments=[DEPLOYMENT], deploymentsInContract=False),
    ),
    Reached(
        "2140",
        400,
        reason("CURRENCY_CLASH"),
        fresh(order(line(currencyCode="EUR"), currencyCode="USD")),
    ),
    Reached("2141", 400, reason("CUSTOMER_NOT_QUALIFIED"), _discounted("SOME_FAILURE_CODE")),
    Reached(
        "2142",
        400,
        reason("DISCOUNT_USED_UP"),
        lambda s: _twice(s, order(line(flexDiscountCodes=["ONE_TIME_25"]))),
    ),
    Reached(
        "2144",
        400,
        reason("DISCOUNT_NOT_COMBINABLE"),
        _discounted("TEAM_TEN_OFF", discountCode="HVD_L17_PRE"),
    ),
    Reached("2145", 400, reason("OFFER_NOT_ELIGIBLE_FOR_DISCOUNT"), _discounted("AUTUMN_TEAM_15")),
    Reached("2146", 400, reason("INVALID_DISCOUNT_CODE"), _discounted("NO_SUCH_CODE")),
    Reached("2147", 400, reason("TOO_MANY_DISCOUNT_CODES"), _discounted("A", "B")),
    Reached(
        "2148",
        400,
        None,
        fresh(MIXED, "?fetch-price=true", deployments=[DEPLOYMENT], globalSalesEnabled=True),
    ),
    Reached("2166", 400, reason("THREE_YEAR_CUSTOMERS_ONLY"), _discounted("LOYAL_THREE")),
    Reached("3131", 400, None, _during_an_early_renewal),
    Reached("5122", 400, None, _on_the_day_before_the_anniversary),
    Reached("5133", 400, reason("BELOW_HIGH_GROWTH_MINIMUM"), _returned_below_high_growth),
    Reached(
        "5135",
        400,
        reason("INVALID_DISCOUNT_CODE"),
        fresh(order(line(discountCode="HVD_L18_PRE"))),
    ),
    Reached(
        "RETURN_QTY_EXCEEDS_REMAINING",
        422,
        reason("ABOVE_REMAINING_QUANTITY"),
        _part(quantity=11),
        server="partial_returns",
    ),
    Reached(
        "RETURN_NOT_SUPPORTED_MOQ_SKU",
        422,
        reason("HIGH_GROWTH_OFFER"),
        _part(f"{PRO}14X12"),
        server="partial_returns",
    ),
    Reached(
        "RETURN_NOT_SUPPORTED_SWITCH_ORDER",
        422,
        None,
        _part(orderType="SWITCH"),
        server="partial_returns",
    ),
    Reached(
        "RETURN_VIOLATES_3YC_MCQ",
        422,
        reason("THREE_YEAR_COMMIT"),
        _part(quantity=2),
        server="partial_returns",
    ),
]
