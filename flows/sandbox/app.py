"""The API's paths (reference, section 6), each handed through the gateway to its desk."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from flows.sandbox.answers import refused
from flows.sandbox.control import ControlError, control_failed, control_routes
from flows.sandbox.delivery import delivered
from flows.sandbox.errors import GatewayRefusal
from flows.sandbox.marketplace import Marketplace
from flows.sandbox.wire import (
    CustomerAnswer,
    OrderAnswer,
    OrderHistoryAnswer,
    OrderPatchRequest,
    OrderRequest,
    PreviewAnswer,
    ServiceErrorAnswer,
    SignInErrorAnswer,
    SubscriptionAnswer,
    SubscriptionListAnswer,
    SubscriptionPatchRequest,
    SubscriptionRequest,
    TokenAnswer,
)

Responses = dict[int | str, dict[str, Any]]

_SCHEMA = "#/components/schemas/{model}"


def build_app(marketplace: Marketplace) -> FastAPI:
    """The ASGI application of one marketplace."""
    app = FastAPI(
        title="Embedded marketplace",
        version="3",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.include_router(_order_routes(marketplace))  # first: most calls go there
    app.include_router(_sign_in_routes(marketplace))
    app.include_router(_account_routes(marketplace))
    app.include_router(_subscription_routes(marketplace))
    app.include_router(control_routes(marketplace))
    app.add_exception_handler(HTTPException, _no_such_path)
    app.add_exception_handler(ClientDisconnect, _nobody_listens)
    app.add_exception_handler(ControlError, control_failed)
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign]  # FastAPI's own way
    return app


def _sign_in_routes(marketplace: Marketplace) -> APIRouter:
    router = APIRouter(tags=["sign-in"])
    gateway = marketplace.gateway

    @router.post("/ims/token/v3", responses=_answers({200: TokenAnswer, 400: SignInErrorAnswer}))
    async def exchange_token(request: Request) -> Response:
        return await gateway.exchange_token(request)

    @router.get("/ping")
    async def ping(request: Request) -> Response:
        return await gateway.ping(request, signed=False)

    @router.get("/partnerservice/ping")
    async def signed_ping(request: Request) -> Response:
        return await gateway.ping(request, signed=True)

    return router


def _order_routes(marketplace: Marketplace) -> APIRouter:
    router = APIRouter(prefix="/v3/customers/{customer_id}/orders", tags=["orders"])
    handle, orders, history = (
        marketplace.gateway.handle,
        marketplace.orders,
        marketplace.history,
    )

    @router.post(
        "",
        responses=_answers({200: PreviewAnswer, 201: OrderAnswer, **_ERRORS}),
        openapi_extra=_takes(OrderRequest),
    )
    async def place_order(request: Request, customer_id: str) -> Response:
        return await handle(request, lambda call: orders.place(call, customer_id))

    @router.get("", responses=_answers({200: OrderHistoryAnswer, **_ERRORS}))
    async def order_history(request: Request, customer_id: str) -> Response:
        return await handle(request, lambda call: history.page(call, customer_id))

    @router.get("/{order_id}", responses=_answers({200: OrderAnswer, **_ERRORS}))
    async def get_order(request: Request, customer_id: str, order_id: str) -> Response:
        return await handle(request, lambda call: orders.get(call, customer_id, order_id))

    @router.patch(
        "/{order_id}",
        responses=_answers({200: OrderAnswer, **_ERRORS}),
        openapi_extra=_takes(OrderPatchRequest),
    )
    async def patch_order(request: Request, customer_id: str, order_id: str) -> Response:
        return await handle(request, lambda call: orders.patch(call, customer_id, order_id))

    return router


def _account_routes(marketplace: Marketplace) -> APIRouter:
    router = APIRouter(prefix="/v3/customers/{customer_id}", tags=["customers"])
    handle, accounts = marketplace.gateway.handle, marketplace.accounts

    @router.get("", responses=_answers({200: CustomerAnswer, **_ERRORS}))
    async def get_customer(request: Request, customer_id: str) -> Response:
        return await handle(request, lambda call: accounts.customer(call, customer_id))

    return router


def _subscription_routes(marketplace: Marketplace) -> APIRouter:
    router = APIRouter(prefix="/v3/customers/{customer_id}/subscriptions", tags=["subscriptions"])
    handle, desk = marketplace.gateway.handle, marketplace.subscriptions

    @router.get("", responses=_answers({200: SubscriptionListAnswer, **_ERRORS}))
    async def list_subscriptions(request: Request, customer_id: str) -> Response:
        return await handle(request, lambda call: desk.list(call, customer_id))

    @router.post(
        "",
        responses=_answers({200: SubscriptionAnswer, **_ERRORS}),
        openapi_extra=_takes(SubscriptionRequest),
    )
    async def create_subscription(request: Request, customer_id: str) -> Response:
        return await handle(request, lambda call: desk.create(call, customer_id))

    @router.get("/{subscription_id}", responses=_answers({200: SubscriptionAnswer, **_ERRORS}))
    async def get_subscription(
        request: Request, customer_id: str, subscription_id: str
    ) -> Response:
        return await handle(request, lambda call: desk.get(call, customer_id, subscription_id))

    @router.patch(
        "/{subscription_id}",
        responses=_answers({200: SubscriptionAnswer, **_ERRORS}),
        openapi_extra=_takes(SubscriptionPatchRequest),
    )
    async def patch_subscription(
        request: Request, customer_id: str, subscription_id: str
    ) -> Response:
        return await handle(request, lambda call: desk.patch(call, customer_id, subscription_id))

    return router


_ERRORS: dict[int, type] = dict.fromkeys((400, 401, 403, 404, 429, 500), ServiceErrorAnswer)


def _answers(models: dict[int, type]) -> Responses:
    return {status: {"model": model} for status, model in models.items()}


def _takes(model: type) -> dict[str, Any]:
    """The request body for OpenAPI; it is read by us, in the order of section 8.7."""
    schema = {"$ref": _SCHEMA.format(model=model.__name__)}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def _openapi(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema is None:
        schema = get_openapi(title=app.title, version=app.version, routes=app.routes)
        _, requests = models_json_schema(
            [
                (OrderRequest, "validation"),
                (OrderPatchRequest, "validation"),
                (SubscriptionRequest, "validation"),
                (SubscriptionPatchRequest, "validation"),
            ],
            ref_template=_SCHEMA,
        )
        schema["components"]["schemas"] |= requests["$defs"]
        app.openapi_schema = schema
    return app.openapi_schema


async def _no_such_path(_request: Request, error: Exception) -> Response:
    """Paths and methods the gateway does not know, in the gateway's form (section 5)."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    detail = error.detail if isinstance(error, HTTPException) else ""
    return delivered(refused(GatewayRefusal(f"{status}000", detail)), None).response


async def _nobody_listens(_request: Request, _error: Exception) -> Response:
    """The caller went away while sending; nothing was executed and nobody reads this."""
    return Response(status_code=400)
