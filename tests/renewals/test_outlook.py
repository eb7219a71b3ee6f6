"""What comes due in the next 30 days, by its date."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from flows.renewals.decide import Decision, decide
from flows.renewals.outlook import coming_due
from schemas.renewals import Wish
from schemas.subscriptions import SubscriptionStatus
from tests.renewals.cases import TODAY, case, row, subscription


def decided(days: int | None, wish: Wish = Wish.AS_IS, *, late: bool = False) -> Decision:
    status = SubscriptionStatus.INACTIVE if late else SubscriptionStatus.ACTIVE
    return decide(case(subscription(days, status=status, late=late), row(wish)))


@pytest.mark.parametrize(
    ("decision", "found"),
    [
        (decided(61), None),
        (decided(60), (date(2026, 12, 25), "can be renewed from")),
        (decided(31), (date(2026, 11, 26), "can be renewed from")),
        (decided(30), (date(2026, 12, 25), "renewal date")),
        (decided(0), (TODAY, "renewal date")),
        (decided(-14, late=True), (TODAY, "can be renewed until")),
        (decided(-15, late=True), (date(2026, 12, 10), "can be renewed until")),
        (decided(-31, late=True), None),
        (decided(None), None),
    ],
)
def test_the_next_date_of_a_subscription(
    decision: Decision, found: tuple[date, str] | None
) -> None:
    coming = [(due.on, due.by) for due in coming_due([decision], TODAY)]
    assert coming == ([found] if found else [])


@pytest.mark.parametrize(
    ("wish", "auto", "words"),
    [
        (Wish.AS_IS, False, "It will be renewed: 10 licences."),
        (
            Wish.AS_IS,
            True,
            "Its automatic renewal is on: Adobe renews 10 licences on 2027-01-14.",
        ),
        (
            Wish.ASK,
            False,
            "You will be asked; it ends on 2027-01-14 if nobody renews it.",
        ),
        (Wish.NOT, False, "It ends on 2027-01-14, as wanted."),
    ],
)
def test_what_happens_then(wish: Wish, auto: bool, words: str) -> None:
    decision = decide(case(subscription(50, auto=auto), row(wish)))
    assert [due.what_happens for due in coming_due([decision], TODAY)] == [words]


def test_the_nearest_date_stands_first() -> None:
    later, sooner = decided(60), decided(20)
    other = replace(sooner, case=replace(sooner.case, row=replace(sooner.case.row, row=3)))
    assert coming_due([later, sooner, other], TODAY)[0].decision is other
