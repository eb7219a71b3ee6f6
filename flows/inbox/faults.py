"""What ends a watch before it begins, as sentences."""

from __future__ import annotations

from schemas.faults import Stop


class InboxFault(Stop):
    """The inbox cannot be used as it is (exit code 3)."""
