"""Files that are broken, harmful or something else: one sentence, little memory, no harm."""

from __future__ import annotations

import io
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from flows.workbook.errors import NoOrderSheet, WorkbookError
from flows.workbook.read import read_content
from tests.workbook.ods_made import cell, ods, row, table
from tests.workbook.raw import HEADER, MAIN, ORDER, orders_xml, package, row_xml
from tests.workbook.test_kinds import facts_xlsb
from tests.workbook.xlsb_made import Made, MadeRow, record, xlsb

GOOD = package(orders_xml(row_xml(2, ORDER)))
AGAIN = "open it in Excel, save it again and drop it again."
SAVE = "open it in Excel and save it as .xlsx."
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def zipped(**parts: str | bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in parts.items():
            package.writestr(name, content)
    return out.getvalue()


def compound(stream: str) -> bytes:
    """The beginning of a compound file with one stream in its directory."""
    entry = stream.encode("utf-16-le").ljust(64, b"\0") + struct.pack("<H", 2 * len(stream) + 2)
    return OLE + bytes(504) + entry.ljust(512, b"\0")


def lying(content: bytes, part: str, size: int) -> bytes:
    """The zip with another unpacked size in its directory and before the part."""
    raw = bytearray(content)
    name = part.encode()
    directory = raw.index(b"PK\x01\x02")
    while raw[directory + 46 : directory + 46 + len(name)] != name:
        directory = raw.index(b"PK\x01\x02", directory + 1)
    raw[directory + 24 : directory + 28] = size.to_bytes(4, "little")
    start = int.from_bytes(raw[directory + 42 : directory + 46], "little")
    raw[start + 22 : start + 26] = size.to_bytes(4, "little")
    return bytes(raw)


def with_flag(content: bytes) -> bytes:
    """The zip with its first part marked as encrypted."""
    raw = bytearray(content)
    raw[raw.index(b"PK\x01\x02") + 8] |= 1
    raw[6] |= 1
    return bytes(raw)


def bomb(megabytes: int) -> bytes:
    blanks = " " * (megabytes << 20)
    return package(orders_xml(row_xml(2, ORDER) + blanks))


def flipped(content: bytes) -> bytes:
    """One byte of the sheet changed on its way, as a bad disk does."""
    raw = bytearray(content)
    raw[raw.index(b"xl/sheet.xml") + 60] ^= 0xFF
    return bytes(raw)


XLS = (Path(__file__).parent / "files" / "facts.xls").read_bytes()
ODS = (Path(__file__).parent / "files" / "facts.ods").read_bytes()
WRITE_ACCESS, FILE_PASS = b"\x5c\x00\x70\x00", b"\x2f\x00\x70\x00"


def renamed_record(content: bytes, old: bytes, new: bytes) -> bytes:
    """An .xls with one record made another, by kind and length."""
    assert content.count(old) == 1
    return content.replace(old, new)


def with_part(content: bytes, part: str, change: Callable[[bytes], bytes | None]) -> bytes:
    """A package with one part changed, or left out for None."""
    source = zipfile.ZipFile(io.BytesIO(content))
    parts = {name: source.read(name) for name in source.namelist()}
    changed = change(parts.pop(part))
    return zipped(**parts, **({} if changed is None else {part: changed}))


ENTITIES = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'
DOCTYPE = (
    "x.xlsx holds a DOCTYPE, which no workbook has and which can do harm; nothing of it was "
    f"read; {AGAIN}"
)
PASSWORD = (
    "x.xlsx is protected by a password; save it without one (File, Info, Protect Workbook, "
    "Encrypt with Password: empty the box) and drop it again."
)
DAMAGED = f"x.xlsx is damaged (perhaps copied only in part); {AGAIN}"
STRICT = orders_xml(row_xml(2, ORDER)).replace(
    MAIN, "http://purl.oclc.org/ooxml/spreadsheetml/main"
)
STRICT_BOOK = (
    '<workbook xmlns="http://purl.oclc.org/ooxml/spreadsheetml/main" xmlns:r="'
    'http://purl.oclc.org/ooxml/officeDocument/relationships" conformance="strict"><sheets>'
    '<sheet name="Orders" sheetId="1" r:id="r0"/></sheets></workbook>'
)
NO_SHEET = (
    "No sheet of x.xlsx looks like an order sheet: no row names columns such as "
    "externalReferenceId, customerId and offerId. Put these names above the orders."
)
NOT_STRICT = (
    "x.xlsx was saved as a Strict Open XML workbook; save it as an ordinary Excel workbook "
    "(.xlsx) and drop it again."
)
BOMB = (
    "x.xlsx would unpack to more than 200 times its size, as no workbook does; nothing of it "
    f"was read; {AGAIN}"
)
NOT_ONE = f"x.xlsx is not an Excel workbook, whatever its name says; {SAVE}"
PICTURE = "x.xlsx is a picture and no workbook, whatever its name says."

CASES: dict[str, tuple[Callable[[], bytes], str]] = {
    "nothing": (lambda: b"", "x.xlsx is empty (0 bytes); save it in Excel again."),
    "password": (lambda: compound("EncryptedPackage"), PASSWORD),
    "encrypted part": (lambda: with_flag(GOOD), PASSWORD),
    "encrypted ods": (
        lambda: zipped(
            **{
                "mimetype": "application/vnd.oasis.opendocument.spreadsheet",
                "META-INF/manifest.xml": "<manifest:encryption-data/>",
            }
        ),
        PASSWORD,
    ),
    "another compound file": (
        lambda: compound("WordDocument"),
        f"x.xlsx is damaged or no Excel workbook; {AGAIN}",
    ),
    "an old workbook cut off": (
        lambda: compound("Workbook"),
        DAMAGED,
    ),
    "cut off": (lambda: GOOD[: len(GOOD) // 2], DAMAGED),
    "a changed byte": (lambda: flipped(GOOD), DAMAGED),
    "html": (
        lambda: b"\xef\xbb\xbf \n<html><table><tr><td>a</td></tr></table></html>",
        f"x.xlsx is a web page or an XML file, whatever its name says; {SAVE}",
    ),
    "pdf": (
        lambda: b"%PDF-1.7\n",
        "x.xlsx is a PDF file and no workbook, whatever its name says.",
    ),
    "png": (lambda: b"\x89PNG\r\n\x1a\n", PICTURE),
    "jpeg": (lambda: b"\xff\xd8\xff\xe0", PICTURE),
    "noise": (lambda: bytes(range(1, 255)), NOT_ONE),
    "one word": (lambda: b"hello", NOT_ONE),
    "docx": (
        lambda: zipped(**{"word/document.xml": "<x/>"}),
        f"x.xlsx is a Word document, whatever its name says; {SAVE}",
    ),
    "some zip": (
        lambda: zipped(readme="hello"),
        f"x.xlsx is not an Excel workbook but a zip of something else; {SAVE}",
    ),
    "doctype in the sheet": (
        lambda: package(ENTITIES + orders_xml("").partition("?>")[2]),
        DOCTYPE,
    ),
    "doctype in a part nobody reads": (
        lambda: package(orders_xml(""), {"xl/drawings/d.xml": ENTITIES + "<x>&b;</x>"}),
        DOCTYPE,
    ),
    "doctype in UTF-16": (
        lambda: package(orders_xml(""), {"xl/d.xml": (ENTITIES + "<x/>").encode("utf-16")}),
        DOCTYPE,
    ),
    "doctype far behind": (
        lambda: package(orders_xml(""), {"a.xml": " " * ((1 << 20) - 4) + "<!DOCTYPE x><x/>"}),
        DOCTYPE,
    ),
    "bomb": (
        lambda: bomb(200),
        BOMB,
    ),
    "bomb that says so": (
        lambda: lying(GOOD, "xl/sheet.xml", 0xF0000000),
        "x.xlsx would unpack to more than 2 GB; nothing of it was read.",
    ),
    "bomb that hides it": (lambda: lying(bomb(200), "xl/sheet.xml", 4000), DAMAGED),
    "strict": (
        lambda: package(STRICT, {"xl/workbook.xml": STRICT_BOOK}),
        NOT_STRICT,
    ),
    "no sheets": (
        lambda: package("", {"xl/workbook.xml": f'<workbook xmlns="{MAIN}"><sheets/></workbook>'}),
        NO_SHEET,
    ),
    "a chart sheet only": (lambda: package("<chartsheet/>", kind="chartsheet"), NO_SHEET),
    "a sheet whose part is missing": (
        lambda: package("", {"xl/_rels/workbook.xml.rels": "<Relationships/>"}),
        NO_SHEET,
    ),
    "a sheet that is no XML": (
        lambda: package("<worksheet><sheetData><row r="),
        f"The workbook is damaged or holds something no Excel workbook holds; {AGAIN}",
    ),
    "a shared text that does not end": (
        lambda: package(orders_xml(row_xml(2, ORDER)), {"xl/sharedStrings.xml": "<sst><si><t>"}),
        f"The workbook is damaged or holds something no Excel workbook holds; {AGAIN}",
    ),
}


CASES |= {
    "an .xls with a password": (lambda: renamed_record(XLS, WRITE_ACCESS, FILE_PASS), PASSWORD),
    "an .xls cut off": (
        lambda: XLS[:7000],
        f"x.xlsx is damaged or no Excel workbook; {AGAIN}",
    ),
    "an .xls of many megabytes": (
        lambda: XLS + bytes(48 << 20),
        "x.xlsx has more than 48 MB, more than an .xls file of orders needs; " + SAVE,
    ),
    "an .xlsb whose sheet ends early": (
        lambda: with_part(facts_xlsb(), "xl/worksheets/sheet1.bin", lambda sheet: sheet[:-2]),
        DAMAGED,
    ),
    "an .xlsb without its sheet": (
        lambda: with_part(facts_xlsb(), "xl/worksheets/sheet1.bin", lambda _: None),
        DAMAGED,
    ),
    "an .xlsb with a text that is not there": (
        lambda: with_part(facts_xlsb(), "xl/sharedStrings.bin", lambda _: b""),
        DAMAGED,
    ),
    "an .ods without its content": (
        lambda: zipped(mimetype="application/vnd.oasis.opendocument.spreadsheet"),
        DAMAGED,
    ),
    "an .ods that is no XML": (
        lambda: with_part(ODS, "content.xml", lambda content: content[:5000]),
        DAMAGED,
    ),
}


def ods_of(*rows: str, styles: str = "", opening: str = "") -> bytes:
    """An .ods of one order and what is said here."""
    return ods(table([row(*HEADER), row(*ORDER), *rows]), styles=styles, opening=opening)


def xlsb_of(rows: bytes = b"", behind: bytes = b"", texts: bytes = b"") -> bytes:
    """An .xlsb of one order, and records behind it, below its rows and among the shared texts."""
    made = [
        MadeRow(n, {place: Made(text) for place, text in enumerate(texts, start=1)})
        for n, texts in enumerate((HEADER, ORDER), start=1)
    ]
    end, last = record(146), record(160)
    with_rows = with_part(
        xlsb({"Orders": made}),
        "xl/worksheets/sheet1.bin",
        lambda sheet: sheet.replace(end, rows + end + behind),
    )
    return with_part(
        with_rows, "xl/sharedStrings.bin", lambda part: part.replace(last, texts + last)
    )


BY_ELEMENTS = "<?any program may write this?>"
EMPTY_ROWS = (
    "x.xlsx holds more than 500,000 empty rows and cells one by one; keep only the orders in it, "
    f"or {SAVE}"
)
UNUSUAL = f"x.xlsx is too large to be read in the unusual way in which it is written; {SAVE}"
TOO_LONG = (
    "A cell holds a text of more than 262,136 characters, and one of Excel holds 32,767 at most; "
    "shorten it and drop the file again."
)
NOT_EXCEL = f"The workbook is damaged or holds something no Excel workbook holds; {AGAIN}"
FILLED_UP = (
    "x.xlsx is filled up with millions of empty cells or other records that show nothing; keep "
    f"only the orders in it, or {SAVE}"
)
UNMERGE = (
    "A sheet has more than 100,000 merged cells; unmerge them (Home, Merge & Center) and drop it "
    "again."
)

TOO_MANY_SHEETS = (
    "x.xlsx holds too many sheets to look for the orders on all of them; keep only the order "
    "sheet in it and drop it again."
)
TOO_MANY_TEXTS = (
    "x.xlsx holds more than 2,000,000 different texts, or more than 96 MB of them; keep only "
    f"the orders in it, or {SAVE}"
)

# Each is small enough for the rule on what a zip may unpack to.
TRAPS: dict[str, tuple[Callable[[], bytes], str]] = {
    "an .ods of empty rows one by one": (
        lambda: ods_of("<table:table-row/>" * 600_000),
        EMPTY_ROWS,
    ),
    "an .ods of empty cells one by one": (
        lambda: ods_of(
            ("<table:table-row>" + "<table:table-cell/>" * 99 + "</table:table-row>") * 6_000
        ),
        EMPTY_ROWS,
    ),
    "an .ods of comments": (lambda: ods_of("<!---->" * 600_000), EMPTY_ROWS),
    "an .ods nested without end": (
        lambda: ods_of(row("<text:span>" * 200_000 + "x" + "</text:span>" * 200_000)),
        NOT_EXCEL,
    ),
    "an .ods whose one row holds more cells than a row of Excel": (
        lambda: ods_of(row(*["x"] * 33_000)),
        NOT_EXCEL,
    ),
    "an .ods with a text without end": (lambda: ods_of(row("ab c" * 100_000)), TOO_LONG),
    "an .ods with blanks without end": (
        lambda: ods_of(row(cell('<text:s text:c="32767"/>' * 9))),
        TOO_LONG,
    ),
    "a large .ods in an unusual shape": (
        lambda: ods_of(row(*[cell("x", "")] * 100) * 5_200, opening=BY_ELEMENTS),
        UNUSUAL,
    ),
    "an .ods of sheets": (
        lambda: ods("".join(table([row("x")] * 100, f"S{n}") for n in range(1_000))),
        TOO_MANY_SHEETS,
    ),
    "an .xlsb of unknown records": (lambda: xlsb_of(record(127) * 1_100_000), FILLED_UP),
    "an .xlsb of merged cells": (
        lambda: xlsb_of(behind=record(176, struct.pack("<IIII", 3, 3, 1, 1)) * 100_001),
        UNMERGE,
    ),
    "an .xlsx of merged cells": (
        lambda: package(
            orders_xml(
                row_xml(2, ORDER),
                "".join(("<mergeCells>", *['<mergeCell ref="B5:B6"/>'] * 100_001, "</mergeCells>")),
            )
        ),
        UNMERGE,
    ),
    "an .xlsb of shared texts": (
        lambda: xlsb_of(texts=record(19, bytes(5)) * 2_100_000),
        TOO_MANY_TEXTS,
    ),
}
CASES |= TRAPS


@pytest.mark.parametrize("case", CASES)
def test_what_cannot_be_read_is_one_sentence(case: str) -> None:
    make, sentence = CASES[case]
    with pytest.raises(WorkbookError) as caught:
        read_content(make(), "x.xlsx")
    assert str(caught.value) == sentence
    assert caught.value.exit_code == 2


MEASURE = """
import resource, sys
from pathlib import Path
from flows.workbook.errors import WorkbookError
from flows.workbook.read import read_content

def most_megabytes():
    # The figure of getrusage begins with what the parent process had.
    status = Path("/proc/self/status")
    if status.exists():
        (line,) = [line for line in status.read_text().splitlines() if "VmHWM" in line]
        return int(line.split()[1]) >> 10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 20

try:
    print(len(read_content(Path(sys.argv[1]).read_bytes(), "x.xlsx").frame))
except WorkbookError as error:
    print(type(error).__name__)
print(most_megabytes())
"""


def measured(content: bytes, folder: Path) -> tuple[str, int]:
    """What reading says in a process of its own, and its megabytes at most, pandas included."""
    path = folder / "x.xlsx"
    path.write_bytes(content)
    ran = subprocess.run(
        [sys.executable, "-c", MEASURE, path], capture_output=True, text=True, check=True
    )
    said, peak = ran.stdout.split()
    return said, int(peak)


def ghosts() -> bytes:
    """A row of orders, and formatting down to the last row of Excel."""
    rows = "".join(
        f'<row r="{n}" spans="1:6" s="1" customFormat="1" ht="15"/>' for n in range(3, 1_048_577)
    )
    return package(orders_xml(row_xml(2, ORDER) + rows))


def ghost_cells() -> bytes:
    """The same with formatted cells in each row."""
    rows = "".join(
        f'<row r="{n}"><c r="A{n}" s="1"/><c r="B{n}" s="1"/></row>' for n in range(3, 500_000)
    )
    return package(orders_xml(row_xml(2, ORDER) + rows))


def far_apart() -> bytes:
    """Two cells at the two ends of a sheet: a rectangle of seventeen thousand million."""
    far = '<row r="1048576"><c r="XEA1048576"><v>1</v></c></row>'
    return package(orders_xml(row_xml(2, ORDER) + far))


def one_endless_row() -> bytes:
    """Noise that packs badly, so that no rule on sizes stops it: a row of 20 MB."""
    cells = "".join(f'<c r="A2" s="{n * 7919 % 99991}"/>' for n in range(900_000))
    return package(orders_xml(f'<row r="2">{cells}</row>'))


def ghosts_xlsb() -> bytes:
    """A row of orders, and a formatted cell in every other row of Excel."""
    rows = [
        MadeRow(n, {place: Made(text) for place, text in enumerate(texts, start=1)})
        for n, texts in enumerate((HEADER, ORDER), start=1)
    ]
    head = struct.pack("<IIHBBBI", 0, 0, 300, 0, 0, 0, 0)[4:]
    ghost = record(1, struct.pack("<II", 0, 0))
    rest = b"".join(record(0, struct.pack("<I", n) + head) + ghost for n in range(2, 1_048_576))
    return with_part(
        xlsb({"Orders": rows}),
        "xl/worksheets/sheet1.bin",
        lambda sheet: sheet.replace(record(146), rest + record(146)),
    )


def filled_down_ods() -> bytes:
    """A row of orders, and a column filled down to the last row."""
    filled = row(
        *[cell(attributes="")] * 6, "yes", attributes='table:number-rows-repeated="1048574"'
    )
    return ods(table([row(*HEADER), row(*ORDER), filled]))


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (ghosts, "1"),
        (ghost_cells, "1"),
        (far_apart, "1"),
        (lambda: bomb(200), "NotAWorkbook"),
        (lambda: lying(bomb(200), "xl/sheet.xml", 4000), "NotAWorkbook"),
        (one_endless_row, "NotAWorkbook"),
        (ghosts_xlsb, "1"),
        (filled_down_ods, "1"),
        *((make, "NotAWorkbook") for make, _ in TRAPS.values()),
    ],
)
def test_memory_stays_small_whatever_the_file_says(
    make: Callable[[], bytes], said: str, tmp_path: Path
) -> None:
    answer, peak = measured(make(), tmp_path)
    assert answer == said
    assert peak < 300


def test_a_workbook_at_an_unusual_path_is_read() -> None:
    content = package(orders_xml(row_xml(2, ORDER)), folder="data/book")
    assert len(read_content(content, "x.xlsx").frame) == 1


def test_links_to_other_workbooks_are_not_followed() -> None:
    link = (
        '<Relationships><Relationship Id="r1" Type="http://x/externalLinkPath" '
        'Target="file:///etc/passwd" TargetMode="External"/></Relationships>'
    )
    content = package(
        orders_xml(row_xml(2, ORDER)), {"xl/externalLinks/_rels/externalLink1.xml.rels": link}
    )
    assert len(read_content(content, "x.xlsx").frame) == 1


def test_a_sheet_that_stands_outside_the_file_is_none() -> None:
    outside = (
        '<Relationships><Relationship Id="r0" Type="http://x/worksheet" Target="file:///a.xml" '
        'TargetMode="External"/></Relationships>'
    )
    with pytest.raises(NoOrderSheet):
        read_content(package("", {"xl/_rels/workbook.xml.rels": outside}), "x.xlsx")


def test_macros_are_left_where_they_are() -> None:
    content = package(orders_xml(row_xml(2, ORDER)), {"xl/vbaProject.bin": OLE + b"\0" * 100})
    assert len(read_content(content, "x.xlsm").frame) == 1
