"""JSON text with exact money.

`json.dumps` knows no Decimal, and a float would drop the second decimal of 412.80, so the
answers are written here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from json.encoder import encode_basestring_ascii

JsonValue = (
    str | int | float | bool | Decimal | None | Sequence["JsonValue"] | Mapping[str, "JsonValue"]
)


class AsWritten(str):
    """A number as it stood in a JSON text; read and written without being calculated."""

    __slots__ = ()


_ENCODER = json.JSONEncoder(separators=(",", ":"))


def json_text(value: JsonValue) -> str:
    """The value as compact JSON; a Decimal keeps the decimals it was rounded to."""
    if isinstance(value, AsWritten):
        return str(value)
    if isinstance(value, str):
        return encode_basestring_ascii(value)
    if isinstance(value, Mapping):
        return "{" + ",".join([f'"{key}":{json_text(item)}' for key, item in value.items()]) + "}"
    if isinstance(value, Sequence):
        return "[" + ",".join([json_text(item) for item in value]) + "]"
    if isinstance(value, int) and not isinstance(value, bool):
        return repr(value)
    return format(value, "f") if isinstance(value, Decimal) else json.dumps(value)


def json_lines(value: JsonValue, margin: str = "") -> str:
    """The value as JSON set out over lines, for a person to read."""
    inner = f"{margin}  "
    if isinstance(value, Mapping) and value:
        entries = [f"{inner}{json_text(k)}: {json_lines(v, inner)}" for k, v in value.items()]
        return "{\n" + ",\n".join(entries) + f"\n{margin}}}"
    if isinstance(value, Sequence) and not isinstance(value, str) and value:
        entries = [f"{inner}{json_lines(item, inner)}" for item in value]
        return "[\n" + ",\n".join(entries) + f"\n{margin}]"
    return json_text(value)


def json_bytes(value: JsonValue) -> bytes:
    """The same, encoded for the wire; what holds no Decimal is left to the faster `json`."""
    try:
        return _ENCODER.encode(value).encode("ascii")
    except TypeError:
        return json_text(value).encode("ascii")
