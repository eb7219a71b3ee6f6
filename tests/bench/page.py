"""docs/performance.md and its chart, from figures."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from tests.bench.chart import Bar, Course, chart
from tests.bench.figures import CEILING, Check, Figures
from tests.bench.market import Sent
from tests.bench.runs import Measured

PAGE: Final = "performance.md"
CHART: Final = "performance.svg"
_PACKAGES: Final = ("prefect", "pandas", "httpx", "aiohttp", "sqlalchemy", "pydantic")


@dataclass(frozen=True, slots=True)
class Circumstances:
    """Where and when it was measured, and how long all of it took."""

    machine: str
    versions: str
    when: datetime
    seconds: float


def here(when: datetime, seconds: float) -> Circumstances:
    """This machine."""
    cores = len(os.sched_getaffinity(0))
    packages = ", ".join(f"{name} {version(name)}" for name in _PACKAGES)
    return Circumstances(
        f"{platform.system()} on {platform.machine()}{_processor()}, {cores} cores",
        f"Python {platform.python_version()}, {packages}",
        when,
        seconds,
    )


def _processor() -> str:
    told = Path("/proc/cpuinfo")
    lines = told.read_text(encoding="utf-8").splitlines() if told.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f" ({names[0]})" if names else ""


def write_page(
    folder: Path, found: Figures, checks: Sequence[Check], at: Circumstances, *, small: bool
) -> None:
    """Write both files into a folder."""
    files = FileSystemLoader(Path(__file__).parent)
    template = Environment(
        loader=files, undefined=StrictUndefined, autoescape=False, keep_trailing_newline=True  # noqa: S701  # Markdown
    ).get_template(f"{PAGE}.j2")  # fmt: skip
    text = template.render(
        found=found,
        checks=checks,
        small=small,
        machine=at.machine,
        versions=at.versions,
        when=f"{at.when:%Y-%m-%d %H:%M} UTC",
        minutes=f"{at.seconds / 60:.1f}",
        latency=_latency,
        share=shown_share,
        ours=_ours(found),
        ceiling=CEILING,
        connections=found.bare.connections,
        shared_seconds=", ".join(f"{seconds:.1f}" for seconds in found.shared.seconds),
    )
    (folder / PAGE).write_text(text, encoding="utf-8")
    (folder / CHART).write_text(drawn(found), encoding="utf-8")


def drawn(found: Figures) -> str:
    """The chart."""
    latency = f"{found.ceiling.plan.latency * 1000:.0f} ms"
    bars = [
        Bar("a loop", found.loop.sent.orders / found.loop.sent.seconds),
        Bar(
            f"the same, {found.pool.ran.threads} threads",
            found.pool.sent.orders / found.pool.sent.seconds,
        ),
        Bar("Orderdrop", found.ceiling.orders_per_second, is_ours=True),
        Bar("the vendor's ceiling", CEILING),
    ]
    courses = [
        Course(
            f"{found.ceiling.plan.orders:,} orders at {latency}: calls in each second",
            found.ceiling.per_second,
            CEILING,
        )
    ]
    raised = found.raised
    if raised.plan.raised and raised.raised_at is not None:
        courses.append(
            Course(
                f"{raised.plan.orders:,} orders, latency raised in mid-run: calls in each second",
                raised.per_second,
                CEILING,
                f"{raised.plan.latency * 1000:.0f} ms, from here {raised.plan.raised.to:g} s",
                raised.raised_at,
            )
        )
    return chart(f"Orders a second while sending, at {latency}", bars, courses)


def _ours(found: Figures) -> list[Measured]:
    """Plain runs of one process at the latency of the user's own script, smallest first."""
    same = [
        one
        for one in found.runs
        if one.plan.latency == found.ceiling.plan.latency
        and one.plan.processes == 1
        and not one.plan.price_first
        and one.plan.orders >= found.own_size.plan.orders
    ]
    return sorted(same, key=lambda one: one.plan.orders)


def shown_share(sent: Sent) -> str:
    """Of the budget; nothing where the sending was shorter than the budget's window."""
    return f"{sent.share:.1%}" if sent.seconds >= 5 else "-"


def _latency(measured: Measured) -> str:
    plan = measured.plan
    words = f"{plan.latency * 1000:.0f} ms"
    return words if plan.raised is None else f"{words}, then {plan.raised.to * 1000:,.0f} ms"
