"""Whether anybody watches, told by a small file."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from flows.inbox.heartbeat import STALE_AFTER, Heartbeat, beat, end, is_stale, read_heartbeat

NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
BEAT = Heartbeat(pid=12, inbox="/srv/inbox", at=NOW, waiting=3, running=1)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    beat(tmp_path, BEAT)
    assert read_heartbeat(tmp_path) == BEAT
    assert [path.name for path in tmp_path.iterdir()] == ["watch.heartbeat"]


@pytest.mark.parametrize("text", [None, "", "{", "[]", '{"pid": 1}', '{"at": "yesterday"}'])
def test_no_heartbeat_that_can_be_read_is_none(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "watch.heartbeat").write_text(text)
    assert read_heartbeat(tmp_path) is None


def test_whoever_was_told_to_stop_takes_its_own_heartbeat_away(tmp_path: Path) -> None:
    end(tmp_path)
    beat(tmp_path, BEAT)
    end(tmp_path)
    assert read_heartbeat(tmp_path) == BEAT
    beat(tmp_path, replace(BEAT, pid=os.getpid()))
    end(tmp_path)
    assert read_heartbeat(tmp_path) is None


def test_a_heartbeat_grows_stale() -> None:
    assert not is_stale(BEAT, NOW + STALE_AFTER)
    assert is_stale(BEAT, NOW + STALE_AFTER + timedelta(seconds=1))
