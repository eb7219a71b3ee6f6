"""Upgrade paths to look through (reference, section 12.1)."""

from __future__ import annotations

from dataclasses import dataclass

from flows.sandbox.answers import answer_of
from flows.sandbox.book import Book
from flows.sandbox.calls import Call
from flows.sandbox.catalog import Catalog
from flows.sandbox.errors import ServiceRefusal
from flows.sandbox.queries import Query, filled, natural, one_of, page_links, positive
from flows.sandbox.records import Answer
from flows.sandbox.upgrade_paths import upgrade_paths
from flows.sandbox.wire_lists import ProductUpgrade, UpgradePathsAnswer, UpgradeTarget

DEFAULT_LIMIT = 20

_FOR_ONE = frozenset({"customer-id", "subscription-id"})


@dataclass(frozen=True, slots=True)
class UpgradeDesk:
    """Where upgrade paths are asked for."""

    book: Book
    catalog: Catalog

    def paths(self, call: Call) -> Answer:
        """By segment, country and language, or for one subscription of a customer.

        1122 what is missing, 3115 an unknown or ended subscription, 1132 a bad value.
        """
        query = Query(call)
        if _FOR_ONE & query.given():
            segment, products = self._of_subscription(query)
        else:
            segment, products = self._of_market(query)
        limit = query.value("limit", positive, DEFAULT_LIMIT)
        offset = query.value("offset", natural, 0)
        query.check()
        found = self._upgrades(segment, products)
        page = found[offset : offset + limit]
        return answer_of(
            200,
            UpgradePathsAnswer(
                total_count=len(found),
                count=len(page),
                offset=offset,
                limit=limit,
                product_upgrades=page,
                links=page_links(call, limit=limit, offset=offset, total=len(found)),
            ),
        )

    def _of_subscription(self, query: Query) -> tuple[str, frozenset[str]]:
        _refuse_missing(sorted(_FOR_ONE - query.given()))
        others = query.given() - _FOR_ONE - {"limit", "offset"}
        query.refused += sorted(others)
        customer_id = query.value("customer-id", filled, "")
        subscription_id = query.value("subscription-id", filled, "")
        query.check()
        owned = self.book.subscription(customer_id, subscription_id)
        if owned is None or not owned.is_active:
            raise ServiceRefusal("3115", status=400)
        return self.book.customers[customer_id].market_segment, frozenset({owned.product})

    def _of_market(self, query: Query) -> tuple[str, frozenset[str]]:
        """The language is optional (the FAQ); every path here is for MULT and EN alike."""
        _refuse_missing([n for n in ("market-segment", "country") if n not in query.given()])
        segment = query.value("market-segment", one_of("COM", "EDU", "GOV"), "COM")
        query.value("country", one_of(*self.catalog.country_currencies), "")
        query.value("language", one_of("MULT", "EN"), "MULT")
        offer_id = query.value("offer-id", filled, "")
        return segment, frozenset({offer_id[:10]} if offer_id else ())

    def _upgrades(self, segment: str, products: frozenset[str]) -> list[ProductUpgrade]:
        """One entry for each source; no products means all of them."""
        found: dict[str, list[UpgradeTarget]] = {}
        for path in upgrade_paths():
            source = self.catalog.products[path.source]
            target = self.catalog.products[path.target]
            if (products and path.source not in products) or target.stage != "sold":
                continue
            if segment in source.segments and segment in target.segments:
                found.setdefault(source.base_offer_id, []).append(
                    UpgradeTarget(
                        target_base_offer_id=target.base_offer_id,
                        sequence=path.sequence,
                        switch_type=path.switch_type,
                    )
                )
        return [
            ProductUpgrade(source_base_offer_id=source, target_list=targets)
            for source, targets in found.items()
        ]


def _refuse_missing(names: list[str]) -> None:
    if names:
        raise ServiceRefusal("1122", names)
