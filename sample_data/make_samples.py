"""Makes the sample workbooks: `python sample_data/make_samples.py`. The same bytes every time.

They look like what finance makes: a title above the header, columns of their own, colours,
a second tab with notes. Customers, products and price levels are those that the embedded
marketplace is seeded with.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from openpyxl import Workbook
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

HERE = Path(__file__).parent
MADE = datetime(2026, 11, 2, 9, 0, 0)  # noqa: DTZ001  # Excel's properties carry no zone
HEADER_FILL = PatternFill("solid", fgColor="FF1F3864")
BAND = PatternFill("solid", fgColor="FFF2F5FA")
LINE = Border(bottom=Side(style="thin", color="FFD0D5DD"))

DESIGN, PHOTO, DESK, ADD_ON = "65310542CA", "65318877CA", "65316613CA", "65330218CA"
PRO, INK = "65327114CA", "65301177CA"
ALDER, BRIGHT, COBALT, DUNMORE = "P1005053401", "P1005053402", "P1005053403", "P1005053404"
EASTGATE, FENNEL, GRANITE = "P1005053405", "P1005053406", "P1005053407"
HARBOUR, IWASAKI, JUNIPER = "P1005053408", "P1005053409", "P1005053410"
KESTREL, LARKSPUR, MERIDIAN, NORTHGATE = (
    "P1005053411",
    "P1005053412",
    "P1005053413",
    "P1005053414",
)
OAKFIELD, PINEWOOD, QUARRY, REDCLIFF = ("P1005053415", "P1005053416", "P1005053417", "P1005053418")
SALTMARSH, THORNBURY, UPLAND, VALE = ("P1005053419", "P1005053420", "P1005053421", "P1005053422")
WHITBY, XENIA, YEWTREE, ZEPHYR = ("P1005053423", "P1005053424", "P1005053425", "P1005053426")
WHO = {
    ALDER: "Alder & Finch Architects",
    BRIGHT: "Brightwater Dental Group",
    COBALT: "Cobalt Robotics GmbH",
    DUNMORE: "Dunmore Legal LLP",
    EASTGATE: "Eastgate Community College",
    FENNEL: "Fennel and Co Catering",
    GRANITE: "Granite Peak Outfitters",
    HARBOUR: "Harbour Lights Film Pty",
    IWASAKI: "Iwasaki Print Works",
    JUNIPER: "Juniper County Library",
    OAKFIELD: "Oakfield Veterinary Clinic",
    PINEWOOD: "Pinewood Studios Rental",
    QUARRY: "Quarry Lane Surveyors",
    REDCLIFF: "Redcliff Tours",
    SALTMARSH: "Saltmarsh Books",
    THORNBURY: "Thornbury Dental Supply",
    UPLAND: "Upland Cycling Club",
    VALE: "Vale Pottery Works",
    WHITBY: "Whitby Sailmakers",
    XENIA: "Xenia Print and Sign",
    YEWTREE: "Yewtree Legal Aid",
    ZEPHYR: "Zephyr Kites",
    KESTREL: "Kestrel Aviation Parts",
    LARKSPUR: "Larkspur Weddings",
    MERIDIAN: "Meridian Tool Hire",
    NORTHGATE: "Northgate Publishing",
}

Cells = dict[str, object]


def offer(product: str, level: str = "02") -> str:
    """A product code at a price level."""
    return f"{product}{level}A12"


def save(book: Workbook, name: str) -> None:
    """Save with fixed times, so that the file is the same whenever it is made."""
    book.properties.creator = "Finance"
    book.properties.created = MADE
    raw = BytesIO()
    book.save(raw)
    with ZipFile(raw) as source, ZipFile(HERE / name, "w", ZIP_DEFLATED) as target:
        for part in source.infolist():
            content = source.read(part)
            if part.filename == "docProps/core.xml":
                content = _with_fixed_time(content)
            fixed = ZipInfo(part.filename, (2026, 11, 2, 9, 0, 0))
            fixed.compress_type = ZIP_DEFLATED
            target.writestr(fixed, content)


def _with_fixed_time(core: bytes) -> bytes:
    head, _, rest = core.partition(b"<dcterms:modified")
    opening, _, rest = rest.partition(b">")
    _, _, tail = rest.partition(b"</dcterms:modified>")
    modified = MADE.strftime("%Y-%m-%dT%H:%M:%SZ").encode()
    return b"".join(
        (head, b"<dcterms:modified", opening, b">", modified, b"</dcterms:modified>", tail)
    )


@dataclass(frozen=True)
class Look:
    """How a sheet of orders looks: its title, its columns (header, API name or "") and widths."""

    sheet: str
    title: str
    subtitle: str
    columns: Sequence[tuple[str, str, float]]
    header_row: int


def write_sheet(book: Workbook, look: Look, rows: Sequence[Cells]) -> Worksheet:
    """A sheet with a title above its header and one row for each of `rows` below."""
    sheet = book.active
    assert isinstance(sheet, Worksheet)  # noqa: S101  # a new workbook has one
    sheet.title = look.sheet
    sheet["A1"] = look.title
    sheet["A1"].font = Font(size=15, bold=True, color="FF1F3864")
    sheet["A2"] = look.subtitle
    sheet["A2"].font = Font(italic=True, color="FF667085")
    for place, (header, _, width) in enumerate(look.columns, start=1):
        cell = sheet.cell(look.header_row, place, header)
        cell.font = Font(bold=True, color="FFFFFFFF")
        cell.fill = HEADER_FILL
        cell.alignment = Alignment(vertical="center", wrap_text=True)
        sheet.column_dimensions[get_column_letter(place)].width = width
    sheet.row_dimensions[look.header_row].height = 30
    for number, row in enumerate(rows, start=look.header_row + 1):
        for place, (header, column, _) in enumerate(look.columns, start=1):
            cell = sheet.cell(number, place)
            value = row.get(column or header)
            cell.border = LINE
            if number % 2:
                cell.fill = BAND
            if value is None:
                continue
            cell.value = value  # type: ignore[assignment]  # text, number, date
            if isinstance(value, str) and not value.startswith("="):
                cell.number_format = "@"
            elif isinstance(value, date):
                cell.number_format = "DD/MM/YYYY"
    sheet.freeze_panes = sheet.cell(look.header_row + 1, 3)
    return sheet


def notes(book: Workbook, lines: Sequence[str]) -> None:
    """A second tab, as people keep one."""
    sheet = book.create_sheet("Notes")
    sheet.column_dimensions["A"].width = 90
    for number, line in enumerate(lines, start=1):
        sheet.cell(number, 1, line).alignment = Alignment(wrap_text=True)
    sheet["A1"].font = Font(bold=True)


def line(reference: str, customer: str, code: str, quantity: object, **more: object) -> Cells:
    """One row of an order; currency from the customer unless given."""
    currency = {COBALT: "EUR", DUNMORE: "GBP", HARBOUR: "AUD", IWASAKI: "JPY"}
    return {
        "externalReferenceId": reference,
        "customerId": customer,
        "Customer name": WHO.get(customer, ""),
        "orderType": "NEW",
        "offerId": code,
        "quantity": quantity,
        "currencyCode": currency.get(customer, "USD"),
        "Cost centre": f"4{reference[-3:]}" if reference[-3:].isdigit() else "4100",
        **more,
    }


def clean_orders() -> None:
    """Everything in it will be ordered."""
    rows = [
        line("PO-2611-001", ALDER, offer(DESIGN), 5),
        line("PO-2611-001", ALDER, offer(PHOTO), 2),
        line("PO-2611-001", ALDER, offer(ADD_ON), 1),
        line("PO-2611-002", BRIGHT, offer(PHOTO), 4, flexDiscountCodes="AUTUMN_TEAM_15"),
        line("PO-2611-002", BRIGHT, offer(DESIGN), 3),
        line("PO-2611-003", COBALT, offer(DESIGN), 8),
        line("PO-2611-003", COBALT, offer(DESK), 6),
        line("PO-2611-004", COBALT, offer(PHOTO), 2),
        line("PO-2611-005", DUNMORE, offer(DESK, "04"), 25),
        line("PO-2611-005", DUNMORE, offer(DESIGN, "04"), 10),
        line("PO-2611-005", DUNMORE, offer(ADD_ON, "04"), 10),
        line("PO-2611-006", EASTGATE, offer("65340077CA"), 12),
        line("PO-2611-007", FENNEL, offer(PHOTO, "01"), 2),
        line("PO-2611-007", FENNEL, offer(DESK, "01"), 3),
        line("PO-2611-008", GRANITE, offer(DESIGN, "01"), 4),
        line("PO-2611-009", HARBOUR, offer(PHOTO), 6),
        line("PO-2611-009", HARBOUR, offer("65319006CA"), 3),
        line("PO-2611-010", IWASAKI, offer(DESK), 7),
        line("PO-2611-010", IWASAKI, offer(DESIGN), 2),
        line("PO-2611-011", JUNIPER, offer(DESK, "03"), 15),
        line("PO-2611-011", JUNIPER, offer(PHOTO, "03"), 2),
        line("PO-2611-012", NORTHGATE, offer(DESK), 5),
        line("PO-2611-012", NORTHGATE, offer(DESIGN), 3),
        line("PO-2611-012", NORTHGATE, offer(ADD_ON), 3),
        line("PO-2611-013", MERIDIAN, offer(DESK), 3),
        line("PO-2611-013", MERIDIAN, "65322651CAT1A12", 2),
    ]
    wanted = ("M. Okafor", "S. Lindqvist", "R. Baptiste")
    for number, row in enumerate(rows):
        row["Requested by"] = wanted[number % 3]
        row["Requested on"] = date(2026, 10, 26 + number % 5)
    look = Look(
        "November orders",
        "Licence orders, November 2026",
        "Approved by the purchasing board on 30 October 2026",
        (
            ("Cost centre", "", 12),
            ("Requested by", "", 15),
            ("PO number", "externalReferenceId", 15),
            ("Customer ID", "customerId", 15),
            ("Customer name", "", 28),
            ("Order type", "orderType", 11),
            ("SKU", "offerId", 20),
            ("Qty", "quantity", 7),
            ("Currency", "currencyCode", 10),
            ("Promo code", "flexDiscountCodes", 18),
            ("Requested on", "", 13),
        ),
        4,
    )
    book = Workbook()
    sheet = write_sheet(book, look, rows)
    total = sheet.max_row + 2
    sheet.cell(total, 7, "Licences in all").font = Font(bold=True)
    sheet.cell(total, 8, sum(int(str(row["quantity"])) for row in rows)).font = Font(bold=True)
    notes(book, ("How this sheet is filled in", "One row per product; same PO, same order."))
    save(book, "clean-orders.xlsx")


def order_types() -> None:
    """Orders, returns, prices, a refusal and a late failure side by side."""
    back = {"orderType": "RETURN"}
    rows = [
        line("OT-101", ALDER, offer(DESK), 4),
        line("OT-101", ALDER, offer(PHOTO), 1),
        line(
            "MTH-2210-R1",
            MERIDIAN,
            offer(DESK),
            6,
            **back,
            referenceOrderId="P9206417701",
            extLineItemNumber=2,
        ),
        line(
            "MTH-2188-R1",
            MERIDIAN,
            offer(PHOTO),
            5,
            **back,
            referenceOrderId="P9206417702",
            extLineItemNumber=1,
        ),
        line("OT-PV-1", COBALT, offer(DESIGN), 5, orderType="PREVIEW"),
        line("OT-PV-1", COBALT, offer(DESK), 5, orderType="Preview"),
        line("OT-PV-2", BRIGHT, offer(PHOTO, "01"), 10, orderType="PREVIEW"),
        line("OT-PV-3", HARBOUR, offer(PHOTO), 3, orderType="PREVIEW", customerId="P1005053999"),
        line("OT-102", LARKSPUR, offer(PHOTO, "01"), 2),
        line("OT-103", KESTREL, offer(DESIGN, "01"), 2),
        line("OT-104", FENNEL, offer(DESIGN, "03"), 2),
        line("OT-105", FENNEL, offer(ADD_ON, "01"), 2),
        line("OT-105", FENNEL, offer(DESK, "01"), 1),
    ]
    rows[7]["Customer name"] = "?"
    look = Look(
        "Week 45",
        "Orders, returns and price checks, week 45",
        "RETURN rows name the order they take back",
        (
            ("externalReferenceId", "externalReferenceId", 20),
            ("customerId", "customerId", 15),
            ("Customer name", "", 28),
            ("orderType", "orderType", 12),
            ("referenceOrderId", "referenceOrderId", 17),
            ("extLineItemNumber", "extLineItemNumber", 11),
            ("offerId", "offerId", 20),
            ("quantity", "quantity", 9),
            ("currencyCode", "currencyCode", 13),
        ),
        4,
    )
    book = Workbook()
    write_sheet(book, look, rows)
    notes(book, ("Returns are possible for 14 days.",))
    save(book, "order-types.xlsx")


def owned(customer: str, product: str) -> str:
    """The subscription that the embedded marketplace is seeded with."""
    digest = sha256(f"{customer} {product} USD".encode()).hexdigest()
    return f"{digest[:30]}NA"


def renewal(reference: str, customer: str, code: str, quantity: int, **more: object) -> Cells:
    """A row that renews what the customer has."""
    named = {"orderType": "RENEWAL", "subscriptionId": owned(customer, code[:10])}
    return line(reference, customer, code, quantity, **(named | more))


def renewals() -> None:
    """Early, in part, more than before, late, and what is refused; and what would renew."""
    would = {"orderType": "PREVIEW_RENEWAL"}
    rows = [
        renewal("REN-301", OAKFIELD, offer(DESIGN), 12),
        renewal("REN-301", OAKFIELD, offer(PHOTO), 5),
        renewal("REN-302", PINEWOOD, offer(DESIGN), 10),
        renewal("REN-303", QUARRY, offer(DESIGN, "01"), 8),
        renewal("REN-304", QUARRY, offer(DESIGN), 4),
        renewal("REN-304", QUARRY, offer(PHOTO), 3, subscriptionId=None),
        renewal("REN-305", REDCLIFF, offer(DESIGN, "01"), 6),
        renewal("REN-306", SALTMARSH, offer(DESIGN, "01"), 9),
        renewal("REN-307", THORNBURY, offer(INK, "01"), 5),
        renewal("REN-308", VALE, offer(PHOTO), 12),
        renewal("REN-PV-1", VALE, offer(PHOTO), 10, **would, flexDiscountCodes="SPRING_2020"),
        line("REN-PV-2", UPLAND, "", None, **would, offerId=None, currencyCode=None),
    ]
    look = Look(
        "Renewals",
        "Renewals, December",
        "A row names the subscription it renews; a row without one buys a new product with it",
        (
            ("externalReferenceId", "externalReferenceId", 20),
            ("customerId", "customerId", 15),
            ("Customer name", "", 28),
            ("orderType", "orderType", 19),
            ("subscriptionId", "subscriptionId", 36),
            ("offerId", "offerId", 20),
            ("quantity", "quantity", 9),
            ("currencyCode", "currencyCode", 13),
            ("flexDiscountCodes", "flexDiscountCodes", 18),
        ),
        4,
    )
    book = Workbook()
    write_sheet(book, look, rows)
    notes(book, ("Early renewals begin 30 days before the anniversary date.",))
    save(book, "renewals.xlsx")


def wanted(customer: str, renew: str, product: str = "", **more: object) -> Cells:
    """A row of a renewal book: one subscription, or all that a customer has."""
    name = {"subscriptionId": owned(customer, product)} if product else {}
    about = {"customerId": customer, "Customer name": WHO[customer], "renew": renew}
    return {**about, **name, **more}


def renewal_book() -> None:
    """What is wanted when subscriptions come to their end."""
    ceiling = {"ceilingPrice": 6000, "currencyCode": "USD"}
    rows = [
        wanted(OAKFIELD, "yes"),
        wanted(PINEWOOD, "yes", DESIGN, quantity=24),
        wanted(QUARRY, "yes", DESIGN, quantity=10, **ceiling),
        wanted(REDCLIFF, "as is", DESIGN),
        wanted(SALTMARSH, "yes"),
        wanted(THORNBURY, "yes", INK),
        wanted(UPLAND, "ask me"),
        wanted(VALE, "no"),
    ]
    look = Look(
        "Renewals",
        "What is to be renewed",
        "renew says yes, no or ask; a row without a subscription speaks of all the customer has",
        (
            ("customerId", "customerId", 15),
            ("Customer name", "", 28),
            ("subscriptionId", "subscriptionId", 36),
            ("renew", "renew", 12),
            ("quantity", "quantity", 9),
            ("ceilingPrice", "ceilingPrice", 13),
            ("currencyCode", "currencyCode", 13),
        ),
        4,
    )
    book = Workbook()
    write_sheet(book, look, rows)
    save(book, "renewal-book.xlsx")


def upgrade(reference: str, customer: str, code: str, quantity: int, **more: object) -> Cells:
    """A row that moves licences to another product."""
    named = {"orderType": "SWITCH", "cancellingQuantity": quantity, "reassignUsers": "yes"}
    return line(reference, customer, code, quantity, **(named | more))


def upgrades() -> None:
    """Upgrades in mid-term, their prices, and taking them back."""
    back = {"orderType": "REVERT_SWITCH"}
    yewtree = {"referenceOrderId": "P9206417711", "cancellingSubscriptionId": owned(YEWTREE, PRO)}
    zephyr = {"referenceOrderId": "P9206417712", "cancellingSubscriptionId": owned(ZEPHYR, PRO)}
    whitby = {"cancellingSubscriptionId": owned(WHITBY, DESIGN)}
    xenia = {"cancellingSubscriptionId": owned(XENIA, DESK)}
    rows = [
        upgrade("UPG-401", WHITBY, offer(PRO), 5, **whitby),
        upgrade("UPG-402", XENIA, offer(DESIGN, "01"), 4, **xenia),
        upgrade("UPG-403", XENIA, offer(DESIGN, "01"), 9, **xenia),
        upgrade("UPG-404", XENIA, offer(PHOTO, "01"), 8, **xenia),
        upgrade("UPG-405", XENIA, offer(DESIGN, "01"), 8, **xenia),
        upgrade("UPG-2240-X", YEWTREE, offer(DESIGN), 4, **yewtree, **back),
        upgrade("UPG-2197-X", ZEPHYR, offer(DESIGN), 4, **zephyr, **back),
        upgrade(
            "UPG-PV-1",
            ZEPHYR,
            offer(PRO),
            6,
            orderType="PREVIEW_SWITCH",
            cancellingSubscriptionId=owned(ZEPHYR, DESIGN),
        ),
    ]
    look = Look(
        "Upgrades",
        "Upgrades, week 48",
        "offerId is the product to get; cancellingSubscriptionId the one that gives licences up",
        (
            ("externalReferenceId", "externalReferenceId", 20),
            ("customerId", "customerId", 15),
            ("Customer name", "", 28),
            ("orderType", "orderType", 18),
            ("referenceOrderId", "referenceOrderId", 17),
            ("offerId", "offerId", 20),
            ("quantity", "quantity", 9),
            ("currencyCode", "currencyCode", 13),
            ("cancellingSubscriptionId", "cancellingSubscriptionId", 36),
            ("cancellingQuantity", "cancellingQuantity", 11),
            ("reassignUsers", "reassignUsers", 14),
        ),
        4,
    )
    book = Workbook()
    write_sheet(book, look, rows)
    notes(book, ("An upgrade can be taken back for 14 days, as a whole and once.",))
    save(book, "upgrades.xlsx")


@dataclass(frozen=True)
class Mistake:
    """A row with what is to be found in it: (API column, code) pairs."""

    cells: Cells
    found: tuple[tuple[str, str], ...]


def with_mistakes() -> None:  # noqa: PLR0915  # a list of mistakes is long by nature
    """At least thirty kinds of mistake among good orders."""
    rows: list[Mistake] = []

    def good(reference: str, customer: str, code: str, quantity: object, **more: object) -> None:
        rows.append(Mistake(line(reference, customer, code, quantity, **more), ()))

    def bad(
        reference: object,
        found: Sequence[tuple[str, str]],
        customer: object = ALDER,
        code: object = offer(DESIGN),
        quantity: object = 3,
        **more: object,
    ) -> None:
        cells = line("PO-BAD-000", ALDER, offer(DESIGN), 3)
        cells |= {
            "externalReferenceId": reference,
            "customerId": customer,
            "offerId": code,
            "quantity": quantity,
            **more,
        }
        rows.append(Mistake(cells, tuple(found)))

    good("PO-GOOD-001", ALDER, offer(DESIGN), 2)
    bad(None, [("externalReferenceId", "MISSING")])
    bad("PO-BAD-002", [("customerId", "MISSING")], customer=None)
    bad("PO-BAD-003", [("orderType", "MISSING")], orderType=None)
    bad("PO-BAD-004", [("orderType", "ORDER_TYPE_UNKNOWN")], orderType="BUY")
    good("PO-GOOD-002", BRIGHT, offer(PHOTO), 2)
    bad("PO-BAD-005", [("orderType", "ORDER_TYPE_TRANSFER")], orderType="TRANSFER")
    bad(
        "PO-BAD-006-with-a-very-long-reference-x",
        [("externalReferenceId", "REFERENCE_TOO_LONG")],
    )
    bad("PO <BAD> 007", [("externalReferenceId", "REFERENCE_SIGNS")])
    bad("PO-BAD-008", [("offerId", "MISSING")], code=None)
    bad("PO-BAD-009", [("offerId", "OFFER_LENGTH")], code="65310542CA02A1")
    bad("PO-BAD-010", [("offerId", "OFFER_LETTER_O")], code="6531O542CA02A12")
    bad("PO-BAD-011", [("offerId", "OFFER_LOWER_CASE")], code="65310542ca02a12")
    bad("PO-BAD-012", [("offerId", "OFFER_FORM")], code="65310542CA99A12")
    good("PO-GOOD-003", COBALT, offer(DESIGN), 1)
    good("PO-GOOD-003", COBALT, offer(DESK), 1)
    bad("PO-BAD-013", [("quantity", "MISSING")], quantity=None)
    bad("PO-BAD-014", [("quantity", "QUANTITY_BELOW_ONE")], quantity=0)
    bad("PO-BAD-015", [("quantity", "QUANTITY_BELOW_ONE")], quantity=-4)
    bad("PO-BAD-016", [("quantity", "QUANTITY_NOT_WHOLE")], quantity=1.5)
    bad("PO-BAD-017", [("quantity", "QUANTITY_NOT_A_NUMBER")], quantity="12 pcs")
    bad("PO-BAD-018", [("quantity", "QUANTITY_TOO_LARGE")], quantity=25000)
    good("PO-GOOD-004", DUNMORE, offer(DESK, "04"), 3)
    bad("PO-BAD-019", [("currencyCode", "MISSING")], currencyCode=None)
    bad("PO-BAD-020", [("currencyCode", "CURRENCY_LOWER_CASE")], currencyCode="usd")
    bad("PO-BAD-021", [("currencyCode", "CURRENCY_UNKNOWN")], currencyCode="CHF")
    bad("PO-BAD-022", [("currencyCode", "CURRENCY_UNKNOWN")], currencyCode="$")
    # Two good rows share a reference with a bad one and are held with it.
    good("PO-BAD-023", ALDER, offer(DESIGN), 1, extLineItemNumber=1)
    bad(
        "PO-BAD-023",
        [("extLineItemNumber", "LINE_NUMBER_SOME_MISSING")],
        code=offer(PHOTO),
    )
    bad(
        "PO-BAD-024",
        [("extLineItemNumber", "LINE_NUMBER_TWICE")],
        extLineItemNumber=4,
    )
    bad(
        "PO-BAD-024",
        [("extLineItemNumber", "LINE_NUMBER_TWICE")],
        code=offer(PHOTO),
        extLineItemNumber=4,
    )
    bad("PO-BAD-025", [("extLineItemNumber", "LINE_NUMBER_NOT_WHOLE")], extLineItemNumber="a")
    bad("PO-BAD-026", [("extLineItemNumber", "LINE_NUMBER_RANGE")], extLineItemNumber=1000000)
    good("PO-GOOD-005", HARBOUR, offer(PHOTO), 1)
    bad(
        "PO-BAD-027",
        [("subscriptionId", "NOT_FOR_THIS_TYPE")],
        subscriptionId="00a4f93c910fc3417f479aa1851aebNA",
    )
    bad(
        "PO-BAD-028",
        [("referenceOrderId", "NOT_FOR_THIS_TYPE")],
        referenceOrderId="P9206417701",
    )
    bad("PO-BAD-029", [("referenceOrderId", "MISSING")], orderType="RETURN", extLineItemNumber=1)
    bad("PO-BAD-030", [("customerId", "ID_HAS_BLANKS")], customer="P1005 053401")
    bad("PO-BAD-031", [("customerId", "ID_FORM")], customer="P1")
    bad("PO-BAD-032", [("customerId", "ID_IN_E_NOTATION")], customer="1.00505E+09")
    bad("PO-BAD-033", [("customerId", "DIGITS_LOST")], customer=12345678901234567)
    bad("PO-BAD-034", [("flexDiscountCodes", "FLEX_TOO_MANY")], flexDiscountCodes="A_10, B_20")
    bad("PO-BAD-035", [("discountCode", "DISCOUNT_FORM")], discountCode="HVD17")
    good("PO-GOOD-006", IWASAKI, offer(DESK), 2)
    bad(
        "PO-BAD-036",
        [("flexDiscountCodes", "FLEX_WITH_DISCOUNT")],
        discountCode="HVD_L17_PRE",
        flexDiscountCodes="AUTUMN_TEAM_15",
    )
    bad("PO-BAD-037", [("approve", "YES_OR_NO")], approve="maybe")
    bad("PO-BAD-038", [("repeat", "YES_OR_NO")], repeat="perhaps")
    bad("PO-BAD-039", [("customerId", "ROWS_DISAGREE")])
    bad("PO-BAD-039", [("customerId", "ROWS_DISAGREE")], customer=NORTHGATE, code=offer(PHOTO))
    bad("PO-BAD-040", [("currencyCode", "ROWS_DISAGREE")])
    bad("PO-BAD-040", [("currencyCode", "ROWS_DISAGREE")], code=offer(PHOTO), currencyCode="EUR")
    bad("PO-BAD-041", [("orderType", "ROWS_DISAGREE")])
    bad("PO-BAD-041", [("orderType", "ROWS_DISAGREE")], code=offer(PHOTO), orderType="PREVIEW")
    good("PO-GOOD-007", JUNIPER, offer(DESK, "03"), 2)
    bad(
        "PO-BAD-042",
        [("cancellingSubscriptionId", "MISSING")],
        orderType="SWITCH",
        reassignUsers="yes",
    )
    bad(
        "PO-BAD-043",
        [("cancellingQuantity", "CANCELLING_QUANTITY_DIFFERS")],
        orderType="SWITCH",
        reassignUsers="yes",
        cancellingSubscriptionId="00a4f93c910fc3417f479aa1851aebNA",
        cancellingQuantity=2,
    )
    switch = {
        "orderType": "SWITCH",
        "reassignUsers": "yes",
        "cancellingSubscriptionId": "00a4f93c910fc3417f479aa1851aebNA",
    }
    bad("PO-BAD-044", [("externalReferenceId", "ONE_ROW_ONLY")], **switch)
    bad("PO-BAD-044", [("externalReferenceId", "ONE_ROW_ONLY")], code=offer(PHOTO), **switch)
    bad(
        "PO-BAD-045",
        [("offerId", "MISSING"), ("currencyCode", "MISSING")],
        code=None,
        subscriptionId="00a4f93c910fc3417f479aa1851aebNA",
        orderType="PREVIEW_RENEWAL",
        currencyCode=None,
    )
    bad("PO-BAD-046", [("deploymentId", "ID_FORM")], deploymentId="14" + "0" * 40)
    bad("PO-BAD-047", [("quantity", "CELL_SHOWS_ERROR")], quantity="=NA()")
    bad("PO-BAD-048", [("reassignUsers", "NOT_FOR_THIS_TYPE")], reassignUsers="yes")
    bad(
        "PO-BAD-049",
        [
            ("customerId", "ID_HAS_BLANKS"),
            ("offerId", "OFFER_LENGTH"),
            ("quantity", "QUANTITY_NOT_A_NUMBER"),
            ("currencyCode", "CURRENCY_UNKNOWN"),
        ],
        customer="P10050 53401",
        code="DESIGN SUITE",
        quantity="ten",
        currencyCode="US Dollar",
    )
    good("PO-GOOD-008", NORTHGATE, offer(DESK), 1)
    good("PO-GOOD-008", NORTHGATE, offer(DESIGN), 1)

    columns = [
        ("Cost centre", "", 12),
        ("externalReferenceId", "externalReferenceId", 24),
        ("customerId", "customerId", 16),
        ("Customer name", "", 26),
        ("orderType", "orderType", 12),
        ("referenceOrderId", "referenceOrderId", 15),
        ("extLineItemNumber", "extLineItemNumber", 10),
        ("offerId", "offerId", 19),
        ("quantity", "quantity", 9),
        ("currencyCode", "currencyCode", 10),
        ("subscriptionId", "subscriptionId", 18),
        ("deploymentId", "deploymentId", 13),
        ("discountCode", "discountCode", 14),
        ("flexDiscountCodes", "flexDiscountCodes", 18),
        ("cancellingSubscriptionId", "cancellingSubscriptionId", 18),
        ("cancellingQuantity", "cancellingQuantity", 11),
        ("reassignUsers", "reassignUsers", 10),
        ("approve", "approve", 9),
        ("repeat", "repeat", 9),
    ]
    look = Look("Orders", "Orders to be checked", "Many mistakes on purpose", columns, 4)
    book = Workbook()
    sheet = write_sheet(book, look, [mistake.cells for mistake in rows])
    notes(book, ("What is wrong with each row stands in with-mistakes.expected.csv.",))
    for row in sheet.iter_rows(min_row=5):
        for cell in row:
            if cell.value == "=NA()":
                cell.value, cell.data_type = "#N/A", "e"
    save(book, "with-mistakes.xlsx")
    with (HERE / "with-mistakes.expected.csv").open("w", encoding="utf-8", newline="") as file:
        expected = csv.writer(file, lineterminator="\n")
        expected.writerow(("row", "reference", "column", "code"))
        for number, mistake in enumerate(rows, start=5):
            for column, code in mistake.found or (("", ""),):
                reference = mistake.cells["externalReferenceId"] or ""
                expected.writerow((number, reference, column, code))


if __name__ == "__main__":
    clean_orders()
    order_types()
    renewals()
    renewal_book()
    upgrades()
    with_mistakes()
