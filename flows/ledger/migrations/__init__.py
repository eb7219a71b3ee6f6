"""The ledger's schema through time, by Alembic: one module of `versions` for each step."""
