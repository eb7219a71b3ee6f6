"""All that one run of the benchmark found, and what of it must hold."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tests.bench.commands import OwnRan
from tests.bench.fair_share import Shared
from tests.bench.market import Sent
from tests.bench.runs import Measured

CEILING = 200
"""Calls a second that one key may make before answers are delayed (reference, section 22)."""

SOFT_LIMIT = 1000
"""Calls in five seconds, the same limit."""


@dataclass(frozen=True, slots=True)
class OwnScript:
    """A user's own script: one run of it, and its sending phase as the marketplace saw it."""

    ran: OwnRan
    sent: Sent


@dataclass(frozen=True, slots=True)
class Bare:
    """Orders a second of a bare load tool, against a static endpoint and the marketplace."""

    tool: str
    connections: int
    static: float
    marketplace: float


@dataclass(frozen=True, slots=True)
class Stages:
    """What `tests.bench.stages` printed, and whether it held."""

    printed: str
    held: bool

    @property
    def last_line(self) -> str:
        """Its verdict."""
        return self.printed.splitlines()[-1]


@dataclass(frozen=True, slots=True)
class Figures:
    """Everything that was measured."""

    ceiling: Measured
    """The large workbook, one process, 250 ms."""

    together: tuple[Measured, ...]
    """The same with more processes on one key."""

    own_size: Measured
    """Ours with as many orders as the user's own script had."""

    others: tuple[Measured, ...]
    price_first: Measured
    raised: Measured
    loop: OwnScript
    pool: OwnScript
    shared: Shared
    bare: Bare
    stages: Stages

    @property
    def runs(self) -> tuple[Measured, ...]:
        """All of ours."""
        plain = (*self.others, self.own_size, self.ceiling, *self.together)
        return (*plain, self.price_first, self.raised)

    def sending_ratio(self, own: OwnScript, ours: Measured) -> float:
        """How many times faster our sending phase is, per order."""
        return own.sent.seconds / own.sent.orders / (ours.sent.seconds / ours.sent.orders)

    def whole_ratio(self, own: OwnScript, ours: Measured) -> float:
        """How many times faster the whole command is, per order."""
        return own.ran.seconds / own.sent.orders / (ours.seconds / ours.plan.orders)


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that must hold. `needs_size`: a short run says nothing about it."""

    subject: str
    figure: str
    wanted: str
    held: bool
    needs_size: bool = True

    def verdict(self, *, small: bool) -> str:
        """In a word or two."""
        if small and self.needs_size:
            return "shown"
        return "held" if self.held else "NOT held"

    def fails(self, *, small: bool) -> bool:
        """Whether the whole benchmark has failed with it."""
        return self.verdict(small=small) == "NOT held"


def checks(found: Figures) -> list[Check]:
    """All of them."""
    return [
        *(check for one in (found.ceiling, *found.together) for check in _whole(one)),
        *_lean(found.ceiling),
        *_priced(found.price_first),
        _raised(found.raised),
        *_against_own(found),
        _fair(found.shared),
        Check(
            "processor time per row outside the marketplace, from 1,000 to 1,000,000 rows",
            found.stages.last_line,
            "grows by a third at most",
            found.stages.held,
        ),
        _others(found),
        _right(found),
    ]


def in_time(seconds: float, *, small: bool) -> Check:
    """The benchmark itself is not to be waited for too long."""
    minutes = 2 if small else 20
    return Check(
        "the whole benchmark",
        f"{seconds / 60:.1f} minutes",
        f"within {minutes}",
        seconds <= 60 * minutes,
        needs_size=False,
    )


def _name(measured: Measured) -> str:
    count = measured.plan.processes
    who = "1 process" if count == 1 else f"{count} processes on one key"
    return f"{measured.plan.orders:,} orders, {who}"


def _at_least(subject: str, figure: float, wanted: float, unit: str = "") -> Check:
    return Check(subject, f"{figure:.1f}{unit}", f"at least {wanted:g}{unit}", figure >= wanted)


def _at_most(subject: str, figure: float, wanted: float, unit: str = "", places: int = 1) -> Check:
    shown = f"{figure:,.{places}f}{unit}"
    return Check(subject, shown, f"at most {wanted:,.{places}f}{unit}", figure <= wanted)


def _whole(measured: Measured, most_calls: float = 1.25, name: str = "") -> Iterator[Check]:
    orders = name or _name(measured)
    yield _at_least(f"{orders}: of the budget", 100 * measured.sent.share, 95, " %")
    yield from _within_limits(orders, measured)
    yield _at_most(f"{orders}: calls per order", measured.calls_per_order, most_calls, places=3)
    yield _at_most(f"{orders}: whole command", measured.seconds, measured.allowed_seconds, " s")


def _within_limits(orders: str, measured: Measured) -> Iterator[Check]:
    pace = measured.pace
    over = f"{pace.delayed} delayed, {pace.refused} refused, {pace.most_in_window:,} at most"
    yield Check(
        f"{orders}: over the soft limit",
        f"{over} in 5 s",
        f"none, none, at most {SOFT_LIMIT:,}",
        pace.delayed == pace.refused == 0 and pace.most_in_window <= SOFT_LIMIT,
        needs_size=False,
    )


def _lean(measured: Measured) -> Iterator[Check]:
    orders = _name(measured)
    yield _at_most(f"{orders}: CPU per order", measured.processor_ms, 2.0, " ms", places=2)
    yield Check(
        f"{orders}: memory",
        f"{measured.megabytes} MB",
        "under 700 MB",
        measured.megabytes < 700,
    )


def _priced(measured: Measured) -> Iterator[Check]:
    return _whole(measured, 2.25, f"{measured.plan.orders:,} orders, priced first")


def _others(found: Figures) -> Check:
    """Whatever else was run kept to the limit as well."""
    paces = [one.pace for one in found.runs] + [found.shared.pace]
    delayed, refused = (sum(getattr(one, name) for one in paces) for name in ("delayed", "refused"))
    return Check(
        "all runs: over the soft limit",
        f"{delayed} delayed, {refused} refused",
        "none, none",
        delayed == refused == 0,
        needs_size=False,
    )


def _raised(measured: Measured) -> Check:
    back = measured.back_after
    to = measured.plan.raised.to if measured.plan.raised else 0
    return Check(
        f"latency raised from {measured.plan.latency * 1000:.0f} ms to {to:g} s in mid-run",
        "not back at the ceiling" if back is None else f"back at the ceiling after {back:.0f} s",
        "within 15 s",
        back is not None and back <= 15,
    )


def _against_own(found: Figures) -> Iterator[Check]:
    for own, name, sending, whole in (
        (found.loop, "a user's own loop", 45, 30),
        (found.pool, f"the same with {found.pool.ran.threads} threads", 1.4, 1.2),
    ):
        ratio = found.sending_ratio(own, found.ceiling)
        yield Check(
            f"against {name} ({own.sent.orders} orders): sending, per order",
            f"{ratio:.2f} times faster",
            f"at least {sending}",
            ratio >= sending,
        )
        ratio = found.whole_ratio(own, found.ceiling)
        yield Check(
            f"against {name} ({own.sent.orders} orders): whole command, per order",
            f"{ratio:.2f} times faster",
            f"at least {whole}",
            ratio >= whole,
        )


def _fair(shared: Shared) -> Check:
    meanwhile = f"{shared.placed_of_large:,} of {shared.large:,} placed by then"
    return Check(
        "ten rows dropped while a large workbook is being placed",
        f"answered within {shared.worst:.1f} s at worst of {len(shared.seconds)} ({meanwhile})",
        "within 15 s",
        shared.worst <= 15 and shared.is_telling,
    )


def _right(found: Figures) -> Check:
    wrong = [sentence for one in found.runs for sentence in one.wrong]
    wrong += found.shared.wrong
    orders = sum(one.plan.orders for one in found.runs)
    return Check(
        f"all {orders:,} orders of all runs: book, workbooks and exit codes",
        "; ".join(wrong) or "nothing twice, nothing lost, nothing told wrongly",
        "nothing wrong",
        not wrong,
        needs_size=False,
    )
