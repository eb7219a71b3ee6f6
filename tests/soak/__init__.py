"""Weeks of a watched folder in minutes: `python -m tests.soak` drops, kills and compares."""
