"""Following up as a Prefect flow: what is open or in doubt, and the workbooks that tell of it."""

from __future__ import annotations

from typing import Any

from prefect import flow, task
from prefect.artifacts import acreate_markdown_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run
from prefect.states import Completed, Failed

from flows.desk import Desk
from flows.flow_results import NEEDS_A_PERSON, figures_of, runs_already, tag_run
from flows.follow_up import FollowedUp, follow_up
from flows.notices import about_follow, about_lasting
from flows.one_at_a_time import Work, alone
from flows.settings import Settings
from flows.unattended import telling


@task(name="look and write again", cache_policy=NO_CACHE, persist_result=False)
async def look_and_write(environment: str, account: str) -> FollowedUp:
    """One look at everything unfinished; workbooks whose answers changed are written again."""
    settings = Settings.checked(environment=environment, account=account)
    async with Desk(settings) as desk:
        return await follow_up(desk)


def _run_name() -> str:
    parameters: dict[str, Any] = flow_run.parameters
    account, environment = parameters["account"], parameters["environment"]
    return f"open orders{f' of {account}' if account else ''} ({environment or 'as set'})"


@flow(
    name="follow-orders", flow_run_name=_run_name, persist_result=False, validate_parameters=False
)
async def follow_orders(environment: str | None = None, account: str | None = None) -> State[Any]:
    """Bring open orders up to date, settle doubts, and write their workbooks again.

    The environment must be given here or in the settings, as for all that runs unattended.
    """
    settings = Settings.checked(environment=environment, account=account)
    settings.check_unattended()
    with alone(settings, Work.FOLLOWING) as is_alone:
        return await _followed(settings) if is_alone else runs_already()


async def _followed(settings: Settings) -> State[Any]:
    async with telling(settings, "Looking after open orders") as teller:
        result = await look_and_write(settings.effective_environment, settings.account)
        teller.tell(about_follow(result))
        for what, message in about_lasting(result).items():
            teller.tell_daily(what, message)
    await acreate_markdown_artifact(told(result), key="follow-up", description="What was found")
    marks = [NEEDS_A_PERSON] if result.exit_code else []
    await tag_run(["follow", settings.effective_environment, settings.account, *marks])
    if result.stopped:
        return Failed(name="Stopped", message=result.stopped, data=result)
    name = {0: "Completed", 3: "Not written", 4: "Needs attention", 5: "In doubt"}
    return Completed(name=name[result.exit_code], message=told(result), data=result)


async def run_follow_orders(environment: str, account: str) -> FollowedUp:
    """Run the flow in this process and give back its figures, also when it was stopped."""
    state: State[Any] = await follow_orders(
        environment=environment, account=account, return_state=True
    )
    return await figures_of(state, FollowedUp)


def told(result: FollowedUp) -> str:
    """The figures in one sentence, then the workbooks that were written again."""
    orders = f"{result.looked_at} order{'s' if result.looked_at != 1 else ''} looked at"
    figures = f"{orders}, {result.changed} changed, {result.open} open, {result.in_doubt} in doubt."
    written = [f"Written again: {path}" for path in result.workbooks]
    return "\n\n".join([figures, *written, *result.not_written, *result.elsewhere])
