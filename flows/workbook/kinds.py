"""What a file is, by its bytes and not by its name; and nothing harmful unpacked on the way."""

from __future__ import annotations

from enum import StrEnum
from io import BytesIO
from typing import Final
from zipfile import ZipFile, ZipInfo

from flows.workbook.csv_text import looks_like_table
from flows.workbook.errors import NotAWorkbook
from flows.workbook.xml_parts import BROKEN, PIECE

LARGEST: Final = 2 << 30
"""Bytes that all parts together may unpack to."""

SUSPECT_FROM: Final = 32 << 20
MOST_TIMES: Final = 200
"""A part of more than SUSPECT_FROM bytes does not unpack to more than so many times its size:
sheets of formatted empty rows, which pack best, stay below a fifth of it.
"""

_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_SAVE: Final = "open it in Excel and save it as .xlsx"
_AGAIN: Final = "open it in Excel, save it again and drop it again"

_TYPES: Final = "[Content_Types].xml"
_OTHERS: Final = (
    (b"%PDF", "a PDF file"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"{\\rtf", "a text document"),
    (b"7z\xbc\xaf", "a packed folder"),
    (b"Rar!", "a packed folder"),
    (b"\x1f\x8b", "a packed file"),
)
_DOCTYPES: Final = tuple(
    "<!DOCTYPE".encode(encoding) for encoding in ("utf-8", "utf-16-le", "utf-16-be")
)
_OFFICE: Final = (
    ("word/document.xml", "a Word document"),
    ("ppt/presentation.xml", "a PowerPoint presentation"),
)


class Kind(StrEnum):
    """The kinds of files that orders are read from. .xlsm is XLSX with macros in it."""

    XLSX = "xlsx"
    XLSB = "xlsb"
    XLS = "xls"
    ODS = "ods"
    CSV = "csv"


def kind_of(content: bytes, name: str, *, seen_before: bool = False) -> Kind:
    """What the bytes are. Raises NotAWorkbook, with what they are instead where that is known.

    seen_before: they were asked about already, so that not every part is unpacked once more.
    """
    if not content:
        raise NotAWorkbook(f"{name} is empty (0 bytes); save it in Excel again.")
    if content.startswith(_OLE):
        return _kind_of_compound(content, name)
    if content.startswith(b"PK"):
        seen = ZipFile(BytesIO(content)) if seen_before else open_zip(content, name)
        with seen as package:
            return _kind_of_zip(package, name)
    for start, what in _OTHERS:
        if content.startswith(start):
            raise NotAWorkbook(f"{name} is {what} and no workbook, whatever its name says.")
    if content.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"<":
        raise NotAWorkbook(f"{name} is a web page or an XML file, whatever its name says; {_SAVE}.")
    if looks_like_table(content):
        return Kind.CSV
    raise NotAWorkbook(f"{name} is not an Excel workbook, whatever its name says; {_SAVE}.")


def _kind_of_compound(content: bytes, name: str) -> Kind:
    """Old Excel files, and new ones with a password, are both compound files of streams."""
    if _stream(content, "EncryptedPackage"):
        raise password(name)
    if _stream(content, "Workbook") or _stream(content, "Book"):
        return Kind.XLS
    raise NotAWorkbook(f"{name} is damaged or no Excel workbook; {_AGAIN}.")


def _stream(content: bytes, stream: str) -> bool:
    # A directory entry: the name in 64 bytes of UTF-16, then its length in bytes with the end.
    length = 2 * len(stream) + 2
    return stream.encode("utf-16-le").ljust(64, b"\0") + length.to_bytes(2, "little") in content


def ending_of(content: bytes) -> str:
    """The ending of the workbook that holds the answers to these bytes: ".xlsx" or ".xlsm".

    Macros stay with their workbook, and Excel opens them under no other ending; every other kind
    of file is answered in an .xlsx.
    """
    try:
        with ZipFile(BytesIO(content)) as package, package.open(_TYPES) as stream:
            types = stream.read(PIECE)
    except (*BROKEN, KeyError):
        return ".xlsx"
    return ".xlsm" if b"macroEnabled.main" in types and b"sheet.binary." not in types else ".xlsx"


def password(name: str) -> NotAWorkbook:
    """Said of every kind of file that only a password opens."""
    return NotAWorkbook(
        f"{name} is protected by a password; save it without one (File, Info, Protect Workbook, "
        "Encrypt with Password: empty the box) and drop it again."
    )


def _kind_of_zip(package: ZipFile, name: str) -> Kind:
    names = set(package.namelist())
    if "mimetype" in names and package.read("mimetype").startswith(
        b"application/vnd.oasis.opendocument.spreadsheet"
    ):
        if b"encryption-data" in _member(package, "META-INF/manifest.xml"):
            raise password(name)
        return Kind.ODS
    for part, what in _OFFICE:
        if part in names:
            raise NotAWorkbook(f"{name} is {what}, whatever its name says; {_SAVE}.")
    types = _member(package, _TYPES)
    if b"sheet.binary." in types:
        return Kind.XLSB
    if "xl/workbook.xml" in names or b"sheet.main+xml" in types or b"macroEnabled.main" in types:
        return Kind.XLSX
    raise NotAWorkbook(f"{name} is not an Excel workbook but a zip of something else; {_SAVE}.")


def _member(package: ZipFile, part: str) -> bytes:
    return package.read(part) if part in package.namelist() else b""


def open_zip(content: bytes, name: str) -> ZipFile:
    """The zip, every part of it unpacked once to see that it can be and does no harm.

    Sizes are counted while unpacking: the directory of a zip can lie. Raises NotAWorkbook.
    """
    try:
        package = ZipFile(BytesIO(content))
    except BROKEN:
        raise not_whole(name) from None
    parts = package.infolist()
    if any(part.flag_bits & 1 for part in parts):
        raise password(name)
    if sum(part.file_size for part in parts) > LARGEST:
        raise NotAWorkbook(f"{name} would unpack to more than 2 GB; nothing of it was read.")
    for part in parts:
        _check_part(package, part, name)
    return package


def _check_part(package: ZipFile, part: ZipInfo, name: str) -> None:
    if part.file_size > SUSPECT_FROM and part.file_size > MOST_TIMES * part.compress_size:
        raise NotAWorkbook(
            f"{name} would unpack to more than {MOST_TIMES} times its size, as no workbook does; "
            f"nothing of it was read; {_AGAIN}."
        )
    tail = b""
    try:
        # A part that is longer than the directory says ends here with a wrong checksum.
        with package.open(part) as stream:
            while chunk := stream.read(PIECE):
                if any(doctype in tail + chunk for doctype in _DOCTYPES):
                    raise NotAWorkbook(
                        f"{name} holds a DOCTYPE, which no workbook has and which can do harm; "
                        f"nothing of it was read; {_AGAIN}."
                    )
                tail = chunk[-32:]
    except BROKEN:
        raise not_whole(name) from None


def not_whole(name: str) -> NotAWorkbook:
    """Said of every kind of file that breaks off or does not hang together."""
    return NotAWorkbook(f"{name} is damaged (perhaps copied only in part); {_AGAIN}.")
