"""The life of an intent: two closed tables, to be read beside docs/protocol.md.

ANSWERS says what each answer to a send does, LOOKS what each look-up does. Nothing else in the
project decides whether an order is sent, sent again, looked up, replaced or given up.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

from flows.ordering.states import NOTHING_LEFT
from schemas.orders import Intent, IntentState, Reply


class Kind(StrEnum):
    """The kinds of answer that the protocol tells apart, one for each row of its table."""

    ACCEPTED = "accepted"
    UNREADABLE = "unreadable success"
    REFUSED = "refused"
    WORKED_ON = "being worked on"
    DOUBLED = "our call was doubled"
    TOKEN = "token refused"  # noqa: S105
    ACCESS = "key or rights refused"
    THROTTLED = "throttled"
    SPOKEN_FAULT = "fault of the service"
    SILENT = "no answer of the service"
    REPEATED_FAULT = "the same fault again and again"
    NOT_SENT = "nothing was sent"


class Doubt(StrEnum):
    """Why an intent is looked up without an answer that asks for it ("Before every send")."""

    OTHER_KEY = "sent under another key"
    TOO_OLD = "older than nine days"
    CLOCK_BACK = "this computer's clock is behind"


_TO_A_MINUTE: Final = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0, 60.0, 60.0)


@dataclass(frozen=True, slots=True)
class Rule:
    """What follows an answer of one kind: waits in seconds before each repeat, then a state.

    Every repeat keeps the correlation id and the body. `stops_run` ends the whole run with
    the intent in `then`; `jitter` spreads a wait, up to this share of it.
    """

    waits: tuple[float, ...]
    then: IntentState
    stops_run: bool = False
    jitter: float = 0.0


ANSWERS: Final[dict[Kind, Rule]] = {
    Kind.ACCEPTED: Rule((), IntentState.ACCEPTED),
    Kind.UNREADABLE: Rule((1.0, 2.0, 4.0, 8.0, 15.0), IntentState.LOOKING),
    Kind.REFUSED: Rule((), IntentState.REFUSED),
    Kind.WORKED_ON: Rule((30.0, 60.0, 120.0), IntentState.LOOKING),
    Kind.DOUBLED: Rule((0.0, 0.0), IntentState.LOOKING),
    Kind.TOKEN: Rule((0.0,), IntentState.SENT, stops_run=True),
    Kind.ACCESS: Rule((), IntentState.SENT, stops_run=True),
    Kind.THROTTLED: Rule((2.0, 4.0, 8.0), IntentState.LOOKING, jitter=0.5),
    Kind.SPOKEN_FAULT: Rule((), IntentState.LOOKING),
    Kind.SILENT: Rule(_TO_A_MINUTE, IntentState.SENT),
    Kind.REPEATED_FAULT: Rule((), IntentState.LOOKING),
    Kind.NOT_SENT: Rule(_TO_A_MINUTE, IntentState.SENT),
}

SAME_FAULT_TIMES: Final = 3
SAME_FAULT_FOR: Final = timedelta(minutes=5)
"""A 5xx that brings the same bytes so often over so long is a stored answer."""

FOLLOW_SENDS_AGAIN: Final = timedelta(minutes=30)
"""How long after its last send `follow` sends an unanswered intent once more."""

TOO_OLD: Final = timedelta(days=9)
"""Stored answers live ten days; past nine an intent is never sent again (reference, 4.2)."""

CLOCK_MAY_LAG: Final = timedelta(minutes=5)
"""Behind the ledger's newest time by more, this computer's clock is not to be believed."""

_REFUSING: Final = frozenset({400, 404, 422})


def kind_of(reply: Reply) -> Kind:  # noqa: PLR0911  # one return to a row of the table
    """Which row of the table an answer belongs to. Decides on codes, never on messages."""
    status = reply.http_status
    if status is None:
        return Kind.NOT_SENT if reply.code in NOTHING_LEFT else Kind.SILENT
    if status in {200, 201, 202}:
        return Kind.ACCEPTED if reply.order and reply.order.order_id else Kind.UNREADABLE
    if status == 401 or (status == 403 and reply.code == "4117"):
        return Kind.TOKEN
    if status == 429:
        return Kind.THROTTLED
    if status == 403 and reply.code != "4121":
        return Kind.ACCESS
    if status == 400 and reply.code == "4122":
        return Kind.WORKED_ON
    if status == 400 and reply.code == "4120":
        return Kind.DOUBLED
    if reply.spoken_by_service and (status in _REFUSING or reply.code == "4121"):
        return Kind.REFUSED
    if status == 500 and reply.code == "1124":
        return Kind.SPOKEN_FAULT
    return Kind.SILENT


class Found(StrEnum):
    """How many orders a look-up found that can be the intent's."""

    NONE = "none"
    ONE = "exactly one"
    MORE = "more than one"


class Step(StrEnum):
    """What follows a look-up."""

    BIND = "the order is the intent's"
    STICK = "only a person can tell"
    LOOK_AGAIN = "look again later"
    SEND_AGAIN = "send the same id again"
    REPLACE = "retire it and write a new intent"


@dataclass(frozen=True, slots=True)
class Look:
    """What a look-up saw, and what the intent was looked up for.

    `settled`: this is the second look at least, after the settle time; `faulted`: the last
    answer was a fault that the service will only repeat; `asks`: ORDERDROP_RESEND=ask.
    """

    found: Found
    old: bool
    clock_back: bool
    settled: bool
    faulted: bool
    same_key: bool
    asks: bool


@dataclass(frozen=True, slots=True)
class LookRule:
    """One row of the protocol's table of look-ups; what is None does not matter."""

    found: Found
    then: Step
    old: bool | None = None
    clock_back: bool | None = None
    settled: bool | None = None
    faulted: bool | None = None
    same_key: bool | None = None
    asks: bool | None = None

    def fits(self, look: Look) -> bool:
        """Whether this row speaks of what was seen."""
        named = ("old", "clock_back", "settled", "faulted", "same_key", "asks")
        return self.found is look.found and all(
            getattr(self, name) in (None, getattr(look, name)) for name in named
        )


LOOKS: Final = (
    LookRule(Found.ONE, Step.BIND),
    LookRule(Found.MORE, Step.STICK),
    LookRule(Found.NONE, Step.STICK, old=True),
    LookRule(Found.NONE, Step.LOOK_AGAIN, old=False, clock_back=True),
    LookRule(Found.NONE, Step.LOOK_AGAIN, old=False, clock_back=False, settled=False),
    LookRule(
        Found.NONE,
        Step.STICK,
        old=False,
        clock_back=False,
        settled=True,
        faulted=True,
        asks=True,
    ),
    LookRule(
        Found.NONE,
        Step.REPLACE,
        old=False,
        clock_back=False,
        settled=True,
        faulted=True,
        asks=False,
    ),
    LookRule(
        Found.NONE,
        Step.SEND_AGAIN,
        old=False,
        clock_back=False,
        settled=True,
        faulted=False,
        same_key=True,
    ),
    LookRule(
        Found.NONE,
        Step.REPLACE,
        old=False,
        clock_back=False,
        settled=True,
        faulted=False,
        same_key=False,
    ),
)
"""Every combination fits exactly one row."""

LOOK_WAITS: Final = (30.0, 60.0, 120.0, 240.0, 480.0)
"""Seconds before each further look at an intent that was not found; the last one repeats."""

_FAULTS: Final = frozenset({Kind.SPOKEN_FAULT, Kind.REPEATED_FAULT})


def after_look(look: Look) -> Step:
    """What a look-up leads to."""
    return next(rule.then for rule in LOOKS if rule.fits(look))


def is_faulted(intent: Intent) -> bool:
    """Whether the service's last word on an intent was a fault that it will only repeat."""
    return intent.doubt in _FAULTS
