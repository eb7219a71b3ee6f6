"""Each sample workbook, submitted, ends as the README beside it says."""

from __future__ import annotations

import re

import pytest

from tests.command.conftest import SAMPLES, Bench
from tests.command.test_submit import answers_in

ENDS = {
    "clean-orders": {"PO-": "Ordered"},
    "order-types": {
        "OT-101": "Ordered",
        "MTH-2210-R1": "Returned",
        "MTH-2188-R1": "Refused by Adobe",
        "OT-PV-1": "Priced",
        "OT-PV-2": "Priced",
        "OT-PV-3": "Refused by Adobe",
        "OT-102": "Refused by Adobe",
        "OT-103": "Accepted, failed later",
        "OT-104": "Refused by Adobe",
        "OT-105": "Refused by Adobe",
    },
    "renewals": {
        "REN-301": "Renewed",
        "REN-302": "Renewed",
        "REN-303": "Renewed",
        "REN-304": "Renewed",
        "REN-305": "Renewed",
        "REN-306": "Refused by Adobe",
        "REN-307": "Refused by Adobe",
        "REN-308": "Refused by Adobe",
        "REN-PV-1": "Priced, discount not applied",
        "REN-PV-2": "Priced",
    },
    "upgrades": {
        "UPG-401": "Upgraded",
        "UPG-402": "Refused by Adobe",
        "UPG-403": "Refused by Adobe",
        "UPG-404": "Refused by Adobe",
        "UPG-405": "Upgraded",
        "UPG-2240-X": "Reverted",
        "UPG-2197-X": "Refused by Adobe",
        "UPG-PV-1": "Priced",
    },
    "with-mistakes": {"PO-GOOD-": "Ordered", "PO-BAD-": "Held", "": "Held"},
}
"""The Result of each order, by the beginning of its reference."""

AMOUNTS = "USD=25000,EUR=25000"
"""What holds unless the settings say otherwise: prices are asked first."""


@pytest.mark.parametrize("sample", sorted(ENDS))
def test_a_sample_ends_as_its_readme_says(bench: Bench, sample: str) -> None:
    ran = bench.run("submit", SAMPLES / f"{sample}.xlsx", "--json", ORDERDROP_APPROVE_ABOVE=AMOUNTS)
    assert ran.code in {0, 4}, ran.err
    for row in answers_in(bench.folder / ran.figures["output"]).values():
        reference = str(
            row.get("PO number")
            or row.get("Order reference")
            or row.get("externalReferenceId")
            or ""
        )
        if not reference and row["Result"] is None:
            continue  # a total below the orders
        beginnings = [b for b in ENDS[sample] if reference.startswith(b)]
        expected = ENDS[sample][max(beginnings, key=len)]
        assert row["Result"] == f"Practice: {expected}", (reference, row["What happened"])
        if expected not in {"Ordered", "Returned", "Renewed", "Upgraded", "Reverted"}:
            assert row["What to do"], reference


def test_the_readme_tells_of_every_sample_and_every_order_in_it() -> None:
    told = (SAMPLES / "README.md").read_text(encoding="utf-8")
    samples = {path.stem for path in SAMPLES.glob("*.xlsx")}
    assert samples == {*ENDS, "renewal-book"}  # the renewal book has tests of its own
    assert "`renewal-book.xlsx`" in told
    for sample, ends in ENDS.items():
        assert f"`{sample}.xlsx`" in told
        for reference in ends:
            if not reference.endswith("-") and reference:
                assert re.search(rf"\b{reference}\b", told), reference
