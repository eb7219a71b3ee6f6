"""A Prefect server for the whole commands of a torture to share."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from flows.companion import answers, free_port
from tests.torture.processes import clean_environment

_READY_WITHIN: Final = 120.0


@contextmanager
def prefect_server(home: Path) -> Iterator[dict[str, str]]:
    """Settings that lead a command to a running server."""
    port = free_port()
    settings = {
        "PREFECT_HOME": str(home),
        "PREFECT_SERVER_UI_ENABLED": "false",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
    }
    command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1"]
    home.mkdir(parents=True, exist_ok=True)
    with (home / "log.txt").open("w") as log:
        process = subprocess.Popen(
            [*command, "--port", str(port)],
            env=clean_environment() | settings,
            stdout=log,
            stderr=log,
        )
    try:
        url = f"http://127.0.0.1:{port}/api"
        ends = time.monotonic() + _READY_WITHIN
        while not answers(f"{url}/health"):
            if time.monotonic() > ends or process.poll() is not None:
                raise RuntimeError(f"The Prefect server does not start: {home / 'log.txt'}")
            time.sleep(0.1)
        yield settings | {"PREFECT_API_URL": url}
    finally:
        process.terminate()
        process.wait()
