"""xl/styles.xml with formats of ours behind the user's, whose numbers and bytes stay."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from flows.workbook import look
from flows.workbook.look import Border, Line, Look
from flows.workbook.markup import (
    Element,
    Part,
    attributes_of,
    escaped,
    outline,
    value_span,
)
from flows.workbook.relations import Dialect

_ORDER: Final = (
    "numFmts",
    "fonts",
    "fills",
    "borders",
    "cellStyleXfs",
    "cellXfs",
    "cellStyles",
    "dxfs",
    "tableStyles",
    "colors",
    "extLst",
)
_SEEDS: Final = {
    "fonts": ('<{}font  ><{}sz val="11"/><{}name val="Calibri"/></{}font>',),
    "fills": (
        '<{}fill  ><{}patternFill patternType="none"/></{}fill>',
        '<{}fill  ><{}patternFill patternType="gray125"/></{}fill>',
    ),
    "borders": ("<{}border  ><{}left/><{}right/><{}top/><{}bottom/><{}diagonal/></{}border>",),
    "cellStyleXfs": ('<{}xf  numFmtId="0" fontId="0" fillId="0" borderId="0"/>',),
    "cellXfs": ('<{}xf  numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>',),
    "cellStyles": ('<{}cellStyle  name="Normal" xfId="0" builtinId="0"/>',),
}
"""What stands first in a list that a workbook does not have: Excel takes it for the default."""

_BUILT_IN: Final = {"General": 0, "0": 1, "#,##0": 3, "#,##0.00": 4, "@": 49}
_FIRST_OWN_FORMAT: Final = 164

_MARKED: Final = re.compile(r"Orderdrop fault (\d+)(?:-\d+)?, was (.*)", re.DOTALL)

_LOOK_OF_XF: Final = ("numFmtId", "fontId", "fillId", "borderId", "xfId", "quotePrefix")


@dataclass(frozen=True, slots=True)
class Face:
    """The family of a font and its size in points."""

    name: str
    size: float


class _List:
    """One list of styles.xml: its entries as they stand, and ours behind them."""

    def __init__(self, part: Part, name: str) -> None:
        self.name = name
        root = part.root
        self.prefix = root.tag.prefix
        self.element = root.child(name)
        self.entries = [part.raw(e) for e in self.element.children] if self.element else []
        self.known = len(self.entries)
        mark = re.compile(rb"<[^\s/>]+  ")
        self._places = {raw: i for i, raw in enumerate(self.entries) if mark.match(raw)}
        seeds = () if self.entries else _SEEDS.get(name, ())
        for seed in seeds:
            self.add(seed.replace("{}", self.prefix))
        self._unused = len(self.entries)

    def add(self, entry: str) -> int:
        """The place of an entry of ours, put in unless it is there."""
        raw = entry.encode()
        if raw not in self._places:
            self._places[raw] = len(self.entries)
            self.entries.append(raw)
        return self._places[raw]

    def append(self, entry: str) -> int:
        """The place of an entry put in even if its like is there."""
        self.entries.append(entry.encode())
        return len(self.entries) - 1

    def write(self, part: Part) -> None:
        """Put our entries into the part."""
        if len(self.entries) == self._unused:
            return
        added = self.entries[self.known :]
        piece = b"".join(added)
        if self.element is None:
            name = self.prefix + self.name
            opening = f'<{name}  count="{len(added)}">'.encode()
            part.insert(self._place(part.root), opening + piece + f"</{name}>".encode())
            return
        count = self.element.tag.attributes().get("count", "")
        grown = str(int(count) + len(added)) if count.isdigit() else count
        if not self.element.tag.empty:
            part.set_value(self.element.tag, "count", grown)
            part.append(self.element, piece)
            return
        raw = self.element.tag.raw
        span = value_span(raw, "count")
        if span:
            raw = raw[: span[0]] + grown.encode() + raw[span[1] :]
        end = f"</{self.element.tag.name} >".encode()
        part.replace(self.element.tag.start, self.element.end, raw[:-2] + b">" + piece + end)

    def _place(self, root: Element) -> int:
        later = _ORDER[_ORDER.index(self.name) + 1 :]
        following = [child.tag.start for child in root.children if child.tag.local in later]
        return min(following, default=root.inner_end)


class StyleBook:
    """The formats of one workbook."""

    def __init__(self, content: bytes | None, dialect: Dialect) -> None:
        bare = f'<styleSheet xmlns="{dialect.main}"></styleSheet>'
        self._part = Part(content or b'<?xml version="1.0" encoding="UTF-8"?>\n' + bare.encode())
        self._prefix = self._part.root.tag.prefix
        self._lists = {name: _List(self._part, name) for name in _ORDER[:7]}
        self._indices: dict[Look, int] = {}
        self._marks: dict[tuple[int, bool], int] = {}
        self._faces: dict[int, tuple[Face, str]] = {}
        self._styles = self._named_styles()
        self.marked = frozenset(
            index
            for index, raw in enumerate(self._lists["cellXfs"].entries)
            if _MARKED.fullmatch(self._styles.get(self._style_of(raw), ""))
        )
        """Formats that are marks of ours, by number."""

    @property
    def face(self) -> Face:
        """The font of a cell without a format."""
        return self.beside(0)[0]

    def beside(self, index: int) -> tuple[Face, str]:
        """The font of a format and how its cells stand upright, "" when it does not say."""
        if index not in self._faces:
            self._faces[index] = self._face_of(index)
        return self._faces[index]

    def index_of(self, wanted: Look) -> int:
        """The number of the format with a look."""
        if wanted not in self._indices:
            self._indices[wanted] = self._lists["cellXfs"].add(self._xf(wanted))
        return self._indices[wanted]

    def mark(self, before: int, *, warning: bool) -> int:
        """The number of the format of a marked cell that had the format `before`.

        It is a format like that one with our fill and border, in a hidden cell style that holds
        the look from before. So the workbook remembers what we marked and what was there: the
        memory moves along when rows are sorted, copied or deleted, and when Excel saves.
        """
        key = (before, warning)
        if key not in self._marks:
            self._marks[key] = self._new_mark(before, warning=warning)
        return self._marks[key]

    def unmarked(self, index: int) -> int:
        """The number of the format that a cell had before it got the mark `index`.

        A fill or border that somebody gave the cell after we had marked it stays.
        """
        raw = self._lists["cellXfs"].entries[index]
        attributes = attributes_of(_start(raw))
        style = self._style_of(raw)
        named = _MARKED.fullmatch(self._styles[style])
        assert named is not None  # noqa: S101 - the caller asks for marks only
        remembered = attributes_of(_start(self._lists["cellStyleXfs"].entries[style]))
        changes = {"xfId": str(self._style_called(named[2]))}
        if self._our_fill(attributes):
            changes["fillId"] = remembered.get("fillId", "0")
        if self._our_border(attributes):
            changes["borderId"] = remembered.get("borderId", "0")
        wanted = _look_of(raw, changes)
        earlier = int(named[1])
        entries = self._lists["cellXfs"].entries
        if earlier < len(entries) and _look_of(entries[earlier]) == wanted:
            return earlier
        for place, other in enumerate(entries):
            if _look_of(other) == wanted:
                return place
        return self._lists["cellXfs"].add(_changed(raw, changes))

    def done(self) -> bytes:
        """The part with our formats in it."""
        for entries in self._lists.values():
            entries.write(self._part)
        return self._part.done()

    def _named_styles(self) -> dict[int, str]:
        styles: dict[int, str] = {}
        for raw in self._lists["cellStyles"].entries:
            attributes = attributes_of(_start(raw))
            styles[int(attributes.get("xfId", "0"))] = attributes.get("name", "")
        return styles

    def _style_called(self, name: str) -> int:
        return next((place for place, known in self._styles.items() if known == name), 0)

    def _style_of(self, xf: bytes) -> int:
        return int(attributes_of(_start(xf)).get("xfId", "0"))

    def _entry(self, entries: str, attributes: dict[str, str], of: str) -> Element | None:
        place = int(attributes.get(of, "0"))
        known = self._lists[entries].entries
        return outline(known[place])[0] if place < len(known) else None

    def _xf_attributes(self, index: int) -> tuple[bytes, dict[str, str]]:
        entries = self._lists["cellXfs"].entries
        raw = entries[index] if index < len(entries) else entries[0]
        return raw, attributes_of(_start(raw))

    def _face_of(self, index: int) -> tuple[Face, str]:
        raw, attributes = self._xf_attributes(index)
        font = self._entry("fonts", attributes, "fontId")
        name, size = "Calibri", 11.0
        for child in font.children if font else []:
            value = child.tag.attributes().get("val", "")
            if child.tag.local == "name" and value:
                name = value
            elif child.tag.local == "sz" and value:
                size = float(value)
        alignment = outline(raw)[0].child("alignment")
        vertical = alignment.tag.attributes().get("vertical", "") if alignment else ""
        return Face(name, size), vertical

    def _xf(self, wanted: Look) -> str:
        p = self._prefix
        aligned = {
            "horizontal": wanted.horizontal,
            "vertical": wanted.vertical,
            "wrapText": "1" if wanted.wrapped else "",
            "indent": str(wanted.indent) if wanted.indent else "",
        }
        alignment = "".join(f' {name}="{value}"' for name, value in aligned.items() if value)
        quoted = ' quotePrefix="1"' if wanted.quoted else ""
        return (
            f'<{p}xf  numFmtId="{self._number_format(wanted.number_format)}" '
            f'fontId="{self._font(wanted)}" fillId="{self._fill(wanted.fill)}" '
            f'borderId="{self._border(wanted.border)}" xfId="0"{quoted} applyNumberFormat="1" '
            f'applyFont="1" applyFill="1" applyBorder="1" applyAlignment="1">'
            f"<{p}alignment{alignment}/></{p}xf>"
        )

    def _number_format(self, code: str) -> int:
        if code in _BUILT_IN:
            return _BUILT_IN[code]
        formats = [attributes_of(_start(raw)) for raw in self._lists["numFmts"].entries]
        for known in formats:
            if known.get("formatCode") == code:
                return int(known["numFmtId"])
        taken = [int(known.get("numFmtId", "0")) for known in formats]
        number = max(_FIRST_OWN_FORMAT, max(taken, default=0) + 1)
        self._lists["numFmts"].add(
            f'<{self._prefix}numFmt  numFmtId="{number}" formatCode="{escaped(code)}"/>'
        )
        return number

    def _font(self, wanted: Look) -> int:
        p = self._prefix
        bold = f"<{p}b/>" if wanted.bold else ""
        underline = f"<{p}u/>" if wanted.underlined else ""
        ink = f'<{p}color rgb="FF{wanted.ink}"/>' if wanted.ink else f'<{p}color theme="1"/>'
        return self._lists["fonts"].add(
            f'<{p}font  >{bold}{underline}<{p}sz val="{wanted.size or self.face.size:g}"/>{ink}'
            f'<{p}name val="{escaped(wanted.font or self.face.name)}"/></{p}font>'
        )

    def _fill(self, colour: str) -> int:
        if not colour:
            return 0
        p = self._prefix
        return self._lists["fills"].add(
            f'<{p}fill  ><{p}patternFill patternType="solid"><{p}fgColor rgb="FF{colour}"/>'
            f'<{p}bgColor rgb="FF{colour}"/></{p}patternFill></{p}fill>'
        )

    def _border(self, wanted: Border) -> int:
        p = self._prefix

        def side(name: str, line: Line | None) -> str:
            if line is None:
                return f"<{p}{name}/>"
            colour = f'<{p}color rgb="FF{line.colour}"/>'
            return f'<{p}{name} style="{line.style}">{colour}</{p}{name}>'

        sides = "".join(
            side(name, line)
            for name, line in (
                ("left", wanted.left),
                ("right", wanted.right),
                ("top", wanted.top),
                ("bottom", wanted.bottom),
            )
        )
        return self._lists["borders"].add(f"<{p}border  >{sides}<{p}diagonal/></{p}border>")

    def _new_mark(self, before: int, *, warning: bool) -> int:
        raw, _ = self._xf_attributes(before)
        was = self._styles.get(self._style_of(raw), "Normal")
        remembered = _changed(raw, {"xfId": None})
        style = self._mark_style(before, was, remembered)
        fill = look.WARNING_FILL if warning else look.FAULT_FILL
        line = look.WARNING_LINE if warning else look.FAULT_LINE
        border = look.frame(line, "mediumDashed" if warning else "medium")
        return self._lists["cellXfs"].add(
            _changed(
                raw,
                {
                    "fillId": str(self._fill(fill)),
                    "borderId": str(self._border(border)),
                    "xfId": str(style),
                    "applyFill": "1",
                    "applyBorder": "1",
                },
            )
        )

    def _mark_style(self, before: int, was: str, remembered: str) -> int:
        """The hidden cell style of ours for a look; its name tells the format's number too."""
        for attempt in range(1, len(self._styles) + 2):
            again = f"-{attempt}" if attempt > 1 else ""
            name = f"Orderdrop fault {before}{again}, was {was}"
            place = next((i for i, known in self._styles.items() if known == name), None)
            if place is None:
                break
            if _look_of(self._lists["cellStyleXfs"].entries[place]) == _look_of(
                remembered.encode()
            ):
                return place
        place = self._lists["cellStyleXfs"].append(remembered)
        self._lists["cellStyles"].add(
            f'<{self._prefix}cellStyle  name="{escaped(name)}" xfId="{place}" hidden="1"/>'
        )
        self._styles[place] = name
        return place

    def _our_fill(self, attributes: dict[str, str]) -> bool:
        fill = self._entry("fills", attributes, "fillId")
        return bool(fill) and bool(_colours(fill, "fgColor") & {look.FAULT_FILL, look.WARNING_FILL})

    def _our_border(self, attributes: dict[str, str]) -> bool:
        border = self._entry("borders", attributes, "borderId")
        left = border.child("left") if border else None
        return bool(left) and bool(_colours(left, "color") & {look.FAULT_LINE, look.WARNING_LINE})


def _colours(element: Element | None, name: str) -> set[str]:
    return {
        below.tag.attributes().get("rgb", "")[-6:]
        for below in (element.walk() if element else ())
        if below.tag.local == name
    }


def _start(raw: bytes) -> bytes:
    """The start tag of an entry; no value of ours or Excel's holds a >."""
    return raw[: raw.index(b">") + 1]


def _look_of(xf: bytes, changes: dict[str, str] | None = None) -> tuple[object, ...]:
    """What a format looks like, for comparing; a cell style's format has no style below it."""
    start = _start(xf)
    attributes = {**attributes_of(start), **(changes or {})}
    children = tuple(
        (child.tag.local, tuple(sorted(child.tag.attributes().items())))
        for child in outline(xf)[0].children
    )
    return (*(attributes.get(name, "0") for name in _LOOK_OF_XF), children)


def _changed(xf: bytes, changes: Mapping[str, str | None]) -> str:
    """A format of ours, like another one but for some attributes; None takes one away."""
    start = _start(xf)
    attributes = {**attributes_of(start), **changes}
    name = re.match(rb"<([^\s/>]+)", start)
    assert name is not None  # noqa: S101 - an entry begins with its tag
    written = " ".join(f'{k}="{escaped(v)}"' for k, v in attributes.items() if v is not None)
    end = "/>" if start.endswith(b"/>") else ">"
    return f"<{name[1].decode()}  {written}{end}" + xf[len(start) :].decode()
