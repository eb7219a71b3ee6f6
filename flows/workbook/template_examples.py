"""The worked rows of the tab Examples: one order or more of every type, each with its words.

Customers, products and subscriptions are those of the embedded marketplace.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

Cells = Mapping[str, str | int]
"""One row by order column; what is not named is empty."""


@dataclass(frozen=True, slots=True)
class Example:
    """One order: what it is for, in a sentence or two, and its rows."""

    words: str
    rows: tuple[Cells, ...]


_ALDER: Final[Cells] = {"externalReferenceId": "PO-2611-001", "customerId": "P1005053401"}
_UPGRADE: Final[Cells] = {
    "offerId": "65327114CA02A12",
    "currencyCode": "USD",
    "reassignUsers": "yes",
}
_REVERT: Final[Cells] = {
    "customerId": "P1005053425",
    "referenceOrderId": "P9206417711",
    "offerId": "65310542CA02A12",
    "quantity": 4,
    "currencyCode": "USD",
    "cancellingSubscriptionId": "949e95d48c3cdef8c8cc713ec3b899NA",
    "cancellingQuantity": 4,
    "reassignUsers": "yes",
}

EXAMPLES: Final = (
    Example(
        "NEW buys licences. Rows that share a reference are one order, one row to a product.",
        (
            {
                **_ALDER,
                "orderType": "NEW",
                "offerId": "65310542CA02A12",
                "quantity": 5,
                "currencyCode": "USD",
            },
            {
                **_ALDER,
                "orderType": "NEW",
                "offerId": "65318877CA02A12",
                "quantity": 2,
                "currencyCode": "USD",
            },
        ),
    ),
    Example(
        "NEW with the code of a promotion.",
        (
            {
                "externalReferenceId": "PO-2611-002",
                "customerId": "P1005053402",
                "orderType": "NEW",
                "offerId": "65318877CA02A12",
                "quantity": 4,
                "currencyCode": "USD",
                "flexDiscountCodes": "AUTUMN_TEAM_15",
            },
        ),
    ),
    Example(
        "NEW once more: it came back with Ordered before, not sent, and is meant a second time.",
        (
            {
                "externalReferenceId": "PO-2611-008",
                "customerId": "P1005053407",
                "orderType": "NEW",
                "offerId": "65310542CA01A12",
                "quantity": 4,
                "currencyCode": "USD",
                "repeat": "yes",
            },
        ),
    ),
    Example(
        "RETURN gives back line 2 of an earlier order, with the product and the number that this "
        "line has.",
        (
            {
                "externalReferenceId": "MTH-2210-R1",
                "customerId": "P1005053413",
                "orderType": "RETURN",
                "referenceOrderId": "P9206417701",
                "extLineItemNumber": 2,
                "offerId": "65316613CA02A12",
                "quantity": 6,
                "currencyCode": "USD",
            },
        ),
    ),
    Example(
        "PREVIEW asks what an order would cost and places nothing.",
        (
            {
                "externalReferenceId": "OT-PV-1",
                "customerId": "P1005053403",
                "orderType": "PREVIEW",
                "offerId": "65310542CA02A12",
                "quantity": 5,
                "currencyCode": "EUR",
            },
        ),
    ),
    Example(
        "RENEWAL renews 10 licences of the subscription that the row names.",
        (
            {
                "externalReferenceId": "REN-301",
                "customerId": "P1005053415",
                "orderType": "RENEWAL",
                "offerId": "65310542CA02A12",
                "quantity": 10,
                "currencyCode": "USD",
                "subscriptionId": "c954f028bbf2a696fc161484d693b3NA",
            },
        ),
    ),
    Example(
        "PREVIEW_RENEWAL asks what this renewal would cost.",
        (
            {
                "externalReferenceId": "REN-PV-1",
                "customerId": "P1005053422",
                "orderType": "PREVIEW_RENEWAL",
                "offerId": "65318877CA02A12",
                "quantity": 10,
                "currencyCode": "USD",
                "subscriptionId": "3a11e774ffdce4598b108943ac1f45NA",
            },
        ),
    ),
    Example(
        "PREVIEW_RENEWAL without product, quantity and subscription asks what would renew by "
        "itself at the anniversary.",
        (
            {
                "externalReferenceId": "REN-PV-2",
                "customerId": "P1005053421",
                "orderType": "PREVIEW_RENEWAL",
            },
        ),
    ),
    Example(
        "SWITCH moves 5 licences of a subscription, with the people who use them, to the product "
        "in offerId. It has one row.",
        (
            {
                "externalReferenceId": "UPG-401",
                "customerId": "P1005053423",
                "orderType": "SWITCH",
                **_UPGRADE,
                "quantity": 5,
                "cancellingSubscriptionId": "813cb33bf3f76324e2f738d2769d66NA",
                "cancellingQuantity": 5,
            },
        ),
    ),
    Example(
        "PREVIEW_SWITCH asks what such a move would cost.",
        (
            {
                "externalReferenceId": "UPG-PV-1",
                "customerId": "P1005053426",
                "orderType": "PREVIEW_SWITCH",
                **_UPGRADE,
                "quantity": 6,
                "cancellingSubscriptionId": "214efd4a7b7cdb49b4d21b217d58a0NA",
                "cancellingQuantity": 6,
            },
        ),
    ),
    Example(
        "REVERT_SWITCH takes a move back as a whole: referenceOrderId names the SWITCH order, "
        "offerId the product from before.",
        ({"externalReferenceId": "UPG-2240-X", "orderType": "REVERT_SWITCH", **_REVERT},),
    ),
    Example(
        "PREVIEW_REVERT_SWITCH asks what would be refunded.",
        ({"externalReferenceId": "UPG-PV-2", "orderType": "PREVIEW_REVERT_SWITCH", **_REVERT},),
    ),
)
