"""Orders into the exact bytes of a request, and the key that tells whether two are the same.

Reference, sections 8.1 (fields), 8.2 (the currency stands on one level only), 12.2 (switches).
Empty fields are left out; read-only ones never occur.
"""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any, Final

from schemas.order_types import SWITCH_FAMILY
from schemas.orders import Order, OrderLine

_as_sent: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_canonical: Final = json.JSONEncoder(
    ensure_ascii=False, sort_keys=True, separators=(",", ":")
).encode


def request_body(order: Order) -> bytes:
    """The body of the order's request as JSON in UTF-8, the same bytes every time."""
    return _as_sent(_body(order)).encode()


def _body(order: Order) -> dict[str, Any]:
    about = {
        "externalReferenceId": order.reference,
        "orderType": order.order_type,
        "referenceOrderId": order.reference_order_id,
    }
    body: dict[str, Any] = {name: value for name, value in about.items() if value}
    lines = [line for line in order.lines if line.offer_id]
    if order.order_type in SWITCH_FAMILY:
        line = lines[0]
        body["currencyCode"] = line.currency
        body["lineItems"] = [
            {"extLineItemNumber": 1, "offerId": line.offer_id, "quantity": line.quantity}
        ]
        body["cancellingItems"] = [_cancelling_item(line)]
    elif lines:
        body["lineItems"] = [_line_item(line) for line in lines]
    return body


def _line_item(line: OrderLine) -> dict[str, Any]:
    item: dict[str, Any] = {"extLineItemNumber": line.number, "offerId": line.offer_id}
    if line.quantity:
        item["quantity"] = line.quantity
    if line.subscription_id:
        item["subscriptionId"] = line.subscription_id
    if line.currency:
        item["currencyCode"] = line.currency
    if line.deployment_id:
        item["deploymentId"] = line.deployment_id
    if line.discount_code:
        item["discountCode"] = line.discount_code
    if line.flex_discount_codes:
        item["flexDiscountCodes"] = list(line.flex_discount_codes)
    return item


def _cancelling_item(line: OrderLine) -> dict[str, Any]:
    item: dict[str, Any] = {
        "extLineItemNumber": 1,
        "referenceLineItemNumber": 1,
        "subscriptionId": line.cancelling_subscription_id,
        "quantity": line.cancelling_quantity or line.quantity,
    }
    if line.discount_code:
        item["discountCode"] = line.discount_code
    return item


def body_key(order: Order) -> str:
    """The same for two orders that ask for the same thing, however their rows are arranged.

    Customer, type, reference, referenceOrderId and all lines with every field, without the
    correlation id; account and environment are kept beside it in the ledger
    (docs/protocol.md, "What counts as the same order"). Numbers that the sheet does not give
    are left out: they follow from where the rows stand.
    """
    body = _body(order)
    lines = body.get("lineItems", [])
    if order.numbered:
        lines.sort(key=lambda line: line["extLineItemNumber"])
    else:
        for line in lines:
            del line["extLineItemNumber"]
        lines.sort(key=_canonical)
    body["customerId"] = order.customer_id
    body["reassignUsers"] = order.reassign_users
    return sha256(_canonical(body).encode()).hexdigest()


def lines_as_sent(order: Order, body: bytes) -> tuple[tuple[int, int], ...]:
    """(row, line number) of each row of `order`, numbered as in a body that was sent for it.

    The sheet may have been sorted since: rows without a number of their own go by what stands
    in them.
    """
    if order.numbered:
        return tuple((line.row, line.number) for line in order.lines)
    numbers: dict[str, list[int]] = {}
    for item in json.loads(body).get("lineItems", []):
        number = item.pop("extLineItemNumber")
        numbers.setdefault(_canonical(item), []).append(number)
    found = []
    for line in order.lines:
        item = _line_item(line)
        del item["extLineItemNumber"]
        found.append((line.row, numbers[_canonical(item)].pop(0)))
    return tuple(found)
