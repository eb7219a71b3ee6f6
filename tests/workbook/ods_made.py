"""OpenDocument spreadsheets put together from XML."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence

URN = "urn:oasis:names:tc:opendocument:xmlns:"
SPACES = (
    f'xmlns:office="{URN}office:1.0" xmlns:table="{URN}table:1.0" xmlns:text="{URN}text:1.0" '
    f'xmlns:style="{URN}style:1.0" xmlns:number="{URN}datastyle:1.0" '
    'xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0"'
)


def cell(text: str = "", attributes: str = 'office:value-type="string"') -> str:
    """A cell with one paragraph."""
    more = f" {attributes}" if attributes else ""
    inside = f"<text:p>{text}</text:p>" if text else ""
    return f"<table:table-cell{more}>{inside}</table:table-cell>"


def row(*cells: str, attributes: str = "") -> str:
    """A row of cells; those that are no XML yet are texts."""
    more = f" {attributes}" if attributes else ""
    inside = "".join(one if one.startswith("<") else cell(one) for one in cells)
    return f"<table:table-row{more}>{inside}</table:table-row>"


def table(rows: Sequence[str], name: str = "Orders") -> str:
    """A sheet."""
    return f'<table:table table:name="{name}">{"".join(rows)}</table:table>'


def ods(body: str, *, styles: str = "", opening: str = "", spaces: str = SPACES) -> bytes:
    """A workbook of what stands in its spreadsheet."""
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?>{opening}<office:document-content {spaces}>'
        f"<office:automatic-styles>{styles}</office:automatic-styles><office:body>"
        f"<office:spreadsheet>{body}</office:spreadsheet></office:body></office:document-content>"
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        package.writestr("META-INF/manifest.xml", "<manifest/>")
        package.writestr("content.xml", content)
    return out.getvalue()
