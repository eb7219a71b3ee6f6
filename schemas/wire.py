"""How anything that comes over the wire is read (reference, section 1).

Unknown fields are ignored; a field may be missing, null or "" and all three mean "not there";
what one page calls text another calls a number (reference, C32).
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, model_validator


def _text(value: object) -> object:
    if isinstance(value, str):
        return storable(value)
    return str(value) if isinstance(value, int | Decimal) and not isinstance(value, bool) else value


def storable(text: str) -> str:
    """Without what no database can keep: NUL, and halves of a surrogate pair. What an order came
    to must be written down, whatever stands in the answer.
    """
    return text.replace("\0", "").encode(errors="replace").decode()


Text = Annotated[str, BeforeValidator(_text)]
"""Text, or a number where the vendor calls it one."""


def _in_utc(moment: datetime | None) -> datetime | None:
    """A few fields lack the Z; all times are UTC (reference, section 1)."""
    return moment.replace(tzinfo=UTC) if moment and moment.tzinfo is None else moment


OptionalDay = date | None
OptionalMoment = Annotated[datetime | None, AfterValidator(_in_utc)]


class Wire(BaseModel):
    """A body, or a part of one, as the marketplace sends it."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)

    @model_validator(mode="before")
    @classmethod
    def _without_what_is_not_there(cls, body: Any) -> Any:  # noqa: ANN401  # whatever JSON holds
        if not isinstance(body, dict):
            return body
        return {name: value for name, value in body.items() if value is not None and value != ""}
