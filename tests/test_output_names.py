"""Names of outputs: long ones, and those that are no text."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from flows.outputs import NoText, OutputFault, Terms, check_place, default_output, write_output

NO_MACROS = b""
"""Of any content but a workbook with macros the answers are an .xlsx."""


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("o" * 250 + ".xlsx", "o" * 190),
        ("\u8ba2" * 83 + ".xlsx", "\u8ba2" * 63),
        ("\U0001f4e6" * 62 + ".xlsm", "\U0001f4e6" * 47),
        ("o" * 190 + ".reconciled (12).xlsx", "o" * 190),
    ],
)
def test_a_long_name_is_cut_where_a_sign_ends_and_can_be_written(
    name: str, stem: str, tmp_path: Path
) -> None:
    target = default_output(tmp_path, name, NO_MACROS)
    assert target.name == f"{stem}.reconciled.xlsx"
    places = [write_output(target, content, Terms()) for content in (b"one", b"two")]
    assert [place.read_bytes() for place in places] == [b"one", b"two"]
    assert default_output(tmp_path, places[1].name, NO_MACROS) == target


def test_a_name_as_long_as_the_disk_takes_can_be_written(tmp_path: Path) -> None:
    target = tmp_path / ("o" * 250 + ".xlsx")
    check_place(target, "a.xlsx", NO_MACROS)
    assert write_output(target, b"answers", Terms()).read_bytes() == b"answers"
    old = tmp_path / f".{'o' * 190}.{'0' * 32}.part"
    old.touch()
    os.utime(old, (0, 0))
    ours = Terms(wrote=lambda *_: True)
    assert write_output(target, b"new answers", ours) == target
    assert [path.name for path in tmp_path.iterdir()] == [target.name]
    assert write_output(target, b"others", Terms()).name == "o" * 246 + " (2).xlsx"


def test_a_name_that_the_disk_does_not_take_is_told_before_anything_is_ordered(
    tmp_path: Path,
) -> None:
    target = tmp_path / ("o" * 251 + ".xlsx")
    with pytest.raises(OutputFault) as caught:
        check_place(target, "a.xlsx", NO_MACROS)
    assert str(caught.value) == (
        f"The answers could not be written to {target} (File name too long). Nothing was ordered."
    )


def test_a_name_that_is_no_text_is_told_before_anything_is_ordered(tmp_path: Path) -> None:
    with pytest.raises(NoText) as caught:
        check_place(tmp_path / "out.xlsx", "M\udcfcller.xlsx", NO_MACROS)
    assert str(caught.value) == (
        "The name of M?ller.xlsx holds signs that are no text (they are not UTF-8); rename the "
        "file and drop it again. Nothing was ordered."
    )
    assert caught.value.exit_code == 2
