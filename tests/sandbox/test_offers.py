"""Flexible discounts, upgrade paths and the price list over HTTP (sections 12.1 and 17)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.sandbox.conftest import Sandbox as Server

DISCOUNTS = "/v3/flex-discounts?market-segment=COM&country=US"
PRICES = {
    "region": "NA",
    "marketSegment": "COM",
    "currency": "USD",
    "priceListMonth": "202612",
}


@pytest.fixture(scope="module")
def server(sandbox: Server) -> Server:
    return sandbox


def _refused(answer: Any, code: str, status: int, details: list[str] | None = None) -> None:
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert answer.json().get("additionalDetails") == details


def _codes(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [entry["code"] for entry in answer.json()["flexDiscounts"]]


def _seed(server: Server, code: str, **fields: object) -> None:
    server.control(
        "POST",
        "seed-discount",
        {"id": f"id-{code}", "code": code, "value": 10, "start": "2026-01-01", **fields},
    )


def test_a_listed_discount_tells_all_of_itself(server: Server) -> None:
    found = server.get(f"{DISCOUNTS}&flex-discount-code=TEAM_TEN_OFF").json()
    assert (found["totalCount"], found["count"], found["limit"], found["offset"]) == (1, 1, 20, 0)
    assert found["flexDiscounts"] == [
        {
            "id": "2f0c9d7a-8a51-4c0e-9a57-0d3a4b1c6e21",
            "category": "STANDARD",
            "code": "TEAM_TEN_OFF",
            "name": "Ten off each licence and year",
            "description": "Ten off each licence and year",
            "startDate": "2020-01-01T00:00:00Z",
            "status": "ACTIVE",
            "qualification": {"baseOfferIds": []},
            "outcomes": [
                {
                    "type": "FIXED_DISCOUNT",
                    "discountValues": [
                        {"country": "US", "currency": "USD", "value": 10.0},
                        {"country": "AU", "currency": "USD", "value": 10.0},
                    ],
                }
            ],
        }
    ]
    one = server.get(f"{DISCOUNTS}&flex-discount-code=AUTUMN_TEAM_15").json()["flexDiscounts"][0]
    assert one["qualification"] == {"baseOfferIds": ["65318877CA01A12"]}
    assert one["outcomes"] == [{"type": "PERCENTAGE_DISCOUNT", "discountValues": [{"value": 15}]}]


def test_discounts_are_filtered(server: Server) -> None:
    every = _codes(server.get(DISCOUNTS))
    assert "WELCOME_20" in every
    assert "BY_LETTER_8" not in every  # closed
    assert _codes(server.get(f"{DISCOUNTS}&categories=INTRO")) == ["WELCOME_20"]
    assert "AUTUMN_TEAM_15" in _codes(server.get(f"{DISCOUNTS}&offer-ids=65318877CA03A12"))
    assert "AUTUMN_TEAM_15" not in _codes(server.get(f"{DISCOUNTS}&offer-ids=65310542CA01A12"))
    ended = f"{DISCOUNTS}&flex-discount-code=SPRING_2020"
    assert server.get(ended).json()["flexDiscounts"][0]["status"] == "EXPIRED"
    assert _codes(server.get(f"{ended}&start-date=2021-01-01")) == []
    found = f"{DISCOUNTS}&flex-discount-id=7b4e2a10-6f3d-4f7c-8d25-93c1f0e8a5b2"
    assert _codes(server.get(found)) == ["SPRING_2020"]
    page = server.get(f"{DISCOUNTS}&limit=1&offset=1").json()
    assert (page["count"], len(page["flexDiscounts"])) == (1, 1)
    assert page["flexDiscounts"][0]["code"] == every[1]


def test_discounts_of_the_future_are_active_too(server: Server) -> None:
    tomorrow = (server.now() + timedelta(days=1)).isoformat()
    _seed(server, "NEXT_WEEK", start=tomorrow)
    found = server.get(f"{DISCOUNTS}&flex-discount-code=NEXT_WEEK").json()["flexDiscounts"]
    assert [entry["status"] for entry in found] == ["ACTIVE"]


def test_what_a_discount_search_must_not_be(server: Server) -> None:
    path = "/v3/flex-discounts"
    _refused(server.get(path), "1122", 400, ["market-segment", "country"])
    _refused(server.get(f"{path}?market-segment=COM&country=ZZ"), "1178", 400, ["country"])
    _refused(server.get(f"{DISCOUNTS}&categories=OTHER"), "1132", 400, ["categories"])
    both = f"{DISCOUNTS}&flex-discount-id=1&flex-discount-code=X"
    _refused(server.get(both), "1132", 400, ["flex-discount-code"])
    _refused(server.get("/v3/customers/NOBODY/flex-discounts"), "1116", 404)


def test_a_reusable_discount_lasts_for_whoever_used_it_in_time(
    start: Callable[..., Server], line: Callable[..., Any], new: Callable[..., Any]
) -> None:
    server = start("--finish-after", "1000000000")
    now = server.now()
    _seed(
        server,
        "KEEP_IT",
        end=(now + timedelta(days=10)).isoformat(),
        lockEnd=(now + timedelta(days=400)).isoformat(),
    )
    user, other = server.customer(), server.customer()
    asked = new(line(flexDiscountCodes=["KEEP_IT"]))
    mine = f"/v3/customers/{user}/flex-discounts"
    assert _codes(server.get(mine)) == []
    assert server.order(user, asked).status_code == 201
    server.finish()
    assert _codes(server.get(mine)) == ["KEEP_IT"]
    server.advance(days=20)
    assert server.get(mine).json()["flexDiscounts"][0]["status"] == "REUSABLE"
    assert server.order(user, asked).status_code == 201
    reason = ["Line Item: 1, Reason: INVALID_DISCOUNT_CODE"]
    _refused(server.order(other, asked), "2146", 400, reason)
    by_code = f"{DISCOUNTS}&flex-discount-code=KEEP_IT"
    assert _codes(server.get(by_code)) == []
    assert _codes(server.get(f"{by_code}&include-eligible-reusable-discounts=true")) == ["KEEP_IT"]


def test_a_reusable_discount_is_taken_by_the_renewal_itself(
    start: Callable[..., Server], line: Callable[..., Any], new: Callable[..., Any]
) -> None:
    server = start("--finish-after", "1000000000")
    customer = server.customer()
    server.order(customer, new(line(flexDiscountCodes=["LOYAL_12"])))
    server.finish()
    answer = server.order(customer, {"orderType": "PREVIEW_RENEWAL"}, "?fetch-price=true")
    item = answer.json()["lineItems"][0]
    assert item["flexDiscounts"][0]["code"] == "LOYAL_12"
    assert item["pricing"]["discountedPartnerPrice"] == 378.40  # 430.00 less 12 %


def test_a_closed_discount_works_by_its_code(
    server: Server, line: Callable[..., Any], new: Callable[..., Any]
) -> None:
    answer = server.order(server.customer(), new(line(flexDiscountCodes=["BY_LETTER_8"])))
    assert answer.status_code == 201
    assert answer.json()["lineItems"][0]["flexDiscounts"][0]["result"] == "SUCCESS"


def test_upgrade_paths_of_a_market_and_of_a_subscription(server: Server) -> None:
    market = "/v3/offer-switch-paths?market-segment=COM&country=US&language=MULT"
    every = server.get(market).json()
    assert every["totalCount"] == len(every["productUpgrades"]) > 1
    photo = server.get(f"{market}&offer-id=65318877CA04A12").json()["productUpgrades"]
    assert photo == [
        {
            "sourceBaseOfferId": "65318877CA01A12",
            "targetList": [
                {
                    "targetBaseOfferId": "65310542CA01A12",
                    "sequence": 1,
                    "switchType": "PARTIAL_ALLOWED",
                },
                {
                    "targetBaseOfferId": "65327114CA01A12",
                    "sequence": 2,
                    "switchType": "PARTIAL_ALLOWED",
                },
            ],
        }
    ]
    customer = server.customer(
        licences=[{"product": "65318877CA", "quantity": 3, "currencyCode": "USD"}]
    )
    owned = server.get(f"/v3/customers/{customer}/subscriptions").json()["items"][0]
    one = f"?customer-id={customer}&subscription-id={owned['subscriptionId']}"
    assert server.get(f"/v3/offer-switch-paths{one}").json()["productUpgrades"] == photo
    page = server.get(f"{market}&limit=1&offset=1").json()
    assert (page["count"], page["offset"]) == (1, 1)


def test_what_an_upgrade_search_must_not_be(server: Server) -> None:
    path = "/v3/offer-switch-paths"
    _refused(server.get(path), "1122", 400, ["market-segment", "country"])
    _refused(server.get(f"{path}?customer-id=X"), "1122", 400, ["subscription-id"])
    _refused(server.get(f"{path}?customer-id=X&subscription-id=Y"), "3115", 400)
    both = f"{path}?customer-id=X&subscription-id=Y&country=US"
    _refused(server.get(both), "1132", 400, ["country"])
    bad = f"{path}?market-segment=X&country=US"
    _refused(server.get(bad), "1132", 400, ["market-segment"])


def test_the_price_list_follows_the_month(server: Server) -> None:
    filters = {"offerId": "65310542CA02A12"}
    answer = server.call("POST", "/v3/pricelist", PRICES | {"filters": filters})
    assert answer.status_code == 200, answer.text
    assert answer.json() == {
        "priceListMonth": "202612",
        "marketSegment": "COM",
        "region": "NA",
        "currency": "USD",
        "priceListType": "STANDARD",
        "totalCount": 1,
        "count": 1,
        "limit": 20,
        "offset": 0,
        "offers": [
            {
                "offerId": "65310542CA02A12",
                "productFamily": "Design Suite for teams",
                "firstOrderDate": "2026-12-01",
                "lastOrderDate": "2026-12-31",
                "partnerPrice": "412.80",
            }
        ],
    }


def test_an_offer_stands_twice_when_its_price_changes(start: Callable[..., Server]) -> None:
    server = start()
    server.control(
        "POST",
        "seed-price",
        {"product": "65310542CA", "start": "2026-12-10", "priceUsd": 500},
    )
    filters = {"offerId": "65310542CA01A12"}
    found = server.call("POST", "/v3/pricelist", PRICES | {"filters": filters}).json()["offers"]
    spans = [(o["firstOrderDate"], o["lastOrderDate"], o["partnerPrice"]) for o in found]
    assert spans == [
        ("2026-12-01", "2026-12-09", "430.00"),
        ("2026-12-10", "2026-12-31", "500.00"),
    ]


def test_price_lists_have_their_own_levels_and_pages(server: Server) -> None:
    def levels(kind: str) -> set[str]:
        body = PRICES | {"priceListType": kind}
        found = server.call("POST", "/v3/pricelist?limit=1000", body).json()["offers"]
        return {o["offerId"][10:13] for o in found if o["offerId"].startswith("65327114CA")}

    assert levels("STANDARD") == {"01A", "02A", "03A", "04A", "14X", "14Y", "14Z"}
    assert levels("3YC") == {"12A", "13A", "14A"}
    first = server.call("POST", "/v3/pricelist?limit=2", PRICES).json()
    second = server.call("POST", "/v3/pricelist?limit=2&offset=2", PRICES).json()
    assert first["totalCount"] == second["totalCount"] > 4
    assert not {o["offerId"] for o in first["offers"]} & {o["offerId"] for o in second["offers"]}
    coded = PRICES | {"filters": {"discountCode": "MOQ_250"}}
    found = server.call("POST", "/v3/pricelist", coded).json()["offers"]
    assert {o["offerId"][10:13] for o in found} == {"14Y"}


@pytest.mark.parametrize(
    ("change", "code", "status", "details"),
    [
        ({"currency": "JPY"}, "1161", 400, ["region", "currency"]),
        ({"region": "LA"}, "1161", 400, ["region", "currency"]),
        ({"includeOfferAttributes": ["colour"]}, "5122", 400, ["colour"]),
        ({"filters": {"offerId": "65310542CA99A12"}}, "1162", 404, None),
        ({"priceListMonth": "202613"}, "1117", 400, ["priceListMonth"]),
        ({"currency": None}, "1122", 400, ["currency"]),
        ({"colour": "red"}, "1121", 400, ["colour"]),
    ],
)
def test_what_a_price_list_call_must_not_be(
    server: Server, change: dict[str, Any], code: str, status: int, details: list[str] | None
) -> None:
    _refused(server.call("POST", "/v3/pricelist", PRICES | change), code, status, details)


def test_the_contract_decides_on_price_lists(server: Server) -> None:
    server.control("POST", "partner", {"contractIsActive": False})
    _refused(server.call("POST", "/v3/pricelist", PRICES), "1159", 400)
    server.control("POST", "partner", {"contractIsActive": True})
    past = server.call("POST", "/v3/pricelist?offset=100000", PRICES)
    _refused(past, "1162", 404)


def test_the_list_price_is_the_one_that_orders_pay(
    server: Server, line: Callable[..., Any], new: Callable[..., Any]
) -> None:
    month = server.now().strftime("%Y%m")
    body = PRICES | {"priceListMonth": month, "filters": {"offerId": "65310542CA01A12"}}
    listed = server.call("POST", "/v3/pricelist", body).json()["offers"][0]
    preview = new(line(), order_type="PREVIEW")
    answer = server.order(server.customer(), preview, "?fetch-price=true").json()
    price = answer["lineItems"][0]["pricing"]["partnerPrice"]
    assert f"{price:.2f}" == listed["partnerPrice"]
    assert date.fromisoformat(listed["firstOrderDate"]).day == 1
