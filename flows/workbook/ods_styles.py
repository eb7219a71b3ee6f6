"""Number formats of .ods files: which style of a cell makes dates or leading zeros."""

from __future__ import annotations

from typing import Final
from xml.parsers.expat import XMLParserType

from flows.workbook.number_formats import PLAIN, Look, look_of
from flows.workbook.xml_parts import local

_NUMBERS: Final = frozenset({"number-style", "percentage-style", "currency-style"})
_DATES: Final = frozenset({"date-style", "time-style"})
_TEXTS: Final = frozenset({"text", "embedded-text", "currency-symbol"})
_MOST_SIGNS: Final = 64
"""A format with more digits is no work of a person."""


class OdsStyles:
    """Collects the styles of cells and of numbers, from styles.xml and content.xml.

    Names of elements and attributes come without their prefixes, in document order.
    """

    def __init__(self) -> None:
        self._codes: dict[str, str] = {}
        self._cells: dict[str, tuple[str, str]] = {}
        self._looks: dict[str, Look] = {}
        self._style = ""
        self._is_date = False
        self._pieces: list[str] = []
        self._number = ""
        self._embedded: list[tuple[int, str]] = []
        self._text: list[str] | None = None
        self._position = 0

    def look(self, name: str) -> Look:
        """The look of a cell's style."""
        known = self._looks.get(name)
        if known is None:
            known = self._looks[name] = self._look(name)
        return known

    def _look(self, name: str) -> Look:
        followed: set[str] = set()
        while name in self._cells and name not in followed:
            followed.add(name)
            data, parent = self._cells[name]
            if data:
                code = self._codes.get(data)
                return PLAIN if code is None else look_of(code)
            name = parent
        return PLAIN

    def listen(self, parser: XMLParserType) -> None:
        """Be told of the elements of a part with nothing but styles."""
        parser.StartElementHandler = lambda tag, attributes: self.start(
            local(tag), {local(name): value for name, value in attributes.items()}
        )
        parser.CharacterDataHandler = self.text
        parser.EndElementHandler = lambda tag: self.end(local(tag))

    def start(self, name: str, found: dict[str, str]) -> None:
        """An element begins."""
        if name == "style" and found.get("family") == "table-cell":
            self._cells[found.get("name", "")] = (
                found.get("data-style-name", ""),
                found.get("parent-style-name", ""),
            )
        elif name in _NUMBERS or name in _DATES:
            self._style = found.get("name", "")
            self._is_date = name in _DATES
            self._pieces = []
        elif not self._style:
            return
        elif name == "number":
            self._number = _digits(found)
            self._embedded = []
        elif name in {"scientific-number", "fraction"}:
            self._pieces.append("General")
        elif name in _TEXTS:
            self._text = []
            self._position = _count(found.get("position", "0"))

    def text(self, value: str) -> None:
        """Text stands there."""
        if self._text is not None:
            self._text.append(value)

    def end(self, name: str) -> None:
        """An element ends."""
        if not self._style:
            return
        if name in _NUMBERS or name in _DATES:
            self._codes[self._style] = "yyyy-mm-dd" if self._is_date else "".join(self._pieces)
            self._style = ""
        elif name == "number":
            self._pieces.append(self._with_embedded())
        elif name in _TEXTS and self._text is not None:
            text = "".join(self._text)
            self._text = None
            if name == "embedded-text":
                self._embedded.append((self._position, text))
            elif text == "%":
                self._pieces.append(text)
            elif text:
                self._pieces.append(_literal(text))

    def _with_embedded(self) -> str:
        """The digits with the signs between them: places count from the right."""
        code = self._number
        for position, text in sorted(self._embedded):
            # Signs already put in stand to the right of the next ones.
            at = len(self._number) - position
            if 0 <= at <= len(self._number):
                code = code[:at] + _literal(text) + code[at:]
        return code


def _digits(found: dict[str, str]) -> str:
    whole = _count(found.get("min-integer-digits", "1"))
    if "decimal-places" not in found and whole < 2:
        return "General"
    decimals = _count(found.get("decimal-places", "0"))
    digits = "0" * whole or "#"
    if found.get("grouping") == "true":
        digits = "#,##0" if whole < 4 else f"#,{digits}"
    if decimals:
        return f"{digits}.{'0' * decimals}"
    return digits


def _count(written: str) -> int:
    return min(int(written), _MOST_SIGNS) if written.isdigit() else 0


def _literal(text: str) -> str:
    return '"' + text.replace('"', "") + '"'
