"""Machines: network namespaces of the test's own, joined by a bridge in the middle one.

None of it is connected with the network of this machine. It takes root and the programs of
iproute2; where they are missing the tests are skipped, in one line that says how to get them; in
CI that is a failure.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

import pytest

_HOSTS: Final = Path("/etc/netns")
"""`ip netns exec` shows a machine the files of its folder here in place of those of /etc."""


@dataclass(frozen=True, slots=True)
class Machine:
    """One namespace and its addresses; `name` is also that of its end of the cable."""

    name: str
    addresses: tuple[str, ...]

    def begin(
        self, command: Sequence[str], environment: Mapping[str, str], folder: Path, log: Path
    ) -> subprocess.Popen[bytes]:
        """Start a command on this machine, in a folder; what it says goes into a file."""
        with log.open("ab") as said:
            return self._popen(command, environment, folder, said, said)

    def ask(
        self, command: Sequence[str], environment: Mapping[str, str], folder: Path, log: Path
    ) -> subprocess.Popen[bytes]:
        """The same, with its output to be read."""
        with log.open("ab") as said:
            return self._popen(command, environment, folder, subprocess.PIPE, said)

    def run(
        self, command: Sequence[str], environment: Mapping[str, str], folder: Path, log: Path
    ) -> None:
        """Run a command to its end, which must be a good one."""
        ended = self.begin(command, environment, folder, log).wait(120)
        assert ended == 0, log.read_text(errors="replace")[-2000:]

    def processes(self) -> list[int]:
        """What runs on it."""
        listed = _ip("netns", "pids", self.name)
        return [int(pid) for pid in listed.split()]

    def kill(self) -> None:
        """kill -9 for everything that runs on it."""
        for pid in self.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def _popen(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        folder: Path,
        out: IO[bytes] | int,
        said: IO[bytes],
    ) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            ["ip", "netns", "exec", self.name, *command],
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=said,
        )


@dataclass(frozen=True, slots=True)
class Network:
    """The machine in the middle and the others."""

    middle: Machine
    others: tuple[Machine, ...]

    def cut(self, machine: Machine) -> None:
        """Nothing that is sent from or to the machine arrives any more; nobody is told."""
        _ip("-n", self.middle.name, "link", "set", machine.name, "down")

    def mend(self, machine: Machine) -> None:
        """It is connected again."""
        _ip("-n", self.middle.name, "link", "set", machine.name, "up")


@contextmanager
def network(names: Mapping[str, Mapping[str, str]]) -> Iterator[Network]:
    """A middle machine with two addresses, and one more for each name.

    `names` says what each of these calls others by: names with their addresses.
    """
    _needs_what_it_takes()
    mark = f"od{os.getpid()}"
    middle = Machine(f"{mark}m", ("10.77.0.1", "10.77.0.2"))
    others = tuple(
        Machine(f"{mark}{number}", (f"10.77.0.{10 + number}",)) for number in range(len(names))
    )
    try:
        _make_middle(middle)
        for machine, known in zip(others, names.values(), strict=True):
            _make(machine, middle, known)
        yield Network(middle, others)
    finally:
        for machine in (middle, *others):
            _take_away(machine)


def _make_middle(middle: Machine) -> None:
    _new(middle, {"postgres": middle.addresses[0], "redis": middle.addresses[0],
                  "prefect": middle.addresses[0]})  # fmt: skip
    _ip("-n", middle.name, "link", "add", "bridge", "type", "bridge")
    _ip("-n", middle.name, "link", "set", "bridge", "up")
    for address in middle.addresses:
        _ip("-n", middle.name, "address", "add", f"{address}/24", "dev", "bridge")


def _make(machine: Machine, middle: Machine, known: Mapping[str, str]) -> None:
    _new(machine, known)
    its_end = ("peer", "name", "cable", "netns", machine.name)
    _ip("-n", middle.name, "link", "add", machine.name, "type", "veth", *its_end)
    _ip("-n", middle.name, "link", "set", machine.name, "master", "bridge", "up")
    _ip("-n", machine.name, "address", "add", f"{machine.addresses[0]}/24", "dev", "cable")
    _ip("-n", machine.name, "link", "set", "cable", "up")


def _new(machine: Machine, known: Mapping[str, str]) -> None:
    lines = ["127.0.0.1 localhost", *(f"{address} {name}" for name, address in known.items())]
    (_HOSTS / machine.name).mkdir(parents=True)
    (_HOSTS / machine.name / "hosts").write_text("\n".join(lines) + "\n")
    _ip("netns", "add", machine.name)
    _ip("-n", machine.name, "link", "set", "lo", "up")


def _take_away(machine: Machine) -> None:
    shutil.rmtree(_HOSTS / machine.name, ignore_errors=True)
    with contextlib.suppress(OSError):
        _HOSTS.rmdir()
    if not Path("/run/netns", machine.name).exists():
        return
    for _ in range(100):
        machine.kill()
        if not machine.processes():
            break
        time.sleep(0.1)
    _ip("netns", "delete", machine.name)


def _ip(*arguments: str) -> str:
    ran = subprocess.run(["ip", *arguments], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, f"ip {' '.join(arguments)}: {ran.stderr}"
    return ran.stdout


def server_programs() -> Path | None:
    """The folder of the newest PostgreSQL's programs on this machine."""
    folders = {
        int(place.parent.name): place for place in Path("/usr/lib/postgresql").glob("[0-9]*/bin")
    }
    return folders[max(folders)] if folders else None


def _needs_what_it_takes() -> None:
    needs = {
        "ip": "the package iproute2",
        "redis-server": "the package redis-server",
        "runuser": "the package util-linux",
    }
    missing = [package for program, package in needs.items() if shutil.which(program) is None]
    if not server_programs():
        missing.append("the package postgresql")
    if os.geteuid() != 0:
        missing.append("to be run as root")
    if not missing:
        return
    why = f"needs {', '.join(missing)}: network namespaces with services of their own"
    if os.environ.get("CI"):
        pytest.fail(why)
    pytest.skip(why)
