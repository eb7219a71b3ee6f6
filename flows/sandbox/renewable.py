"""Which products can be renewed at all (reference, sections 11.2 to 11.5)."""

from __future__ import annotations

from flows.sandbox.catalog import Product
from flows.sandbox.levels import is_committed
from flows.sandbox.records import Customer


def is_supported(product: Product, customer: Customer) -> bool:
    """Discontinued products need a three-year commitment, unsupported ones are gone."""
    return product.stage == "sold" or (product.stage == "discontinued" and is_committed(customer))


def is_renewable(product: Product, customer: Customer) -> bool:
    """Whether it would be renewed by itself: supported, and not bought once and used up."""
    return not product.is_consumable and is_supported(product, customer)
