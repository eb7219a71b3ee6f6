"""XML as the bytes it is written in: where each tag stands, and edits that leave the rest alone.

A parsed and serialised part is never the same bytes again. Here a part stays a string of bytes;
tags are found by their offsets, and an edit is a piece put in, taken out or exchanged.

What we put in can be told from what stood there, so that it can be taken out again:

- two blanks behind its name mark an element of ours: `<c  r="F3" s="12"/>`;
- a tab before an attribute marks it and those behind it: `<row r="3"` tab `ht="32">`;
- a blank in an end tag marks an element that stood there empty: `<row r="3">...</row >`;
- what had to give way stands in a comment before what took its place:
  `<!--Orderdrop: <dimension ref="A1:E3"/>--><dimension  ref="A1:R3"/>`.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

MARK: Final = b"  "
"""Two blanks behind an element's name: it is ours."""

ATTRIBUTE_MARK: Final = b"\t"
"""A tab before an attribute: it is ours, and so are those behind it."""

ASIDE: Final = b"<!--Orderdrop: "
"""Opens a comment that holds what gave way to ours."""

_ATTRIBUTES: Final = rb"""[^>"']*(?:"[^"]*"[^>"']*|'[^']*'[^>"']*)*"""
_MARKUP: Final = re.compile(
    rb"<(?:!--.*?-->|!\[CDATA\[.*?\]\]>|\?.*?\?>|![^>]*>"
    rb"|(?P<close>/?)(?P<name>[^\s/>!?<=]+)" + _ATTRIBUTES + rb">)",
    re.DOTALL,
)
_ATTRIBUTE: Final = re.compile(rb"""([^\s=/"'<>]+)\s*=\s*(?:"([^"]*)"|'([^']*)')""")
_REFERENCE: Final = re.compile(r"&(?:#x([0-9a-fA-F]+)|#([0-9]+)|(lt|gt|amp|quot|apos));")
_ENTITIES: Final = {"lt": "<", "gt": ">", "amp": "&", "quot": '"', "apos": "'"}
_DECLARED: Final = re.compile(rb"""^<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")
_DECLARATION: Final = re.compile(r"""(<\?xml[^>]*?encoding\s*=\s*["'])[A-Za-z0-9._-]+""")


def element_pattern(name: bytes) -> bytes:
    """A pattern for the start tag of an element, whatever its attributes hold."""
    return b"<" + re.escape(name) + rb"(?=[\s/>])" + _ATTRIBUTES + b">"


@dataclass(frozen=True, slots=True)
class Tag:
    """One tag: its bytes as they stand, and where."""

    raw: bytes
    start: int
    name: str
    closing: bool

    @property
    def end(self) -> int:
        """The offset behind it."""
        return self.start + len(self.raw)

    @property
    def empty(self) -> bool:
        """Whether the element has no content and no end tag."""
        return self.raw.endswith(b"/>")

    @property
    def prefix(self) -> str:
        """The prefix with its colon, or ""."""
        before, colon, _ = self.name.rpartition(":")
        return before + colon

    @property
    def local(self) -> str:
        """The name without its prefix."""
        return self.name.rpartition(":")[2]

    @property
    def ours(self) -> bool:
        """Whether we wrote the element."""
        return self.raw.startswith(b"<" + self.name.encode() + MARK)

    def attributes(self) -> dict[str, str]:
        """The attributes, their values as a reader sees them."""
        return attributes_of(self.raw)


def attributes_of(tag: bytes) -> dict[str, str]:
    """The attributes of a tag, their values as a reader sees them."""
    return {
        name.decode(): unescaped((double or single).decode())
        for name, double, single in _ATTRIBUTE.findall(tag)
    }


def value_span(tag: bytes, attribute: str) -> tuple[int, int] | None:
    """Where the value of an attribute stands in a tag, without its quotes."""
    for found in _ATTRIBUTE.finditer(tag):
        if found[1] == attribute.encode():
            return found.span(2) if found[2] is not None else found.span(3)
    return None


def with_values(tag: bytes, values: Mapping[str, str]) -> bytes:
    """A start tag with some values exchanged; attributes it does not have come at its end."""
    missing: list[str] = []
    for name, value in values.items():
        span = value_span(tag, name)
        if span is None:
            missing.append(f'{name}="{escaped(value)}"')
        else:
            tag = tag[: span[0]] + escaped(value).encode() + tag[span[1] :]
    return with_attributes(tag, " ".join(missing)) if missing else tag


def with_attributes(tag: bytes, written: str) -> bytes:
    """A start tag with attributes of ours at its end."""
    cut = len(tag) - (2 if tag.endswith(b"/>") else 1)
    return tag[:cut] + ATTRIBUTE_MARK + written.encode() + tag[cut:]


def as_ours(tag: bytes) -> bytes:
    """A start tag with the mark that makes it ours behind its name."""
    name = re.match(rb"<[^\s/>]+", tag)
    assert name is not None  # noqa: S101 - a start tag begins with its name
    return name[0] + MARK + tag[name.end() :].lstrip()


def opened(tag: bytes) -> bytes:
    """The tag of an empty element as a start tag."""
    return tag[:-2] + b">"


def set_aside(raw: bytes) -> bytes:
    """A comment that keeps what gives way; nothing where a comment cannot hold it."""
    return ASIDE + raw + b"-->" if b"--" not in raw else b""


def escaped(text: str) -> str:
    """Text as it stands in content or between double quotes."""
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return text.replace('"', "&quot;")


def unescaped(text: str) -> str:
    """Text as a reader sees it."""
    return _REFERENCE.sub(_sign, text) if "&" in text else text


def _sign(found: re.Match[str]) -> str:
    if found[3]:
        return _ENTITIES[found[3]]
    return chr(int(found[1], 16) if found[1] else int(found[2]))


def tags(content: bytes, start: int = 0) -> Iterator[Tag]:
    """The tags of a part from an offset on; comments, CDATA and instructions are none."""
    for found in _MARKUP.finditer(content, start):
        if found["name"]:
            yield Tag(found[0], found.start(), found["name"].decode(), bool(found["close"]))


@dataclass(slots=True)
class Element:
    """One element: its start tag, where its content and the element itself end, its children."""

    tag: Tag
    inner_end: int = 0
    end: int = 0
    children: list[Element] = field(default_factory=list)

    def child(self, local: str) -> Element | None:
        """The first child of a name, prefixes left aside."""
        return next((child for child in self.children if child.tag.local == local), None)

    def all(self, local: str) -> list[Element]:
        """The children of a name."""
        return [child for child in self.children if child.tag.local == local]

    def walk(self) -> Iterator[Element]:
        """The element and all below it, in document order."""
        yield self
        for child in self.children:
            yield from child.walk()


def outline(content: bytes) -> list[Element]:
    """The elements of a part or of a piece of one, outermost first.

    In a piece, elements without an end run to its end, and ends without an element are passed
    over.
    """
    top: list[Element] = []
    stack: list[Element] = []
    for tag in tags(content):
        if tag.closing:
            if stack and stack[-1].tag.name == tag.name:
                closed = stack.pop()
                closed.inner_end, closed.end = tag.start, tag.end
            continue
        element = Element(tag)
        (stack[-1].children if stack else top).append(element)
        if tag.empty:
            element.inner_end = element.end = tag.end
        else:
            stack.append(element)
    for unclosed in stack:
        unclosed.inner_end = unclosed.end = len(content)
    return top


class Part:
    """A part, or a piece of one, and the edits to it."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.top = outline(content)
        self._edits: list[tuple[int, int, bytes]] = []

    @property
    def root(self) -> Element:
        """The outermost element."""
        return self.top[0]

    def raw(self, element: Element) -> bytes:
        """An element as it stands."""
        return self.content[element.tag.start : element.end]

    def text(self, element: Element) -> str:
        """What stands directly between the tags of an element without children."""
        return unescaped(self.content[element.tag.end : element.inner_end].decode())

    def insert(self, at: int, piece: bytes) -> None:
        """Put a piece in; pieces at one offset stand in the order in which they came."""
        self.replace(at, at, piece)

    def replace(self, start: int, end: int, piece: bytes) -> None:
        """Exchange bytes for others."""
        self._edits.append((start, end, piece))

    def remove(self, element: Element) -> None:
        """Take an element out."""
        self.replace(element.tag.start, element.end, b"")

    def set_value(self, tag: Tag, attribute: str, value: str) -> None:
        """Exchange the value of an attribute that the tag has; without it nothing is done."""
        span = value_span(tag.raw, attribute)
        if span is not None:
            self.replace(tag.start + span[0], tag.start + span[1], escaped(value).encode())

    def supersede_tag(self, tag: Tag, values: Mapping[str, str]) -> None:
        """Give a start tag other values; the user's own tag is kept in a comment before it."""
        new = with_values(tag.raw, values)
        if new == tag.raw:
            return
        if not tag.ours:
            new = set_aside(tag.raw) + as_ours(new)
        self.replace(tag.start, tag.end, new)

    def supersede(self, element: Element, new: bytes) -> None:
        """Put elements of ours in the place of one; the user's own is kept in a comment."""
        aside = b"" if element.tag.ours else set_aside(self.raw(element))
        self.replace(element.tag.start, element.end, aside + new)

    def append(self, element: Element, piece: bytes) -> None:
        """Put a piece in behind the last child of an element."""
        if element.tag.empty:
            opening, end = opened(element.tag.raw), f"</{element.tag.name} >".encode()
            self.replace(element.tag.start, element.end, opening + piece + end)
        else:
            self.insert(element.inner_end, piece)

    def done(self) -> bytes:
        """The part with all edits made."""
        pieces: list[bytes] = []
        at = 0
        for start, end, piece in sorted(self._edits, key=lambda edit: edit[:2]):
            pieces += (self.content[at:start], piece)
            at = end
        return b"".join((*pieces, self.content[at:]))


def prefix_of(tag: Tag, namespaces: Iterable[str]) -> str | None:
    """The prefix that a tag binds to one of the namespaces, with its colon; None when it does not.

    Only prefixes, never the default namespace: attributes need one.
    """
    wanted = set(namespaces)
    for name, value in tag.attributes().items():
        if name.startswith("xmlns:") and value in wanted:
            return name.removeprefix("xmlns:") + ":"
    return None


def utf8(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """A part in UTF-8; one that says or shows another encoding is written anew in UTF-8."""
    stream = iter(chunks)
    first = next(stream, b"")
    encoding = _encoding(first)
    if encoding is None:
        yield first
        yield from stream
        return
    decoder = codecs.getincrementaldecoder(encoding)()
    yield _DECLARATION.sub(r"\g<1>UTF-8", decoder.decode(first), count=1).encode()
    for chunk in stream:
        yield decoder.decode(chunk).encode()
    yield decoder.decode(b"", final=True).encode()


def _encoding(first: bytes) -> str | None:
    if first.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if first.startswith(b"<\x00"):
        return "utf-16-le"
    if first.startswith(b"\x00<"):
        return "utf-16-be"
    declared = _DECLARED.match(first.removeprefix(codecs.BOM_UTF8))
    name = codecs.lookup(declared[1].decode()).name if declared else "utf-8"
    return None if name in {"utf-8", "ascii"} else name
