"""Faults on demand, each over a real connection (reference, end of section 4.5)."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from flows.sandbox.faults import Fault, FaultInjector, FaultSpecError, read_faults

if TYPE_CHECKING:
    from tests.sandbox.conftest import Sandbox

Make = Callable[..., Any]

EXECUTED = ["closed-after", "executed-504", "executed-500", "cut-body", "not-json"]
UNEXECUTED = [
    "closed-before",
    "unexecuted-500",
    "unexecuted-504",
    "502",
    "503",
    "504",
    "429",
    "429-retry-after",
    "429-gateway",
    "401",
    "403-key-missing",
    "403-key-unknown",
]
NO_ANSWER = {"closed-before", "closed-after", "cut-body"}


def _attempt(sandbox: Sandbox, customer_id: str, body: Any, correlation_id: str) -> Any:
    try:
        return sandbox.order(customer_id, body, x_correlation_id=correlation_id)
    except httpx.RemoteProtocolError as error:
        return error


@pytest.mark.parametrize("fault", EXECUTED)
def test_the_order_exists_and_the_repeat_gets_the_real_answer(
    sandbox: Sandbox, new: Make, fault: str
) -> None:
    """The vendor executed and stored its answer; the fault only hid it."""
    customer_id, correlation_id = sandbox.customer(), str(uuid.uuid4())
    sandbox.control("PUT", "faults", {"spec": f"{fault}@1"})
    hidden = _attempt(sandbox, customer_id, new(), correlation_id)
    assert isinstance(hidden, Exception) == (fault in NO_ANSWER)
    assert sandbox.history(customer_id).json()["totalCount"] == 1
    repeat = sandbox.order(customer_id, new(), x_correlation_id=correlation_id)
    assert repeat.status_code == 201
    assert sandbox.history(customer_id).json()["items"] == [repeat.json()]
    (first, second) = _calls(sandbox, correlation_id)
    assert (first["fault"], first["executed"], first["replayed"]) == (fault, True, False)
    assert first["orderId"] == repeat.json()["orderId"]
    assert (second["fault"], second["executed"], second["replayed"]) == (None, False, True)
    assert second["answerBody"] == repeat.text


@pytest.mark.parametrize("fault", UNEXECUTED)
def test_the_order_does_not_exist_and_the_repeat_places_it(
    sandbox: Sandbox, new: Make, fault: str
) -> None:
    """Not the service's answer, so nothing is stored and the intent is still open."""
    customer_id, correlation_id = sandbox.customer(), str(uuid.uuid4())
    sandbox.control("PUT", "faults", {"spec": f"{fault}@1"})
    refused = _attempt(sandbox, customer_id, new(), correlation_id)
    assert isinstance(refused, Exception) == (fault in NO_ANSWER)
    assert sandbox.history(customer_id).json()["totalCount"] == 0
    (call,) = _calls(sandbox, correlation_id)
    assert (call["fault"], call["executed"], call["orderId"]) == (fault, False, None)
    assert sandbox.order(customer_id, new(), x_correlation_id=correlation_id).status_code == 201


def test_an_order_may_exist_although_its_answer_is_an_internal_error(
    sandbox: Sandbox, new: Make
) -> None:
    """1124 is the stored answer: a repeat gets it again and places no second order."""
    customer_id, correlation_id = sandbox.customer(), str(uuid.uuid4())
    sandbox.control("PUT", "faults", {"spec": "executed-500-1124@1"})
    first = sandbox.order(customer_id, new(), x_correlation_id=correlation_id)
    assert (first.status_code, first.json()["code"]) == (500, "1124")
    again = sandbox.order(customer_id, new(), x_correlation_id=correlation_id)
    assert (again.status_code, again.content) == (500, first.content)
    (placed,) = [o for o in _book(sandbox)["orders"] if o["customerId"] == customer_id]
    assert (placed["status"], placed["externalReferenceId"]) == ("1002", "PO-1")
    executed, replayed = _calls(sandbox, correlation_id)
    assert (executed["executed"], executed["orderId"]) == (True, placed["orderId"])
    assert (replayed["executed"], replayed["replayed"]) == (False, True)


def test_an_internal_error_of_the_service_is_stored(sandbox: Sandbox, new: Make) -> None:
    customer_id, correlation_id = sandbox.customer(), str(uuid.uuid4())
    sandbox.control("PUT", "faults", {"spec": "unexecuted-500-1124@1"})
    first = sandbox.order(customer_id, new(), x_correlation_id=correlation_id)
    assert (first.status_code, first.json()) == (
        500,
        {"code": "1124", "message": "Internal error, try again later"},
    )
    again = sandbox.order(customer_id, new(), x_correlation_id=correlation_id)
    assert (again.status_code, again.content) == (500, first.content)
    assert sandbox.history(customer_id).json()["totalCount"] == 0


@pytest.mark.parametrize(
    ("fault", "status", "text", "retry_after"),
    [
        ("executed-504", 504, '{"error_code":"504001","message":"Gateway Timeout"}', None),
        ("unexecuted-504", 504, '{"error_code":"504001","message":"Gateway Timeout"}', None),
        ("executed-500", 500, "Internal Server Error", None),
        ("unexecuted-500", 500, "Internal Server Error", None),
        ("502", 502, "<html><body><h1>502 Bad Gateway</h1></body></html>", None),
        ("503", 503, "<html><body><h1>503 Service Unavailable</h1></body></html>", None),
        ("504", 504, "<html><body><h1>504 Gateway Time-out</h1></body></html>", None),
        ("429", 429, '{"code":"4118","message":"Too many requests"}', None),
        ("429-retry-after", 429, '{"code":"4118","message":"Too many requests"}', "1"),
        ("429-gateway", 429, '{"error_code":"429050","message":"Too many requests"}', None),
        ("401", 401, '{"error_code":"401013","message":"Oauth token is not valid"}', None),
        (
            "403-key-missing",
            403,
            '{"error_code":"403000","message":"Api Key is required"}',
            None,
        ),
        (
            "403-key-unknown",
            403,
            '{"error_code":"403003","message":"Api Key is invalid"}',
            None,
        ),
    ],
)
def test_what_a_fault_looks_like(
    sandbox: Sandbox, new: Make, *, fault: str, status: int, text: str, retry_after: str | None
) -> None:
    sandbox.control("PUT", "faults", {"spec": f"{fault}@1"})
    answer = sandbox.order(sandbox.customer(), new())
    assert (answer.status_code, answer.text) == (status, text)
    assert answer.headers.get("retry-after") == retry_after


def test_a_page_instead_of_json_keeps_the_status(sandbox: Sandbox, new: Make) -> None:
    sandbox.control("PUT", "faults", {"spec": "not-json=1"})
    placed = sandbox.order(sandbox.customer(), new())
    previewed = sandbox.order(sandbox.customer(), new(order_type="PREVIEW"))
    assert (placed.status_code, previewed.status_code) == (201, 200)
    for answer in (placed, previewed):
        assert answer.headers["content-type"].startswith("text/html")
        assert answer.text.startswith("<html>")


def test_a_cut_answer_begins_like_the_whole_one(sandbox: Sandbox, new: Make) -> None:
    """The status and half of the body arrive, then the connection is closed."""
    customer_id, correlation_id = sandbox.customer(), str(uuid.uuid4())
    sandbox.control("PUT", "faults", {"spec": "cut-body@1"})
    headers = sandbox.headers() | {"X-Correlation-Id": correlation_id}
    path = f"/v3/customers/{customer_id}/orders"
    with sandbox.http.stream("POST", path, json=new(), headers=headers) as answer:
        assert answer.status_code == 201
        got = _until_cut(answer)
    whole = sandbox.order(customer_id, new(), x_correlation_id=correlation_id).content
    assert got == whole[: len(whole) // 2]
    assert int(answer.headers["content-length"]) == len(whole)


def test_a_slow_answer_outlasts_the_callers_patience(sandbox: Sandbox, new: Make) -> None:
    """It was executed and stored at once; the repeat need not wait."""
    customer_id, correlation_id = sandbox.customer(), str(uuid.uuid4())
    sandbox.control("PUT", "faults", {"spec": "timeout@1", "slowSeconds": 20})
    headers = sandbox.headers() | {"X-Correlation-Id": correlation_id}
    path = f"/v3/customers/{customer_id}/orders"
    with pytest.raises(httpx.ReadTimeout):
        sandbox.http.post(path, json=new(), headers=headers, timeout=0.5)
    repeat = sandbox.order(customer_id, new(), x_correlation_id=correlation_id)
    assert repeat.status_code == 201
    assert sandbox.history(customer_id).json()["totalCount"] == 1
    sandbox.control("PUT", "faults", {"spec": "", "slowSeconds": 65})


def test_only_order_calls_are_hit_unless_reads_are_named(sandbox: Sandbox, new: Make) -> None:
    customer_id = sandbox.customer()
    sandbox.control("PUT", "faults", {"spec": "executed-504=1"})
    assert sandbox.history(customer_id).status_code == 200
    sandbox.control("PUT", "faults", {"spec": "get:429=1"})
    assert sandbox.order(customer_id, new()).status_code == 201
    assert sandbox.history(customer_id).status_code == 429
    faults = sandbox.control("GET", "faults")
    assert (faults["spec"], faults["orderCalls"], faults["getCalls"]) == ("get:429=1", 1, 1)
    sandbox.control("PUT", "faults", {"spec": ""})


def test_the_same_seed_hits_the_same_calls() -> None:
    def hits(seed: int) -> list[Fault | None]:
        injector = FaultInjector(read_faults("executed-504=0.2,closed-after=0.2,429@3"), seed)
        return [injector.draw("order") for _ in range(500)]

    assert hits(1) == hits(1) != hits(2)
    assert hits(1)[2] is Fault.TOO_MANY
    assert 60 < hits(1).count(Fault.EXECUTED_504) < 140
    assert 60 < hits(1).count(Fault.CLOSED_AFTER) < 140


@pytest.mark.parametrize(
    "spec",
    [
        "nonsense=0.1",
        "429",
        "429=",
        "429=x",
        "429=1.5",
        "429=0.6,slow=0.6",
        "put:429=1",
        "429=1..2",
    ],
)
def test_a_specification_that_cannot_be_read_is_refused(sandbox: Sandbox, spec: str) -> None:
    with pytest.raises(FaultSpecError):
        read_faults(spec)
    answer = sandbox.http.put("/control/faults", json={"spec": spec})
    assert answer.status_code == 400
    assert answer.json()["error"]


def test_every_fault_is_shown_here() -> None:
    stored = {"executed-500-1124", "unexecuted-500-1124"}
    assert {*EXECUTED, *UNEXECUTED, *stored, "slow"} == set(Fault)


def _book(sandbox: Sandbox) -> dict[str, Any]:
    return sandbox.control("GET", "book")


def _until_cut(answer: httpx.Response) -> bytes:
    pieces: list[bytes] = []
    with pytest.raises(httpx.RemoteProtocolError):
        pieces.extend(answer.iter_raw())
    return b"".join(pieces)


def _calls(sandbox: Sandbox, correlation_id: str) -> list[dict[str, Any]]:
    calls = sandbox.journal()
    return [call for call in calls if call["correlationId"] == correlation_id]
