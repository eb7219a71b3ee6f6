"""The control interface: clock, faults, orders by hand, test data, book and journal.

For loopback callers, without key, outside the throttle and the journal (reference, sections
4.5 and 21). Failures are `{"error": "a sentence"}`.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from fastapi import APIRouter, Depends
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from flows.sandbox import seed
from flows.sandbox.answers import body_of
from flows.sandbox.callers import is_asked_from_elsewhere, is_on_this_computer
from flows.sandbox.catalog import PriceChange
from flows.sandbox.catalog_changes import (
    change_discount,
    change_partner,
    change_price,
    change_product,
)
from flows.sandbox.clock import ClockRangeError, wire_moment
from flows.sandbox.control_bodies import (
    CallNumber,
    ClientSeed,
    ClockSetting,
    CustomerChange,
    CustomerSeed,
    DiscountSeed,
    FaultSetting,
    LatencySetting,
    LicenceSeed,
    NextIds,
    OrderChange,
    OrderSeed,
    PartnerChange,
    PriceSeed,
    ProductSeed,
    SubscriptionChange,
    SubscriptionSeed,
    journal_entry,
)
from flows.sandbox.faults import FaultInjector, FaultSpecError, read_faults
from flows.sandbox.json_text import JsonValue, json_bytes
from flows.sandbox.lifecycle import RenewedJustNowError
from flows.sandbox.marketplace import Marketplace
from flows.sandbox.order_answers import order_answer
from flows.sandbox.records import ACTIVE_SUBSCRIPTION, Customer, Order, Subscription
from flows.sandbox.subscription_desk import subscription_answer
from flows.sandbox.throttle import Counted

_UNFIT = 422


class ControlError(Exception):
    """The control interface cannot do what is asked; `status` is the HTTP status."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


class _InSentences(APIRoute):
    """Says what does not fit in a body or a query as every other failure here: in a sentence."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """FastAPI's own, but for the form of a validation error."""
        handle = super().get_route_handler()

        async def handle_in_sentences(request: Request) -> Response:
            try:
                return await handle(request)
            except RequestValidationError as error:
                raise ControlError(_UNFIT, "; ".join(map(_sentence, error.errors()))) from None

        return handle_in_sentences


def _sentence(failure: Mapping[str, Any]) -> str:
    """`lineItems.0.quantity: Input should be greater than or equal to 0`."""
    place = ".".join(str(part) for part in failure["loc"][1:])
    return f"{place}: {failure['msg']}" if place else str(failure["msg"])


async def control_failed(_request: Request, error: Exception) -> Response:
    """A `ControlError` as HTTP."""
    status = error.status if isinstance(error, ControlError) else 500
    return _json({"error": str(error)}, status)


def _json(value: JsonValue, status: int = 200) -> Response:
    return Response(json_bytes(value), status, media_type="application/json")


def _loopback_only(request: Request) -> None:
    if not is_on_this_computer(request) or is_asked_from_elsewhere(request):
        raise ControlError(403, "The control interface answers this computer only.")


def control_routes(marketplace: Marketplace) -> APIRouter:
    """Everything below /control."""
    router = APIRouter(
        prefix="/control", dependencies=[Depends(_loopback_only)], include_in_schema=False
    )
    router.include_router(_course_routes(marketplace))
    router.include_router(_by_hand_routes(marketplace))
    router.include_router(_seed_routes(marketplace))
    router.include_router(_catalog_routes(marketplace))
    router.include_router(_looking_routes(marketplace))
    return router


def _course_routes(marketplace: Marketplace) -> APIRouter:
    """The clock, the faults, the pace of the calls, the next ids."""
    router = APIRouter(route_class=_InSentences)
    gateway, clock = marketplace.gateway, marketplace.clock

    @router.get("/clock")
    async def get_clock() -> Response:
        return _json(_clock_body(marketplace))

    @router.put("/clock")
    async def set_clock(setting: ClockSetting) -> Response:
        try:
            if setting.now is not None:
                clock.set_to(setting.now)
            elif setting.advance_seconds is not None:
                clock.advance(setting.advance_seconds)
        except ClockRangeError as error:
            raise ControlError(_UNFIT, str(error)) from None
        await marketplace.clock_was_moved()
        return _json(_clock_body(marketplace))

    @router.get("/faults")
    async def get_faults() -> Response:
        return _json(_faults_body(marketplace))

    @router.put("/faults")
    async def set_faults(setting: FaultSetting) -> Response:
        try:
            gateway.faults = FaultInjector(read_faults(setting.spec), setting.seed)
        except FaultSpecError as error:
            raise ControlError(400, str(error)) from None
        if setting.slow_seconds is not None:
            gateway.slow_seconds = setting.slow_seconds
        return _json(_faults_body(marketplace))

    @router.get("/pace")
    async def get_pace() -> Response:
        return _json({"keys": {k: _pace_body(c) for k, c in gateway.throttle.counted.items()}})

    @router.put("/latency")
    async def set_latency(setting: LatencySetting) -> Response:
        gateway.latency = setting.seconds
        return _json({"seconds": gateway.latency})

    @router.put("/next-ids")
    async def give_out_ids(ids: NextIds) -> Response:
        marketplace.numbering.give_out(ids.order_ids, ids.subscription_ids)
        return _json({"orderIds": ids.order_ids, "subscriptionIds": ids.subscription_ids})

    return router


def _by_hand_routes(marketplace: Marketplace) -> APIRouter:
    """Orders, subscriptions and customers changed by hand (section 21)."""
    router = APIRouter(route_class=_InSentences)
    book, lifecycle = marketplace.book, marketplace.lifecycle

    @router.post("/orders/{order_id}")
    async def change_order(order_id: str, change: OrderChange) -> Response:
        order = _known_order(marketplace, order_id)
        if change.creation_date is not None:
            order = replace(order, created_at=change.creation_date.replace(microsecond=0))
            book.put_order(order)
        if change.status is not None:
            lifecycle.set_status(order, change.status)
        await book.commit()
        return _json(_order_body(marketplace, book.orders[order_id]))

    @router.post("/subscriptions/{subscription_id}")
    async def change_subscription(subscription_id: str, change: SubscriptionChange) -> Response:
        subscription = change.applied_to(_known_subscription(marketplace, subscription_id))
        book.put_subscription(subscription)
        await book.commit()
        lifecycle.look_again()
        return _json(_subscription_body(subscription))

    @router.post("/customers/{customer_id}")
    async def change_customer(customer_id: str, change: CustomerChange) -> Response:
        customer = _known_customer(marketplace, customer_id)
        if change.coterm_date is not None:
            customer = _move_anniversary(marketplace, customer, change.coterm_date)
        if change.status is not None:
            customer = replace(customer, status=change.status)
        book.put_customer(customer)
        await book.commit()
        lifecycle.look_again()
        return _json(_customer_body(marketplace, customer))

    @router.post("/renew")
    async def renew() -> Response:
        try:
            orders = lifecycle.renew_by_hand()
        except RenewedJustNowError:
            raise ControlError(409, "The renewal job ran less than two minutes ago.") from None
        await book.commit()
        return _json({"orders": [order.order_id for order in orders]})

    @router.post("/finish")
    async def finish() -> Response:
        finished = lifecycle.finish_all()
        await book.commit()
        return _json({"finished": finished})

    return router


def _seed_routes(marketplace: Marketplace) -> APIRouter:
    """Test data: clients, customers with licences, orders of the past."""
    router = APIRouter(route_class=_InSentences)
    book = marketplace.book

    @router.post("/seed-client", status_code=201)
    async def seed_client(client: ClientSeed) -> Response:
        book.put_client(client.client_id, client.client_secret, reads_only=client.reads_only)
        await book.commit()
        return _json({"clientId": client.client_id}, 201)

    @router.post("/seed-customer", status_code=201)
    async def seed_customer(asked: CustomerSeed) -> Response:
        _check_products(marketplace, [licence.product for licence in asked.licences])
        customer = asked.customer(marketplace.partner.reseller_id, marketplace.clock.now())
        book.put_customer(customer)
        for licence in asked.licences:
            _set_licences(marketplace, customer, licence)
        await book.commit()
        return _json(_customer_body(marketplace, customer), 201)

    @router.post("/seed-subscription", status_code=201)
    async def seed_subscription(asked: SubscriptionSeed) -> Response:
        customer = _known_customer(marketplace, asked.customer_id)
        _check_offers(marketplace, [asked.offer_id])
        subscription = asked.subscription(customer, marketplace.clock.now())
        book.put_subscription(subscription)
        await book.commit()
        marketplace.lifecycle.look_again()
        return _json(_subscription_body(subscription), 201)

    @router.post("/seed-order", status_code=201)
    async def seed_order(asked: OrderSeed) -> Response:
        customer = _known_customer(marketplace, asked.customer_id)
        if asked.order_id in book.orders:
            raise ControlError(409, f"There is an order {asked.order_id} already.")
        _check_offers(marketplace, [line.offer_id for line in asked.line_items])
        created_at = asked.creation_date or marketplace.clock.now()
        order = seed.enter_order(book, marketplace.catalog, customer, asked.facts(), created_at)
        await book.commit()
        return _json(_order_body(marketplace, order), 201)

    return router


def _catalog_routes(marketplace: Marketplace) -> APIRouter:
    """What is sold, for how much, and at which discount."""
    router = APIRouter(route_class=_InSentences)
    book, catalog = marketplace.book, marketplace.catalog

    @router.post("/partner")
    async def change_contract(asked: PartnerChange) -> Response:
        partner = marketplace.partner
        change_partner(book, partner, asked.model_dump(exclude_none=True))
        await book.commit()
        return _json(
            {
                "worldwideSales": partner.worldwide_sales,
                "contractIsActive": partner.contract_is_active,
            }
        )

    @router.post("/seed-product", status_code=201)
    async def seed_product(asked: ProductSeed) -> Response:
        change_product(book, catalog, asked.product_fact())
        await book.commit()
        return _json({"product": asked.product}, 201)

    @router.post("/seed-price", status_code=201)
    async def seed_price(asked: PriceSeed) -> Response:
        _check_products(marketplace, [asked.product])
        change_price(book, catalog, PriceChange(asked.product, asked.start, asked.price_usd))
        await book.commit()
        return _json({"product": asked.product}, 201)

    @router.post("/seed-discount", status_code=201)
    async def seed_discount(asked: DiscountSeed) -> Response:
        change_discount(book, catalog, asked.discount())
        await book.commit()
        return _json({"id": asked.id}, 201)

    return router


def _looking_routes(marketplace: Marketplace) -> APIRouter:
    """The whole book, and the journal of calls."""
    router = APIRouter(route_class=_InSentences)
    book = marketplace.book

    @router.get("/book")
    async def get_book() -> Response:
        orders = sorted(book.orders.values(), key=lambda order: order.sequence)
        return _json(
            {
                "customers": [_customer_body(marketplace, c) for c in book.customers.values()],
                "subscriptions": [_subscription_body(s) for s in book.all_subscriptions()],
                "orders": [_order_body(marketplace, order) for order in orders],
            }
        )

    @router.get("/journal")
    async def get_journal(after: CallNumber = 0, limit: CallNumber = 1_000_000) -> Response:
        return _json({"calls": [journal_entry(e) for e in await book.journal(after, limit)]})

    return router


def _set_licences(marketplace: Marketplace, customer: Customer, licence: LicenceSeed) -> None:
    owned = seed.own(
        marketplace.book,
        marketplace.catalog,
        customer,
        product=licence.product,
        quantity=0,
        currency=licence.currency_code,
    )
    marketplace.book.put_subscription(
        replace(
            owned,
            current_quantity=licence.quantity,
            used_quantity=licence.used_quantity,
            status=ACTIVE_SUBSCRIPTION,
        )
    )


def _check_products(marketplace: Marketplace, products: list[str]) -> None:
    for product in products:
        if product not in marketplace.catalog.products:
            raise ControlError(400, f"There is no product {product}.")


def _check_offers(marketplace: Marketplace, offer_ids: list[str]) -> None:
    """Offers of the past may be off the price list by now, but were on it once."""
    _check_products(marketplace, [offer_id[:10] for offer_id in offer_ids])
    for offer_id in offer_ids:
        if not marketplace.catalog.is_known(offer_id):
            raise ControlError(400, f"There is no offer {offer_id}.")


def _known_customer(marketplace: Marketplace, customer_id: str) -> Customer:
    customer = marketplace.book.customers.get(customer_id)
    if customer is None:
        raise ControlError(404, f"There is no customer {customer_id}.")
    return customer


def _move_anniversary(marketplace: Marketplace, customer: Customer, day: date) -> Customer:
    """The renewal dates that were on the old anniversary go with it."""
    for subscription in list(marketplace.book.subscriptions_of(customer.customer_id)):
        if subscription.renewal_date == customer.coterm_date:
            marketplace.book.put_subscription(replace(subscription, renewal_date=day))
    return replace(customer, coterm_date=day)


def _known_order(marketplace: Marketplace, order_id: str) -> Order:
    order = marketplace.book.orders.get(order_id)
    if order is None:
        raise ControlError(404, f"There is no order {order_id}.")
    return order


def _known_subscription(marketplace: Marketplace, subscription_id: str) -> Subscription:
    for subscription in marketplace.book.all_subscriptions():
        if subscription.subscription_id == subscription_id:
            return subscription
    raise ControlError(404, f"There is no subscription {subscription_id}.")


def _clock_body(marketplace: Marketplace) -> JsonValue:
    clock = marketplace.clock
    return {"now": wire_moment(clock.now()), "offsetSeconds": clock.offset.total_seconds()}


def _faults_body(marketplace: Marketplace) -> JsonValue:
    faults = marketplace.gateway.faults
    return {
        "spec": faults.plan.spec,
        "seed": faults.seed,
        "slowSeconds": marketplace.gateway.slow_seconds,
        "orderCalls": faults.counted["order"],
        "getCalls": faults.counted["get"],
    }


def _pace_body(counted: Counted) -> JsonValue:
    return {
        "calls": counted.calls,
        "mostInWindow": counted.most_in_window,
        "delayed": counted.delayed,
        "refused": counted.refused,
    }


def _order_body(marketplace: Marketplace, order: Order) -> JsonValue:
    return body_of(order_answer(marketplace.book, marketplace.catalog, order, priced=False))


def _customer_body(marketplace: Marketplace, customer: Customer) -> JsonValue:
    return body_of(marketplace.accounts.customer_answer(customer))


def _subscription_body(subscription: Subscription) -> JsonValue:
    answer = body_of(subscription_answer(subscription))
    return {"customerId": subscription.customer_id, **answer}
