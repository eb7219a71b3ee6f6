"""What to do with each order of a workbook: send it, go on with it, answer it, or hold it.

docs/protocol.md, "What counts as the same order", case by case, in its order.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from operator import attrgetter, itemgetter
from typing import Final
from uuid import uuid4

from flows.ordering.approval import HOW_TO_APPROVE, Limits, Ruling, is_priced_first
from flows.ordering.bodies import body_key, lines_as_sent, request_body
from flows.ordering.group import Grouping, HeldOrder
from schemas.entries import Decision, Entry, ShownPrices, stem_of
from schemas.order_types import PREVIEW_OF, PREVIEWS
from schemas.orders import Intent, IntentState, Order
from schemas.outcomes import Environment

GOES_ON: Final = frozenset(
    {IntentState.WRITTEN, IntentState.SENT, IntentState.LOOKING, IntentState.STUCK}
)
"""States of an intent that stands between its order and any other intent for it."""


@dataclass(frozen=True, slots=True)
class Run:
    """Who plans, where, for which workbook (the hash of its bytes, and its name).

    `only_prices`: whatever is new is priced and nothing is placed. `limits` say which orders are
    priced before they are decided, `rulings` what their prices have decided, by reference.
    `shown` is what the workbook shows of prices, and of which orders it asks for a yes.
    """

    account: str
    environment: Environment
    key_fingerprint: str
    workbook_hash: str
    now: datetime
    workbook: str = ""
    only_prices: bool = False
    limits: Limits = field(default_factory=Limits)
    rulings: Mapping[str, Ruling] = field(default_factory=dict)
    shown: ShownPrices = field(default_factory=ShownPrices)


@dataclass(frozen=True, slots=True)
class Plan:
    """The intents to write and one entry for each order of the sheet, in sheet order."""

    intents: tuple[Intent, ...]
    entries: tuple[Entry, ...]


def evidence_of(orders: Iterable[Order | HeldOrder]) -> set[str]:
    """Order ids that stand beside the rows from an earlier run."""
    return {order_id for order in orders for order_id in order.earlier_order_id.split()}


def keys_of(orders: Sequence[Order]) -> dict[str, str]:
    """Body key by reference, for the orders that place something."""
    return {order.reference: body_key(order) for order in orders if not _is_preview(order)}


def plan(
    grouping: Grouping,
    known: Sequence[Intent],
    keys: Mapping[str, str],
    run: Run,
    workbook_names: Mapping[str, str],
) -> Plan:
    """Decide each order.

    `known` are the intents of this account and environment with one of the orders' body keys,
    references or order ids, oldest first; `workbook_names` names workbooks by hash.
    """
    memory = _Memory.of(known)
    planned: list[tuple[int, Entry, Intent | None]] = [
        (held.rows[0], _held_entry(held, memory), None) for held in grouping.held
    ]
    for order in grouping.orders:
        entry, intent = _decide(order, memory, keys, run, workbook_names)
        planned.append((order.lines[0].row, entry, intent))
    planned.sort(key=itemgetter(0))
    # `replace` would take longer than all else that is decided of most orders.
    entries = tuple(
        [Entry(position, *_DECIDED(entry)) for position, (_, entry, _) in enumerate(planned, 1)]
    )
    return Plan(tuple([intent for _, _, intent in planned if intent]), entries)


_DECIDED: Final = attrgetter(*(field.name for field in fields(Entry) if field.name != "position"))
"""All of an entry but its place on the sheet."""


@dataclass(frozen=True, slots=True)
class _Memory:
    """The intents that are known, oldest first, by what an order can have in common with them.

    By order id the first one only.
    """

    by_body_key: Mapping[str, Sequence[Intent]]
    by_reference: Mapping[str, Sequence[Intent]]
    by_order_id: Mapping[str, Intent]

    @classmethod
    def of(cls, known: Sequence[Intent]) -> _Memory:
        """All of these."""
        keys: dict[str, list[Intent]] = defaultdict(list)
        references: dict[str, list[Intent]] = defaultdict(list)
        order_ids: dict[str, Intent] = {}
        for intent in known:
            keys[intent.body_key].append(intent)
            references[intent.reference].append(intent)
            if intent.order_id:
                order_ids.setdefault(intent.order_id, intent)
        return cls(keys, references, order_ids)


def _decide(  # noqa: PLR0911  # one return to a case of the protocol
    order: Order,
    known: _Memory,
    keys: Mapping[str, str],
    run: Run,
    names: Mapping[str, str],
) -> tuple[Entry, Intent | None]:
    if _is_preview(order):
        return _entry(order, Decision.PREVIEW, request=request_body(order).decode()), None
    key = keys[order.reference]
    same = known.by_body_key.get(key, ())
    accepted = [intent for intent in same if intent.state is IntentState.ACCEPTED]
    if order.earlier_order_id:
        evidence = _by_evidence(order, accepted, known)
        if evidence is not None:
            return evidence, None
    of_this_workbook = [i for i in accepted if i.workbook_hash == run.workbook_hash]
    if of_this_workbook:
        return _answered(order, of_this_workbook[-1]), None
    unsettled = [intent for intent in same if intent.state in GOES_ON]
    if unsettled:
        if run.only_prices and unsettled[-1].sends:
            return _answered(order, unsettled[-1]), None
        if not run.only_prices:
            waits = _waits_unsent(order, unsettled[-1], key, run)
            return waits or _of_intent(order, Decision.SEND, unsettled[-1]), None
    if order.repeat and accepted and _is_used_up(accepted[-1], run, names):
        return _repeated_before(order, accepted[-1]), None
    if not order.repeat:
        if accepted:
            return _placed_before(order, accepted[-1], names), None
        other = [i for i in known.by_reference.get(order.reference, ()) if i.body_key != key]
        other = [i for i in other if i.customer_id == order.customer_id]
        taken = [i for i in other if i.state in GOES_ON or i.state is IntentState.ACCEPTED]
        if taken:
            return _reference_taken(order, taken[-1]), None
    return _new(order, key, run)


def _new(order: Order, key: str, run: Run) -> tuple[Entry, Intent | None]:
    """An order that nothing stands in the way of, as its rows and this run want it."""
    if run.only_prices:
        return _to_be_priced(order, key, Decision.PREVIEW), None
    if order.approve is False:
        return _not_approved(order), None
    decided = run.rulings.get(order.reference)
    if decided is None and _asks_price(order, run):
        return _to_be_priced(order, key, Decision.PRICE_FIRST), None
    if decided is not None and not decided.places:
        return _asked_again(order, decided), None
    intent = _intent(order, key, run)
    return _entry(order, Decision.SEND, intent_id=intent.intent_id), intent


def _waits_unsent(order: Order, intent: Intent, key: str, run: Run) -> Entry | None:
    """An intent of which nothing was sent yet has no right of its own: what its rows say now, and
    what the order costs now, decides anew whether it goes. None when it may.
    """
    if intent.state is not IntentState.WRITTEN or intent.sends:
        return None
    if order.approve is False:
        return _not_approved(order)
    decided = run.rulings.get(order.reference)
    if decided is None and _asks_price(order, run):
        return _to_be_priced(order, key, Decision.PRICE_FIRST)
    if decided is not None and not decided.places:
        return _asked_again(order, decided)
    return None


def _asks_price(order: Order, run: Run) -> bool:
    return is_priced_first(order, run.limits, was_shown=run.shown.asks(order.reference))


def _to_be_priced(order: Order, key: str, decision: Decision) -> Entry:
    """The price of an order is asked by its preview; it keeps its own type in the entry."""
    preview = PREVIEW_OF.get(order.order_type)
    if preview is None:
        return _entry(
            order,
            Decision.HELD,
            code="NO_PREVIEW",
            what_happened="Adobe gives no price for a return beforehand. Nothing was sent.",
            what_to_do="Submit the workbook to return what these rows name.",
        )
    asked = replace(order, order_type=preview)
    entry = _entry(order, decision, request=request_body(asked).decode())
    return replace(entry, body_key=key)


def _asked_again(order: Order, decided: Ruling) -> Entry:
    return _entry(
        order,
        Decision.NEEDS_APPROVAL,
        code=decided.code,
        what_happened=decided.what_happened,
        what_to_do=decided.what_to_do,
    )


def _by_evidence(order: Order, accepted: Sequence[Intent], known: _Memory) -> Entry | None:
    """Cases 1 and 2: an order id stands beside the rows already.

    `repeat` changes nothing in it, but for rows that ask to place once more what they name; None
    then. What was placed because they asked is beside them from then on, and answers them.
    """
    for intent in accepted:
        if intent.order_id == order.earlier_order_id:
            if order.repeat and not intent.under_repeat:
                return None
            return _answered(order, intent)
    changed = known.by_order_id.get(order.earlier_order_id)
    if changed is not None:
        return _entry(
            order,
            Decision.HELD,
            intent_id=changed.intent_id,
            code="CHANGED_SINCE",
            what_happened=f"{stands(changed)} These rows were changed since: "
            f"{', '.join(_differences(order, changed)) or 'the lines'}. The change was not sent.",
            what_to_do="Put the rows back as they were, or give the order a new reference and "
            "empty its Order ID to order it as a new one. To take back what was ordered, use a "
            "RETURN.",
        )
    return _entry(
        order,
        Decision.HELD,
        code="ORDER_ID_NOT_OURS",
        what_happened=f"Order ID {order.earlier_order_id} stands beside these rows, but this "
        "computer does not know it (it was placed from another computer or in another "
        "environment). Nothing was sent.",
        what_to_do="Check with Adobe whether the order was placed. To order something else, "
        "empty the Order ID and give the rows a new reference.",
    )


def _is_used_up(newest: Intent, run: Run, names: Mapping[str, str]) -> bool:
    """Whether what `repeat` allows was placed already: it is used up by one intent, and mending
    other rows of the workbook does not renew it.
    """
    return newest.under_repeat and (
        stem_of(names.get(newest.workbook_hash, "")) == stem_of(run.workbook)
    )


def stands(intent: Intent) -> str:
    """The sentence about an order that was placed and is not undone by what the rows say now."""
    placed = (intent.answered_at or intent.written_at).strftime("%Y-%m-%d %H:%M UTC")
    return f"Order {intent.order_id} was placed on {placed} and stands."


def _answered(order: Order, intent: Intent) -> Entry:
    return _of_intent(order, Decision.ANSWERED, intent)


def _of_intent(order: Order, decision: Decision, intent: Intent) -> Entry:
    """The entry of an order that an earlier run decided to place."""
    entry = _entry(order, decision, intent_id=intent.intent_id)
    return replace(entry, lines=lines_as_sent(order, intent.body))


def _placed_before(order: Order, intent: Intent, names: Mapping[str, str]) -> Entry:
    placed = (intent.answered_at or intent.written_at).strftime("%Y-%m-%d %H:%M UTC")
    where = names.get(intent.workbook_hash, "another workbook")
    return _entry(
        order,
        Decision.PLACED_BEFORE,
        intent_id=intent.intent_id,
        code="PLACED_BEFORE",
        what_happened=f"The very same order was placed on {placed} from {where} as order "
        f"{intent.order_id}. It was not sent again.",
        what_to_do="If it is meant to be ordered once more, write yes in the column repeat on "
        "all its rows and drop the workbook again; otherwise remove the rows.",
    )


def _repeated_before(order: Order, intent: Intent) -> Entry:
    placed = (intent.answered_at or intent.written_at).strftime("%Y-%m-%d %H:%M UTC")
    return _entry(
        order,
        Decision.PLACED_BEFORE,
        intent_id=intent.intent_id,
        code="PLACED_BEFORE",
        what_happened=f"This order was placed on {placed} as order {intent.order_id}, because its "
        "rows say yes in the column repeat; that is used up. It was not sent again.",
        what_to_do="Nothing, if that is the order that is meant. To order it yet again, give its "
        "rows a new reference.",
    )


def _not_approved(order: Order) -> Entry:
    return _entry(
        order,
        Decision.NEEDS_APPROVAL,
        code="NOT_APPROVED",
        what_happened="The column approve does not say yes on all rows of this order. Nothing was "
        "sent.",
        what_to_do=HOW_TO_APPROVE,
    )


def _reference_taken(order: Order, intent: Intent) -> Entry:
    known_as = f"order {intent.order_id}" if intent.order_id else "an order still in doubt"
    differing = ", ".join(_differences(order, intent)) or "the lines"
    return _entry(
        order,
        Decision.HELD,
        code="REFERENCE_TAKEN",
        what_happened=f"The reference {order.reference} was used before for {known_as} of this "
        f"customer, with something different in it: {differing}. Nothing was sent.",
        what_to_do="Give a new order a reference of its own (or write yes in the column repeat "
        "on all its rows to use the reference once more).",
    )


def _differences(order: Order, intent: Intent) -> list[str]:
    """In which respects an order differs from the one placed under its reference."""
    now, then = json.loads(request_body(order)), json.loads(intent.body)
    names = {
        "orderType": "the order type",
        "referenceOrderId": "the order it refers to",
        "currencyCode": "the currency",
        "cancellingItems": "what is given up",
    }
    told = [words for field, words in names.items() if now.get(field) != then.get(field)]
    lines_now = {line["extLineItemNumber"]: line for line in now.get("lineItems", [])}
    lines_then = {line["extLineItemNumber"]: line for line in then.get("lineItems", [])}
    if len(lines_now) != len(lines_then):
        told.append(f"{len(lines_now)} lines now, {len(lines_then)} then")
    for number in sorted(lines_now.keys() & lines_then.keys()):
        fields = lines_now[number].keys() | lines_then[number].keys()
        for name in sorted(fields):
            was, here = lines_then[number].get(name), lines_now[number].get(name)
            if was != here:
                told.append(f"{name} of line {number} ({here} now, {was} then)")
    return told[:5]


def _intent(order: Order, key: str, run: Run) -> Intent:
    return Intent(
        intent_id=str(uuid4()),
        account=run.account,
        environment=run.environment,
        key_fingerprint=run.key_fingerprint,
        customer_id=order.customer_id,
        order_type=order.order_type,
        reference=order.reference,
        body=request_body(order),
        body_key=key,
        correlation_id=str(uuid4()),
        written_at=run.now,
        workbook_hash=run.workbook_hash,
        reassign_users=order.reassign_users,
        state=IntentState.WRITTEN,
        under_repeat=order.repeat,
    )


def _held_entry(held: HeldOrder, known: _Memory) -> Entry:
    """The entry of an order with faulty rows; each row's own words come from its faults.

    It names the intent whose order id stands beside the rows: that order is not undone.
    """
    placed = known.by_order_id.get(held.earlier_order_id)
    return Entry(
        position=0,
        reference=held.reference,
        customer_id=held.customer_id,
        order_type=held.order_type,
        lines=tuple((row, 0) for row in held.rows),
        decision=Decision.HELD,
        intent_id=placed.intent_id if placed else "",
    )


def _entry(
    order: Order,
    decision: Decision,
    *,
    intent_id: str = "",
    code: str = "",
    what_happened: str = "",
    what_to_do: str = "",
    request: str = "",
) -> Entry:
    return Entry(
        position=0,
        reference=order.reference,
        customer_id=order.customer_id,
        order_type=order.order_type,
        lines=tuple([(line.row, line.number) for line in order.lines]),
        decision=decision,
        intent_id=intent_id,
        code=code,
        what_happened=what_happened,
        what_to_do=what_to_do,
        request=request,
    )


def _is_preview(order: Order) -> bool:
    return order.order_type in PREVIEWS
