"""What the marketplace sells: products, price levels, currencies, flexible discounts.

The facts lie in `seed/*.csv`; products, prices and discounts can be changed by hand later.
"""

from __future__ import annotations

import csv
from bisect import insort
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import ROUND_HALF_UP, Decimal
from importlib.resources import files
from itertools import chain
from operator import attrgetter
from typing import Literal, cast

Kind = Literal["team", "add-on", "enterprise", "consumable"]

Stage = Literal["sold", "discontinued", "unsupported"]
"""Discontinued products are renewed with a three-year commitment only, unsupported ones never
(reference, section 11.4).
"""

LARGEST_QUANTITY = 599_000
"""Enterprise maximum at the server (reference, C6); other products name their own."""

_MONTHS = "12"


@dataclass(frozen=True, slots=True)
class Product:
    """One product, named by the first ten signs of its offer ids.

    It goes with one of the products it `needs` and with none that it `excludes`, in an order
    or owned already.
    """

    product: str
    name: str
    kind: Kind
    segments: frozenset[str]
    price_usd: Decimal
    currencies: frozenset[str]
    max_quantity: int
    needs: frozenset[str]
    stage: Stage
    programme: str
    has_high_growth_offers: bool
    excludes: frozenset[str] = frozenset()
    once_per_term: bool = False
    sold_to_agencies: bool = True

    @property
    def is_consumable(self) -> bool:
        """Consumables have levels of their own and are not prorated."""
        return self.kind == "consumable"

    def offer_id(self, level: str) -> str:
        """The offer id of this product at a price level."""
        return f"{self.product}{level}A{_MONTHS}"

    def high_growth_offer_id(self, level: str) -> str:
        """The offer id of a high-growth offer; `level` carries its sign: `14X`."""
        return f"{self.product}{level}{_MONTHS}"

    @property
    def base_offer_id(self) -> str:
        """What subscriptions report: the lowest level, never the one bought."""
        return self.offer_id("T1" if self.is_consumable else "01")


@dataclass(frozen=True, slots=True)
class PriceChange:
    """From that day on a product has another list price."""

    product: str
    start: date
    price_usd: Decimal


@dataclass(frozen=True, slots=True)
class Level:
    """One row of a price level table (reference, section 7.4)."""

    table: str
    level: str
    from_quantity: int
    percent_off: Decimal


@dataclass(frozen=True, slots=True)
class Currency:
    """How a currency's list prices follow from the price in USD."""

    currency: str
    per_usd: Decimal
    step: Decimal


@dataclass(frozen=True, slots=True)
class FlexDiscount:
    """A flexible discount (reference, section 17.1); no products means all of them.

    `lock_end` makes it reusable: whoever used it before its end may use it until then. A
    `closed` one is on no list and works by its code.
    """

    id: str
    code: str
    category: Literal["STANDARD", "INTRO"]
    type: Literal["PERCENTAGE_DISCOUNT", "FIXED_DISCOUNT", "FIXED_PRICE"]
    value: Decimal
    currency: str | None
    products: frozenset[str]
    start: datetime
    end: datetime | None
    one_use: bool
    three_year_only: bool
    name: str
    lock_end: datetime | None = None
    closed: bool = False

    def is_valid_at(self, moment: datetime) -> bool:
        """Whether the code may be used at that moment."""
        return self.start <= moment and (self.end is None or moment < self.end)


class Catalog:
    """All of it, by id. `tables` are the price levels, lowest first; `percent_off` holds what
    each level takes off the list price.
    """

    def __init__(
        self,
        *,
        products: Iterable[Product],
        levels: Iterable[Level],
        currencies: Iterable[Currency],
        country_currencies: Mapping[str, frozenset[str]],
        flex_discounts: Iterable[FlexDiscount],
    ) -> None:
        levels = tuple(levels)
        self.tables = {
            table: tuple(row for row in levels if row.table == table)
            for table in {row.table for row in levels}
        }
        self.percent_off = {row.level: row.percent_off for row in levels}
        self._high_growth = {
            row.level: row.from_quantity for row in self.tables.get("high growth", ())
        }
        self.currencies = {currency.currency: currency for currency in currencies}
        self.country_currencies = country_currencies
        self.products: dict[str, Product] = {}
        self.flex_discounts: tuple[FlexDiscount, ...] = ()
        self._offers: dict[str, Product] = {}
        self._price_changes: defaultdict[str, list[PriceChange]] = defaultdict(list)
        for product in products:
            self.put_product(product)
        for discount in flex_discounts:
            self.put_flex_discount(discount)

    def put_product(self, product: Product) -> None:
        """Enter or replace a product, with its offers at every level."""
        self.products[product.product] = product
        for row in chain.from_iterable(self.tables.values()):
            if row.table == "high growth":
                if product.has_high_growth_offers:
                    self._offers[product.high_growth_offer_id(row.level)] = product
            elif row.table.startswith("consumables") == product.is_consumable:
                self._offers[product.offer_id(row.level)] = product

    def put_flex_discount(self, discount: FlexDiscount) -> None:
        """Enter or replace a flexible discount."""
        others = (d for d in self.flex_discounts if d.id != discount.id)
        self.flex_discounts = (*others, discount)

    def put_price_change(self, change: PriceChange) -> None:
        """Enter a price that holds from a day on."""
        insort(self._price_changes[change.product], change, key=_start)

    def price_changes_of(self, product: str) -> list[PriceChange]:
        """The days from which a product has another list price, in order."""
        return self._price_changes[product]

    def is_known(self, offer_id: str) -> bool:
        """Whether this offer was ever on the price list."""
        return offer_id in self._offers

    def is_on_sale(self, offer_id: str) -> bool:
        """Whether this offer can be bought now."""
        product = self._offers.get(offer_id)
        return product is not None and product.stage == "sold"

    def list_price(self, offer_id: str, currency_code: str, day: date) -> Decimal:
        """Price of one unit for a full term, level included, in that currency, on that day."""
        list_price = self._list_price_usd(self.products[offer_id[:10]], day)
        usd = _rounded(list_price * (100 - self._percent_off(offer_id)) / 100, Decimal("0.01"))
        currency = self.currencies[currency_code]
        return _rounded(usd * currency.per_usd, currency.step).quantize(Decimal("0.01"))

    def high_growth_minimum(self, offer_id: str) -> int | None:
        """The quantity that a high-growth offer needs; None for every other offer."""
        return self._high_growth.get(offer_id[10:13])

    def _percent_off(self, offer_id: str) -> Decimal:
        high_growth = self.percent_off.get(offer_id[10:13])
        return self.percent_off[offer_id[10:12]] if high_growth is None else high_growth

    def _list_price_usd(self, product: Product, day: date) -> Decimal:
        started = [c for c in self._price_changes[product.product] if c.start <= day]
        return started[-1].price_usd if started else product.price_usd

    def flex_discount(self, code: str, moment: datetime) -> FlexDiscount | None:
        """The discount that the code names at that moment."""
        return next(
            (d for d in self.flex_discounts if d.code == code and d.is_valid_at(moment)), None
        )

    def flex_discount_by_id(self, discount_id: str) -> FlexDiscount | None:
        """The discount with that id, valid or not."""
        return next((d for d in self.flex_discounts if d.id == discount_id), None)


_start = attrgetter("start")


def _rounded(value: Decimal, step: Decimal) -> Decimal:
    return value.quantize(step, ROUND_HALF_UP)


def seeded_catalog() -> Catalog:
    """The catalog of the seed files."""
    return Catalog(
        products=map(_product, seed_rows("products.csv")),
        levels=map(_level, seed_rows("levels.csv")),
        currencies=map(_currency, seed_rows("currencies.csv")),
        country_currencies={
            row["country"]: frozenset(row["currencies"].split())
            for row in seed_rows("countries.csv")
        },
        flex_discounts=map(_flex_discount, seed_rows("discounts.csv")),
    )


def seed_text(name: str) -> str:
    """The text of one seed file."""
    return files("flows.sandbox").joinpath("seed", name).read_text(encoding="utf-8")


def seed_rows(name: str) -> Iterator[dict[str, str]]:
    """The rows of one seed table."""
    yield from csv.DictReader(seed_text(name).splitlines())


def _product(row: dict[str, str]) -> Product:
    return Product(
        product=row["product"],
        name=row["name"],
        kind=cast("Kind", row["kind"]),
        segments=frozenset(row["segments"].split()),
        price_usd=Decimal(row["price_usd"]),
        currencies=frozenset(row["currencies"].split()),
        max_quantity=int(row["max_quantity"]),
        needs=frozenset(row["needs"].split()),
        stage=cast("Stage", row["stage"]),
        programme=row["programme"],
        has_high_growth_offers=row["high_growth"] == "yes",
        excludes=frozenset(row["excludes"].split()),
        once_per_term=row["once_per_term"] == "yes",
        sold_to_agencies=row["sold_to_agencies"] == "yes",
    )


def _level(row: dict[str, str]) -> Level:
    return Level(row["table"], row["level"], int(row["from_quantity"]), Decimal(row["percent_off"]))


def _currency(row: dict[str, str]) -> Currency:
    step = Decimal(1).scaleb(-int(row["decimals"]))
    return Currency(row["currency"], Decimal(row["per_usd"]), step)


def _flex_discount(row: dict[str, str]) -> FlexDiscount:
    return FlexDiscount(
        id=row["id"],
        code=row["code"],
        category=cast("Literal['STANDARD', 'INTRO']", row["category"]),
        type=cast("Literal['PERCENTAGE_DISCOUNT', 'FIXED_DISCOUNT', 'FIXED_PRICE']", row["type"]),
        value=Decimal(row["value"]),
        currency=row["currency"] or None,
        products=frozenset(row["products"].split()),
        start=_midnight(row["start_date"]),
        end=_midnight(row["end_date"]) if row["end_date"] else None,
        one_use=row["one_use"] == "yes",
        three_year_only=row["three_year_only"] == "yes",
        name=row["name"],
        lock_end=_midnight(row["lock_end_date"]) if row["lock_end_date"] else None,
        closed=row["closed"] == "yes",
    )


def _midnight(day: str) -> datetime:
    return datetime.combine(date.fromisoformat(day), time(), UTC)
