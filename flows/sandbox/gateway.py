"""The gateway in front of the service (reference, sections 4.5 and 22).

In this order: key, token, throttling; correlation id; stored answer or still running; request
id; then the service executes, and its answer is stored. Every call goes into the journal, in
the same commit as what it changed.
"""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace

from starlette.requests import Request
from starlette.responses import Response

from flows.sandbox.answers import answer_of, refused
from flows.sandbox.book import Book
from flows.sandbox.calls import Call, arrived
from flows.sandbox.clock import Clock
from flows.sandbox.delivery import INSTEAD_OF_EXECUTING, delivered
from flows.sandbox.errors import Refusal, ServiceRefusal
from flows.sandbox.faults import Fault, FaultInjector
from flows.sandbox.records import Answer, CallKey, JournalEntry
from flows.sandbox.sign_in import SignIn
from flows.sandbox.throttle import Throttle

Operation = Callable[[Call], Answer]
"""What the service does with a call: an answer, or a `Refusal`."""

LONGEST_CORRELATION_ID = 128

NOT_STORED = frozenset({"4120", "4122"})
"""A repeat with the same correlation id gets a real answer later (section 4.5, rule 5)."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the service (or the gateway) answered, and how it came about."""

    answer: Answer
    executed: bool = False
    replayed: bool = False
    may_be_stored: bool = True


class Gateway:
    """Stands before every call of the API."""

    def __init__(
        self,
        *,
        book: Book,
        clock: Clock,
        sign_in: SignIn,
        throttle: Throttle,
        faults: FaultInjector,
        replay_reads: bool,
        latency: float,
        slow_seconds: float,
    ) -> None:
        self.faults = faults
        self.slow_seconds = slow_seconds
        self.latency = latency
        self.throttle = throttle
        self._book = book
        self._clock = clock
        self._sign_in = sign_in
        self._replay_reads = replay_reads
        self._running: set[CallKey] = set()

    async def handle(self, request: Request, operation: Operation) -> Response:
        """Answer one call of the service."""
        call = arrived(request, self._book.next_call_number(), self._clock.now())
        try:
            delay = self._admit(request, call, signed=True)
        except Refusal as refusal:
            call = replace(call, body=await request.body())
            return await self._send(call, Outcome(refused(refusal)), None)
        fault = self._draw_fault(call)
        if fault is Fault.CLOSED_BEFORE:
            return await self._send(call, Outcome(Answer(0, b"")), fault)
        call = replace(call, body=await request.body())
        if delay:
            await asyncio.sleep(delay)
        response = await self._answer(call, operation, fault)
        if fault is Fault.SLOW:
            await asyncio.sleep(self.slow_seconds)
        return response

    async def ping(self, request: Request, *, signed: bool) -> Response:
        """`pong`, after the checks at the door; there is no intent to remember."""
        call = arrived(request, self._book.next_call_number(), self._clock.now())
        try:
            await asyncio.sleep(self._admit(request, call, signed=signed))
            answer = Answer(200, b"pong", "text/plain")
        except Refusal as refusal:
            answer = refused(refusal)
        return await self._send(call, Outcome(answer), None)

    async def exchange_token(self, request: Request) -> Response:
        """The token exchange: no key, no throttle, no correlation id; secrets stay out, also
        those that were put into the query by mistake.
        """
        call = arrived(request, self._book.next_call_number(), self._clock.now())
        call = replace(call, query="")
        body = await request.body()
        try:
            token = self._sign_in.exchange(request.headers.get("content-type", ""), body)
            answer = answer_of(200, token)
        except Refusal as refusal:
            answer = refused(refusal)
        self._note(call, Outcome(answer), replace(answer, body=b""), None)
        await self._book.commit()
        return delivered(answer, None).response

    def _admit(self, request: Request, call: Call, *, signed: bool) -> float:
        """Key, token, throttling; returns the seconds to wait above the soft limit."""
        api_key = self._sign_in.check_key(call.api_key)
        if signed:
            self._sign_in.check_token(request, api_key)
        return self.throttle.count(api_key)

    def _draw_fault(self, call: Call) -> Fault | None:
        if call.places_order:
            return self.faults.draw("order")
        return self.faults.draw("get") if call.is_read else None

    async def _answer(self, call: Call, operation: Operation, fault: Fault | None) -> Response:
        try:
            outcome = await self._without_executing(call, fault)
        except Refusal as refusal:
            outcome = Outcome(refused(refusal))
        if outcome:
            return await self._send(call, outcome, fault)
        return await self._execute(call, operation, fault)

    async def _without_executing(self, call: Call, fault: Fault | None) -> Outcome | None:
        """An answer that needs no execution; None when the service must act."""
        if fault in INSTEAD_OF_EXECUTING:
            return Outcome(INSTEAD_OF_EXECUTING[fault])
        _check_correlation_id(call.correlation_id)
        if self._remembers(call):
            if call.key in self._running:
                raise ServiceRefusal("4122")
            if self._book.was_answered(call.key):
                return Outcome(await self._book.stored_answer(call.key), replayed=True)
        if call.request_id and self._book.was_request_id_used(call.key.api_key, call.request_id):
            raise ServiceRefusal("4120")
        return None

    async def _execute(self, call: Call, operation: Operation, fault: Fault | None) -> Response:
        self._running.add(call.key)
        if call.request_id:
            self._book.use_request_id(call.key.api_key, call.request_id)
        try:
            if self.latency:
                await asyncio.sleep(self.latency)
            outcome = _carried_out(call, operation, fault)
            if self._remembers(call) and outcome.may_be_stored:
                self._book.store_answer(call.key, call.request_id, outcome.answer)
            return await self._send(call, outcome, fault)
        finally:
            self._running.discard(call.key)

    def _remembers(self, call: Call) -> bool:
        return self._replay_reads or not call.is_read

    async def _send(self, call: Call, outcome: Outcome, fault: Fault | None) -> Response:
        """Note the call, wait until all of it is on disk, and let the answer go."""
        sent = delivered(outcome.answer, fault)
        self._note(call, outcome, sent.answer, fault)
        await self._book.commit()
        return sent.response

    def _note(self, call: Call, outcome: Outcome, sent: Answer | None, fault: Fault | None) -> None:
        self._book.note_call(
            JournalEntry(
                number=call.number,
                server_time=call.server_time,
                api_key=call.api_key,
                method=call.method,
                path=call.path,
                query=call.query,
                correlation_id=call.correlation_id,
                request_id=call.request_id,
                request_body=call.body.decode("utf-8", "replace"),
                status=sent.status if sent else None,
                answer_body=sent.body if sent else None,
                executed=outcome.executed,
                replayed=outcome.replayed,
                fault=fault,
                order_id=outcome.answer.order_id if outcome.executed else None,
            )
        )


def _carried_out(call: Call, operation: Operation, fault: Fault | None) -> Outcome:
    """What came of a call; 1124 is the service's own answer, so it is stored like any other."""
    if fault is Fault.UNEXECUTED_500_1124:
        return Outcome(refused(ServiceRefusal("1124")))
    outcome = _executed(call, operation)
    if fault is Fault.EXECUTED_500_1124:
        made = outcome.answer.order_id
        return Outcome(replace(refused(ServiceRefusal("1124")), order_id=made), executed=True)
    return outcome


def _executed(call: Call, operation: Operation) -> Outcome:
    """What the service made of a call. What it changed before it broke down stays: in memory
    it is there, and the file must not say otherwise.
    """
    try:
        return Outcome(operation(call), executed=True)
    except Refusal as refusal:
        may_be_stored = not isinstance(refusal, ServiceRefusal) or refusal.code not in NOT_STORED
        return Outcome(refused(refusal), executed=True, may_be_stored=may_be_stored)
    except Exception:  # noqa: BLE001  # a fault of ours is an answer as well, and is stored
        traceback.print_exc()
        return Outcome(refused(ServiceRefusal("1124")), executed=True)


def _check_correlation_id(correlation_id: str | None) -> None:
    """4119: missing, blank, longer than 128 signs, or not printable (reference, C36)."""
    if (
        correlation_id is None
        or not correlation_id.strip()
        or len(correlation_id) > LONGEST_CORRELATION_ID
        or not (correlation_id.isascii() and correlation_id.isprintable())
    ):
        raise ServiceRefusal("4119")
