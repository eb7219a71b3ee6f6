"""`python -m tests.bench.starting`: the whole command, cold and with a Prefect server running.

On the clean sample; each figure is the median of a few runs, in seconds and as a ratio to the time
that importing Prefect takes on the same machine in the same minute.
"""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from flows.companion import answers, free_port

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "sample_data" / "clean-orders.xlsx"
RUNS = 2 if os.environ.get("SIZE") == "small" else 5

Environment = dict[str, str]


def main() -> None:
    """Measure and print the table."""
    with tempfile.TemporaryDirectory(prefix="orderdrop-bench-") as name:
        folder = Path(name)
        environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("ORDERDROP_", "PREFECT_"))},
            "PYTHONPATH": str(ROOT),
            "PREFECT_HOME": str(folder / "home"),
            "ORDERDROP_OUTPUT": str(folder / "output"),
        }
        unit = _median(lambda: _timed([sys.executable, "-c", "import prefect"], environment))
        shared = environment | {"ORDERDROP_STATE_DIR": str(folder / "warm-up")}
        first_ever = _submit(shared)
        _let_go(folder / "warm-up")
        cold = _median(lambda: _cold(folder, shared))
        first_line = _median(lambda: _first_line(folder, shared))
        warm = _warm(folder, environment)
    rows = (
        ("import prefect", unit),
        ("first line on the terminal", first_line),
        ("submit, Prefect server running", warm),
        ("submit, cold from the shell", cold),
        ("submit, cold, the very first time (migrations)", first_ever),
    )
    print(f"{platform.machine()}, {len(os.sched_getaffinity(0))} cores, Python", end=" ")
    print(f"{platform.python_version()}; median of {RUNS}")
    print(f"{'':48}{'seconds':>9}{'ratio':>8}")
    for what, seconds in rows:
        print(f"{what:48}{seconds:9.2f}{seconds / unit:8.2f}")


def _median(measure: Callable[[], float]) -> float:
    return statistics.median(measure() for _ in range(RUNS))


def _timed(command: list[str], environment: Environment) -> float:
    started = time.perf_counter()
    subprocess.run(command, env=environment, check=True, capture_output=True)
    return time.perf_counter() - started


def _submit(environment: Environment) -> float:
    return _timed([sys.executable, "-m", "flows.cli", "submit", str(SAMPLE)], environment)


def _cold(folder: Path, environment: Environment) -> float:
    """Nothing runs: both servers start with the command; orders are new each time."""
    _forget_orders(folder / "warm-up")
    seconds = _submit(environment)
    _let_go(folder / "warm-up")
    return seconds


def _forget_orders(state: Path) -> None:
    for path in (*state.glob("ledger.sqlite*"), *state.glob("practice/marketplace.sqlite*")):
        path.unlink()


def _let_go(state: Path) -> None:
    """Until the servers of the last command are gone."""
    while list(state.glob("*/server.json")):
        time.sleep(0.1)
    time.sleep(1)


def _first_line(folder: Path, environment: Environment) -> float:
    _forget_orders(folder / "warm-up")
    started = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "flows.cli", "submit", str(SAMPLE)],
        env=environment,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
    )
    assert process.stderr is not None
    process.stderr.readline()
    seconds = time.perf_counter() - started
    process.communicate()
    _let_go(folder / "warm-up")
    return seconds


def _warm(folder: Path, environment: Environment) -> float:
    """A Prefect server runs already; the embedded marketplace starts with each command."""
    port = free_port()
    api = f"http://127.0.0.1:{port}/api"
    command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1"]
    server = subprocess.Popen(
        [*command, "--port", str(port)],
        env=environment | {"PREFECT_SERVER_ANALYTICS_ENABLED": "false", "DO_NOT_TRACK": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        while not answers(f"{api}/health"):
            time.sleep(0.1)

        def once() -> float:
            state = Path(tempfile.mkdtemp(dir=folder))
            own = environment | {"PREFECT_API_URL": api, "ORDERDROP_STATE_DIR": str(state)}
            seconds = _submit(own)
            _let_go(state)
            return seconds

        once()
        return _median(once)
    finally:
        server.terminate()
        server.wait(20)


if __name__ == "__main__":
    main()
