"""Changes of the catalog made by hand: they are kept in the book and come back with it."""

from __future__ import annotations

from pydantic import TypeAdapter

from flows.sandbox.book import Book
from flows.sandbox.catalog import Catalog, FlexDiscount, PriceChange, Product

_PRODUCT = TypeAdapter(Product)
_DISCOUNT = TypeAdapter(FlexDiscount)
_PRICE = TypeAdapter(PriceChange)


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


def apply_changes(book: Book, catalog: Catalog) -> None:
    """Make the changes that the book remembers."""
    for (kind, _), body in book.catalog_changes.items():
        if kind == "product":
            catalog.put_product(_PRODUCT.validate_json(body))
        elif kind == "discount":
            catalog.put_flex_discount(_DISCOUNT.validate_json(body))
        else:
            catalog.put_price_change(_PRICE.validate_json(body))
