"""Renewals over HTTP: early, late, by themselves (reference, section 11)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.sandbox.conftest import Sandbox

DESIGN = "65310542CA"
PHOTO = "65318877CA"
PRO = "65327114CA"
CREDITS = "65322651CA"
LEGACY = "65308888CA"
INK = "65301177CA"

Json = dict[str, Any]
Start = Callable[..., "Sandbox"]


@pytest.fixture
def november(start: Start) -> Sandbox:
    """A marketplace on 10 November 2025, where orders finish when they are told to."""
    sandbox = start("--finish-after", "86400000")
    sandbox.set_clock("2025-11-10T12:00:00Z")
    return sandbox


def _customer(sandbox: Sandbox, quantity: int = 100, **fields: object) -> str:
    """The worked example's: anniversary and renewal date on 30 November 2025."""
    licences = [{"product": DESIGN, "quantity": quantity, "currencyCode": "USD"}]
    return sandbox.customer(**({"cotermDate": "2025-11-30", "licences": licences} | fields))


def _subscription(sandbox: Sandbox, customer: str, product: str = DESIGN) -> Json:
    items = sandbox.get(f"/v3/customers/{customer}/subscriptions").json()["items"]
    found: Json = next(s for s in items if s["offerId"].startswith(product))
    return found


def _anniversary(sandbox: Sandbox, customer: str) -> str:
    found: str = sandbox.get(f"/v3/customers/{customer}").json()["cotermDate"]
    return found


def _line(
    owned: Json | None, quantity: int, number: int = 1, offer: str = f"{DESIGN}04A12"
) -> Json:
    line = {
        "extLineItemNumber": number,
        "offerId": offer,
        "quantity": quantity,
        "currencyCode": "USD",
    }
    return line | ({"subscriptionId": owned["subscriptionId"]} if owned else {})


def _body(*lines: Json, order_type: str = "RENEWAL", **fields: object) -> Json:
    return {
        "externalReferenceId": "REN-1",
        "orderType": order_type,
        "lineItems": [*lines],
        **fields,
    }


def _renew(sandbox: Sandbox, customer: str, *lines: Json) -> Json:
    """A renewal that is accepted and finished."""
    answer = sandbox.order(customer, _body(*lines))
    assert (answer.status_code, answer.json()["status"]) == (201, "1002"), answer.text
    sandbox.finish()
    order: Json = sandbox.get(answer.json()["links"]["self"]["uri"]).json()
    assert order["status"] == "1000"
    return order


def _system_orders(sandbox: Sandbox, customer: str) -> list[Json]:
    items = sandbox.history(customer, "?start-date=2020-01-01&order-type=RENEWAL").json()["items"]
    return [order for order in items if order["source"] == "System"]


def _run(sandbox: Sandbox, day: str) -> None:
    """The renewal date comes: the job runs, its orders finish."""
    sandbox.set_clock(f"{day}T00:05:00Z")
    sandbox.control("POST", "renew")
    sandbox.finish()


# The worked dates of section 11.4


def test_all_renewed_early_moves_the_anniversary_and_leaves_the_run_nothing(
    november: Sandbox,
) -> None:
    customer = _customer(november)
    order = _renew(november, customer, _line(_subscription(november, customer), 100))
    owned = _subscription(november, customer)
    assert order["lineItems"][0]["subscriptionId"] == owned["subscriptionId"]
    assert (owned["renewalDate"], owned["renewedQuantity"]) == ("2025-11-30", 100)
    assert (owned["currentQuantity"], _anniversary(november, customer)) == (100, "2026-11-30")
    _run(november, "2025-11-30")
    owned = _subscription(november, customer)
    assert _system_orders(november, customer) == []
    assert (owned["renewalDate"], owned["currentQuantity"]) == ("2026-11-30", 100)
    assert "renewedQuantity" not in owned
    assert _anniversary(november, customer) == "2026-11-30"


def test_the_run_renews_what_was_not_renewed_early(november: Sandbox) -> None:
    customer = _customer(november)
    _renew(november, customer, _line(_subscription(november, customer), 40))
    assert _subscription(november, customer)["renewedQuantity"] == 40
    _run(november, "2025-11-30")
    (order,) = _system_orders(november, customer)
    assert [i["quantity"] for i in order["lineItems"]] == [60]
    assert "externalReferenceId" not in order
    assert _subscription(november, customer)["currentQuantity"] == 100


def test_the_anniversary_moves_with_the_first_order_only(november: Sandbox) -> None:
    customer = _customer(november, 200)
    owned = _subscription(november, customer)
    _renew(november, customer, _line(owned, 120))
    assert _anniversary(november, customer) == "2026-11-30"
    _renew(november, customer, _line(owned, 80))
    assert _anniversary(november, customer) == "2026-11-30"
    assert _subscription(november, customer)["renewedQuantity"] == 200


def test_what_was_renewed_and_returned_is_renewed_by_the_run(november: Sandbox) -> None:
    customer = _customer(november)
    order = _renew(november, customer, _line(_subscription(november, customer), 100))
    back = _body(
        _line(None, 100, offer=order["lineItems"][0]["offerId"]),
        order_type="RETURN",
        referenceOrderId=order["orderId"],
    )
    assert november.order(customer, back).status_code == 201
    november.finish()
    owned = _subscription(november, customer)
    assert (owned["renewedQuantity"], owned["currentQuantity"]) == (0, 100)
    assert _anniversary(november, customer) == "2026-11-30"
    _run(november, "2025-11-30")
    (system,) = _system_orders(november, customer)
    assert [i["quantity"] for i in system["lineItems"]] == [100]
    assert _anniversary(november, customer) == "2026-11-30"


def test_the_run_renews_the_quantity_that_was_set(november: Sandbox) -> None:
    customer = _customer(november)
    owned = _subscription(november, customer)
    path = f"/v3/customers/{customer}/subscriptions/{owned['subscriptionId']}"
    november.call("PATCH", path, {"autoRenewal": {"enabled": True, "renewalQuantity": 50}})
    _run(november, "2025-11-30")
    assert _subscription(november, customer)["currentQuantity"] == 50
    assert _anniversary(november, customer) == "2026-11-30"


# The automatic renewal


def test_the_run_comes_by_itself_when_the_clock_passes_midnight(start: Start) -> None:
    sandbox = start("--finish-after", "0")
    sandbox.set_clock("2025-11-29T23:00:00Z")
    customer = _customer(sandbox)
    sandbox.advance(hours=2)
    for _ in range(200):
        if _subscription(sandbox, customer)["renewalDate"] == "2026-11-30":
            break
    assert _anniversary(sandbox, customer) == "2026-11-30"
    assert [o["status"] for o in _system_orders(sandbox, customer)] == ["1000"]


def test_without_automatic_renewal_a_subscription_lapses_and_can_be_renewed_late(
    november: Sandbox,
) -> None:
    customer = _lapsed(november)
    owned = _subscription(november, customer)
    assert (owned["status"], owned["allowedActions"]) == ("1004", ["MANUAL_RENEWAL"])
    assert (owned["renewalDate"], owned["currentQuantity"]) == ("2025-11-30", 100)
    assert _anniversary(november, customer) == "2025-11-30"


def test_the_job_by_hand_runs_at_most_every_two_minutes(november: Sandbox) -> None:
    november.control("POST", "renew")
    assert november.http is not None
    again = november.http.post("/control/renew")
    assert (again.status_code, "two minutes" in again.json()["error"]) == (409, True)
    november.advance(minutes=2)
    november.control("POST", "renew")


def test_while_it_is_being_renewed_a_subscription_cannot_be_changed(november: Sandbox) -> None:
    customer = _customer(november)
    november.set_clock("2025-11-30T00:05:00Z")
    november.control("POST", "renew")
    owned = _subscription(november, customer)
    path = f"/v3/customers/{customer}/subscriptions/{owned['subscriptionId']}"
    answer = november.call("PATCH", path, {"autoRenewal": {"enabled": False}})
    assert (answer.status_code, answer.json()["code"]) == (400, "3119")


def test_what_cannot_be_renewed_lapses(november: Sandbox) -> None:
    licences = [{"product": p, "quantity": 5, "currencyCode": "USD"} for p in (DESIGN, INK, LEGACY)]
    customer = _customer(november, licences=licences)
    _run(november, "2025-11-30")
    statuses = {p: _subscription(november, customer, p)["status"] for p in (DESIGN, INK, LEGACY)}
    assert statuses == {DESIGN: "1000", INK: "1004", LEGACY: "1004"}


# Late


def _lapsed(sandbox: Sandbox, day: str = "2025-12-10") -> str:
    """A customer whose licences were not renewed on 30 November."""
    customer = _customer(sandbox)
    owned = _subscription(sandbox, customer)
    path = f"/v3/customers/{customer}/subscriptions/{owned['subscriptionId']}"
    sandbox.call("PATCH", path, {"autoRenewal": {"enabled": False}})
    _run(sandbox, "2025-11-30")
    sandbox.set_clock(f"{day}T12:00:00Z")
    return customer


def test_a_late_renewal_brings_licences_back_and_moves_the_anniversary(november: Sandbox) -> None:
    customer = _lapsed(november)
    _renew(november, customer, _line(_subscription(november, customer), 60, offer=f"{DESIGN}03A12"))
    owned = _subscription(november, customer)
    assert (owned["status"], owned["currentQuantity"]) == ("1000", 60)
    assert "allowedActions" not in owned
    assert (owned["renewalDate"], _anniversary(november, customer)) == ("2026-11-30", "2026-11-30")
    assert owned["autoRenewal"]["enabled"] is True


@pytest.mark.parametrize(("day", "code"), [("2025-12-30", None), ("2025-12-31", "3122")])
def test_the_window_of_late_renewals(november: Sandbox, day: str, code: str | None) -> None:
    customer = _lapsed(november, day)
    line = _line(_subscription(november, customer), 100)
    answer = november.order(customer, _body(line, order_type="PREVIEW_RENEWAL"))
    assert answer.json().get("code") == code


def test_a_late_renewal_names_a_subscription_and_asks_for_no_more(november: Sandbox) -> None:
    customer = _lapsed(november)
    owned = _subscription(november, customer)
    unnamed = november.order(customer, _body(_line(None, 5, offer=f"{PHOTO}01A12")))
    assert unnamed.json()["code"] == "1122"
    assert unnamed.json()["additionalDetails"] == ["lineItems[0].subscriptionId"]
    more = november.order(customer, _body(_line(owned, 101)))
    assert (more.json()["code"], more.json()["additionalDetails"]) == (
        "2120",
        ["Line Item: 1, Reason: MORE_THAN_LAST_TERM"],
    )


def test_one_time_products_that_lapsed_cannot_be_renewed(november: Sandbox) -> None:
    licences = [{"product": CREDITS, "quantity": 5, "currencyCode": "USD"}]
    customer = _customer(november, licences=licences)
    _run(november, "2025-11-30")
    owned = _subscription(november, customer, CREDITS)
    assert owned["allowedActions"] == ["MANUAL_RENEWAL"]
    line = _line(owned, 5, offer=f"{CREDITS}T1A12")
    answer = november.order(customer, _body(line, order_type="PREVIEW_RENEWAL"))
    assert answer.json()["code"] == "1122"


def test_what_was_just_renewed_has_nothing_left(november: Sandbox) -> None:
    customer = _customer(november)
    _run(november, "2025-11-30")
    november.set_clock("2025-12-05T12:00:00Z")
    answer = november.order(customer, _body(_line(_subscription(november, customer), 100)))
    assert answer.json()["code"] == "2164"


# What an early renewal is refused for


def _refused(sandbox: Sandbox, customer: str, body: Json) -> tuple[str, list[str]]:
    answer = sandbox.order(customer, body)
    assert answer.status_code == 400, answer.text
    return answer.json()["code"], answer.json().get("additionalDetails", [])


@pytest.mark.parametrize(
    ("moment", "code"),
    [
        ("2025-10-30T12:00:00Z", "3122"),
        ("2025-10-31T00:00:01Z", None),
        ("2025-11-29T23:59:59Z", None),
    ],
)
def test_the_window_of_early_renewals(november: Sandbox, moment: str, code: str | None) -> None:
    customer = _customer(november)
    november.set_clock(moment)
    line = _line(_subscription(november, customer), 100)
    answer = november.order(customer, _body(line, order_type="PREVIEW_RENEWAL"))
    assert answer.json().get("code") == code


def test_on_the_day_itself_an_active_subscription_is_not_renewed_by_hand(
    november: Sandbox,
) -> None:
    customer = _customer(november)
    november.set_clock("2025-11-30T12:00:00Z")
    november.control("POST", "renew")
    line = _line(_subscription(november, customer), 100)
    preview = _body(line, order_type="PREVIEW_RENEWAL")
    assert _refused(november, customer, preview) == (
        "3121",
        ["Line Item: 1, Reason: SUBSCRIPTION_ACTIVE"],
    )


def test_an_active_subscription_is_not_renewed_with_lapsed_ones(november: Sandbox) -> None:
    customer = _lapsed(november)
    november.control(
        "POST",
        "seed-subscription",
        {
            "subscriptionId": "other",
            "customerId": customer,
            "offerId": f"{PHOTO}01A12",
            "currentQuantity": 5,
            "currencyCode": "USD",
            "renewalDate": "2026-11-30",
        },
    )
    lines = [
        _line(_subscription(november, customer), 100),
        _line({"subscriptionId": "other"}, 5, 2, f"{PHOTO}04A12"),
    ]
    assert _refused(november, customer, _body(*lines)) == (
        "3121",
        ["Line Item: 2, Reason: SUBSCRIPTION_ACTIVE"],
    )


def test_a_part_of_a_subscription_stands_alone(november: Sandbox) -> None:
    licences = [{"product": p, "quantity": 50, "currencyCode": "USD"} for p in (DESIGN, PHOTO)]
    customer = _customer(november, licences=licences)
    design = _subscription(november, customer)
    photo = _subscription(november, customer, PHOTO)
    lines = [_line(design, 20), _line(photo, 50, 2, f"{PHOTO}04A12")]
    assert _refused(november, customer, _body(*lines)) == (
        "3121",
        ["Line Item: 1, Reason: PARTIAL_RENEWAL_NOT_ALONE"],
    )
    lines = [_line(design, 50), _line(photo, 50, 2, f"{PHOTO}04A12")]
    assert november.order(customer, _body(*lines)).status_code == 201


def test_more_licences_come_after_the_present_ones(november: Sandbox) -> None:
    customer = _customer(november)
    owned = _subscription(november, customer)
    assert _refused(november, customer, _body(_line(owned, 110))) == (
        "3121",
        ["Line Item: 1, Reason: MORE_THAN_LEFT_TO_RENEW"],
    )
    new = _line(None, 5, 2, f"{PHOTO}04A12")
    assert _refused(november, customer, _body(_line(owned, 100), new)) == (
        "3121",
        ["Line Item: 2, Reason: ADDS_TO_A_RENEWAL"],
    )
    _renew(november, customer, _line(owned, 100))
    _renew(november, customer, _line(owned, 10), new)
    assert _subscription(november, customer)["renewedQuantity"] == 110
    photo = _subscription(november, customer, PHOTO)
    assert (photo["status"], photo["currentQuantity"], photo["renewedQuantity"]) == ("1009", 0, 5)
    _run(november, "2025-11-30")
    assert _subscription(november, customer)["currentQuantity"] == 110
    photo = _subscription(november, customer, PHOTO)
    assert (photo["status"], photo["currentQuantity"]) == ("1000", 5)


def test_a_product_that_is_there_is_renewed_by_its_subscription(november: Sandbox) -> None:
    customer = _customer(november)
    assert _refused(november, customer, _body(_line(None, 5))) == (
        "3121",
        ["Line Item: 1, Reason: SUBSCRIBED_ALREADY"],
    )


def test_one_renewal_order_after_the_other(november: Sandbox) -> None:
    customer = _customer(november)
    owned = _subscription(november, customer)
    assert november.order(customer, _body(_line(owned, 40))).status_code == 201
    assert _refused(november, customer, _body(_line(owned, 60))) == ("4122", [])
    november.finish()
    assert november.order(customer, _body(_line(owned, 60))).status_code == 201


def test_4122_is_not_remembered(november: Sandbox) -> None:
    customer = _customer(november)
    owned = _subscription(november, customer)
    november.order(customer, _body(_line(owned, 40)))
    again = "the-same-intent"
    body = _body(_line(owned, 60))
    assert november.order(customer, body, X_Correlation_Id=again).json()["code"] == "4122"
    november.finish()
    assert november.order(customer, body, X_Correlation_Id=again).status_code == 201


@pytest.mark.parametrize("order_type", ["NEW", "PREVIEW"])
def test_nothing_new_is_sold_while_an_early_renewal_is_in_progress(
    november: Sandbox, order_type: str
) -> None:
    customer = _customer(november)
    body = _body(_line(None, 1, offer=f"{PHOTO}04A12"), order_type=order_type)
    november.order(customer, _body(_line(_subscription(november, customer), 100)))
    assert _refused(november, customer, body)[0] == "3131"
    november.finish()
    assert _refused(november, customer, body)[0] == "3131"
    _run(november, "2025-11-30")
    november.set_clock("2025-12-02T12:00:00Z")
    placed = 201 if order_type == "NEW" else 200
    assert november.order(customer, body).status_code == placed


def test_the_last_year_of_a_commitment_is_not_renewed_early(november: Sandbox) -> None:
    commitment = {"startDate": "2022-11-30", "endDate": "2025-11-30", "minimumLicences": 100}
    customer = _customer(november, commitment=commitment)
    line = _line(_subscription(november, customer), 100, offer=f"{DESIGN}14A12")
    assert _refused(november, customer, _body(line))[0] == "3133"
    again = {"startDate": "2025-11-30", "endDate": "2028-11-30", "minimumLicences": 100}
    customer = _customer(november, commitment=commitment, recommitment=again)
    line = _line(_subscription(november, customer), 100, offer=f"{DESIGN}14A12")
    assert november.order(customer, _body(line)).status_code == 201


def test_products_that_are_no_longer_sold(november: Sandbox) -> None:
    """Discontinued ones are renewed with a commitment only, unsupported ones never."""
    licences = [{"product": p, "quantity": 5, "currencyCode": "USD"} for p in (LEGACY, INK)]
    plain = _customer(november, licences=licences)
    commitment = {"startDate": "2024-11-30", "endDate": "2027-11-30", "minimumLicences": 10}
    committed = _customer(november, licences=licences, commitment=commitment)
    for customer, product, level, code in (
        (plain, LEGACY, "01", "3132"),
        (plain, INK, "01", "3132"),
        (committed, LEGACY, "12", None),
        (committed, INK, "12", "3132"),
    ):
        line = _line(_subscription(november, customer, product), 5, offer=f"{product}{level}A12")
        body = _body(line, order_type="PREVIEW_RENEWAL")
        assert november.order(customer, body).json().get("code") == code, product


def test_subscriptions_that_are_not_there(november: Sandbox) -> None:
    customer = _customer(november)
    assert _refused(november, customer, _body(_line({"subscriptionId": "x"}, 1))) == (
        "3115",
        ["Line Item: 1, Reason: NOT_FOUND"],
    )
    owned = _subscription(november, customer)
    assert _refused(november, customer, _body(_line(owned, 1, offer=f"{PHOTO}04A12"))) == (
        "2122",
        ["Line Item: 1, Reason: OFFER_NOT_OF_SUBSCRIPTION"],
    )
    twice = _body(_line(owned, 50), _line(owned, 50, 2))
    assert _refused(november, customer, twice)[0] == "3121"
    euros = _body(_line(owned, 100) | {"currencyCode": "EUR"})
    assert _refused(november, customer, euros)[0] == "2125"


def test_a_level_that_is_not_the_customers(november: Sandbox) -> None:
    customer = _customer(november)
    line = _line(_subscription(november, customer), 100, offer=f"{DESIGN}01A12")
    assert _refused(november, customer, _body(line))[0] == "2129"
    preview = november.order(customer, _body(line, order_type="PREVIEW_RENEWAL"))
    assert preview.json()["lineItems"][0]["offerId"] == f"{DESIGN}04A12"


# Previews


def test_a_preview_of_a_renewal_is_priced_for_the_next_term(november: Sandbox) -> None:
    customer = _customer(november)
    body = _body(_line(_subscription(november, customer), 100), order_type="PREVIEW_RENEWAL")
    answer = november.order(customer, body, "?fetch-price=true").json()
    (item,) = answer["lineItems"]
    assert (answer["orderId"], answer["status"], item["status"]) == ("", "", "1000")
    assert item["proratedDays"] == 365
    assert item["pricing"]["lineItemPartnerPrice"] == 37840.00
    assert "links" not in answer


def test_what_would_renew_by_itself(november: Sandbox) -> None:
    licences = [{"product": p, "quantity": 5, "currencyCode": "USD"} for p in (DESIGN, INK)]
    customer = _customer(november, licences=licences)
    body = {"orderType": "PREVIEW_RENEWAL"}
    answer = november.order(customer, body, "?fetch-price=true").json()
    assert [(i["offerId"][:10], i["status"]) for i in answer["lineItems"]] == [
        (DESIGN, "1000"),
        (INK, "1004"),
    ]
    sums = [i["pricing"]["lineItemPartnerPrice"] for i in answer["lineItems"]]
    assert answer["pricingSummary"][0]["totalLineItemPartnerPrice"] == pytest.approx(sum(sums))
    assert answer["externalReferenceId"] == ""


def test_nothing_renews_by_itself(november: Sandbox) -> None:
    customer = _customer(november)
    owned = _subscription(november, customer)
    path = f"/v3/customers/{customer}/subscriptions/{owned['subscriptionId']}"
    november.call("PATCH", path, {"autoRenewal": {"enabled": False}})
    assert _refused(november, customer, {"orderType": "PREVIEW_RENEWAL"}) == ("2136", [])


def test_nothing_is_left_to_renew_by_itself(november: Sandbox) -> None:
    customer = _customer(november)
    _renew(november, customer, _line(_subscription(november, customer), 100))
    assert _refused(november, customer, {"orderType": "PREVIEW_RENEWAL"}) == ("2164", [])


def test_a_discount_that_no_longer_fits_is_shown_on_the_line(november: Sandbox) -> None:
    customer = _customer(november)
    owned = _subscription(november, customer)
    path = f"/v3/customers/{customer}/subscriptions/{owned['subscriptionId']}"
    november.call(
        "PATCH", path, {"autoRenewal": {"enabled": True, "flexDiscountCodes": ["SPRING_2020"]}}
    )
    answer = november.order(customer, {"orderType": "PREVIEW_RENEWAL"}).json()
    (use,) = answer["lineItems"][0]["flexDiscounts"]
    assert (use["code"], use["result"]) == ("SPRING_2020", "FAILURE")
    line = _line(owned, 100) | {"flexDiscountCodes": ["SPRING_2020"]}
    preview = november.order(customer, _body(line, order_type="PREVIEW_RENEWAL")).json()
    assert preview["lineItems"][0]["flexDiscounts"][0]["result"] == "FAILURE"
    assert _refused(november, customer, _body(line))[0] == "2146"


def test_high_growth_offers_are_named_to_committed_customers(november: Sandbox) -> None:
    licences = [{"product": PRO, "quantity": 100, "currencyCode": "USD"}]
    commitment = {"startDate": "2024-11-30", "endDate": "2027-11-30", "minimumLicences": 100}
    customer = _customer(november, licences=licences, commitment=commitment)
    answer = november.order(customer, {"orderType": "PREVIEW_RENEWAL"}).json()
    assert [o["renewalCode"] for o in answer["eligibleOffers"]] == ["MOQ_100", "MOQ_250", "MOQ_500"]
    assert answer["eligibleOffers"][0] == {
        "offerId": f"{PRO}14X12",
        "renewalCode": "MOQ_100",
        "eligibilityCriteria": {
            "minQuantity": 100,
            "additionalCriteria": ["THREE_YEAR_COMMIT"],
        },
    }


def test_an_inactive_customers_renewal_fails_and_the_licences_lapse(november: Sandbox) -> None:
    customer = _customer(november)
    november.control("POST", f"customers/{customer}", {"status": "1012"})
    _run(november, "2025-11-30")
    (order,) = _system_orders(november, customer)
    assert order["status"] == "1024"
    assert _subscription(november, customer)["status"] == "1004"


def test_a_high_volume_renewal_shows_that_a_discount_does_not_go_with_it(november: Sandbox) -> None:
    """What would renew by itself carries the code, and no order of it would be refused 2144."""
    customer = _customer(november, tags=["HVD_MIGRATED_CUSTOMER"], discountCode="HVD_L18_PRE")
    owned = _subscription(november, customer)
    path = f"/v3/customers/{customer}/subscriptions/{owned['subscriptionId']}"
    settings = {"enabled": True, "renewalQuantity": 100, "flexDiscountCodes": ["TEAM_TEN_OFF"]}
    november.call("PATCH", path, {"autoRenewal": settings})
    (item,) = november.order(customer, {"orderType": "PREVIEW_RENEWAL"}).json()["lineItems"]
    assert item["discountCode"] == "HVD_L18_PRE"
    assert item["flexDiscounts"][0]["result"] == "FAILURE"
