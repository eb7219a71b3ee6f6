"""The application: the API's paths, the control interface, the page, and what answers elsewhere."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from flows.sandbox.answers import refused
from flows.sandbox.control import ControlError, control_failed, control_routes
from flows.sandbox.delivery import delivered
from flows.sandbox.documenting import openapi
from flows.sandbox.errors import GatewayRefusal
from flows.sandbox.marketplace import Marketplace
from flows.sandbox.page import PageError, page_failed, page_routes
from flows.sandbox.routes import (
    account_routes,
    offer_routes,
    order_routes,
    sign_in_routes,
    subscription_routes,
)


def build_app(marketplace: Marketplace) -> FastAPI:
    """The ASGI application of one marketplace."""
    app = FastAPI(
        title="Embedded marketplace",
        version="3",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    for routes in (
        order_routes,  # first: most calls go there
        sign_in_routes,
        account_routes,
        subscription_routes,
        offer_routes,
    ):
        app.router.routes.extend(routes(marketplace).routes)  # an included router is a detour
    app.include_router(control_routes(marketplace))
    app.include_router(page_routes(marketplace))
    app.add_exception_handler(HTTPException, _no_such_path)
    app.add_exception_handler(ClientDisconnect, _nobody_listens)
    app.add_exception_handler(ControlError, control_failed)
    app.add_exception_handler(PageError, page_failed)
    app.openapi = lambda: openapi(app)  # type: ignore[method-assign]  # FastAPI's own way
    return app


async def _no_such_path(_request: Request, error: Exception) -> Response:
    """Paths and methods the gateway does not know, in the gateway's form (section 5)."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    detail = error.detail if isinstance(error, HTTPException) else ""
    return delivered(refused(GatewayRefusal(f"{status}000", detail)), None).response


async def _nobody_listens(_request: Request, _error: Exception) -> Response:
    """The caller went away while sending; nothing was executed and nobody reads this."""
    return Response(status_code=400)
