"""Reading a request body: the first steps of the order of checks (reference, section 8.7).

JSON readable (1117), unknown fields (1121), missing fields (1122), then types, patterns and
lengths (1117, or 2126 when nothing but the reference is too long). Each step names every
field that fails in it, as a path: `lineItems[0].currencyCode`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from flows.sandbox.errors import ServiceRefusal
from flows.sandbox.json_text import JsonValue
from flows.sandbox.wire_requests import (
    AutoRenewalRequest,
    CancellingRequest,
    CustomerChangeRequest,
    CustomerRequest,
    LineRequest,
    OrderPatchRequest,
    OrderRequest,
    PriceListRequest,
    SubscriptionPatchRequest,
    SubscriptionRequest,
)

Body = dict[str, Any]
Model = TypeVar("Model", bound=BaseModel)

_REFERENCE = "externalReferenceId"
_AUTO_RENEWAL = "autoRenewal"
# Tuples, not sets: a value that cannot be hashed may come.
_SWITCHES = ("SWITCH", "PREVIEW_SWITCH", "REVERT_SWITCH", "PREVIEW_REVERT_SWITCH")
_WITH_LINES = ("NEW", "RETURN", "PREVIEW", "RENEWAL", *_SWITCHES)
_WITH_REFERENCE_ORDER = ("RETURN", "REVERT_SWITCH", "PREVIEW_REVERT_SWITCH")
_ALL = (*_WITH_LINES, "PREVIEW_RENEWAL")
_NEEDED = (
    (_WITH_REFERENCE_ORDER, "referenceOrderId"),
    (_WITH_LINES, "lineItems"),
    (_SWITCHES, "currencyCode"),
    (_SWITCHES, "cancellingItems"),
)
"""What some types need on the order level (reference, sections 8.1 and 8.6)."""


def read_order(text: bytes) -> OrderRequest:
    """The order of a request body, or a refusal naming what is wrong with the text."""
    body = _json_object(text)
    _refuse("1121", _unknown_in_order(body))
    _refuse("1122", _missing_in_order(body))
    return _typed(OrderRequest, body)


def read_order_patch(text: bytes) -> OrderPatchRequest:
    """The body of an order patch: the reference and nothing else (reference, section 13.3)."""
    body = _json_object(text)
    _refuse("1121", _unknown(OrderRequest, body))
    _refuse("1119", (name for name in body if name != _REFERENCE))
    _refuse("1122", _missing(OrderPatchRequest, body))
    return _typed(OrderPatchRequest, body)


def read_subscription_patch(text: bytes, *, may_be_empty: bool) -> SubscriptionPatchRequest:
    """The body of a subscription patch: autoRenewal and nothing else (section 16.3)."""
    body = _json_object(text) if text or not may_be_empty else {}
    _refuse("1121", _unknown(SubscriptionRequest, body))
    _refuse("1121", _unknown_in_auto_renewal(body))
    _refuse("1119", (name for name in body if name != _AUTO_RENEWAL))
    if not may_be_empty:
        _refuse("1122", iter([_AUTO_RENEWAL] if _is_absent(body.get(_AUTO_RENEWAL)) else []))
    return _typed(SubscriptionPatchRequest, body)


def read_subscription(text: bytes) -> SubscriptionRequest:
    """The body of a subscription create call (section 16.4)."""
    body = _json_object(text)
    _refuse("1121", _unknown(SubscriptionRequest, body))
    _refuse("1121", _unknown_in_auto_renewal(body))
    _refuse("1122", _missing_in_subscription(body))
    return _typed(SubscriptionRequest, body)


def read_customer(text: bytes) -> CustomerRequest:
    """The body of a customer create call (section 7.3)."""
    return _closed(CustomerRequest, _json_object(text))


def read_customer_change(text: bytes) -> CustomerChangeRequest:
    """The body of a customer update (section 7.3)."""
    return _closed(CustomerChangeRequest, _json_object(text))


def read_price_list_request(text: bytes) -> PriceListRequest:
    """The body of a price list call (section 17.2)."""
    return _closed(PriceListRequest, _json_object(text))


def _closed(model: type[Model], body: Body) -> Model:
    """The model of a body with the same steps as an order's: 1121, 1122, then 1117 or 2126."""
    try:
        return model.model_validate(_without_absent(body))
    except ValidationError as error:
        failures = error.errors(include_url=False, include_input=False, include_context=False)
    for code, kind in (("1121", "extra_forbidden"), ("1122", "missing")):
        _refuse(code, (_path(failure["loc"]) for failure in failures if failure["type"] == kind))
    raise _type_refusal(failures)


def _without_absent(value: JsonValue) -> JsonValue:
    """Null and an empty text mean: not there (reference, section 1)."""
    if isinstance(value, dict):
        return {k: _without_absent(v) for k, v in value.items() if not _is_absent(v)}
    if isinstance(value, list):
        return [_without_absent(entry) for entry in value]
    return value


def _unknown_in_auto_renewal(body: Body) -> Iterator[str]:
    settings = body.get(_AUTO_RENEWAL)
    if isinstance(settings, dict):
        yield from _unknown(AutoRenewalRequest, settings, f"{_AUTO_RENEWAL}.")


def _missing_in_subscription(body: Body) -> Iterator[str]:
    yield from _missing(SubscriptionRequest, body)
    settings = body.get(_AUTO_RENEWAL)
    if isinstance(settings, dict):
        for name in ("enabled", "renewalQuantity"):
            if _is_absent(settings.get(name)):
                yield f"{_AUTO_RENEWAL}.{name}"


def _json_object(text: bytes) -> Body:
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        raise ServiceRefusal("1117") from None
    if not isinstance(body, dict):
        raise ServiceRefusal("1117")
    return body


def _refuse(code: str, paths: Iterator[str]) -> None:
    found = list(paths)
    if found:
        raise ServiceRefusal(code, found)


def _unknown_in_order(body: Body) -> Iterator[str]:
    yield from _unknown(OrderRequest, body)
    for name, model in (("lineItems", LineRequest), ("cancellingItems", CancellingRequest)):
        for path, entry in _entries(body, name):
            yield from _unknown(model, entry, path)
    yield from _out_of_place(body)


def _out_of_place(body: Body) -> Iterator[str]:
    """Fields of other order types (reference, section 8.1)."""
    order_type = body.get("orderType")
    if order_type not in _ALL:
        return
    if order_type not in _WITH_REFERENCE_ORDER and body.get("referenceOrderId"):
        yield "referenceOrderId"
    if order_type not in _SWITCHES and body.get("cancellingItems"):
        yield "cancellingItems"
    if order_type in _SWITCHES:
        for path, entry in _entries(body, "lineItems"):
            if entry.get("flexDiscountCodes"):
                yield f"{path}flexDiscountCodes"


def _missing_in_order(body: Body) -> Iterator[str]:
    yield from _missing(OrderRequest, body)
    order_type = body.get("orderType")
    for types, name in _NEEDED:
        if order_type in types and _is_absent(body.get(name)):
            yield name
    order_has_currency = not _is_absent(body.get("currencyCode"))
    for path, entry in _entries(body, "lineItems"):
        yield from _missing(LineRequest, entry, path)
        needs_its_own = not order_has_currency or not _is_absent(entry.get("deploymentId"))
        if order_type in _SWITCHES or not needs_its_own:
            continue
        if _is_absent(entry.get("currencyCode")):
            yield f"{path}currencyCode"
    for path, entry in _entries(body, "cancellingItems"):
        yield from _missing(CancellingRequest, entry, path)


def _entries(body: Body, name: str) -> Iterator[tuple[str, Body]]:
    """The entries of a list that are objects, each with the beginning of its fields' paths."""
    entries = body.get(name)
    for place, entry in enumerate(entries if isinstance(entries, list) else ()):
        if isinstance(entry, dict):
            yield f"{name}[{place}].", entry


def _unknown(model: type[BaseModel], entry: Body, path: str = "") -> Iterator[str]:
    known = _field_names(model)
    return (f"{path}{name}" for name in entry if name not in known)


def _missing(model: type[BaseModel], entry: Body, path: str = "") -> Iterator[str]:
    return (
        f"{path}{name}"
        for name, required in _field_names(model).items()
        if required and _is_absent(entry.get(name))
    )


def _is_absent(value: object) -> bool:
    """Left out, null and an empty text all mean: not there (reference, section 1)."""
    return value is None or value == ""


_NAMES: dict[type[BaseModel], Mapping[str, bool]] = {
    model: {field.alias or name: field.is_required() for name, field in model.model_fields.items()}
    for model in (
        OrderRequest,
        LineRequest,
        CancellingRequest,
        OrderPatchRequest,
        SubscriptionRequest,
        AutoRenewalRequest,
    )
}


def _field_names(model: type[BaseModel]) -> Mapping[str, bool]:
    """The names a model knows, and whether each is required."""
    return _NAMES[model]


def _typed(model: type[Model], body: Body) -> Model:
    try:
        return model.model_validate(body)
    except ValidationError as error:
        failures = error.errors(include_url=False, include_input=False, include_context=False)
        raise _type_refusal(failures) from None


def _type_refusal(failures: list[ErrorDetails]) -> ServiceRefusal:
    if all(_is_long_reference(failure) for failure in failures):
        return ServiceRefusal("2126", [_REFERENCE])
    return ServiceRefusal("1117", dict.fromkeys(_path(f["loc"]) for f in failures))


def _is_long_reference(failure: ErrorDetails) -> bool:
    return failure["loc"] == (_REFERENCE,) and failure["type"] == "string_too_long"


def _path(location: tuple[int | str, ...]) -> str:
    parts = [f"[{part}]" if isinstance(part, int) else f".{part}" for part in location]
    return "".join(parts).removeprefix(".")
