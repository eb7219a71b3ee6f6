"""Orders into the exact bytes of a request, and the key that tells whether two are the same.

Reference, sections 8.1 (fields), 8.2 (the currency stands on one level only), 12.2 (switches).
Empty fields are left out; read-only ones never occur.
"""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any

from schemas.order_types import SWITCH_FAMILY
from schemas.orders import Order, OrderLine


def request_body(order: Order) -> bytes:
    """The body of the order's request as JSON in UTF-8, the same bytes every time."""
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
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def _line_item(line: OrderLine) -> dict[str, Any]:
    item: dict[str, Any] = {"extLineItemNumber": line.number, "offerId": line.offer_id}
    optional = {
        "quantity": line.quantity,
        "subscriptionId": line.subscription_id,
        "currencyCode": line.currency,
        "deploymentId": line.deployment_id,
        "discountCode": line.discount_code,
        "flexDiscountCodes": list(line.flex_discount_codes),
    }
    item.update((name, value) for name, value in optional.items() if value)
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
    (docs/protocol.md, "What counts as the same order").
    """
    body = json.loads(request_body(order))
    body.get("lineItems", []).sort(key=lambda line: line["extLineItemNumber"])
    body["customerId"] = order.customer_id
    body["reassignUsers"] = order.reassign_users
    canonical = json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return sha256(canonical.encode()).hexdigest()
