"""`python -m tests.bench.reading`: what reading a workbook costs.

Processor seconds of calamine's `iter_rows` alone, of reading, and of reading, validating and
grouping, on the same sheet of 14 columns (texts shared, and texts in the cells), each in a process
of its own with its peak memory, of which pandas and the rest of what is imported take some 100 MB.
Ratios are to calamine in the same minute.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from python_calamine import CalamineWorkbook

from flows.ordering.group import group
from flows.workbook.read import read_content
from schemas.order_sheet import SheetLimits, check_rows
from tests.bench.apart import machine, report, run_apart
from tests.workbook.raw import MAIN, PACKAGE, package

MODULE = "tests.bench.reading"
SMALL = os.environ.get("SIZE") == "small"
ROWS = (5_000,) if SMALL else (100_000, 1_048_575)
ROUNDS = {5_000: 1, 100_000: 5, 1_048_575: 1}

STYLES = (
    f'<styleSheet xmlns="{MAIN}"><fonts count="1"><font><sz val="11"/><name val="Calibri"/></font>'
    '</fonts><fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill '
    'patternType="gray125"/></fill></fills><borders count="1"><border/></borders><cellStyleXfs '
    'count="1"><xf/></cellStyleXfs><cellXfs count="1"><xf xfId="0"/></cellXfs><cellStyles>'
    '<cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
)
HEADER = (
    "externalReferenceId",
    "customerId",
    "orderType",
    "offerId",
    "quantity",
    "currencyCode",
    "extLineItemNumber",
    "deploymentId",
    "discountCode",
    "Cost centre",
    "Note",
    "Requested",
    "approve",
    "Price",
)


def values(row: int) -> tuple[str | float | None, ...]:
    """An order row: four to an order, some cells empty, some the user's own."""
    return (
        f"PO-{row // 4}",
        f"P10{row // 4 % 5000:07d}",
        "NEW",
        "65310542CA02A12",
        row % 9 + 1,
        "USD",
        row % 4 + 1,
        None,
        None,
        4711,
        f"note {row % 100}",
        45000 + row % 300,
        None,
        12.5,
    )


def workbook(rows: int, *, shared: bool) -> bytes:
    """A workbook of a header and so many order rows."""
    strings: dict[str, int] = {}

    def cell(letter: str, number: int, value: str | float | None) -> str:
        if value is None:
            return f'<c r="{letter}{number}" s="0"/>'
        if not isinstance(value, str):
            return f'<c r="{letter}{number}"><v>{value}</v></c>'
        if shared:
            place = strings.setdefault(value, len(strings))
            return f'<c r="{letter}{number}" t="s"><v>{place}</v></c>'
        return f'<c r="{letter}{number}" t="inlineStr"><is><t>{value}</t></is></c>'

    def lines() -> Iterator[str]:
        yield f'<worksheet xmlns="{MAIN}"><sheetData>'
        for number in range(1, rows + 2):
            found = HEADER if number == 1 else values(number - 2)
            cells = zip("ABCDEFGHIJKLMN", found, strict=True)
            inside = "".join(cell(letter, number, value) for letter, value in cells)
            yield f'<row r="{number}" spans="1:14">{inside}</row>'
        yield "</sheetData></worksheet>"

    sheet = "".join(lines())
    texts = "".join(f"<si><t>{text}</t></si>" for text in strings)
    kinds = {"workbook": "sheet.main", "sheet": "worksheet"}
    kinds |= {part: part for part in ("styles", "sharedStrings")}
    overrides = "".join(
        f'<Override PartName="/xl/{part}.xml" ContentType="application/vnd.openxmlformats-'
        f'officedocument.spreadsheetml.{kind}+xml"/>'
        for part, kind in kinds.items()
    )
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types"><Default Extension="rels" '
        f'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>{overrides}'
        "</Types>",
        "xl/sharedStrings.xml": f'<sst xmlns="{MAIN}">{texts}</sst>',
        "xl/styles.xml": STYLES,
    }
    return package(sheet, parts)


def by_calamine(content: bytes) -> int:
    """calamine alone, its rows thrown away."""
    sheet = CalamineWorkbook.from_filelike(BytesIO(content)).get_sheet_by_index(0)
    return sum(1 for _ in sheet.iter_rows()) - 1


def by_reading(content: bytes) -> int:
    """Reading."""
    return len(read_content(content, "bench.xlsx").frame)


def by_all(content: bytes) -> int:
    """Reading, validating and grouping."""
    read = read_content(content, "bench.xlsx")
    faults = (*read.faults, *check_rows(read.frame, read.layout, SheetLimits()))
    grouping = group(read.frame, faults, read.layout)
    assert not grouping.held
    return sum(len(order.lines) for order in grouping.orders)


WAYS = {"calamine": by_calamine, "read": by_reading, "all": by_all}
TITLES = {
    "calamine": "calamine, iter_rows",
    "read": "read",
    "all": "read, validate and group",
}


def once(way: str, path: Path) -> None:
    """Run one way in this process and print what it took; imports are not counted."""
    WAYS[way](workbook(1, shared=True))
    content = path.read_bytes()
    before = time.process_time()
    rows = WAYS[way](content)
    report(rows, time.process_time() - before)


def main() -> None:
    """Measure and print."""
    print(f"{machine()}; 14 columns")
    print(f"{'':52}{'CPU s':>9}{'ratio':>8}{'MB':>8}")
    with tempfile.TemporaryDirectory() as folder:
        for rows in ROWS:
            for shared in (True, False):
                path = Path(folder) / "bench.xlsx"
                path.write_bytes(workbook(rows, shared=shared))
                _measure(path, rows, "shared texts" if shared else "texts in cells")


def _measure(path: Path, rows: int, texts: str) -> None:
    with zipfile.ZipFile(path) as package:
        size = sum(part.file_size for part in package.infolist()) >> 20
    print(f"{rows:,} rows, {texts}, {size} MB of XML")
    alone = run_apart(MODULE, "calamine", path, rows, ROUNDS[rows])
    for way in WAYS:
        found = alone if way == "calamine" else run_apart(MODULE, way, path, rows, ROUNDS[rows])
        ratio = found.processor / alone.processor
        print(f"  {TITLES[way]:50}{found.processor:9.2f}{ratio:8.2f}{found.megabytes:8}")


if __name__ == "__main__":
    if len(sys.argv) == 3:
        once(sys.argv[1], Path(sys.argv[2]))
    else:
        main()
