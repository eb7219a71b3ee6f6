"""Reading the values of a query, and the links of a page (reference, sections 7.2, 13.2, 17.1)."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from typing import TypeVar
from urllib.parse import urlencode

from flows.sandbox.calls import Call
from flows.sandbox.errors import ServiceRefusal
from flows.sandbox.wire_answers import Link, Links

Parameters = list[tuple[str, str]]
Value = TypeVar("Value")

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?Z")
_LONGEST_NUMBER = 9


class Query:
    """Reads values out of a query and remembers the names of those that are not valid."""

    def __init__(self, call: Call) -> None:
        self.refused: list[str] = []
        self._parameters = call.parameters

    def given(self) -> frozenset[str]:
        """The names that were sent."""
        return frozenset(name for name, _ in self._parameters)

    def values(self, name: str, allowed: frozenset[str] | None = None) -> frozenset[str]:
        """All values of a repeatable parameter."""
        given = frozenset(value for key, value in self._parameters if key == name)
        if "" in given or (allowed is not None and not given <= allowed):
            self.refused.append(name)
        return given

    def value(self, name: str, read: Callable[[str], Value], default: Value) -> Value:
        """The last value of a parameter, read; `default` when it is not given."""
        given = [value for key, value in self._parameters if key == name]
        try:
            return read(given[-1]) if given else default
        except ValueError:
            self.refused.append(name)
            return default

    def check(self, code: str = "1132") -> None:
        """Refuse with every name whose value was not valid."""
        if self.refused:
            raise ServiceRefusal(code, self.refused)


def moment(text: str) -> datetime:
    """A date (its midnight, UTC) or a date and time in Z."""
    if _DATE.fullmatch(text):
        return midnight(date.fromisoformat(text))
    if _MOMENT.fullmatch(text):
        return datetime.fromisoformat(text)
    raise ValueError(text)


def midnight(day: date) -> datetime:
    """The beginning of a day, UTC."""
    return datetime.combine(day, time(), UTC)


def natural(text: str) -> int:
    """A whole number from zero on, of at most nine digits."""
    if not (text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER):
        raise ValueError(text)
    return int(text)


def positive(text: str) -> int:
    """A whole number from one on."""
    number = natural(text)
    if number < 1:
        raise ValueError(text)
    return number


def true_or_false(text: str) -> bool:
    """`true` or `false`."""
    if text not in {"true", "false"}:
        raise ValueError(text)
    return text == "true"


def one_of(*allowed: str) -> Callable[[str], str]:
    """A reader that takes these values only."""

    def read(text: str) -> str:
        if text not in allowed:
            raise ValueError(text)
        return text

    return read


def filled(text: str) -> str:
    """Any text but an empty one."""
    if not text:
        raise ValueError(text)
    return text


def page_links(call: Call, *, limit: int, offset: int, total: int) -> Links:
    """Self, next and prev: path and query, encoded once (C40)."""
    after = offset + limit
    before = max(offset - limit, 0)
    return Links(
        self_=_link(call.path, call.parameters),
        next=_page_link(call, limit, after) if after < total else None,
        prev=_page_link(call, limit, before) if offset else None,
    )


def _page_link(call: Call, limit: int, offset: int) -> Link:
    others = [(k, v) for k, v in call.parameters if k not in {"limit", "offset"}]
    return _link(call.path, [*others, ("limit", str(limit)), ("offset", str(offset))])


def _link(path: str, parameters: Parameters) -> Link:
    query = urlencode(parameters, safe=":")
    return Link(uri=f"{path}?{query}" if query else path)
