"""What the ledger remembers of one run over one workbook."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import PurePath
from typing import Final

from schemas.outcomes import Environment
from schemas.sheet_layout import SheetLayout

_CAME_BACK: Final = re.compile(r"\.(reconciled|checked|priced)( \(\d+\))?$")

LONGEST_STEM: Final = 190
"""Bytes: with all that is put around it, a file name stays below the 255 that disks take."""


def stem_of(name: str) -> str:
    """What a workbook's name shares with those that came back for it: "may" of
    "may.reconciled (2).xlsx". A very long one is cut off (LONGEST_STEM).
    """
    stem = PurePath(name).stem
    while found := _CAME_BACK.search(stem):
        stem = stem[: found.start()]
    return shortened(stem, LONGEST_STEM)


def shortened(text: str, most: int) -> str:
    """The beginning of a text that takes up so many bytes at most, cut where a sign ends."""
    return text.encode(errors="replace")[:most].decode(errors="ignore")


class Decision(StrEnum):
    """What planning decided for one order of a workbook."""

    SEND = "send"
    """An intent of this run is to be sent (or one of an earlier run goes on)."""
    ANSWERED = "answered"
    """Placed by an earlier run of these rows: answered from the ledger, not sent."""
    PLACED_BEFORE = "placed_before"
    """The same order was placed from another workbook: not sent, needs a person."""
    PREVIEW = "preview"
    """To be priced; no intent."""
    PRICE_FIRST = "price_first"
    """Its price is asked before it is decided; no intent yet."""
    NEEDS_APPROVAL = "needs_approval"
    """Not sent: a person is to approve it, or its price."""
    HELD = "held"
    """Not sent: its rows need mending."""


@dataclass(frozen=True, slots=True)
class Submission:
    """One run over one workbook. Times are UTC.

    `came_from` is the run that the workbook came back from, "" for none.
    """

    submission_id: str
    workbook_hash: str
    name: str
    account: str
    environment: Environment
    started_at: datetime
    layout: SheetLayout
    notes: tuple[str, ...] = ()
    finished_at: datetime | None = None
    output: str = ""
    output_hash: str = ""
    came_from: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One order of one submission, as planned.

    `lines` gives (row, line number) for each row; code, what_happened and what_to_do are
    the reasons of a held order or of one that was placed before, or what the marketplace
    said against a preview. `request` and `answer` are the bodies of a preview as JSON text;
    `refused` says that the marketplace refused it. `body_key` tells which order was priced, of
    orders that can be placed.
    """

    position: int
    reference: str
    customer_id: str
    order_type: str
    lines: tuple[tuple[int, int], ...]
    decision: Decision
    intent_id: str = ""
    code: str = ""
    what_happened: str = ""
    what_to_do: str = ""
    request: str = ""
    answer: str = ""
    refused: bool = False
    answered_at: datetime | None = None
    body_key: str = ""


@dataclass(frozen=True, slots=True)
class Shown:
    """The price of an order that an earlier run has shown: which order, and the answer's body."""

    body_key: str
    answer: str


@dataclass(frozen=True, slots=True)
class ShownPrices:
    """The prices that a workbook shows, by reference: of the run it came back from, and of what
    that run did not price, of the one before it.

    `asks_all`: nothing of it is placed without a yes, since it came back from a preview, or from a
    run that the ledger does not know. `is_known`: the ledger knows the run it came back from.
    """

    by_reference: Mapping[str, Shown] = field(default_factory=dict)
    asks_all: bool = False
    is_known: bool = True

    def asks(self, reference: str) -> bool:
        """Whether this order is placed only with a yes."""
        return self.asks_all or reference in self.by_reference
