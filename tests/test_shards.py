"""Orders shared out to workers who do not keep their word: each is placed once, whoever does it.

The ledger and the marketplace are real; of Prefect there is only what `Workers` asks of it, played
by workers of this process that begin, die, fall silent and come back when the test says so.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from pydantic import SecretStr

from flows import place_orders, shards
from flows.desk import Desk
from flows.place_orders import NoSuchSubmission, is_awaited, its_orders
from flows.settings import Settings
from flows.shards import Here, RunSeen, Shard, place_shared
from tests.bench.books import customers_of, make_book
from tests.bench.market import KEY, SECRET, Market, market, seeded_book

ORDERS = 40
SHARDS = 4


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Market]:
    folder = tmp_path_factory.mktemp("market")
    seeded = seeded_book(folder / "book.sqlite", customers_of(ORDERS))
    with market(seeded, folder / "market", 0) as opened:
        yield opened


@pytest.fixture
def settings(server: Market, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setattr(shards, "BEGIN_SECONDS", 0.2)
    monkeypatch.setattr(shards, "SILENCE_SECONDS", 0.2)
    monkeypatch.setattr(shards, "_LOOK_SECONDS", 0.02)
    monkeypatch.setattr(shards, "_END_SECONDS", 0.5)
    return Settings(
        environment="sandbox",
        marketplace_url=server.url,
        client_id=KEY,
        client_secret=SecretStr(SECRET),
        state_dir=tmp_path / "state",
        output=tmp_path / "output",
        patience=0.001,
        read_seconds=0.5,
        approve_above={},
        work_pool="orderdrop",
        shard_orders=ORDERS // SHARDS,
    )


Course = Callable[["Played", Shard, UUID], Awaitable[None]]
"""What becomes of one run."""


class Played:
    """Workers of this process. `course` plays each run that is begun."""

    def __init__(self, settings: Settings, course: Course, *, are_there: bool = True) -> None:
        self.settings = settings
        self.runs: dict[UUID, RunSeen] = {}
        self.given_up: dict[UUID, str] = {}
        self.stopped: list[UUID] = []
        self.begun: list[Shard] = []
        self._course = course
        self._has_given_up = asyncio.Event()
        self._are_there = are_there
        self._tasks: list[asyncio.Task[None]] = []

    async def ready(self) -> bool:
        return self._are_there

    async def begin(self, shard: Shard) -> UUID | None:
        run = uuid4()
        self.begun.append(shard)
        self.runs[run] = RunSeen(has_begun=False, has_ended=False, is_completed=False, calls=None)
        self._tasks.append(asyncio.create_task(self._play(shard, run)))
        return run

    async def _play(self, shard: Shard, run: UUID) -> None:
        await self._course(self, shard, run)

    async def look(self, runs: Collection[UUID]) -> Mapping[UUID, RunSeen]:
        return {run: self.runs[run] for run in runs}

    async def give_up(self, run: UUID, why: str) -> None:
        self.given_up[run] = why
        self._has_given_up.set()

    async def stop(self, run: UUID) -> None:
        self.stopped.append(run)

    async def given_up_on(self, run: UUID) -> None:
        """Until nobody waits for the run any more."""
        while run not in self.given_up:
            self._has_given_up.clear()
            await self._has_given_up.wait()

    async def all_ended(self) -> None:
        await asyncio.gather(*self._tasks)

    async def place(self, shard: Shard, most: int | None = None) -> int:
        """Place a shard's orders as a worker does, the first `most` of them; the calls made."""
        async with Desk(self.settings) as desk:
            found = its_orders(desk.ledger, shard.submission_id, shard.number, shard.of)
            await desk.place(found[:most], len(found))
            return desk.calls


class NoneBegins(Played):
    """Prefect takes no runs."""

    async def begin(self, shard: Shard) -> UUID | None:
        self.begun.append(shard)
        return None


async def works(workers: Played, shard: Shard, run: UUID) -> None:
    calls = await workers.place(shard)
    workers.runs[run] = RunSeen(has_begun=True, has_ended=True, is_completed=True, calls=calls)


async def is_never_begun(_workers: Played, _shard: Shard, _run: UUID) -> None:
    """Nobody takes the run: it stays as it is."""


async def dies_after_three(workers: Played, shard: Shard, run: UUID) -> None:
    await workers.place(shard, most=3)
    workers.runs[run] = RunSeen(has_begun=True, has_ended=True, is_completed=False, calls=None)


async def is_cut_off_for_a_while(workers: Played, shard: Shard, run: UUID) -> None:
    """Nothing is heard of it for so long that its orders are placed by others at the same time."""
    await workers.place(shard, most=3)
    await workers.given_up_on(run)
    await works(workers, shard, run)


class Ran:
    """One workbook, run with workers of a kind."""

    def __init__(self, settings: Settings, server: Market, folder: Path) -> None:
        self.server = server
        self.settings = settings
        self.here: list[str] = []
        self.elsewhere = 0
        self.calls = 0
        self._name = folder.name[-20:]
        self._calls_before = server.pace().calls
        self.workbook = make_book(folder / "large.xlsx", ORDERS, name=self._name)

    async def go(self, workers: Played) -> None:
        async with Desk(self.settings) as desk:
            planned = desk.read_and_plan(self.workbook)

            async def place(intent_ids: Sequence[str]) -> None:
                self.here += intent_ids
                await desk.place(intent_ids, ORDERS)

            async def went_on(count: int) -> None:
                self.elsewhere += count

            here = Here(place, went_on)
            await place_shared(desk, planned.submission_id, planned.intent_ids, here, workers)
            self.calls = desk.calls
            await workers.all_ended()
            self.states = Counter(i.state for i in desk.ledger.intents(planned.intent_ids).values())

    @property
    def calls_counted(self) -> int:
        """Those that the marketplace has counted."""
        return self.server.pace().calls - self._calls_before

    def check(self) -> None:
        """Every order of the workbook is placed exactly once, in the book and in the ledger."""
        ours = f"{self._name}-"
        placed = [known for _, known, _ in self.server.placed() if known.startswith(ours)]
        assert sorted(placed) == [f"{ours}{number:06d}" for number in range(ORDERS)]
        assert self.states == {"accepted": ORDERS}


@pytest.fixture
def ran(settings: Settings, server: Market, tmp_path: Path) -> Ran:
    return Ran(settings, server, tmp_path)


async def test_workers_place_all_of_it(ran: Ran, settings: Settings) -> None:
    workers = Played(settings, works)
    await ran.go(workers)
    ran.check()
    assert {(shard.number, shard.of) for shard in workers.begun} <= {
        (number, SHARDS) for number in range(1, SHARDS + 1)
    }
    assert (ran.here, ran.elsewhere, workers.given_up) == ([], ORDERS, {})
    # Whoever signs in pings once: this process and each worker.
    assert ran.calls == ORDERS + 1 + len(workers.begun) == ran.calls_counted


@pytest.mark.parametrize(
    "change",
    [{"work_pool": None}, {"shard_orders": ORDERS}],
    ids=["no pool is set", "it is not large"],
)
async def test_it_is_not_shared_out(
    ran: Ran, settings: Settings, change: dict[str, object]
) -> None:
    ran.settings = settings.model_copy(update=change)
    workers = Played(ran.settings, works)
    await ran.go(workers)
    ran.check()
    assert (len(ran.here), workers.begun) == (ORDERS, [])


async def test_in_practice_every_machine_has_a_marketplace_of_its_own(settings: Settings) -> None:
    practice = settings.model_copy(update={"environment": "practice", "marketplace_url": None})
    workers = Played(practice, works)
    placed: list[str] = []

    async def place(intent_ids: Sequence[str]) -> None:
        placed.extend(intent_ids)

    async def went_on(_: int) -> None:
        """Nobody watches."""

    many = [str(uuid4()) for _ in range(ORDERS)]
    await place_shared(Desk(practice), str(uuid4()), many, Here(place, went_on), workers)
    assert (placed, workers.begun) == (many, [])


async def test_nobody_is_there_to_work(ran: Ran, settings: Settings) -> None:
    workers = Played(settings, works, are_there=False)
    await ran.go(workers)
    ran.check()
    assert (len(ran.here), workers.begun) == (ORDERS, [])


async def test_prefect_takes_no_runs(ran: Ran, settings: Settings) -> None:
    await ran.go(NoneBegins(settings, works))
    ran.check()
    assert len(ran.here) == ORDERS


async def test_no_worker_takes_the_runs_up(ran: Ran, settings: Settings) -> None:
    workers = Played(settings, is_never_begun)
    await ran.go(workers)
    ran.check()
    assert len(ran.here) == ORDERS
    assert workers.given_up.keys() == workers.runs.keys(), "else they would begin some day"


async def test_workers_die_in_the_middle(ran: Ran, settings: Settings) -> None:
    workers = Played(settings, dies_after_three)
    await ran.go(workers)
    ran.check()
    assert ran.elsewhere == 3 * len(workers.begun)
    assert len(ran.here) == ORDERS - ran.elsewhere
    assert ran.calls == ORDERS + 1, "what the dead have sent is counted, their pings are not known"


async def test_workers_that_were_cut_off_come_back_while_others_are_at_it(
    ran: Ran, settings: Settings
) -> None:
    workers = Played(settings, is_cut_off_for_a_while)
    await ran.go(workers)
    ran.check()
    assert all("None of its orders has moved" in why for why in workers.given_up.values())


async def test_parts_that_wait_for_others_are_not_given_up(ran: Ran, settings: Settings) -> None:
    """One worker, one part at a time: the last one begins long after the first."""
    one_at_a_time = asyncio.Lock()

    async def waits_its_turn(workers: Played, shard: Shard, run: UUID) -> None:
        async with one_at_a_time:
            await workers.place(shard, most=3)
            await asyncio.sleep(1)
            await works(workers, shard, run)

    workers = Played(settings, waits_its_turn)
    await ran.go(workers)
    ran.check()
    assert len(workers.begun) >= 3, "else nobody has waited for long"
    assert (ran.here, ran.elsewhere, workers.given_up) == ([], ORDERS, {})


async def test_the_others_are_watched_while_a_part_is_placed_here(
    ran: Ran, settings: Settings
) -> None:
    """What was taken back is under way here until the workers have placed all the rest."""
    all_else, shared_out = asyncio.Event(), asyncio.Event()

    async def one_dies(workers: Played, shard: Shard, run: UUID) -> None:
        if shard == workers.begun[0]:
            await dies_after_three(workers, shard, run)
        else:
            await shared_out.wait()
            await works(workers, shard, run)

    workers = Played(settings, one_dies)
    async with Desk(settings) as desk, asyncio.timeout(60):
        planned = desk.read_and_plan(ran.workbook)
        elsewhere, here = 0, 0

        async def place(intent_ids: Sequence[str]) -> None:
            nonlocal here
            here += len(intent_ids)
            shared_out.set()
            await all_else.wait()
            await desk.place(intent_ids, ORDERS)

        async def went_on(count: int) -> None:
            nonlocal elsewhere
            elsewhere += count
            if here and elsewhere + here == ORDERS:
                all_else.set()

        doing = Here(place, went_on)
        await place_shared(desk, planned.submission_id, planned.intent_ids, doing, workers)
        states = Counter(i.state for i in desk.ledger.intents(planned.intent_ids).values())
    assert states == {"accepted": ORDERS}
    assert here > 0


async def test_a_part_that_begins_too_late_is_not_awaited(
    ran: Ran, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Desk(settings) as desk:
        planned = desk.read_and_plan(ran.workbook)
        assert is_awaited(desk.ledger, planned.submission_id)
        with monkeypatch.context() as patch:
            patch.setattr(place_orders, "_AWAITED_FOR", timedelta(0))
            assert not is_awaited(desk.ledger, planned.submission_id)
        desk.reconcile(planned.submission_id, None)
        assert not is_awaited(desk.ledger, planned.submission_id)


async def test_a_run_that_must_stop_stops_its_workers(ran: Ran, settings: Settings) -> None:
    """The first shard's run ends with orders left; placing them here, the key is refused."""
    workers = Played(settings, is_never_begun)
    async with Desk(settings) as desk:
        planned = desk.read_and_plan(ran.workbook)

        async def place(_: Sequence[str]) -> None:
            desk.stopped = "The marketplace refuses our key."

        async def went_on(_: int) -> None:
            """Nobody watches."""

        here = Here(place, went_on)
        await place_shared(desk, planned.submission_id, planned.intent_ids, here, workers)
        states = Counter(i.state for i in desk.ledger.intents(planned.intent_ids).values())
    assert states == {"written": ORDERS}
    assert {*workers.given_up, *workers.stopped} == workers.runs.keys()


async def test_a_run_that_is_stopped_stops_its_workers(ran: Ran, settings: Settings) -> None:
    workers = Played(settings, is_never_begun)
    running = asyncio.create_task(ran.go(workers))
    async with asyncio.timeout(30):
        while len(workers.begun) < SHARDS:  # noqa: ASYNC110  # there is no event of it
            await asyncio.sleep(0.01)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert set(workers.stopped) == workers.runs.keys()


async def test_a_worker_with_another_ledger_says_so(settings: Settings, tmp_path: Path) -> None:
    other = settings.model_copy(update={"state_dir": tmp_path / "other"})
    async with Desk(other) as desk:
        with pytest.raises(NoSuchSubmission, match="the same ORDERDROP_LEDGER_URL"):
            its_orders(desk.ledger, str(uuid4()), 1, 2)


async def test_what_a_run_could_not_settle_is_left_to_following(
    ran: Ran, settings: Settings, server: Market
) -> None:
    """A run that went to its end has tried all that the protocol allows it."""

    async def leaves_one_in_doubt(workers: Played, shard: Shard, run: UUID) -> None:
        async with Desk(settings) as desk:
            found = its_orders(desk.ledger, shard.submission_id, shard.number, shard.of)
            first = desk.ledger.intents(found[:1])[found[0]]
            at = first.written_at
            assert await desk.ledger.begin_send(found[0], str(uuid4()), at, desk.hands.lease)
            assert await desk.ledger.doubt(found[0], "no answer came", at)
            await desk.place(found[1:], len(found))
        workers.runs[run] = replace(workers.runs[run], has_ended=True, is_completed=True)

    workers = Played(settings, leaves_one_in_doubt)
    await ran.go(workers)
    assert ran.states == {"accepted": ORDERS - len(workers.begun), "looking": len(workers.begun)}
    assert ran.here == []
