"""Workbooks put together from XML, as other programs than Excel write them, or nobody."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"

HEADER = ("externalReferenceId", "customerId", "orderType", "offerId", "quantity", "currencyCode")
ORDER = ("PO-1", "P1005053401", "NEW", "65310542CA02A12", "3", "USD")


def text_cell(text: str, address: str = "", more: str = "") -> str:
    """A cell with its text in it."""
    at = f' r="{address}"' if address else ""
    return f'<c{at}{more} t="inlineStr"><is><t>{text}</t></is></c>'


def row_xml(number: int, texts: Sequence[str], more: str = "") -> str:
    """A row of text cells from column A; "" leaves a cell out."""
    cells = "".join(text_cell(t, f"{chr(65 + i)}{number}") for i, t in enumerate(texts) if t)
    return f'<row r="{number}"{more}>{cells}</row>'


def sheet_xml(rows: str, after: str = "", dimension: str = "A1:F2") -> str:
    """A sheet of these rows."""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<worksheet xmlns="{MAIN}">'
        f'<dimension ref="{dimension}"/><sheetData>{rows}</sheetData>{after}</worksheet>'
    )


def orders_xml(rows: str, after: str = "") -> str:
    """A sheet with a header in row 1 and these rows below."""
    return sheet_xml(row_xml(1, HEADER) + rows, after)


def package(
    sheet: str | bytes,
    parts: Mapping[str, str | bytes] | None = None,
    *,
    kind: str = "worksheet",
    properties: str = "",
    folder: str = "xl",
    names: str = "",
) -> bytes:
    """A workbook of one sheet called Orders; `parts` are further parts or others in their place."""
    relations = "".join(
        f'<Relationship Id="r{place}" Type="{RELATIONS}/{what}" Target="{target}"/>'
        for place, (what, target) in enumerate(
            [(kind, "sheet.xml"), ("styles", "styles.xml"), ("sharedStrings", "sharedStrings.xml")]
        )
    )
    inside = {
        "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types"><Override '
        f'PartName="/{folder}/workbook.xml" ContentType="application/vnd.openxmlformats-'
        'officedocument.spreadsheetml.sheet.main+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="r1" '
        f'Type="{RELATIONS}/officeDocument" Target="{folder}/workbook.xml"/></Relationships>',
        f"{folder}/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}">{properties}'
        f'<sheets><sheet name="Orders" sheetId="1" r:id="r0"/></sheets>{names}</workbook>',
        f"{folder}/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}/relationships">'
        f"{relations}</Relationships>",
        f"{folder}/sheet.xml": sheet,
        **(parts or {}),
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as zipped:
        for name, content in inside.items():
            zipped.writestr(name, content)
    return out.getvalue()


def styles_xml(*codes: str) -> str:
    """Cell styles 1, 2, … with these number formats; 0 is General."""
    formats = "".join(
        f'<numFmt numFmtId="{200 + i}" formatCode="{code.replace(chr(34), "&quot;")}"/>'
        for i, code in enumerate(codes)
    )
    looks = "".join(f'<xf numFmtId="{200 + i}"/>' for i in range(len(codes)))
    return (
        f'<styleSheet xmlns="{MAIN}"><numFmts>{formats}</numFmts><cellStyleXfs><xf numFmtId="9"/>'
        f'</cellStyleXfs><cellXfs><xf numFmtId="0"/>{looks}</cellXfs></styleSheet>'
    )
