"""The checks of an order, step by step (reference, section 8.7)."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.sandbox.conftest import Sandbox

Make = Callable[..., Any]
Body = dict[str, Any]

DESIGN, PHOTO, DOCUMENT, PRO, SKETCH, ADD_ON, ENTERPRISE, CLASSROOM, CREDITS, OLD, FOREIGN = (
    "65310542CA",
    "65318877CA",
    "65316613CA",
    "65327114CA",
    "65319006CA",
    "65330218CA",
    "65304990EA",
    "65340077CA",
    "65322651CA",
    "65308888CA",
    "65399120CA",
)


def line(
    number: int = 1, offer_id: str = f"{DESIGN}01A12", quantity: int = 1, **more: object
) -> Body:
    fields = {
        "extLineItemNumber": number,
        "offerId": offer_id,
        "quantity": quantity,
        "currencyCode": "USD",
    }
    return _given(fields | more)


def order(*lines: object, **more: object) -> Body:
    """An order body without its type; `...` leaves a field out."""
    fields = {"externalReferenceId": "PO-1", "lineItems": list(lines) or [line()]}
    return _given(fields | more)


def _given(fields: Body) -> Body:
    return {name: value for name, value in fields.items() if value is not ...}


def _reasons(*failures: tuple[int, str]) -> list[str]:
    return [f"Line Item: {number}, Reason: {reason}" for number, reason in failures]


TEXT_CASES: list[tuple[str, Body, str, list[str]]] = [
    ("an unknown field", order(poNumber="7"), "1121", ["poNumber"]),
    (
        "unknown fields on two lines",
        order(line(1, price=1), line(2, sku="x")),
        "1121",
        ["lineItems[0].price", "lineItems[1].sku"],
    ),
    ("a reference order", order(referenceOrderId="P1"), "1121", ["referenceOrderId"]),
    (
        "cancelling items",
        order(
            cancellingItems=[
                {
                    "extLineItemNumber": 1,
                    "referenceLineItemNumber": 1,
                    "subscriptionId": "s",
                    "quantity": 1,
                }
            ]
        ),
        "1121",
        ["cancellingItems"],
    ),
    ("unknown before missing", order(lineItems=..., poNumber="7"), "1121", ["poNumber"]),
    ("no lines at all", order(lineItems=...), "1122", ["lineItems"]),
    (
        "a line without anything",
        order({}),
        "1122",
        [f"lineItems[0].{n}" for n in ("extLineItemNumber", "offerId", "quantity", "currencyCode")],
    ),
    ("an empty offer", order(line(offerId="")), "1122", ["lineItems[0].offerId"]),
    ("a quantity of null", order(line(quantity=None)), "1122", ["lineItems[0].quantity"]),
    (
        "no currency on either level",
        order(line(1, currencyCode=...), line(2)),
        "1122",
        ["lineItems[0].currencyCode"],
    ),
    (
        "a deployment without a line currency",
        order(line(deploymentId="D1", currencyCode=...), currencyCode="USD"),
        "1122",
        ["lineItems[0].currencyCode"],
    ),
    (
        "missing before types",
        order(line(quantity="x", offerId=...), externalReferenceId="<"),
        "1122",
        ["lineItems[0].offerId"],
    ),
    (
        "two values of the wrong form",
        order(line(currencyCode="usd"), externalReferenceId="PO <88214>"),
        "1117",
        ["externalReferenceId", "lineItems[0].currencyCode"],
    ),
    ("a quotation mark", order(externalReferenceId='PO "1"'), "1117", ["externalReferenceId"]),
    ("a number as text", order(line(quantity="1")), "1117", ["lineItems[0].quantity"]),
    ("half a licence", order(line(quantity=1.5)), "1117", ["lineItems[0].quantity"]),
    ("a truth as a number", order(line(quantity=True)), "1117", ["lineItems[0].quantity"]),
    ("a number as an offer", order(line(offerId=7)), "1117", ["lineItems[0].offerId"]),
    ("a line that is none", order("x"), "1117", ["lineItems[0]"]),
    ("lines that are none", order(lineItems="x"), "1117", ["lineItems"]),
    (
        "a long deployment",
        order(line(deploymentId="d" * 41)),
        "1117",
        ["lineItems[0].deploymentId"],
    ),
    (
        "a code that is no list",
        order(line(flexDiscountCodes="AUTUMN_TEAM_15")),
        "1117",
        ["lineItems[0].flexDiscountCodes"],
    ),
    (
        "a reference of 36 signs",
        order(externalReferenceId="r" * 36),
        "2126",
        ["externalReferenceId"],
    ),
    (
        "a long reference and another fault",
        order(line(quantity="1"), externalReferenceId="r" * 36),
        "1117",
        ["externalReferenceId", "lineItems[0].quantity"],
    ),
]

LINE_CASES: list[tuple[str, Body, str, list[str]]] = [
    ("an empty list of lines", order(lineItems=[]), "2119", []),
    ("500 lines", order(*(line(n) for n in range(500))), "2119", []),
    (
        "line numbers out of range",
        order(line(-1), line(1_000_000), line(3)),
        "2123",
        _reasons((-1, "LINE_NUMBER_OUT_OF_RANGE"), (1_000_000, "LINE_NUMBER_OUT_OF_RANGE")),
    ),
    (
        "a line number used twice",
        order(line(4), line(4), line(5)),
        "2121",
        _reasons((4, "DUPLICATE_LINE_NUMBER")),
    ),
    (
        "quantities out of range",
        order(line(1, quantity=0), line(2, quantity=10_001), line(3, quantity=2)),
        "2120",
        _reasons((1, "QUANTITY_OUT_OF_RANGE"), (2, "QUANTITY_OUT_OF_RANGE")),
    ),
    (
        "more than an enterprise may have",
        order(line(1, f"{ENTERPRISE}01A12", 599_001)),
        "2120",
        _reasons((1, "QUANTITY_OUT_OF_RANGE")),
    ),
    (
        "currencies that clash",
        order(line(1), line(2, currencyCode="EUR"), currencyCode="USD"),
        "2140",
        _reasons((2, "CURRENCY_CLASH")),
    ),
    (
        "a currency not sold in the country",
        order(line(1), line(2, currencyCode="EUR")),
        "2125",
        _reasons((2, "CURRENCY_NOT_ALLOWED")),
    ),
    (
        "an offer nobody knows",
        order(line(1, "65310542CA99A12"), line(2, "00000000CA01A12"), line(3)),
        "2122",
        _reasons((1, "INVALID_OFFER_ID"), (2, "INVALID_OFFER_ID")),
    ),
    (
        "an offer no longer sold",
        order(line(1, f"{OLD}01A12")),
        "2122",
        _reasons((1, "INVALID_OFFER_ID")),
    ),
    (
        "an offer in other letters",
        order(line(1, "65310542ca01A12")),
        "2122",
        _reasons((1, "INVALID_OFFER_ID")),
    ),
    (
        "offer before deployment",
        order(line(1, deploymentId="D1"), line(2, f"{OLD}01A12")),
        "2122",
        _reasons((2, "INVALID_OFFER_ID")),
    ),
    (
        "another programme before eligibility",
        order(line(1, f"{FOREIGN}01A12"), line(2, f"{CLASSROOM}01A12")),
        "2124",
        _reasons((1, "PROGRAMME_NOT_ALLOWED")),
    ),
    (
        "what the customer may not buy, line by line",
        order(line(1, f"{CLASSROOM}01A12"), line(2, f"{ADD_ON}01A12"), line(3, f"{SKETCH}01A12")),
        "2129",
        _reasons((1, "INELIGIBLE_MARKET_SEGMENT"), (2, "INELIGIBLE_ADD_ON")),
    ),
    (
        "two discount codes on a line",
        order(line(1, flexDiscountCodes=["A", "B"])),
        "2147",
        _reasons((1, "TOO_MANY_DISCOUNT_CODES")),
    ),
    (
        "discounts that are not valid",
        order(
            line(1, flexDiscountCodes=["SPRING_2020"]),
            line(2, flexDiscountCodes=["NO_SUCH_CODE"]),
            line(3, flexDiscountCodes=["TEAM_TEN_OFF"]),
        ),
        "2146",
        _reasons(*((n, "INVALID_DISCOUNT_CODE") for n in (1, 2))),
    ),
    (
        "a code made to fail",
        order(line(1, flexDiscountCodes=["SOME_FAILURE_CODE"])),
        "2141",
        _reasons((1, "CUSTOMER_NOT_QUALIFIED")),
    ),
    (
        "a discount for another product",
        order(line(1, flexDiscountCodes=["AUTUMN_TEAM_15"])),
        "2145",
        _reasons((1, "OFFER_NOT_ELIGIBLE_FOR_DISCOUNT")),
    ),
    (
        "a discount on an add-on",
        order(line(1), line(2, f"{ADD_ON}01A12", flexDiscountCodes=["TEAM_TEN_OFF"])),
        "2145",
        _reasons((2, "OFFER_NOT_ELIGIBLE_FOR_DISCOUNT")),
    ),
    (
        "two kinds of discount on a line",
        order(line(1, flexDiscountCodes=["TEAM_TEN_OFF"], discountCode="HVD_L17_PRE")),
        "2144",
        _reasons((1, "DISCOUNT_NOT_COMBINABLE")),
    ),
    (
        "a discount for three-year customers",
        order(line(1, flexDiscountCodes=["LOYAL_THREE"])),
        "2166",
        _reasons((1, "THREE_YEAR_CUSTOMERS_ONLY")),
    ),
]

STATUS = {"1116": 404, "2115": 404, "2138": 404}


def _id(value: object) -> str | None:
    return value if isinstance(value, str) and " " in value else None


@pytest.fixture(scope="module")
def customer(sandbox: Sandbox) -> str:
    """A US business customer with nothing yet; nothing is placed for it."""
    return sandbox.customer()


@pytest.mark.parametrize("order_type", ["NEW", "PREVIEW"])
@pytest.mark.parametrize(("what", "body", "code", "details"), TEXT_CASES + LINE_CASES, ids=_id)
def test_an_order_is_refused_for(
    sandbox: Sandbox,
    customer: str,
    *,
    order_type: str,
    what: str,
    body: Body,
    code: str,
    details: list[str],
) -> None:
    """What a PREVIEW refuses, NEW refuses with the same code."""
    answer = sandbox.order(customer, {"orderType": order_type, **body})
    assert answer.json()["code"] == code
    assert answer.status_code == STATUS.get(code, 400)
    assert answer.json().get("additionalDetails", []) == details


@pytest.mark.parametrize(
    ("what", "body", "code", "details"),
    [case for case in TEXT_CASES if "referenceOrderId" not in case[1]],
    ids=_id,
)
def test_a_return_is_refused_for(
    sandbox: Sandbox, customer: str, *, what: str, body: Body, code: str, details: list[str]
) -> None:
    """A RETURN must name its original, so that field is no fault of it."""
    answer = sandbox.order(customer, {"orderType": "RETURN", "referenceOrderId": "P1", **body})
    assert (answer.json()["code"], answer.json().get("additionalDetails", [])) == (code, details)


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"7", b"\xff\xfe", b'"text"', b"[" * 100_000])
def test_a_body_that_is_no_json_object_is_refused(
    sandbox: Sandbox, customer: str, text: bytes
) -> None:
    answer = sandbox.order(customer, text)
    assert (answer.status_code, answer.json()["code"]) == (400, "1117")


def test_an_unknown_customer_comes_before_the_body(sandbox: Sandbox) -> None:
    answer = sandbox.order("nobody", b"{")
    assert (answer.status_code, answer.json()["code"]) == (404, "1116")


@pytest.mark.parametrize(
    "order_type",
    ["TRANSFER", "PREVIEW_RETURN", "new"],
)
def test_a_type_that_is_not_served_is_named(
    sandbox: Sandbox, customer: str, order_type: str
) -> None:
    answer = sandbox.order(customer, {"orderType": order_type})
    assert (answer.status_code, answer.json()["code"]) == (400, "1117")
    assert answer.json()["additionalDetails"] == ["orderType"]


@pytest.mark.parametrize("order_type", [..., None, ""])
def test_an_order_without_a_type_is_refused(
    sandbox: Sandbox, customer: str, order_type: object
) -> None:
    answer = sandbox.order(customer, order(orderType=order_type))
    assert (answer.json()["code"], answer.json()["additionalDetails"]) == ("1122", ["orderType"])


@pytest.mark.parametrize("order_type", [["NEW"], {"a": 1}, 7])
def test_a_type_of_another_form_is_refused(
    sandbox: Sandbox, customer: str, order_type: object
) -> None:
    answer = sandbox.order(customer, order(orderType=order_type))
    assert (answer.json()["code"], answer.json()["additionalDetails"]) == ("1117", ["orderType"])


@pytest.mark.parametrize(
    "more",
    [
        {"currencyCode": "USD"},
        {"referenceOrderId": "", "orderId": "", "customerId": "x", "status": "", "source": "API"},
        {"creationDate": "x", "links": {}, "pricing": 1, "flexDiscounts": [], "pricingSummary": []},
        {"cancellingItems": []},
        {"externalReferenceId": ...},
        {"externalReferenceId": "r" * 35},
        {"externalReferenceId": "Möbel [Büro] 'x' ✓"},
        {"lineItems": [line(0)]},
        {"lineItems": [line(999_999)]},
        {"lineItems": [line(1, currencyCode=...)], "currencyCode": "USD"},
        {"lineItems": [line(1), line(2)]},
        {
            "lineItems": [
                line(1, status="", subscriptionId="", pricing={"a": 1}, proratedDays=3)
                | {"flexDiscounts": [], "promotions": [], "flexDiscountCodes": [""]}
            ]
        },
    ],
    ids=str,
)
def test_what_is_accepted(sandbox: Sandbox, more: Body) -> None:
    answer = sandbox.order(sandbox.customer(), order(orderType="NEW") | _given(more))
    if more.get("externalReferenceId") is ...:
        answer = sandbox.order(sandbox.customer(), order(orderType="NEW", externalReferenceId=...))
        assert "externalReferenceId" not in answer.json()
    assert answer.status_code == 201, answer.text


def test_the_largest_order_is_accepted(sandbox: Sandbox) -> None:
    lines = [line(n, f"{DESIGN}04A12") for n in range(1, 500)]
    answer = sandbox.order(sandbox.customer(), order(*lines, orderType="NEW"))
    assert answer.status_code == 201
    assert len(answer.json()["lineItems"]) == 499


def test_lines_that_disagree_on_the_currency_are_refused(sandbox: Sandbox) -> None:
    """In a country where both currencies are sold."""
    customer_id = sandbox.customer(country="AU")
    body = order(line(1, currencyCode="AUD"), line(2), line(3, currencyCode="AUD"))
    answer = sandbox.order(customer_id, body | {"orderType": "NEW"})
    assert answer.json()["code"] == "2137"
    assert answer.json()["additionalDetails"] == _reasons((2, "CURRENCY_MISMATCH"))


def test_an_offer_not_sold_in_the_currency_is_refused(sandbox: Sandbox) -> None:
    customer_id = sandbox.customer(country="DE")
    body = order(line(1, f"{ENTERPRISE}01A12", currencyCode="EUR"), orderType="NEW")
    answer = sandbox.order(customer_id, body)
    assert answer.json()["code"] == "2128"
    assert answer.json()["additionalDetails"] == _reasons((1, "CURRENCY_NOT_FOR_OFFER"))


@pytest.mark.parametrize(
    ("fields", "code", "status", "reason"),
    [
        ({}, "2138", 404, "DEPLOYMENT_NOT_FOUND"),
        (
            {"known": True, "deploymentsInContract": False},
            "2139",
            400,
            "DEPLOYMENT_NOT_IN_CONTRACT",
        ),
        ({"known": True}, "1140", 400, "CUSTOMER_NOT_WORLDWIDE"),
        (
            {"known": True, "globalSalesEnabled": True, "marketSegment": "GOV"},
            "1142",
            400,
            "SEGMENT_NOT_WORLDWIDE",
        ),
    ],
)
def test_a_deployment_is_checked(
    sandbox: Sandbox, fields: Body, code: str, status: int, reason: str
) -> None:
    known = [{"deploymentId": "PR1450043516", "country": "DE", "currencyCode": "EUR"}]
    given = {name: value for name, value in fields.items() if name != "known"}
    customer_id = sandbox.customer(deployments=known if "known" in fields else [], **given)
    body = order(line(1, deploymentId="PR1450043516", currencyCode="EUR"), orderType="NEW")
    answer = sandbox.order(customer_id, body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json()["additionalDetails"] == _reasons((1, reason))


def test_worldwide_lines_carry_their_own_currencies_and_no_prices(sandbox: Sandbox) -> None:
    known = [{"deploymentId": "PR1", "country": "DE", "currencyCode": "EUR"}]
    customer_id = sandbox.customer(deployments=known, globalSalesEnabled=True)
    body = order(line(1), line(2, deploymentId="PR1", currencyCode="EUR"), orderType="PREVIEW")
    plain = sandbox.order(customer_id, body)
    assert plain.status_code == 200
    assert "currencyCode" not in plain.json()
    assert sandbox.order(customer_id, body, "?fetch-price=true").json()["code"] == "2148"
    body["lineItems"][1]["currencyCode"] = "GBP"
    assert sandbox.order(customer_id, body).json()["code"] == "2137"


@pytest.mark.parametrize("order_type", ["NEW", "PREVIEW"])
@pytest.mark.parametrize(
    ("anniversary", "code"), [("2026-10-04", "5122"), ("2026-10-05", "5122"), ("2026-10-06", None)]
)
def test_orders_are_not_taken_from_the_day_before_the_anniversary(
    start: Callable[..., Sandbox], order_type: str, anniversary: str, code: str | None
) -> None:
    """By UTC days; on the anniversary itself until the renewal has been carried out."""
    sandbox = start("--finish-after", "3600")
    sandbox.set_clock("2026-10-04T02:00:00Z")
    licences = [{"product": DESIGN, "quantity": 1, "currencyCode": "USD"}]
    customer_id = sandbox.customer(cotermDate=anniversary, licences=licences)
    answer = sandbox.order(customer_id, order(line(1, f"{DESIGN}01A12"), orderType=order_type))
    assert answer.json().get("code") == code


def test_orders_are_taken_again_when_the_renewal_has_run(start: Callable[..., Sandbox]) -> None:
    sandbox = start("--finish-after", "600")
    sandbox.set_clock("2026-10-01T12:00:00Z")
    licences = [{"product": DESIGN, "quantity": 1, "currencyCode": "USD"}]
    customer_id = sandbox.customer(cotermDate="2026-10-04", licences=licences)
    sandbox.set_clock("2026-10-04T12:00:00Z")
    body = order(line(1, f"{DESIGN}01A12"), orderType="NEW")
    assert sandbox.order(customer_id, body).json()["code"] == "5122"
    sandbox.control("POST", "finish")
    assert sandbox.order(customer_id, body).status_code == 201


def test_a_customer_whose_licences_all_lapsed_begins_anew(start: Callable[..., Sandbox]) -> None:
    sandbox = start()
    sandbox.set_clock("2026-10-10T12:00:00Z")
    customer_id = sandbox.customer(cotermDate="2026-10-04")
    answer = sandbox.order(customer_id, order(orderType="PREVIEW"), "?fetch-price=true")
    assert answer.json()["lineItems"][0]["proratedDays"] == 365


def test_an_add_on_goes_with_its_product_owned_or_ordered(sandbox: Sandbox) -> None:
    add_on = f"{ADD_ON}01A12"
    owner = sandbox.customer(licences=[{"product": PRO, "quantity": 2, "currencyCode": "USD"}])
    alone = order(line(3, add_on), orderType="NEW")
    assert sandbox.order(owner, alone).status_code == 201
    together = order(line(1), line(2, add_on), orderType="NEW")
    assert sandbox.order(sandbox.customer(), together).status_code == 201


def test_the_published_refusal_of_an_add_on(sandbox: Sandbox) -> None:
    """Example 16, word by word."""
    answer = sandbox.order(sandbox.customer(), order(line(3, f"{ADD_ON}01A12", 6), orderType="NEW"))
    assert (answer.status_code, answer.json()) == (
        400,
        {
            "code": "2129",
            "message": "Customer may not buy this offer",
            "additionalDetails": ["Line Item: 3, Reason: INELIGIBLE_ADD_ON"],
        },
    )


@pytest.mark.parametrize(
    ("owned", "ordered", "level"),
    [(0, 9, "01"), (0, 10, "02"), (9, 1, "02"), (40, 9, "02"), (40, 10, "03"), (90, 10, "04")],
)
def test_the_level_counts_licences_owned_and_ordered(
    sandbox: Sandbox, owned: int, ordered: int, level: str
) -> None:
    """PREVIEW corrects the level, better or worse; NEW refuses any other (C12)."""
    licences = [{"product": DOCUMENT, "quantity": owned, "currencyCode": "USD"}] if owned else []
    customer_id = sandbox.customer(licences=licences)
    for asked in ("01", "02", "04"):
        body = order(line(1, f"{DESIGN}{asked}A12", ordered))
        preview = sandbox.order(customer_id, body | {"orderType": "PREVIEW"})
        assert preview.json()["lineItems"][0]["offerId"] == f"{DESIGN}{level}A12"
    wrong = "03" if level != "03" else "02"
    body = order(line(7, f"{DESIGN}{wrong}A12", ordered), orderType="NEW")
    refused = sandbox.order(customer_id, body)
    assert refused.json()["code"] == "2129"
    assert refused.json()["additionalDetails"] == _reasons((7, "INELIGIBLE_PRICE_LEVEL"))
    body = order(line(7, f"{DESIGN}{level}A12", ordered), orderType="NEW")
    assert sandbox.order(customer_id, body).status_code == 201


def test_orders_under_way_count_for_the_level_at_once(sandbox: Sandbox) -> None:
    customer_id = sandbox.customer()
    assert sandbox.order(customer_id, order(line(1, quantity=6), orderType="NEW")).is_success
    preview = sandbox.order(customer_id, order(line(1, quantity=6), orderType="PREVIEW"))
    assert preview.json()["lineItems"][0]["offerId"] == f"{DESIGN}02A12"


@pytest.mark.parametrize(
    ("fields", "quantity", "level"),
    [
        ({"marketSegment": "COM", "minimum": 10}, 1, "12"),
        ({"marketSegment": "GOV", "minimum": 60}, 1, "13"),
        ({"marketSegment": "COM", "minimum": 100}, 1, "14"),
        ({"largeGovernmentAgency": True, "marketSegment": "GOV"}, 100, "06"),
        ({"largeGovernmentAgency": True, "marketSegment": "GOV"}, 1000, "07"),
    ],
)
def test_committed_customers_and_agencies_have_levels_of_their_own(
    sandbox: Sandbox, fields: Body, quantity: int, level: str
) -> None:
    customer_id = sandbox.customer(**_with_commitment(fields))
    body = order(line(1, f"{DESIGN}01A12", quantity), orderType="PREVIEW")
    preview = sandbox.order(customer_id, body)
    assert preview.json()["lineItems"][0]["offerId"] == f"{DESIGN}{level}A12"


def _with_commitment(fields: Body) -> Body:
    minimum = fields.get("minimum")
    rest = {name: value for name, value in fields.items() if name != "minimum"}
    if minimum is None:
        return rest
    commitment = {"startDate": "2026-01-01", "endDate": "2028-12-31", "minimumLicences": minimum}
    return {**rest, "commitment": commitment}


def test_agency_levels_and_small_agency_orders(sandbox: Sandbox) -> None:
    answer = sandbox.order(sandbox.customer(), order(line(1, f"{DESIGN}06A12"), orderType="NEW"))
    assert answer.json()["code"] == "2129"
    assert answer.json()["additionalDetails"] == _reasons((1, "Not an LGA Customer"))
    agency = sandbox.customer(marketSegment="GOV", largeGovernmentAgency=True)
    answer = sandbox.order(agency, order(line(1, quantity=99), orderType="NEW"))
    assert answer.json()["code"] == "1170"


def test_consumables_have_levels_of_their_own(sandbox: Sandbox) -> None:
    licences = [{"product": DOCUMENT, "quantity": 500, "currencyCode": "USD"}]
    customer_id = sandbox.customer(licences=licences)
    body = order(line(1, f"{CREDITS}T1A12", 2), orderType="NEW")
    assert sandbox.order(customer_id, body).status_code == 201
    body = order(line(1, f"{CREDITS}01A12", 2), orderType="NEW")
    assert sandbox.order(customer_id, body).json()["code"] == "2122"


def test_an_introductory_discount_is_for_products_never_owned(sandbox: Sandbox) -> None:
    owner = sandbox.customer(licences=[{"product": DESIGN, "quantity": 1, "currencyCode": "USD"}])
    body = order(line(2, flexDiscountCodes=["WELCOME_20"]), orderType="NEW")
    refused = sandbox.order(owner, body)
    assert refused.json()["code"] == "2141"
    assert refused.json()["additionalDetails"] == _reasons((2, "CUSTOMER_NOT_QUALIFIED"))
    assert sandbox.order(sandbox.customer(), body).status_code == 201


def test_an_amount_off_is_for_its_own_currency(sandbox: Sandbox) -> None:
    body = order(line(1, flexDiscountCodes=["TEAM_TEN_OFF"], currencyCode="EUR"), orderType="NEW")
    assert sandbox.order(sandbox.customer(country="DE"), body).json()["code"] == "2141"


def test_a_discount_for_one_use_is_used_up_by_an_order_that_did_not_fail(sandbox: Sandbox) -> None:
    customer_id = sandbox.customer()
    body = order(line(1, flexDiscountCodes=["ONE_TIME_25"]), orderType="NEW")
    first = sandbox.order(customer_id, body).json()
    assert sandbox.order(customer_id, body).json()["code"] == "2142"
    sandbox.control("POST", f"orders/{first['orderId']}", {"status": "1004"})
    assert sandbox.order(customer_id, body).status_code == 201


def test_high_volume_codes_belong_to_migrated_customers(sandbox: Sandbox) -> None:
    """NEW refuses a missing or wrong code, PREVIEW corrects it; both spellings are known."""
    migrated = sandbox.customer(tags=["HVD_MIGRATED_CUSTOMER"], discountCode="HVD_L18_PRE")
    for given in (..., "HVD_L17_PRE"):
        body = order(line(1, discountCode=given))
        refused = sandbox.order(migrated, body | {"orderType": "NEW"})
        assert refused.json()["code"] == "5135"
        preview = sandbox.order(migrated, body | {"orderType": "PREVIEW"})
        assert preview.json()["lineItems"][0]["discountCode"] == "HVD_L18_PRE"
    for given in ("HVD_L18_PRE", "HVD_L18PRE"):
        body = order(line(1, discountCode=given), orderType="NEW")
        assert sandbox.order(migrated, body).status_code == 201
    body = order(line(1, discountCode="HVD_L18_PRE"), orderType="NEW")
    assert sandbox.order(sandbox.customer(), body).json()["code"] == "5135"


def test_a_refused_order_leaves_nothing_behind(sandbox: Sandbox) -> None:
    customer_id = sandbox.customer()
    sandbox.order(customer_id, order(line(1), line(2, f"{OLD}01A12"), orderType="NEW"))
    sandbox.order(customer_id, order(orderType="PREVIEW"))
    assert sandbox.history(customer_id).json()["totalCount"] == 0


def test_the_body_of_a_preview_answer_is_taken_by_the_server(sandbox: Sandbox) -> None:
    """Read-only fields that the order knows are ignored (C43)."""
    customer_id = sandbox.customer()
    body = order(line(1, quantity=12), orderType="PREVIEW")
    preview = sandbox.order(customer_id, body, "?fetch-price=true").json()
    answer = sandbox.order(customer_id, json.dumps(preview | {"orderType": "NEW"}).encode())
    assert answer.status_code == 201
    assert answer.json()["lineItems"][0]["offerId"] == f"{DESIGN}02A12"


def test_a_preview_grants_no_discount_that_an_order_of_it_would_be_refused(
    sandbox: Sandbox,
) -> None:
    """A high-volume code is another discount: the preview says so before it puts it there."""
    migrated = sandbox.customer(tags=["HVD_MIGRATED_CUSTOMER"], discountCode="HVD_L18_PRE")
    body = order(line(1, flexDiscountCodes=["TEAM_TEN_OFF"]))
    refused = sandbox.order(migrated, body | {"orderType": "PREVIEW"})
    assert (refused.status_code, refused.json()["code"]) == (400, "2144")
    assert sandbox.order(sandbox.customer(), body | {"orderType": "PREVIEW"}).status_code == 200


@pytest.mark.parametrize("order_type", ["PREVIEW", "NEW"])
def test_a_discount_for_one_use_is_used_up_by_the_line_above(
    sandbox: Sandbox, order_type: str
) -> None:
    lines = [line(number, flexDiscountCodes=["ONE_TIME_25"]) for number in (1, 2)]
    answer = sandbox.order(sandbox.customer(), order(*lines, orderType=order_type))
    assert (answer.status_code, answer.json()["code"]) == (400, "2142")
    assert answer.json()["additionalDetails"] == _reasons((2, "DISCOUNT_USED_UP"))
