"""What docs/compose.yaml describes, over the machines of a test's network.

PostgreSQL, Redis, two Prefect servers, their services and the marketplace run in the middle; each
of the others has a worker.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, Final

import httpx
import psycopg
import pytest

from tests.bench.market import KEY, SECRET
from tests.machines.compose import Service, service
from tests.machines.network import Machine, Network, network, server_programs
from tests.torture.processes import ROOT, clean_environment

_VALUES: Final = {
    "POSTGRES_PASSWORD": "of-the-test",
    "ORDERDROP_CLIENT_ID": KEY,
    "ORDERDROP_CLIENT_SECRET": SECRET,
}
_MARKET: Final = "127.0.0.1:8010"
_DOOR: Final = 8011
"""Where the others reach the marketplace."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """It runs. `database` is the folder with PostgreSQL's socket file, `settings` are those of the
    test.
    """

    network: Network
    folder: Path
    database: Path
    settings: Mapping[str, str]

    @property
    def workers(self) -> tuple[Machine, ...]:
        """The machines with a worker each."""
        return self.network.others

    def submit(self, workbook: Path) -> subprocess.Popen[bytes]:
        """`orderdrop submit` in the middle, with the settings of the watcher there."""
        watch = self._settled(service("watch", _VALUES), self.folder / "watch")
        command = [watch.command[0], "submit", str(workbook), "--json", "--follow", "120"]
        log = self.folder / "submit.log"
        return self.network.middle.ask(command, watch.environment, self.folder, log)

    def book(self) -> list[dict[str, Any]]:
        """Every order in the marketplace's book."""
        found: list[dict[str, Any]] = (
            _through(self.folder / "market").get("/control/book").json()["orders"]
        )
        return found

    def calls(self) -> int:
        """How many calls the marketplace has counted."""
        counted = _through(self.folder / "market").get("/control/pace").json()
        return int(counted["keys"].get(KEY, {"calls": 0})["calls"])

    def unanswered(self) -> int:
        """How many sends the ledger knows of that no answer came to; the marketplace may never
        have seen them.
        """
        with psycopg.connect(
            host=str(self.database), user="postgres", dbname="orderdrop"
        ) as connection:
            question = "SELECT count(*) FROM attempts WHERE http_status IS NULL"
            found = connection.execute(question).fetchone()
        assert found is not None
        return int(found[0])

    def runs(self) -> list[dict[str, Any]]:
        """The runs of shards that Prefect knows."""
        asked = _through(self.folder / "prefect0").post("/api/flow_runs/filter", json={})
        return [run for run in asked.raise_for_status().json() if "shard" in run["parameters"]]

    def _begin_worker(self, number: int) -> None:
        """The worker of one of the machines, and its way to the marketplace."""
        machine, home = self.workers[number], self.folder / f"worker{number}"
        worker = self._settled(service("worker", _VALUES), home)
        _forward(machine, _MARKET, f"{self.network.middle.addresses[0]}:{_DOOR}", home)
        machine.begin(worker.command, worker.environment, home, home / "worker.log")

    def workers_heard_of(self) -> int:
        """How many workers Prefect hears of."""
        pool = _through(self.folder / "prefect0").post("/api/work_pools/orderdrop/workers/filter")
        return sum(worker["status"] == "ONLINE" for worker in pool.raise_for_status().json())

    def _settled(self, given: Service, home: Path) -> Service:
        (home / "prefect").mkdir(parents=True, exist_ok=True)
        environment = {
            **clean_environment(),
            **given.environment,
            "ORDERDROP_STATE_DIR": str(home / "state"),
            "ORDERDROP_MARKETPLACE_URL": f"http://{_MARKET}",
            "PREFECT_HOME": str(home / "prefect"),
            **self.settings,
        }
        return replace(given, environment=environment)

    def _begin_servers(self) -> None:
        middle = self.network.middle
        self._run("tables", self.folder)
        services = self._settled(service("services", _VALUES), self.folder / "services")
        log = self.folder / "services.log"
        middle.begin(services.command, services.environment, self.folder, log)
        running = [self._server(number) for number in range(len(middle.addresses))]
        for number, address in enumerate(middle.addresses):
            door = self.folder / f"prefect{number}"
            _forward(middle, str(door), f"{address}:4200", self.folder)

            def is_up(number: int = number, door: Path = door) -> bool:
                # `restart: always`: on an empty database one may get in the other's way.
                if running[number].poll() is not None:
                    running[number] = self._server(number)
                return _answers(door, "/api/health")

            wait_for(is_up)

    def _server(self, number: int) -> subprocess.Popen[bytes]:
        """A replica. Two of them share a machine here, each with an address of its own."""
        given = self._settled(service("prefect", _VALUES), self.folder / f"server{number}")
        address = self.network.middle.addresses[number]
        command = [address if word == "0.0.0.0" else word for word in given.command]  # noqa: S104
        log = self.folder / f"prefect{number}.log"
        return self.network.middle.begin(command, given.environment, self.folder, log)

    def _run(self, name: str, folder: Path) -> None:
        """A service that ends, in the middle."""
        given = self._settled(service(name, _VALUES), self.folder / name)
        log = self.folder / f"{name}.log"
        self.network.middle.run(given.command, given.environment, folder, log)

    def _begin_workers(self) -> None:
        self._run("pool", ROOT)
        for number in range(len(self.workers)):
            self._begin_worker(number)
        self._run("deployments", ROOT)
        wait_for(lambda: self.workers_heard_of() == len(self.workers))


@contextmanager
def cluster(
    folder: Path, book: Path, latency: float, settings: Mapping[str, str]
) -> Iterator[Cluster]:
    """All of it, with a marketplace over a book; afterwards nothing of it is left."""
    names = {
        f"worker{number}": {"postgres": "10.77.0.1", "prefect": f"10.77.0.{1 + number}"}
        for number in range(2)
    }
    with network(names) as made, _database(made.middle, folder) as database:
        whole = Cluster(made, folder, database, settings)
        middle = made.middle
        redis = service("redis", _VALUES)
        where = ("--dir", str(folder), "--bind", middle.addresses[0], "--protected-mode", "no")
        middle.begin([*redis.command, *where], clean_environment(), folder, folder / "redis.log")
        _begin_marketplace(middle, book, latency, folder)
        whole._begin_servers()
        whole._begin_workers()
        yield whole


@contextmanager
def _database(middle: Machine, folder: Path) -> Iterator[Path]:
    """PostgreSQL with the two databases of the compose file; the folder of its socket file."""
    programs = server_programs()
    assert programs is not None, "asked for when the network was made"
    # Its user cannot look into a folder of root's.
    place = Path(mkdtemp(prefix="orderdrop-postgres-"))
    shutil.chown(place, "postgres", "postgres")
    as_user = ["runuser", "-u", "postgres", "--"]
    data = str(place / "data")
    try:
        initdb = [str(programs / "initdb"), "-D", data, "-U", "postgres", "--no-sync"]
        subprocess.run([*as_user, *initdb], cwd=place, capture_output=True, check=True)
        with Path(data, "pg_hba.conf").open("a") as who:
            who.write("host all all 10.77.0.0/24 trust\n")
        server = [str(programs / "postgres"), "-D", data, "-k", str(place)]
        server += ["-h", middle.addresses[0], "-p", "5432"]
        log = folder / "postgres.log"
        middle.begin([*as_user, *server], clean_environment(), place, log)
        wait_for((place / ".s.PGSQL.5432").exists)
        for name in ("orderdrop", "prefect"):
            wait_for(lambda name=name: _has_made(name, place))  # type: ignore[misc]
        yield place
    finally:
        middle.kill()
        shutil.rmtree(place)


def _has_made(database: str, place: Path) -> bool:
    try:
        with psycopg.connect(
            host=str(place), port=5432, user="postgres", dbname="postgres", autocommit=True
        ) as connection:
            connection.execute(f"CREATE DATABASE {database}".encode())
    except psycopg.OperationalError:
        return False  # it is still starting
    return True


def _begin_marketplace(middle: Machine, book: Path, latency: float, folder: Path) -> None:
    host, _, port = _MARKET.partition(":")
    command = [sys.executable, "-m", "flows.sandbox", "--host", host, "--port", port]
    command += ["--state", str(book), "--latency", str(latency), "--finish-after", "2"]
    middle.begin(command, clean_environment(), ROOT, folder / "market.log")
    _forward(middle, f"{middle.addresses[0]}:{_DOOR}", _MARKET, folder)
    _forward(middle, str(folder / "market"), _MARKET, folder)
    wait_for(lambda: _answers(folder / "market", "/control/book"))


def _forward(machine: Machine, here: str, there: str, folder: Path) -> None:
    command = [sys.executable, "-m", "tests.machines.forwarder", here, there]
    machine.begin(command, clean_environment(), ROOT, folder / "forwarder.log")


def _through(door: Path) -> httpx.Client:
    """Whoever listens behind a socket file; a file is seen from every machine."""
    transport = httpx.HTTPTransport(uds=str(door))
    return httpx.Client(transport=transport, base_url=f"http://{_MARKET}", timeout=30)


def _answers(door: Path, path: str) -> bool:
    try:
        return _through(door).get(path).is_success
    except httpx.HTTPError:
        return False


def wait_for(holds: Callable[[], bool], tries: int = 1200) -> None:
    """Until it holds; gives up after two minutes."""
    for _ in range(tries):
        if holds():
            return
        time.sleep(0.1)
    pytest.fail("what was waited for did not come")
