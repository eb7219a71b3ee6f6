"""A sheet read row by row as the bytes it is written in, in bounded memory."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from flows.workbook.areas import column_number
from flows.workbook.errors import NotAWorkbook
from flows.workbook.markup import attributes_of, element_pattern, tags

_ROW_NUMBER = re.compile(rb'<[^\s/>]+\s+r="([0-9]+)"')
_LETTERS = re.compile(r"\$?([A-Z]{1,3})")


class _Numbers(dict[bytes, int]):
    """Column numbers by their letters as bytes, remembered: every cell of a sheet asks."""

    def __missing__(self, letters: bytes) -> int:
        number = self[letters] = column_number(letters.decode())
        return number


_NUMBERS = _Numbers()


@dataclass(slots=True)
class Piece:
    """One element of a stream: what stands before it, its start tag, its content, its end tag.

    `plain` says that there is no comment, CDATA or instruction in it.
    """

    before: bytes
    tag: bytes
    inner: bytes
    closing: bytes
    plain: bool

    @property
    def raw(self) -> bytes:
        """The element and what stands before it."""
        return self.before + self.tag + self.inner + self.closing


class Pieces:
    """The elements of one name that stand side by side in a part: rows, shared strings.

    `head` is what stands before them, up to and with the start tag of what holds them; `tail`,
    once all are read, what stands behind the last one.
    """

    def __init__(self, chunks: Iterable[bytes], holder: str, name: str) -> None:
        self._chunks = iter(chunks)
        self._buffer = b""
        self._at = 0
        self._plain = False
        self.tail = b""
        self.prefix, self.head, self._closed = self._read_head(holder)
        full = (self.prefix + name).encode()
        self._name = full.decode()
        end = re.escape((self.prefix + holder).encode())
        self._step = re.compile(
            rb"<!--(?:.*?(?P<comment>-->))?|(?P<tag>" + element_pattern(full) + rb")"
            rb"|(?P<over></" + end + rb"\s*>)",
            re.DOTALL,
        )
        self._end = re.compile(rb"</" + re.escape(full) + rb"\s*>")

    def __iter__(self) -> Iterator[Piece]:
        """Each element in turn. Raises NotAWorkbook where the part ends too early."""
        if self._closed:
            self.tail = self._rest()
            return
        begin = self._at
        self._plain = _is_plain(self._buffer, begin)
        while True:
            found = self._step.search(self._buffer, self._at)
            if found is None or not found.lastgroup:
                begin = self._more(begin)
                continue
            if found.lastgroup == "comment":
                self._at = found.end()
                continue
            if found.lastgroup == "over":
                self._at = begin
                self.tail = self._rest()
                return
            start, inner_start = found.span()
            tag = found["tag"]
            inner_end, end = inner_start, inner_start
            if not tag.endswith(b"/>"):
                closing = self._end.search(self._buffer, inner_start)
                inner_end, end = closing.span() if closing else (0, 0)
            inner = self._buffer[inner_start:inner_end]
            plain = self._plain or _is_plain(inner, 0)
            if not plain:
                inner_end, end = self._true_end(inner_start)
                inner = self._buffer[inner_start:inner_end]
            if not end:
                self._at = start
                begin = self._more(begin)
                continue
            self._at = end
            yield Piece(self._buffer[begin:start], tag, inner, self._buffer[inner_end:end], plain)
            begin = end

    def _true_end(self, start: int) -> tuple[int, int]:
        """Where the content and the element end, comments and CDATA passed over.

        Zero when that is not in the buffer yet.
        """
        for tag in tags(self._buffer, start):
            if tag.closing and tag.name == self._name:
                return tag.start, tag.end
        return 0, 0

    def _more(self, begin: int) -> int:
        """Read on; what stands before `begin` is done with. The new offset of `begin`."""
        chunk = next(self._chunks, b"")
        if not chunk:
            raise NotAWorkbook(
                "The workbook is damaged (a sheet ends in the middle); open it in Excel, save it "
                "again and drop it again."
            )
        self._buffer = self._buffer[begin:] + chunk
        self._at -= begin
        # Of a whole chunk at once, since hardly any sheet has such a thing.
        self._plain = _is_plain(self._buffer, 0)
        return 0

    def _rest(self) -> bytes:
        rest = self._buffer[self._at :] + b"".join(self._chunks)
        self._buffer = b""
        return rest

    def _read_head(self, holder: str) -> tuple[str, bytes, bool]:
        while True:
            for tag in tags(self._buffer):
                if tag.local == holder and not tag.closing:
                    self._at = tag.end
                    return tag.prefix, self._buffer[: tag.end], tag.empty
            self._more(0)


def _is_plain(xml: bytes, start: int) -> bool:
    return xml.find(b"<!", start) < 0 and xml.find(b"<?", start) < 0


@dataclass(slots=True)
class Cell:
    """One cell of a row: its column and where it stands in the row's content."""

    column: int
    start: int
    end: int
    tag: bytes

    @property
    def inner_start(self) -> int:
        """Where its content begins."""
        return self.start + len(self.tag)


class Grid:
    """Reads the rows and cells of one sheet, whatever prefix it writes them with."""

    def __init__(self, prefix: str) -> None:
        name = (prefix + "c").encode()
        self._opening = b"<" + name
        self._usual = re.compile(b"<" + re.escape(name) + rb' +r="([A-Z]{1,3})[0-9]+"')
        self._step = re.compile(
            rb"<!--.*?-->|<!\[CDATA\[.*?\]\]>|<\?.*?\?>"
            rb"|(?P<tag>" + element_pattern(name) + rb")|(?P<end></" + re.escape(name) + rb"\s*>)",
            re.DOTALL,
        )

    @staticmethod
    def number(tag: bytes, before: int) -> int:
        """The number of a row; one that does not say follows the row before it."""
        usual = _ROW_NUMBER.match(tag)
        if usual:
            return int(usual[1])
        written = attributes_of(tag).get("r", "")
        return int(written) if written.isdigit() else before + 1

    def last_column(self, row: Piece) -> int | None:
        """The last column of a row written the usual way; None when its cells must be walked."""
        letters = self._usual.findall(row.inner)
        if not row.plain or len(letters) != row.inner.count(self._opening):
            return None
        return max(map(_NUMBERS.__getitem__, letters), default=0)

    def cells(self, inner: bytes) -> Iterator[Cell]:
        """The cells of a row; one that does not say its column follows the one before it."""
        column = 0
        open_cell: Cell | None = None
        for found in self._step.finditer(inner):
            tag = found["tag"]
            if tag:
                letters = _LETTERS.match(attributes_of(tag).get("r", ""))
                column = column_number(letters[1]) if letters else column + 1
                open_cell = Cell(column, found.start(), found.end(), tag)
                if tag.endswith(b"/>"):
                    yield open_cell
            elif found["end"] and open_cell is not None:
                open_cell.end = found.end()
                yield open_cell
