"""The header row of an order sheet, found by the names in it wherever it stands."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from flows.workbook.cell_values import legible
from flows.workbook.errors import AmbiguousOrderSheet
from schemas.columns import claim_of
from schemas.sheet_layout import column_letters

ENOUGH: Final = 3
"""Order columns that make a row the header."""

_NAMING: Final = ("externalReferenceId", "customerId", "offerId")
"""At least one of these is among them."""


@dataclass(frozen=True, slots=True)
class Header:
    """A header row: where each order column stands (from 1) and how the user wrote it."""

    row: int
    columns: dict[str, int]
    titles: dict[str, str]

    def with_column(self, column: str, place: int, title: str) -> Header:
        """The same with one column more."""
        return Header(self.row, {**self.columns, column: place}, {**self.titles, column: title})


def find_header(
    top: Mapping[int, Mapping[int, str]],
    sheet: str,
    not_theirs: Collection[int],
    own_headers: Mapping[str, str],
) -> Header | None:
    """The first row that names enough order columns, in the texts of a sheet's first rows.

    Columns `not_theirs` are ours and name nothing. Raises AmbiguousOrderSheet.
    """
    for number, texts in sorted(top.items()):
        header = _header(texts, number, sheet, not_theirs, own_headers)
        if header:
            return header
    return None


def _header(
    texts: Mapping[int, str],
    number: int,
    sheet: str,
    not_theirs: Collection[int],
    own_headers: Mapping[str, str],
) -> Header | None:
    """The header if this row is one. The API's own name outranks another spelling."""
    claims: dict[str, list[tuple[int, int, str]]] = {}
    for place, text in texts.items():
        title = legible(" ".join(text.split()))
        claim = claim_of(title, own_headers) if place not in not_theirs else None
        if claim:
            claims.setdefault(claim.column, []).append((claim.rank, place, title))
    if len(claims) < ENOUGH or not any(column in claims for column in _NAMING):
        return None
    columns: dict[str, int] = {}
    titles: dict[str, str] = {}
    for column, claimants in claims.items():
        claimants.sort()
        best = [claimant for claimant in claimants if claimant[0] == claimants[0][0]]
        if len(best) > 1:
            cells = " and ".join(f"{column_letters(p)}{number} ({t})" for _, p, t in best)
            raise AmbiguousOrderSheet(
                f"On the sheet {sheet}, two headers both mean {column}: {cells}. Rename the one "
                "that does not."
            )
        columns[column], titles[column] = best[0][1], best[0][2]
    return Header(number, columns, titles)
