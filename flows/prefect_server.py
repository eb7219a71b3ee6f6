"""The Prefect API that a command works with: the configured one, or a local one of our own.

Nothing here imports Prefect: its address must stand in the environment before the first
import, and the server starts while the command is still importing.
"""

from __future__ import annotations

import os
import sys
import tomllib
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from flows.companion import Companion, CompanionFault, Service, speaks

PAGE_PORT: Final = 4200
"""Where people look for Prefect's page; what runs for days takes it where it is free."""

_QUIET: Final = {
    # No call leaves the machine, and nothing but our own words on the terminal.
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
    "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL",
    "PREFECT_CLI_PROMPT": "false",
}

_BOUNDED: Final = {
    # Of 5 tries with growing waits and a minute for each, a run would hang for a long time.
    "PREFECT_CLIENT_MAX_RETRIES": "3",
    "PREFECT_API_REQUEST_TIMEOUT": "10",
}

_held: list[Companion] = []
"""Kept until the process ends: Prefect sends its last events while it exits."""


class PrefectServer:
    """`begin` early, `ready` before Prefect is imported."""

    def __init__(self, state_dir: Path, port: int | None = None) -> None:
        self._folder = state_dir / "prefect"
        self._port = port
        self._companion: Companion | None = None
        self._api_url = configured_api_url()

    def begin(self) -> None:
        """Start a local server unless one is configured; does not wait for it."""
        for name, value in _QUIET.items():
            os.environ.setdefault(name, value)
        if self._api_url:
            return
        command = (
            sys.executable,
            "-m",
            "prefect",
            "server",
            "start",
            "--host",
            "127.0.0.1",
            "--port",
            "{port}",
        )
        environment = {
            **_QUIET,
            "PREFECT_HOME": str(self._folder),
            "PREFECT_SERVER_UI_API_URL": "http://127.0.0.1:{port}/api",
            # Where it is installed may not be its to write to.
            "PREFECT_UI_STATIC_DIRECTORY": str(self._folder / "page"),
            "PREFECT_PROFILES_PATH": str(self._folder / "profiles.toml"),
        }
        service = Service(
            "The local Prefect server", command, "/api/health", environment, self._port
        )
        self._companion = Companion(self._folder, service).start()
        _held.append(self._companion)
        os.environ["PREFECT_API_URL"] = f"{self._companion.url}/api"

    def ready(self) -> None:
        """Wait until the API answers. Raises CompanionFault."""
        if self._companion is not None:
            self._companion.wait()
        elif not speaks(f"{self._api_url.rstrip('/')}/health"):
            raise CompanionFault(
                f"The Prefect server at {shown(self._api_url)} does not answer; start it, or take "
                "PREFECT_API_URL out of the environment to work without it. Nothing was ordered."
            )

    @property
    def page(self) -> str:
        """The address of the page that shows the runs."""
        api_url = f"{self._companion.url}/api" if self._companion else self._api_url
        return os.environ.get("PREFECT_UI_URL") or api_url.rstrip("/").removesuffix("/api")

    def revive(self) -> None:
        """Start the local server again if it is gone; one that is configured is others' to start.

        Raises CompanionFault.
        """
        if self._companion is not None:
            self._companion.revive()


def bound_waits() -> None:
    """For what runs for days: a Prefect server that is gone is given up after some 15
    seconds, one that hangs after a minute.

    To be called before Prefect is imported; what the operator has set himself stays.
    """
    for name, value in _BOUNDED.items():
        os.environ.setdefault(name, value)


def shown(url: str) -> str:
    """An address as people may see it: without a name and password that may stand in it."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def configured_api_url() -> str:
    """The API that the user has set: in the environment, or in Prefect's active profile."""
    if url := os.environ.get("PREFECT_API_URL"):
        return url
    home = Path(os.environ.get("PREFECT_HOME", "~/.prefect")).expanduser()
    profiles = Path(os.environ.get("PREFECT_PROFILES_PATH", home / "profiles.toml"))
    try:
        table = tomllib.loads(profiles.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return ""
    active = os.environ.get("PREFECT_PROFILE") or table.get("active", "")
    profile = table.get("profiles", {}).get(active, {})
    return str(profile.get("PREFECT_API_URL", ""))
