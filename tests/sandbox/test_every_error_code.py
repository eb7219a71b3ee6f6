"""Every error code that orders, subscriptions, sign-in and gateway can bring, over HTTP."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from schemas.code_tables import error_codes
from tests.sandbox.conftest import ROOT, Sandbox
from tests.sandbox.error_codes.orders import ORDERS
from tests.sandbox.error_codes.other_calls import OTHER_CALLS
from tests.sandbox.error_codes.reaching import Reached
from tests.sandbox.error_codes.renewals_and_upgrades import RENEWALS_AND_UPGRADES
from tests.sandbox.error_codes.unreachable import NOT_REACHABLE

if TYPE_CHECKING:
    import httpx

REACHED = [*ORDERS, *RENEWALS_AND_UPGRADES, *OTHER_CALLS]

CONCERNS = re.compile(
    "order|preview|return|renewal|switch|subscription|customer get|flexible discount"
    "|recommendation|token exchange|all calls|no longer sent",
    re.IGNORECASE,
)
"""The calls of `applies_to` that are asked here; the rest is about resellers, transfers, linked
memberships, deployments, price lists, and customers that are created and changed.
"""


@pytest.fixture(scope="module")
def partial_returns() -> Iterator[Sandbox]:
    """A server that takes back part of a line (reference, section 20)."""
    started = Sandbox("--finish-after", "1000000000", "--no-throttle", "--partial-returns")
    yield started
    started.stop()


@pytest.mark.parametrize("row", REACHED, ids=str)
def test_the_code_comes_with_its_status_and_details(
    request: pytest.FixtureRequest, row: Reached
) -> None:
    answer = row.attempt(request.getfixturevalue(row.server))
    code, details = _error_of(answer, row)
    assert (code, answer.status_code) == (row.code.partition("/")[0], row.status), answer.text
    assert details == row.details


def _error_of(answer: httpx.Response, row: Reached) -> tuple[str, list[str] | None]:
    """Code and additionalDetails, whichever of the four forms they come in (section 5)."""
    if not answer.headers["content-type"].startswith("application/json"):
        return "HTTP", None
    body: Any = answer.json()
    for name in row.inside:
        body = body[name]
    (code,) = [body[name] for name in ("code", "error_code", "error") if name in body]
    return code, body.get("additionalDetails")


@pytest.mark.parametrize("row", REACHED, ids=str)
def test_the_row_agrees_with_the_table(row: Reached) -> None:
    """The status is the published one (an error inside a success has none of its own), and a
    reason behind the code stands in the details.
    """
    code, _, word = row.code.partition("/")
    assert row.inside or row.status in error_codes()[row.code].http_statuses
    if word and code != "HTTP":
        spoken = [detail.replace(" ", "_").upper() for detail in row.details or ()]
        assert spoken
        assert all(detail.endswith(f"REASON:_{word}") for detail in spoken)


def test_every_code_is_reached_or_has_a_reason_why_not() -> None:
    concerned = {code for code, row in error_codes().items() if CONCERNS.search(row.applies_to)}
    reached = {row.code for row in REACHED}
    assert reached | NOT_REACHABLE.keys() == concerned
    assert not reached & NOT_REACHABLE.keys()


def test_no_code_that_the_server_can_say_is_called_unreachable() -> None:
    """It says what stands in its program as a text: the code, and the reason if there is one."""
    texts = set(_texts_of_the_server())
    said = {code for code in error_codes() if set(code.split("/")) <= texts}
    assert said
    assert not said & NOT_REACHABLE.keys()


def _texts_of_the_server() -> Iterator[str]:
    for module in (ROOT / "flows" / "sandbox").rglob("*.py"):
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value
