"""The terms of a torture: how fast time runs, and which faults rage. Unsound ones are refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from flows.marketplace.exchange import connect_seconds
from flows.sandbox.faults import Fault
from flows.settings import PRACTICE_CLIENT_ID, PRACTICE_CLIENT_SECRET

_ENDS_THE_RUN: Final = frozenset({Fault.UNAUTHORIZED, Fault.KEY_MISSING, Fault.KEY_UNKNOWN})

_SETTLES_AFTER: Final = 3.0
"""How many calls at their longest must fit into the settle time (in the protocol: thirteen)."""


class UnsoundTerms(ValueError):
    """What would go wrong under these terms would be the terms' fault."""


@dataclass(frozen=True, slots=True)
class Terms:
    """Seconds of the marketplace and of the runs; `settle` is scaled by `patience`.

    An order that was sent must be executed, or never be, long before the settle time is over:
    else an intent that was retired could still be executing, and the order would come twice by
    the law itself.
    """

    patience: float = 0.003
    settle: float = 1500.0
    read_seconds: float = 0.5
    latency: float = 0.02
    slow_seconds: float = 0.8
    finish_after: float = 0.2

    def __post_init__(self) -> None:
        longest = max(self.call_seconds, self.latency + self.slow_seconds)
        if self.settles_after < _SETTLES_AFTER * longest:
            raise UnsoundTerms(
                f"An order would be given up for lost {self.settles_after:.1f} s after its send, "
                f"but a call may take {longest:.1f} s."
            )
        if self.slow_seconds <= self.read_seconds:
            raise UnsoundTerms("A slow answer must be slower than a run waits for one.")
        if self.latency >= self.read_seconds / 2:
            raise UnsoundTerms("Hardly any call would be answered in time.")

    @property
    def call_seconds(self) -> float:
        """The longest that a call can take."""
        return self.read_seconds + connect_seconds(self.read_seconds)

    @property
    def settles_after(self) -> float:
        """Real seconds after which an order that is not found was not placed."""
        return self.settle * self.patience

    def environment(self, url: str, folder: Path) -> dict[str, str]:
        """The settings of a run, in the environment."""
        return {
            "ORDERDROP_MARKETPLACE_URL": url,
            "ORDERDROP_CLIENT_ID": PRACTICE_CLIENT_ID,
            "ORDERDROP_CLIENT_SECRET": PRACTICE_CLIENT_SECRET,
            "ORDERDROP_STATE_DIR": str(folder / "state"),
            "ORDERDROP_OUTPUT": str(folder / "output"),
            # An order without a price waits for a person; here every order is to go its way.
            "ORDERDROP_APPROVE_ABOVE": "none",
            "ORDERDROP_PATIENCE": str(self.patience),
            "ORDERDROP_SETTLE": str(self.settle),
            "ORDERDROP_READ_SECONDS": str(self.read_seconds),
        }


def mix(share: float, ending: float, **others: float) -> str:
    """A specification that hits this share of order calls and of reads with each kind of fault.

    `ending` is the share of each fault after which a run rightly stops (key and token);
    `others` change the share of single kinds of order calls, by name with `_` for `-`.
    """
    named: Mapping[str, float] = {name.replace("_", "-"): by for name, by in others.items()}
    return ",".join(
        f"{target}{fault}={_share(fault, target, share, ending, named):g}"
        for target in ("", "get:")
        for fault in Fault
    )


def _share(
    fault: Fault, target: str, share: float, ending: float, named: Mapping[str, float]
) -> float:
    if not target and fault in named:
        return named[fault]
    return ending if fault in _ENDS_THE_RUN else share
