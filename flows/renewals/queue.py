"""In which order a customer's renewals are placed: one after the other (reference, 11.4).

Every subscription has an order of its own, so that one part alone in its order (3121) and one
intent for a subscription and term follow by themselves. Licences beyond the present ones come
last, when all present ones are renewed.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from flows.renewals.decide import Decision, Part
from flows.renewals.reasons import Verdict


@dataclass(frozen=True, slots=True)
class Step:
    """One order to place: the `place`-th of `of` for its customer."""

    decision: Decision
    part: Part
    quantity: int
    place: int
    of: int

    @property
    def key(self) -> str:
        """One intent for a subscription, a term and a part, whatever the figures say."""
        case = self.decision.case
        return renewal_key(case.customer.customer_id, case.subscription.subscription_id,
                           _term(self.decision), self.part)  # fmt: skip

    @property
    def reference(self) -> str:
        """The externalReferenceId: the same for a subscription, term and part; at most 35 signs."""
        return renewal_reference(
            self.decision.case.subscription.subscription_id, _term(self.decision), self.part
        )


def renewal_key(customer_id: str, subscription_id: str, term: date, part: Part) -> str:
    """The body key of a renewal's intent; no body of an order sheet has the same."""
    told = "\n".join(("nightly renewal", customer_id, subscription_id, term.isoformat(), part))
    return hashlib.sha256(told.encode()).hexdigest()


def renewal_reference(subscription_id: str, term: date, part: Part) -> str:
    """`R-2027-03-31-1f0c…`, with X at its end for licences beyond the present ones."""
    digest = hashlib.sha256(subscription_id.encode()).hexdigest()[:16]
    return f"R-{term.isoformat()}-{digest}" + ("X" if part is Part.EXTRA else "")


def steps_of(decisions: Iterable[Decision]) -> dict[str, list[Step]]:
    """The orders to place, by customer, each customer's in the order they are to go.

    What ends first goes first: late ones, then by renewal date and by row.
    """
    by_customer: dict[str, list[Decision]] = defaultdict(list)
    for decision in decisions:
        if decision.verdict is Verdict.RENEW:
            by_customer[decision.case.customer.customer_id].append(decision)
    steps: dict[str, list[Step]] = {}
    for customer_id, theirs in by_customer.items():
        theirs.sort(key=lambda d: (_term(d), d.case.row.row, d.case.subscription.subscription_id))
        orders = [(d, Part.PRESENT, d.present) for d in theirs if d.present]
        orders += [(d, Part.EXTRA, d.extra) for d in theirs if d.extra]
        steps[customer_id] = [
            Step(decision, part, quantity, place, len(orders))
            for place, (decision, part, quantity) in enumerate(orders, start=1)
        ]
    return steps


def _term(decision: Decision) -> date:
    term = decision.case.term
    assert term is not None  # noqa: S101  # what is renewed has a renewal date
    return term
