"""The pace in the ledger's database: one memory for all processes and machines."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from flows.ledger import Ledger, LedgerFault
from flows.ledger.pace import SharedPace
from flows.marketplace.pace import apart, lowered, next_calls
from tests.databases import KINDS, database


@pytest.fixture(params=KINDS)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    with database(request.param, tmp_path) as address:
        yield address


def test_moments_that_several_take_at_once_are_given_out_once(url: str) -> None:
    paces = [SharedPace(make_url(url)) for _ in range(4)]
    together = threading.Barrier(4)

    def take(pace: SharedPace) -> list[tuple[float, float]]:
        together.wait()
        found = []
        for _ in range(25):
            _, after, _ = pace.change("key", next_calls(20, 985))
            found.append((after.next_at - 20 * apart(after, 985), after.next_at))
        return found

    with ThreadPoolExecutor(4) as threads:
        blocks = sorted(block for found in threads.map(take, paces) for block in found)
    assert len(blocks) == 100
    for (_, ends), (begins, _) in pairwise(blocks):
        assert begins >= ends - 1e-6
    for pace in paces:
        pace.close()


def test_what_one_has_noticed_slows_all_of_its_key_and_no_other(url: str) -> None:
    one, other = SharedPace(make_url(url)), SharedPace(make_url(url))
    one.change("key", lowered(0.5))
    _, slow, _ = other.change("key", next_calls(1, 985))
    _, fast, _ = other.change("another key", next_calls(1, 985))
    assert (slow.share, fast.share) == (0.5, 1)
    one.close()
    other.close()


def test_nobody_waits_for_a_plan_that_is_being_written(tmp_path: Path) -> None:
    """A large workbook's plan holds the ledger for a while; the pace goes on."""
    ledger = Ledger.in_folder(tmp_path)
    with ledger.planning("default", "practice"):
        _, after, now = ledger.pace.change("key", next_calls(1, 985))
        assert after.next_at >= now
    ledger.close()


def test_a_server_that_is_gone_is_said_in_a_sentence() -> None:
    pace = SharedPace(make_url("postgresql://postgres@127.0.0.1:9/nowhere"))
    with pytest.raises(LedgerFault, match="cannot be"):
        pace.change("key", next_calls(1, 985))
