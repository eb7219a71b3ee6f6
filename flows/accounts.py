"""Further accounts: tables `[accounts.NAME]` of `orderdrop.toml`, each with credentials of its own.

The credentials outside the tables belong to the account that `account` names in the same file
("default" without it); where a table has that name, the table counts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

_NAME: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9_-])?")
_FOLDERS: Final = frozenset({"working", "archive", "rejected", "renewals"})
"""Folders of an inbox that have another meaning."""

CREDENTIALS: Final = ("client_id", "client_secret", "client_secret_file", "client_secret_block")


class AccountTable(BaseModel):
    """What may differ from account to account; what is not given counts as it does for all.

    Credentials are the exception: they are this account's or nobody's.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    client_id: str | None = None
    client_secret: SecretStr | None = None
    client_secret_file: Path | None = None
    client_secret_block: str | None = None
    marketplace_url: str | None = None
    sign_in_url: str | None = None
    calls_per_5s: int | None = Field(None, ge=1, le=1000)

    @field_validator("marketplace_url", "sign_in_url")
    @classmethod
    def _is_an_address(cls, url: str | None) -> str | None:
        return address(url)

    def settings(self) -> dict[str, Any]:
        """The settings that take the place of those for all accounts."""
        own: dict[str, Any] = {name: getattr(self, name) for name in CREDENTIALS}
        if self.calls_per_5s is not None:
            own["calls_per_5s"] = self.calls_per_5s
        if self.marketplace_url is not None:
            # Its secret never goes to a sign-in that was meant for another marketplace.
            own |= {"marketplace_url": self.marketplace_url, "sign_in_url": self.sign_in_url}
        elif self.sign_in_url is not None:
            own["sign_in_url"] = self.sign_in_url
        return own


class Accounts(BaseModel):
    """The tables, and `own`: whose the credentials outside them are. `names`: all, once known."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    own: str = "default"
    tables: dict[str, AccountTable] = {}
    names: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _names_can_be_folders(self) -> Self:
        seen: dict[str, str] = {}
        for name in (self.own, *self.tables) if self.tables else ():
            if not _NAME.fullmatch(name):
                raise ValueError(
                    f"{name!r} cannot be the name of an account; letters, digits, . _ and - can, "
                    "a letter or digit first"
                )
            if name.casefold() in _FOLDERS:
                raise ValueError(
                    f"no account can be called {name}: that folder of the inbox has another meaning"
                )
            # Some disks have one folder for both, and a workbook must have one account.
            if seen.setdefault(name.casefold(), name) != name:
                raise ValueError(
                    f"{seen[name.casefold()]} and {name} are too alike to be two accounts"
                )
        return self


def twins(keys: Mapping[str, tuple[str | None, str | None]]) -> tuple[str, str] | None:
    """Two accounts that are one: the same client id at the same address, by account name."""
    first: dict[tuple[str | None, str | None], str] = {}
    for name, key in keys.items():
        if key[0] and first.setdefault(key, name) != name:
            return first[key], name
    return None


def address(url: str | None) -> str | None:
    """An address as it was given. Raises ValueError when it is none."""
    if url and not url.startswith(("https://", "http://")):
        raise ValueError(f"{url} is no address; it should begin with https://")
    return url


def slip_in(tables: object) -> str:
    """What is misspelt in the tables of `orderdrop.toml`, as a sentence; empty when nothing is."""
    if not isinstance(tables, Mapping):
        return "orderdrop.toml sets accounts, which should be tables like [accounts.north]."
    known = sorted(AccountTable.model_fields)
    for account, table in tables.items():
        if not isinstance(table, Mapping):
            hint = f" Is [accounts.NAME] with {account} in it meant?" if account in known else ""
            return f"orderdrop.toml sets accounts.{account}, which should be a table.{hint}"
        for name in table:
            if name not in known:
                close = get_close_matches(name, known, 1)
                hint = f" Is {close[0]} meant?" if close else ""
                return (
                    f"orderdrop.toml sets {name} in [accounts.{account}], which is no setting of "
                    f"an account.{hint}"
                )
    return ""
