"""Rows into orders, orders into intents, intents into outcomes: the rules, no I/O of their own.

A ledger and a marketplace are handed in; `interfaces` says what is asked of them.
"""
