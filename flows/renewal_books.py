"""Renewal books as files: where they lie, what they want, and which of them disagree."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from flows.settings import Settings
from flows.workbook.parts import read_bytes
from flows.workbook.renewal_book import read_renewal_book
from schemas.faults import Fault, Stop
from schemas.order_sheet import SheetLimits
from schemas.renewal_book import book_rows, check_renewal_rows
from schemas.renewals import BookRow, Wish, wishes_key

_ENDINGS = frozenset({".xlsx", ".xlsm", ".csv"})


class NoRenewalBook(Stop):
    """There is nothing that says what is to be renewed."""

    exit_code = 2


@dataclass(frozen=True, slots=True)
class RenewalBook:
    """A renewal book that was read.

    `rows` hold the rows with a mistake as well, as far as they say whom they speak of; their
    numbers are in `faulty`, and nothing is ordered for them. `key` is the same for two books that
    want the same.
    """

    path: Path
    content: bytes
    rows: tuple[BookRow, ...]
    faulty: frozenset[int]
    faults: tuple[Fault, ...]
    key: str

    @property
    def name(self) -> str:
        """The file's name."""
        return self.path.name


def books_of(settings: Settings, workbook: Path | None) -> list[Path]:
    """The renewal books: the one that is named, else those that the settings name.

    Raises NoRenewalBook when there is none.
    """
    place = workbook or settings.renewals
    if not place.is_dir():
        if workbook is None and not place.exists():
            raise NoRenewalBook(
                f"There is no renewal book: put a workbook into {place}, or name one. Nothing was "
                "ordered."
            )
        return [place]
    found = sorted(
        path
        for path in place.iterdir()
        if path.suffix.lower() in _ENDINGS and not path.name.startswith((".", "~$"))
    )
    if not found:
        raise NoRenewalBook(
            f"There is no renewal book in {place}: put a workbook there, or name one. Nothing was "
            "ordered."
        )
    return found


def read_book(path: Path, settings: Settings) -> RenewalBook:
    """Read and check a renewal book; nobody is called. Raises WorkbookError."""
    content = read_bytes(path)
    read = read_renewal_book(content, path.name)
    unknown = {(fault.row, fault.column) for fault in read.faults}
    found = check_renewal_rows(read.frame, read.layout, SheetLimits(settings.max_quantity))
    told = [fault for fault in found if (fault.row, fault.column) not in unknown]
    faults = tuple(sorted((*read.faults, *told), key=lambda fault: (fault.row, fault.column)))
    faulty = frozenset(fault.row for fault in faults)
    good = book_rows(read.frame, faulty)
    bad_ids = {
        fault.row
        for fault in faults
        if fault.column in ("customerId", "subscriptionId") and fault.code != "ROW_TWICE"
    }
    bad = [
        BookRow(int(cells["row"]), cells["customerId"], cells["subscriptionId"], Wish.ASK)
        for cells in read.frame.to_dict("records")
        if cells["row"] in faulty - bad_ids and cells["customerId"]
    ]
    rows = tuple(sorted((*good, *bad), key=lambda row: row.row))
    return RenewalBook(path, content, rows, faulty, faults, wishes_key(good))


def spoken_of_elsewhere(
    book: RenewalBook, others: Sequence[RenewalBook]
) -> Mapping[tuple[str, str], str]:
    """What other books speak of: (customer, subscription or "") to the other book's name."""
    places: dict[tuple[str, str], str] = {}
    for other in others:
        if other.path != book.path:
            places.update((_place(row), other.name) for row in _good(other))
    return places


def _good(book: RenewalBook) -> Iterable[BookRow]:
    return (row for row in book.rows if row.row not in book.faulty)


def _place(row: BookRow) -> tuple[str, str]:
    return row.customer_id, row.subscription_id
