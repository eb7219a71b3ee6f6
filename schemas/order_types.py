"""The order types that a sheet may name (reference, section 8.1), and how its words are read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from functools import lru_cache
from typing import Final


class OrderType(StrEnum):
    """The nine placing and previewing types; TRANSFER appears only in answers."""

    NEW = "NEW"
    RETURN = "RETURN"
    PREVIEW = "PREVIEW"
    PREVIEW_RENEWAL = "PREVIEW_RENEWAL"
    RENEWAL = "RENEWAL"
    SWITCH = "SWITCH"
    PREVIEW_SWITCH = "PREVIEW_SWITCH"
    REVERT_SWITCH = "REVERT_SWITCH"
    PREVIEW_REVERT_SWITCH = "PREVIEW_REVERT_SWITCH"


PREVIEWS: Final = frozenset(kind for kind in OrderType if kind.startswith("PREVIEW"))
PLACING: Final = frozenset(OrderType) - PREVIEWS
PREVIEW_OF: Final[Mapping[str, OrderType]] = {
    OrderType.NEW: OrderType.PREVIEW,
    OrderType.RENEWAL: OrderType.PREVIEW_RENEWAL,
    OrderType.SWITCH: OrderType.PREVIEW_SWITCH,
    OrderType.REVERT_SWITCH: OrderType.PREVIEW_REVERT_SWITCH,
}
"""The type that prices an order without placing it; a RETURN has none."""
SWITCH_FAMILY: Final = frozenset(kind for kind in OrderType if kind.endswith("SWITCH"))
RENEWALS: Final = frozenset({OrderType.RENEWAL, OrderType.PREVIEW_RENEWAL})
NEEDS_REFERENCE_ORDER: Final = frozenset(
    {OrderType.RETURN, OrderType.REVERT_SWITCH, OrderType.PREVIEW_REVERT_SWITCH}
)


_WHOLE: Final = re.compile(r"([+-]?[0-9]{1,15})(?:\.0{1,2})?")
_SEPARATORS: Final = re.compile(r"[,;\s]+")
_YES: Final = frozenset({"yes", "y", "true", "1"})
_NO: Final = frozenset({"no", "n", "false", "0"})


@lru_cache(maxsize=1000)
def yes_or_no(text: str) -> bool | None:
    """What a cell of reassignUsers, approve or repeat says; None for anything but yes and no."""
    word = text.lower()
    return True if word in _YES else False if word in _NO else None


@lru_cache(maxsize=1000)
def discount_codes(text: str) -> tuple[str, ...]:
    """The codes of a flexDiscountCodes cell: parted by commas, semicolons or blanks."""
    return tuple(code for code in _SEPARATORS.split(text) if code) if text else ()


@lru_cache(maxsize=1000)
def whole_number(text: str) -> int | None:
    """The whole number that a cell shows ("3", "+3", "3.0"), or None.

    "1.000" is none: it is one to some and a thousand to others.
    """
    match = _WHOLE.fullmatch(text)
    return int(match[1]) if match else None


@lru_cache(maxsize=1000)
def plain_type(text: str) -> str:
    """An order type as it is compared: capitals, one underscore for blanks and hyphens."""
    return "_".join(text.replace("-", " ").replace("_", " ").upper().split())


def order_type(text: str) -> OrderType | None:
    """The type a cell means, however it is written ("preview renewal"), or None."""
    name = plain_type(text)
    return OrderType(name) if name in OrderType.__members__ else None
