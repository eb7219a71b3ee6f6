"""The calls of the orders API: one method to a call, an answer as a value."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from types import TracebackType
from typing import Final, Self, TypeVar
from urllib.parse import quote
from uuid import uuid4

import httpx

from flows.marketplace.errors import (
    NOTHING_ORDERED,
    RUN_STOPPED,
    TOO_LATE,
    UNREADABLE,
    AccessRefused,
    NotReachable,
    raise_for,
)
from flows.marketplace.exchange import (
    READ_SECONDS,
    Address,
    Exchange,
    Query,
    connect_seconds,
)
from flows.marketplace.pace import Pace, Turn
from flows.marketplace.sign_in import SignIn
from flows.marketplace.transport import InTime
from schemas.customers import Customer
from schemas.flex_discounts import FlexDiscount, FlexDiscountPage
from schemas.orders import CallFailed, HistoryPage, Intent, OrderAnswer, Reply
from schemas.subscriptions import AutoRenewalChange, Subscription, SubscriptionList
from schemas.wire import Wire

PAGE: Final = 100
DISCOUNTS_PAGE: Final = 50

Body = TypeVar("Body", bound=Wire)


class Marketplace:
    """A signed-in connection to the orders API, for one account and environment."""

    def __init__(
        self,
        address: Address,
        pace: Pace,
        patience: float = 1.0,
        read_seconds: float = READ_SECONDS,
    ) -> None:
        self._address = address
        self.pace = pace
        self._patience = patience
        self._read_seconds = read_seconds
        self._exchange = Exchange(address, pace, read_seconds)
        self._sign_in = SignIn(
            self._exchange.client,
            address.sign_in_url,
            address.client_id,
            address.client_secret,
            patience,
            read_seconds + connect_seconds(read_seconds),
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._exchange.close()

    async def check(self) -> None:
        """Sign in and ping: the connection test before the first order.

        Raises MarketplaceStop when credentials, key, clock or address are wrong.
        """
        reply, body = await self._call(
            "GET",
            "/partnerservice/ping",
            correlation_id=str(uuid4()),
            when_refused=NOTHING_ORDERED,
        )
        if reply.http_status in {401, 403}:
            raise AccessRefused(
                f"The marketplace does not accept our key or token ({reply.code}); check "
                f"ORDERDROP_CLIENT_ID. {NOTHING_ORDERED}"
            )
        if reply.http_status != 200 or body.strip().strip(b'"') != b"pong":
            host = httpx.URL(self._address.api_url).host
            raise NotReachable(
                f"The marketplace at {host} cannot be reached ({reply.code or 'no ping'}); check "
                f"the internet connection and the address in the settings. {NOTHING_ORDERED}"
            )

    async def ready(self) -> Turn:
        """Wait for a token and a place in the pace; its turn is to be awaited before `place`.

        Raises MarketplaceStop when there is no signing in.
        """
        await self._sign_in.token()
        return await self.pace.turn()

    async def place(self, intent: Intent, request_id: str, may_go: Callable[[], bool]) -> Reply:
        """Send the intent once, exactly as written; never twice within one call of this.

        The caller has awaited `ready` and its turn, and has written this attempt into the
        ledger. `may_go` is asked immediately before the body is written to the socket: a request
        that is too late is given up there (NET/TOO_LATE), and a request without its body executes
        nothing. What the wire brings is a Reply; after a refused token (401, 4117) the next
        `ready` signs in anew. Raises AccessRefused when a new token was refused as well.
        """
        query = {"reassign-users": "true"} if intent.reassign_users else {}
        token = await self._sign_in.token()
        body = InTime(intent.body, may_go)
        reply, answer = await self._exchange.call(
            "POST",
            f"{_customer_path(intent.customer_id)}/orders",
            intent.correlation_id,
            token,
            body,
            query,
            request_id,
        )
        if body.was_too_late:
            return Reply(request_id, None, code=TOO_LATE)
        if _token_refused(reply) and not await self._sign_in.refused(token):
            raise AccessRefused(
                f"The marketplace refuses our token again and again ({reply.code}); check "
                f"ORDERDROP_CLIENT_ID and the rights of the account. {RUN_STOPPED}"
            )
        return _with_order(reply, answer)

    async def preview(self, customer_id: str, body: bytes) -> Reply:
        """Price an order; a fresh correlation id for each call (reference, section 4.2)."""
        reply, answer = await self._call(
            "POST",
            f"{_customer_path(customer_id)}/orders",
            correlation_id=str(uuid4()),
            content=body,
            query={"fetch-price": "true"},
        )
        return _with_order(reply, answer)

    async def order(self, customer_id: str, order_id: str) -> OrderAnswer:
        """One order with its prices (reference, section 13.1). Raises CallFailed."""
        path = f"{_customer_path(customer_id)}/orders/{quote(order_id, safe='')}"
        return await self._read(OrderAnswer, path, {"fetch-price": "true"})

    async def customer(self, customer_id: str) -> Customer:
        """One customer (reference, section 7.1). Raises CallFailed."""
        return await self._read(Customer, _customer_path(customer_id), {})

    async def subscriptions(self, customer_id: str) -> tuple[Subscription, ...]:
        """All subscriptions, lapsed and scheduled ones too (section 16.2). Raises CallFailed."""
        path = f"{_customer_path(customer_id)}/subscriptions"
        return (await self._read(SubscriptionList, path, {})).items

    async def subscription(self, customer_id: str, subscription_id: str) -> Subscription:
        """One subscription (section 16.2). Raises CallFailed."""
        return await self._read(Subscription, _subscription_path(customer_id, subscription_id), {})

    async def change_renewal(
        self, customer_id: str, subscription_id: str, change: AutoRenewalChange
    ) -> Subscription:
        """Tell the automatic renewal what to do (section 16.3). Raises CallFailed.

        The same values twice are harmless, so each call takes a correlation id of its own. The
        answer to a patch lacks fields: what comes back is the subscription read again.
        """
        path = _subscription_path(customer_id, subscription_id)
        content = json.dumps(change.body()).encode()
        reply, _ = await self._call("PATCH", path, correlation_id=str(uuid4()), content=content)
        raise_for(reply)
        return await self.subscription(customer_id, subscription_id)

    async def flex_discounts(
        self, market_segment: str, country: str, offer_ids: Sequence[str] = ()
    ) -> tuple[FlexDiscount, ...]:
        """The listed discounts of a segment and country, all pages (section 17.1).

        Raises CallFailed.
        """
        found: dict[str, FlexDiscount] = {}
        offset = 0
        while True:
            query: dict[str, str | int | list[str]] = {
                "market-segment": market_segment,
                "country": country,
                "limit": DISCOUNTS_PAGE,
                "offset": offset,
            }
            if offer_ids:
                query["offer-ids"] = ",".join(offer_ids)
            page = await self._read(FlexDiscountPage, "/v3/flex-discounts", query)
            for discount in page.items:
                found.setdefault(discount.discount_id, discount)
            offset += len(page.items)
            if not page.items or offset >= page.total_count:
                return tuple(found.values())

    async def history(
        self, customer_id: str, since: datetime, order_types: list[str]
    ) -> list[OrderAnswer]:
        """All orders of the types since a moment (UTC), newest first, prices included.

        Pages by offset and count, drops order ids that come twice because new orders pushed
        them on, and names start-date always, since the default hides older terms
        (reference, section 13.2). Raises CallFailed.
        """
        found: dict[str, OrderAnswer] = {}
        offset = 0
        while True:
            query: Query = {
                "order-type": order_types,
                "start-date": since.strftime("%Y-%m-%dT%H:%M:%SZ"),
                "limit": PAGE,
                "offset": offset,
                "fetch-price": "true",
            }
            page = await self._read(HistoryPage, f"{_customer_path(customer_id)}/orders", query)
            for order in page.items:
                found.setdefault(order.order_id, order)
            offset += len(page.items)
            if offset >= page.total_count:
                return list(found.values())
            if not page.items:
                raise CallFailed(
                    f"The marketplace's list of orders ends after {offset} of {page.total_count}.",
                    Reply("", 200, code=UNREADABLE),
                )

    async def _read(self, model: type[Body], path: str, query: Query) -> Body:
        """One reading call, with a fresh correlation id as all of them. Raises CallFailed."""
        reply, body = await self._call("GET", path, correlation_id=str(uuid4()), query=query)
        raise_for(reply)
        try:
            return model.read(body)
        except (ValueError, RecursionError):
            raise CallFailed("The marketplace's answer cannot be read.", reply) from None

    async def _call(
        self,
        method: str,
        path: str,
        *,
        correlation_id: str,
        content: bytes | None = None,
        query: Query | None = None,
        when_refused: str = RUN_STOPPED,
    ) -> tuple[Reply, bytes]:
        """One HTTP call; a refused token is renewed once and the same call repeated."""
        while True:
            token = await self._sign_in.token(when_refused)
            await self.pace.take()
            reply, body = await self._exchange.call(
                method, path, correlation_id, token, content, query or {}
            )
            if not (_token_refused(reply) and await self._sign_in.refused(token)):
                return reply, body


def _customer_path(customer_id: str) -> str:
    return f"/v3/customers/{quote(customer_id, safe='')}"


def _subscription_path(customer_id: str, subscription_id: str) -> str:
    return f"{_customer_path(customer_id)}/subscriptions/{quote(subscription_id, safe='')}"


def _token_refused(reply: Reply) -> bool:
    return reply.http_status == 401 or reply.code == "4117"


def _with_order(reply: Reply, body: bytes) -> Reply:
    """The reply of a success with its order; one that cannot be read becomes NET/BAD_ANSWER."""
    if reply.code:
        return reply
    try:
        order = OrderAnswer.read(body)
    except (ValueError, RecursionError):
        return Reply(reply.request_id, reply.http_status, code=UNREADABLE)
    return Reply(reply.request_id, reply.http_status, order=order)
