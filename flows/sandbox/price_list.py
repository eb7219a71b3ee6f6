"""The price list (reference, section 17.2)."""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from flows.sandbox.answers import answer_of
from flows.sandbox.calls import Call
from flows.sandbox.catalog import Catalog, Product
from flows.sandbox.errors import ServiceRefusal
from flows.sandbox.partner import Partner
from flows.sandbox.queries import Query, natural, positive
from flows.sandbox.records import Answer
from flows.sandbox.renewal_outlook import RENEWAL_CODES
from flows.sandbox.request_reading import read_price_list_request
from flows.sandbox.wire_lists import PriceListAnswer, PriceListEntry
from flows.sandbox.wire_requests import PriceListFilters, PriceListRequest

DEFAULT_LIMIT = 20

_ATTRIBUTES = frozenset(
    {
        "offerId",
        "productFamily",
        "firstOrderDate",
        "lastOrderDate",
        "partnerPrice",
        "discountCode",
    }
)
"""What every entry carries anyway; the reference names no others."""

_TABLES = {
    "STANDARD": ("standard", "consumables", "high growth"),
    "3YC": ("three-year", "three-year EDU", "consumables committed"),
    "STD-LGA": ("government agency",),
}
"""The price levels of each list (reference, section 7.4)."""

_CODES = {level: code for code, level in RENEWAL_CODES.items()}


@dataclass(frozen=True, slots=True)
class Span:
    """The days for which a price holds, both included."""

    first: date
    last: date


@dataclass(frozen=True, slots=True)
class PriceListDesk:
    """Where price lists are asked for."""

    catalog: Catalog
    partner: Partner

    def page(self, call: Call) -> Answer:
        """A page of offers with their prices in one month.

        1159 contract, 1160 segment, 1161 currency and region, 5122 an attribute that nobody
        knows, 404 1162 past the last page or nothing found.
        """
        query = Query(call)
        limit = query.value("limit", positive, DEFAULT_LIMIT)
        offset = query.value("offset", natural, 0)
        query.check()
        asked = read_price_list_request(call.body)
        self._check(asked)
        list_type = asked.price_list_type or "STANDARD"
        found = list(self._entries(asked, list_type))
        page = found[offset : offset + limit]
        if not page:
            raise ServiceRefusal("1162")
        return answer_of(
            200,
            PriceListAnswer(
                price_list_month=asked.price_list_month,
                market_segment=asked.market_segment,
                region=asked.region,
                currency=asked.currency,
                price_list_type=list_type,
                total_count=len(found),
                count=len(page),
                limit=limit,
                offset=offset,
                offers=page,
            ),
        )

    def _check(self, asked: PriceListRequest) -> None:
        if not self.partner.contract_is_active:
            raise ServiceRefusal("1159")
        if asked.market_segment not in self.partner.segments:
            raise ServiceRefusal("1160", ["marketSegment"])
        if asked.currency not in self.partner.regions.get(asked.region, ()):
            raise ServiceRefusal("1161", ["region", "currency"])
        unknown = [n for n in asked.include_offer_attributes or () if n not in _ATTRIBUTES]
        if unknown:
            raise ServiceRefusal("5122", unknown)

    def _entries(self, asked: PriceListRequest, list_type: str) -> Iterator[PriceListEntry]:
        month = _month(asked.price_list_month)
        filters = asked.filters or PriceListFilters()
        for product in self.catalog.products.values():
            if asked.market_segment not in product.segments or product.stage == "unsupported":
                continue
            if product.currencies and asked.currency not in product.currencies:
                continue
            for offer_id, code in self._offers(product, list_type, asked.market_segment):
                for span in self._spans(product, month):
                    entry = PriceListEntry(
                        offer_id=offer_id,
                        product_family=product.name,
                        first_order_date=span.first.isoformat(),
                        last_order_date=span.last.isoformat(),
                        partner_price=str(
                            self.catalog.list_price(offer_id, asked.currency, span.first)
                        ),
                        discount_code=code,
                    )
                    if _passes(filters, entry):
                        yield entry

    def _offers(
        self, product: Product, list_type: str, segment: str
    ) -> Iterator[tuple[str, str | None]]:
        """The offers of a product on a list, each with its discount code."""
        for table in _TABLES[list_type]:
            if table == "high growth":
                if product.has_high_growth_offers:
                    for row in self.catalog.tables[table]:
                        yield product.high_growth_offer_id(row.level), _CODES[row.level]
            elif table.startswith("consumables") == product.is_consumable and (
                not table.startswith("three-year") or table.endswith("EDU") == (segment == "EDU")
            ):
                for row in self.catalog.tables[table]:
                    yield product.offer_id(row.level), None

    def _spans(self, product: Product, month: Span) -> Iterator[Span]:
        """The month, cut where the list price changes."""
        starts = [
            change.start
            for change in self.catalog.price_changes_of(product.product)
            if month.first < change.start <= month.last
        ]
        firsts = [month.first, *starts]
        lasts = [*(start - timedelta(days=1) for start in starts), month.last]
        for first, last in zip(firsts, lasts, strict=True):
            yield Span(first, last)


def _passes(filters: PriceListFilters, entry: PriceListEntry) -> bool:
    wanted = (
        (filters.offer_id, entry.offer_id),
        (filters.product_family, entry.product_family),
        (filters.first_order_date, entry.first_order_date),
        (filters.last_order_date, entry.last_order_date),
        (filters.discount_code, entry.discount_code),
    )
    return all(given is None or given == found for given, found in wanted)


def _month(text: str) -> Span:
    year, month = int(text[:4]), int(text[4:])
    return Span(date(year, month, 1), date(year, month, calendar.monthrange(year, month)[1]))
