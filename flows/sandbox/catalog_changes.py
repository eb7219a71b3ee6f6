"""Changes of catalog and contract made by hand: kept in the book, they come back with it."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import TypeAdapter

from flows.sandbox.book import Book
from flows.sandbox.catalog import Catalog, FlexDiscount, PriceChange, Product
from flows.sandbox.partner import Partner

_PRODUCT = TypeAdapter(Product)
_DISCOUNT = TypeAdapter(FlexDiscount)
_PRICE = TypeAdapter(PriceChange)
_CONTRACT = TypeAdapter(dict[str, bool])


def change_product(book: Book, catalog: Catalog, product: Product) -> None:
    """Enter or replace a product."""
    catalog.put_product(product)
    book.put_catalog_change("product", product.product, _PRODUCT.dump_json(product).decode())


def change_discount(book: Book, catalog: Catalog, discount: FlexDiscount) -> None:
    """Enter or replace a flexible discount."""
    catalog.put_flex_discount(discount)
    book.put_catalog_change("discount", discount.id, _DISCOUNT.dump_json(discount).decode())


def change_price(book: Book, catalog: Catalog, change: PriceChange) -> None:
    """Another list price from a day on."""
    catalog.put_price_change(change)
    key = f"{change.product} {change.start}"
    book.put_catalog_change("price", key, _PRICE.dump_json(change).decode())


def change_partner(book: Book, partner: Partner, terms: Mapping[str, bool]) -> None:
    """What the partner's contract allows, by field of `Partner`."""
    for name, value in terms.items():
        setattr(partner, name, value)
        book.put_catalog_change("partner", name, _CONTRACT.dump_json({name: value}).decode())


def apply_changes(book: Book, catalog: Catalog, partner: Partner) -> None:
    """Make the changes that the book remembers."""
    for (kind, _), body in book.catalog_changes.items():
        if kind == "product":
            catalog.put_product(_PRODUCT.validate_json(body))
        elif kind == "discount":
            catalog.put_flex_discount(_DISCOUNT.validate_json(body))
        elif kind == "partner":
            for name, value in _CONTRACT.validate_json(body).items():
                setattr(partner, name, value)
        else:
            catalog.put_price_change(_PRICE.validate_json(body))
