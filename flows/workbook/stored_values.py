"""The results that a workbook keeps beside its formulas.

openpyxl keeps a formula and drops its result, and whoever does not calculate (a preview, a
reader of values, Orderdrop itself when the workbook is dropped again) finds an empty cell. The
results of the source are put back: we changed nothing that they depend on.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from io import BytesIO
from typing import Final
from xml.sax.saxutils import escape
from zipfile import ZIP_DEFLATED, ZipFile

from flows.workbook.parts import StoredValue, book_names, stored_values

_FORMULA_CELL: Final = re.compile(
    r'<c r="(?P<address>[A-Z]+[0-9]+)"(?P<rest>[^>]*)>'
    r"(?P<formula><f\b[^>]*?(?:/>|>.*?</f>))<v\s*(?:/>|></v>)</c>",
    re.DOTALL,
)

Values = Mapping[str, StoredValue]


def with_stored_values(source: bytes, content: bytes) -> bytes:
    """`content` (as openpyxl wrote it) with the results that the formulas of `source` have."""
    with ZipFile(BytesIO(source)) as original:
        by_sheet = {
            name: values
            for name, part in book_names(original).sheets.items()
            if part in original.namelist() and (values := stored_values(original, part))
        }
    if not by_sheet:
        return content
    settled = BytesIO()
    with ZipFile(BytesIO(content)) as package, ZipFile(settled, "w", ZIP_DEFLATED) as out:
        values_of = {
            part: by_sheet[name]
            for name, part in book_names(package).sheets.items()
            if name in by_sheet
        }
        for entry in package.infolist():
            text = package.read(entry)
            if entry.filename in values_of:
                text = _filled(text.decode("utf-8"), values_of[entry.filename]).encode("utf-8")
            out.writestr(entry, text)
    return settled.getvalue()


def _filled(sheet: str, values: Values) -> str:
    def put_back(cell: re.Match[str]) -> str:
        stored = values.get(cell["address"])
        if stored is None:
            return cell[0]
        kind = f' t="{stored.kind}"' if stored.kind else ""
        value = f"<v>{escape(stored.value)}</v>"
        return f'<c r="{cell["address"]}"{cell["rest"]}{kind}>{cell["formula"]}{value}</c>'

    return _FORMULA_CELL.sub(put_back, sheet)
