"""The embedded marketplace as a process that can be killed, and its control interface."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from flows.companion import free_port
from tests.torture.terms import Terms

ROOT = Path(__file__).parents[2]


class Market:
    """One marketplace with a durable book, on one port for its life."""

    def __init__(self, folder: Path, terms: Terms, spec: str, seed: int) -> None:
        self._state = folder / "marketplace.sqlite"
        self._terms = terms
        self._spec = spec
        self._seed = seed
        self._port = free_port()
        self._process: subprocess.Popen[str] | None = None
        self.url = f"http://127.0.0.1:{self._port}"
        self._http = httpx.Client(base_url=f"{self.url}/control", timeout=60, trust_env=False)
        self.deaths = 0

    def __enter__(self) -> Self:
        self._start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._http.close()
        if self._process is not None:
            self._process.terminate()
            self._process.wait()

    def _start(self) -> None:
        terms = self._terms
        options = {
            "--port": self._port,
            "--state": self._state,
            "--latency": terms.latency,
            "--slow-seconds": terms.slow_seconds,
            "--finish-after": terms.finish_after,
            "--faults": self._spec,
            "--seed": self._seed + self.deaths,
        }
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", "flows.sandbox", "--no-throttle"),
                *(str(part) for option in options.items() for part in option),
            ],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        if "ready" not in self._process.stdout.readline():
            raise RuntimeError("The embedded marketplace does not start.")

    def die_and_rise(self) -> None:
        """Kill it and start it again over the same book."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        self.deaths += 1
        self._start()

    def rage(self, spec: str) -> None:
        """Other faults from now on; an empty specification means none."""
        self._spec = spec
        self.control("PUT", "faults", {"spec": spec, "seed": self._seed + self.deaths})

    def control(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        """One call of the control interface."""
        answer = self._http.request(method, path, json=body)
        assert answer.status_code < 300, answer.text
        answered: dict[str, Any] = answer.json()
        return answered

    def orders(self) -> list[dict[str, Any]]:
        """Every order of the book."""
        found: list[dict[str, Any]] = self.control("GET", "book")["orders"]
        return found

    def calls(self, after: int = 0) -> list[dict[str, Any]]:
        """Every call since the one with that number."""
        found: list[dict[str, Any]] = self.control("GET", f"journal?after={after}")["calls"]
        return found
