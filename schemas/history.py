"""What happened to an intent, one event after the other, for an audit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened, in words; times are UTC. `who` is a person, "" for the program."""

    at: datetime
    what: str
    who: str = ""
