"""Customers created and changed by the partner (reference, section 7.3)."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from flows.sandbox.accounts import AccountDesk
from flows.sandbox.answers import answer_of
from flows.sandbox.book import Book
from flows.sandbox.calls import Call
from flows.sandbox.catalog import Catalog
from flows.sandbox.clock import Clock
from flows.sandbox.errors import ServiceRefusal
from flows.sandbox.lifecycle import Lifecycle
from flows.sandbox.numbering import Numbering
from flows.sandbox.partner import Partner
from flows.sandbox.records import (
    INACTIVE_CUSTOMER_STATUSES,
    NEW_CUSTOMER,
    Address,
    Answer,
    Contact,
    Customer,
)
from flows.sandbox.request_reading import read_customer, read_customer_change
from flows.sandbox.rights import check_may_change
from flows.sandbox.wire_requests import (
    AddressRequest,
    ContactRequest,
    CustomerChangeRequest,
    CustomerRequest,
)

_NOT_EDITABLE = INACTIVE_CUSTOMER_STATUSES | {NEW_CUSTOMER}

_POSTAL_CODES = {
    "US": re.compile(r"\d{5}(-\d{4})?"),
    "DE": re.compile(r"\d{5}"),
    "GB": re.compile(r"[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}", re.IGNORECASE),
    "JP": re.compile(r"\d{3}-?\d{4}"),
    "AU": re.compile(r"\d{4}"),
}
"""How postal codes look in the countries the partner sells to."""


@dataclass(frozen=True, slots=True)
class AccountEntryDesk:
    """Where customers are entered and changed."""

    book: Book
    catalog: Catalog
    clock: Clock
    partner: Partner
    numbering: Numbering
    lifecycle: Lifecycle
    accounts: AccountDesk
    check_takes: timedelta

    def create(self, call: Call) -> Answer:
        """A new customer, whose check ends a while later.

        1115 unknown reseller, 1126 inactive one, 1118 address, 2135 segment, 1139 and 1140
        worldwide sales, 1127 there already.
        """
        asked = read_customer(call.body)
        check_may_change(self.book, call)
        reseller = self.partner.resellers.get(asked.reseller_id)
        if reseller is None:
            raise ServiceRefusal("1115")
        if not reseller.is_active:
            raise ServiceRefusal("1126")
        customer = self._customer(asked)
        self._check_address(customer.address)
        self._check_segment(customer)
        self._check_worldwide(customer)
        if any(_is_same_company(customer, other) for other in self.book.customers.values()):
            raise ServiceRefusal("1127")
        self.book.put_customer(customer)
        self.lifecycle.expect_check(customer)
        return answer_of(201, self.accounts.customer_answer(customer))

    def change(self, call: Call, customer_id: str) -> Answer:
        """A changed customer; 1119 for what stays as it is, 1125 while it is being checked."""
        customer = self.book.customers.get(customer_id)
        if customer is None:
            raise ServiceRefusal("1116")
        asked = read_customer_change(call.body)
        check_may_change(self.book, call)
        if customer.status in _NOT_EDITABLE:
            raise ServiceRefusal("1125")
        _check_unchanged(asked, customer)
        changed = _changed(asked, customer)
        self._check_address(changed.address)
        self._check_segment(changed)
        if changed.global_sales_enabled and not customer.global_sales_enabled:
            self._check_worldwide(changed)
        self.book.put_customer(changed)
        return answer_of(200, self.accounts.customer_answer(changed))

    def _customer(self, asked: CustomerRequest) -> Customer:
        profile, now = asked.company_profile, self.clock.now()
        return Customer(
            customer_id=self.numbering.customer_id(),
            reseller_id=asked.reseller_id,
            company_name=profile.company_name,
            address=_address(profile.address),
            market_segment=profile.market_segment,
            status=NEW_CUSTOMER,
            created_at=now.replace(microsecond=0),
            external_reference_id=asked.external_reference_id or "",
            preferred_language=profile.preferred_language,
            global_sales_enabled=bool(asked.global_sales_enabled),
            market_sub_segments=tuple(profile.market_sub_segments or ()),
            contacts=_contacts(profile.contacts),
            checked_at=now + self.check_takes,
        )

    def _check_address(self, address: Address) -> None:
        """1118: a country nobody knows, or a postal code that does not fit it."""
        form = _POSTAL_CODES.get(address.country)
        if address.country not in self.catalog.country_currencies:
            raise ServiceRefusal("1118", ["companyProfile.address.country"])
        if form and address.postal_code and not form.fullmatch(address.postal_code):
            raise ServiceRefusal("1118", ["companyProfile.address.postalCode"])

    def _check_segment(self, customer: Customer) -> None:
        reseller = self.partner.resellers.get(customer.reseller_id)
        if reseller and customer.market_segment not in reseller.segments:
            raise ServiceRefusal("2135", ["companyProfile.marketSegment"])

    def _check_worldwide(self, customer: Customer) -> None:
        """Only COM customers can be enabled for worldwide sales (section 21)."""
        if not customer.global_sales_enabled:
            return
        if not self.partner.worldwide_sales:
            raise ServiceRefusal("1139")
        if customer.market_segment != "COM":
            raise ServiceRefusal("1140")


def _is_same_company(one: Customer, other: Customer) -> bool:
    """Under two resellers a company is two customers (section 1)."""
    return (
        one.reseller_id == other.reseller_id
        and one.company_name.casefold() == other.company_name.casefold()
        and one.address.country == other.address.country
        and one.address.postal_code == other.address.postal_code
    )


def _check_unchanged(asked: CustomerChangeRequest, customer: Customer) -> None:
    """1119: name, country and region stay; sent as they are, they do no harm."""
    profile = asked.company_profile
    if profile is None:
        return
    found = []
    if profile.company_name is not None and profile.company_name != customer.company_name:
        found.append("companyProfile.companyName")
    if profile.address is not None:
        if profile.address.country != customer.address.country:
            found.append("companyProfile.address.country")
        if (profile.address.region or "") != customer.address.region:
            found.append("companyProfile.address.region")
    if found:
        raise ServiceRefusal("1119", found)


def _changed(asked: CustomerChangeRequest, customer: Customer) -> Customer:
    changes: dict[str, Any] = {}
    if asked.external_reference_id is not None:
        changes["external_reference_id"] = asked.external_reference_id
    if asked.global_sales_enabled is not None:
        changes["global_sales_enabled"] = asked.global_sales_enabled
    profile = asked.company_profile
    if profile is not None:
        if profile.preferred_language is not None:
            changes["preferred_language"] = profile.preferred_language
        if profile.market_segment is not None:
            changes["market_segment"] = profile.market_segment
        if profile.market_sub_segments is not None:
            changes["market_sub_segments"] = tuple(profile.market_sub_segments)
        if profile.address is not None:
            changes["address"] = _address(profile.address)
        if profile.contacts is not None:
            changes["contacts"] = _contacts(profile.contacts)
    return replace(customer, **changes)


def _address(asked: AddressRequest) -> Address:
    return Address(
        country=asked.country,
        region=asked.region or "",
        city=asked.city,
        address_line_1=asked.address_line1,
        postal_code=asked.postal_code or "",
        address_line_2=asked.address_line2 or "",
    )


def _contacts(asked: list[ContactRequest]) -> tuple[Contact, ...]:
    return tuple(Contact(c.first_name, c.last_name, c.email) for c in asked)
