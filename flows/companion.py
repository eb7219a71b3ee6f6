"""Servers that run beside a command and end with the last command that uses them.

A one-shot command may need a server of its own: the embedded marketplace in practice, a local
Prefect server where none is configured. All commands of one user on one machine share it.
Each holds a shared lock while it works; a small keeper process runs the server and stops it
once nobody holds the lock any more. Locks are the kernel's, so a killed command lets go too.

    python -m flows.companion PLACE -- COMMAND …    the keeper
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self

from schemas.faults import Stop

_POLL: Final = 0.05
_KEEPER_POLL: Final = 0.25
_GRACE: Final = 5.0
_READY_WITHIN: Final = 90.0


class CompanionFault(Stop):
    """A server that a command needs does not start (exit code 3)."""


def free_port() -> int:
    """A port on loopback that is free at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _port(wanted: int | None) -> int:
    """The port that is wanted, or any where it is taken."""
    if wanted is not None:
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", wanted))
            return wanted
    return free_port()


def answers(url: str) -> bool:
    """Whether something answers 200 at a loopback address."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError, ValueError):
        return False


def is_listening(url: str) -> bool:
    """Whether anybody takes connections at a loopback address."""
    try:
        socket.create_connection(("127.0.0.1", _port_of(url)), timeout=5).close()
    except TimeoutError:
        return True  # somebody is there, and busy
    except OSError:
        return False
    return True


def _port_of(url: str) -> int:
    return int(url.rpartition(":")[2])


def speaks(url: str) -> bool:
    """Whether anything speaks HTTP at an address, whatever it answers."""
    try:
        with urllib.request.urlopen(url, timeout=10):  # noqa: S310  # the operator's own setting
            return True
    except urllib.error.HTTPError:
        return True
    except (urllib.error.URLError, OSError, ValueError):
        return False


@dataclass(frozen=True, slots=True)
class Service:
    """A server to share: what it is called, how it is started, how it says that it is ready.

    `{port}` in the command and in values of the environment stands for the port it is given;
    `health` is a path that answers 200 once it is ready. `port` is taken where it is free.
    """

    name: str
    command: Sequence[str]
    health: str
    environment: Mapping[str, str]
    port: int | None = None


class Companion:
    """A use of a shared server: `start` it early, `wait` when it is needed, `close` after."""

    def __init__(self, folder: Path, service: Service) -> None:
        self._folder = folder
        self._service = service
        self._users: IO[str] | None = None
        self._starting: IO[str] | None = None
        self._keeper: subprocess.Popen[bytes] | None = None
        self.url = ""

    def start(self) -> Self:
        """Join the server that runs, or start one; does not wait until it is ready."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._starting = _locked(self._folder / "starting.lock", fcntl.LOCK_EX)
            self._users = _locked(self._folder / "users.lock", fcntl.LOCK_SH)
        except OSError as error:
            raise CompanionFault(
                f"The folder {self._folder} cannot be used ({error.strerror}); nothing was ordered."
            ) from None
        self.url = self._running() or self._begin(_port(self._service.port))
        return self

    def wait(self) -> str:
        """The server's address, once it answers. Raises CompanionFault."""
        ends = time.monotonic() + _READY_WITHIN
        try:
            while not answers(self.url + self._service.health):
                if time.monotonic() > ends or self._has_ended():
                    raise CompanionFault(
                        f"{self._service.name} did not start; what it said is in "
                        f"{self._folder / 'log.txt'}. Nothing was ordered."
                    )
                time.sleep(_POLL)
        finally:
            _release(self._starting)
            self._starting = None
        return self.url

    def revive(self) -> None:
        """Start the server again, at the same address, if nobody listens there any more.

        For commands that run for days. Whoever listens is left alone, however slow: two servers
        over one book would be worse. Waits until it is ready. Raises CompanionFault.
        """
        if is_listening(self.url):
            return
        try:
            self._starting = _locked(self._folder / "starting.lock", fcntl.LOCK_EX)
            if not is_listening(self.url):
                self._begin(_port_of(self.url))
        except OSError as error:
            _release(self._starting)
            raise CompanionFault(
                f"{self._service.name} cannot be started again ({error.strerror})."
            ) from None
        self.wait()

    def close(self) -> None:
        """This command needs the server no more."""
        _release(self._starting)
        _release(self._users)
        self._starting = self._users = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def _state(self) -> Path:
        return self._folder / "server.json"

    def _running(self) -> str:
        try:
            told = json.loads(self._state.read_text(encoding="utf-8"))
            url, keeper = str(told["url"]), int(told["keeper"])
            os.kill(keeper, 0)
        except (OSError, ValueError, KeyError):
            # After a power cut somebody else may answer there by now.
            return ""
        return url if answers(url + self._service.health) else ""

    def _begin(self, port: int) -> str:
        url = f"http://127.0.0.1:{port}"
        command = [part.replace("{port}", str(port)) for part in self._service.command]
        environment = {
            name: value.replace("{port}", str(port))
            for name, value in self._service.environment.items()
        }
        keeper = [sys.executable, "-m", "flows.companion", str(self._folder), "--", *command]
        with (self._folder / "log.txt").open("w", encoding="utf-8") as log:
            process = subprocess.Popen(  # noqa: S603  # our own command, no shell
                keeper,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **environment},
                start_new_session=True,
            )
        self._state.write_text(json.dumps({"url": url, "keeper": process.pid}), encoding="utf-8")
        self._keeper = process
        return url

    def _has_ended(self) -> bool:
        return self._keeper is not None and self._keeper.poll() is not None


def _locked(path: Path, how: int) -> IO[str]:
    handle = path.open("a", encoding="utf-8")
    fcntl.flock(handle, how)
    return handle


def _release(handle: IO[str] | None) -> None:
    if handle is not None:
        handle.close()


def keep(folder: Path, command: Sequence[str]) -> int:
    """Run the server until nobody holds the users' lock, then stop it; its exit code."""
    server = subprocess.Popen(command)  # noqa: S603  # our own command, no shell
    stopping = [False]

    def stop(*_: object) -> None:
        stopping[0] = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with (folder / "users.lock").open("a", encoding="utf-8") as users:
        while server.poll() is None and not stopping[0]:
            time.sleep(_KEEPER_POLL)
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                # Held until the server is gone: a command that comes now waits, then starts anew.
                stopping[0] = True
        _forget(folder / "server.json")
        server.terminate()
        try:
            return server.wait(_GRACE)
        except subprocess.TimeoutExpired:
            server.kill()
            return server.wait()


def _forget(state: Path) -> None:
    """Take out where the server was, unless it was started again by then under another keeper."""
    with contextlib.suppress(OSError, ValueError, KeyError):
        if json.loads(state.read_text(encoding="utf-8"))["keeper"] == os.getpid():
            state.unlink()


if __name__ == "__main__":
    separator = sys.argv.index("--")
    sys.exit(keep(Path(sys.argv[1]), sys.argv[separator + 1 :]))
