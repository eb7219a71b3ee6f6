"""How anything that comes over the wire is read (reference, section 1).

Unknown fields are ignored; a field may be missing, null or "" and all three mean "not there";
what one page calls text another calls a number (reference, C32).
"""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any, Final, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError


def storable(text: str) -> str:
    """Without what no database can keep: NUL, and halves of a surrogate pair. What an order came
    to must be written down, whatever stands in the answer.
    """
    return text if text.isprintable() else text.replace("\0", "").encode(errors="replace").decode()


def read_json(body: bytes) -> Any:  # noqa: ANN401  # whatever JSON holds
    """A body as JSON says it: numbers with a point as Decimal, every text storable.

    Raises ValueError, and RecursionError for what is nested without end.
    """
    read = json.loads(body, parse_float=Decimal)
    return _all_storable(read) if any(sign in body for sign in _MAY_NOT_BE_STORABLE) else read


_MAY_NOT_BE_STORABLE: Final = (b"\\u", b"\xed")
"""How NUL (plain, it is no JSON) and halves of a surrogate pair can stand in a body."""


def _all_storable(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, dict):
        return {storable(name): _all_storable(entry) for name, entry in value.items()}
    return [_all_storable(entry) for entry in value] if isinstance(value, list) else value


Text = str
"""Text, or a number where the vendor calls it one."""


def _in_utc(moment: datetime | None) -> datetime | None:
    """A few fields lack the Z; all times are UTC (reference, section 1)."""
    return moment.replace(tzinfo=UTC) if moment and moment.tzinfo is None else moment


OptionalDay = date | None
OptionalMoment = Annotated[datetime | None, AfterValidator(_in_utc)]


class Wire(BaseModel):
    """A body, or a part of one, as the marketplace sends it.

    `read` and `of` take what the marketplace sent; `model_validate` what we have written ourselves.
    """

    model_config = ConfigDict(
        frozen=True, extra="ignore", populate_by_name=True, coerce_numbers_to_str=True
    )

    @classmethod
    def read(cls, body: bytes) -> Self:
        """What a body says. Raises ValueError, and RecursionError (see `read_json`)."""
        answer = read_json(body)
        if b"null" not in body:
            # An empty text is as good as none where a text may stand, and refused elsewhere.
            with suppress(ValidationError):
                return cls.model_validate(answer)
        return cls.of(answer)

    @classmethod
    def of(cls, answer: Any) -> Self:  # noqa: ANN401
        """What was read says, without what is not there. Raises ValidationError."""
        return cls.model_validate(_without_what_is_not_there(answer))

    def as_text(self) -> str:
        """All that was understood, as JSON for `model_validate_json`."""
        return self.model_dump_json(by_alias=True)


def _without_what_is_not_there(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, dict):
        there = ((name, entry) for name, entry in value.items() if entry not in _NOT_THERE)
        return {name: _without_what_is_not_there(entry) for name, entry in there}
    if isinstance(value, list):
        return [_without_what_is_not_there(entry) for entry in value]
    return value


_NOT_THERE: Final = (None, "")
