"""Which renewal books a night goes through."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from flows.renew_subscriptions import Renewals, told, which_can_be_read
from flows.settings import Settings
from schemas.faults import Stop

SAMPLE = Path(__file__).parents[1] / "sample_data/renewal-book.xlsx"


def test_a_book_that_cannot_be_read_keeps_no_other_from_its_night(tmp_path: Path) -> None:
    settings = Settings(environment="practice", renewals=tmp_path)
    (tmp_path / "broken.xlsx").write_bytes(b"PK\x03\x04 cut off")
    with pytest.raises(Stop, match=r"broken\.xlsx"):
        which_can_be_read(settings, None)
    shutil.copy(SAMPLE, tmp_path / "sound.xlsx")
    books, unreadable = which_can_be_read(settings, None)
    assert [book.name for book in books] == ["sound.xlsx"]
    (why,) = unreadable
    assert why.startswith("broken.xlsx ")
    result = Renewals((), unreadable)
    assert result.exit_code == 4
    assert "broken.xlsx" in told(result)
