"""What a renewal book wants, as values: one row for a subscription or for a whole customer."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final


class Wish(StrEnum):
    """What is wanted of a subscription."""

    AS_IS = "as is"
    QUANTITY = "quantity"
    NOT = "no"
    ASK = "ask"


YES: Final = "yes"
"""As is, or with a quantity where the row names one."""

WISH_WORDS: Final[Mapping[str, Wish]] = {
    "as is": Wish.AS_IS,
    "asis": Wish.AS_IS,
    "quantity": Wish.QUANTITY,
    "with quantity": Wish.QUANTITY,
    "with a quantity": Wish.QUANTITY,
    "no": Wish.NOT,
    "not": Wish.NOT,
    "not at all": Wish.NOT,
    "ask": Wish.ASK,
    "ask me": Wish.ASK,
}
"""How the column renew may be filled, besides YES; compared in small letters."""


def plain_wish(text: str) -> str:
    """A cell of the column renew as it is compared: small letters, single blanks."""
    return " ".join(text.lower().replace("-", " ").replace("_", " ").split())


def wish_of(text: str, *, has_quantity: bool) -> Wish | None:
    """What a cell of the column renew says; None for words that are not known."""
    words = plain_wish(text)
    if words == YES:
        return Wish.QUANTITY if has_quantity else Wish.AS_IS
    return WISH_WORDS.get(words)


@dataclass(frozen=True, slots=True)
class Ceiling:
    """What the next term of one subscription may cost at most, before tax."""

    amount: Decimal
    currency: str

    def __str__(self) -> str:
        return f"{self.amount:,.2f} {self.currency}"


@dataclass(frozen=True, slots=True)
class BookRow:
    """One good row. `subscription_id` is "" where the row speaks of all the customer's own.

    `quantity` goes with Wish.QUANTITY alone; `ceiling` counts for each subscription by itself.
    """

    row: int
    customer_id: str
    subscription_id: str
    wish: Wish
    quantity: int | None = None
    ceiling: Ceiling | None = None


def wishes_key(rows: Iterable[BookRow]) -> str:
    """The same for two books that want the same thing, however they are saved or sorted."""
    wanted = sorted([str(part) for part in astuple(row)[1:]] for row in rows)
    return hashlib.sha256(json.dumps(wanted).encode()).hexdigest()
