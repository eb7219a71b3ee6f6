"""What the end of a file says, for files cut off at every place."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.inbox.ends import End, end_of

ROOT = Path(__file__).parents[2]
XLSX = ROOT / "sample_data" / "clean-orders.xlsx"
XLS = ROOT / "tests" / "workbook" / "files" / "again.xls"


@pytest.fixture
def written(tmp_path: Path) -> Path:
    return tmp_path / "file"


@pytest.mark.parametrize("path", [XLSX, XLS])
def test_a_workbook_is_whole(path: Path) -> None:
    assert end_of(path) is End.WHOLE


@pytest.mark.parametrize("path", [XLSX, XLS])
def test_a_workbook_cut_off_anywhere_is_not(path: Path, written: Path) -> None:
    content = path.read_bytes()
    for share in range(1, 20):
        written.write_bytes(content[: len(content) * share // 20])
        assert end_of(written) is End.MISSING, share
    written.write_bytes(content[:-600])
    assert end_of(written) is End.MISSING


@pytest.mark.parametrize("path", [XLSX, XLS])
def test_a_workbook_whose_size_came_before_its_bytes_is_not(path: Path, written: Path) -> None:
    content = path.read_bytes()
    written.write_bytes(content[:2000] + bytes(len(content) - 2000))
    assert end_of(written) is End.MISSING


def test_a_zip_whose_directory_came_before_its_middle_is_not(written: Path) -> None:
    content = XLSX.read_bytes()
    directory = content.index(b"PK\x01\x02")
    middle = content.index(b"PK\x03\x04", 100)
    written.write_bytes(content[:middle] + bytes(directory - middle) + content[directory:])
    assert end_of(written) is End.MISSING


@pytest.mark.parametrize(
    ("content", "end"),
    [
        (b"", End.EMPTY),
        (b"a;b\n1;2\n", End.LINE_ENDED),
        (b"a;b\r\n1;2\r\n", End.LINE_ENDED),
        (b"a;b\r1;2\r", End.LINE_ENDED),
        ("a;b\n1;2\n".encode("utf-16"), End.LINE_ENDED),
        ("a;b\n1;2\n".encode("utf-16-be"), End.LINE_ENDED),
        (b"a;b\n1;2", End.LINE_OPEN),
        ("a;b\n1;2".encode("utf-16"), End.LINE_OPEN),
        (b"x", End.LINE_OPEN),
        (b"PK\x03\x04", End.MISSING),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", End.MISSING),
    ],
)
def test_text_ends_with_its_last_line(content: bytes, end: End, written: Path) -> None:
    written.write_bytes(content)
    assert end_of(written) is end
