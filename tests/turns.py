"""A pace that keeps nobody waiting, for marketplaces that a test plays itself."""

from __future__ import annotations


class NoTurn:
    """Its moment is now."""

    async def come(self) -> None:
        """At once."""
