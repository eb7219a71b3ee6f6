"""One measured run: workbooks of orders submitted by one or more processes on one key.

What came of it is told by the marketplace's journal, by the commands from outside, and by
comparing the marketplace's book with what was wanted and with the reconciled workbooks.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Final

from python_calamine import CalamineWorkbook

from tests.bench.books import Wanted, customers_of, make_wanted
from tests.bench.commands import Command, Ran, side_by_side
from tests.bench.market import Market, Pace, Sent, market, seeded_book, sending
from tests.torture.prefect_api import prefect_server


@dataclass(frozen=True, slots=True)
class Raised:
    """Every call takes `to` seconds from `after` seconds of calls on."""

    to: float
    after: float


@dataclass(frozen=True, slots=True)
class Plan:
    """What to run; `orders` are those of all processes together."""

    orders: int
    latency: float
    processes: int = 1
    price_first: bool = False
    raised: Raised | None = None

    @property
    def each(self) -> int:
        """The orders of one process."""
        return self.orders // self.processes

    def wanted(self) -> list[Wanted]:
        """What the workbook of each process asks for."""
        customers = customers_of(self.each)
        return [Wanted(self.each, f"P{n}", n * customers) for n in range(self.processes)]


@dataclass(frozen=True, slots=True)
class Measured:
    """What came of a plan.

    `per_second` are the calls of each second since the first; `raised_at` is the second of the
    raise, `back_after` how many later the rate was back at the ceiling. `wrong` are sentences
    about orders that were doubled, lost or answered untruly: none may be.
    """

    plan: Plan
    sent: Sent
    pace: Pace
    ran: tuple[Ran, ...]
    wrong: tuple[str, ...]
    per_second: tuple[int, ...]
    raised_at: float | None = None
    back_after: float | None = None

    @property
    def orders_per_second(self) -> float:
        """In the sending phase."""
        return self.sent.orders / self.sent.seconds

    @property
    def calls_per_order(self) -> float:
        """All calls that the commands count, with everything followed to its end."""
        return self.calls / self.plan.orders

    @property
    def calls(self) -> int:
        """Of all commands."""
        return sum(int(one.said["calls"]) for one in self.ran)

    @property
    def seconds(self) -> float:
        """Of the slowest command."""
        return max(one.seconds for one in self.ran)

    @property
    def allowed_seconds(self) -> float:
        """What the slowest command may take."""
        return 1.1 * self.calls / 200 + 20

    @property
    def processor_ms(self) -> float:
        """Of one order, all in."""
        return 1000 * sum(one.processor for one in self.ran) / self.plan.orders

    @property
    def megabytes(self) -> int:
        """Of the largest process."""
        return max(one.megabytes for one in self.ran)


@dataclass(frozen=True, slots=True)
class Bed:
    """Where runs take place: a folder, a warm Prefect server, a seeded book."""

    folder: Path
    prefect: Mapping[str, str]
    seeded: Path
    more: Mapping[str, str] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=count)

    def place(self) -> Path:
        """A folder for the next run."""
        folder = self.folder / f"run-{next(self._numbers)}"
        folder.mkdir()
        return folder

    def settings(self, place: Path, there: Market) -> dict[str, str]:
        """What leads a command to all of it."""
        return {
            **there.settings(),
            **self.prefect,
            **self.more,
            "ORDERDROP_STATE_DIR": str(place / "state"),
            "ORDERDROP_OUTPUT": str(place / "output"),
        }


@contextmanager
def bed(folder: Path, customers: int, **more: str) -> Iterator[Bed]:
    """Make one; `more` are settings of every command."""
    seeded = seeded_book(folder / "seeded.sqlite", customers)
    with prefect_server(folder / "prefect") as prefect:
        yield Bed(folder, prefect, seeded, more)


def run(on: Bed, plan: Plan) -> Measured:
    """Carry it out."""
    place = on.place()
    wanted = plan.wanted()
    books = [make_wanted(place / f"{one.name}.xlsx", one) for one in wanted]
    options = ("--price-first",) if plan.price_first else ()
    with market(on.seeded, place / "market", plan.latency) as there:
        settings = on.settings(place, there)
        commands = [Command(book, settings, *options) for book in books]
        raising = _Raising(there, plan.raised) if plan.raised else None
        ran = side_by_side(commands)
        raised = raising.at() if raising else None
        pace, times, placed = there.pace(), there.call_times(), there.placed()
    answered = [order_ids(Path(one.said["output"])) for one in ran]
    wrong = wrong_books(wanted, placed, answered)
    return Measured(
        plan,
        sending(times),
        pace,
        tuple(ran),
        (*wrong, *_wrong_ends(ran, plan.each), *wrong_count(ran, pace)),
        per_second(times),
        (raised - times[0][0]).total_seconds() if raised else None,
        back_after(times, raised) if raised else None,
    )


class _Raising:
    """Raises the latency in mid-run, from a thread of its own."""

    def __init__(self, there: Market, raised: Raised) -> None:
        self._there, self._raised = there, raised
        self._at: datetime | None = None
        self._thread = threading.Thread(target=self._raise, daemon=True)
        self._thread.start()

    def _raise(self) -> None:
        while self._there.pace().calls < 100:
            time.sleep(0.2)
        time.sleep(self._raised.after)
        self._there.set_latency(self._raised.to)
        self._at = datetime.now(UTC)

    def at(self) -> datetime:
        """When it was done; raises RuntimeError if the run ended before."""
        if self._at is None:
            raise RuntimeError("The run ended before the latency was raised.")
        return self._at


def per_second(times: Sequence[tuple[datetime, bool]]) -> tuple[int, ...]:
    """The calls of each second since the first."""
    begin = times[0][0]
    counted = Counter(int((at - begin).total_seconds()) for at, _ in times)
    return tuple(counted[second] for second in range(max(counted) + 1))


_BACK: Final = 0.95
"""Of 200 calls a second: back at the ceiling."""

_BACK_WINDOW: Final = 5.0


def back_after(times: Sequence[tuple[datetime, bool]], raised: datetime) -> float | None:
    """Seconds until the rate was back at the ceiling for good, or None if it never was.

    It is back at the first second from which five hold 95 % of the ceiling and so does all that
    is left of the sending phase.
    """
    last_order = max(at for at, is_order in times if is_order)
    left = (last_order - raised).total_seconds()
    after = [(at - raised).total_seconds() for at, _ in times if raised <= at <= last_order]
    for second in range(int(left - _BACK_WINDOW) + 1):
        window = sum(second <= at < second + _BACK_WINDOW for at in after)
        rest = sum(second <= at for at in after)
        enough = 200 * _BACK
        if window >= enough * _BACK_WINDOW and rest >= enough * (left - second):
            return float(second)
    return None


def order_ids(reconciled: Path) -> dict[str, set[str]]:
    """The order ids that a reconciled workbook tells beside the rows of each reference."""
    sheet = CalamineWorkbook.from_path(str(reconciled)).get_sheet_by_name("Orders")
    rows = iter(sheet.iter_rows())
    header = next(rows)
    reference, order_id = header.index("externalReferenceId"), header.index("Order ID")
    found: dict[str, set[str]] = {}
    for row in rows:
        found.setdefault(str(row[reference]), set()).add(str(row[order_id]))
    return found


def wrong_books(
    wanted: Sequence[Wanted],
    placed: Sequence[tuple[str, str, str]],
    answered: Sequence[Mapping[str, set[str]]],
) -> list[str]:
    """What of the marketplace's book is not as the workbooks wanted it, or not as they tell."""
    want = {(customer, ref) for one in wanted for ref, customer in one.references().items()}
    counted = Counter((customer, reference) for customer, reference, _ in placed)
    told = {ref: ids for one in answered for ref, ids in one.items()}
    counts = {
        "lost": len(want - counted.keys()),
        "placed without being wanted": len(counted.keys() - want),
        "placed more than once": sum(times > 1 for times in counted.values()),
        "told with another order id": sum(
            told.get(reference) != {order_id} for _, reference, order_id in placed
        ),
    }
    return [f"{number} orders {what}" for what, number in counts.items() if number]


def wrong_count(ran: Sequence[Ran], pace: Pace) -> list[str]:
    """Whether the commands have told of all calls that the marketplace had."""
    told = sum(int(one.said["calls"]) for one in ran)
    return [] if told == pace.calls else [f"{told} calls told of {pace.calls}"]


def _wrong_ends(ran: Sequence[Ran], each: int) -> list[str]:
    return [
        f"a command ended with {one.exit_code} and {one.said['orders']}"
        for one in ran
        if one.exit_code or one.said["orders"]["done"] != each
    ]
