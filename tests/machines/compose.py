"""The commands and settings of docs/compose.yaml, to be run as they stand there."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

from tests.torture.processes import ROOT

_PROGRAMS: Final = Path(sys.executable).parent


@dataclass(frozen=True, slots=True)
class Service:
    """What one service runs, and its settings; names in `${}` are filled in."""

    command: tuple[str, ...]
    environment: Mapping[str, str]


@cache
def file() -> dict[str, Any]:
    """The whole file."""
    found: dict[str, Any] = yaml.safe_load((ROOT / "docs/compose.yaml").read_text(encoding="utf-8"))
    return found


def service(name: str, values: Mapping[str, str]) -> Service:
    """A service; `values` are those of the variables that the file leaves open."""
    found = file()["services"][name]
    command = found["command"]
    if found["image"] == "orderdrop" and "entrypoint" not in found:
        command = ["orderdrop", *command]  # the image's own
    if (_PROGRAMS / command[0]).exists():
        command = [str(_PROGRAMS / command[0]), *command[1:]]
    environment = {
        setting: re.sub(r"\$\{(\w+)\}", lambda open_: values[open_[1]], value)
        for setting, value in found.get("environment", {}).items()
    }
    return Service(tuple(command), environment)
