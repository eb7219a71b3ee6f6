"""The notes of the order sheet: the part with their texts and the drawing of their boxes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from flows.workbook.archive import Archive, Content
from flows.workbook.areas import Area, address
from flows.workbook.markup import Element, Part, escaped, tags
from flows.workbook.notes import AUTHOR, WIDTH, framed, height_of, without_ours
from flows.workbook.relations import TYPES, ContentTypes, Dialect, Relations
from flows.workbook.sheet_frame import SheetTail

_DECLARATION: Final = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_VML_TYPE: Final = "application/vnd.openxmlformats-officedocument.vmlDrawing"
_VML: Final = {
    "v": "urn:schemas-microsoft-com:vml",
    "o": "urn:schemas-microsoft-com:office:office",
    "x": "urn:schemas-microsoft-com:office:excel",
}
_NOTE_SHAPE: Final = "_x0000_t202"
_FIRST_SHAPE: Final = 1025

_SHAPE: Final = re.compile(rb"<(\w+:)?shape\s.*?</(\w+:)?shape\s*>", re.DOTALL)
_OUR_SHAPE: Final = re.compile(rb"<(\w+:)?shape  ")
_SHAPE_ROW: Final = re.compile(rb"<(?:\w+:)?Row>\s*([0-9]+)\s*</")
_SHAPE_COLUMN: Final = re.compile(rb"<(?:\w+:)?Column>\s*([0-9]+)\s*</")
_SHAPE_NUMBER: Final = re.compile(rb"_x0000_s([0-9]{1,9})\b")


class Notes:
    """The notes of one sheet; ours are taken out at once and put in anew."""

    def __init__(
        self, archive: Archive, relations: Relations, tail: SheetTail, dialect: Dialect
    ) -> None:
        self._archive = archive
        self._relations = relations
        self._tail = tail
        paths = [part for _, part in relations.of_type("comments") if part in archive]
        self._path = paths[0] if paths else archive.unused("xl/comments{}.xml")
        self._known = bool(paths)
        self._part = Part(archive.read(self._path) if paths else _no_notes(dialect))
        self._threads = _threads(archive, relations)
        self._by_cell: dict[tuple[int, int], Element] = {}
        self._gone: set[tuple[int, int]] = set()
        self._new: list[tuple[int, int, str]] = []
        for comment in self._comments():
            area = Area.parse(comment.tag.attributes().get("ref", ""))
            if area is not None:
                self._take_ours((area.first_row, area.first_column), comment)

    def add(self, row: int, column: int, text: str) -> None:
        """Put our text in a cell's note; a user's own note stays above it.

        A cell with a conversation (Excel's threaded comments) keeps just that: Excel shows no
        note beside it.
        """
        present = self._by_cell.get((row, column))
        if (row, column) in self._threads:
            return
        if present is None:
            self._new.append((row, column, text))
        else:
            self._write_below(present, text)

    def changes(self, types: ContentTypes) -> Iterator[tuple[str, Content]]:
        """The parts to be written; the sheet is led to those that are new."""
        if self._new:
            self._write_new()
        yield self._path, self._part.done()
        if not self._known:
            self._relations.add("comments", self._path)
            types.add(self._path, TYPES["comments"])
        yield from self._boxes(types)

    def _comments(self) -> list[Element]:
        comments = self._part.root.child("commentList")
        return comments.all("comment") if comments else []

    def _take_ours(self, place: tuple[int, int], comment: Element) -> None:
        texts = _texts(comment)
        runs = [self._part.content[t.tag.end : t.inner_end] for t in texts]
        left = without_ours(runs)
        if left is not None and not b"".join(left).strip():
            self._part.remove(comment)
            self._gone.add(place)
            return
        self._by_cell[place] = comment
        for text, before, after in zip(texts, runs, left or runs, strict=True):
            if before != after:
                self._part.replace(text.tag.end, text.inner_end, after)

    def _write_below(self, comment: Element, text: str) -> None:
        last = [text for text in _texts(comment) if not text.tag.empty][-1:]
        ours = escaped(f"\n\n{framed(text)}").encode()
        if last:
            self._part.insert(last[0].inner_end, ours)
            return
        body = comment.child("text")
        p = self._part.root.tag.prefix
        run = f"<{p}r  ><{p}t>".encode() + ours + f"</{p}t></{p}r>".encode()
        if body is not None:
            self._part.append(body, run)

    def _write_new(self) -> None:
        p = self._part.root.tag.prefix
        authors, comments = self._part.root.child("authors"), self._part.root.child("commentList")
        if authors is None or comments is None:
            return
        names = [self._part.text(author) for author in authors.all("author")]
        if AUTHOR not in names:
            names.append(AUTHOR)
            self._part.append(authors, f"<{p}author  >{AUTHOR}</{p}author>".encode())
        author = names.index(AUTHOR)
        pieces = [
            f'<{p}comment  ref="{address(row, column)}" authorId="{author}"><{p}text>'
            f'<{p}t xml:space="preserve">{escaped(framed(text))}</{p}t></{p}text></{p}comment>'
            for row, column, text in self._new
        ]
        self._part.append(comments, "".join(pieces).encode())

    def _boxes(self, types: ContentTypes) -> Iterator[tuple[str, Content]]:
        """The drawing with a box for each new note, and without those of notes that are gone."""
        relation = self._tail.drawing()
        path = self._relations.target(relation) if relation else None
        if path is None or path not in self._archive:
            if not self._new:
                return
            path = self._archive.unused("xl/drawings/vmlDrawing{}.vml")
            self._tail.draw(self._relations.add("vmlDrawing", path))
            types.add_ending("vml", _VML_TYPE)
            content = _no_boxes()
        else:
            content = self._archive.read(path)
        kept = _without_boxes(content, self._gone)
        yield path, _with_boxes(kept, self._new)


def _no_notes(dialect: Dialect) -> bytes:
    opening = f'<comments xmlns="{dialect.main}"><authors></authors>'
    return f"{_DECLARATION}{opening}<commentList></commentList></comments>".encode()


def _no_boxes() -> bytes:
    names = " ".join(f'xmlns:{prefix}="{name}"' for prefix, name in _VML.items())
    return (
        f'<xml {names}><o:shapelayout v:ext="edit"><o:idmap v:ext="edit" data="1"/>'
        "</o:shapelayout></xml>"
    ).encode()


def _texts(comment: Element) -> list[Element]:
    """The elements with the text of a note, in their order."""
    body = comment.child("text")
    return [
        below
        for child in (body.children if body else [])
        if child.tag.local in {"t", "r"}
        for below in child.walk()
        if below.tag.local == "t"
    ]


def _threads(archive: Archive, relations: Relations) -> frozenset[tuple[int, int]]:
    """The cells that carry a conversation."""
    areas = (
        Area.parse(element.tag.attributes().get("ref", ""))
        for _, part in relations.of_type("threadedComment")
        if part in archive
        for element in Part(archive.read(part)).root.all("threadedComment")
    )
    return frozenset((area.first_row, area.first_column) for area in areas if area)


def _place(shape: bytes) -> tuple[int, int] | None:
    row, column = _SHAPE_ROW.search(shape), _SHAPE_COLUMN.search(shape)
    return (int(row[1]) + 1, int(column[1]) + 1) if row and column else None


def _without_boxes(content: bytes, gone: set[tuple[int, int]]) -> bytes:
    """A drawing without the boxes of notes that are gone.

    Where one of two boxes on a cell is known to be ours, the other one stays.
    """
    boxes = [found[0] for found in _SHAPE.finditer(content) if _place(found[0]) in gone]
    known = {_place(box) for box in boxes if _OUR_SHAPE.match(box)}
    leaving = {box for box in boxes if _OUR_SHAPE.match(box) or _place(box) not in known}
    return _SHAPE.sub(lambda found: b"" if found[0] in leaving else found[0], content)


def _with_boxes(content: bytes, notes: list[tuple[int, int, str]]) -> bytes:
    """A drawing with boxes at its end. VML is not always well-formed: only its ends are used."""
    root = next(tags(content))
    bound = {value: name for name, value in root.attributes().items()}
    prefixes = {
        letter: bound.get(name, f"xmlns:{letter}").removeprefix("xmlns:")
        for letter, name in _VML.items()
    }
    declared = "".join(
        f' xmlns:{letter}="{name}"' for letter, name in _VML.items() if name not in bound
    )
    number = max((int(n) for n in _SHAPE_NUMBER.findall(content)), default=_FIRST_SHAPE - 1)
    v, o, x = prefixes["v"], prefixes["o"], prefixes["x"]
    pieces: list[str] = []
    if notes and _NOTE_SHAPE.encode() + b'"' not in content:
        pieces.append(
            f'<{v}:shapetype {declared} id="{_NOTE_SHAPE}" coordsize="21600,21600" {o}:spt="202" '
            f'path="m,l,21600r21600,l21600,xe"><{v}:stroke joinstyle="miter"/>'
            f'<{v}:path gradientshapeok="t" {o}:connecttype="rect"/></{v}:shapetype>'
        )
    for row, column, text in notes:
        number += 1
        pieces.append(
            f'<{v}:shape {declared} id="_x0000_s{number}" type="#{_NOTE_SHAPE}" '
            'style="position:absolute;margin-left:59.25pt;margin-top:1.5pt;'
            f"width:{WIDTH}px;height:{height_of(framed(text))}px;z-index:1;"
            f'visibility:hidden" fillcolor="#ffffe1" {o}:insetmode="auto">'
            f'<{v}:fill color2="#ffffe1"/><{v}:shadow color="black" obscured="t"/>'
            f'<{v}:path {o}:connecttype="none"/><{v}:textbox style="mso-direction-alt:auto">'
            f'<div style="text-align:left"></div></{v}:textbox>'
            f'<{x}:ClientData ObjectType="Note"><{x}:MoveWithCells/><{x}:SizeWithCells/>'
            f"<{x}:AutoFill>False</{x}:AutoFill><{x}:Row>{row - 1}</{x}:Row>"
            f"<{x}:Column>{column - 1}</{x}:Column></{x}:ClientData></{v}:shape>"
        )
    end = content.rindex(b"</")
    return content[:end] + "".join(pieces).encode() + content[end:]
