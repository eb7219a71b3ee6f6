"""The published examples through the client: our request is theirs, and their answer is kept whole.

A server plays the vendor: it signs in as example 01 does and gives the answer of one example.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import UUID

import pytest

from flows.marketplace.client import Marketplace
from flows.marketplace.errors import AccessRefused, TryLater, error_parts
from flows.ordering.bodies import request_body
from flows.ordering.life import Kind, kind_of
from flows.sandbox.json_text import json_bytes
from schemas.orders import HistoryPage, Order, OrderAnswer, OrderLine, Reply, faulty_lines
from schemas.subscriptions import AutoRenewalChange, Subscription, SubscriptionList
from schemas.wire import Wire
from tests.connections import connected, placed
from tests.examples import EXAMPLES, Example, Json, values
from tests.intents import intent_for

SIGN_IN = EXAMPLES["01"]
ORDERS = [n for n, e in EXAMPLES.items() if "orderType" in e.body]
REFUSED = [number for number, example in EXAMPLES.items() if example.status >= 400]

MODELS: dict[str, type[Wire]] = {
    "02": OrderAnswer,
    "03": OrderAnswer,
    "04": OrderAnswer,
    "05": OrderAnswer,
    "06": OrderAnswer,
    "07": OrderAnswer,
    "08": OrderAnswer,
    "09": OrderAnswer,
    "10": OrderAnswer,
    "11": OrderAnswer,
    "12": HistoryPage,
    "13": SubscriptionList,
    "14": Subscription,
}
"""What the client reads each answer into."""

NOT_CARRIED = {
    "links": "the client knows every path and pages by offset and count (section 13.2, C20, C40)",
}
"""Fields of answers that no model has, and why."""


def named(*numbers: str) -> list[Any]:
    """The examples as cases, under their names."""
    return [pytest.param(number, id=EXAMPLES[number].name) for number in numbers]


# --- nothing of an answer is lost ---


def lost(said: Json, kept: Wire) -> dict[str, tuple[object, object]]:
    """What an answer says and its model does not: path to what was said and what was kept.

    Money must be the same Decimal to the last digit; moments and days are written as the vendor
    does; a text that is empty may be None.
    """
    read = dict(values(kept.model_dump(by_alias=True)))
    found = ((path, value, _as_said(read.get(path))) for path, value in values(said))
    return {
        path: (value, held)
        for path, value, held in found
        if repr(value) != repr(held) and not _left_out(path)
    }


def _as_said(held: object) -> object:
    if isinstance(held, datetime):
        return held.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(held, date):
        return held.isoformat()
    return "" if held is None else held


def _left_out(path: str) -> set[str]:
    return set(re.split(r"[.\[\]]+", path)) & set(NOT_CARRIED)


@pytest.mark.parametrize("number", named(*MODELS))
def test_nothing_of_an_answer_is_lost(number: str) -> None:
    answer = EXAMPLES[number].answer
    assert lost(answer, MODELS[number].of(answer)) == {}


def test_a_field_that_a_model_does_not_carry_or_changes_is_found() -> None:
    line = {"extLineItemNumber": 1, "quantity": 2, "pricing": {"partnerPrice": Decimal("412.80")}}
    kept = OrderAnswer.of({"lineItems": [line], "creationDate": "2026-10-03T15:27:08Z"})
    changed = line | {"quantity": 3, "colour": "red", "pricing": {"partnerPrice": Decimal("412.8")}}
    said = {"lineItems": [changed], "creationDate": "2026-10-03T15:27:09Z"}
    assert list(lost(said, kept)) == [
        "lineItems[0].quantity",
        "lineItems[0].pricing.partnerPrice",
        "lineItems[0].colour",
        "creationDate",
    ]


def test_what_is_not_carried_occurs() -> None:
    paths = [path for number in MODELS for path, _ in values(EXAMPLES[number].answer)]
    assert set().union(*map(_left_out, paths)) == set(NOT_CARRIED)


# --- the body that our code makes of the same order is the published one ---


def order_of(example: Example) -> Order:
    """The order that an example's request places, as the sheet would say it."""
    body = example.body
    return Order(
        reference=body.get("externalReferenceId", ""),
        customer_id=example.customer_id,
        order_type=body["orderType"],
        reference_order_id=body.get("referenceOrderId", ""),
        lines=tuple(_lines(body)) or (OrderLine(5, 1, "", None, ""),),
        reassign_users="reassign-users=true" in example.path,
    )


def _lines(body: Json) -> Iterator[OrderLine]:
    given_up = {item["referenceLineItemNumber"]: item for item in body.get("cancellingItems", ())}
    for row, line in enumerate(body.get("lineItems", ()), 5):
        source = given_up.get(line["extLineItemNumber"], {})
        yield OrderLine(
            row=row,
            number=line["extLineItemNumber"],
            offer_id=line["offerId"],
            quantity=line["quantity"],
            currency=line.get("currencyCode") or body["currencyCode"],
            subscription_id=line.get("subscriptionId", ""),
            flex_discount_codes=tuple(line.get("flexDiscountCodes", ())),
            cancelling_subscription_id=source.get("subscriptionId", ""),
            cancelling_quantity=source.get("quantity"),
        )


@pytest.mark.parametrize("number", named(*ORDERS))
def test_our_body_of_an_order_is_the_published_one(number: str) -> None:
    example = EXAMPLES[number]
    assert json.loads(request_body(order_of(example))) == example.body


# --- the client's calls ---


@dataclass(frozen=True, slots=True)
class Heard:
    """One request as it came to the server; names of headers in small letters."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Vendor:
    """A server that answers as one example does, and what it heard."""

    example: Example
    status: int
    sign_ins: list[Heard] = field(default_factory=list)
    calls: list[Heard] = field(default_factory=list)

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request, one answer."""
        heard = await _hear(reader)
        if heard.target == SIGN_IN.path:
            self.sign_ins.append(heard)
            writer.write(_http(SIGN_IN.status, SIGN_IN.answer))
        else:
            self.calls.append(heard)
            writer.write(_http(self.status, self.example.answer))
        await writer.drain()
        writer.close()


async def _hear(reader: asyncio.StreamReader) -> Heard:
    first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().splitlines()
    method, target, _ = first.split(" ")
    pairs = (line.partition(": ") for line in lines if line)
    headers = {name.lower(): value for name, _, value in pairs}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Heard(method, target, headers, body)


def _http(status: int, body: Json) -> bytes:
    content = json_bytes(body)
    head = f"HTTP/1.1 {status} X\r\nContent-Length: {len(content)}\r\nConnection: close\r\n\r\n"
    return head.encode() + content


@asynccontextmanager
async def playing(
    example: Example, status: int | None = None
) -> AsyncIterator[tuple[Marketplace, Vendor]]:
    """The client, connected to a server that plays the vendor."""
    vendor = Vendor(example, status or example.status)
    served = await asyncio.start_server(vendor.talk, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{served.sockets[0].getsockname()[1]}"
    credentials = SIGN_IN.body
    async with (
        served,
        connected(url, credentials["client_secret"], credentials["client_id"]) as marketplace,
    ):
        yield marketplace, vendor


async def put(marketplace: Marketplace, example: Example) -> Reply:
    """Place or preview the example's order."""
    order = order_of(example)
    if order.order_type.startswith("PREVIEW"):
        return await marketplace.preview(order.customer_id, request_body(order))
    return await placed(marketplace, intent_for(order, reassign_users=order.reassign_users))


CUSTOMER = "1007315862"
READS: dict[str, Callable[[Marketplace], Awaitable[object]]] = {
    "04": lambda api: api.order(CUSTOMER, "9206417733"),
    "12": lambda api: api.history(CUSTOMER, datetime(2026, 2, 14, tzinfo=UTC), ["NEW", "RETURN"]),
    "13": lambda api: api.subscriptions(CUSTOMER),
    "14": lambda api: api.change_renewal(
        CUSTOMER,
        "00a4f93c910fc3417f479aa1851aebNA",
        AutoRenewalChange(enabled=True, renewal_quantity=10),
    ),
    "17": lambda api: api.customer(CUSTOMER),
    "19": lambda api: api.subscriptions(CUSTOMER),
}
"""The client's methods for the calls that place nothing."""

OWN_QUERY = {
    "12": {
        "end-date": "never given: today's would leave out today (section 4.4)",
        "limit": "the largest page there is",
        "offset": "from the first page on",
        "fetch-price": "prices come with the orders (section 13.2)",
    }
}
"""Query parameters in which our call differs from the example's, and why."""


async def _call(marketplace: Marketplace, number: str) -> Any:
    """What the client makes of an example's call."""
    if number in READS:
        return await READS[number](marketplace)
    return (await put(marketplace, EXAMPLES[number])).order


@pytest.mark.parametrize("number", named(*MODELS))
async def test_the_client_asks_as_published_and_gives_the_answer_back(number: str) -> None:
    example = EXAMPLES[number]
    async with playing(example) as (marketplace, vendor):
        found = await _call(marketplace, number)
    read: Any = MODELS[number].of(example.answer)
    if isinstance(read, HistoryPage | SubscriptionList):
        found, read = tuple(found), read.items
    assert found == read
    assert repr(found) == repr(read)  # 412.80 is not 412.8: money never was a float
    _check_request(vendor.calls[0], number)


def _check_request(heard: Heard, number: str) -> None:
    example = EXAMPLES[number]
    assert heard.method == example.method
    assert urlsplit(heard.target).path == urlsplit(example.path).path
    differing = _query(heard.target) ^ _query(example.path)
    assert {name for name, _ in differing} == set(OWN_QUERY.get(number, ()))
    assert (json.loads(heard.body) if heard.body else {}) == example.body
    published = {name.lower(): value for name, value in example.headers.items()}
    sent = {name: heard.headers[name] for name in published}
    for name in ("x-request-id", "x-correlation-id"):
        assert UUID(sent.pop(name)).version == 4
        del published[name]
    assert sent == published


def _query(target: str) -> set[tuple[str, str]]:
    return set(parse_qsl(urlsplit(target).query))


async def test_the_sign_in_is_asked_for_as_published_and_its_lifetime_believed() -> None:
    async with playing(EXAMPLES["13"]) as (marketplace, vendor):
        await marketplace.subscriptions(CUSTOMER)
        await marketplace.subscriptions(CUSTOMER)
    (heard,) = vendor.sign_ins
    assert dict(parse_qsl(heard.body.decode())) == SIGN_IN.body
    assert heard.headers["content-type"] == SIGN_IN.headers["Content-Type"]
    token = SIGN_IN.answer["access_token"]
    assert [c.headers["authorization"] for c in vendor.calls] == [f"Bearer {token}"] * 2


@pytest.mark.parametrize("status", [200, 201, 202])
@pytest.mark.parametrize("number", named(*(n for n in ORDERS if EXAMPLES[n].status < 400)))
async def test_every_status_of_success_is_one_for_every_type(number: str, status: int) -> None:
    example = EXAMPLES[number]
    async with playing(example, status) as (marketplace, _):
        reply = await put(marketplace, example)
    assert (reply.http_status, reply.code) == (status, "")
    assert reply.order == OrderAnswer.of(example.answer)


# --- errors ---


@pytest.mark.parametrize("number", named(*REFUSED))
def test_nothing_of_an_error_is_lost(number: str) -> None:
    example = EXAMPLES[number]
    code, message, details, by_service = error_parts(example.status, json_bytes(example.answer))
    said = [value for _, value in values(example.answer)]
    assert said == [code, message, *details]
    assert by_service == ("code" in example.answer)


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        ("15", Kind.REFUSED),
        ("16", Kind.REFUSED),
        ("18", Kind.SPOKEN_FAULT),
        ("20", Kind.SILENT),
    ],
)
async def test_an_order_that_failed_is_a_reply_of_its_kind(number: str, kind: Kind) -> None:
    example = EXAMPLES[number]
    async with playing(example) as (marketplace, vendor):
        reply = await put(marketplace, example)
    _check_request(vendor.calls[0], number)
    assert (reply.http_status, kind_of(reply), reply.order) == (example.status, kind, None)


def test_the_line_that_was_refused_is_found() -> None:
    details = EXAMPLES["16"].answer["additionalDetails"]
    assert faulty_lines(details) == {3: "INELIGIBLE_ADD_ON"}


async def test_a_key_that_is_not_accepted_stops_the_run() -> None:
    async with playing(EXAMPLES["17"]) as (marketplace, vendor):
        with pytest.raises(AccessRefused, match="4115"):
            await READS["17"](marketplace)
    assert vendor.calls[0].target == EXAMPLES["17"].path


async def test_a_question_that_came_too_often_may_be_asked_again_later() -> None:
    async with playing(EXAMPLES["19"]) as (marketplace, vendor):
        with pytest.raises(TryLater) as caught:
            await READS["19"](marketplace)
    _check_request(vendor.calls[0], "19")
    assert (caught.value.reply.code, caught.value.reply.message) == ("4118", "Too many requests")
