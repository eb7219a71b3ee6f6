"""The tables are closed, every row of them is decided, and every reason reads as a sentence."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.renewals.decide import Announced, Decision, OwnOrder, decide
from flows.renewals.reasons import REASONS, Reason, Verdict
from flows.renewals.tables import (
    BY_FIGURES,
    BY_PHASE,
    FIGURES_ROWS,
    OWN_REASONS,
    PHASE_ROWS,
    Auto,
    Own,
    Renewed,
)
from flows.renewals.windows import Phase, next_year
from schemas.renewals import Wish
from schemas.subscriptions import Subscription, SubscriptionStatus
from tests.renewals.cases import TODAY, case, customer, row, subscription

ACTIVE, INACTIVE = SubscriptionStatus.ACTIVE, SubscriptionStatus.INACTIVE


PLACES: dict[Phase, tuple[int | None, SubscriptionStatus, bool]] = {
    Phase.NOT_YET: (90, ACTIVE, False),
    Phase.EARLY: (20, ACTIVE, False),
    Phase.DAY_HAS_COME: (0, ACTIVE, False),
    Phase.LATE: (-5, INACTIVE, True),
    Phase.LATE_WITH_WARNING: (-20, INACTIVE, True),
    Phase.TOO_LATE: (-40, INACTIVE, True),
    Phase.ENDED: (-5, INACTIVE, False),
    Phase.SCHEDULED: (20, SubscriptionStatus.SCHEDULED, False),
    Phase.CHANGING: (20, SubscriptionStatus.PENDING, False),
    Phase.UNKNOWN: (None, ACTIVE, False),
}
"""Days to go, status, and whether it may be renewed late."""


def in_phase(phase: Phase, *, auto: bool) -> Subscription:
    """A subscription of ten licences that stands there."""
    days, status, late = PLACES[phase]
    return subscription(days, status=status, late=late, auto=auto)


def test_the_tables_hold_every_combination_once() -> None:
    assert set(BY_PHASE) == set(product(Phase, Wish, (False, True)))
    rows = sum(len(r.phases) * len(r.wishes) * (2 if r.auto is None else 1) for r in PHASE_ROWS)
    assert rows == len(BY_PHASE)
    assert set(BY_FIGURES) == set(product((Wish.AS_IS, Wish.QUANTITY), Auto, Renewed))
    assert sum(len(r.autos) * len(r.renewed) for r in FIGURES_ROWS) == len(BY_FIGURES)
    assert set(REASONS) == set(Reason)
    assert set(OWN_REASONS) == set(Own)


@pytest.mark.parametrize(
    ("phase", "wish", "auto"),
    [key for key, reason in BY_PHASE.items() if reason is not None],
    ids=str,
)
def test_a_row_of_the_phases_decides(phase: Phase, wish: Wish, auto: bool) -> None:
    owned = in_phase(phase, auto=auto)
    wanted = row(wish, 4 if wish is Wish.QUANTITY else None)
    decision = decide(case(owned, wanted, customer=customer(None)))
    assert decision.reason is BY_PHASE[phase, wish, auto]
    assert (decision.present, decision.extra) == (0, 0)


def figures(wish: Wish, auto: Auto, renewed: Renewed) -> tuple[Subscription, int | None]:
    """A subscription in its early window whose figures stand so beside ten wanted licences."""
    fixed = {Auto.OFF: False, Auto.LESS: 6, Auto.SAME: 10, Auto.MORE: 15}[auto]
    done = {Renewed.LESS: 3, Renewed.ENOUGH: 10, Renewed.MORE: 12}[renewed]
    quantity = 10 if wish is Wish.AS_IS else 20
    owned = subscription(20, quantity=quantity, auto=fixed, renewed=done)
    return owned, None if wish is Wish.AS_IS else 10


@pytest.mark.parametrize(("wish", "auto", "renewed"), list(BY_FIGURES), ids=str)
def test_a_row_of_the_figures_decides(wish: Wish, auto: Auto, renewed: Renewed) -> None:
    owned, quantity = figures(wish, auto, renewed)
    decision = decide(case(owned, row(wish, quantity)))
    reason = BY_FIGURES[wish, auto, renewed]
    assert decision.reason is (reason or Reason.RENEW_EARLY)
    assert (decision.present, decision.extra) == ((0, 0) if reason else (7, 0))


@pytest.mark.parametrize("own", list(Own), ids=str)
def test_our_own_order_speaks_first(own: Own) -> None:
    decided = decide(case(subscription(20), row(), present=OwnOrder(own, "9206417733", "R-1")))
    fallback = {
        Own.NONE: Reason.RENEW_EARLY,
        Own.UNSENT: Reason.GOES_ON,
        Own.DONE: Reason.OURS_OF_ANOTHER_QUANTITY,
    }
    assert decided.reason is (OWN_REASONS[own] or fallback[own])


@pytest.mark.parametrize("reason", list(Reason), ids=str)
def test_every_reason_is_told_in_whole_sentences(reason: Reason) -> None:
    announced = Announced(TODAY, 9, "65310542CA", "USD")
    known = case(
        subscription(20, auto=True, renewed=3),
        row(Wish.QUANTITY, 12),
        present=OwnOrder(Own.DONE, "9206417733", "R-1"),
        announced=announced,
        other_book="other.xlsx",
        by="order 9206417733",
    )
    told = Decision(known, reason, present=7, change="there were 9 licences and are 10 now")
    for text in (told.what_happened, told.what_to_do):
        assert not re.search(r"[{}]", text)
        assert text == text.strip()
        assert not text or text.endswith(".")
    needs_person = REASONS[reason].verdict in {Verdict.HOLD, Verdict.TOO_LATE}
    told_early = reason is Reason.NOT_WANTED_YET_ADOBE_WILL_RENEW
    assert bool(told.what_to_do) is (needs_person or told_early)


def test_more_licences_are_an_order_of_their_own_after_the_present_ones() -> None:
    decision = decide(case(subscription(20, quantity=10), row(Wish.QUANTITY, 14)))
    assert (decision.present, decision.extra) == (10, 4)
    assert decision.what_happened == (
        "10 of 10 licences are renewed for the term from 2026-12-15. 4 licences more are ordered "
        "after that, in an order of their own."
    )


def test_only_what_is_missing_is_renewed() -> None:
    part = decide(case(subscription(20, renewed=4), row()))
    assert (part.present, part.extra) == (6, 0)
    all_but_the_extra = decide(case(subscription(20, renewed=10), row(Wish.QUANTITY, 14)))
    assert (all_but_the_extra.present, all_but_the_extra.extra) == (0, 4)


def test_orders_count_that_the_list_of_subscriptions_does_not_show_yet() -> None:
    decision = decide(case(subscription(20), row(), ordered=10, by="order 9206417733"))
    assert decision.reason is Reason.RENEWED_ALREADY
    assert decision.what_happened == (
        "10 licences are renewed already (order 9206417733). Nothing was ordered."
    )


def test_a_late_renewal_takes_no_more_than_the_last_term_had() -> None:
    lapsed = subscription(-5, status=INACTIVE, late=True)
    assert decide(case(lapsed, row())).present == 10
    assert decide(case(lapsed, row(Wish.QUANTITY, 4))).present == 4
    assert decide(case(lapsed, row(Wish.QUANTITY, 11))).reason is Reason.MORE_THAN_LAST_TERM
    assert decide(case(lapsed, row(), ordered=10)).reason is Reason.RENEWED_LATE_ALREADY
    own = OwnOrder(Own.DONE, "9206417733")
    assert decide(case(lapsed, row(), present=own)).reason is Reason.OURS_DONE
    old = subscription(-20, status=INACTIVE, late=True)
    assert decide(case(old, row())).reason is Reason.RENEW_LATE_WITH_WARNING


@pytest.mark.parametrize(
    ("then", "change"),
    [
        (Announced(TODAY, 10, "65310542CA", "USD"), ""),
        (Announced(TODAY, 8, "65310542CA", "USD"), "there were 8 licences and are 10 now"),
        (
            Announced(TODAY, 10, "65318877CA", "USD"),
            "the product was 65318877CA and is 65310542CA now",
        ),
        (Announced(TODAY, 10, "65310542CA", "EUR"), "the currency was EUR and is USD now"),
    ],
)
def test_what_is_not_as_it_was_announced_is_held(then: Announced, change: str) -> None:
    decision = decide(case(subscription(20), row(), announced=then))
    assert decision.reason is (Reason.CHANGED if change else Reason.RENEW_EARLY)
    assert decision.change == change


def test_a_quantity_stands_whatever_there_was_before() -> None:
    then = Announced(TODAY, 8, "65310542CA", "USD")
    decision = decide(case(subscription(20), row(Wish.QUANTITY, 6), announced=then))
    assert (decision.reason, decision.present) == (Reason.RENEW_EARLY, 6)


def test_one_order_of_a_customer_after_the_other() -> None:
    assert decide(case(subscription(20), row(), runs=True)).reason is Reason.WAITS


def test_the_two_dates_must_fit_together() -> None:
    owned = subscription(20)
    term = owned.renewal_date
    assert term is not None
    ahead = case(owned, row(), customer=customer(next_year(term)))
    assert decide(ahead).reason is Reason.RENEW_EARLY
    apart = case(owned, row(), customer=customer(term + timedelta(days=100)))
    assert decide(apart).reason is Reason.DATES_APART


def test_a_faulty_row_and_a_second_book_hold_it() -> None:
    good = case(subscription(20), row())
    assert decide(replace(good, faulty=True)).reason is Reason.ROW_FAULTY
    assert decide(replace(good, other_book="b.xlsx")).reason is Reason.TWO_BOOKS


@given(
    days=st.integers(1, 30),
    current=st.integers(1, 500),
    wanted=st.none() | st.integers(1, 600),
    auto=st.booleans() | st.integers(1, 600),
    renewed=st.none() | st.integers(0, 600),
    ordered=st.integers(0, 600),
)
def test_never_more_than_is_wanted_comes_of_it(
    days: int,
    current: int,
    wanted: int | None,
    auto: bool | int,
    renewed: int | None,
    ordered: int,
) -> None:
    """What we order, what is renewed, and what the vendor adds by himself."""
    owned = subscription(days, quantity=current, auto=auto, renewed=renewed)
    wish = row(Wish.AS_IS if wanted is None else Wish.QUANTITY, wanted)
    known = case(owned, wish, ordered=ordered)
    decision = decide(known)
    if decision.verdict is not Verdict.RENEW:
        return
    after = known.renewed + decision.present + decision.extra
    by_adobe = max((known.auto or 0) - after, 0)
    assert after + by_adobe == known.wanted
    assert decision.present <= max(current - known.renewed, 0)


def test_dates_in_the_words_are_those_of_the_term() -> None:
    decision = decide(case(subscription(20, auto=True), row(Wish.NOT)))
    assert decision.what_to_do == (
        "Switch the automatic renewal off at Adobe by 2026-12-12, three days before the renewal "
        "date."
    )
    assert date(2026, 12, 15) - timedelta(days=3) == date(2026, 12, 12)
