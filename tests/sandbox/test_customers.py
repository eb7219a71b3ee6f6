"""Customers entered, changed and listed over HTTP (reference, section 7)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.sandbox.conftest import Sandbox

RESELLER = "1000518243"
ONLY_COM = "1000518250"
INACTIVE = "1000518267"
PROFILE = {
    "companyName": "Tidewater Bindery",
    "preferredLanguage": "en-US",
    "marketSegment": "COM",
    "address": {
        "country": "US",
        "region": "OR",
        "city": "Astoria",
        "addressLine1": "12 Pier Road",
        "postalCode": "97103",
    },
    "contacts": [{"firstName": "Ida", "lastName": "Moss", "email": "ida@tidewater.example"}],
}


def _body(reseller: str = RESELLER, **profile: Any) -> dict[str, Any]:
    address = PROFILE["address"] | profile.pop("address", {})
    return {
        "resellerId": reseller,
        "externalReferenceId": "CRM-77",
        "companyProfile": PROFILE | {"address": address} | profile,
    }


def _refused(answer: Any, code: str, status: int, details: list[str] | None = None) -> None:
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert answer.json().get("additionalDetails") == details


def test_a_new_customer_is_checked_and_may_order_meanwhile(
    sandbox: Sandbox, new: Callable[..., Any]
) -> None:
    answer = sandbox.call("POST", "/v3/customers", _body(companyName="Fresh From The Press"))
    assert answer.status_code == 201
    customer = answer.json()
    assert customer["status"] == "1002"
    assert customer["cotermDate"] == ""
    assert customer["externalReferenceId"] == "CRM-77"
    assert customer["companyProfile"]["contacts"] == PROFILE["contacts"]
    assert customer["companyProfile"]["address"] == PROFILE["address"]
    customer_id = customer["customerId"]
    assert sandbox.get(f"/v3/customers/{customer_id}").json() == customer
    assert sandbox.order(customer_id, new()).status_code == 201
    _refused(
        sandbox.call("PATCH", f"/v3/customers/{customer_id}", {"externalReferenceId": "X"}),
        "1125",
        400,
    )


def test_the_check_ends_by_the_clock(start: Callable[..., Sandbox]) -> None:
    sandbox = start("--finish-after", "3600")
    customer_id = sandbox.call("POST", "/v3/customers", _body()).json()["customerId"]
    sandbox.advance(minutes=59)
    assert sandbox.get(f"/v3/customers/{customer_id}").json()["status"] == "1002"
    sandbox.advance(minutes=2)
    for _ in range(100):
        if sandbox.get(f"/v3/customers/{customer_id}").json()["status"] == "1000":
            break
    assert sandbox.get(f"/v3/customers/{customer_id}").json()["status"] == "1000"


@pytest.mark.parametrize(
    ("change", "code", "details"),
    [
        ({"companyName": "ab"}, "1117", ["companyProfile.companyName"]),
        ({"companyName": "x" * 251}, "1117", ["companyProfile.companyName"]),
        ({"preferredLanguage": "english"}, "1117", ["companyProfile.preferredLanguage"]),
        ({"contacts": []}, "1117", ["companyProfile.contacts"]),
        (
            {"contacts": [{"firstName": "x" * 36, "lastName": "y", "email": "z@z.example"}]},
            "1117",
            ["companyProfile.contacts[0].firstName"],
        ),
        ({"companyName": ""}, "1122", ["companyProfile.companyName"]),
        (
            {"contacts": [{"email": "z@z.example"}]},
            "1122",
            [
                "companyProfile.contacts[0].firstName",
                "companyProfile.contacts[0].lastName",
            ],
        ),
        ({"taxNumber": "1"}, "1121", ["companyProfile.taxNumber"]),
        ({"address": {"postalCode": "971"}}, "1118", ["companyProfile.address.postalCode"]),
        ({"address": {"country": "XX"}}, "1118", ["companyProfile.address.country"]),
        (
            {"address": {"postalCode": "971"}, "companyName": "ab"},
            "1117",
            ["companyProfile.companyName"],
        ),
    ],
)
def test_what_a_new_customer_must_look_like(
    sandbox: Sandbox, change: dict[str, Any], code: str, details: list[str]
) -> None:
    _refused(sandbox.call("POST", "/v3/customers", _body(**change)), code, 400, details)


def test_the_reseller_decides_too(sandbox: Sandbox) -> None:
    _refused(sandbox.call("POST", "/v3/customers", _body("1000000000")), "1115", 404)
    _refused(sandbox.call("POST", "/v3/customers", _body(INACTIVE)), "1126", 400)
    _refused(
        sandbox.call("POST", "/v3/customers", _body(ONLY_COM, marketSegment="EDU")),
        "2135",
        400,
        ["companyProfile.marketSegment"],
    )
    long = _body() | {"externalReferenceId": "R" * 36}
    _refused(sandbox.call("POST", "/v3/customers", long), "2126", 400, ["externalReferenceId"])


def test_one_company_is_one_customer_of_a_reseller(sandbox: Sandbox) -> None:
    assert sandbox.call("POST", "/v3/customers", _body()).status_code == 201
    again = _body(companyName="TIDEWATER BINDERY")
    _refused(sandbox.call("POST", "/v3/customers", again), "1127", 400)
    assert sandbox.call("POST", "/v3/customers", _body(ONLY_COM)).status_code == 201


def test_worldwide_sales_need_the_contract_and_a_commercial_customer(sandbox: Sandbox) -> None:
    asked = _body(companyName="Round The World") | {"globalSalesEnabled": True}
    sandbox.control("POST", "partner", {"worldwideSales": False})
    _refused(sandbox.call("POST", "/v3/customers", asked), "1139", 400)
    sandbox.control("POST", "partner", {"worldwideSales": True})
    school = _body(companyName="Round The School", marketSegment="EDU")
    _refused(
        sandbox.call("POST", "/v3/customers", school | {"globalSalesEnabled": True}), "1140", 400
    )
    answer = sandbox.call("POST", "/v3/customers", asked)
    assert answer.json()["globalSalesEnabled"] is True


def test_a_customer_is_changed_but_keeps_name_country_and_region(sandbox: Sandbox) -> None:
    customer_id = sandbox.customer()
    path = f"/v3/customers/{customer_id}"
    change = {
        "externalReferenceId": "CRM-78",
        "companyProfile": {"contacts": PROFILE["contacts"], "preferredLanguage": "de-DE"},
    }
    answer = sandbox.call("PATCH", path, change)
    assert answer.status_code == 200
    changed = answer.json()
    assert changed["externalReferenceId"] == "CRM-78"
    assert changed["companyProfile"]["contacts"] == PROFILE["contacts"]
    assert changed["companyProfile"]["preferredLanguage"] == "de-DE"
    assert changed["companyProfile"]["companyName"] == "Seeded Company"
    assert sandbox.get(path).json() == changed
    moved = {"companyProfile": {"companyName": "Other Name", "address": PROFILE["address"]}}
    _refused(
        sandbox.call("PATCH", path, moved),
        "1119",
        400,
        ["companyProfile.companyName", "companyProfile.address.region"],
    )
    _refused(sandbox.call("PATCH", "/v3/customers/NOBODY", change), "1116", 404)


def test_the_list_filters_sorts_and_pages(start: Callable[..., Sandbox]) -> None:
    sandbox = start()
    path = f"/v3/resellers/{ONLY_COM}/customers"
    for number in range(5):
        sandbox.control(
            "POST",
            "seed-customer",
            {
                "customerId": f"LIST-{number}",
                "resellerId": ONLY_COM,
                "companyName": f"{'Zebra' if number % 2 else 'Acorn'} Works {number}",
                "creationDate": f"2026-01-0{number + 1}T10:00:00Z",
                "status": "1004" if number == 4 else "1000",
            },
        )

    def names(query: str) -> list[str]:
        return [entry["customerId"] for entry in sandbox.get(f"{path}?{query}").json()["accounts"]]

    assert names("") == ["LIST-3", "LIST-2", "LIST-1", "LIST-0"]
    assert names("order-by=asc") == ["LIST-0", "LIST-1", "LIST-2", "LIST-3"]
    assert names("sort-by=companyName&order-by=asc") == ["LIST-0", "LIST-2", "LIST-1", "LIST-3"]
    assert names("status=1004&status=1000")[0] == "LIST-4"
    assert names("company-name=zebra*") == ["LIST-3", "LIST-1"]
    assert names("company-name=Acorn") == []
    assert names("from-created-date=2026-01-02&to-created-date=2026-01-03") == ["LIST-1"]
    page = sandbox.get(f"{path}?limit=2&offset=2").json()
    assert (page["totalCount"], page["count"], page["offset"], page["limit"]) == (4, 2, 2, 2)
    assert page["links"]["prev"]["uri"] == f"{path}?limit=2&offset=0"
    assert "next" not in page["links"]
    assert page["accounts"][0] == {
        "externalReferenceId": "",
        "customerId": "LIST-1",
        "resellerId": ONLY_COM,
        "status": "1000",
        "companyProfile": {"companyName": "Zebra Works 1"},
        "creationDate": "2026-01-02T10:00:00Z",
        "links": {"self": {"uri": "/v3/customers/LIST-1", "method": "GET", "headers": []}},
    }
    assert sandbox.get(f"/v3/resellers/{RESELLER}/customers").json()["limit"] == 20
    assert sandbox.get(f"{path}?limit=500").json()["limit"] == 50
    _refused(sandbox.get("/v3/resellers/1/customers"), "1115", 404)
    bad = sandbox.get(f"{path}?limit=0&sort-by=size&status=7")
    _refused(bad, "1132", 400, ["status", "sort-by", "limit"])


def test_a_recommitment_is_shown_beside_the_commitment(sandbox: Sandbox) -> None:
    """Section 7.1: commitment and recommitmentRequest have the same fields."""
    first = {"startDate": "2024-01-15", "endDate": "2027-01-15", "minimumLicences": 50}
    next_ = {"startDate": "2027-01-15", "endDate": "2030-01-15", "minimumLicences": 80}
    customer_id = sandbox.customer(commitment=first, recommitment=next_ | {"status": "ACCEPTED"})
    (benefit,) = sandbox.get(f"/v3/customers/{customer_id}").json()["benefits"]
    assert benefit["commitment"]["status"] == "COMMITTED"
    assert benefit["recommitmentRequest"] == {
        "startDate": "2027-01-15",
        "endDate": "2030-01-15",
        "status": "ACCEPTED",
        "minimumQuantities": [{"offerType": "LICENSE", "quantity": 80}],
    }
