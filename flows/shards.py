"""A large workbook's orders, placed by workers: shared out, watched in the ledger, taken back.

Each shard (the orders of some of the customers) is a flow run of its own, on whatever machine has
a worker. Whoever runs the workbook waits for them and places itself what a worker leaves: its run
has ended, was never begun, or has not moved for longer than a lease. A run that is not begun waits
its turn as long as any other moves. Nobody need know whether a worker is dead or only cut off:
leases keep two hands from sending one order at a time, and the ledger keeps them from placing it
twice.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Final, Protocol
from uuid import UUID

from flows.desk import Desk
from flows.ledger.shards import Placing, Unplaced
from flows.ordering.sharding import shard_of, shards_for
from schemas.orders import IntentState

BEGIN_SECONDS: Final = 90.0
"""How long a run may take to begin, beyond a lease, while none of the others moves: its worker may
be slow to start it, or busy with something else.
"""

SILENCE_SECONDS: Final = 15.0
"""How long a run that has begun may be silent, beyond a lease."""

_LOOK_SECONDS: Final = 1.0
"""Seconds between two looks at the ledger and at the runs."""

_END_SECONDS: Final = 10.0
"""How long a run without orders left may take to end and to tell its figures."""


@dataclass(frozen=True, slots=True)
class Shard:
    """The orders of a submission that one worker's run places: part `number` of `of`."""

    submission_id: str
    number: int
    of: int


@dataclass(frozen=True, slots=True)
class RunSeen:
    """How a worker's run stands; `calls` once it has told them."""

    has_begun: bool
    has_ended: bool
    is_completed: bool
    calls: int | None


class Workers(Protocol):
    """What starts runs on other machines. None of it raises: who cannot be asked does not work."""

    async def ready(self) -> bool:
        """Whether anybody is there to begin runs."""

    async def begin(self, shard: Shard) -> UUID | None:
        """Have a run begun; None when that is not possible."""

    async def look(self, runs: Collection[UUID]) -> Mapping[UUID, RunSeen]:
        """The runs as they stand, as far as they can be asked."""

    async def give_up(self, run: UUID, why: str) -> None:
        """Nobody waits for this run any more; one that has not begun is not to begin."""

    async def stop(self, run: UUID) -> None:
        """No more orders are to be placed by this run."""


@dataclass(frozen=True, slots=True)
class Here:
    """What this process does itself: `place` these intents; `went_on` is told how many have ended
    elsewhere.
    """

    place: Callable[[Sequence[str]], Awaitable[None]]
    went_on: Callable[[int], Awaitable[None]]


async def place_shared(
    desk: Desk, submission_id: str, intent_ids: Sequence[str], here: Here, workers: Workers
) -> None:
    """Bring the intents as far as they get: by workers where they are many, else here.

    Raises what placing here raises, and LedgerFault.
    """
    if not _is_to_be_shared(desk, len(intent_ids)) or not await workers.ready():
        await here.place(intent_ids)
        return
    await _SharedOut(desk, submission_id, intent_ids, here, workers).run()


def _is_to_be_shared(desk: Desk, orders: int) -> bool:
    """In practice never: every machine has an embedded marketplace of its own."""
    is_practice = desk.environment == "practice"
    settings = desk.settings
    return settings.work_pool is not None and orders > settings.shard_orders and not is_practice


@dataclass(slots=True)
class _Watched:
    """A shard under way. `left` are its intents that are not at their end, `moved_at` when it last
    moved, by this process's clock.
    """

    shard: Shard
    run: UUID | None
    left: list[Unplaced]
    intent_ids: tuple[str, ...]
    sends_before: int
    moved_at: float
    has_begun: bool = False

    def note(self, left: list[Unplaced], run: RunSeen | None, now: float) -> bool:
        """How it stands now, and whether it has moved; `run` is None while it cannot be asked."""
        begins = run is not None and run.has_begun and not self.has_begun
        if left == self.left and not begins:
            return False
        self.left, self.moved_at, self.has_begun = left, now, True
        return True


class _SharedOut:
    """The shards of one submission, until each is placed by a worker or here."""

    def __init__(
        self,
        desk: Desk,
        submission_id: str,
        intent_ids: Sequence[str],
        here: Here,
        workers: Workers,
    ) -> None:
        self._desk = desk
        self._placing: Placing = desk.ledger.placing(submission_id)
        self._submission_id = submission_id
        self._wanted = frozenset(intent_ids)
        self._of = shards_for(len(intent_ids), desk.settings.shard_orders)
        self._here = here
        self._workers = workers
        self._waiting: frozenset[str] = frozenset()
        """Intents of the submission whose turn has not come yet."""
        self._shards: list[_Watched] = []
        self._moved_at = monotonic()
        """When any of them last moved."""
        self._taken_back: list[list[str]] = []
        self._at_work: asyncio.Future[None] | None = None
        """What is placed here, beside the looks: one part after the other."""
        self._lease = desk.hands.lease.total_seconds()

    async def run(self) -> None:
        """Share out, watch, take back; ends when no shard is left or this run must stop."""
        try:
            await self._begin()
            while not self._desk.stopped and (self._shards or self._taken_back or self._at_work):
                if self._shards:
                    await self._look()
                await self._place_or_wait()
            if self._at_work is not None:
                await self._at_work  # what is under way is still answered
        finally:
            if self._at_work is not None:
                self._at_work.cancel()
                await asyncio.wait([self._at_work])
            # Whoever stops this run, or has refused its key, wants no more orders of it.
            for one in self._shards:
                if one.run is not None:
                    await self._workers.stop(one.run)

    async def _begin(self) -> None:
        unplaced = await asyncio.to_thread(self._placing.unplaced)
        self._waiting = frozenset(i.intent_id for i in unplaced) - self._wanted
        for number, left in sorted(self._by_shard(unplaced).items()):
            ids = tuple(one.intent_id for one in left)
            shard = Shard(self._submission_id, number, self._of)
            watched = _Watched(shard, None, left, ids, sum(i.sends for i in left), monotonic())
            self._shards.append(watched)
            watched.run = await self._workers.begin(shard)
            watched.moved_at = monotonic()

    def _by_shard(self, unplaced: Sequence[Unplaced]) -> dict[int, list[Unplaced]]:
        found: dict[int, list[Unplaced]] = defaultdict(list)
        for one in unplaced:
            # An intent that took another's place has a new id, and still is of its shard.
            if one.intent_id not in self._waiting:
                found[shard_of(one.customer_id, self._of)].append(one)
        return found

    async def _look(self) -> None:
        runs = [one.run for one in self._shards if one.run is not None]
        # The runs first: what one of them did before it ended then stands in the ledger.
        seen = await self._workers.look(runs)
        by_shard = self._by_shard(await asyncio.to_thread(self._placing.unplaced))
        now = monotonic()
        for one in tuple(self._shards):
            ended = len(one.left)
            run = seen.get(one.run) if one.run is not None else None
            if one.note(by_shard.get(one.shard.number, []), run, now):
                self._moved_at = now
            if ended > len(one.left):
                await self._here.went_on(ended - len(one.left))
            await self._judge(one, run, now)

    async def _judge(self, one: _Watched, run: RunSeen | None, now: float) -> None:
        """Whether a worker still is at it; if not, what it has left is placed here."""
        if one.has_begun:
            silent, patience = now - one.moved_at, self._lease + SILENCE_SECONDS
        else:
            silent, patience = now - max(one.moved_at, self._moved_at), self._lease + BEGIN_SECONDS
        if run is not None and run.has_ended:
            # What a run that went to its end could not settle is followed up, not sent again.
            unsent = [i for i in one.left if i.state is IntentState.WRITTEN]
            await self._end(one, run, unsent if run.is_completed else one.left)
        elif one.run is None or (one.left and silent > patience):
            why = f"None of its orders has moved for {silent:.0f} s; they are placed elsewhere."
            await self._end(one, run, one.left, why)
        elif not one.left and silent > _END_SECONDS:
            await self._end(one, run, [], "Its orders are placed, and it does not end.")

    async def _end(
        self, one: _Watched, run: RunSeen | None, left: Sequence[Unplaced], why: str = ""
    ) -> None:
        self._shards.remove(one)
        if one.run is not None and why:
            await self._workers.give_up(one.run, why)
        sends = await asyncio.to_thread(self._placing.sends_of, one.intent_ids)
        # A worker that is gone has told no figures: what it sent, the ledger knows.
        told = run.calls if run is not None and run.calls is not None else 0
        self._desk.calls_elsewhere += max(told, sends - one.sends_before)
        if left:
            self._taken_back.append([intent.intent_id for intent in left])

    async def _place_or_wait(self) -> None:
        """Go on with what was taken back until the next look. Raises what placing here raises."""
        if self._at_work is None and self._taken_back:
            self._at_work = asyncio.ensure_future(self._here.place(self._taken_back.pop(0)))
        if self._at_work is not None:
            await asyncio.wait([self._at_work], timeout=_LOOK_SECONDS)
            if self._at_work.done():
                ended, self._at_work = self._at_work, None
                ended.result()
        elif self._shards:
            await asyncio.sleep(_LOOK_SECONDS)
