"""Flexible discounts to look through (reference, section 17.1)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from flows.sandbox.answers import answer_of
from flows.sandbox.book import Book
from flows.sandbox.calls import Call
from flows.sandbox.catalog import Catalog, FlexDiscount
from flows.sandbox.clock import Clock, wire_moment
from flows.sandbox.errors import ServiceRefusal
from flows.sandbox.flex_discounts import has_used
from flows.sandbox.queries import (
    Query,
    filled,
    moment,
    natural,
    one_of,
    page_links,
    positive,
    true_or_false,
)
from flows.sandbox.records import Answer
from flows.sandbox.wire_lists import (
    DiscountOutcome,
    DiscountQualification,
    DiscountValue,
    FlexDiscountEntry,
    FlexDiscountListAnswer,
)

DEFAULT_LIMIT = 20
LARGEST_LIMIT = 50

_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
_END = datetime(9999, 12, 31, tzinfo=UTC)
_ALONE = frozenset({"market-segment", "country", "flex-discount-id", "limit", "offset"})


@dataclass(frozen=True, slots=True)
class DiscountSearch:
    """Which discounts are looked for; an empty text or set filters nothing."""

    segment: str
    country: str
    categories: frozenset[str]
    products: frozenset[str]
    discount_id: str
    code: str
    with_reusable: bool
    start: datetime
    end: datetime
    limit: int
    offset: int


@dataclass(frozen=True, slots=True)
class DiscountDesk:
    """Where flexible discounts are listed."""

    book: Book
    catalog: Catalog
    clock: Clock

    def page(self, call: Call) -> Answer:
        """A page of discounts; 1122 without segment or country, 1178 for a country outside the
        contract, 1132 for a value that is not valid.
        """
        search = _read_search(call)
        if search.country not in self.catalog.country_currencies:
            raise ServiceRefusal("1178", ["country"])
        found = [d for d in self.catalog.flex_discounts if self._finds(search, d)]
        return self._answer(call, found, search.limit, search.offset)

    def of_customer(self, call: Call, customer_id: str) -> Answer:
        """The reusable discounts that a customer has used; 404 1116 when unknown."""
        if customer_id not in self.book.customers:
            raise ServiceRefusal("1116")
        query = Query(call)
        limit = min(query.value("limit", positive, DEFAULT_LIMIT), LARGEST_LIMIT)
        offset = query.value("offset", natural, 0)
        query.check()
        found = [
            discount
            for discount in self.catalog.flex_discounts
            if discount.lock_end is not None and has_used(self.book, customer_id, discount)
        ]
        return self._answer(call, found, limit, offset)

    def _answer(self, call: Call, found: list[FlexDiscount], limit: int, offset: int) -> Answer:
        page = found[offset : offset + limit]
        return answer_of(
            200,
            FlexDiscountListAnswer(
                limit=limit,
                offset=offset,
                count=len(page),
                total_count=len(found),
                flex_discounts=[self._entry(discount) for discount in page],
                links=page_links(call, limit=limit, offset=offset, total=len(found)),
            ),
        )

    def _finds(self, search: DiscountSearch, discount: FlexDiscount) -> bool:
        """Closed discounts are never listed, ended reusable ones when asked for."""
        if discount.closed or not self._is_for_segment(search.segment, discount):
            return False
        if search.discount_id:
            return discount.id == search.discount_id
        if self._status(discount) == "REUSABLE" and not search.with_reusable:
            return False
        return (
            (not search.code or discount.code == search.code)
            and (not search.categories or discount.category in search.categories)
            and (not search.products or _is_for_any(search.products, discount))
            and discount.start <= search.end
            and (discount.end is None or search.start <= discount.end)
        )

    def _is_for_segment(self, segment: str, discount: FlexDiscount) -> bool:
        if not discount.products:
            return True
        products = self.catalog.products
        return any(
            segment in products[product].segments
            for product in discount.products
            if product in products
        )

    def _status(self, discount: FlexDiscount) -> Literal["ACTIVE", "EXPIRED", "REUSABLE"]:
        """Those of the future are ACTIVE too."""
        now = self.clock.now()
        if discount.end is None or now < discount.end:
            return "ACTIVE"
        if discount.lock_end is not None and now < discount.lock_end:
            return "REUSABLE"
        return "EXPIRED"

    def _entry(self, discount: FlexDiscount) -> FlexDiscountEntry:
        return FlexDiscountEntry(
            id=discount.id,
            category=discount.category,
            code=discount.code,
            name=discount.name,
            description=discount.name,
            start_date=wire_moment(discount.start),
            end_date=wire_moment(discount.end) if discount.end else None,
            discount_lock_end_date=wire_moment(discount.lock_end) if discount.lock_end else None,
            status=self._status(discount),
            qualification=DiscountQualification(
                base_offer_ids=sorted(
                    self.catalog.products[product].base_offer_id
                    for product in discount.products
                    if product in self.catalog.products
                )
            ),
            outcomes=[DiscountOutcome(type=discount.type, discount_values=self._values(discount))],
        )

    def _values(self, discount: FlexDiscount) -> list[DiscountValue]:
        """A percentage has no country; an amount stands once for each country of its currency."""
        if discount.currency is None:
            return [DiscountValue(value=discount.value)]
        return [
            DiscountValue(country=country, currency=discount.currency, value=discount.value)
            for country, currencies in self.catalog.country_currencies.items()
            if discount.currency in currencies
        ]


def _is_for_any(products: frozenset[str], discount: FlexDiscount) -> bool:
    return not discount.products or bool(products & discount.products)


def _base_products(text: str) -> frozenset[str]:
    """A comma list of offer ids; their first ten signs count."""
    return frozenset(filled(offer_id.strip())[:10] for offer_id in text.split(","))


def _read_search(call: Call) -> DiscountSearch:
    query = Query(call)
    missing = [name for name in ("market-segment", "country") if name not in query.given()]
    if missing:
        raise ServiceRefusal("1122", missing)
    search = DiscountSearch(
        segment=query.value("market-segment", one_of("COM", "EDU", "GOV"), "COM"),
        country=query.value("country", filled, ""),
        categories=query.values("categories", frozenset({"STANDARD", "INTRO"})),
        products=query.value("offer-ids", _base_products, frozenset()),
        discount_id=query.value("flex-discount-id", filled, ""),
        code=query.value("flex-discount-code", filled, ""),
        with_reusable=query.value(
            "include-eligible-reusable-discounts", true_or_false, default=False
        ),
        start=query.value("start-date", moment, _BEGINNING),
        end=query.value("end-date", moment, _END),
        limit=min(query.value("limit", positive, DEFAULT_LIMIT), LARGEST_LIMIT),
        offset=query.value("offset", natural, 0),
    )
    if search.discount_id:
        query.refused += sorted(query.given() - _ALONE)
    query.check()
    return search
