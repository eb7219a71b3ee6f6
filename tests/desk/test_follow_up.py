"""Following up at a desk: what the ledger knows comes into the workbooks, whatever was in the way.

The plain stages against a real embedded marketplace, the ledger in either database.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import openpyxl
import pytest
from pydantic import SecretStr

from flows.desk import Desk
from flows.follow_orders import told as sentences
from flows.follow_up import CannotResolve, FollowedUp, follow_up, resolve_placed
from flows.ledger import Ledger
from flows.ordering.follow import follow_once
from flows.ordering.states import final_statuses
from flows.reconciled import Reconciled
from flows.settings import Settings
from schemas.orders import Intent, IntentState, Order, OrderAnswer, OrderLine, Reply
from tests.command.test_submit import answers_in
from tests.connections import embedded
from tests.databases import KINDS, database
from tests.intents import order_answer

CUSTOMER, OFFER = "T000001", "65310542CA04A12"
TITLES = ("externalReferenceId", "customerId", "orderType", "offerId", "quantity", "currencyCode")
FINISHED_AFTER = 0.3


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """A marketplace with a customer so large that no order changes its price level."""
    licences = [{"product": OFFER[:10], "quantity": 9000, "currencyCode": "USD"}]
    customer = {"customerId": CUSTOMER, "cotermDate": "2027-06-30", "licences": licences}
    with embedded("--finish-after", str(FINISHED_AFTER), "--no-throttle") as url:
        httpx.post(f"{url}/control/seed-customer", json=customer).raise_for_status()
        yield url


@dataclass(frozen=True)
class Office:
    """A folder to work in; references are its own, so that tests may share a marketplace."""

    server: str
    folder: Path
    ledger_url: str | None

    def settings(self, state: str = "state") -> Settings:
        return Settings(
            environment="sandbox",
            marketplace_url=self.server,
            client_id="practice",
            client_secret=SecretStr("practice-secret"),
            state_dir=self.folder / state,
            ledger_url=self.ledger_url,
            output=self.folder / "output" / state,
            patience=0.001,
            approve_above={},
        )

    @asynccontextmanager
    async def desk(self, state: str = "state") -> AsyncIterator[Desk]:
        async with Desk(self.settings(state)) as desk:
            yield desk

    def sheet(self, name: str, *references: str) -> Path:
        book = openpyxl.Workbook()
        page = book.active
        assert page is not None
        page.append(TITLES)
        for reference in references:
            page.append((self.full(reference), CUSTOMER, "NEW", OFFER, 1, "USD"))
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        book.save(path)
        return path

    def full(self, reference: str) -> str:
        return f"{self.folder.name[-20:]}-{reference}"

    async def submit(
        self,
        path: Path,
        state: str = "state",
        out: Path | None = None,
        before: Callable[[Desk], None] = lambda _: None,
    ) -> Reconciled:
        async with self.desk(state) as desk:
            before(desk)
            planned = desk.read_and_plan(path, out)
            await desk.place(planned.intent_ids, len(planned.intent_ids))
            return desk.reconcile(planned.submission_id, out)

    async def follow_up(self, state: str = "state") -> FollowedUp:
        async with self.desk(state) as desk:
            return await follow_up(desk)


@pytest.fixture(params=KINDS)
def office(request: pytest.FixtureRequest, server: str, tmp_path: Path) -> Iterator[Office]:
    with database(request.param, tmp_path) as url:
        yield Office(server, tmp_path, url)


def told(output: str | Path) -> dict[str, dict[str, Any]]:
    """What stands beside the order of each reference (its last word)."""
    rows = answers_in(Path(output)).values()
    return {row["externalReferenceId"].rpartition("-")[2]: row for row in rows}


def results(output: str | Path) -> dict[str, str]:
    return {reference: row["Result"] for reference, row in told(output).items()}


def moved(output: str, folder: Path, *, copy: bool = False) -> Path:
    """A workbook in another folder, under its own name."""
    folder.mkdir()
    place = folder / Path(output).name
    return Path(shutil.copy(output, place) if copy else shutil.move(output, place))


def unfinished(ledger: Ledger) -> tuple[Intent, ...]:
    return ledger.unfinished("default", "sandbox", final_statuses())


async def finished() -> None:
    """Until the marketplace has finished what was ordered."""
    await asyncio.sleep(FINISHED_AFTER * 2)


async def test_what_a_killed_follow_has_learned_is_written_by_the_next(office: Office) -> None:
    """Killed between the look and the writing: the ledger knows, and the workbook must say."""
    ran = await office.submit(office.sheet("a.xlsx", "A"))
    await finished()
    async with office.desk() as desk:
        await follow_once(desk.hands, unfinished(desk.ledger))
        assert unfinished(desk.ledger) == ()
    assert results(ran.output) == {"A": "Accepted, not finished yet"}
    followed = await office.follow_up()
    assert (followed.looked_at, followed.changed, followed.newly_done) == (0, 1, 1)
    assert followed.workbooks == (ran.output,)
    assert results(ran.output) == {"A": "Ordered"}
    again = await office.follow_up()
    assert (again.looked_at, again.changed, again.workbooks) == (0, 0, ())
    assert again.newly_done == 0


async def test_what_found_no_room_on_the_disk_is_written_by_the_next_follow(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = await office.submit(office.sheet("a.xlsx", "A"))
    await finished()

    def full(*_: object) -> Path:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", full)
        followed = await office.follow_up()
    assert (followed.changed, followed.workbooks, followed.exit_code) == (1, (), 3)
    assert "No space left on device" in followed.not_written[0]
    assert results(ran.output) == {"A": "Accepted, not finished yet"}
    followed = await office.follow_up()
    assert (followed.looked_at, followed.workbooks, followed.exit_code) == (0, (ran.output,), 0)
    assert results(ran.output) == {"A": "Ordered"}


async def test_a_workbook_whose_run_was_killed_before_writing_waits_for_its_next_drop(
    office: Office,
) -> None:
    path = office.sheet("a.xlsx", "A")
    async with office.desk() as desk:
        planned = desk.read_and_plan(path)
        await desk.place(planned.intent_ids, 1)
    await finished()
    assert (await office.follow_up()).workbooks == ()
    assert results((await office.submit(path)).output) == {"A": "Ordered"}


async def test_of_a_workbook_dropped_twice_only_the_newest_run_is_written_again(
    office: Office,
) -> None:
    """Mended and dropped again: the rows of the first drop must not come back."""
    await office.submit(office.sheet("a.xlsx", "A", "B"))
    ran = await office.submit(office.sheet("a.xlsx", "A", "C"))
    await finished()
    followed = await office.follow_up()
    assert followed.workbooks == (ran.output,)
    assert results(ran.output) == {"A": "Ordered before, not sent", "C": "Ordered"}
    assert (await office.follow_up()).changed == 0


async def test_an_order_that_only_a_person_can_settle_now_says_so(office: Office) -> None:
    """Two orders could be it: the look made it stuck, and the advice must change.

    The workbook was last written by a computer whose clock is ahead: what this look itself has
    changed does not go by clocks.
    """

    def faulty(desk: Desk) -> None:
        async def place(_intent: Intent, request_id: str, _: Callable[[], bool]) -> Reply:
            return Reply(request_id, 500, code="1124", spoken_by_service=True)

        desk.marketplace.place = place  # type: ignore[method-assign]

    ran = await office.submit(office.sheet("a.xlsx", "A"), before=faulty)
    assert "in half an hour" in told(ran.output)["A"]["What to do"]
    order = Order(office.full("A"), CUSTOMER, "NEW", "", (OrderLine(2, 1, OFFER, 1, "USD"),))
    async with office.desk() as desk:

        async def history(*_: object) -> list[OrderAnswer]:
            return [order_answer("1", order=order), order_answer("2", order=order)]

        desk.marketplace.history = history  # type: ignore[method-assign]
        (run,) = desk.ledger.submissions_with([unfinished(desk.ledger)[0].intent_id])
        ahead = datetime.now(UTC) + timedelta(hours=1)
        desk.ledger.finish(run.submission_id, run.output, run.output_hash, ahead)
        followed = await follow_up(desk)
    assert (followed.changed, followed.in_doubt, followed.exit_code) == (1, 1, 5)
    row = told(ran.output)["A"]
    assert row["What to do"].startswith("Do not order it again. Ask whoever looks after Orderdrop")
    assert row["What happened"].endswith("more than one order that could be it: 1, 2.")


async def test_a_workbook_that_is_kept_elsewhere_is_left_to_that_computer(office: Office) -> None:
    """Two computers with state folders of their own and one ledger."""
    theirs = await office.submit(office.sheet("theirs.xlsx", "A"), "other")
    ours = await office.submit(office.sheet("ours.xlsx", "B"))
    await finished()
    followed = await office.follow_up()
    assert (followed.workbooks, followed.not_written) == ((ours.output,), ())
    (sentence,) = followed.elsewhere
    assert sentence == (
        "theirs.xlsx was dropped on another computer (or with another state folder), which keeps "
        "it: the next `orderdrop follow` there writes its answers again."
    )
    assert (followed.changed, followed.exit_code) == (2, 0)
    assert sentence in sentences(followed)
    assert results(ours.output) == {"B": "Ordered"}
    assert results(theirs.output) == {"A": "Accepted, not finished yet"}
    again = await office.follow_up()
    assert (again.changed, again.elsewhere) == (0, ())
    there = await office.follow_up("other")
    assert (there.looked_at, there.workbooks) == (0, (theirs.output,))
    assert results(theirs.output) == {"A": "Ordered"}


async def test_a_kept_workbook_that_cannot_be_read_fails_no_other(office: Office) -> None:
    broken = await office.submit(office.sheet("broken.xlsx", "A"))
    good = await office.submit(office.sheet("good.xlsx", "B"))
    await finished()
    kept = office.folder / "state" / "workbooks"
    place = kept / sha256((office.folder / "broken.xlsx").read_bytes()).hexdigest()
    place.unlink()
    place.mkdir()
    followed = await office.follow_up()
    assert (followed.workbooks, followed.exit_code) == ((good.output,), 3)
    assert followed.not_written == ("A kept workbook cannot be read (Is a directory).",)
    assert results(broken.output) == {"A": "Accepted, not finished yet"}


async def in_doubt_beside_its_twin(office: Office) -> tuple[Intent, Intent]:
    """An order that was placed, and the same order once more, sent and in doubt."""
    await office.submit(office.sheet("a.xlsx", "A"))
    async with office.desk() as desk:
        (placed,) = desk.ledger.find("default", "sandbox")
        twin = replace(
            placed,
            intent_id=str(uuid4()),
            correlation_id=str(uuid4()),
            state=IntentState.WRITTEN,
            order_id="",
            sends=0,
        )
        (run,) = desk.ledger.submissions_with([placed.intent_id])
        (entry,) = desk.ledger.entries(run.submission_id)
        again = replace(run, submission_id=str(uuid4()), output="", output_hash="")
        with desk.ledger.planning("default", "sandbox") as planning:
            planning.write(again, [], [twin], [replace(entry, intent_id=twin.intent_id)])
        now = datetime.now(UTC)
        assert await desk.ledger.begin_send(twin.intent_id, "r-1", now, timedelta(seconds=-1))
        assert await desk.ledger.doubt(twin.intent_id, "fault of the service", now)
        return placed, desk.ledger.intents([twin.intent_id])[twin.intent_id]


async def test_an_order_that_is_anothers_is_not_bound_and_changes_nothing(office: Office) -> None:
    """A wrong order id must not end the following of the order that is in doubt."""
    placed, twin = await in_doubt_beside_its_twin(office)
    async with office.desk() as desk:
        history = desk.ledger.history(twin.intent_id)
        with pytest.raises(CannotResolve) as caught:
            await resolve_placed(desk, twin, placed.order_id)
        assert str(caught.value) == (
            f"Order {placed.order_id} belongs to another order of the ledger already. Nothing was "
            "changed."
        )
        assert desk.ledger.intents([twin.intent_id])[twin.intent_id] == twin
        assert desk.ledger.history(twin.intent_id) == history


async def test_what_somebody_else_has_settled_meanwhile_is_not_claimed(office: Office) -> None:
    placed, twin = await in_doubt_beside_its_twin(office)
    async with office.desk() as desk:
        order = await desk.marketplace.order(CUSTOMER, placed.order_id)

        async def read(_: str, order_id: str) -> OrderAnswer:
            found = order.model_copy(update={"order_id": "P-FOLLOW"})
            await desk.ledger.bind(twin.intent_id, found, datetime.now(UTC))
            return order.model_copy(update={"order_id": order_id})

        desk.marketplace.order = read  # type: ignore[method-assign]
        with pytest.raises(
            CannotResolve,
            match=r"was settled meanwhile: it is order P-FOLLOW. Nothing was changed.",
        ):
            await resolve_placed(desk, twin, "P-HAND")
        now = desk.ledger.intents([twin.intent_id])[twin.intent_id]
        assert (now.state, now.order_id) == (IntentState.ACCEPTED, "P-FOLLOW")


async def test_two_workbooks_of_one_name_have_their_answers_side_by_side(office: Office) -> None:
    nov = await office.submit(office.sheet("nov/orders.xlsx", "N"))
    dec = await office.submit(office.sheet("dec/orders.xlsx", "D"))
    names = [Path(ran.output).name for ran in (nov, dec)]
    assert names == ["orders.reconciled.xlsx", "orders.reconciled (2).xlsx"]
    await finished()
    followed = await office.follow_up()
    assert followed.workbooks == (nov.output, dec.output)
    assert (results(nov.output), results(dec.output)) == ({"N": "Ordered"}, {"D": "Ordered"})
    # Mended, or with its answers: each comes back to its own place.
    mended = await office.submit(office.sheet("dec/orders.xlsx", "D", "E"))
    assert mended.output == dec.output
    dropped = moved(dec.output, office.folder / "inbox", copy=True)
    assert (await office.submit(dropped)).output == dec.output
    assert set(results(dec.output)) == {"D", "E"}
    assert results(nov.output) == {"N": "Ordered"}


async def test_answers_that_were_moved_away_are_still_followed(office: Office) -> None:
    """The next month's take the name that is free again; the first are told beside them."""
    nov = await office.submit(office.sheet("nov/orders.xlsx", "N"))
    moved(nov.output, office.folder / "taken home")
    dec = await office.submit(office.sheet("dec/orders.xlsx", "D"))
    assert dec.output == nov.output
    await finished()
    followed = await office.follow_up()
    beside = Path(nov.output).with_name("orders.reconciled (2).xlsx")
    assert followed.workbooks == (str(beside), dec.output)
    assert (results(beside), results(dec.output)) == ({"N": "Ordered"}, {"D": "Ordered"})


async def test_answers_asked_for_under_another_sheets_name_leave_that_one_alone(
    office: Office,
) -> None:
    """The same orders under another name are another workbook; the same bytes again are not."""
    out = office.folder / "answers.xlsx"
    path = office.sheet("may.xlsx", "A")
    first = await office.submit(path, out=out)
    assert (await office.submit(path, out=out)).output == first.output == str(out)
    other = await office.submit(office.sheet("june.xlsx", "A", "B"), out=out)
    assert Path(other.output).name == "answers (2).xlsx"
