"""The API's paths (reference, section 6), each handed through the gateway to its desk."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from flows.sandbox.documenting import (
    COUNT,
    DAY,
    FLAG,
    OFFSET,
    TEXT,
    answers,
    call,
    choice,
    many,
    needed,
    part_refused,
    pong,
    query,
    request_body,
)
from flows.sandbox.history import PLACED_TYPES, order_statuses
from flows.sandbox.marketplace import Marketplace
from flows.sandbox.recommending import LANGUAGES
from flows.sandbox.wire_answers import (
    OrderAnswer,
    OrderHistoryAnswer,
    PreviewAnswer,
    SignInErrorAnswer,
    TokenAnswer,
)
from flows.sandbox.wire_lists import (
    CustomerAnswer,
    CustomerListAnswer,
    FlexDiscountListAnswer,
    PriceListAnswer,
    SubscriptionAnswer,
    SubscriptionListAnswer,
    UpgradePathsAnswer,
)
from flows.sandbox.wire_requests import (
    CustomerChangeRequest,
    CustomerRequest,
    OrderPatchRequest,
    OrderRequest,
    PriceListRequest,
    SubscriptionPatchRequest,
    SubscriptionRequest,
    TokenRequest,
)

_PAGE = query(limit=COUNT, offset=OFFSET)
_SEGMENT = choice("COM", "EDU", "GOV")
_RECOMMENDATIONS = query(
    fetch_recommendations=FLAG,
    recommendation_country=TEXT,
    recommendation_language=choice(*LANGUAGES),
)


class _Direct(APIRoute):
    """Hands the endpoint the request and the ids of its path, which is all that any takes:
    what FastAPI would read before, the desks read themselves, in the order of section 8.7.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The endpoint without FastAPI's reading and checking."""
        endpoint = self.endpoint

        async def handle(request: Request) -> Response:
            response: Response = await endpoint(request, **request.path_params)
            return response

        return handle


def sign_in_routes(marketplace: Marketplace) -> APIRouter:
    """The token exchange and the two pings (sections 2 and 6)."""
    router = APIRouter(route_class=_Direct, tags=["sign-in"])
    gateway = marketplace.gateway

    @router.post(
        "/ims/token/v3",
        responses={200: {"model": TokenAnswer}, 400: {"model": SignInErrorAnswer}},
        openapi_extra={
            "requestBody": request_body("application/x-www-form-urlencoded", TokenRequest)
        },
    )
    async def exchange_token(request: Request) -> Response:
        return await gateway.exchange_token(request)

    @router.get(
        "/ping",
        response_class=PlainTextResponse,
        responses=pong(),
        openapi_extra={"security": [{"key": []}]},
    )
    async def ping(request: Request) -> Response:
        return await gateway.ping(request, signed=False)

    @router.get(
        "/partnerservice/ping",
        response_class=PlainTextResponse,
        responses=pong(),
        openapi_extra={"security": [{"key": [], "token": []}]},
    )
    async def signed_ping(request: Request) -> Response:
        return await gateway.ping(request, signed=True)

    return router


def order_routes(marketplace: Marketplace) -> APIRouter:
    """Orders: create and preview, history, get, patch (sections 8 to 14)."""
    router = APIRouter(
        route_class=_Direct, prefix="/v3/customers/{customer_id}/orders", tags=["orders"]
    )
    handle, orders, history = (
        marketplace.gateway.handle,
        marketplace.orders,
        marketplace.history,
    )

    @router.post(
        "",
        responses=answers({200: PreviewAnswer, 201: OrderAnswer, 202: OrderAnswer})
        | (part_refused() if orders.partial_returns else {}),
        openapi_extra=call(
            [*query(fetch_price=FLAG, reassign_users=FLAG), *_RECOMMENDATIONS], OrderRequest
        ),
    )
    async def place_order(request: Request, customer_id: str) -> Response:
        return await handle(request, lambda call: orders.place(call, customer_id))

    @router.get(
        "",
        responses=answers({200: OrderHistoryAnswer}),
        openapi_extra=call(
            [
                *query(
                    order_type=many(choice(*sorted(PLACED_TYPES))),
                    status=many(choice(*sorted(order_statuses()))),
                    offer_id=many(TEXT),
                    reference_order_id=many(TEXT),
                    reseller_id=many(TEXT),
                    subscription_id=many(TEXT),
                    start_date=DAY,
                    end_date=DAY,
                    limit=COUNT,
                    offset=OFFSET,
                    fetch_price=FLAG,
                ),
                *_RECOMMENDATIONS,
            ]
        ),
    )
    async def order_history(request: Request, customer_id: str) -> Response:
        return await handle(request, lambda call: history.page(call, customer_id))

    @router.get(
        "/{order_id}",
        responses=answers({200: OrderAnswer}),
        openapi_extra=call([*query(fetch_price=FLAG), *_RECOMMENDATIONS]),
    )
    async def get_order(request: Request, customer_id: str, order_id: str) -> Response:
        return await handle(request, lambda call: orders.get(call, customer_id, order_id))

    @router.patch(
        "/{order_id}",
        responses=answers({200: OrderAnswer}),
        openapi_extra=call(body=OrderPatchRequest),
    )
    async def patch_order(request: Request, customer_id: str, order_id: str) -> Response:
        return await handle(request, lambda call: orders.patch(call, customer_id, order_id))

    return router


def account_routes(marketplace: Marketplace) -> APIRouter:
    """Customers: get, list, create, update (section 7)."""
    router = APIRouter(route_class=_Direct, prefix="/v3", tags=["customers"])
    handle, accounts, entry = (
        marketplace.gateway.handle,
        marketplace.accounts,
        marketplace.account_entry,
    )

    @router.get(
        "/resellers/{reseller_id}/customers",
        responses=answers({200: CustomerListAnswer}),
        openapi_extra=call(
            query(
                status=many(choice("1000", "1002", "1004", "1026")),
                from_created_date=DAY,
                to_created_date=DAY,
                company_name=TEXT,
                sort_by=choice("creationDate", "companyName"),
                order_by=choice("desc", "asc"),
                limit=COUNT,
                offset=OFFSET,
            )
        ),
    )
    async def list_customers(request: Request, reseller_id: str) -> Response:
        return await handle(request, lambda call: accounts.customers(call, reseller_id))

    @router.post(
        "/customers",
        status_code=201,
        responses=answers({201: CustomerAnswer}),
        openapi_extra=call(body=CustomerRequest),
    )
    async def create_customer(request: Request) -> Response:
        return await handle(request, entry.create)

    @router.get(
        "/customers/{customer_id}",
        responses=answers({200: CustomerAnswer}),
        openapi_extra=call(),
    )
    async def get_customer(request: Request, customer_id: str) -> Response:
        return await handle(request, lambda call: accounts.customer(call, customer_id))

    @router.patch(
        "/customers/{customer_id}",
        responses=answers({200: CustomerAnswer}),
        openapi_extra=call(body=CustomerChangeRequest),
    )
    async def change_customer(request: Request, customer_id: str) -> Response:
        return await handle(request, lambda call: entry.change(call, customer_id))

    return router


def subscription_routes(marketplace: Marketplace) -> APIRouter:
    """Subscriptions: list, create, get, patch (section 16)."""
    router = APIRouter(
        route_class=_Direct,
        prefix="/v3/customers/{customer_id}/subscriptions",
        tags=["subscriptions"],
    )
    handle, desk = marketplace.gateway.handle, marketplace.subscriptions

    @router.get(
        "",
        responses=answers({200: SubscriptionListAnswer}),
        openapi_extra=call(_RECOMMENDATIONS),
    )
    async def list_subscriptions(request: Request, customer_id: str) -> Response:
        return await handle(request, lambda call: desk.list(call, customer_id))

    @router.post(
        "",
        responses=answers({200: SubscriptionAnswer}),
        openapi_extra=call(body=SubscriptionRequest),
    )
    async def create_subscription(request: Request, customer_id: str) -> Response:
        return await handle(request, lambda call: desk.create(call, customer_id))

    @router.get(
        "/{subscription_id}",
        responses=answers({200: SubscriptionAnswer}),
        openapi_extra=call(),
    )
    async def get_subscription(
        request: Request, customer_id: str, subscription_id: str
    ) -> Response:
        return await handle(request, lambda call: desk.get(call, customer_id, subscription_id))

    @router.patch(
        "/{subscription_id}",
        responses=answers({200: SubscriptionAnswer}),
        openapi_extra=call(
            query(reset_flex_discount_codes=FLAG, reset_renewal_code=FLAG),
            SubscriptionPatchRequest,
            body_is_needed=False,
        ),
    )
    async def patch_subscription(
        request: Request, customer_id: str, subscription_id: str
    ) -> Response:
        return await handle(request, lambda call: desk.patch(call, customer_id, subscription_id))

    return router


def offer_routes(marketplace: Marketplace) -> APIRouter:
    """What can be had: flexible discounts, upgrade paths, price list (sections 12.1 and 17)."""
    router = APIRouter(route_class=_Direct, prefix="/v3", tags=["offers"])
    handle = marketplace.gateway.handle
    discounts, upgrades, prices = (
        marketplace.discounts,
        marketplace.upgrades,
        marketplace.price_list,
    )

    @router.get(
        "/flex-discounts",
        responses=answers({200: FlexDiscountListAnswer}),
        openapi_extra=call(
            [
                *needed(market_segment=_SEGMENT, country=TEXT),
                *query(
                    categories=many(choice("STANDARD", "INTRO")),
                    offer_ids=TEXT,
                    flex_discount_id=TEXT,
                    flex_discount_code=TEXT,
                    include_eligible_reusable_discounts=FLAG,
                    start_date=DAY,
                    end_date=DAY,
                ),
                *_PAGE,
            ]
        ),
    )
    async def list_discounts(request: Request) -> Response:
        return await handle(request, discounts.page)

    @router.get(
        "/customers/{customer_id}/flex-discounts",
        responses=answers({200: FlexDiscountListAnswer}),
        openapi_extra=call(_PAGE),
    )
    async def list_customer_discounts(request: Request, customer_id: str) -> Response:
        return await handle(request, lambda call: discounts.of_customer(call, customer_id))

    @router.get(
        "/offer-switch-paths",
        responses=answers({200: UpgradePathsAnswer}),
        openapi_extra=call(
            [
                *query(
                    market_segment=_SEGMENT,
                    country=TEXT,
                    language=choice("MULT", "EN"),
                    offer_id=TEXT,
                    customer_id=TEXT,
                    subscription_id=TEXT,
                ),
                *_PAGE,
            ]
        ),
    )
    async def list_upgrade_paths(request: Request) -> Response:
        return await handle(request, upgrades.paths)

    @router.post(
        "/pricelist",
        responses=answers({200: PriceListAnswer}),
        openapi_extra=call(_PAGE, PriceListRequest),
    )
    async def price_list(request: Request) -> Response:
        return await handle(request, prices.page)

    return router
