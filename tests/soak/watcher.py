"""`orderdrop watch` as a process that is killed and started again."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from tests.torture.processes import ROOT, clean_environment

_READY_WITHIN: Final = 120.0


class Watcher:
    """One watcher after the other over the same inbox."""

    def __init__(self, folder: Path, inbox: Path, settings: Mapping[str, str]) -> None:
        self._log = folder / "watch.log"
        self._told = folder / "watch.jsonl"
        self._inbox = inbox
        self._settings = settings
        self._process: subprocess.Popen[bytes] | None = None
        self.lives = 0

    def start(self) -> None:
        """Start one; does not wait."""
        self.lives += 1
        with self._log.open("ab") as log, self._told.open("ab") as told:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "flows.cli", "watch", str(self._inbox), "--json"],
                cwd=ROOT,
                env=clean_environment() | dict(self._settings),
                stdin=subprocess.DEVNULL,
                stdout=told,
                stderr=log,
            )

    def wait_until_ready(self, state: Path) -> None:
        """Until its heart beats."""
        assert self._process is not None
        ends = time.monotonic() + _READY_WITHIN
        while f'"pid": {self._process.pid},' not in _read(state / "watch.heartbeat"):
            if time.monotonic() > ends or self._process.poll() is not None:
                raise RuntimeError(f"The watcher does not start: {self._log}")
            time.sleep(0.1)

    def kill(self) -> None:
        """SIGKILL, as a power cut would end it."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def stop(self) -> int:
        """SIGTERM; its exit code."""
        assert self._process is not None
        self._process.terminate()
        return self._process.wait(60)

    @property
    def is_alive(self) -> bool:
        """Whether it has not ended by itself."""
        return self._process is not None and self._process.poll() is None

    @property
    def megabytes(self) -> float:
        """The memory that it holds."""
        assert self._process is not None
        for line in _read(Path(f"/proc/{self._process.pid}/status")).splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
        return 0.0

    def told(self) -> list[dict[str, Any]]:
        """What all of them have printed of workbooks that ended."""
        return [json.loads(line) for line in _read(self._told).splitlines() if line.endswith("}")]


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
