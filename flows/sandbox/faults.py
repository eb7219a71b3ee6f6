"""Faults on demand: which call is hit by what (reference, sections 4.5 and 5).

A specification is a list such as `slow=0.05,executed-504@7,get:429=0.1`: a share of all order
POSTs, the seventh order POST, a share of all GETs. The same seed hits the same calls.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal


class Fault(StrEnum):
    """What can go wrong with a call."""

    CLOSED_BEFORE = "closed-before"
    CLOSED_AFTER = "closed-after"
    EXECUTED_504 = "executed-504"
    UNEXECUTED_504 = "unexecuted-504"
    EXECUTED_500 = "executed-500"
    EXECUTED_500_1124 = "executed-500-1124"
    UNEXECUTED_500 = "unexecuted-500"
    UNEXECUTED_500_1124 = "unexecuted-500-1124"
    BAD_GATEWAY = "502"
    UNAVAILABLE = "503"
    GATEWAY_TIMEOUT_PAGE = "504"
    TOO_MANY = "429"
    TOO_MANY_RETRY_AFTER = "429-retry-after"
    TOO_MANY_GATEWAY = "429-gateway"
    SLOW = "slow"
    CUT_BODY = "cut-body"
    UNAUTHORIZED = "401"
    KEY_MISSING = "403-key-missing"
    KEY_UNKNOWN = "403-key-unknown"
    NOT_JSON = "not-json"


Target = Literal["order", "get"]

_OTHER_NAMES = {"timeout": Fault.SLOW}
_ITEM = re.compile(r"(?P<get>get:)?(?P<name>[a-z0-9-]+)(=(?P<share>[0-9.]+)|@(?P<number>\d+))")


class FaultSpecError(ValueError):
    """The specification cannot be read; the text says which part."""


@dataclass(frozen=True, slots=True)
class Aim:
    """The faults of one kind of call: by share and by call number, counted from 1."""

    shares: Mapping[Fault, float] = field(default_factory=dict)
    numbers: Mapping[int, Fault] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FaultPlan:
    """A specification, read."""

    spec: str
    aims: Mapping[Target, Aim]


def read_faults(spec: str) -> FaultPlan:
    """The plan of a specification; an empty one means no faults."""
    shares: dict[Target, dict[Fault, float]] = {"order": {}, "get": {}}
    numbers: dict[Target, dict[int, Fault]] = {"order": {}, "get": {}}
    for item in filter(None, (part.strip() for part in spec.split(","))):
        match = _ITEM.fullmatch(item)
        if match is None:
            raise FaultSpecError(f"{item!r} is neither NAME=SHARE nor NAME@NUMBER.")
        target: Target = "get" if match["get"] else "order"
        fault = _fault(match["name"])
        if match["number"]:
            numbers[target][int(match["number"])] = fault
        else:
            shares[target][fault] = _share(item, match["share"])
    for target, by_fault in shares.items():
        if sum(by_fault.values()) > 1:
            raise FaultSpecError(f"The shares of {target} faults add up to more than 1.")
    return FaultPlan(
        spec,
        {
            "order": Aim(shares["order"], numbers["order"]),
            "get": Aim(shares["get"], numbers["get"]),
        },
    )


def _fault(name: str) -> Fault:
    try:
        return _OTHER_NAMES.get(name) or Fault(name)
    except ValueError:
        known = ", ".join(sorted([*Fault, *_OTHER_NAMES]))
        raise FaultSpecError(f"{name!r} is no fault; known are: {known}.") from None


def _share(item: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise FaultSpecError(f"{item!r} has no share between 0 and 1.") from None


class FaultInjector:
    """Says for each call which fault hits it; counts order POSTs and GETs apart."""

    def __init__(self, plan: FaultPlan, seed: int | None) -> None:
        self.plan = plan
        self.seed = seed
        self._chances: dict[Target, random.Random] = {
            "order": random.Random(seed),  # noqa: S311  # reproducible, not secret
            "get": random.Random(seed),  # noqa: S311
        }
        self.counted: dict[Target, int] = {"order": 0, "get": 0}

    def draw(self, target: Target) -> Fault | None:
        """The fault of the next call of this kind, if any."""
        aim = self.plan.aims[target]
        self.counted[target] += 1
        chance = self._chances[target].random()
        by_number = aim.numbers.get(self.counted[target])
        if by_number:
            return by_number
        for fault, share in aim.shares.items():
            if chance < share:
                return fault
            chance -= share
        return None
