"""Workbooks written by hand, with what other programs write and openpyxl never does."""

from __future__ import annotations

import random
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO

from schemas.sheet_layout import SheetLayout, column_letters

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
LINKS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
SHEET = "xl/worksheets/sheet1.xml"
HEADER = ("externalReferenceId", "customerId", "offerId", "quantity", "Remarks")
COLUMNS = {name: place for place, name in enumerate(HEADER[:4], start=1)}
DRAWING_TYPES = "application/vnd.openxmlformats-officedocument."
DRAWN = f'<drawing xmlns:r="{LINKS}" r:id="rId1"/>'
DECLARATION = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'

STYLES = (
    '<styleSheet xmlns="{main}"><numFmts count="1"><numFmt numFmtId="170" formatCode="0.0"/>'
    '</numFmts><fonts count="2"><font><sz val="10"/><name val="Arial"/></font>'
    '<font><b/><sz val="14"/><name val="Georgia"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill>'
    '<fill><patternFill patternType="gray125"/></fill></fills>'
    '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    '<cellXfs count="3"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    '<xf numFmtId="49" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1">'
    '<alignment vertical="top"/></xf>'
    '<xf borderId="0" fillId="0" fontId="0" numFmtId="170" xfId="0"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles>'
    '<dxfs count="0"/></styleSheet>'
)


@dataclass(frozen=True, slots=True)
class Features:
    """What a workbook is to have; `seed` shuffles the order of attributes and the quotes."""

    seed: int = 0
    rows: int = 3
    prefix: str = ""
    addresses: bool = True
    blank_rows: bool = False
    heights: bool = False
    styles: bool = True
    bom: bool = False
    remarks_cdata: bool = False
    blanks_beyond: bool = False
    dimension: str = "A1:E4"
    cols: str = ""
    table: bool = False
    totals: bool = False
    filtered: bool = False
    print_area: bool = False
    notes: bool = False
    threaded: bool = False
    merged: bool = False
    second_open: bool = False
    quantities: bool = True
    extras: bool = False
    charts: bool = False


def layout_of(features: Features) -> SheetLayout:
    """The layout that reading would find."""
    last = 1 + features.rows
    return SheetLayout(
        sheet="My orders",
        header_row=1,
        last_row=last,
        last_column=5,
        columns=COLUMNS,
        titles={name: name for name in COLUMNS},
        left_alone=(last + 1,) if features.totals else (),
    )


def made(features: Features) -> bytes:
    """The workbook."""
    return packed(_Hand(features).parts())


def packed(parts: dict[str, bytes]) -> bytes:
    """Parts as a workbook."""
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in parts.items():
            package.writestr(name, content)
    return out.getvalue()


class _Hand:
    def __init__(self, features: Features) -> None:
        self.f = features
        self.dice = random.Random(features.seed)  # noqa: S311

    def tag(self, name: str, attributes: dict[str, str | None], *, empty: bool = False) -> str:
        pairs = [(key, value) for key, value in attributes.items() if value is not None]
        self.dice.shuffle(pairs)
        quote = self.dice.choice("\"'")
        written = "".join(f" {key}={quote}{value}{quote}" for key, value in pairs)
        prefix = "" if ":" in name else self.f.prefix
        return f"<{prefix}{name}{written}{'/' if empty else ''}>"

    def parts(self) -> dict[str, bytes]:
        f = self.f
        last = f.rows + 1 + f.totals
        names = ""
        if f.print_area:
            names += (
                '<definedName name="_xlnm.Print_Area" localSheetId="0">'
                f"'My orders'!$A$1:$E${last}</definedName>"
            )
        names = f"<definedNames>{names}</definedNames>" if names else ""
        active = ' activeTab="1"' if f.second_open else ""
        books = {
            "[Content_Types].xml": self.types(),
            "_rels/.rels": self.relations(("officeDocument", "xl/workbook.xml")),
            "xl/workbook.xml": (
                f'<workbook xmlns="{MAIN}" xmlns:r="{LINKS}"><bookViews><workbookView{active}/>'
                '</bookViews><sheets><sheet name="My orders" sheetId="4" r:id="rId1"/>'
                '<sheet name="Other" sheetId="7" r:id="rId2"/></sheets>'
                f'{names}<calcPr calcId="191029"/></workbook>'
            ),
            "xl/_rels/workbook.xml.rels": self.relations(
                ("worksheet", "worksheets/sheet1.xml"),
                ("worksheet", "/xl/worksheets/sheet2.xml"),
                *((("styles", "styles.xml"),) if f.styles else ()),
            ),
            SHEET: self.sheet(),
            "xl/worksheets/sheet2.xml": (
                f'<worksheet xmlns="{MAIN}"><sheetViews><sheetView workbookViewId="0"'
                f"{' tabSelected=' + chr(34) + '1' + chr(34) if f.second_open else ''}/>"
                "</sheetViews><sheetData/>"
                f"{DRAWN if f.charts else ''}</worksheet>"
            ),
        }
        if f.charts:
            books |= self.charts()
        if f.styles:
            books["xl/styles.xml"] = STYLES.format(main=MAIN)
        sheet_links = [
            *((("table", "../tables/table1.xml"),) if f.table else ()),
            *((("comments", "../comments1.xml"),) if f.notes or f.threaded else ()),
            *((("vmlDrawing", "../drawings/vmlDrawing1.vml"),) if f.notes or f.threaded else ()),
            *((("threadedComment", "../threadedComments/t1.xml"),) if f.threaded else ()),
        ]
        if sheet_links:
            books["xl/worksheets/_rels/sheet1.xml.rels"] = self.relations(*sheet_links)
        if f.table:
            books["xl/tables/table1.xml"] = self.table()
        if f.notes or f.threaded:
            books |= self.notes()
        parts = {name: (DECLARATION + text).encode() for name, text in books.items()}
        if f.bom:
            parts[SHEET] = b"\xef\xbb\xbf" + parts[SHEET]
        return {**parts, "xl/media/kept.bin": bytes(range(256))}

    def types(self) -> str:
        base = "application/vnd.openxmlformats-officedocument.spreadsheetml."
        overrides = {
            "xl/workbook.xml": base + "sheet.main+xml",
            SHEET: base + "worksheet+xml",
            "xl/worksheets/sheet2.xml": base + "worksheet+xml",
            **({"xl/styles.xml": base + "styles+xml"} if self.f.styles else {}),
            **(
                {
                    "xl/drawings/drawing1.xml": DRAWING_TYPES + "drawing+xml",
                    "xl/charts/chart1.xml": DRAWING_TYPES + "drawingml.chart+xml",
                }
                if self.f.charts
                else {}
            ),
            **({"xl/tables/table1.xml": base + "table+xml"} if self.f.table else {}),
            **(
                {"xl/comments1.xml": base + "comments+xml"}
                if self.f.notes or self.f.threaded
                else {}
            ),
            **(
                {"xl/threadedComments/t1.xml": "application/vnd.ms-excel.threadedcomments+xml"}
                if self.f.threaded
                else {}
            ),
        }
        vml = (
            '<Default Extension="vml" '
            'ContentType="application/vnd.openxmlformats-officedocument.vmlDrawing"/>'
            if self.f.notes or self.f.threaded
            else ""
        )
        return (
            '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
            '<Default Extension="rels" '
            'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            '<Default Extension="xml" ContentType="application/xml"/>'
            '<Default Extension="bin" ContentType="application/octet-stream"/>'
            + vml
            + "".join(
                f'<Override PartName="/{part}" ContentType="{kind}"/>'
                for part, kind in overrides.items()
            )
            + "</Types>"
        )

    def relations(self, *links: tuple[str, str]) -> str:
        own = "http://schemas.microsoft.com/office/2017/10/relationships"
        return (
            f'<Relationships xmlns="{PACKAGE}">'
            + "".join(
                f'<Relationship Target="{target}" Id="rId{number}" '
                f'Type="{own if kind == "threadedComment" else LINKS}/{kind}"/>'
                for number, (kind, target) in enumerate(links, start=1)
            )
            + "</Relationships>"
        )

    def sheet(self) -> str:
        f, p = self.f, self.f.prefix
        root = {
            f"xmlns:{p[:-1]}" if p else "xmlns": MAIN,
            "xmlns:r": LINKS,
            "xmlns:mc": "http://schemas.openxmlformats.org/markup-compatibility/2006",
            "mc:Ignorable": "x14ac",
            "xmlns:x14ac": "http://schemas.microsoft.com/office/spreadsheetml/2009/9/ac",
        }
        last = f.rows + 1
        pieces = [self.tag("worksheet", dict(root))]
        if f.dimension:
            pieces.append(self.tag("dimension", {"ref": f.dimension}, empty=True))
        pieces.append(f'<{p}sheetViews><{p}sheetView workbookViewId="0"/></{p}sheetViews>')
        if f.cols:
            pieces.append(f"<{p}cols>{f.cols.replace('<', '<' + p)}</{p}cols>")
        pieces.append(f"<{p}sheetData>{self.rows()}</{p}sheetData>")
        if f.filtered and not f.table:
            filtered = self.tag("autoFilter", {"ref": f"A1:C{last}"}, empty=True)
            pieces.append(filtered)
        if f.merged:
            pieces.append(f'<{p}mergeCells count="1"><{p}mergeCell ref="A2:A3"/></{p}mergeCells>')
        if f.notes or f.threaded:
            pieces.append(self.tag("legacyDrawing", {"r:id": self.link("vmlDrawing")}, empty=True))
        if f.table:
            pieces.append(
                f'<{p}tableParts count="1">'
                + self.tag("tablePart", {"r:id": self.link("table")}, empty=True)
                + f"</{p}tableParts>"
            )
        if f.extras:
            pieces.append(
                f'<{p}extLst><{p}ext uri="{{05C60535-1F16-4fd2-B633-F4F36F0B64E0}}" '
                'xmlns:x14="http://schemas.microsoft.com/office/spreadsheetml/2009/9/main">'
                f"<x14:sparklineGroups/></{p}ext></{p}extLst>"
            )
        return "".join((*pieces, f"</{p}worksheet>\n"))

    def link(self, kind: str) -> str:
        if kind == "table":
            return "rId1"
        return "rId3" if self.f.table else "rId2"

    def rows(self) -> str:
        f = self.f
        written = [self.row(1, [self.text(name, 0) for name in HEADER])]
        written += [self.row(number, self.order(number)) for number in range(2, f.rows + 2)]
        if f.totals:
            total = [self.text("Total", 1), *([("", None)] * 2), ("<v>9</v>", "n"), ("", None)]
            written.append(self.row(f.rows + 2, total))
        if f.blank_rows:
            number = f.rows + 2 + f.totals
            written.append(
                self.tag("row", {"r": str(number) if f.addresses else None, "s": "1"}, empty=True)
            )
            written.append("\n  <!-- <row r='99'><c r='A99'/></row> -->\n")
        return "".join(written)

    def order(self, number: int) -> list[tuple[str, str | None]]:
        f = self.f
        remarks = self.text("a > b & c", 1)
        if f.remarks_cdata:
            remarks = ("<is><t><![CDATA[</row><c r='Z9'>]]></t></is>", "inlineStr")
        quantity: tuple[str, str | None] = (f"<v>{number}</v>", "n")
        reference = self.text(f"PO-{number}", 1)
        if f.merged and number == 3:
            reference = ("", None)
        cells = [
            reference,
            self.text("P1005053401", 1),
            self.text("65310542CA02A12", 0),
            quantity if f.quantities else ("absent", None),
            remarks,
        ]
        if f.blanks_beyond:
            cells += [("", "empty"), ("absent", None), ("", "empty")]
        return cells

    def text(self, text: str, style: int) -> tuple[str, str | None]:
        escaped = text.replace("&", "&amp;").replace("<", "&lt;")
        return f"<is><t>{escaped}</t></is>", f"inlineStr {style}"

    def row(self, number: int, cells: Sequence[tuple[str, str | None]]) -> str:
        f, p = self.f, self.f.prefix
        attributes: dict[str, str | None] = {
            "r": str(number) if f.addresses else None,
            "spans": "1:5",
            "x14ac:dyDescent": "0.25",
        }
        if f.heights:
            high = self.dice.choice([None, "12.75", "400"])
            attributes |= {"ht": high, "customHeight": "1" if high else None}
        pieces = [self.tag("row", attributes)]
        for place, (content, kind) in enumerate(cells, start=1):
            if content == "absent" and f.addresses:
                continue
            inner = "" if content == "absent" else content
            inner = inner.replace("<is><t>", f"<{p}is><{p}t>").replace("<v>", f"<{p}v>")
            inner = inner.replace("</t></is>", f"</{p}t></{p}is>").replace("</v>", f"</{p}v>")
            word, _, style = (kind or "").partition(" ")
            attributes = {
                "r": f"{column_letters(place)}{number}" if f.addresses else None,
                "s": style if style and style != "0" and f.styles else None,
                "t": "inlineStr" if word == "inlineStr" else None,
            }
            pieces.append(self.tag("c", attributes, empty=not inner))
            if inner:
                pieces.append(f"{inner}</{p}c>")
        return "".join((*pieces, f"</{p}row>"))

    def table(self) -> str:
        last = self.f.rows + 1
        columns = "".join(
            f'<tableColumn id="{3 * number}" name="{name}"/>'
            for number, name in enumerate(HEADER, start=1)
        )
        totals = ' totalsRowCount="1"' if self.f.totals else ""
        return (
            f'<table xmlns="{MAIN}" id="1" name="Orders" displayName="Orders" '
            f'ref="A1:E{last + self.f.totals}"{totals}><autoFilter ref="A1:E{last}"/>'
            f'<tableColumns count="5">{columns}</tableColumns></table>'
        )

    def charts(self) -> dict[str, str]:
        """A chart on the second sheet."""
        drawing = "http://schemas.openxmlformats.org/drawingml/2006"
        chart = f"{drawing}/chart"
        return {
            "xl/worksheets/_rels/sheet2.xml.rels": self.relations(
                ("drawing", "../drawings/drawing1.xml")
            ),
            "xl/drawings/_rels/drawing1.xml.rels": self.relations(
                ("chart", "/xl/charts/chart1.xml")
            ),
            "xl/drawings/drawing1.xml": (
                f'<d:wsDr xmlns:d="{drawing}/spreadsheetDrawing"><d:oneCellAnchor><d:from>'
                "<d:col>1</d:col><d:colOff>0</d:colOff><d:row>1</d:row><d:rowOff>0</d:rowOff>"
                '</d:from><d:ext cx="99" cy="99"/><d:graphicFrame macro=""><d:nvGraphicFramePr>'
                '<d:cNvPr id="2" name="mine"/><d:cNvGraphicFramePr/></d:nvGraphicFramePr><d:xfrm/>'
                f'<a:graphic xmlns:a="{drawing}/main"><a:graphicData uri="{chart}">'
                f'<c:chart xmlns:c="{chart}" xmlns:r="{LINKS}" r:id="rId1"/></a:graphicData>'
                "</a:graphic></d:graphicFrame><d:clientData/></d:oneCellAnchor></d:wsDr>"
            ),
            "xl/charts/chart1.xml": (
                f'<c:chartSpace xmlns:c="{chart}"><c:chart><c:plotArea><c:barChart>'
                '<c:barDir val="col"/><c:axId val="1"/><c:axId val="2"/></c:barChart>'
                '<c:catAx><c:axId val="1"/><c:crossAx val="2"/></c:catAx>'
                '<c:valAx><c:axId val="2"/><c:crossAx val="1"/></c:valAx>'
                "</c:plotArea></c:chart></c:chartSpace>"
            ),
        }

    def notes(self) -> dict[str, str]:
        comments = ""
        if self.f.notes:
            comments += (
                '<comment ref="D2" authorId="0"><text><r><rPr><b/></rPr><t>Sam:</t></r>'
                '<r><t xml:space="preserve"> check &quot;this&quot;</t></r></text></comment>'
            )
        if self.f.threaded:
            comments += (
                '<comment ref="B2" authorId="1"><text><t>[Threaded comment]</t></text></comment>'
            )
        parts = {
            "xl/comments1.xml": (
                f'<comments xmlns="{MAIN}"><authors><author>Sam</author>'
                "<author>tc={0A}</author></authors>"
                f"<commentList>{comments}</commentList></comments>"
            ),
            "xl/drawings/vmlDrawing1.vml": (
                '<xml xmlns:v="urn:schemas-microsoft-com:vml" '
                'xmlns:o="urn:schemas-microsoft-com:office:office" '
                'xmlns:x="urn:schemas-microsoft-com:office:excel">'
                '<v:shape id="_x0000_s1031" type="#_x0000_t202"><v:textbox><div>text<br></div>'
                '</v:textbox><x:ClientData ObjectType="Note"><x:Row>1</x:Row>'
                "<x:Column>3</x:Column></x:ClientData></v:shape></xml>"
            ),
        }
        if self.f.threaded:
            parts["xl/threadedComments/t1.xml"] = (
                "<ThreadedComments "
                'xmlns="http://schemas.microsoft.com/office/spreadsheetml/2018/threadedcomments">'
                '<threadedComment ref="B2" id="{0A}"><text>who is this?</text></threadedComment>'
                "</ThreadedComments>"
            )
        return parts
