"""Takes out of a reconciled workbook all that reconciling put in: what is left is the source.

It knows the marks of `flows.workbook.markup` and nothing of the source.
"""

from __future__ import annotations

import posixpath
import re
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from io import BytesIO

from flows.workbook.areas import Area
from flows.workbook.markup import ASIDE, Element, Part, attributes_of, tags
from flows.workbook.notes import without_ours

_ASIDE = re.compile(re.escape(ASIDE) + rb"(.*?)-->", re.DOTALL)
_MARKED = re.compile(r"Orderdrop fault (\d+)(?:-\d+)?, was ")
_OUR_ATTRIBUTES = re.compile(rb"\t[A-Za-z].*?(?=/?>$)", re.DOTALL)


def parts_of(workbook: bytes) -> dict[str, bytes]:
    """The parts of a workbook by name."""
    with zipfile.ZipFile(BytesIO(workbook)) as package:
        return {name: package.read(name) for name in package.namelist()}


def taken_out(output: bytes) -> bytes:
    """The workbook without our cells, rows, sheets, formats, names, table columns and notes."""
    parts = parts_of(output)
    ours = _parts_of_ours(parts)
    marks = _marks(parts)
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as package:
        for name, content in parts.items():
            if name in ours:
                continue
            is_text = name.endswith((".xml", ".rels", ".vml"))
            package.writestr(name, _restored(content, marks) if is_text else content)
    return out.getvalue()


def _parts_of_ours(parts: Mapping[str, bytes]) -> set[str]:
    ours: set[str] = set()
    for name, content in parts.items():
        if not name.endswith(".rels"):
            continue
        root = Part(content).root
        if root.tag.ours:
            ours.add(name)
        folder = posixpath.dirname(posixpath.dirname(name))
        for relation in root.children:
            if relation.tag.ours:
                target = relation.tag.attributes()["Target"]
                ours.add(posixpath.normpath(posixpath.join(folder, target)))
    return ours


def _marks(parts: Mapping[str, bytes]) -> dict[str, str]:
    """The numbers of the formats that are marks, each with the number from before."""
    styles = parts.get("xl/styles.xml")
    if styles is None:
        return {}
    root = Part(styles).root
    names = root.child("cellStyles")
    before = {
        style.tag.attributes()["xfId"]: found[1]
        for style in (names.children if names else [])
        if (found := _MARKED.match(style.tag.attributes()["name"]))
    }
    formats = root.child("cellXfs")
    return {
        str(index): before[style]
        for index, xf in enumerate(formats.children if formats else [])
        if (style := xf.tag.attributes().get("xfId", "0")) in before
    }


class _Restoring:
    def __init__(self, content: bytes, marks: Mapping[str, str]) -> None:
        self.part = Part(content)
        self.marks = marks
        self.settled: set[int] = set()
        self.aside: list[tuple[int, int]] = []

    def comments(self) -> None:
        content = self.part.content
        for comment in _ASIDE.finditer(content):
            kept = comment[1]
            if sum(1 for _ in tags(kept)) == 1 and not kept.endswith(b"/>"):
                new = next(tags(content, comment.end()))
                assert new.start == comment.end()
                self.settled.add(new.start)
                self.part.replace(comment.start(), new.end, kept)
            else:
                self.part.replace(comment.start(), comment.end(), kept)

    def element(self, element: Element) -> bool:
        """Restore an element; whether it is ours and gone."""
        tag = element.tag
        if tag.ours and tag.start not in self.settled:
            self.part.remove(element)
            return True
        removed = sum(self.element(child) for child in element.children)
        if tag.start in self.settled:
            return False
        new = self.tag(element, removed)
        closing = self.part.content[element.inner_end : element.end]
        if closing.endswith(b" >"):
            new = new[:-1] + b"/>"
            self.part.replace(element.inner_end, element.end, b"")
        if new != tag.raw:
            self.part.replace(tag.start, tag.end, new)
        return False

    def tag(self, element: Element, removed: int) -> bytes:
        new = _OUR_ATTRIBUTES.sub(b"", element.tag.raw)
        if removed and (count := attributes_of(new).get("count")):
            new = _valued(new, "count", str(int(count) - removed))
        if element.tag.local == "c" and new == element.tag.raw:
            style = attributes_of(new).get("s", "")
            new = _valued(new, "s", self.marks[style]) if style in self.marks else new
        if element.tag.local == "table":
            grown = element.child("tableColumns")
            ours = sum(child.tag.ours for child in grown.children) if grown else 0
            new = _narrowed(new, ours)
            for child in element.all("autoFilter"):
                raw = child.tag.raw
                self.part.replace(child.tag.start, child.tag.end, _narrowed(raw, ours))
        if element.tag.local == "comment":
            self.note(element)
        return new

    def note(self, comment: Element) -> None:
        texts = [below for below in comment.walk() if below.tag.local == "t" and not below.tag.ours]
        runs = [self.part.content[t.tag.end : t.inner_end] for t in texts]
        for text, left in zip(texts, without_ours(runs) or runs, strict=True):
            self.part.replace(text.tag.end, text.inner_end, left)


def _restored(content: bytes, marks: Mapping[str, str]) -> bytes:
    restoring = _Restoring(content, marks)
    restoring.comments()
    for element in restoring.part.top:
        restoring.element(element)
    return restoring.part.done()


def _valued(tag: bytes, name: str, value: str) -> bytes:
    return re.sub(
        rb"(\s" + name.encode() + rb"\s*=\s*[\"'])[^\"']*", rb"\g<1>" + value.encode(), tag
    )


def _narrowed(tag: bytes, columns: int) -> bytes:
    area = Area.parse(attributes_of(tag)["ref"])
    assert area is not None
    narrow = replace(area, last_column=area.last_column - columns)
    return _valued(tag, "ref", str(narrow)) if columns else tag
