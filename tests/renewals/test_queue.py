"""In which order a customer's renewals go, what each is keyed by, and how it is called."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from flows.renewals.decide import Decision, Part, decide
from flows.renewals.queue import renewal_key, renewal_reference, steps_of
from schemas.renewals import Wish
from schemas.subscriptions import SubscriptionStatus
from tests.renewals.cases import CUSTOMER, SUBSCRIPTION, case, row, subscription

TERM = date(2026, 12, 15)


def decided(
    name: str, number: int, quantity: int | None = None, *, days: int = 20, late: bool = False
) -> Decision:
    status = SubscriptionStatus.INACTIVE if late else SubscriptionStatus.ACTIVE
    owned = subscription(days, status=status, late=late, subscription_id=name)
    wanted = row(Wish.QUANTITY if quantity else Wish.AS_IS, quantity)
    return decide(case(owned, replace(wanted, row=number, subscription_id=name)))


def test_what_ends_first_goes_first_and_more_licences_come_last() -> None:
    decisions = [
        decided("more", 2, 14),
        decided("part", 3, 4),
        decided("lapsed", 4, days=-5, late=True),
        decided("far", 5, days=60),
    ]
    (steps,) = steps_of(decisions).values()
    told = [
        (s.decision.case.subscription.subscription_id, s.part, s.quantity, s.place) for s in steps
    ]
    assert told == [
        ("lapsed", Part.PRESENT, 10, 1),
        ("more", Part.PRESENT, 10, 2),
        ("part", Part.PRESENT, 4, 3),
        ("more", Part.EXTRA, 4, 4),
    ]
    assert {step.of for step in steps} == {4}


def test_a_key_is_that_of_subscription_term_and_part_alone() -> None:
    (steps,) = steps_of([decided(SUBSCRIPTION, 2, 14)]).values()
    (fewer,) = steps_of([decided(SUBSCRIPTION, 9, 3)]).values()
    present, extra = steps
    assert present.key == fewer[0].key == renewal_key(CUSTOMER, SUBSCRIPTION, TERM, Part.PRESENT)
    assert extra.key != present.key
    assert present.key != renewal_key(CUSTOMER, SUBSCRIPTION, date(2027, 12, 15), Part.PRESENT)


def test_a_reference_names_the_term() -> None:
    (steps,) = steps_of([decided(SUBSCRIPTION, 2, 14)]).values()
    assert [step.reference for step in steps] == [
        "R-2026-12-15-83c0de99ac35d011",
        "R-2026-12-15-83c0de99ac35d011X",
    ]


@given(st.text(min_size=1, max_size=40), st.dates(), st.sampled_from(Part))
def test_a_reference_fits_whatever_the_subscription_is_called(
    name: str, term: date, part: Part
) -> None:
    reference = renewal_reference(name, term, part)
    assert len(reference) <= 35
    assert reference.isascii()
