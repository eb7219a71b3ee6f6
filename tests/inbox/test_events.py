"""Where the file system tells of changes."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.inbox.events import tells_of_changes

MOUNTS = """\
/dev/sda1 / ext4 rw 0 0
//server/share /srv/share cifs rw 0 0
server:/home /srv/share/local\\040disk xfs rw 0 0
server:/x /mnt/nfs nfs4 rw 0 0
me@server: /mnt/ssh fuse.sshfs rw 0 0
"""


@pytest.mark.parametrize(
    ("folder", "tells"),
    [
        ("/home/me/inbox", True),
        ("/srv/share/inbox", False),
        ("/srv/shared", True),
        ("/srv/share/local disk/inbox", True),
        ("/mnt/nfs", False),
        ("/mnt/ssh/inbox", False),
    ],
)
def test_shares_tell_nothing(tmp_path: Path, folder: str, tells: bool) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(MOUNTS)
    assert tells_of_changes(Path(folder), mounts) is tells


def test_without_a_list_of_mounts_it_is_tried(tmp_path: Path) -> None:
    assert tells_of_changes(tmp_path, tmp_path / "none")
