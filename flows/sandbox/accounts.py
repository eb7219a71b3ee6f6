"""Reading customers: get and list (reference, sections 7.1 and 7.2)."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from flows.sandbox.answers import answer_of
from flows.sandbox.book import Book
from flows.sandbox.buying import licences_owned
from flows.sandbox.calls import Call
from flows.sandbox.catalog import Catalog
from flows.sandbox.clock import wire_moment
from flows.sandbox.errors import ServiceRefusal
from flows.sandbox.levels import Levels, entitled_levels
from flows.sandbox.partner import Partner
from flows.sandbox.queries import Query, filled, moment, natural, one_of, page_links, positive
from flows.sandbox.records import Answer, Commitment, Customer
from flows.sandbox.wire_answers import self_link
from flows.sandbox.wire_lists import (
    AddressAnswer,
    Benefit,
    CommitmentAnswer,
    CompanyProfile,
    ContactAnswer,
    CustomerAnswer,
    CustomerEntry,
    CustomerListAnswer,
    CustomerName,
    LevelAnswer,
    MinimumQuantity,
)

DEFAULT_LIMIT = 20
LARGEST_LIMIT = 50
LISTED_STATUSES = frozenset({"1000", "1002", "1004", "1026"})

_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
_END = datetime(9999, 12, 31, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class CustomerSearch:
    """Which customers are looked for, and in what order."""

    statuses: frozenset[str]
    created_from: datetime
    created_to: datetime
    company_name: str
    sort_by: str
    order_by: str
    limit: int
    offset: int

    def finds(self, customer: Customer) -> bool:
        """Whether the customer is wanted; `*` in a name stands for any signs."""
        return (
            customer.status in self.statuses
            and self.created_from <= customer.created_at <= self.created_to
            and self._has_name(customer.company_name)
        )

    def _has_name(self, name: str) -> bool:
        wanted = self.company_name.replace("[", "[[]").replace("?", "[?]")
        return fnmatch.fnmatchcase(name.casefold(), wanted.casefold())


@dataclass(frozen=True, slots=True)
class AccountDesk:
    """Where customers are looked up."""

    book: Book
    catalog: Catalog
    partner: Partner

    def customer(self, _call: Call, customer_id: str) -> Answer:
        """Customer get; 404 1116 when unknown."""
        customer = self.book.customers.get(customer_id)
        if customer is None:
            raise ServiceRefusal("1116")
        return answer_of(200, self.customer_answer(customer))

    def customers(self, call: Call, reseller_id: str) -> Answer:
        """A page of a reseller's customers; 404 1115 unknown reseller, 1132 a bad value."""
        if reseller_id not in self.partner.resellers:
            raise ServiceRefusal("1115")
        search = _read_search(call)
        found = [
            customer
            for customer in self.book.customers.values()
            if customer.reseller_id == reseller_id and search.finds(customer)
        ]
        found.sort(key=_SORTED_BY[search.sort_by], reverse=search.order_by == "desc")
        page = found[search.offset : search.offset + search.limit]
        return answer_of(
            200,
            CustomerListAnswer(
                total_count=len(found),
                count=len(page),
                offset=search.offset,
                limit=search.limit,
                accounts=[_entry(customer) for customer in page],
                links=page_links(call, limit=search.limit, offset=search.offset, total=len(found)),
            ),
        )

    def customer_answer(self, customer: Customer) -> CustomerAnswer:
        """A customer as it goes out."""
        return CustomerAnswer(
            external_reference_id=customer.external_reference_id,
            customer_id=customer.customer_id,
            reseller_id=customer.reseller_id,
            global_sales_enabled=customer.global_sales_enabled,
            tags=list(customer.tags),
            company_profile=_company_profile(customer),
            discounts=_level_answers(customer, self._levels(customer)),
            benefits=_benefits(customer),
            coterm_date=customer.coterm_date.isoformat() if customer.coterm_date else "",
            creation_date=wire_moment(customer.created_at),
            status=customer.status,
            links=self_link(f"/v3/customers/{customer.customer_id}"),
        )

    def _levels(self, customer: Customer) -> Levels:
        """By what is owned; the lowest level counts one licence."""
        book, catalog, customer_id = self.book, self.catalog, customer.customer_id
        licences = licences_owned(book, catalog, customer_id, consumables=False)
        consumables = licences_owned(book, catalog, customer_id, consumables=True)
        return entitled_levels(
            catalog, customer, licences=max(licences, 1), consumables=max(consumables, 1)
        )


def _created_at(customer: Customer) -> tuple[object, ...]:
    return (customer.created_at, customer.customer_id)


def _company_name(customer: Customer) -> tuple[object, ...]:
    return (customer.company_name.casefold(), customer.customer_id)


_SORTED_BY: dict[str, Callable[[Customer], tuple[object, ...]]] = {
    "creationDate": _created_at,
    "companyName": _company_name,
}


def _read_search(call: Call) -> CustomerSearch:
    """The search of a query; active customers, newest first, when nothing is said."""
    query = Query(call)
    search = CustomerSearch(
        statuses=query.values("status", LISTED_STATUSES) or frozenset({"1000"}),
        created_from=query.value("from-created-date", moment, _BEGINNING),
        created_to=query.value("to-created-date", moment, _END),
        company_name=query.value("company-name", filled, "*"),
        sort_by=query.value("sort-by", one_of("creationDate", "companyName"), "creationDate"),
        order_by=query.value("order-by", one_of("desc", "asc"), "desc"),
        limit=min(query.value("limit", positive, DEFAULT_LIMIT), LARGEST_LIMIT),
        offset=query.value("offset", natural, 0),
    )
    query.check()
    return search


def _entry(customer: Customer) -> CustomerEntry:
    return CustomerEntry(
        external_reference_id=customer.external_reference_id,
        customer_id=customer.customer_id,
        reseller_id=customer.reseller_id,
        status=customer.status,
        company_profile=CustomerName(company_name=customer.company_name),
        creation_date=wire_moment(customer.created_at),
        links=self_link(f"/v3/customers/{customer.customer_id}"),
    )


def _company_profile(customer: Customer) -> CompanyProfile:
    address = customer.address
    return CompanyProfile(
        company_name=customer.company_name,
        preferred_language=customer.preferred_language,
        market_segment=customer.market_segment,
        market_sub_segments=list(customer.market_sub_segments) or None,
        address=AddressAnswer(
            country=address.country,
            region=address.region,
            city=address.city,
            address_line1=address.address_line_1,
            address_line2=address.address_line_2 or None,
            postal_code=address.postal_code,
        ),
        contacts=[
            ContactAnswer(
                first_name=contact.first_name, last_name=contact.last_name, email=contact.email
            )
            for contact in customer.contacts
        ],
    )


def _level_answers(customer: Customer, levels: Levels) -> list[LevelAnswer]:
    answers = []
    if levels.licences:
        answers.append(
            LevelAnswer(
                offer_type="LICENSE", level=levels.licences, discount_code=customer.discount_code
            )
        )
    if levels.consumables:
        answers.append(LevelAnswer(offer_type="CONSUMABLES", level=levels.consumables))
    return answers


def _commitment_answer(commitment: Commitment | None) -> CommitmentAnswer | None:
    if commitment is None:
        return None
    return CommitmentAnswer(
        start_date=commitment.start_date.isoformat(),
        end_date=commitment.end_date.isoformat(),
        status=commitment.status,
        minimum_quantities=[
            MinimumQuantity(offer_type="LICENSE", quantity=commitment.minimum_licences)
        ],
    )


def _benefits(customer: Customer) -> list[Benefit]:
    benefits = []
    if customer.commitment or customer.recommitment:
        benefits.append(
            Benefit(
                type="THREE_YEAR_COMMIT",
                commitment=_commitment_answer(customer.commitment),
                recommitment_request=_commitment_answer(customer.recommitment),
            )
        )
    if customer.large_government_agency:
        benefits.append(Benefit(type="LARGE_GOVERNMENT_AGENCY", status="ACTIVE"))
    return benefits
