"""Reading customers (reference, section 7.1)."""

from __future__ import annotations

from dataclasses import dataclass

from flows.sandbox.answers import answer_of
from flows.sandbox.book import Book
from flows.sandbox.buying import licences_owned
from flows.sandbox.calls import Call
from flows.sandbox.catalog import Catalog
from flows.sandbox.clock import wire_moment
from flows.sandbox.errors import ServiceRefusal
from flows.sandbox.levels import Levels, entitled_levels
from flows.sandbox.records import Answer, Customer
from flows.sandbox.wire import (
    AddressAnswer,
    Benefit,
    CommitmentAnswer,
    CompanyProfile,
    Contact,
    CustomerAnswer,
    LevelAnswer,
    MinimumQuantity,
    self_link,
)


@dataclass(frozen=True, slots=True)
class AccountDesk:
    """Where customers are looked up."""

    book: Book
    catalog: Catalog

    def customer(self, _call: Call, customer_id: str) -> Answer:
        """Customer get; 404 1116 when unknown."""
        customer = self._customer(customer_id)
        return answer_of(200, self.customer_answer(customer))

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

    def _customer(self, customer_id: str) -> Customer:
        customer = self.book.customers.get(customer_id)
        if customer is None:
            raise ServiceRefusal("1116")
        return customer

    def _levels(self, customer: Customer) -> Levels:
        """By what is owned; the lowest level counts one licence."""
        book, catalog, customer_id = self.book, self.catalog, customer.customer_id
        licences = licences_owned(book, catalog, customer_id, consumables=False)
        consumables = licences_owned(book, catalog, customer_id, consumables=True)
        return entitled_levels(
            catalog, customer, licences=max(licences, 1), consumables=max(consumables, 1)
        )


def _company_profile(customer: Customer) -> CompanyProfile:
    address = customer.address
    return CompanyProfile(
        company_name=customer.company_name,
        preferred_language=customer.preferred_language,
        market_segment=customer.market_segment,
        address=AddressAnswer(
            country=address.country,
            region=address.region,
            city=address.city,
            address_line1=address.address_line_1,
            postal_code=address.postal_code,
        ),
        contacts=[
            Contact(first_name="Licence", last_name="Desk", email="licences@customer.example")
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


def _benefits(customer: Customer) -> list[Benefit]:
    benefits = []
    commitment = customer.commitment
    if commitment:
        answer = CommitmentAnswer(
            start_date=commitment.start_date.isoformat(),
            end_date=commitment.end_date.isoformat(),
            status=commitment.status,
            minimum_quantities=[
                MinimumQuantity(offer_type="LICENSE", quantity=commitment.minimum_licences)
            ],
        )
        benefits.append(Benefit(type="THREE_YEAR_COMMIT", commitment=answer))
    if customer.large_government_agency:
        benefits.append(Benefit(type="LARGE_GOVERNMENT_AGENCY", status="ACTIVE"))
    return benefits
