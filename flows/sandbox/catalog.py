"""What the marketplace sells: products, price levels, currencies, flexible discounts.

The facts lie in `seed/*.csv`; nothing here changes while the server runs.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from importlib.resources import files
from typing import Literal, cast

Kind = Literal["team", "add-on", "enterprise", "consumable"]

LARGEST_QUANTITY = 599_000
"""Enterprise maximum at the server (reference, C6); other products name their own."""

_SUFFIX = "A12"


@dataclass(frozen=True, slots=True)
class Product:
    """One product, named by the first ten signs of its offer ids."""

    product: str
    name: str
    kind: Kind
    segments: frozenset[str]
    price_usd: Decimal
    currencies: frozenset[str]
    max_quantity: int
    needs: frozenset[str]
    sold: bool
    programme: str

    @property
    def is_consumable(self) -> bool:
        """Consumables have levels of their own and are not prorated."""
        return self.kind == "consumable"

    def offer_id(self, level: str) -> str:
        """The offer id of this product at a price level."""
        return f"{self.product}{level}{_SUFFIX}"

    @property
    def base_offer_id(self) -> str:
        """What subscriptions report: the lowest level, never the one bought."""
        return self.offer_id("T1" if self.is_consumable else "01")


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
    """A flexible discount (reference, section 17.1); no products means all of them."""

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

    def is_valid_at(self, moment: datetime) -> bool:
        """Whether the code may be used at that moment."""
        return self.start <= moment and (self.end is None or moment < self.end)


@dataclass(frozen=True, slots=True)
class Catalog:
    """All of it, by id. `tables` are the price levels, lowest first; `offers` holds
    every offer id that can be bought, at every level.
    """

    products: Mapping[str, Product]
    offers: Mapping[str, Product]
    tables: Mapping[str, tuple[Level, ...]]
    percent_off: Mapping[str, Decimal]
    currencies: Mapping[str, Currency]
    country_currencies: Mapping[str, frozenset[str]]
    flex_discounts: tuple[FlexDiscount, ...]

    def list_price(self, offer_id: str, currency_code: str) -> Decimal:
        """Price of one unit for a full term, level included, in that currency."""
        product = self.products[offer_id[:10]]
        percent = self.percent_off[offer_id[10:12]]
        usd = _rounded(product.price_usd * (100 - percent) / 100, Decimal("0.01"))
        currency = self.currencies[currency_code]
        return _rounded(usd * currency.per_usd, currency.step).quantize(Decimal("0.01"))

    def flex_discount(self, code: str, moment: datetime) -> FlexDiscount | None:
        """The discount that the code names at that moment."""
        return next(
            (d for d in self.flex_discounts if d.code == code and d.is_valid_at(moment)), None
        )

    def flex_discount_by_id(self, discount_id: str) -> FlexDiscount | None:
        """The discount with that id, valid or not."""
        return next((d for d in self.flex_discounts if d.id == discount_id), None)


def _rounded(value: Decimal, step: Decimal) -> Decimal:
    return value.quantize(step, ROUND_HALF_UP)


@cache
def catalog() -> Catalog:
    """The catalog of the seed files."""
    products = [_product(row) for row in seed_rows("products.csv")]
    levels = tuple(_level(row) for row in seed_rows("levels.csv"))
    currencies = [_currency(row) for row in seed_rows("currencies.csv")]
    return Catalog(
        products={product.product: product for product in products},
        offers={
            product.offer_id(row.level): product
            for product in products
            for row in levels
            if product.sold and row.table.startswith("consumables") == product.is_consumable
        },
        tables={
            table: tuple(row for row in levels if row.table == table)
            for table in {row.table for row in levels}
        },
        percent_off={row.level: row.percent_off for row in levels},
        currencies={currency.currency: currency for currency in currencies},
        country_currencies={
            row["country"]: frozenset(row["currencies"].split())
            for row in seed_rows("countries.csv")
        },
        flex_discounts=tuple(_flex_discount(row) for row in seed_rows("discounts.csv")),
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
        sold=row["sold"] == "yes",
        programme=row["programme"],
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
    )


def _midnight(day: str) -> datetime:
    return datetime.combine(date.fromisoformat(day), time(), UTC)
