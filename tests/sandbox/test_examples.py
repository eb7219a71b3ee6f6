"""The reference's examples 02 to 05 and 12, reproduced field by field."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.sandbox.conftest import Sandbox

CUSTOMER = "1007315862"
SELF = {"method": "GET", "headers": []}
DISCOUNT = {
    "id": "c8b1f0a4-52d7-4b5e-9d30-1f6a77e2c914",
    "code": "AUTUMN_TEAM_15",
    "result": "SUCCESS",
}
FIRST_PRICE = {
    "partnerPrice": 412.80,
    "discountedPartnerPrice": 412.80,
    "netPartnerPrice": 151.548,
    "lineItemPartnerPrice": 1818.58,
}
SECOND_PRICE = {
    "partnerPrice": 268.20,
    "discountedPartnerPrice": 227.97,
    "netPartnerPrice": 83.693,
    "lineItemPartnerPrice": 334.77,
}
SUMMARY = [{"totalLineItemPartnerPrice": 2153.35, "currencyCode": "USD"}]
IDS = ["00a4f93c910fc3417f479aa1851aebNA", "162a99e64ac4969753125d090772f1NA"]


def _lines(level: str) -> list[dict[str, Any]]:
    return [
        {
            "extLineItemNumber": 1,
            "offerId": f"65310542CA{level}A12",
            "quantity": 12,
            "currencyCode": "USD",
        },
        {
            "extLineItemNumber": 2,
            "offerId": f"65318877CA{level}A12",
            "quantity": 4,
            "currencyCode": "USD",
            "flexDiscountCodes": ["AUTUMN_TEAM_15"],
        },
    ]


def _answered_line(
    number: int, subscription_id: str, status: str, price: dict[str, float] | None = None
) -> dict[str, Any]:
    offer_id, quantity = [("65310542CA02A12", 12), ("65318877CA02A12", 4)][number - 1]
    item: dict[str, Any] = {
        "extLineItemNumber": number,
        "offerId": offer_id,
        "quantity": quantity,
        "subscriptionId": subscription_id,
        "status": status,
        "currencyCode": "USD",
    }
    if number == 2:
        item["flexDiscounts"] = [DISCOUNT]
    if price:
        item |= {"proratedDays": 134, "pricing": price}
    return item


def _order(order_id: str, items: list[dict[str, Any]], **fields: str) -> dict[str, Any]:
    known = {
        "referenceOrderId": "",
        "externalReferenceId": "PO-88213/07",
        "orderId": order_id,
        "customerId": CUSTOMER,
        "currencyCode": "USD",
        "orderType": "NEW",
        "status": "1002",
        "source": "API",
        "lineItems": items,
        "creationDate": "2026-10-03T15:27:08Z",
        "links": {"self": {"uri": f"/v3/customers/{CUSTOMER}/orders/{order_id}", **SELF}},
    }
    return known | fields


def _same(answer: Any, expected: dict[str, Any]) -> None:  # a JSON body
    """Equal in values and in the order of the fields, at every depth."""
    assert answer == expected
    assert list(answer) == list(expected)
    for name, value in expected.items():
        if isinstance(value, list):
            for place, entry in enumerate(value):
                if isinstance(entry, dict):
                    _same(answer[name][place], entry)
        elif isinstance(value, dict):
            _same(answer[name], value)


def test_the_published_examples_one_after_the_other(start: Callable[..., Sandbox]) -> None:
    sandbox = start("--finish-after", "1000000000")
    sandbox.set_clock("2026-10-03T15:20:41Z")
    sandbox.control(
        "POST",
        "seed-customer",
        {
            "customerId": CUSTOMER,
            "cotermDate": "2027-02-14",
            "creationDate": "2026-02-14T09:00:00Z",
        },
    )
    sandbox.control(
        "PUT",
        "next-ids",
        {"orderIds": ["9206417733", "9206431950"], "subscriptionIds": IDS},
    )

    sandbox.set_clock("2026-10-03T15:20:41Z")
    preview = {
        "externalReferenceId": "PV-2026-1003-0042",
        "orderType": "PREVIEW",
        "lineItems": _lines("01"),
    }
    answer = sandbox.order(CUSTOMER, preview, "?fetch-price=true")
    assert answer.status_code == 200
    _same(_at(answer.json(), "2026-10-03T15:20:41Z"), _example_02())

    sandbox.set_clock("2026-10-03T15:27:08Z")
    new = {
        "externalReferenceId": "PO-88213/07",
        "orderType": "NEW",
        "lineItems": _lines("02"),
    }
    answer = sandbox.order(CUSTOMER, new)
    assert answer.status_code == 201
    accepted = _order("9206417733", [_answered_line(1, "", "1002"), _answered_line(2, "", "1002")])
    _same(_at(answer.json(), "2026-10-03T15:27:08Z"), accepted)

    sandbox.finish()
    sandbox.control("POST", "orders/9206417733", {"creationDate": "2026-10-03T15:27:08Z"})
    answer = sandbox.get(f"/v3/customers/{CUSTOMER}/orders/9206417733?fetch-price=true")
    priced = [
        _answered_line(1, IDS[0], "1000", FIRST_PRICE),
        _answered_line(2, IDS[1], "1000", SECOND_PRICE),
    ]
    expected = _order("9206417733", priced, status="1000") | {"pricingSummary": SUMMARY}
    _same(answer.json(), expected)

    sandbox.set_clock("2026-10-09T09:02:55Z")
    sandbox.sign_in()
    returned_line = _lines("02")[1]
    del returned_line["flexDiscountCodes"]
    back = {
        "externalReferenceId": "PO-88213/07-R1",
        "orderType": "RETURN",
        "referenceOrderId": "9206417733",
        "lineItems": [returned_line],
    }
    answer = sandbox.order(CUSTOMER, back)
    assert answer.status_code == 201
    _same(_at(answer.json(), "2026-10-09T09:02:55Z"), _return("1002", ""))

    sandbox.finish()
    sandbox.control("POST", "orders/9206431950", {"creationDate": "2026-10-09T09:02:55Z"})
    _check_example_12(sandbox)


def _at(body: dict[str, Any], moment: str) -> dict[str, Any]:
    """The clock ticks while calls are on their way; everything but the seconds must agree."""
    assert body["creationDate"][:16] in {moment[:16], f"{moment[:14]}{int(moment[14:16]) + 1:02d}"}
    return {**body, "creationDate": moment}


def _example_02() -> dict[str, Any]:
    return {
        "referenceOrderId": "",
        "externalReferenceId": "PV-2026-1003-0042",
        "orderId": "",
        "customerId": CUSTOMER,
        "currencyCode": "USD",
        "orderType": "PREVIEW",
        "status": "",
        "lineItems": [
            _answered_line(1, "", "", FIRST_PRICE),
            _answered_line(2, "", "", SECOND_PRICE),
        ],
        "pricingSummary": SUMMARY,
        "creationDate": "2026-10-03T15:20:41Z",
    }


def _return(status: str, subscription_id: str) -> dict[str, Any]:
    item = _answered_line(2, subscription_id, status)
    del item["flexDiscounts"]
    return _order(
        "9206431950",
        [item],
        referenceOrderId="9206417733",
        externalReferenceId="PO-88213/07-R1",
        orderType="RETURN",
        status=status,
        creationDate="2026-10-09T09:02:55Z",
    )


def _check_example_12(sandbox: Sandbox) -> None:
    """The second page of five orders, the pages before and after it."""
    for place, day in enumerate(("2026-03-01", "2026-10-10", "2026-10-11")):
        seeded = {
            "orderId": f"920640000{place}",
            "customerId": CUSTOMER,
            "creationDate": f"{day}T08:00:00Z",
            "lineItems": [_lines("02")[0]],
        }
        del seeded["lineItems"][0]["quantity"]
        seeded["lineItems"][0]["quantity"] = 1
        sandbox.control("POST", "seed-order", seeded)
    query = (
        "order-type=NEW&order-type=RETURN&start-date=2026-02-14T00:00:00Z"
        "&end-date=2026-10-12T23:59:59Z&limit=2"
    )
    path = f"/v3/customers/{CUSTOMER}/orders"
    answer = sandbox.get(f"{path}?{query}&offset=2").json()
    original = _order(
        "9206417733",
        [_answered_line(1, IDS[0], "1000"), _answered_line(2, IDS[1], "1008")],
        status="1000",
    )
    expected = {
        "totalCount": 5,
        "count": 2,
        "offset": 2,
        "limit": 2,
        "items": [_return("1000", IDS[1]), original],
        "links": {
            "self": {"uri": f"{path}?{query}&offset=2", **SELF},
            "next": {"uri": f"{path}?{query}&offset=4", **SELF},
            "prev": {"uri": f"{path}?{query}&offset=0", **SELF},
        },
    }
    _same(answer, expected)
