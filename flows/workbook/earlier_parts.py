"""What hangs on a sheet of ours that is written anew: its drawing, its chart, what Excel added."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable

from flows.workbook.archive import Archive
from flows.workbook.relations import Dialect, Relations


def belongings(archive: Archive, part: str, dialect: Dialect) -> list[str]:
    """The parts that only `part` leads to, and the relations of them and of `part`; lower case.

    A picture that a sheet of the user's shows too stays, and so does all that it leads to.
    """
    sheet = part.lower()
    mine = _reached(archive, [sheet], dialect) - {sheet}
    owners = {_owner(path) for path in archive.names if path.endswith(".rels")}
    elsewhere = {
        target
        for owner in owners - mine - {sheet}
        for target in _targets(archive, owner, dialect)
        if target in mine
    }
    gone = sorted(mine - _reached(archive, elsewhere, dialect))
    relations = [Relations(archive, name, dialect).path for name in (sheet, *gone)]
    return [*gone, *(path for path in relations if path in archive)]


def _reached(archive: Archive, parts: Iterable[str], dialect: Dialect) -> set[str]:
    """Some parts and all that they lead to, however far."""
    found = set(parts)
    waiting = sorted(found)
    while waiting:
        for target in _targets(archive, waiting.pop(), dialect):
            if target not in found:
                found.add(target)
                waiting.append(target)
    return found


def _targets(archive: Archive, part: str, dialect: Dialect) -> list[str]:
    targets = (target.lower() for target in Relations(archive, part, dialect).parts())
    return [target for target in targets if target in archive]


def _owner(path: str) -> str:
    """The part whose relations a part holds: xl/a.xml for xl/_rels/a.xml.rels."""
    folder, name = posixpath.split(path)
    return posixpath.join(posixpath.dirname(folder), name.removesuffix(".rels"))
