"""Which subscriptions are due, and what is decided for each: rules, no I/O of their own.

The day is the vendor's: his renewals run after midnight UTC, so days here are UTC days; only
`nights` speaks of local ones.
"""
