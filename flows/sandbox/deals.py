"""What a checked order request comes to: the lines as they will be sold, and for how long."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from flows.sandbox.catalog import FlexDiscount
from flows.sandbox.records import CancellingItem, LineItem


@dataclass(frozen=True, slots=True)
class Term:
    """Billed from `start` to the day before `end`."""

    start: date
    end: date


@dataclass(frozen=True, slots=True)
class SoldLine:
    """A line as it will be sold (a preview may have corrected its level and discount code),
    and the flexible discount that was granted on it.
    """

    item: LineItem
    flex_discount: FlexDiscount | None = None


@dataclass(frozen=True, slots=True)
class EligibleOffer:
    """A high-growth offer that the customer may come to at the renewal (section 8.5)."""

    offer_id: str
    renewal_code: str
    min_quantity: int
    additional_criteria: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Deal:
    """All of an order. Line statuses are those of a preview; placing makes them 1002.

    `will_fail`: it is accepted and fails when it is carried out.
    """

    lines: tuple[SoldLine, ...]
    term: Term
    cancelled: tuple[CancellingItem, ...] = ()
    eligible_offers: tuple[EligibleOffer, ...] = ()
    will_fail: bool = False
