"""From an answer's model to the bytes that are stored and sent."""

from __future__ import annotations

from pydantic import BaseModel

from flows.sandbox.errors import Refusal
from flows.sandbox.json_text import JsonValue, json_bytes
from flows.sandbox.records import Answer


def answer_of(status: int, model: BaseModel) -> Answer:
    """A success; fields that are None are left out."""
    return Answer(status, json_bytes(body_of(model)))


def body_of(model: BaseModel) -> dict[str, JsonValue]:
    """An answer's fields by their names on the wire."""
    return model.model_dump(by_alias=True, exclude_none=True)


def refused(refusal: Refusal) -> Answer:
    """A refusal as an answer."""
    return Answer(refusal.status, json_bytes(refusal.body), headers=refusal.headers)
