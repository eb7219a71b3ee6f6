"""Between the ledger's rows and the values of `schemas`: times, lists and states as text."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields
from datetime import UTC, datetime
from functools import lru_cache
from operator import attrgetter
from typing import Any, Final, Generic, TypeVar, cast

from flows.ledger.bulk import Cells
from schemas.entries import Decision, Entry, Submission
from schemas.faults import Fault
from schemas.orders import Intent, IntentState
from schemas.sheet_layout import SheetLayout

Row = Sequence[Any]
"""The cells of one row in the order of the columns below, as either driver gives them."""

_Turned = Callable[[Any], Any]
Value = TypeVar("Value")


@lru_cache(maxsize=1000)
def moment(at: datetime) -> str:
    """UTC in one fixed width, so that text order is time order."""
    return f"{at.astimezone(UTC).isoformat(timespec='microseconds')[:-6]}Z"


def _maybe(at: datetime | None) -> str | None:
    return moment(at) if at else None


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _null(text: str) -> str | None:
    return text or None


def _text(text: str | None) -> str:
    return text or ""


def _listed(values: Sequence[object]) -> str:
    return json.dumps(values) if values else _NOTHING


def _texts(listed: str) -> tuple[str, ...]:
    return () if listed == _NOTHING else tuple(json.loads(listed))


def _lines(listed: str) -> tuple[tuple[int, int], ...]:
    return tuple(map(tuple, json.loads(listed)))


_NOTHING: Final = "[]"

_MOMENT: Final = (moment, datetime.fromisoformat)
_MAYBE_MOMENT: Final = (_maybe, _time)
_MAYBE_TEXT: Final = (_null, _text)
_TEXTS: Final = (_listed, _texts)
_YES_OR_NO: Final = (bool, bool)  # SQLite gives 0 and 1


class Kind(Generic[Value]):
    """A dataclass whose fields are columns of a table, called alike and in the same order.

    `differing`: how the values of some fields become cells, and cells values.
    """

    def __init__(self, made: type[Value], **differing: tuple[_Turned, _Turned]) -> None:
        self.columns: Final = tuple(field.name for field in fields(cast("Any", made)))
        self._made = made
        self._cells_of = attrgetter(*self.columns)
        places = {self.columns.index(name): turns for name, turns in differing.items()}
        self._writing = [(place, turned) for place, (turned, _) in places.items()]
        self._reading = [(place, turned) for place, (_, turned) in places.items()]

    def row(self, value: Value) -> Cells:
        """The cells of a value."""
        cells = list(self._cells_of(value))
        for place, turned in self._writing:
            cells[place] = turned(cells[place])
        return cells

    def value(self, row: Row) -> Value:
        """The value of these cells."""
        (value,) = self.values((row,))
        return value

    def values(self, rows: Iterable[Row]) -> tuple[Value, ...]:
        """The values of these rows, made column by column."""
        columns: list[Iterable[Any]] = list(zip(*rows, strict=True))
        if not columns:
            return ()
        for place, turned in self._reading:
            columns[place] = map(turned, columns[place])
        return tuple(map(self._made, *columns))


INTENT: Final = Kind(
    Intent,
    written_at=_MOMENT,
    reassign_users=_YES_OR_NO,
    state=(str, IntentState),
    first_sent_at=_MAYBE_MOMENT,
    last_sent_at=_MAYBE_MOMENT,
    order_id=_MAYBE_TEXT,
    error_details=_TEXTS,
    answered_at=_MAYBE_MOMENT,
    looked_at=_MAYBE_MOMENT,
    replaces=_MAYBE_TEXT,
    under_repeat=_YES_OR_NO,
)
"""Who holds an intent is not among its fields."""

ENTRY: Final = Kind(
    Entry,
    lines=(_listed, _lines),
    decision=(str, Decision),
    intent_id=_MAYBE_TEXT,
    refused=_YES_OR_NO,
    answered_at=_MAYBE_MOMENT,
)
SUBMISSION: Final = Kind(
    Submission,
    started_at=_MOMENT,
    layout=(SheetLayout.model_dump_json, SheetLayout.model_validate_json),
    notes=_TEXTS,
    finished_at=_MAYBE_MOMENT,
)
FAULT: Final = Kind(Fault)
