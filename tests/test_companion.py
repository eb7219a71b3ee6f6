"""Shared servers: one for all commands, gone with the last, also when a command is killed."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from flows.companion import Companion, CompanionFault, Service, answers, is_listening
from tests.command.conftest import wait_for

SERVE = ("-m", "http.server", "{port}", "--bind", "127.0.0.1")
WEB = Service("A server", (sys.executable, *SERVE), "/", {})
ROOT = Path(__file__).parents[1]


def test_two_commands_share_one_server_and_the_last_one_ends_it(tmp_path: Path) -> None:
    with Companion(tmp_path, WEB).start() as first:
        url = first.wait()
        with Companion(tmp_path, WEB).start() as second:
            assert second.wait() == url
        assert answers(url)
    wait_for(lambda: not answers(url))
    with Companion(tmp_path, WEB).start() as third:
        assert answers(third.wait())


def test_a_killed_command_lets_go_of_its_server(tmp_path: Path) -> None:
    program = (
        "import sys, time; from pathlib import Path; from flows.companion import *;"
        f"s = Service('s', (sys.executable, *{SERVE!r}), '/', {{}});"
        f"print(Companion(Path({str(tmp_path)!r}), s).start().wait(), flush=True);"
        "time.sleep(60)"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    url = process.stdout.readline().strip()
    assert answers(url)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    wait_for(lambda: not answers(url))


def test_a_server_that_does_not_start_is_told_in_a_sentence(tmp_path: Path) -> None:
    broken = Service("The broken server", (sys.executable, "-c", "raise SystemExit(1)"), "/", {})
    companion = Companion(tmp_path, broken).start()
    with companion, pytest.raises(CompanionFault, match="The broken server did not start"):
        companion.wait()


def test_a_folder_that_cannot_be_made_is_told_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(CompanionFault, match="cannot be used"):
        Companion(tmp_path / "file" / "x", WEB).start()


def _kill_the_server(folder: Path) -> None:
    keeper = json.loads((folder / "server.json").read_text())["keeper"]
    children = subprocess.run(["pgrep", "-P", str(keeper)], capture_output=True, check=True)
    for child in children.stdout.split():
        os.kill(int(child), signal.SIGKILL)


def test_a_server_that_was_killed_is_revived_at_the_same_address(tmp_path: Path) -> None:
    with Companion(tmp_path, WEB).start() as companion:
        url = companion.wait()
        for _ in range(2):
            _kill_the_server(tmp_path)
            wait_for(lambda: not answers(url))
            companion.revive()
            assert answers(url)
        with Companion(tmp_path, WEB).start() as other:
            assert other.wait() == url
    wait_for(lambda: not answers(url))


def test_a_server_that_lives_is_left_alone(tmp_path: Path) -> None:
    with Companion(tmp_path, WEB).start() as companion:
        companion.wait()
        before = (tmp_path / "server.json").read_text()
        companion.revive()
        assert (tmp_path / "server.json").read_text() == before


def test_a_server_that_is_slow_to_answer_is_not_taken_for_dead() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert is_listening(f"http://127.0.0.1:{silent.getsockname()[1]}")
