"""Whether a .xls, .xlsb or .ods file has a number format with leading zeros.

calamine gives the numbers of these files without their formats, and 123 may be shown as 00123.
Which cell has the format is not looked for: if there is one, no number is taken for an id.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import BytesIO
from typing import Final
from zipfile import ZipFile

from flows.workbook.kinds import Kind
from flows.workbook.number_formats import zeros_of

_XLS_FORMAT: Final = re.compile(rb"\x1e\x04.{4}([\x01-\xff])\x00([\x00\x01])", re.DOTALL)
"""[MS-XLS] 2.4.126: type and size of the record, number of the format, length, width of signs."""

_XLSB_TEXT: Final = re.compile(rb"([\x02-\xff])\x00\x00\x00(?=(?:[\x20-\x7e]\x00){2})")
_ODS_ZEROS: Final = re.compile(rb"min-integer-digits=[\"'](?![01][\"'])")


def may_show_zeros(content: bytes, kind: Kind) -> bool:
    """Whether some number of the file may be shown with zeros in front, or with signs between."""
    if kind is Kind.XLS:
        return any(zeros_of(code) for code in _xls_codes(content))
    with ZipFile(BytesIO(content)) as package:
        names = package.namelist()
        if kind is Kind.ODS:
            parts = [part for part in ("content.xml", "styles.xml") if part in names]
            return any(_ODS_ZEROS.search(package.read(part)) for part in parts)
        styles = package.read("xl/styles.bin") if "xl/styles.bin" in names else b""
    return any(zeros_of(code) for code in _xlsb_codes(styles))


def _xls_codes(content: bytes) -> Iterator[str]:
    for found in _XLS_FORMAT.finditer(content):
        length = found[1][0]
        if found[2] == b"\0":
            yield content[found.end() : found.end() + length].decode("latin-1")
        else:
            yield content[found.end() : found.end() + 2 * length].decode("utf-16-le", "replace")


def _xlsb_codes(styles: bytes) -> Iterator[str]:
    for found in _XLSB_TEXT.finditer(styles):
        yield styles[found.end() : found.end() + 2 * found[1][0]].decode("utf-16-le", "replace")
