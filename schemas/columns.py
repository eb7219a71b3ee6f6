"""The columns of an order sheet and of the answers beside it: their names exist here once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

ORDER_COLUMNS: Final = (
    "externalReferenceId",
    "customerId",
    "orderType",
    "referenceOrderId",
    "extLineItemNumber",
    "offerId",
    "quantity",
    "currencyCode",
    "subscriptionId",
    "deploymentId",
    "discountCode",
    "flexDiscountCodes",
    "cancellingSubscriptionId",
    "cancellingQuantity",
    "reassignUsers",
    "approve",
    "repeat",
)
"""What a user may fill in, by API name; every other column of a sheet is the user's own."""

RESULT_COLUMNS: Final = (
    "Result",
    "Order ID",
    "Order status",
    "Line status",
    "Line subscription ID",
    "Offer sold",
    "Line price",
    "Order total",
    "Price currency",
    "Error code",
    "What happened",
    "What to do",
    "Answered at",
)
"""What we write to the right of the table, in this order."""

SYNONYMS: Final[Mapping[str, tuple[str, ...]]] = {
    "externalReferenceId": (
        "external reference id",
        "external reference",
        "reference",
        "reference id",
        "order reference",
        "our reference",
        "po",
        "po number",
        "po no",
        "purchase order",
        "purchase order number",
    ),
    "customerId": (
        "customer id",
        "customer number",
        "customer no",
        "vip customer id",
        "adobe customer id",
    ),
    "orderType": ("order type", "type", "type of order"),
    "referenceOrderId": (
        "reference order id",
        "reference order",
        "original order id",
        "original order",
        "returned order id",
    ),
    "extLineItemNumber": (
        "ext line item number",
        "line item number",
        "line item",
        "line number",
        "line no",
        "line",
        "item no",
    ),
    "offerId": (
        "offer id",
        "offer",
        "sku",
        "product code",
        "product sku",
        "part number",
        "adobe sku",
    ),
    "quantity": ("qty", "quantities", "licences", "licenses", "seats", "number of licences"),
    "currencyCode": ("currency code", "currency", "ccy"),
    "subscriptionId": ("subscription id", "subscription"),
    "deploymentId": ("deployment id", "deployment"),
    "discountCode": ("discount code", "hvd discount code", "high volume discount code"),
    "flexDiscountCodes": (
        "flex discount codes",
        "flex discount code",
        "flexible discount code",
        "flexible discount codes",
        "flex discount",
        "promo code",
        "promotion code",
    ),
    "cancellingSubscriptionId": (
        "cancelling subscription id",
        "canceling subscription id",
        "cancelling subscription",
        "upgrade from subscription",
        "source subscription id",
    ),
    "cancellingQuantity": ("cancelling quantity", "canceling quantity", "cancelling qty"),
    "reassignUsers": ("reassign users", "move users"),
    "approve": ("approved", "approval"),
    "repeat": ("repeat order", "order again"),
}
"""Other spellings of a column, compared after `plain()`."""


def plain(header: str) -> str:
    """A header as it is compared: lower case, letters and digits only, single blanks between.

    "Customer  ID*", "customer_id" and "CUSTOMER ID" are the same.
    """
    return " ".join("".join(c if c.isalnum() else " " for c in header.lower()).split())


@dataclass(frozen=True, slots=True)
class Claim:
    """A header that means an order column; the lower rank wins over the higher.

    Rank 0 is the company's own mapping, 1 the API's name in any writing, 2 another spelling.
    """

    column: str
    rank: int


def claim_of(header: str, own: Mapping[str, str]) -> Claim | None:
    """The order column that a header means, or None when it is the user's own column.

    `own` maps a company's own headers to order columns.
    """
    name = plain(header)
    for spelling, column in own.items():
        if plain(spelling) == name:
            return Claim(column, 0)
    if api_name := _BY_API_NAME.get(name.replace(" ", "")):
        return Claim(api_name, 1)
    if other := _BY_SPELLING.get(name):
        return Claim(other, 2)
    return None


_BY_API_NAME: Final[Mapping[str, str]] = {plain(column): column for column in ORDER_COLUMNS}
_BY_SPELLING: Final[Mapping[str, str]] = {
    plain(word): column for column, words in SYNONYMS.items() for word in words
}
