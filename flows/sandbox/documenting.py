"""What the server says of itself in OpenAPI: parameters, bodies, answers and errors.

Queries, headers and bodies are read by the desks themselves, in the order of section 8.7, so
FastAPI cannot know them; they are described here, beside the routes.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from flows.sandbox.wire_answers import GatewayErrorAnswer, ServiceErrorAnswer
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

Schema = dict[str, Any]
Responses = dict[int | str, dict[str, Any]]

_SCHEMA = "#/components/schemas/{model}"
_NEVER = _SCHEMA.format(model="HTTPValidationError")
_REQUESTS: tuple[type[BaseModel], ...] = (
    OrderRequest,
    OrderPatchRequest,
    SubscriptionRequest,
    SubscriptionPatchRequest,
    CustomerRequest,
    CustomerChangeRequest,
    PriceListRequest,
    TokenRequest,
)

_FROM_SERVICE = {
    400: "Something in the call is not accepted; the code says what",
    401: "The token is not valid any more (4116)",
    403: "The key is not accepted (4115), there is no token (4117) or no right to this (4121)",
    404: "Unknown: the customer, order, subscription, reseller or price list",
    429: "Too many calls (4118)",
    500: "A fault inside, without a decision about the call (1124)",
}
_FROM_GATEWAY = {
    502: "A broken answer; whether the call was executed is not known",
    503: "Not available for a while",
    504: "No answer in time; whether the call was executed is not known",
}
_FROM_BOTH = frozenset({401, 403, 404, 429})

TEXT: Schema = {"type": "string", "minLength": 1}
COUNT: Schema = {"type": "integer", "minimum": 1, "maximum": 999_999_999}
OFFSET: Schema = {"type": "integer", "minimum": 0, "maximum": 999_999_999}
FLAG: Schema = {"type": "boolean"}
DAY: Schema = {
    "type": "string",
    "anyOf": [{"format": "date"}, {"format": "date-time"}],
    "description": "A date, or a date and time in Z",
}


def choice(*values: str) -> Schema:
    """One of these texts."""
    return {"type": "string", "enum": list(values)}


def many(schema: Schema) -> Schema:
    """A parameter that may repeat."""
    return {"type": "array", "items": schema}


def query(**parameters: Schema) -> list[Schema]:
    """Optional query parameters; underscores stand for hyphens."""
    return [_parameter(name, schema, required=False) for name, schema in parameters.items()]


def needed(**parameters: Schema) -> list[Schema]:
    """Query parameters that must be there."""
    return [_parameter(name, schema, required=True) for name, schema in parameters.items()]


def _parameter(name: str, schema: Schema, *, required: bool) -> Schema:
    hyphened = name.replace("_", "-")
    return {"name": hyphened, "in": "query", "required": required, "schema": schema}


def call(
    parameters: Iterable[Schema] = (),
    body: type[BaseModel] | None = None,
    *,
    body_is_needed: bool = True,
) -> Schema:
    """The `openapi_extra` of a call that passes the gateway: ids, parameters and body."""
    described: Schema = {
        "parameters": [*_IDS, *parameters],
        "security": [{"key": [], "token": []}],
    }
    if body:
        described["requestBody"] = request_body("application/json", body, needed=body_is_needed)
    return described


def request_body(content_type: str, model: type[BaseModel], *, needed: bool = True) -> Schema:
    """A request body of that model."""
    schema = {"$ref": _SCHEMA.format(model=model.__name__)}
    return {"required": needed, "content": {content_type: {"schema": schema}}}


_IDS: list[Schema] = [
    {
        "name": "X-Correlation-Id",
        "in": "header",
        "required": True,
        "description": "One for each intent (section 4); missing or not valid: 4119",
        "schema": {"type": "string", "minLength": 1, "maxLength": 128, "pattern": "^[!-~]+$"},
    },
    {
        "name": "X-Request-Id",
        "in": "header",
        "required": False,
        "description": "A new one for every call; used before: 4120",
        "schema": {"type": "string", "maxLength": 128, "pattern": "^[!-~]+$"},
    },
]


def answers(successes: dict[int, type[BaseModel]]) -> Responses:
    """The answers of a call that passes the gateway: its own, and the errors of section 5."""
    found: Responses = {status: {"model": model} for status, model in successes.items()}
    for status, description in _FROM_SERVICE.items():
        model: Any = ServiceErrorAnswer
        if status in _FROM_BOTH:
            model = ServiceErrorAnswer | GatewayErrorAnswer
        found[status] = {"model": model, "description": description}
    for status, description in _FROM_GATEWAY.items():
        found[status] = {"model": GatewayErrorAnswer, "description": description}
    return found


def part_refused() -> Responses:
    """The answer of order create that there is only where part of a line may be returned."""
    return {
        422: {
            "model": ServiceErrorAnswer,
            "description": "A return that is not accepted; the code is a word (section 20)",
        }
    }


def pong() -> Responses:
    """The answers of a ping."""
    text = {"text/plain": {"schema": {"type": "string", "const": "pong"}}}
    found = answers({})
    del found[400], found[404]
    return {200: {"description": "It is there", "content": text}, **found}


def openapi(app: FastAPI) -> dict[str, Any]:
    """The whole description, made once."""
    if app.openapi_schema is None:
        schema = get_openapi(
            title=app.title,
            version=app.version,
            description="A marketplace to practise on; written from the partner API's reference.",
            routes=app.routes,
        )
        _, requests = models_json_schema(
            [(model, "validation") for model in _REQUESTS], ref_template=_SCHEMA
        )
        components = schema.setdefault("components", {})
        components.setdefault("schemas", {}).update(requests["$defs"])
        _forget_what_never_happens(schema)
        components["securitySchemes"] = {
            "key": {"type": "apiKey", "in": "header", "name": "X-Api-Key"},
            "token": {"type": "http", "scheme": "bearer"},
        }
        app.openapi_schema = schema
    return app.openapi_schema


def _forget_what_never_happens(schema: Schema) -> None:
    """FastAPI names a 422 of its own wherever a path has a parameter; nothing here answers it."""
    for operations in schema["paths"].values():
        for operation in operations.values():
            text = operation["responses"].get("422", {}).get("content", {})
            if text.get("application/json", {}).get("schema", {}).get("$ref") == _NEVER:
                del operation["responses"]["422"]
    for name in ("HTTPValidationError", "ValidationError"):
        schema["components"]["schemas"].pop(name, None)
