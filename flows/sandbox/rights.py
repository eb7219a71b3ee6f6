"""What a client may do (4121 in the error table).

Most may do everything. Some may only read; previews are reading too, because they change
nothing. It is the service that says no, when it knows the record and what is to be done to it.
"""

from __future__ import annotations

from flows.sandbox.book import Book
from flows.sandbox.calls import Call
from flows.sandbox.errors import ServiceRefusal


def check_may_change(book: Book, call: Call) -> None:
    """4121: the caller may read and no more."""
    if call.api_key in book.reading_clients:
        raise ServiceRefusal("4121")
