"""Whatever spelling the vendor chooses, the same answer is read (reference, sections 1 and 19)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from datetime import UTC, date, datetime
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.customers import Customer
from schemas.flex_discounts import FlexDiscountPage
from schemas.orders import HistoryPage, OrderAnswer, PricingAnswer
from schemas.subscriptions import AutoRenewalChange, Subscription, SubscriptionList
from schemas.wire import Wire
from tests.examples import EXAMPLES, Json

CUSTOMER: Json = {
    "customerId": "1007315862",
    "globalSalesEnabled": True,
    "tags": ["HVD_MIGRATED_CUSTOMER"],
    "companyProfile": {
        "companyName": "Fabrel Office Design LLC",
        "marketSegment": "COM",
        "marketSubSegments": [],
        "address": {"country": "US"},
    },
    "discounts": [{"offerType": "LICENSE", "level": "02", "discountCode": ""}],
    "benefits": [
        {
            "type": "THREE_YEAR_COMMIT",
            "commitment": {
                "startDate": "2026-02-14",
                "endDate": "2029-02-14",
                "status": "COMMITTED",
                "minimumQuantities": [{"offerType": "LICENSE", "quantity": 10}],
            },
            "commitmentRequest": None,
        }
    ],
    "cotermDate": "2027-02-14",
    "creationDate": "2026-02-14T09:00:00Z",
    "status": "1000",
}
DISCOUNTS: Json = {
    "limit": 20,
    "offset": 0,
    "count": 1,
    "totalCount": 1,
    "flexDiscounts": [
        {
            "id": "c8b1f0a4-52d7-4b5e-9d30-1f6a77e2c914",
            "code": "AUTUMN_TEAM_15",
            "startDate": "2026-09-01T00:00:00Z",
            "endDate": "",
            "qualification": {"baseOfferIds": ["65318877CA01A12"]},
            "outcomes": [
                {"type": "PERCENTAGE_DISCOUNT", "discountValues": [{"value": Decimal("12.5")}]}
            ],
        }
    ],
}
ELIGIBLE: Json = {
    "orderType": "PREVIEW_RENEWAL",
    "eligibleOffers": [
        {
            "offerId": "65327114CA14X12",
            "renewalCode": "MOQ_100",
            "eligibilityCriteria": {
                "minQuantity": 100,
                "additionalCriteria": ["THREE_YEAR_COMMIT"],
                "deploymentId": "",
            },
        }
    ],
}
ANSWERS: list[tuple[type[Wire], Json]] = [
    *((OrderAnswer, EXAMPLES[f"{number:02d}"].answer) for number in range(2, 12)),
    (HistoryPage, EXAMPLES["12"].answer),
    (SubscriptionList, EXAMPLES["13"].answer),
    (Subscription, EXAMPLES["14"].answer),
    (Customer, CUSTOMER),
    (FlexDiscountPage, DISCOUNTS),
    (OrderAnswer, ELIGIBLE),
]

OTHER_NAMES = {
    "netPartnerPrice": "proratedPartnerPrice",
    "lineItemPartnerPrice": "lineItemPrice",
    "totalLineItemPartnerPrice": "totalLineItemPrice",
}
"""reference, section 15.1 and C5."""

NEEDED = frozenset({"totalCount", "items"})
"""Without them an answer is no page: it would pass for a customer without orders."""

UNKNOWN = {"somethingNew": {"deeper": [1, {"links": None}]}, "recommendations": [], "x": "y"}


def respelled(value: Any, random: Random, name: str = "") -> Any:
    """The same as the vendor may also say it, as chance has it, at every depth."""
    if isinstance(value, dict):
        entries = [
            (_other_name(key, entry, random), respelled(entry, random, key))
            for key, entry in value.items()
            if not (_is_absent(entry) and random.random() < 0.3)
        ]
        random.shuffle(entries)
        spelled = dict(entries)
        if random.random() < 0.5:
            spelled |= UNKNOWN
        return [spelled] if name == "links" and random.random() < 0.5 else spelled
    if isinstance(value, list) and value:
        return [respelled(entry, random) for entry in value]
    if _is_absent(value):
        return random.choice([value, None, ""])
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return random.choice([value, str(value)])
    return value


def _other_name(name: str, value: Any, random: Random) -> str:
    if name == "flexDiscounts" and "result" in value[0]:  # on a line, not on a page
        return random.choice([name, "promotions"])
    return random.choice([name, OTHER_NAMES.get(name, name)])


def _is_absent(value: Any) -> bool:
    return value in (None, "", [])


@pytest.mark.parametrize(("model", "answer"), ANSWERS)
@settings(max_examples=60, deadline=None)
@given(st.randoms(use_true_random=False))
def test_an_answer_means_the_same_however_it_is_spelled(
    model: type[Wire], answer: Json, random: Random
) -> None:
    assert _read(model, respelled(answer, random)) == _read(model, answer)


def _read(model: type[Wire], answer: Json) -> Wire:
    """As it comes over the wire, which is read in the quickest way that it allows."""
    read = model.read(json.dumps(answer, default=str).encode())
    assert read == model.of(answer)
    return read


def places(value: Any) -> Iterator[tuple[Any, str]]:
    """Every object of a body with the name of each of its fields."""
    if isinstance(value, dict):
        for name in value:
            yield value, name
            yield from places(value[name])
    elif isinstance(value, list):
        for entry in value:
            yield from places(entry)


@pytest.mark.parametrize(("model", "answer"), ANSWERS)
def test_any_field_may_be_missing_null_or_empty(model: type[Wire], answer: Json) -> None:
    for place, (_, name) in enumerate(places(answer)):
        if name not in NEEDED:
            missing, null, empty = (
                _read(model, _without(answer, place, *instead)) for instead in ((), (None,), ("",))
            )
            assert missing == null == empty


def _without(answer: Json, place: int, *instead: object) -> Json:
    body = deepcopy(answer)
    holder, name = list(places(body))[place]
    del holder[name]
    holder.update((name, value) for value in instead)
    return body


def test_of_two_names_the_one_that_says_something_is_read() -> None:
    both = {"lineItemPartnerPrice": None, "lineItemPrice": Decimal("938.89")}
    assert PricingAnswer.of(both).line_price == Decimal("938.89")


@pytest.mark.parametrize(
    "text",
    [
        "2026-10-03T15:20:41Z",
        "2026-10-03T15:20:41",
        "2026-10-03T15:20:41+00:00",
        "2026-10-03T15:20:41.000+00:00",
        "2026-10-03T17:20:41+02:00",
    ],
)
def test_a_moment_is_read_in_utc_in_all_of_its_forms(text: str) -> None:
    order = OrderAnswer.model_validate({"creationDate": text})
    assert order.created_at == datetime(2026, 10, 3, 15, 20, 41, tzinfo=UTC)


@pytest.mark.parametrize("text", ["2027-02-14", "2027-02-14T00:00:00Z"])
def test_a_day_is_read_with_and_without_its_midnight(text: str) -> None:
    assert Customer.model_validate({"cotermDate": text}).anniversary == date(2027, 2, 14)


def test_an_id_with_zeros_in_front_stays_as_it_is() -> None:
    assert OrderAnswer.model_validate({"orderId": "00920641"}).order_id == "00920641"


@pytest.mark.parametrize(
    ("change", "body"),
    [
        (AutoRenewalChange(enabled=False), {"enabled": False}),
        (
            AutoRenewalChange(enabled=True, renewal_quantity=10),
            {"enabled": True, "renewalQuantity": 10},
        ),
        (
            AutoRenewalChange(enabled=True, follows=True),
            {"enabled": True, "renewalQuantity": None},
        ),
        (
            AutoRenewalChange(flex_discount_codes=("AUTUMN_TEAM_15",), renewal_code="MOQ_100"),
            {"renewalCode": "MOQ_100", "flexDiscountCodes": ("AUTUMN_TEAM_15",)},
        ),
    ],
)
def test_a_change_of_the_renewal_says_only_what_is_to_change(
    change: AutoRenewalChange, body: Json
) -> None:
    assert change.body() == {"autoRenewal": body}
