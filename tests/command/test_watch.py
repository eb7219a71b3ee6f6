"""`orderdrop watch` as a process: what is dropped, how, and what becomes of it."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import openpyxl
import pytest

from flows.inbox.heartbeat import is_stale, read_heartbeat
from tests.command.conftest import ROOT, SAMPLES, Bench, clean_environment, marketplace, wait_for
from tests.command.test_submit import answered_book, answers_in

HEADER = ["externalReferenceId", "customerId", "orderType", "offerId", "quantity", "currencyCode"]


@pytest.fixture(scope="module")
def prefect_api(prefect_of_its_own: str) -> str:
    return prefect_of_its_own


@dataclass
class Watch:
    """A watcher at work."""

    bench: Bench
    process: subprocess.Popen[str]

    @property
    def inbox(self) -> Path:
        """Where workbooks are dropped."""
        return self.bench.folder / "inbox"

    def told(self) -> list[dict[str, Any]]:
        """What all watchers of this bench have printed."""
        lines = (self.bench.folder / "told.jsonl").read_text().splitlines()
        return [json.loads(line) for line in lines if line.endswith("}")]

    def said(self) -> str:
        """What they have said in words."""
        return (self.bench.folder / "said.txt").read_text()

    def ended(self, *names: str) -> dict[str, dict[str, Any]]:
        """Wait until these workbooks have ended; what was told of each."""
        wait_for(lambda: set(names) <= {t["workbook"] for t in self.told() if _has_ended(t)})
        return {t["workbook"]: t for t in self.told() if _has_ended(t)}

    def reconciled(self, name: str) -> Path:
        """The answers to a workbook."""
        return self.bench.folder / "output" / f"{Path(name).stem}.reconciled.xlsx"

    def left(self) -> list[str]:
        """What still lies in the inbox or is worked on."""
        lying = [path.name for path in self.inbox.iterdir() if path.is_file()]
        working = [path.name for path in (self.inbox / "working").glob("*/*")]
        return lying + [name for name in working if name != ".held"]

    def archived(self) -> list[str]:
        """The names of the archived workbooks, without what was put before them."""
        files = (self.inbox / "archive").rglob("*.*")
        return sorted(path.name.partition(" ")[2] for path in files if path.is_file())


def _has_ended(told: Mapping[str, Any]) -> bool:
    return told["what"] != "waiting"


def begin(bench: Bench, **settings: str) -> subprocess.Popen[str]:
    with (
        (bench.folder / "told.jsonl").open("a") as out,
        (bench.folder / "said.txt").open("a") as err,
    ):
        return subprocess.Popen(
            [sys.executable, "-m", "flows.cli", "watch", "--json"],
            cwd=bench.folder,
            env={**bench.environment, "ORDERDROP_ENVIRONMENT": "practice", **settings},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            text=True,
        )


def is_watching(bench: Bench, process: subprocess.Popen[str]) -> bool:
    assert process.poll() is None, (bench.folder / "said.txt").read_text()
    heartbeat = read_heartbeat(bench.state)
    return heartbeat is not None and heartbeat.pid == process.pid


@contextmanager
def watching(bench: Bench, **settings: str) -> Iterator[Watch]:
    """A watcher that is at work, and is stopped at the end."""
    process = begin(bench, **settings)
    try:
        wait_for(lambda: is_watching(bench, process))
        yield Watch(bench, process)
    finally:
        process.terminate()
        try:
            process.wait(40)
        finally:
            process.kill()


@pytest.fixture(scope="module")
def watch(tmp_path_factory: pytest.TempPathFactory, prefect_api: str) -> Iterator[Watch]:
    """One watcher for all tests that do not end it."""
    folder = tmp_path_factory.mktemp("watch")
    environment = {
        **clean_environment(),
        "PYTHONPATH": str(ROOT),
        "ORDERDROP_STATE_DIR": str(folder / "state"),
        "ORDERDROP_APPROVE_ABOVE": "none",
        "PREFECT_API_URL": prefect_api,
        "PREFECT_HOME": str(folder / "prefect"),
    }
    with watching(Bench(folder, environment)) as watch:
        yield watch


def orders(path: Path, reference: str) -> bytes:
    """A workbook of one order, whose bytes are given back as well."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(HEADER)
    # So few that the customer's price level stays as it is.
    sheet.append([reference, "P1005053401", "NEW", "65310542CA02A12", 1, "USD"])
    book.save(path)
    return path.read_bytes()


@pytest.fixture
def content(tmp_path: Path, request: pytest.FixtureRequest) -> bytes:
    """A workbook of this test's own."""
    return orders(tmp_path / "source.xlsx", f"PO-{request.node.name}"[:35])


def test_a_dropped_workbook_is_answered_and_archived(watch: Watch, content: bytes) -> None:
    (watch.inbox / "orders.xlsx").write_bytes(content)
    told = watch.ended("orders.xlsx")["orders.xlsx"]
    assert told["what"] == "done"
    assert told["account"] == "default"
    assert told["orders"]["done"] == 1
    assert Path(told["kept"]).read_bytes() == content
    results = {row["Result"] for row in answers_in(watch.reconciled("orders.xlsx")).values()}
    assert results == {"Practice: Ordered"}
    assert not watch.left()
    assert "Taking orders.xlsx" in watch.said()
    assert "orders.xlsx: 1 done." in watch.said()


def test_a_workbook_whose_rows_need_a_person_says_so(watch: Watch) -> None:
    shutil.copy(SAMPLES / "with-mistakes.xlsx", watch.inbox / "mistakes.xlsx")
    assert watch.ended("mistakes.xlsx")["mistakes.xlsx"]["what"] == "attention"
    assert "mistakes.xlsx" in watch.archived()


def test_a_file_that_comes_in_halves_is_taken_when_it_is_whole(
    watch: Watch, content: bytes
) -> None:
    with (watch.inbox / "halves.xlsx").open("wb") as file:
        file.write(content[: len(content) // 2])
        file.flush()
        time.sleep(4)
        assert watch.left() == ["halves.xlsx"]
        file.write(content[len(content) // 2 :])
    told = watch.ended("halves.xlsx")["halves.xlsx"]
    assert told["what"] == "done"
    assert Path(told["kept"]).read_bytes() == content


def test_what_a_program_saves_by_renaming_is_taken_once(watch: Watch, content: bytes) -> None:
    (watch.inbox / "saved.xlsx").write_bytes(content[:3000])
    saved = watch.inbox / "1A2B3C4D"
    saved.write_bytes(content)
    time.sleep(1.5)
    saved.replace(watch.inbox / "saved.xlsx")
    told = watch.ended("saved.xlsx")["saved.xlsx"]
    assert told["what"] == "done"
    assert Path(told["kept"]).read_bytes() == content
    assert not watch.left()


def test_an_upload_is_taken_under_its_last_name(watch: Watch, content: bytes) -> None:
    part = watch.inbox / "upload.xlsx.part"
    part.write_bytes(content)
    time.sleep(2)
    assert watch.left() == ["upload.xlsx.part"]
    part.rename(watch.inbox / "upload.xlsx")
    assert watch.ended("upload.xlsx")["upload.xlsx"]["what"] == "done"


def test_locks_hidden_files_links_and_folders_stay_where_they_are(
    watch: Watch, content: bytes, tmp_path: Path
) -> None:
    (tmp_path / "elsewhere.xlsx").write_bytes(content)
    for name in ("~$nobody.xlsx", ".~lock.nobody.xlsx#", ".hidden.xlsx"):
        (watch.inbox / name).write_bytes(content)
    (watch.inbox / "link.xlsx").symlink_to(tmp_path / "elsewhere.xlsx")
    (watch.inbox / "folder.xlsx").mkdir()
    (watch.inbox / "renewals").mkdir()
    (watch.inbox / "renewals" / "book.xlsx").write_bytes(content)
    (watch.inbox / "after-them.xlsx").write_bytes(content)
    watch.ended("after-them.xlsx")
    names = {told["workbook"] for told in watch.told()}
    assert not names & {"link.xlsx", "folder.xlsx", "book.xlsx", ".hidden.xlsx"}
    for path in watch.inbox.iterdir():
        if path.is_file():
            path.unlink()
    (watch.inbox / "folder.xlsx").rmdir()


def test_a_workbook_that_somebody_has_open_waits_until_it_is_closed(
    watch: Watch, content: bytes
) -> None:
    mark = watch.inbox / "~$open.xlsx"
    mark.write_bytes(b"me")
    (watch.inbox / "open.xlsx").write_bytes(content)
    wait_for(lambda: "open.xlsx is open in Excel" in watch.said())
    assert (watch.inbox / "open.xlsx").exists()
    mark.unlink()
    assert watch.ended("open.xlsx")["open.xlsx"]["what"] == "done"


def test_what_is_no_workbook_is_rejected_with_words(watch: Watch) -> None:
    (watch.inbox / "report.pdf").write_bytes(b"%PDF-1.7\nsomething\n")
    told = watch.ended("report.pdf")["report.pdf"]
    assert told["what"] == "rejected"
    assert "is a PDF file and no workbook" in told["sentence"]
    place = watch.inbox / "rejected" / "report.pdf"
    assert told["kept"] == str(place)
    assert place.with_name("report.pdf.why.txt").read_text() == f"{told['sentence']}\n"
    assert not watch.left()


def test_a_table_whose_last_line_does_not_end_is_taken_all_the_same(watch: Watch) -> None:
    rows = [
        HEADER,
        ["PO-open-line", "1005544332", "NEW", "65310542CA04A12", "0", "USD"],
    ]
    with (watch.inbox / "table.csv").open("w", newline="") as file:
        csv.writer(file).writerows(rows)
        file.seek(file.tell() - 2)
        file.truncate()
    dropped = time.monotonic()
    assert watch.ended("table.csv")["table.csv"]["what"] == "attention"
    assert time.monotonic() - dropped > 8


def test_the_same_bytes_under_two_names_are_ordered_once(watch: Watch, content: bytes) -> None:
    (watch.inbox / "first.xlsx").write_bytes(content)
    (watch.inbox / "second.xlsx").write_bytes(content)
    watch.ended("first.xlsx", "second.xlsx")
    ids = {
        row["Order ID"]
        for name in ("first.xlsx", "second.xlsx")
        for row in answers_in(watch.reconciled(name)).values()
    }
    assert len(ids) == 1


def test_two_workbooks_of_one_name_are_two(watch: Watch, tmp_path: Path) -> None:
    contents = [orders(tmp_path / "a.xlsx", f"PO-name-{number}") for number in range(2)]
    for content in contents:
        (watch.inbox / "monthly.xlsx").write_bytes(content)
        wait_for(lambda: not (watch.inbox / "monthly.xlsx").exists())
    wait_for(lambda: sum(t["workbook"] == "monthly.xlsx" for t in watch.told()) == 2)
    outputs = {t["output"] for t in watch.told() if t["workbook"] == "monthly.xlsx"}
    assert len(outputs) == 2
    assert watch.archived().count("monthly.xlsx") == 2


def test_its_heart_beats(watch: Watch) -> None:
    heartbeat = read_heartbeat(watch.bench.state)
    assert heartbeat is not None
    assert heartbeat.inbox == str(watch.inbox)
    assert not is_stale(heartbeat)
    wait_for(lambda: read_heartbeat(watch.bench.state) != heartbeat)


# --- what ends watchers, and what does not ---


def test_it_does_not_start_without_an_environment(bench: Bench) -> None:
    ran = bench.run("watch")
    assert ran.code == 3
    assert "ORDERDROP_ENVIRONMENT" in ran.err
    assert not (bench.folder / "inbox").exists()


def test_production_as_a_flag_alone_is_no_consent(bench: Bench) -> None:
    credentials = {"ORDERDROP_CLIENT_ID": "a", "ORDERDROP_CLIENT_SECRET": "b"}
    ran = bench.run("watch", "--environment", "production", **credentials)
    assert ran.code == 2
    assert "--yes" in ran.err


def test_it_ends_well_when_it_is_told_to(bench: Bench) -> None:
    with watching(bench) as watch:
        watch.process.send_signal(signal.SIGTERM)
        assert watch.process.wait(30) == 0
        assert "Stopped." in watch.said()
    assert read_heartbeat(bench.state) is None


@pytest.fixture
def slow(bench: Bench, tmp_path: Path) -> Iterator[tuple[dict[str, str], Any]]:
    """A marketplace that takes its time, and the settings that lead to it."""
    with marketplace("--state", tmp_path / "book.sqlite", "--latency", "0.7") as book:
        yield (
            {
                "ORDERDROP_ENVIRONMENT": "sandbox",
                "ORDERDROP_MARKETPLACE_URL": book.url,
                "ORDERDROP_CLIENT_ID": "practice",
                "ORDERDROP_CLIENT_SECRET": "practice-secret",
                "ORDERDROP_PATIENCE": "0.01",
            },
            book,
        )


def ours(book: Any, reference: str) -> list[dict[str, Any]]:
    return [o for o in book.orders() if o["externalReferenceId"] == reference]


def test_told_to_end_in_the_middle_of_a_run_it_brings_it_to_its_end(
    bench: Bench, slow: tuple[dict[str, str], Any], tmp_path: Path
) -> None:
    settings, book = slow
    with watching(bench, **settings) as watch:
        (watch.inbox / "orders.xlsx").write_bytes(orders(tmp_path / "a.xlsx", "PO-ended"))
        wait_for(lambda: "Taking orders.xlsx" in watch.said())
        time.sleep(0.5)
        watch.process.send_signal(signal.SIGTERM)
        assert watch.process.wait(40) == 0
        assert [told["what"] for told in watch.told()] == ["done"]
    assert watch.archived() == ["orders.xlsx"]
    assert len(ours(book, "PO-ended")) == 1


@pytest.mark.parametrize("after", [0.1, 1.0, 2.5])
def test_killed_in_the_middle_of_a_run_the_next_one_orders_once(
    bench: Bench,
    slow: tuple[dict[str, str], Any],
    after: float,
    tmp_path: Path,
    prefect_api: str,
) -> None:
    settings, book = slow
    content = orders(tmp_path / "source.xlsx", "PO-killed")
    with watching(bench, **settings) as watch:
        (watch.inbox / "orders.xlsx").write_bytes(content)
        wait_for(lambda: "Taking orders.xlsx" in watch.said())
        time.sleep(after)
        watch.process.kill()
        watch.process.wait()
    assert len(watch.left()) == 1
    with watching(bench, **settings) as watch:
        assert watch.ended("orders.xlsx")["orders.xlsx"]["what"] == "done"
        assert not watch.left()
    assert watch.archived() == ["orders.xlsx"]
    assert len(ours(book, "PO-killed")) == 1
    # The run that was cut off, if Prefect had heard of it, is not shown as running for ever.
    found = httpx.post(f"{prefect_api}/flow_runs/filter", json={}).json()
    runs = [run for run in found if str(bench.folder) in run["parameters"].get("workbook", "")]
    states = sorted(run["state"]["type"] for run in runs)
    assert states in (["COMPLETED"], ["COMPLETED", "CRASHED"])


def test_two_watchers_on_one_folder_share_the_work(bench: Bench, tmp_path: Path) -> None:
    names = [f"orders-{number}.xlsx" for number in range(8)]
    contents = [orders(tmp_path / "a.xlsx", f"PO-two-{number}") for number in range(8)]
    with watching(bench) as first, watching(bench) as second:
        for name, content in zip(names, contents, strict=True):
            (first.inbox / name).write_bytes(content)
        first.ended(*names)
        assert first.archived() == names
        assert not second.left()
    # A busy Prefect server may have let one wait for a moment.
    ended = [told for told in first.told() if _has_ended(told)]
    assert sorted(told["workbook"] for told in ended) == names
    assert {told["what"] for told in ended} == {"done"}


def test_a_marketplace_that_is_away_rejects_nothing(
    bench: Bench, content: bytes, tmp_path: Path
) -> None:
    state = tmp_path / "book.sqlite"
    with marketplace("--state", state) as book:
        port = book.url.rpartition(":")[2]
    settings = {
        "ORDERDROP_ENVIRONMENT": "sandbox",
        "ORDERDROP_MARKETPLACE_URL": f"http://127.0.0.1:{port}",
        "ORDERDROP_CLIENT_ID": "practice",
        "ORDERDROP_CLIENT_SECRET": "practice-secret",
        "ORDERDROP_PATIENCE": "0.01",
    }
    with watching(bench, **settings) as watch:
        for name in ("a.xlsx", "b.xlsx"):
            (watch.inbox / name).write_bytes(content)
        wait_for(lambda: any(told["what"] == "waiting" for told in watch.told()))
        time.sleep(7)
        assert sum(told["what"] == "waiting" for told in watch.told()) == 1
        assert not list((watch.inbox / "rejected").iterdir())
        with marketplace("--state", state, "--port", port):
            ended = watch.ended("a.xlsx", "b.xlsx")
    assert {told["what"] for told in ended.values()} == {"done"}


def test_a_prefect_server_that_is_killed_is_started_again(
    bench: Bench, slow: tuple[dict[str, str], Any], tmp_path: Path
) -> None:
    settings, book = slow
    content = orders(tmp_path / "source.xlsx", "PO-prefect")
    alone = Bench(
        bench.folder, {k: v for k, v in bench.environment.items() if k != "PREFECT_API_URL"}
    )
    with watching(alone, **settings) as watch:
        server = json.loads((bench.state / "prefect" / "server.json").read_text())
        (watch.inbox / "orders.xlsx").write_bytes(content)
        wait_for(lambda: "Taking orders.xlsx" in watch.said())
        time.sleep(1)
        for process in _children_of(server["keeper"]):
            os.kill(process, signal.SIGKILL)
        assert watch.ended("orders.xlsx")["orders.xlsx"]["what"] == "done"
        (watch.inbox / "later.xlsx").write_bytes(content)
        assert watch.ended("later.xlsx")["later.xlsx"]["what"] == "done"
        state = json.loads((bench.state / "prefect" / "server.json").read_text())
        assert state["url"] == server["url"]
    assert len(ours(book, "PO-prefect")) == 1


def test_a_practice_marketplace_that_is_killed_is_started_again(
    bench: Bench, tmp_path: Path
) -> None:
    contents = [orders(tmp_path / "a.xlsx", f"PO-practice-{number}") for number in range(6)]
    with watching(bench) as watch:
        server = json.loads((bench.state / "practice" / "server.json").read_text())
        names = [f"orders-{number}.xlsx" for number in range(len(contents))]
        for name, content in zip(names, contents, strict=True):
            (watch.inbox / name).write_bytes(content)
        wait_for(lambda: "Taking orders-" in watch.said())
        for process in _children_of(server["keeper"]):
            os.kill(process, signal.SIGKILL)
        ended = watch.ended(*names)
    assert {told["what"] for told in ended.values()} == {"done"}
    with answered_book(bench) as book:
        for number in range(len(contents)):
            assert len(ours(book, f"PO-practice-{number}")) == 1


def _children_of(process: int) -> list[int]:
    found = subprocess.run(["pgrep", "-P", str(process)], capture_output=True, check=False)
    children = [int(word) for word in found.stdout.split()]
    return [*children, *(below for child in children for below in _children_of(child))]
