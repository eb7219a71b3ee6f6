"""How anything that comes over the wire is read (reference, section 1).

Unknown fields are ignored; a field may be missing, null or "" and all three mean "not there";
what one page calls text another calls a number (reference, C32).
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict


def _text(value: object) -> object:
    if value is None:
        return ""
    return str(value) if isinstance(value, int | Decimal) and not isinstance(value, bool) else value


def _items(value: object) -> object:
    return [] if value is None or value == "" else value


def _nothing(value: object) -> object:
    return None if value == "" else value


Text = Annotated[str, BeforeValidator(_text)]
"""Text; "" when it is not there."""

ItemList = BeforeValidator(_items)
"""A list; empty when it is not there."""


def _in_utc(moment: datetime | None) -> datetime | None:
    """A few fields lack the Z; all times are UTC (reference, section 1)."""
    return moment.replace(tzinfo=UTC) if moment and moment.tzinfo is None else moment


OptionalDay = Annotated[date | None, BeforeValidator(_nothing)]
OptionalMoment = Annotated[datetime | None, BeforeValidator(_nothing), AfterValidator(_in_utc)]


class Wire(BaseModel):
    """A body, or a part of one, as the marketplace sends it."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)
