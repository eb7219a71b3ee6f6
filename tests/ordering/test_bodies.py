"""The bytes that are sent, and the key that tells two orders apart."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from flows.ordering.bodies import body_key, request_body
from schemas.orders import Order, OrderLine

LINE = OrderLine(5, 1, "65310542CA02A12", 12, "USD")
ORDER = Order("PO-88213/07", "1007315862", "NEW", "", (LINE,))


def test_a_new_order_is_sent_as_the_reference_shows_it() -> None:
    second = OrderLine(6, 2, "65318877CA02A12", 4, "USD", flex_discount_codes=("AUTUMN_TEAM_15",))
    body = json.loads(request_body(replace(ORDER, lines=(LINE, second))))
    assert body == {
        "externalReferenceId": "PO-88213/07",
        "orderType": "NEW",
        "lineItems": [
            {
                "extLineItemNumber": 1,
                "offerId": "65310542CA02A12",
                "quantity": 12,
                "currencyCode": "USD",
            },
            {
                "extLineItemNumber": 2,
                "offerId": "65318877CA02A12",
                "quantity": 4,
                "currencyCode": "USD",
                "flexDiscountCodes": ["AUTUMN_TEAM_15"],
            },
        ],
    }


def test_a_switch_names_both_sides_and_its_currency_on_the_order() -> None:
    line = replace(
        LINE, offer_id="65327114CA02A12", quantity=5, cancelling_subscription_id="00a4NA"
    )
    body = json.loads(request_body(Order("SW", "1007315862", "SWITCH", "", (line,))))
    assert body == {
        "externalReferenceId": "SW",
        "orderType": "SWITCH",
        "currencyCode": "USD",
        "lineItems": [{"extLineItemNumber": 1, "offerId": "65327114CA02A12", "quantity": 5}],
        "cancellingItems": [
            {
                "extLineItemNumber": 1,
                "referenceLineItemNumber": 1,
                "subscriptionId": "00a4NA",
                "quantity": 5,
            }
        ],
    }


def test_what_would_renew_by_itself_has_no_lines() -> None:
    bare = OrderLine(5, 1, "", None, "")
    body = json.loads(request_body(Order("R", "1", "PREVIEW_RENEWAL", "", (bare,))))
    assert body == {"externalReferenceId": "R", "orderType": "PREVIEW_RENEWAL"}


def test_the_same_lines_in_another_order_are_the_same_order() -> None:
    second = replace(LINE, row=6, number=2, quantity=1)
    assert body_key(replace(ORDER, lines=(LINE, second))) == body_key(
        replace(ORDER, lines=(second, LINE))
    )


@pytest.mark.parametrize(
    "other",
    [
        replace(ORDER, reference="PO-2"),
        replace(ORDER, customer_id="1007315863"),
        replace(ORDER, order_type="RENEWAL"),
        replace(ORDER, reference_order_id="9"),
        replace(ORDER, reassign_users=True),
        *(
            replace(ORDER, lines=(replace(LINE, **{name: value}),))
            for name, value in {
                "number": 2,
                "offer_id": "65310542CA01A12",
                "quantity": 13,
                "currency": "EUR",
                "subscription_id": "s",
                "deployment_id": "d",
                "discount_code": "HVD_L17_PRE",
                "flex_discount_codes": ("A",),
            }.items()
        ),
    ],
)
def test_any_field_that_differs_makes_another_order(other: Order) -> None:
    assert body_key(other) != body_key(ORDER)


def test_the_row_an_order_stands_on_does_not_matter() -> None:
    assert body_key(replace(ORDER, lines=(replace(LINE, row=99),))) == body_key(ORDER)
