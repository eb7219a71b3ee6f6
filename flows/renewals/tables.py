"""The tables by which a subscription's fate is decided: every combination stands in one row.

`BY_PHASE` looks at where it stands and what is wanted; where that leaves it to the figures
(None), `BY_FIGURES` compares what is wanted with what the automatic renewal would do and with
what is renewed already (reference, sections 11.2, 11.4 and 16.3).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import product
from typing import Final

from flows.renewals.reasons import Reason
from flows.renewals.windows import Phase
from schemas.renewals import Wish


class Auto(StrEnum):
    """What the automatic renewal would do, beside the wanted licences."""

    OFF = "off"
    LESS = "less"
    SAME = "same"
    MORE = "more"


class Renewed(StrEnum):
    """What is renewed already, beside the wanted licences."""

    LESS = "less"
    ENOUGH = "enough"
    MORE = "more"


class Own(StrEnum):
    """What the ledger knows of our own intent for this subscription, term and part."""

    NONE = "none"
    UNSENT = "unsent"
    IN_DOUBT = "in doubt"
    OPEN = "open"
    DONE = "done"
    FAILED = "failed"
    RETURNED = "returned"


def side_of(number: int, wanted: int) -> int:
    """-1, 0 or 1: less, as many, more."""
    return (number > wanted) - (number < wanted)


AUTO_SIDES: Final = {-1: Auto.LESS, 0: Auto.SAME, 1: Auto.MORE}
RENEWED_SIDES: Final = {-1: Renewed.LESS, 0: Renewed.ENOUGH, 1: Renewed.MORE}


@dataclass(frozen=True, slots=True)
class PhaseRow:
    """One row of `BY_PHASE`; `auto` tells whether the automatic renewal is on, None: whichever."""

    phases: tuple[Phase, ...]
    wishes: tuple[Wish, ...]
    auto: bool | None
    reason: Reason | None


@dataclass(frozen=True, slots=True)
class FiguresRow:
    """One row of `BY_FIGURES`; reason None: what is missing is renewed."""

    wish: Wish
    autos: tuple[Auto, ...]
    renewed: tuple[Renewed, ...]
    reason: Reason | None


_ANY: Final = tuple(Wish)
_YES: Final = (Wish.AS_IS, Wish.QUANTITY)
_WANTED: Final = (Wish.AS_IS, Wish.QUANTITY, Wish.ASK)
_LATE: Final = (Phase.LATE, Phase.LATE_WITH_WARNING)

PHASE_ROWS: Final = (
    PhaseRow((Phase.UNKNOWN,), _ANY, None, Reason.UNKNOWN),
    PhaseRow((Phase.CHANGING,), _ANY, None, Reason.BEING_CHANGED),
    PhaseRow((Phase.SCHEDULED,), _ANY, None, Reason.BEGINS_BY_ITSELF),
    PhaseRow((Phase.DAY_HAS_COME,), _ANY, None, Reason.DAY_HAS_COME),
    PhaseRow((Phase.NOT_YET,), _WANTED, None, Reason.NOT_DUE),
    PhaseRow((Phase.NOT_YET,), (Wish.NOT,), False, Reason.NOT_WANTED),
    PhaseRow((Phase.NOT_YET,), (Wish.NOT,), True, Reason.NOT_WANTED_YET_ADOBE_WILL_RENEW),
    PhaseRow((Phase.EARLY,), _YES, None, None),
    PhaseRow((Phase.EARLY,), (Wish.NOT,), False, Reason.NOT_WANTED),
    PhaseRow((Phase.EARLY,), (Wish.NOT,), True, Reason.NOT_WANTED_YET_ADOBE_RENEWS),
    PhaseRow((Phase.EARLY,), (Wish.ASK,), False, Reason.ASKS),
    PhaseRow((Phase.EARLY,), (Wish.ASK,), True, Reason.ASKS_AND_ADOBE_RENEWS),
    PhaseRow(_LATE, _YES, None, None),
    PhaseRow(_LATE, (Wish.ASK,), None, Reason.ASKS),
    PhaseRow((*_LATE, Phase.TOO_LATE, Phase.ENDED), (Wish.NOT,), None, Reason.NOT_WANTED),
    PhaseRow((Phase.TOO_LATE,), _WANTED, None, Reason.WINDOW_OVER),
    PhaseRow((Phase.ENDED,), _WANTED, None, Reason.ENDED),
)

_ALL_AUTO: Final = tuple(Auto)
_NOT_MORE: Final = (Auto.OFF, Auto.LESS, Auto.SAME)

FIGURES_ROWS: Final = (
    # As it is: the wanted licences are the present ones.
    FiguresRow(Wish.AS_IS, (Auto.OFF,), (Renewed.LESS,), None),
    FiguresRow(Wish.AS_IS, (Auto.SAME,), (Renewed.LESS,), Reason.ADOBE_RENEWS),
    FiguresRow(Wish.AS_IS, (Auto.LESS, Auto.MORE), (Renewed.LESS,), Reason.AUTO_RENEWAL_DIFFERS),
    FiguresRow(Wish.AS_IS, _NOT_MORE, (Renewed.ENOUGH, Renewed.MORE), Reason.RENEWED_ALREADY),
    FiguresRow(
        Wish.AS_IS, (Auto.MORE,), (Renewed.ENOUGH, Renewed.MORE), Reason.AUTO_RENEWAL_DIFFERS
    ),
    # With a quantity: what is renewed early counts towards what the vendor renews by himself.
    FiguresRow(Wish.QUANTITY, (Auto.OFF, Auto.LESS), (Renewed.LESS,), None),
    FiguresRow(Wish.QUANTITY, (Auto.SAME,), (Renewed.LESS,), Reason.ADOBE_RENEWS),
    FiguresRow(
        Wish.QUANTITY, (Auto.MORE,), (Renewed.LESS, Renewed.ENOUGH), Reason.ADOBE_RENEWS_MORE
    ),
    FiguresRow(Wish.QUANTITY, _NOT_MORE, (Renewed.ENOUGH,), Reason.RENEWED_ALREADY),
    FiguresRow(Wish.QUANTITY, _ALL_AUTO, (Renewed.MORE,), Reason.RENEWED_MORE),
)

OWN_REASONS: Final[Mapping[Own, Reason | None]] = {
    Own.NONE: None,
    Own.UNSENT: None,
    Own.IN_DOUBT: Reason.OURS_IN_DOUBT,
    Own.OPEN: Reason.OURS_OPEN,
    Own.DONE: None,
    Own.FAILED: Reason.OURS_FAILED,
    Own.RETURNED: Reason.OURS_RETURNED,
}
"""What an intent of ours says before anything else is looked at; None: the tables decide."""

BY_PHASE: Final[Mapping[tuple[Phase, Wish, bool], Reason | None]] = {
    (phase, wish, on): row.reason
    for row in PHASE_ROWS
    for phase, wish, on in product(
        row.phases, row.wishes, (False, True) if row.auto is None else (row.auto,)
    )
}

BY_FIGURES: Final[Mapping[tuple[Wish, Auto, Renewed], Reason | None]] = {
    (row.wish, auto, renewed): row.reason
    for row in FIGURES_ROWS
    for auto, renewed in product(row.autos, row.renewed)
}
