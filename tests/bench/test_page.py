"""The benchmark's page, chart and verdicts, from given figures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from tests.bench.books import Wanted
from tests.bench.commands import OwnRan, Ran
from tests.bench.fair_share import Shared
from tests.bench.figures import Bare, Check, Figures, OwnScript, Stages, checks, in_time
from tests.bench.market import Pace, Sent, sending
from tests.bench.page import CHART, PAGE, Circumstances, write_page
from tests.bench.runs import (
    Measured,
    Plan,
    Raised,
    back_after,
    per_second,
    wrong_books,
    wrong_count,
)

KEPT = Pace(9_100, 984, 0, 0)
START = datetime(2026, 11, 26, 12, tzinfo=UTC)


def measured(plan: Plan, **other: Any) -> Measured:
    """A run at the ceiling."""
    each = {"calls": plan.each * 1.2, "orders": {"done": plan.each}}
    seconds = plan.orders * 1.2 / 198
    ran = Ran(0, seconds + 10, plan.each * 0.0018, 600, each)
    good = Measured(
        plan,
        Sent(plan.orders, int(plan.orders * 1.2), seconds),
        Pace(int(plan.orders * 1.2), 985, 0, 0),
        (ran,) * plan.processes,
        (),
        (100, 198, 198, 40),
    )
    return replace(good, **other)


def good() -> Figures:
    """Figures with which everything holds."""
    large = Plan(25_000, 0.25)
    return Figures(
        ceiling=measured(large),
        together=(
            measured(replace(large, processes=2)),
            measured(replace(large, processes=4)),
        ),
        own_size=measured(Plan(500, 0.25)),
        others=(measured(Plan(1_000, 0.25)),),
        price_first=measured(
            Plan(2_000, 0.25, price_first=True),
            ran=(Ran(0, 30, 3, 300, {"calls": 4_400, "orders": {"done": 2_000}}),),
        ),
        raised=measured(Plan(7_000, 0.05, raised=Raised(2, 10)), raised_at=2.0, back_after=6.0),
        loop=OwnScript(OwnRan(1, 150), Sent(500, 500, 140)),
        pool=OwnScript(OwnRan(32, 6), Sent(500, 500, 4.5)),
        shared=Shared(25_000, 9_000, (4.0, 5.0, 6.0), (), KEPT),
        bare=Bare("wrk", 64, 16_000, 1_800),
        stages=Stages("all 1.2\ntime per row: 1.10 times (at most 1.33): held", held=True),
    )


def failing(found: Figures) -> list[str]:
    """What does not hold, by its subject."""
    return [check.subject for check in checks(found) if check.fails(small=False)]


def test_good_figures_hold() -> None:
    assert failing(good()) == []


def spoiled_ceiling(**changed: Any) -> Callable[[Figures], Figures]:
    """The large run with other figures."""
    return lambda found: replace(found, ceiling=replace(found.ceiling, **changed))


def ran(**changed: Any) -> Callable[[Figures], Figures]:
    """The large run's command with other figures."""

    def spoil(found: Figures) -> Figures:
        command = replace(found.ceiling.ran[0], **changed)
        return replace(found, ceiling=replace(found.ceiling, ran=(command,)))

    return spoil


def with_processes(found: Figures) -> Figures:
    """Four processes that sent too much at a time."""
    two, four = found.together
    return replace(found, together=(two, replace(four, pace=Pace(30_000, 1_001, 1, 0))))


def with_two_processes(**changed: Any) -> Callable[[Figures], Figures]:
    """The large run of two processes with other figures."""

    def spoil(found: Figures) -> Figures:
        two, four = found.together
        return replace(found, together=(replace(two, **changed), four))

    return spoil


def priced(**changed: Any) -> Callable[[Figures], Figures]:
    """The run that asked prices first with other figures."""
    return lambda found: replace(found, price_first=replace(found.price_first, **changed))


DELAYED = Pace(4_400, 990, 1, 0)
HALF: dict[str, Any] = {"calls": 15_000, "orders": {"done": 12_500}}
CALLS_TOO_MANY = {"calls": 31_251, "orders": {"done": 25_000}}


@pytest.mark.parametrize(
    ("spoil", "subject"),
    [
        (spoiled_ceiling(sent=Sent(25_000, 30_000, 158)), "1 process: of the budget"),
        (spoiled_ceiling(pace=Pace(30_000, 990, 1, 0)), "1 process: over the soft limit"),
        (spoiled_ceiling(pace=Pace(30_000, 990, 0, 1)), "1 process: over the soft limit"),
        (with_processes, "4 processes on one key: over the soft limit"),
        (ran(said=CALLS_TOO_MANY), "calls per order"),
        (ran(seconds=185.1), "whole command"),
        (ran(processor=50.1), "CPU per order"),
        (ran(megabytes=700), "memory"),
        (spoiled_ceiling(wrong=("1 orders lost",)), "book, workbooks and exit codes"),
        (
            lambda found: replace(found, raised=replace(found.raised, back_after=16.0)),
            "latency raised",
        ),
        (
            lambda found: replace(found, raised=replace(found.raised, back_after=None)),
            "latency raised",
        ),
        (
            lambda found: replace(found, loop=OwnScript(OwnRan(1, 150), Sent(500, 500, 130))),
            "own loop (500 orders): sending",
        ),
        (
            lambda found: replace(found, loop=OwnScript(OwnRan(1, 90), Sent(500, 500, 140))),
            "own loop (500 orders): whole command",
        ),
        (
            lambda found: replace(found, pool=OwnScript(OwnRan(32, 6), Sent(500, 500, 4))),
            "32 threads (500 orders): sending",
        ),
        (
            lambda found: replace(found, pool=OwnScript(OwnRan(32, 3), Sent(500, 500, 4.5))),
            "32 threads (500 orders): whole command",
        ),
        (
            lambda found: replace(found, shared=Shared(25_000, 9_000, (4, 15.1, 5), (), KEPT)),
            "ten rows dropped",
        ),
        (
            lambda found: replace(found, shared=Shared(25_000, 25_000, (4, 5), (), KEPT)),
            "ten rows dropped",
        ),
        (
            lambda found: replace(
                found, shared=Shared(25_000, 9_000, (4, 5), ("1 orders lost",), KEPT)
            ),
            "book, workbooks and exit codes",
        ),
        (
            lambda found: replace(found, stages=Stages("1.40 times", held=False)),
            "time per row",
        ),
    ],
)
def test_each_figure_can_fail(spoil: Callable[[Figures], Figures], subject: str) -> None:
    failed = failing(spoil(good()))
    assert [one for one in failed if subject in one]
    assert len(failed) <= 2


def test_a_benchmark_that_takes_too_long_fails() -> None:
    assert not in_time(1_200, small=False).fails(small=False)
    assert in_time(1_201, small=False).fails(small=False)
    assert in_time(121, small=True).fails(small=True)


def test_commands_that_do_not_tell_of_all_their_calls_are_found_out() -> None:
    ran = [Ran(0, 1, 1, 100, {"calls": 12}), Ran(0, 1, 1, 100, {"calls": 13})]
    assert wrong_count(ran, Pace(25, 25, 0, 0)) == []
    assert wrong_count(ran, Pace(26, 26, 0, 0)) == ["25 calls told of 26"]


def test_a_short_run_does_not_judge_what_needs_size() -> None:
    slow = Check("speed", "1", "2", held=False)
    doubled = Check("orders", "1 twice", "none", held=False, needs_size=False)
    assert not slow.fails(small=True)
    assert slow.fails(small=False)
    assert doubled.fails(small=True)


def test_the_page_and_its_chart(tmp_path: Path) -> None:
    found = good()
    at = Circumstances("a machine", "Python 3.11", START, 1_080)
    write_page(tmp_path, found, checks(found), at, small=False)
    page = (tmp_path / PAGE).read_text(encoding="utf-8")
    assert "18.0 minutes" in page
    assert "| 25,000 | 250 ms | 4 |" in page
    assert "| 7,000 | 50 ms, then 2,000 ms | 1 |" in page
    assert page.count("| held |") == len(checks(found))
    assert "NOT held" not in page
    tables = [line for line in page.splitlines() if line.startswith("|")]
    assert all(line.endswith("|") for line in tables)
    drawn = ElementTree.fromstring((tmp_path / CHART).read_text(encoding="utf-8"))  # noqa: S314
    texts = [one.text for one in drawn.iter("{http://www.w3.org/2000/svg}text")]
    assert {"a loop", "the same, 32 threads", "Orderdrop", "3.6", "200.0"} <= set(texts)


def calls(*rates: int) -> list[tuple[datetime, bool]]:
    """Orders, so many in each second."""
    return [
        (START + timedelta(seconds=second + number / rate), True)
        for second, rate in enumerate(rates)
        for number in range(rate)
    ]


def test_the_sending_phase_is_between_the_first_and_the_last_order() -> None:
    times = [(START + timedelta(seconds=s), s in {2, 4}) for s in range(7)]
    assert sending(times) == Sent(2, 3, 2.0)
    assert per_second(times) == (1,) * 7


def test_back_at_the_ceiling_is_when_it_stays_there() -> None:
    raised = START + timedelta(seconds=3)
    assert back_after(calls(*[196] * 20), raised) == 0
    assert back_after(calls(*[196] * 3, *[80] * 4, *[197] * 20), raised) == 4
    assert back_after(calls(*[196] * 3, *[80] * 4, *[196] * 6, *[20] * 9), raised) is None
    assert back_after(calls(*[196] * 5), raised) is None


WANTED = Wanted(2, "PO")
ALL = [("P1000000000", "PO-000000", "A"), ("P1000000000", "PO-000001", "B")]
TOLD = {"PO-000000": {"A"}, "PO-000001": {"B"}}


def test_books_that_agree() -> None:
    assert wrong_books([WANTED], ALL, [TOLD]) == []


@pytest.mark.parametrize(
    ("placed", "told", "word"),
    [
        (ALL[:1], TOLD, "1 orders lost"),
        ([*ALL, ("P1000000000", "PO-000001", "C")], TOLD, "1 orders placed more than once"),
        ([*ALL, ("P1000000001", "PO-000001", "C")], TOLD, "1 orders placed without being wanted"),
        (ALL, TOLD | {"PO-000001": {""}}, "1 orders told with another order id"),
    ],
)
def test_books_that_do_not_agree(
    placed: list[tuple[str, str, str]], told: dict[str, set[str]], word: str
) -> None:
    assert word in wrong_books([WANTED], placed, [told])
