"""A small writer of .xlsb files ([MS-XLSB]): no program we have can write them."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
ERRORS = {"#DIV/0!": 0x07, "#REF!": 0x17, "#N/A": 0x2A}


@dataclass(frozen=True, slots=True)
class Made:
    """A cell: its value (text, int, float, bool, None for a blank one, "#N/A" with is_error)."""

    value: object
    style: int = 0
    is_error: bool = False
    is_formula: bool = False
    inline: bool = False
    rich: bool = False
    short: bool = False


@dataclass(frozen=True, slots=True)
class MadeRow:
    """A row: its number from 1, its cells by column from 1."""

    number: int
    cells: Mapping[int, Made]
    hidden: bool = False


def record(kind: int, content: bytes = b"") -> bytes:
    """One record: kind and length in seven bits to a byte."""
    head = bytes((kind,)) if kind < 0x80 else bytes((kind & 0x7F | 0x80, kind >> 7))
    length = len(content)
    while length > 0x7F:
        head += bytes((length & 0x7F | 0x80,))
        length >>= 7
    return head + bytes((length,)) + content


def wide(text: str) -> bytes:
    """A text with its length before it."""
    raw = text.encode("utf-16-le", "surrogatepass")
    return struct.pack("<I", len(raw) // 2) + raw


def xlsb(
    sheets: Mapping[str, Sequence[MadeRow]],
    *,
    codes: Sequence[str] = (),
    merged: Sequence[tuple[int, int, int, int]] = (),
    names: Mapping[str, tuple[int, int]] | None = None,
    since_1904: bool = False,
    before: Sequence[bytes] = (),
) -> bytes:
    """A workbook. `codes`: number formats of styles 1, 2, …; `merged`: rows and columns (top,
    left, bottom, right) from 1 of the first sheet; `names`: to a sheet from 0 and a column from 1.
    """
    texts: dict[str, int] = {}
    parts: dict[str, bytes] = {}
    for place, rows in enumerate(sheets.values()):
        areas = merged if place == 0 else ()
        parts[f"xl/worksheets/sheet{place + 1}.bin"] = _sheet(rows, areas, texts, before)
    parts["xl/workbook.bin"] = _workbook(list(sheets), names or {}, since_1904=since_1904)
    parts["xl/styles.bin"] = _styles(codes)
    strings = b"".join(record(19, b"\0" + wide(text)) for text in texts)
    parts["xl/sharedStrings.bin"] = (
        record(159, struct.pack("<II", len(texts), len(texts))) + strings + record(160)
    )
    targets = [("worksheet", f"worksheets/sheet{n + 1}.bin") for n in range(len(sheets))]
    targets += [("styles", "styles.bin"), ("sharedStrings", "sharedStrings.bin")]
    relations = "".join(
        f'<Relationship Id="rId{n}" Type="{RELATIONS}/{kind}" Target="{target}"/>'
        for n, (kind, target) in enumerate(targets, start=1)
    )
    opening = f'<Relationships xmlns="{PACKAGE}/relationships">'
    parts["xl/_rels/workbook.bin.rels"] = f"{opening}{relations}</Relationships>".encode()
    parts["_rels/.rels"] = (
        f'{opening}<Relationship Id="rId1" Type="{RELATIONS}/officeDocument" '
        'Target="xl/workbook.bin"/></Relationships>'
    ).encode()
    parts["[Content_Types].xml"] = (
        f'<Types xmlns="{PACKAGE}/content-types"><Default Extension="bin" ContentType='
        '"application/vnd.ms-excel.sheet.binary.macroEnabled.main"/></Types>'
    ).encode()
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in parts.items():
            package.writestr(name, content)
    return out.getvalue()


def _workbook(
    sheets: Sequence[str], names: Mapping[str, tuple[int, int]], *, since_1904: bool
) -> bytes:
    bundle = b"".join(
        record(156, struct.pack("<II", 0, n) + wide(f"rId{n}") + wide(sheet))
        for n, sheet in enumerate(sheets, start=1)
    )
    meant = b"".join(struct.pack("<Iii", 0, n, n) for n in range(len(sheets)))
    named = b""
    for name, (sheet, column) in names.items():
        area = struct.pack("<BHIIHH", 0x3B, sheet, 0, 1_048_575, column - 1, column - 1)
        formula = struct.pack("<I", len(area)) + area + struct.pack("<I", 0)
        named += record(39, struct.pack("<IBI", 1, 0, 0xFFFFFFFF) + wide(name) + formula)
    return (
        record(131)
        + record(153, struct.pack("<II", int(since_1904), 0) + wide(""))
        + record(143)
        + bundle
        + record(144)
        + record(353)
        + record(357)
        + record(362, struct.pack("<I", len(sheets)) + meant)
        + record(354)
        + named
        + record(132)
    )


def _styles(codes: Sequence[str]) -> bytes:
    formats = b"".join(
        record(44, struct.pack("<H", 200 + n) + wide(code)) for n, code in enumerate(codes)
    )
    plain = struct.pack("<HH", 0xFFFF, 9) + bytes(12)
    looks = b"".join(
        record(47, struct.pack("<HH", 0, number) + bytes(12))
        for number in (0, *range(200, 200 + len(codes)))
    )
    return (
        record(278)
        + record(615, struct.pack("<I", len(codes)))
        + formats
        + record(616)
        + record(626, struct.pack("<I", 1))
        + record(47, plain)
        + record(627)
        + record(617, struct.pack("<I", 1 + len(codes)))
        + looks
        + record(618)
        + record(279)
    )


def _sheet(
    rows: Sequence[MadeRow],
    merged: Sequence[tuple[int, int, int, int]],
    texts: dict[str, int],
    before: Sequence[bytes],
) -> bytes:
    last = max((row.number for row in rows), default=1)
    widest = max((place for row in rows for place in row.cells), default=1)
    out = record(129) + record(148, struct.pack("<IIII", 0, last - 1, 0, widest - 1))
    out += b"".join(before) + record(145)
    for row in rows:
        flags = 0x10 if row.hidden else 0
        head = struct.pack("<IIHBBB", row.number - 1, 0, 300, 0, flags, 0)
        out += record(0, head + struct.pack("<I", 0))
        out += b"".join(_cell(place, cell, texts) for place, cell in row.cells.items())
    out += record(146)
    if merged:
        out += record(177, struct.pack("<I", len(merged)))
        for top, left, bottom, right in merged:
            out += record(176, struct.pack("<IIII", top - 1, bottom - 1, left - 1, right - 1))
        out += record(178)
    return out + record(130)


def _cell(place: int, cell: Made, texts: dict[str, int]) -> bytes:
    kind, value = _kind_and_value(cell, texts)
    style = struct.pack("<I", cell.style)
    if cell.short:
        return record(kind + 11, style + value)
    if cell.is_formula:
        kind = {5: 9, 6: 8, 4: 10, 3: 11}[kind]
        value += struct.pack("<HII", 0, 0, 0)
    return record(kind, struct.pack("<I", place - 1) + style + value)


def _kind_and_value(  # noqa: PLR0911  # one return to a kind
    cell: Made, texts: dict[str, int]
) -> tuple[int, bytes]:
    value = cell.value
    if value is None:
        return 1, b""
    if cell.is_error:
        return 3, bytes((ERRORS[str(value)],))
    if isinstance(value, bool):
        return 4, bytes((value,))
    if isinstance(value, int) and abs(value) < 1 << 29 and not cell.is_formula:
        return 2, struct.pack("<i", value << 2 | 2)
    if isinstance(value, int | float):
        return 5, struct.pack("<d", value)
    text = str(value)
    if cell.rich:
        return 62, b"\0" + wide(text)
    if cell.inline or cell.is_formula:
        return 6, wide(text)
    return 7, struct.pack("<I", texts.setdefault(text, len(texts)))
