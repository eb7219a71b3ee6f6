"""Correlation ids, request ids and stored answers (reference, section 4.5)."""

from __future__ import annotations

import asyncio
import random
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from flows.sandbox.errors import ServiceRefusal
from flows.sandbox.throttle import Throttle

if TYPE_CHECKING:
    from tests.sandbox.conftest import Sandbox

Make = Callable[..., Any]


@pytest.mark.parametrize("value", [None, "", "x" * 129, "caf\u00e9".encode("latin-1")])
def test_a_call_without_a_valid_correlation_id_is_refused(
    sandbox: Sandbox, new: Make, value: object
) -> None:
    answer = sandbox.order(sandbox.customer(), new(), x_correlation_id=value)
    assert (answer.status_code, answer.json()["code"]) == (400, "4119")


def test_a_correlation_id_of_128_signs_is_valid(sandbox: Sandbox, new: Make) -> None:
    correlation_id = uuid.uuid4().hex * 4
    answer = sandbox.order(sandbox.customer(), new(), x_correlation_id=correlation_id)
    assert answer.status_code == 201


def test_a_refused_correlation_id_leaves_the_request_id_unused(sandbox: Sandbox, new: Make) -> None:
    customer_id, request_id = sandbox.customer(), str(uuid.uuid4())
    sandbox.order(customer_id, new(), x_correlation_id=None, x_request_id=request_id)
    assert sandbox.order(customer_id, new(), x_request_id=request_id).status_code == 201


def test_a_repeat_gets_the_stored_answer_byte_for_byte(sandbox: Sandbox, new: Make) -> None:
    """Body and request id of the second call are not looked at, and nothing is executed."""
    customer_id, correlation_id = sandbox.customer(), str(uuid.uuid4())
    first = sandbox.order(customer_id, new(), x_correlation_id=correlation_id)
    sandbox.finish()
    used_before = first.request.headers["x-request-id"]
    second = sandbox.order(
        customer_id,
        b"this is not even JSON",
        "?fetch-price=true",
        x_correlation_id=correlation_id,
        x_request_id=used_before,
    )
    assert (second.status_code, second.content) == (201, first.content)
    assert second.headers["content-type"] == first.headers["content-type"]
    assert sandbox.history(customer_id).json()["totalCount"] == 1
    assert [c["replayed"] for c in sandbox.journal() if c["correlationId"] == correlation_id] == [
        False,
        True,
    ]


def test_a_refusal_is_repeated_too(sandbox: Sandbox, new: Make) -> None:
    customer_id, correlation_id = sandbox.customer(), str(uuid.uuid4())
    first = sandbox.order(customer_id, b"{", x_correlation_id=correlation_id)
    second = sandbox.order(customer_id, new(), x_correlation_id=correlation_id)
    assert (first.status_code, second.status_code) == (400, 400)
    assert second.content == first.content


def test_reads_are_repeated_from_memory_as_well(sandbox: Sandbox, new: Make) -> None:
    customer_id, correlation_id = sandbox.customer(), str(uuid.uuid4())
    path = f"/v3/customers/{customer_id}/orders"
    first = sandbox.get(path, x_correlation_id=correlation_id)
    sandbox.order(customer_id, new())
    stale = sandbox.get(path, x_correlation_id=correlation_id)
    assert stale.content == first.content
    assert sandbox.get(path).json()["totalCount"] == 1


def test_reads_are_not_repeated_when_that_is_switched_off(
    start: Callable[..., Sandbox], new: Make
) -> None:
    sandbox = start("--no-replay-of-reads", "--finish-after", "1000000")
    customer_id, correlation_id = sandbox.customer(), str(uuid.uuid4())
    path = f"/v3/customers/{customer_id}/orders"
    assert sandbox.get(path, x_correlation_id=correlation_id).json()["totalCount"] == 0
    sandbox.order(customer_id, new())
    assert sandbox.get(path, x_correlation_id=correlation_id).json()["totalCount"] == 1


def test_an_intent_belongs_to_its_key_method_and_path(sandbox: Sandbox, new: Make) -> None:
    sandbox.control("POST", "seed-client", {"clientId": "second", "clientSecret": "second-secret"})
    customer_id, correlation_id = sandbox.customer(), str(uuid.uuid4())
    first = sandbox.order(customer_id, new(), x_correlation_id=correlation_id)
    other_key = sandbox.order(customer_id, new(), key="second", x_correlation_id=correlation_id)
    elsewhere = sandbox.order(sandbox.customer(), new(), x_correlation_id=correlation_id)
    read = sandbox.get(f"/v3/customers/{customer_id}/orders", x_correlation_id=correlation_id)
    order_ids = {answer.json()["orderId"] for answer in (first, other_key, elsewhere)}
    assert len(order_ids) == 3
    assert read.json()["totalCount"] == 2


def test_a_request_id_used_before_is_refused_and_that_is_not_stored(
    sandbox: Sandbox, new: Make
) -> None:
    customer_id, request_id, correlation_id = sandbox.customer(), str(uuid.uuid4()), "once-more"
    sandbox.order(customer_id, new(), x_request_id=request_id)
    refused = sandbox.order(
        customer_id, new(), x_request_id=request_id, x_correlation_id=correlation_id
    )
    assert (refused.status_code, refused.json()["code"]) == (400, "4120")
    assert sandbox.order(customer_id, new(), x_correlation_id=correlation_id).status_code == 201


def test_without_a_request_id_the_vendor_makes_one(sandbox: Sandbox, new: Make) -> None:
    customer_id = sandbox.customer()
    for _ in range(2):
        assert sandbox.order(customer_id, new(), x_request_id=None).status_code == 201


async def test_an_intent_still_running_is_answered_4122_and_that_is_not_stored(
    start: Callable[..., Sandbox], new: Make
) -> None:
    sandbox = start("--latency", "0.5", "--finish-after", "1000000")
    customer_id, correlation_id = sandbox.customer(), str(uuid.uuid4())
    path = f"/v3/customers/{customer_id}/orders"

    async with httpx.AsyncClient(base_url=sandbox.url, timeout=30) as caller:

        async def send() -> httpx.Response:
            headers = sandbox.headers() | {"X-Correlation-Id": correlation_id}
            return await caller.post(path, json=new(), headers=headers)

        answers = await asyncio.gather(*(send() for _ in range(3)))
        later = await send()
    codes = sorted(answer.json().get("code", "placed") for answer in answers)
    assert codes == ["4122", "4122", "placed"]
    placed = next(answer for answer in answers if answer.status_code == 201)
    assert later.content == placed.content
    assert sandbox.history(customer_id).json()["totalCount"] == 1


def test_after_ten_days_an_intent_is_executed_as_if_new(
    start: Callable[..., Sandbox], new: Make
) -> None:
    sandbox = start("--finish-after", "1000000")
    customer_id, ids = sandbox.customer(), {"x_correlation_id": "c-1", "x_request_id": "r-1"}
    first = sandbox.order(customer_id, new(), **ids)
    sandbox.advance(days=9, hours=23)
    sandbox.sign_in()
    assert sandbox.order(customer_id, new(), **ids).content == first.content
    sandbox.advance(hours=1)
    again = sandbox.order(customer_id, new(), **ids)
    assert again.status_code == 201
    assert again.json()["orderId"] != first.json()["orderId"]


def test_refusals_at_the_door_are_not_stored(sandbox: Sandbox, new: Make) -> None:
    customer_id, correlation_id = sandbox.customer(), str(uuid.uuid4())
    for authorization in (None, "Bearer wrong"):
        sandbox.order(
            customer_id, new(), authorization=authorization, x_correlation_id=correlation_id
        )
    answer = sandbox.order(customer_id, new(), x_correlation_id=correlation_id)
    assert answer.status_code == 201


def test_above_the_hard_limit_calls_are_refused_with_retry_after(
    start: Callable[..., Sandbox], new: Make
) -> None:
    """Per key; a refused call is not stored and counts like any other."""
    sandbox = start("--soft", "3", "--hard", "6", "--seed", "1")
    sandbox.control("POST", "seed-client", {"clientId": "second", "clientSecret": "second-secret"})
    path = "/v3/customers/1007315862"
    answers = [sandbox.get(path) for _ in range(8)]
    assert [answer.status_code for answer in answers] == [200] * 6 + [429] * 2
    refused = answers[-1]
    assert refused.json() == {"code": "4118", "message": "Too many requests"}
    assert 1 <= int(refused.headers["retry-after"]) <= 5
    assert sandbox.get(path, key="second").status_code == 200
    assert sandbox.get(path, authorization="Bearer wrong").status_code == 401


def test_the_throttle_can_be_switched_off(start: Callable[..., Sandbox]) -> None:
    sandbox = start("--soft", "1", "--hard", "1", "--no-throttle")
    answers = [sandbox.get("/v3/customers/1007315862") for _ in range(5)]
    assert {answer.status_code for answer in answers} == {200}


def test_the_window_slides() -> None:
    """Five seconds, call by call; the clock is ours here."""
    now = 0.0
    throttle = Throttle(
        enabled=True,
        soft_limit=2,
        hard_limit=3,
        chance=random.Random(1),  # noqa: S311
        monotonic=lambda: now,
    )
    assert [throttle.count("k"), throttle.count("k")] == [0.0, 0.0]
    now = 4.0
    assert throttle.count("k") > 0
    with pytest.raises(ServiceRefusal) as refused:
        throttle.count("k")
    assert refused.value.headers == {"Retry-After": "1"}
    now = 5.0
    assert throttle.count("k") > 0
    now = 9.0
    assert throttle.count("k") == 0.0


def test_a_fault_of_the_service_is_an_answer_and_is_stored(start: Callable[..., Sandbox]) -> None:
    """500 with 1124, in the journal, repeated like any other (section 4.5, rule 5)."""
    sandbox = start()
    customer_id = sandbox.customer(cotermDate="0001-01-01")  # a year before it there is none
    answers = [
        sandbox.get(f"/v3/customers/{customer_id}/orders", x_correlation_id="broken")
        for _ in range(2)
    ]
    for answer in answers:
        assert (answer.status_code, answer.json()["code"]) == (500, "1124")
    assert answers[0].content == answers[1].content
    assert [
        (call["status"], call["executed"], call["replayed"]) for call in sandbox.journal()[-2:]
    ] == [(500, True, False), (500, False, True)]
    sandbox.process.terminate()
    assert "year 0 is out of range" in sandbox.process.communicate(timeout=30)[1]
