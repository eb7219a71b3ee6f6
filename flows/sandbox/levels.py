"""Which price level a customer is entitled to (reference, section 7.4)."""

from __future__ import annotations

from dataclasses import dataclass

from flows.sandbox.catalog import Catalog, Product
from flows.sandbox.records import Customer

_COMMITTED = frozenset({"COMMITTED", "ACTIVE"})

_HVD_CUSTOMER = "HVD_MIGRATED_CUSTOMER"

AGENCY_LEVELS = frozenset({"06", "07", "08", "09"})


def is_committed(customer: Customer) -> bool:
    """Whether a three-year commitment is in force."""
    return customer.commitment is not None and customer.commitment.status in _COMMITTED


def entitled_discount_code(customer: Customer) -> str | None:
    """The high-volume code of a migrated customer; nobody else has one (section 8.1)."""
    return customer.discount_code if _HVD_CUSTOMER in customer.tags else None


@dataclass(frozen=True, slots=True)
class Levels:
    """The levels a customer is entitled to; None below the lowest (agencies only)."""

    licences: str | None
    consumables: str | None

    def of(self, product: Product) -> str | None:
        """The level for one product."""
        return self.consumables if product.is_consumable else self.licences


def entitled_levels(
    catalog: Catalog, customer: Customer, *, licences: int, consumables: int
) -> Levels:
    """The levels for that many licences and consumables, owned and ordered.

    Three-year customers are counted by what they committed to.
    """
    committed = is_committed(customer)
    if committed and customer.commitment is not None and not customer.large_government_agency:
        licences = customer.commitment.minimum_licences
    return Levels(
        licences=_reached(catalog, _licence_table(customer, committed=committed), licences),
        consumables=_reached(
            catalog, "consumables committed" if committed else "consumables", consumables
        ),
    )


def _reached(catalog: Catalog, table: str, quantity: int) -> str | None:
    reached = [row for row in catalog.tables[table] if row.from_quantity <= quantity]
    return reached[-1].level if reached else None


def _licence_table(customer: Customer, *, committed: bool) -> str:
    if customer.large_government_agency:
        return "government agency"
    if not committed:
        return "standard"
    return "three-year EDU" if customer.market_segment == "EDU" else "three-year"
