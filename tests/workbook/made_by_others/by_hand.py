"""What neither library makes, put into workbooks part by part, as Excel writes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from xlsxwriter import Workbook
from xlsxwriter.worksheet import Worksheet

from tests.workbook.hand_made import COLUMNS as HAND_COLUMNS
from tests.workbook.hand_made import DECLARATION, LINKS, MAIN, PACKAGE, Features, packed
from tests.workbook.hand_made import made as hand_made
from tests.workbook.made_by_others.book import COLUMNS, ORDERS, REMARKS, Made
from tests.workbook.made_by_others.with_xlsxwriter import built
from tests.workbook.taking_out import parts_of

MICROSOFT = "http://schemas.microsoft.com/office"
SPREADSHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml."
SHEET = "xl/worksheets/sheet1.xml"
BOOK = "xl/workbook.xml"


@dataclass(frozen=True, slots=True)
class Part:
    """A part to be put in: its content type, and who leads to it by which kind of relation."""

    content: str
    kind: str = ""
    owner: str = ""
    relation: str = ""
    target: str = ""
    identifier: str = ""


def added(
    content: bytes, parts: Mapping[str, Part], edits: Sequence[tuple[str, str, str]] = ()
) -> bytes:
    """The workbook with more parts; `edits` are (part, text before, text after), each once."""
    inside = parts_of(content)
    types = ""
    for name, part in parts.items():
        inside[name] = (DECLARATION + part.content).encode()
        types += f'<Override PartName="/{name}" ContentType="{part.kind}"/>' if part.kind else ""
        if not part.owner:
            continue
        folder, _, last = part.owner.rpartition("/")
        links = f"{folder}/_rels/{last}.rels"
        inside.setdefault(links, f'<Relationships xmlns="{PACKAGE}"></Relationships>'.encode())
        link = (
            f'<Relationship Id="{part.identifier}" Type="{part.relation}" '
            f'Target="{part.target}"/></Relationships>'
        )
        inside[links] = inside[links].replace(b"</Relationships>", link.encode())
    edits = [*edits, ("[Content_Types].xml", "</Types>", f"{types}</Types>")]
    for name, before, after in edits:
        assert inside[name].count(before.encode()) == 1, (name, before)
        inside[name] = inside[name].replace(before.encode(), after.encode())
    return packed(inside)


PERSON = "{8F5E8A6B-6C0A-4B0E-9E0B-2F3F6C1D0001}"
THREAD = "{8F5E8A6B-6C0A-4B0E-9E0B-2F3F6C1D0002}"
ANSWER = "{8F5E8A6B-6C0A-4B0E-9E0B-2F3F6C1D0003}"


def with_conversations() -> Made:
    """A conversation of two on the cell that is wrong (Excel's newer comments)."""

    def fill(_: Workbook, sheet: Worksheet) -> None:
        text = "[Threaded comment]\n\nComment:\n    who is this?\nReply:\n    ours"
        sheet.write_comment("E2", text, {"author": f"tc={THREAD}"})

    space = f"{MICROSOFT}/spreadsheetml/2018/threadedcomments"
    said = "".join(
        f'<threadedComment ref="E2" dT="2026-07-01T10:00:00.00" personId="{PERSON}" id="{number}"'
        f"{more}><text>{text}</text></threadedComment>"
        for number, text, more in (
            (THREAD, "who is this?", ""),
            (ANSWER, "ours", f' parentId="{THREAD}"'),
        )
    )
    parts = {
        "xl/threadedComments/threadedComment1.xml": Part(
            f'<ThreadedComments xmlns="{space}">{said}</ThreadedComments>',
            "application/vnd.ms-excel.threadedcomments+xml",
            SHEET,
            f"{MICROSOFT}/2017/10/relationships/threadedComment",
            "../threadedComments/threadedComment1.xml",
            "rId91",
        ),
        "xl/persons/person.xml": Part(
            f'<personList xmlns="{space}"><person displayName="Sam" id="{PERSON}" userId="sam" '
            'providerId="None"/></personList>',
            "application/vnd.ms-excel.person+xml",
            BOOK,
            f"{MICROSOFT}/2017/10/relationships/person",
            "persons/person.xml",
            "rId92",
        ),
    }
    return Made("hand-conversations.xlsx", added(built(fill), parts), bears=tuple(parts))


def with_custom_xml() -> Made:
    """XML of the company's own document system."""
    store = "http://schemas.openxmlformats.org/officeDocument/2006/customXml"
    parts = {
        "customXml/item1.xml": Part(
            '<case xmlns="urn:example:cases" number="4711"/>',
            "",
            BOOK,
            f"{LINKS}/customXml",
            "../customXml/item1.xml",
            "rId91",
        ),
        "customXml/itemProps1.xml": Part(
            f'<ds:datastoreItem ds:itemID="{PERSON}" xmlns:ds="{store}"><ds:schemaRefs>'
            '<ds:schemaRef ds:uri="urn:example:cases"/></ds:schemaRefs></ds:datastoreItem>',
            "application/vnd.openxmlformats-officedocument.customXmlProperties+xml",
            "customXml/item1.xml",
            f"{LINKS}/customXmlProps",
            "itemProps1.xml",
            "rId1",
        ),
    }
    return Made("hand-custom-xml.xlsx", added(built(lambda *_: None), parts), bears=tuple(parts))


def _cache() -> tuple[str, str]:
    """The definition and the records of what a pivot table has read."""
    references = sorted({str(order[0]) for order in ORDERS})
    fields = ""
    for place, name in enumerate((*COLUMNS, REMARKS)):
        if place == 0:
            items = "".join(f'<s v="{reference}"/>' for reference in references)
            shared = f'<sharedItems count="{len(references)}">{items}</sharedItems>'
        elif place == 4:
            shared = (
                '<sharedItems containsSemiMixedTypes="0" containsString="0" containsNumber="1" '
                'containsInteger="1" minValue="1" maxValue="12"/>'
            )
        else:
            shared = "<sharedItems/>"
        fields += f'<cacheField name="{name}" numFmtId="0">{shared}</cacheField>'
    definition = (
        f'<pivotCacheDefinition xmlns="{MAIN}" xmlns:r="{LINKS}" r:id="rId1" refreshedBy="Sam" '
        'refreshedDate="46204" createdVersion="6" refreshedVersion="6" minRefreshableVersion="3" '
        f'recordCount="{len(ORDERS)}"><cacheSource type="worksheet"><worksheetSource '
        'ref="A1:G4" sheet="My orders"/></cacheSource>'
        f'<cacheFields count="7">{fields}</cacheFields></pivotCacheDefinition>'
    )
    records = "".join(
        f'<r><x v="{references.index(str(order[0]))}"/>'
        + "".join(f'<{"n" if isinstance(value, int) else "s"} v="{value}"/>' for value in order[1:])
        + '<s v="x"/></r>'
        for order in ORDERS
    )
    return definition, (
        f'<pivotCacheRecords xmlns="{MAIN}" xmlns:r="{LINKS}" count="{len(ORDERS)}">{records}'
        "</pivotCacheRecords>"
    )


def _pivot() -> str:
    axis = (
        '<pivotField axis="axisRow" showAll="0"><items count="3"><item x="0"/><item x="1"/>'
        '<item t="default"/></items></pivotField>'
    )
    fields = [axis, *(['<pivotField showAll="0"/>'] * 6)]
    fields[4] = '<pivotField dataField="1" showAll="0"/>'
    return (
        f'<pivotTableDefinition xmlns="{MAIN}" name="PivotTable1" cacheId="7" '
        'applyNumberFormats="0" applyBorderFormats="0" applyFontFormats="0" '
        'applyPatternFormats="0" applyAlignmentFormats="0" applyWidthHeightFormats="1" '
        'dataCaption="Values" updatedVersion="6" minRefreshableVersion="3" createdVersion="6" '
        'indent="0" outline="1" outlineData="1" multipleFieldFilters="0">'
        '<location ref="A3:B6" firstHeaderRow="1" firstDataRow="1" firstDataCol="1"/>'
        f'<pivotFields count="7">{"".join(fields)}</pivotFields>'
        '<rowFields count="1"><field x="0"/></rowFields>'
        '<rowItems count="3"><i><x/></i><i><x v="1"/></i><i t="grand"><x/></i></rowItems>'
        '<colItems count="1"><i/></colItems><dataFields count="1">'
        '<dataField name="Licences" fld="4" baseField="0" baseItem="0"/></dataFields>'
        '<pivotTableStyleInfo name="PivotStyleLight16" showRowHeaders="1" showColHeaders="1"/>'
        "</pivotTableDefinition>"
    )


def with_a_pivot_table_and_a_slicer() -> Made:
    """A pivot table of the orders on a second sheet, and a slicer for it."""

    def fill(book: Workbook, _: Worksheet) -> None:
        pivot = book.add_worksheet("Pivot")
        pivot.write_row("A3", ["Row Labels", "Licences"])
        for row, values in enumerate((("PO-1", 15), ("PO-2", 1), ("Grand Total", 16)), start=3):
            pivot.write_row(row, 0, values)
        pivot.insert_textbox("D3", "a slicer")

    definition, records = _cache()
    main14 = f"{MICROSOFT}/spreadsheetml/2009/9/main"
    parts = {
        "xl/pivotCache/pivotCacheDefinition1.xml": Part(
            definition,
            f"{SPREADSHEET}pivotCacheDefinition+xml",
            BOOK,
            f"{LINKS}/pivotCacheDefinition",
            "pivotCache/pivotCacheDefinition1.xml",
            "rId91",
        ),
        "xl/pivotCache/pivotCacheRecords1.xml": Part(
            records,
            f"{SPREADSHEET}pivotCacheRecords+xml",
            "xl/pivotCache/pivotCacheDefinition1.xml",
            f"{LINKS}/pivotCacheRecords",
            "pivotCacheRecords1.xml",
            "rId1",
        ),
        "xl/pivotTables/pivotTable1.xml": Part(
            _pivot(),
            f"{SPREADSHEET}pivotTable+xml",
            "xl/worksheets/sheet2.xml",
            f"{LINKS}/pivotTable",
            "../pivotTables/pivotTable1.xml",
            "rId91",
        ),
        "xl/slicerCaches/slicerCache1.xml": Part(
            f'<slicerCacheDefinition xmlns="{main14}" name="Slicer_reference" '
            'sourceName="externalReferenceId"><pivotTables><pivotTable tabId="2" '
            'name="PivotTable1"/></pivotTables><data><tabular pivotCacheId="7"><items count="2">'
            '<i x="0" s="1"/><i x="1" s="1"/></items></tabular></data></slicerCacheDefinition>',
            "application/vnd.ms-excel.slicerCache+xml",
            BOOK,
            f"{MICROSOFT}/2007/relationships/slicerCache",
            "slicerCaches/slicerCache1.xml",
            "rId92",
        ),
        "xl/slicers/slicer1.xml": Part(
            f'<slicers xmlns="{main14}"><slicer name="reference" cache="Slicer_reference" '
            'caption="reference" rowHeight="241300"/></slicers>',
            "application/vnd.ms-excel.slicer+xml",
            "xl/worksheets/sheet2.xml",
            f"{MICROSOFT}/2007/relationships/slicer",
            "../slicers/slicer1.xml",
            "rId92",
        ),
    }
    again = Part(
        definition,
        "",
        "xl/pivotTables/pivotTable1.xml",
        f"{LINKS}/pivotCacheDefinition",
        "../pivotCache/pivotCacheDefinition1.xml",
        "rId1",
    )
    book14 = (
        '<pivotCaches><pivotCache cacheId="7" r:id="rId91"/></pivotCaches><extLst><ext '
        f'uri="{{BBE1A952-AA13-448e-AADC-164F8A28A991}}" xmlns:x14="{main14}"><x14:slicerCaches>'
        '<x14:slicerCache r:id="rId92"/></x14:slicerCaches></ext></extLst></workbook>'
    )
    sheet14 = (
        '<extLst><ext uri="{A8765BA9-456A-4dab-B4F3-ACF838C121DE}" '
        f'xmlns:x14="{main14}"><x14:slicerList><x14:slicer r:id="rId92"/></x14:slicerList></ext>'
        "</extLst></worksheet>"
    )
    edits = ((BOOK, "</workbook>", book14), ("xl/worksheets/sheet2.xml", "</worksheet>", sheet14))
    content = added(built(fill), parts, edits)
    content = added(content, {"xl/pivotCache/pivotCacheDefinition1.xml": again})
    return Made("hand-pivot.xlsx", content, bears=tuple(parts))


def with_links_to_other_workbooks() -> Made:
    """A formula that reads another workbook, and what Excel remembers of it."""

    def fill(_: Workbook, sheet: Worksheet) -> None:
        sheet.write_formula("G2", "=[1]Prices!$A$1", None, 7)

    link = "xl/externalLinks/externalLink1.xml"
    away = (
        f'<Relationships xmlns="{PACKAGE}"><Relationship Id="rId1" Type="{LINKS}/externalLinkPath" '
        'Target="file:///C:/prices.xlsx" TargetMode="External"/></Relationships>'
    )
    parts = {
        link: Part(
            f'<externalLink xmlns="{MAIN}" xmlns:r="{LINKS}"><externalBook r:id="rId1">'
            '<sheetNames><sheetName val="Prices"/></sheetNames><sheetDataSet><sheetData '
            'sheetId="0"><row r="1"><cell r="A1"><v>7</v></cell></row></sheetData></sheetDataSet>'
            "</externalBook></externalLink>",
            f"{SPREADSHEET}externalLink+xml",
            BOOK,
            f"{LINKS}/externalLink",
            "externalLinks/externalLink1.xml",
            "rId91",
        ),
        "xl/externalLinks/_rels/externalLink1.xml.rels": Part(away),
    }
    references = '<externalReferences><externalReference r:id="rId91"/></externalReferences><calcPr'
    content = added(built(fill), parts, ((BOOK, "<calcPr", references),))
    return Made("hand-links.xlsx", content, bears=tuple(parts))


def with_a_query() -> Made:
    """A table that a query fills from a database: it is not grown, the next refresh would fail."""

    def fill(_: Workbook, sheet: Worksheet) -> None:
        names = [{"header": name} for name in (*COLUMNS, REMARKS)]
        sheet.add_table("A1:G4", {"name": "OrderRows", "columns": names})

    table = "xl/tables/table1.xml"
    fields = "".join(
        f'<queryTableField id="{number}" name="{name}" tableColumnId="{number}"/>'
        for number, name in enumerate((*COLUMNS, REMARKS), start=1)
    )
    parts = {
        "xl/connections.xml": Part(
            f'<connections xmlns="{MAIN}"><connection id="1" name="Query" type="5" '
            'refreshedVersion="6"><dbPr connection="Provider=None" command="Orders"/>'
            "</connection></connections>",
            f"{SPREADSHEET}connections+xml",
            BOOK,
            f"{LINKS}/connections",
            "connections.xml",
            "rId91",
        ),
        "xl/queryTables/queryTable1.xml": Part(
            f'<queryTable xmlns="{MAIN}" name="Query" connectionId="1" autoFormatId="16"><'
            f'queryTableRefresh nextId="8"><queryTableFields count="7">{fields}</queryTableFields>'
            "</queryTableRefresh></queryTable>",
            f"{SPREADSHEET}queryTable+xml",
            table,
            f"{LINKS}/queryTable",
            "../queryTables/queryTable1.xml",
            "rId1",
        ),
    }
    query = ((table, ' totalsRowShown="0"', ' tableType="queryTable" totalsRowShown="0"'),)
    return Made("hand-query.xlsx", added(built(fill), parts, query), bears=(*parts, table))


def at_a_place_of_its_own() -> Made:
    """The workbook's part has another name than usual, as some services write it."""
    parts = parts_of(built(lambda *_: None))
    moved = {
        BOOK: "xl/workbook22.xml",
        "xl/_rels/workbook.xml.rels": "xl/_rels/workbook22.xml.rels",
    }
    for part in ("_rels/.rels", "[Content_Types].xml"):
        assert BOOK.encode() in parts[part]
        parts[part] = parts[part].replace(BOOK.encode(), moved[BOOK].encode())
    content = packed({moved.get(name, name): content for name, content in parts.items()})
    return Made("hand-place.xlsx", content)


def _by_other_programs(name: str, **features: object) -> Made:
    """Shapes of XML that other programs write (`tests.workbook.hand_made`)."""
    content = hand_made(Features(**features))  # type: ignore[arg-type]
    rows = {row: (f"PO-{row}", "P1005053401", "65310542CA02A12", str(row)) for row in (2, 3, 4)}
    left = (5,) if features.get("totals") else ()
    return Made(
        f"hand-{name}.xlsx", content, rows=rows, columns=tuple(HAND_COLUMNS), left_alone=left
    )


def with_prefixes() -> Made:
    return _by_other_programs("prefixed", prefix="x:", seed=4)


def without_addresses() -> Made:
    return _by_other_programs("no-addresses", addresses=False, blank_rows=True)


def with_self_closing_rows() -> Made:
    return _by_other_programs("blank-rows", blank_rows=True, bom=True, remarks_cdata=True)


def with_a_wrong_dimension() -> Made:
    return _by_other_programs("dimension", dimension="A1:XFD9", heights=True, totals=True)


BOOKS: dict[str, Callable[[], Made]] = {
    "conversations": with_conversations,
    "custom xml": with_custom_xml,
    "a pivot table and a slicer": with_a_pivot_table_and_a_slicer,
    "links to other workbooks": with_links_to_other_workbooks,
    "a query": with_a_query,
    "a place of its own": at_a_place_of_its_own,
    "prefixes": with_prefixes,
    "without addresses": without_addresses,
    "self closing rows": with_self_closing_rows,
    "a wrong dimension": with_a_wrong_dimension,
}
