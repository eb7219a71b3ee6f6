"""A small client of the order API, written from the vendor's reference with plain httpx.

It shares no line with the client of this project, so that what the two of them and the
embedded marketplace agree on is the reference and not a common mistake. Sections named here
are those of reference/marketplace-api.md.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import httpx

Json = dict[str, Any]

SCOPE = "openid,AdobeID,read_organizations"
OPEN = ("1002", "")
"""A switch's answer may show an empty status instead of 1002 (C27)."""

WILL_NOT_RENEW = "1004"
"""Status of a line in a PREVIEW_RENEWAL whose product has expired (section 11.3)."""

_KEPT_OF_A_LINE = ("extLineItemNumber", "offerId", "quantity", "deploymentId", "discountCode")
_KEPT_OF_A_CANCELLING_ITEM = (
    "extLineItemNumber",
    "referenceLineItemNumber",
    "subscriptionId",
    "quantity",
    "discountCode",
)


class IndependentClient:
    """One API key and its token."""

    def __init__(self, url: str, client_id: str, client_secret: str) -> None:
        self._http = httpx.Client(base_url=url, timeout=30)
        self._client_id = client_id
        self._client_secret = client_secret
        self._token = ""
        self.sign_ins = 0

    def close(self) -> None:
        """Let go of the connections."""
        self._http.close()

    def sign_in(self) -> Json:
        """Exchange key and secret for a token, and keep it (section 2)."""
        answer = self._http.post(
            "/ims/token/v3",
            data={
                "grant_type": "client_credentials",
                "client_id": self._client_id,
                "client_secret": self._client_secret,
                "scope": SCOPE,
            },
        )
        answer.raise_for_status()
        token: Json = answer.json()
        self._token = token["access_token"]
        self.sign_ins += 1
        return token

    def send(
        self,
        method: str,
        path: str,
        body: Json | None = None,
        *,
        correlation_id: str,
        query: Json | None = None,
    ) -> httpx.Response:
        """One call with the token at hand; every call has a request id of its own (section 3)."""
        return self._http.request(
            method,
            path,
            params=query,
            content=None if body is None else json.dumps(body),
            headers={
                "X-Api-Key": self._client_id,
                "Authorization": f"Bearer {self._token}",
                "X-Correlation-Id": correlation_id,
                "X-Request-Id": str(uuid.uuid4()),
                "Accept": "application/json",
                "Content-Type": "application/json",
            },
        )

    def call(
        self,
        method: str,
        path: str,
        body: Json | None = None,
        *,
        correlation_id: str = "",
        query: Json | None = None,
    ) -> httpx.Response:
        """The same; a token that is not valid any more is renewed once, and the call sent
        again with the same correlation id (section 2).
        """
        intent = correlation_id or str(uuid.uuid4())
        answer = self.send(method, path, body, correlation_id=intent, query=query)
        if answer.status_code == 401:
            self.sign_in()
            answer = self.send(method, path, body, correlation_id=intent, query=query)
        return answer

    def read(self, path: str, **query: object) -> Json:
        """What a GET answers; always with a fresh correlation id (section 4.2)."""
        return _success(self.call("GET", path, query=_hyphened(query)))

    def customer(self, customer_id: str) -> Json:
        """A customer (section 7.1)."""
        return self.read(f"/v3/customers/{customer_id}")

    def subscriptions(self, customer_id: str) -> list[Json]:
        """All subscriptions of a customer, lapsed ones too (section 16.2)."""
        items: list[Json] = self.read(f"/v3/customers/{customer_id}/subscriptions")["items"]
        return items

    def subscription(self, customer_id: str, subscription_id: str) -> Json:
        """One subscription (section 16.1)."""
        return self.read(f"/v3/customers/{customer_id}/subscriptions/{subscription_id}")

    def preview(self, customer_id: str, order: Json) -> Json:
        """What an order would be, with its price (section 8.3)."""
        path = f"/v3/customers/{customer_id}/orders"
        return _success(self.call("POST", path, order, query={"fetch-price": "true"}))

    def place(
        self, customer_id: str, order: Json, *, correlation_id: str = "", **query: object
    ) -> Json:
        """Place an order; 200, 201 and 202 are all success (section 8.4)."""
        path = f"/v3/customers/{customer_id}/orders"
        answer = self.call(
            "POST", path, order, correlation_id=correlation_id, query=_hyphened(query)
        )
        return _success(answer)

    def until_finished(
        self, customer_id: str, order_id: str, *, patience: float = 20, **query: object
    ) -> Json:
        """Ask for the order until it is neither accepted only nor under way (section 14)."""
        give_up = time.monotonic() + patience
        while True:
            order = self.read(f"/v3/customers/{customer_id}/orders/{order_id}", **query)
            if order["status"] not in OPEN:
                return order
            if time.monotonic() > give_up:
                raise TimeoutError(f"{order_id} is still {order['status']}")
            time.sleep(0.1)

    def history(
        self, customer_id: str, start_date: str, *, page: int = 100, **filters: object
    ) -> list[Json]:
        """All orders from a day on, newest first, each once (section 13.2)."""
        found: dict[str, Json] = {}
        for order in self._pages(customer_id, {"start-date": start_date} | filters, page):
            found.setdefault(order["orderId"], order)
        return list(found.values())

    def _pages(self, customer_id: str, filters: Json, page: int) -> Iterator[Json]:
        """By offset and not by the links, whose query cannot be trusted."""
        offset = 0
        while True:
            asked = _hyphened(filters) | {"limit": page, "offset": offset}
            path = f"/v3/customers/{customer_id}/orders"
            answer = _success(self.call("GET", path, query=asked))
            yield from answer["items"]
            offset += answer["count"]
            if not answer["count"] or offset >= answer["totalCount"]:
                return


def new_order(order_type: str, reference: str, *lines: Json, **fields: object) -> Json:
    """The body of an order; lines are numbered from 1 (section 8.1)."""
    numbered = [{"extLineItemNumber": number} | line for number, line in enumerate(lines, 1)]
    body = {"orderType": order_type, "externalReferenceId": reference, "lineItems": numbered}
    return body | fields


def order_from_preview(preview: Json) -> Json:
    """The order that a preview's answer stands for: what is read-only is left out, the offer
    ids are the returned ones, and the currency stands on one level (sections 8.1 and 8.2).
    """
    previewed = preview["orderType"]
    order_type = "NEW" if previewed == "PREVIEW" else previewed.removeprefix("PREVIEW_")
    is_switch = order_type.endswith("SWITCH")
    order = {
        "orderType": order_type,
        "externalReferenceId": preview.get("externalReferenceId"),
        "referenceOrderId": preview.get("referenceOrderId"),
        "currencyCode": preview["currencyCode"] if is_switch else None,
        "lineItems": [
            _line_of(line, order_type)
            for line in preview["lineItems"]
            if line["status"] != WILL_NOT_RENEW
        ],
        "cancellingItems": [
            _there({name: item.get(name) for name in _KEPT_OF_A_CANCELLING_ITEM})
            for item in preview.get("cancellingItems") or ()
        ],
    }
    return _there(order)


def return_of(order: Json, reference: str) -> Json:
    """The RETURN of a whole order: each line as it stands on the original (section 10)."""
    lines = [
        {name: line[name] for name in ("extLineItemNumber", "offerId", "quantity", "currencyCode")}
        for line in order["lineItems"]
    ]
    return new_order("RETURN", reference, *lines, referenceOrderId=order["orderId"])


def switch_order(
    order_type: str, reference: str, *, source: Json, target_offer_id: str, quantity: int
) -> Json:
    """Quantity licences of a subscription become another product's (section 12.2)."""
    return new_order(
        order_type,
        reference,
        {"offerId": target_offer_id, "quantity": quantity},
        currencyCode=source["currencyCode"],
        cancellingItems=[
            {
                "extLineItemNumber": 1,
                "referenceLineItemNumber": 1,
                "subscriptionId": source["subscriptionId"],
                "quantity": quantity,
            }
        ],
    )


def total(answer: Json) -> Decimal:
    """What the order costs; a switch may cost less than nothing (section 15.1)."""
    (summary,) = answer["pricingSummary"]
    value = summary.get("totalLineItemPartnerPrice", summary.get("totalLineItemPrice"))
    return Decimal(value)


def _line_of(line: Json, order_type: str) -> Json:
    kept = {name: line.get(name) for name in _KEPT_OF_A_LINE}
    if order_type.endswith("RENEWAL"):
        kept["subscriptionId"] = line.get("subscriptionId")
    if not order_type.endswith("SWITCH"):
        kept["currencyCode"] = line.get("currencyCode")
    kept["flexDiscountCodes"] = [
        discount["code"]
        for discount in line.get("flexDiscounts") or ()
        if discount["result"] == "SUCCESS"
    ]
    return _there(kept)


def _there(fields: Json) -> Json:
    """Missing, null and empty all mean: not there; in a request they are left out (section 1)."""
    return {name: value for name, value in fields.items() if value not in (None, "", [])}


def _hyphened(query: Json) -> Json:
    return {name.replace("_", "-"): value for name, value in query.items()}


def _success(answer: httpx.Response) -> Json:
    """The body of a success, money as decimals; any other answer is an error."""
    if not answer.is_success:
        raise RefusedError(answer)
    body: Json = json.loads(answer.text, parse_float=Decimal)
    return body


class RefusedError(Exception):
    """The API said no; `code` as section 5 says where to look for it."""

    def __init__(self, answer: httpx.Response) -> None:
        body = answer.json()
        self.status = answer.status_code
        self.code: str = body.get("code") or body.get("error_code") or body["error"]
        super().__init__(f"{self.status} {self.code}: {body}")
