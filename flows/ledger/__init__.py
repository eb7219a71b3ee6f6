"""The durable memory of workbooks, intents, attempts and outcomes. The only user of SQLAlchemy."""

from flows.ledger.book import Ledger
from flows.ledger.faults import KeptElsewhere, KeptFault, LedgerFault

__all__ = ["KeptElsewhere", "KeptFault", "Ledger", "LedgerFault"]
