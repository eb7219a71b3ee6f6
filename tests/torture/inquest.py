"""When the killing is over: let everything end well, then compare the three books."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from flows.ledger import Ledger
from tests.torture import books, reading
from tests.torture.books import Expected, Fate, Finding, Noted, Placed, Wrong
from tests.torture.market import Market
from tests.torture.workbooks import Sheet
from tests.torture.worker import ENDED, Life, Nursery

_SETTLED_WITHIN: Final = 180.0


@dataclass(frozen=True, slots=True)
class Case:
    """What is looked into; `life` has the settings of a run."""

    nursery: Nursery
    market: Market
    life: Life
    sheets: Sequence[Sheet]

    @property
    def expected(self) -> list[Expected]:
        """Every order of every workbook."""
        return [one for sheet in self.sheets for one in sheet.expected]


@dataclass(frozen=True, slots=True)
class Verdict:
    """All that is wrong, and how much was looked at."""

    findings: tuple[Finding, ...]
    strays: tuple[str, ...]
    broken: tuple[str, ...]
    resent: tuple[str, ...]
    orders: int
    rows: int
    calls: int
    replaced: int
    were_in_doubt: int

    @property
    def figures(self) -> dict[str, int]:
        """What must be zero."""
        counted = Counter(finding.wrong for finding in self.findings)
        return {
            **{str(wrong): counted[wrong] for wrong in Wrong},
            "sent again though placed": len(self.resent),
            "workbooks beside the right one": len(self.strays),
            "runs that broke": len(self.broken),
        }

    @property
    def is_clean(self) -> bool:
        """Whether everything is zero."""
        return not any(self.figures.values())


class Reasons:
    """Looks now and then whether what is in doubt is so for a true reason."""

    def __init__(self, market: Market, settings: Mapping[str, str]) -> None:
        self.journal = reading.Journal(market)
        self._settings = settings
        self.findings: list[Finding] = []
        self.in_doubt = 0

    def look(self) -> None:
        """Compare every intent in doubt with the marketplace's journal."""
        ledger = noted(self._settings)
        self.findings += books.untrue_reasons(ledger, self.journal.read())
        self.in_doubt += sum(intent.state in {"sent", "looking", "stuck"} for intent in ledger)


def inquest(case: Case, folder: Path, broken: Sequence[str], reasons: Reasons) -> Verdict:
    """Follow up until nothing is in doubt, drop every workbook once more, compare."""
    market = case.market
    findings = [*reasons.findings]
    market.rage("")
    went_wrong = [*broken, *_followed_up(case)]
    # An order of the sheets must be there before any of them is dropped once more.
    findings += books.lost(case.expected, _placed(case), frozenset({Fate.PLACED}))
    findings += books.unsettled(_noted(case))
    resent, more = _dropped_once_more(case, reasons.journal)
    went_wrong += [*more, *_followed_up(case)]
    placed, intents = _placed(case), _noted(case)
    rows = reading.rows(folder / "output", (sheet.path.name for sheet in case.sheets))
    findings += [
        *books.placed_twice(case.expected, placed),
        *books.lost(case.expected, placed),
        *books.unlike_the_ledger(placed, intents),
        *books.unsettled(intents),
        *books.wrong_rows(case.expected, placed, rows),
    ]
    return Verdict(
        findings=tuple(dict.fromkeys(findings)),
        strays=tuple(reading.strays(folder / "output")),
        broken=tuple(went_wrong),
        resent=tuple(resent),
        orders=len(placed),
        rows=len(rows),
        calls=len(reasons.journal.read()),
        replaced=sum(intent.state == "retired" for intent in intents),
        were_in_doubt=reasons.in_doubt,
    )


def _dropped_once_more(case: Case, journal: reading.Journal) -> tuple[list[str], list[str]]:
    """Submit each workbook again; what was placed must not be sent again.

    Returns the correlation ids of placed orders that were sent, and the runs that broke.
    """
    known = {i.correlation_id for i in _noted(case) if i.state == "accepted"}
    before = len(journal.read())
    broken = []
    for sheet in case.sheets:
        life = replace(case.life, workbook=str(sheet.path), follows=3.0)
        code = case.nursery.live_out(life)
        if code not in ENDED:
            broken.append(f"{sheet.path.name}: dropped once more, it ended with {code}")
    sent = journal.read()[before:]
    return [call.correlation_id for call in sent if call.correlation_id in known], broken


def _followed_up(case: Case) -> list[str]:
    """Follow up until everything is settled; the runs that broke."""
    ends = time.monotonic() + _SETTLED_WITHIN
    while time.monotonic() < ends:
        code = case.nursery.live_out(replace(case.life, workbook=""))
        if code not in ENDED:
            return [f"following up ended with {code}"]
        if not any(books.unsettled(_noted(case))) and not _open(case):
            return []
        time.sleep(0.5)
    return []


def _open(case: Case) -> bool:
    return any(order.status == "1002" for order in _placed(case))


def _placed(case: Case) -> list[Placed]:
    return reading.placed(case.market.orders())


def _noted(case: Case) -> list[Noted]:
    return noted(case.life.environment)


def noted(settings: Mapping[str, str]) -> list[Noted]:
    """Every intent of the ledger that a run with these settings has."""
    state = Path(settings["ORDERDROP_STATE_DIR"])
    url = settings.get("ORDERDROP_LEDGER_URL")
    ledger = Ledger(url, state / "workbooks") if url else Ledger.in_folder(state)
    try:
        return reading.noted(ledger)
    finally:
        ledger.close()
