"""What comes after a run, as plain functions: following up, and what a person settles.

look at what is open or in doubt  ─▶  write the workbooks again that tell of what changed
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from getpass import getuser
from pathlib import Path
from typing import Final

from flows.desk import Desk
from flows.ledger import KeptElsewhere, KeptFault, Ledger
from flows.ordering.follow import follow_once
from flows.ordering.look_up import differences
from flows.ordering.states import final_statuses, intent_state
from flows.outputs import OutputFault
from flows.reconciled import Figures, write_reconciled
from flows.settings import Settings
from schemas.faults import Stop
from schemas.orders import UNSETTLED, CallFailed, Intent, IntentState, MarketplaceStop
from schemas.outcomes import State

LONG: Final = timedelta(days=1)
"""So long after its first send an order in doubt is for a person to ask about."""


@dataclass(frozen=True, slots=True)
class FollowedUp:
    """What one look at everything unfinished came to; figures count orders.

    `newly_…` are those of which nobody was told before. `long_in_doubt` names the references of
    orders in doubt that were first sent more than LONG ago. `elsewhere`, in sentences: workbooks
    that are left to the computer that keeps them.
    """

    looked_at: int
    changed: int
    open: int
    in_doubt: int
    failed: int
    workbooks: tuple[str, ...]
    not_written: tuple[str, ...] = ()
    elsewhere: tuple[str, ...] = ()
    calls: int = 0
    stopped: str = ""
    newly_done: int = 0
    newly_failed: int = 0
    newly_refused: int = 0
    long_in_doubt: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        """docs/design.md, Outer interfaces.

        What is left to another computer does not count: nothing is wrong here, nobody here can
        do anything about it, and the follow there finds it and answers for it.
        """
        if self.stopped or self.not_written:
            return 3
        if self.in_doubt:
            return 5
        return 4 if self.failed else 0


async def follow_up(desk: Desk) -> FollowedUp:
    """Look once at every order that is open or in doubt, and write what changed.

    An intent that stays unanswered is sent again half-hourly at the most; all others are read
    in history pages, one look for each customer. What an earlier look or another process has
    learned and no workbook tells yet (it was killed, the disk was full) is written as well.
    """
    ledger, settings = desk.ledger, desk.settings
    before = ledger.unfinished(settings.account, desk.environment, final_statuses())
    ids = [intent.intent_id for intent in before]
    stood = _standings(ledger, ids)
    try:
        await follow_once(desk.hands, before)
    except MarketplaceStop as stop:
        desk.stopped = str(stop)
    after = _standings(ledger, ids)
    learned = {i for i in stood if after[i] != stood[i]}
    changed = set(learned)
    untold = ledger.untold(settings.account, desk.environment)
    changed |= untold.difference(ledger.replaced_by(changed))
    run = Figures(desk.started_at, desk.calls)
    rewritten = rewrite(ledger, settings, changed, run)
    news = _states(ledger, changed)
    # What cannot be written here is untold at every look; it is news at the first one alone.
    if rewritten.failed or rewritten.elsewhere:
        fresh = _states(ledger, {*learned, *ledger.replaced_by(learned)})
    else:
        fresh = _states(ledger, {*changed, *ledger.replaced_by(changed)})
    left = ledger.unfinished(settings.account, desk.environment, final_statuses())
    now = _states(ledger, [intent.intent_id for intent in left])
    return FollowedUp(
        looked_at=len(before),
        changed=len(changed),
        open=now[State.OPEN],
        in_doubt=now[State.IN_DOUBT],
        failed=news[State.FAILED],
        workbooks=rewritten.paths,
        not_written=rewritten.failed,
        elsewhere=rewritten.elsewhere,
        calls=desk.calls,
        stopped=desk.stopped,
        newly_done=fresh[State.DONE],
        newly_failed=fresh[State.FAILED],
        newly_refused=fresh[State.REFUSED],
        long_in_doubt=_long_in_doubt(left),
    )


def _long_in_doubt(intents: Iterable[Intent]) -> tuple[str, ...]:
    since = _now() - LONG
    return tuple(
        intent.reference
        for intent in intents
        if intent.state in UNSETTLED and intent.first_sent_at and intent.first_sent_at < since
    )


@dataclass(frozen=True, slots=True)
class Rewritten:
    """Workbooks written again, by path, and in sentences those that were not.

    `failed`: they should have been. `elsewhere`: their sources are kept on another computer.
    """

    paths: tuple[str, ...]
    failed: tuple[str, ...]
    elsewhere: tuple[str, ...]


def rewrite(
    ledger: Ledger, settings: Settings, intent_ids: Iterable[str], run: Figures
) -> Rewritten:
    """Write the workbooks again that tell of these intents.

    One that a person has changed or has open is left alone; the new one gets the next free name
    beside it. One that cannot be written keeps none of the others from it.
    """
    paths, failed, elsewhere = [], [], []
    for submission in ledger.submissions_with([*intent_ids, *_replacements(ledger, intent_ids)]):
        try:
            result = write_reconciled(
                ledger, settings, submission.submission_id, Path(submission.output), run
            )
            paths.append(result.output)
        except KeptElsewhere:
            elsewhere.append(
                f"{submission.name} was dropped on another computer (or with another state "
                "folder), which keeps it: the next `orderdrop follow` there writes its answers "
                "again."
            )
        except (OutputFault, KeptFault) as fault:
            failed.append(str(fault))
    return Rewritten(tuple(paths), tuple(failed), tuple(elsewhere))


def _replacements(ledger: Ledger, intent_ids: Iterable[str]) -> list[str]:
    """Entries of a retired intent tell of the one that took its place."""
    return ledger.replaced_by(intent_ids)


@dataclass(frozen=True, slots=True)
class _Standing:
    """What a workbook would tell of an order: one that differs is worth writing again."""

    state: IntentState
    doubt: str
    error_code: str
    sends: int
    looks: int
    order_id: str
    order_status: str


def _standings(ledger: Ledger, intent_ids: Collection[str]) -> Mapping[str, _Standing]:
    seen = ledger.latest_outcomes(intent_ids)
    return {
        intent_id: _Standing(
            state=intent.state,
            doubt=intent.doubt,
            error_code=intent.error_code,
            sends=intent.sends,
            looks=intent.looks,
            order_id=intent.order_id,
            order_status=seen[intent_id][0].status if intent_id in seen else "",
        )
        for intent_id, intent in ledger.intents(intent_ids).items()
    }


def _states(ledger: Ledger, intent_ids: Collection[str]) -> Counter[State]:
    """How many orders are in which state, as people see it."""
    seen = ledger.latest_outcomes(intent_ids)
    return Counter(
        intent_state(intent, seen[intent_id][0] if intent_id in seen else None)
        for intent_id, intent in ledger.intents(intent_ids).items()
    )


# --- settled by a person ---


class CannotResolve(Stop):
    """What a person says cannot be taken as it is (exit code 2)."""

    exit_code = 2


@dataclass(frozen=True, slots=True)
class Resolved:
    """An order in doubt that a person settled; `order_id` is "" when nothing was placed."""

    reference: str
    customer: str
    state: str
    order_id: str
    who: str
    workbooks: tuple[str, ...]
    not_written: tuple[str, ...] = ()
    elsewhere: tuple[str, ...] = ()


def in_doubt(ledger: Ledger, settings: Settings, reference: str, customer: str | None) -> Intent:
    """The one intent in doubt with that reference. Raises CannotResolve."""
    environment = settings.effective_environment
    known = ledger.find(settings.account, environment, reference)
    found = [i for i in known if i.state in UNSETTLED and customer in (None, i.customer_id)]
    if len(found) == 1:
        return found[0]
    where = f"account {settings.account}, {environment}"
    if not found:
        raise CannotResolve(
            f"No order with the reference {reference} is in doubt ({where})."
            if known
            else f"The ledger knows no order with the reference {reference} ({where})."
        )
    customers = ", ".join(sorted({intent.customer_id for intent in found}))
    raise CannotResolve(
        f"{len(found)} orders with the reference {reference} are in doubt; name the customer as "
        f"well (--customer): {customers}."
    )


async def resolve_placed(desk: Desk, intent: Intent, order_id: str) -> Resolved:
    """The order is read from the marketplace, compared, and bound. Raises CannotResolve."""
    try:
        order = await desk.marketplace.order(intent.customer_id, order_id)
    except CallFailed as failed:
        raise CannotResolve(
            f"Order {order_id} of customer {intent.customer_id} cannot be read from the "
            f"marketplace ({failed.reply.code}). Nothing was changed."
        ) from None
    unlike = differences(order, intent)
    if unlike:
        raise CannotResolve(
            f"Order {order_id} is not the one that was sent under {intent.reference}: "
            f"{'; '.join(unlike)}. Nothing was changed."
        )
    # Binding would find it out as well, but leave the intent stuck: nobody would follow it then.
    if order_id in desk.ledger.order_ids(intent.environment, intent.customer_id):
        raise CannotResolve(
            f"Order {order_id} belongs to another order of the ledger already. Nothing was changed."
        )
    await desk.ledger.bind(intent.intent_id, order, _now(), _person())
    stands = desk.ledger.intents([intent.intent_id])[intent.intent_id]
    if stands.order_id != order_id:
        if stands.order_id:
            raise CannotResolve(
                f"{intent.reference} was settled meanwhile: it is order {stands.order_id}. "
                "Nothing was changed."
            )
        raise CannotResolve(
            f"Order {order_id} was taken for another order meanwhile: see `orderdrop orders "
            f"{intent.reference}`."
        )
    return _resolved(desk.ledger, desk.settings, intent, order_id)


async def resolve_not_placed(ledger: Ledger, settings: Settings, intent: Intent) -> Resolved:
    """The intent is retired and nothing is sent: the rows may be dropped again.

    Raises CannotResolve when it was settled meanwhile, or when another run may be sending it.
    """
    if not await ledger.retire_by_hand(intent.intent_id, _now(), _person()):
        if ledger.intents([intent.intent_id])[intent.intent_id].state in UNSETTLED:
            raise CannotResolve(
                f"{intent.reference} is being sent right now by another run; try again when it "
                "has ended. Nothing was changed."
            )
        raise CannotResolve(f"{intent.reference} was settled meanwhile. Nothing was changed.")
    return _resolved(ledger, settings, intent, "")


def _resolved(ledger: Ledger, settings: Settings, intent: Intent, order_id: str) -> Resolved:
    rewritten = rewrite(ledger, settings, [intent.intent_id], Figures())
    return Resolved(
        reference=intent.reference,
        customer=intent.customer_id,
        state="accepted" if order_id else "not_placed",
        order_id=order_id,
        who=_person(),
        workbooks=rewritten.paths,
        not_written=rewritten.failed,
        elsewhere=rewritten.elsewhere,
    )


def _now() -> datetime:
    return datetime.now(UTC)


def _person() -> str:
    """Who is at the terminal, by the name the system knows."""
    try:
        return getuser()
    except (KeyError, OSError):
        return "somebody without a name on this computer"
