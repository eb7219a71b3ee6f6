"""What goes wrong with the ledger, in sentences for the person at the terminal.

Stop (schemas.faults)
  LedgerFault     the ledger cannot be opened, read or written: nothing may be ordered
    KeptFault     the kept bytes of one workbook cannot be read: its answers cannot be written
      KeptElsewhere  they are not in this state folder: another computer has them
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from schemas.faults import Stop


class LedgerFault(Stop):
    """The ledger cannot be opened or written; nothing may be ordered (exit code 3)."""


class KeptFault(LedgerFault):
    """The kept bytes of one workbook cannot be read."""


class KeptElsewhere(KeptFault):
    """The kept bytes of a workbook are not in this state folder."""


@contextmanager
def said_plainly(what: str) -> Iterator[None]:
    """Turn what the database raises into a LedgerFault; broken uniqueness is the caller's."""
    try:
        yield
    except IntegrityError:
        raise
    except SQLAlchemyError as error:
        raise fault(what, error) from None


def fault(what: str, error: BaseException) -> LedgerFault:
    """The sentence for a failure of the database."""
    cause = getattr(error, "orig", None) or error
    first_line = str(cause).strip().splitlines()[0] if str(cause).strip() else type(cause).__name__
    return LedgerFault(
        f"Orderdrop's memory (the ledger) cannot be {what}: {first_line.rstrip('.')}. Nothing is "
        "ordered without it; mend the cause and start again."
    )
