"""What a torture prints at its end."""

from __future__ import annotations

from collections.abc import Iterator

from tests.torture.driver import INSTANT, Tally
from tests.torture.inquest import Verdict
from tests.torture.points import Point

_SHOWN = 20


def told(verdict: Verdict, tally: Tally) -> str:
    """The table of figures, and what is wrong in words."""
    return "\n".join([*_kills(tally), *figures(verdict)])


def _kills(tally: Tally) -> Iterator[str]:
    yield f"\n{'kills':52}{'stages':>9}{'command':>9}"
    for what in (INSTANT, *Point):
        yield f"  {what:50}{tally.kills[what]:9}{tally.command_kills[what]:9}"
    yield f"  {'in all':50}{tally.kills.total():9}{tally.command_kills.total():9}"
    yield f"  {'runs':50}{tally.lives:9}"
    yield f"  {'runs that the marketplace stopped':50}{tally.stopped:9}"


def figures(verdict: Verdict) -> Iterator[str]:
    """How much was compared, and what must be zero."""
    yield f"\n{'compared':52}"
    for what, count in (
        ("orders at the marketplace", verdict.orders),
        ("rows of reconciled workbooks", verdict.rows),
        ("order calls", verdict.calls),
        ("intents replaced", verdict.replaced),
        ("intents seen in doubt meanwhile", verdict.were_in_doubt),
    ):
        yield f"  {what:50}{count:9}"
    yield f"\n{'must be zero':52}"
    for what, count in verdict.figures.items():
        yield f"  {what:50}{count:9}"
    told = [f"{finding.wrong}: {finding.what}" for finding in verdict.findings]
    told += [*verdict.resent, *verdict.strays, *verdict.broken]
    yield from (f"  ! {line}" for line in told[:_SHOWN])
    if len(told) > _SHOWN:
        yield f"  and {len(told) - _SHOWN} more"
