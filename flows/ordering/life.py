"""The life of an intent: what each answer to a send does (docs/protocol.md).

One closed table. Nothing else in the project decides whether an order is sent again.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from schemas.orders import IntentState, Reply


class Kind(StrEnum):
    """The kinds of answer that protocol.md tells apart, one for each row of its table."""

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
    NOT_SENT = "nothing was sent"


_MINUTE_LADDER: Final = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0, 60.0, 60.0)


@dataclass(frozen=True, slots=True)
class Rule:
    """What follows an answer of one kind: waits in seconds before each repeat, then a state.

    Every repeat keeps the correlation id and the body. `stops_run` ends the whole run with
    the intent in `then`.
    """

    waits: tuple[float, ...]
    then: IntentState
    stops_run: bool = False


RULES: Final[dict[Kind, Rule]] = {
    Kind.ACCEPTED: Rule((), IntentState.ACCEPTED),
    Kind.UNREADABLE: Rule((1.0, 2.0, 4.0, 8.0, 15.0), IntentState.LOOKING),
    Kind.REFUSED: Rule((), IntentState.REFUSED),
    Kind.WORKED_ON: Rule((30.0, 60.0, 120.0), IntentState.LOOKING),
    Kind.DOUBLED: Rule((0.0, 0.0), IntentState.LOOKING),
    Kind.TOKEN: Rule((0.0,), IntentState.SENT, stops_run=True),
    Kind.ACCESS: Rule((), IntentState.SENT, stops_run=True),
    Kind.THROTTLED: Rule((2.0, 4.0, 8.0), IntentState.LOOKING),
    Kind.SPOKEN_FAULT: Rule((), IntentState.LOOKING),
    Kind.SILENT: Rule(_MINUTE_LADDER, IntentState.SENT),
    Kind.NOT_SENT: Rule(_MINUTE_LADDER, IntentState.SENT),
}

_ACCESS_CODES: Final = frozenset({"4115", "403000", "403003"})
_REFUSING: Final = frozenset({400, 404, 422})


def kind_of(reply: Reply) -> Kind:  # noqa: PLR0911  # one return to a row of the table
    """Which row of the table an answer belongs to. Decides on codes, never on messages."""
    status = reply.http_status
    if status is None:
        return Kind.NOT_SENT if reply.code == "NET/NOT_SENT" else Kind.SILENT
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
