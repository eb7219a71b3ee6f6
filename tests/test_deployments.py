"""What runs by itself: the deployments of `serve` and of prefect.yaml, and the hours of nights."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml
from prefect.client.schemas.schedules import CronSchedule, IntervalSchedule
from prefect.server.schemas.schedules import CronSchedule as ScheduledByCron
from pydantic import SecretStr

from flows.accounts import Accounts
from flows.deployment_names import SHARD, deployment_name
from flows.deployments import KINDS, NIGHTLY, deployments, schedule_of
from flows.flow_results import PLACING
from flows.renewals.nights import Night, Tonight, course_of, night_of
from flows.settings import Settings

ROOT = Path(__file__).parents[1]


def settings(**given: Any) -> Settings:
    return Settings(environment="practice", **given)


def production() -> Settings:
    return Settings(environment="production", client_id="a", client_secret=SecretStr("b"))


def written() -> dict[str, dict[str, Any]]:
    """The deployments of prefect.yaml by their names, which must be different."""
    found = yaml.safe_load((ROOT / "prefect.yaml").read_text(encoding="utf-8"))
    by_name = {deployment["name"]: deployment for deployment in found["deployments"]}
    assert len(by_name) == len(found["deployments"])
    return by_name


def test_prefect_yaml_and_serve_say_the_same() -> None:
    said = {name: one for name, one in written().items() if name != SHARD}
    ours = {made.name: made for made in deployments(production(), ["default"])}
    assert said.keys() == ours.keys()
    for name, made in ours.items():
        yaml_says = said[name]
        path, _, flow = yaml_says["entrypoint"].partition(":")
        assert made.entrypoint == f"{path.removesuffix('.py').replace('/', '.')}.{flow}"
        assert made.description == yaml_says["description"]
        assert set(yaml_says["tags"]) <= set(made.tags or ())
        assert [_schedule(s.schedule) for s in made.schedules or ()] == yaml_says["schedules"]


def test_the_parts_of_large_workbooks_have_a_deployment_for_workers_alone() -> None:
    """Whoever shares a workbook out looks for it by this name."""
    said = written()[deployment_name(SHARD, production(), "default")]
    path, _, name = said["entrypoint"].partition(":")
    module = import_module(path.removesuffix(".py").replace("/", "."))
    assert getattr(module, name).name == PLACING
    assert (said["schedules"], said["parameters"]) == ([], {})


def _schedule(found: object) -> dict[str, object]:
    if isinstance(found, CronSchedule):
        return {"cron": found.cron, "timezone": found.timezone}
    assert isinstance(found, IntervalSchedule)
    return {"interval": int(found.interval.total_seconds()), "timezone": found.timezone}


def test_each_account_has_its_own_and_they_are_told_apart() -> None:
    given = settings(accounts=Accounts(names=("north", "south")))
    names = [one.name for one in deployments(given, ["north", "south"])]
    assert names == [
        deployment_name(kind.name, given, one) for one in ("north", "south") for kind in KINDS
    ]
    assert names[:2] == ["practice-nightly-north", "practice-following-north"]
    made = deployments(given, ["north", "south"])
    assert {(one.parameters or {})["account"] for one in made} == {"north", "south"}


NIGHTS = [
    ("Europe/Berlin", date(2027, 3, 28)),
    ("Europe/Berlin", date(2027, 10, 31)),
    ("America/New_York", date(2027, 3, 14)),
    ("America/New_York", date(2027, 11, 7)),
]


@pytest.mark.parametrize("hour", [time(0, 30), time(1, 30), time(2), time(2, 30), time(3)])
@pytest.mark.parametrize(("zone", "change"), NIGHTS)
async def test_every_night_is_done_once_by_the_scheduler_around_a_clock_change(
    zone: str, change: date, hour: time
) -> None:
    """The scheduler's own moments, each handed to the rule that decides whether a night is done.

    Whatever the scheduler makes of an hour that is skipped or comes twice, with the look for
    nights that are owed beside it every night is done, and none a second time.
    """
    given = settings(timezone=zone, night=hour)
    place = ZoneInfo(zone)
    start = datetime.combine(change - timedelta(days=2), time(12), place).astimezone(UTC)
    end = start + timedelta(days=4)
    moments = await _starts(given, start, end)
    looks = [
        start + timedelta(minutes=5 * n) for n in range(int((end - start) / timedelta(minutes=5)))
    ]
    done = [Night(change - timedelta(days=2), was_dry_run=False)]
    for moment in sorted([*moments, *looks]):
        night = night_of(moment, place, given.night)
        if course_of(night, done).tonight is Tonight.RENEWS:
            done.append(Night(night, was_dry_run=False))
    assert [night.date for night in done] == [change + timedelta(days=n) for n in range(-2, 3)]
    assert all(moment.astimezone(place).date() for moment in moments)


@pytest.mark.parametrize("hour", [time(0), time(1, 30), time(2), time(2, 30), time(3), time(23)])
@pytest.mark.parametrize(("zone", "change"), NIGHTS)
async def test_the_schedule_alone_starts_every_night(zone: str, change: date, hour: time) -> None:
    """Without the look for nights that are owed, as with workers of one's own."""
    given = settings(timezone=zone, night=hour)
    place = ZoneInfo(zone)
    start = datetime.combine(change - timedelta(days=2), time(12), place).astimezone(UTC)
    moments = await _starts(given, start, start + timedelta(days=4))
    nights = {night_of(moment, place, given.night) for moment in moments}
    assert nights >= {change + timedelta(days=n) for n in (-1, 0, 1)}


async def test_a_machine_that_slept_at_two_does_the_night_when_it_wakes_and_only_once() -> None:
    given = settings(timezone="Europe/Berlin")
    place = ZoneInfo("Europe/Berlin")
    done = [Night(date(2027, 3, 25), was_dry_run=False)]
    asleep_until = datetime(2027, 3, 28, 9, 40, tzinfo=place)
    late = await _starts(
        given, datetime(2027, 3, 26, 0, 0, tzinfo=UTC), asleep_until.astimezone(UTC)
    )
    assert len(late) == 6
    # The runs that were planned meanwhile all begin at once, late: one of them does the night.
    for _ in late:
        course = course_of(night_of(asleep_until, place, given.night), done)
        if course.tonight is Tonight.RENEWS:
            assert course.missed == 2
            done.append(Night(course.night, was_dry_run=False))
    assert [night.date for night in done] == [date(2027, 3, 25), date(2027, 3, 28)]


async def _starts(given: Settings, start: datetime, end: datetime) -> list[datetime]:
    """When Prefect's scheduler starts the nightly run between two moments."""
    schedule = schedule_of(NIGHTLY, given)
    assert schedule is not None
    assert schedule.cron is not None
    by_cron = ScheduledByCron(cron=schedule.cron, timezone=schedule.timezone)
    return [
        moment.astimezone(UTC) for moment in await by_cron.get_dates(n=10, start=start, end=end)
    ]
