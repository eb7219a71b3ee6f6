"""What runs by itself, as Prefect deployments: `serve` runs them, `prefect.yaml` says the same.

Hours are those of the settings' time zone, given to the scheduler by name. The scheduler only
starts runs: whether a night is done is asked of the ledger by its local date, so a run too many at
a clock change finds nothing to do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from prefect import Flow
from prefect.deployments.runner import RunnerDeployment
from prefect.schedules import Cron, Interval, Schedule
from prefect.types.entrypoint import EntrypointType

from flows.deployment_names import deployment_name
from flows.follow_orders import follow_orders
from flows.one_at_a_time import Work
from flows.renew_subscriptions import renew_subscriptions
from flows.settings import Settings
from flows.submit_orders import submit_orders


@dataclass(frozen=True, slots=True)
class Kind:
    """A deployment as every account has it."""

    name: str
    flow: Flow[Any, Any]
    tag: str
    description: str
    work: Work | None = None
    """What no second scheduled run does while one is going."""


NIGHTLY: Final = Kind(
    "nightly",
    renew_subscriptions,
    "renewals",
    "Every night: renews what the renewal books want and what is due.",
    Work.RENEWALS,
)
FOLLOWING: Final = Kind(
    "following",
    follow_orders,
    "follow",
    "Asks what became of orders that are open or in doubt, and writes their workbooks again.",
    Work.FOLLOWING,
)
BY_HAND: Final = Kind(
    "by-hand",
    submit_orders,
    "orders",
    "One workbook, named by its path; for a run that is started from this page.",
)
KINDS: Final = (NIGHTLY, FOLLOWING, BY_HAND)


def deployments(settings: Settings, accounts: Sequence[str]) -> list[RunnerDeployment]:
    """The nights' renewals and the following of each account, and submitting from the page."""
    return [_deployment(kind, settings, account) for account in accounts for kind in KINDS]


def schedule_of(kind: Kind, settings: Settings) -> Schedule | None:
    """When a deployment runs by itself: the hour of the night, every so many minutes, never."""
    if kind is NIGHTLY:
        # An hour that a clock change skips is skipped by the scheduler as well. The hour after it
        # is there in that night; in any other, the run finds the night done and ends at once.
        hours = f"{settings.night.hour},{(settings.night.hour + 1) % 24}"
        return Cron(f"{settings.night.minute} {hours} * * *", timezone=settings.timezone)
    if kind is FOLLOWING:
        return Interval(timedelta(minutes=settings.follow_every), timezone=settings.timezone)
    return None


def _deployment(kind: Kind, settings: Settings, account: str) -> RunnerDeployment:
    return RunnerDeployment.from_flow(
        kind.flow,
        name=deployment_name(kind.name, settings, account),
        schedule=schedule_of(kind, settings),
        parameters={"environment": settings.effective_environment, "account": account},
        description=kind.description,
        tags=[kind.tag, settings.effective_environment, account],
        entrypoint_type=EntrypointType.MODULE_PATH,
    )
