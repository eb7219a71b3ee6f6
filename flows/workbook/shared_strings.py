"""The texts that cells share, as a person sees them: phonetic readings left out."""

from __future__ import annotations

import re
from typing import Final
from zipfile import ZipFile

from flows.workbook.cells import cell_text
from flows.workbook.errors import NotAWorkbook
from flows.workbook.xml_parts import BROKEN, PIECE, damaged, local, new_parser

LARGEST: Final = 512 << 20
"""Bytes of shared texts; a full sheet with five texts of its own on every row needs half of it."""

_SIMPLE: Final = re.compile(rb"<si><t(?: xml:space=\"preserve\")?(?:/>|>([^<]*)</t>)</si>")
_ENTITY: Final = re.compile(r"&(?:#([0-9]+)|#x([0-9A-Fa-f]+)|(amp|lt|gt|quot|apos));")
_NAMED: Final = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}
_ESCAPED: Final = re.compile(r"_x([0-9A-Fa-f]{4})_")


def plain_text(raw: bytes) -> str:
    """The text that stands between two tags."""
    text = raw.decode()
    if "&" in text:
        text = _ENTITY.sub(_character, text)
    return as_shown(text)


def as_shown(text: str) -> str:
    """Text of a cell with Excel's own escapes (`_x000D_`) undone, without blanks around it."""
    if "_x" in text:
        text = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)
    return cell_text(text)


def _character(found: re.Match[str]) -> str:
    decimal, hexadecimal, name = found.groups()
    if name:
        return _NAMED[name]
    return chr(int(decimal) if decimal else int(hexadecimal, 16))


def shared_strings(package: ZipFile, part: str, name: str) -> list[str]:
    """All shared texts by their number. Raises NotAWorkbook."""
    if part not in package.namelist():
        return []
    if package.getinfo(part).file_size > LARGEST:
        raise NotAWorkbook(
            f"{name} holds more than 512 MB of texts; keep only the orders in it and drop it again."
        )
    try:
        simple = _simple_strings(package, part)
        return _all_strings(package, part) if simple is None else simple
    except (*BROKEN, KeyError):
        raise damaged() from None


def _simple_strings(package: ZipFile, part: str) -> list[str] | None:
    """Where every text is one plain piece, as programs write them; None for all else."""
    found: list[str] = []
    rest = b""
    with package.open(part) as stream:
        while chunk := stream.read(PIECE):
            rest += chunk
            end = rest.rfind(b"</si>") + 5
            if end < 5:
                if len(rest) > 2 * PIECE:
                    return None
                continue
            whole, rest = rest[:end], rest[end:]
            texts = _SIMPLE.findall(whole)
            # `<si`, `<si>`, `<x:si>`: each must be one of the simple ones, and nothing else is.
            if (
                b"<!" in whole
                or len(texts) != whole.count(b"</si>")
                or whole.count(b"<si") != len(texts)
            ):
                return None
            found += [plain_text(text) for text in texts]
    return found if b"si>" not in rest and b"<si" not in rest and b"si/>" not in rest else None


def _all_strings(package: ZipFile, part: str) -> list[str]:
    """Rich texts put together, whatever prefix and order of attributes."""
    found: list[str] = []
    pieces: list[str] = []
    depth = {"t": 0, "rPh": 0}
    parser = new_parser()

    def start(tag: str, _attributes: dict[str, str]) -> None:
        name = local(tag)
        if name == "si":
            pieces.clear()
        elif name in depth:
            depth[name] += 1

    def end(tag: str) -> None:
        name = local(tag)
        if name == "si":
            found.append(as_shown("".join(pieces)))
        elif name in depth:
            depth[name] -= 1

    def text(value: str) -> None:
        if depth["t"] and not depth["rPh"]:
            pieces.append(value)

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text
    with package.open(part) as stream:
        parser.ParseFile(stream)
    return found
