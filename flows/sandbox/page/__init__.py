"""The page of the embedded marketplace, for a person who would rather look than read logs.

Server-rendered, without scripts: orders, customers, subscriptions, the journal of calls and
the clock, as links from one to the other. It shows what the book holds and changes nothing but
the course of time.
"""

from __future__ import annotations

from flows.sandbox.page.routes import PageError, page_failed, page_routes

__all__ = ["PageError", "page_failed", "page_routes"]
