"""The rows of a checked order sheet, column by column: a row is its place in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import Any, Final, TypeVar

import pandas as pd

from schemas.order_types import (
    SWITCH_FAMILY,
    discount_codes,
    plain_type,
    whole_number,
    yes_or_no,
)
from schemas.orders import Order, OrderLine

MUST_AGREE: Final = ("customerId", "orderType", "referenceOrderId")
"""All rows of one order must say the same here; the currency too unless they name deployments."""

Value = TypeVar("Value")

Row = Mapping[str, Any]
"""One row of the sheet by the names of its columns: `row` is Excel's number, all else text."""


class OrderRows:
    """The columns as plain lists, and where the rows of each order stand in them.

    A large sheet is grouped in half the time that a mapping made for every row would take; only
    rows with something to tell become one.
    """

    def __init__(self, frame: pd.DataFrame) -> None:
        self._columns: dict[str, list[Any]] = {
            str(name): frame[name].to_numpy(dtype=object).tolist() for name in frame.columns
        }
        places: dict[str, list[int]] = {}
        for place, reference in enumerate(self["externalReferenceId"]):
            # A row without a reference stands for itself: it can be neither grouped nor joined.
            places.setdefault(reference or f"\0{place}", []).append(place)
        self.by_order: Final = tuple(places.values())
        self._lines = self._all_lines()
        self._said = {
            column: list(map(yes_or_no, self[column]))
            for column in ("reassignUsers", "repeat", "approve")
        }

    def __getitem__(self, column: str) -> list[Any]:
        return self._columns[column]

    def rows(self, places: Sequence[int]) -> list[Row]:
        """These rows as mappings."""
        return [{name: cells[place] for name, cells in self._columns.items()} for place in places]

    def numbers(self, places: Sequence[int]) -> list[int]:
        """Excel's numbers of these rows."""
        numbers = self["row"]
        return [numbers[place] for place in places]

    def may_differ(self, places: Sequence[int]) -> bool:
        """Whether rows of one order are worth a closer look.

        True where they are not the same in all that they must agree on, and where two without a
        line number are of one offer.
        """
        if len(places) == 1:
            return False
        texts_of = itemgetter(*places)
        for column in (*MUST_AGREE, "currencyCode"):
            texts = texts_of(self._columns[column])
            if texts.count(texts[0]) < len(texts):
                return True
        if all(texts_of(self["extLineItemNumber"])):
            return False
        numbers, offers = self["extLineItemNumber"], self["offerId"]
        unnumbered = [offers[place] for place in places if not numbers[place]]
        return len(set(unnumbered)) < len(unnumbered)

    def order(self, places: Sequence[int]) -> Order:
        """These rows as one order; nothing may be wrong with them."""
        first = places[0]
        kind = plain_type(self["orderType"][first])
        return Order(
            reference=self["externalReferenceId"][first],
            customer_id=self["customerId"][first],
            order_type=kind,
            reference_order_id=self["referenceOrderId"][first],
            lines=tuple([self._lines[place] for place in places]),
            reassign_users=any(self._of(self._said["reassignUsers"], places)),
            repeat=all(self._of(self._said["repeat"], places)),
            earlier_order_id=" ".join(sorted({*self._of(self["earlierOrderId"], places)} - {""})),
            numbered=kind in SWITCH_FAMILY or any(self._of(self["extLineItemNumber"], places)),
            approve=self._approval(places),
        )

    @staticmethod
    def _of(column: Sequence[Value], places: Sequence[int]) -> list[Value]:
        return [column[place] for place in places]

    def _approval(self, places: Sequence[int]) -> bool | None:
        said = set(self._of(self._said["approve"], places))
        return None if said == {None} else said == {True}

    def _all_lines(self) -> list[OrderLine]:
        """Every row as a line of its order, by its place."""
        return list(
            map(
                OrderLine,
                self["row"],
                self._line_numbers(),
                self["offerId"],
                map(whole_number, self["quantity"]),
                self["currencyCode"],
                self["subscriptionId"],
                self["deploymentId"],
                self["discountCode"],
                map(discount_codes, self["flexDiscountCodes"]),
                self["cancellingSubscriptionId"],
                map(whole_number, self["cancellingQuantity"]),
            )
        )

    def _line_numbers(self) -> list[int]:
        """The numbers of the lines, by the rows' places.

        Those of the sheet, or 1, 2, 3 as they stand. A switch has one line, numbered 1 whatever
        the sheet says (reference, section 12.2).
        """
        given = list(map(whole_number, self["extLineItemNumber"]))
        numbers = [0] * len(given)
        kinds = self["orderType"]
        for places in self.by_order:
            for number, place in enumerate(places, start=1):
                said = given[place]
                numbers[place] = number if said is None else said
            if plain_type(kinds[places[0]]) in SWITCH_FAMILY:
                numbers[places[0]] = 1
        return numbers
