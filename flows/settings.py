"""Settings: flags over environment over `.env` over `orderdrop.toml`, checked before any order.

Everything that can be wrong here is found by `Settings.checked()` and said in one sentence,
so that a run either starts with sound settings or does not start.
"""

from __future__ import annotations

import hashlib
import re
from datetime import time
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import platformdirs
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from flows.accounts import CREDENTIALS, Accounts, address, slip_in, twins
from schemas.columns import ORDER_COLUMNS
from schemas.faults import Stop
from schemas.outcomes import Environment

PRACTICE_CLIENT_ID: Final = "practice"
PRACTICE_CLIENT_SECRET: Final = "practice-secret"  # noqa: S105  # the embedded marketplace's own
PRACTICE_PATIENCE: Final = 0.01
"""In practice the marketplace finishes orders at once; thirty seconds would be a long wait."""

_HOSTS: Final[dict[str, tuple[str, str]]] = {
    # reference, section 2
    "sandbox": ("https://partnersandbox-stage.adobe.io", "https://ims-na1-stg1.adobelogin.com"),
    "production": ("https://partners.adobe.io", "https://ims-na1.adobelogin.com"),
}


_AMOUNTS_WANTED: Final = (
    "amounts are written like USD=25000,EUR=25000 (or none, to approve no order by its price)"
)


_BETWEEN_ADDRESSES: Final = re.compile(r",?\s+,?|,(?=[A-Za-z][A-Za-z0-9+.-]*://)")


def _amount(text: str) -> tuple[str, Decimal]:
    currency, _, written = text.partition("=")
    try:
        amount = Decimal(written.strip())
    except InvalidOperation:
        raise ValueError(_AMOUNTS_WANTED) from None
    if not amount.is_finite():
        raise ValueError(_AMOUNTS_WANTED)
    return currency.strip(), amount


class SettingsFault(Stop):
    """A setting is missing or wrong; the message says which and what to do (exit code 3)."""


class _StrictToml(TomlConfigSettingsSource):
    """`orderdrop.toml`: a name it does not know is a slip of the pen, not something to skip.

    A guard rail that is misspelt would guard nothing, and nobody would notice.
    """

    def __call__(self) -> dict[str, Any]:
        found = super().__call__()
        known = sorted(self.settings_cls.model_fields)
        for name in found:
            if name not in known:
                close = get_close_matches(name, known, 1)
                meant = f" Is {close[0]} meant?" if close else ""
                raise SettingsFault(f"orderdrop.toml sets {name}, which is no setting.{meant}")
        if "accounts" in found:
            if slip := slip_in(found["accounts"]):
                raise SettingsFault(slip)
            accounts = {"tables": found.pop("accounts")}
            # Beside tables, `account` names an account of the file and chooses none.
            if accounts["tables"] and "account" in found:
                accounts["own"] = found.pop("account")
            found["accounts"] = accounts
        return found


class Settings(BaseSettings):
    """What the operator decides. Names of the environment variables are ORDERDROP_ + name."""

    model_config = SettingsConfigDict(
        env_prefix="ORDERDROP_",
        env_file=".env",
        env_ignore_empty=True,
        toml_file="orderdrop.toml",
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )

    environment: Environment | None = None
    marketplace_url: str | None = None
    sign_in_url: str | None = None
    account: str = "default"
    client_id: str | None = None
    client_secret: SecretStr | None = None
    client_secret_file: Path | None = None
    client_secret_block: str | None = None
    """The name of a Prefect Secret block; of several secrets the first of the three counts."""
    accounts: Annotated[Accounts, NoDecode] = Accounts()
    ledger_url: str | None = None
    state_dir: Path = Path(platformdirs.user_data_dir("orderdrop", appauthor=False))
    inbox: Path = Path("inbox")
    output: Path = Path("output")
    renewals: Path = Path("inbox/renewals")
    timezone: str = "UTC"
    night: time = time(2)
    """The wall-clock hour of `timezone` from which a night's renewals are due."""
    follow_every: int = Field(10, ge=1, le=1440)
    """Minutes from one look at what is open to the next, where it runs by itself."""
    calls_per_5s: int = Field(985, ge=1, le=1000)
    in_flight: int = Field(500, ge=1, le=500)
    """Calls under way at once at the most; how many there are follows from pace and answers."""
    resend: Literal["auto", "ask"] = "auto"
    settle: float = Field(900, gt=0)
    patience: float | None = Field(None, gt=0, le=10)
    read_seconds: float = Field(60, ge=0.2, le=600)
    max_quantity: int | None = Field(None, ge=1)
    max_orders: int = Field(1000, ge=1)
    work_pool: str | None = None
    """The Prefect work pool whose workers place a large workbook's orders; none: this process."""
    shard_orders: int = Field(5000, ge=1)
    """About how many orders one worker's run places; a workbook of fewer is not shared out."""
    approve_above: Annotated[dict[str, Decimal], NoDecode] = {
        "USD": Decimal(25_000),
        "EUR": Decimal(25_000),
    }
    notify: Annotated[tuple[SecretStr, ...], NoDecode] = ()
    """Apprise addresses; they hold passwords. Whether Apprise knows them, `Notifier` finds out."""
    notify_about: Literal["all", "attention"] = "all"
    headers: dict[str, str] = {}

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Flags win over the environment, that over `.env`, that over `orderdrop.toml`."""
        return (
            init_settings,
            env_settings,
            dotenv_settings,
            _StrictToml(settings_cls),
        )

    @field_validator("timezone")
    @classmethod
    def _timezone_exists(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError(
                f"no time zone is called {name!r} (write it like Europe/Berlin)"
            ) from None
        return name

    @field_validator("night")
    @classmethod
    def _night_has_no_zone(cls, hour: time) -> time:
        """Its zone is the setting `timezone`."""
        if hour.tzinfo is not None:
            raise ValueError("it is written like 02:00; its zone is ORDERDROP_TIMEZONE")
        return hour

    @field_validator("approve_above", mode="before")
    @classmethod
    def _reads_amounts(cls, given: object) -> object:
        """`USD=25000,EUR=25000`, `none`, or a table of `orderdrop.toml`."""
        if not isinstance(given, str):
            return given
        if given.strip().lower() == "none":
            return {}
        amounts = [_amount(part) for part in given.split(",")]
        if len(dict(amounts)) < len(amounts):
            raise ValueError("a currency is named twice")
        return dict(amounts)

    @field_validator("approve_above")
    @classmethod
    def _amounts_have_currencies(cls, amounts: dict[str, Decimal]) -> dict[str, Decimal]:
        for currency, amount in amounts.items():
            if not re.fullmatch("[A-Z]{3}", currency) or amount < 0:
                raise ValueError(_AMOUNTS_WANTED)
        return amounts

    @field_validator("notify", mode="before")
    @classmethod
    def _reads_addresses(cls, given: object) -> object:
        """Parted by blanks, line ends, or commas before the next address: one may hold commas."""
        if not isinstance(given, str):
            return given
        return [address for address in _BETWEEN_ADDRESSES.split(given.strip()) if address]

    @field_validator("headers")
    @classmethod
    def _headers_mean_order_columns(cls, headers: dict[str, str]) -> dict[str, str]:
        for header, column in headers.items():
            if column not in ORDER_COLUMNS:
                close = get_close_matches(column, ORDER_COLUMNS, 1)
                meant = f"; is {close[0]} meant?" if close else ""
                raise ValueError(f"the header {header} is to mean {column}, no order column{meant}")
        return headers

    @field_validator("marketplace_url", "sign_in_url")
    @classmethod
    def _is_an_address(cls, url: str | None) -> str | None:
        return address(url)

    @field_validator("state_dir")
    @classmethod
    def _state_dir_is_absolute(cls, path: Path) -> Path:
        """A second start from another folder must find the same ledger."""
        path = path.expanduser()
        if not path.is_absolute():
            raise ValueError("the state directory needs a full path, beginning with /")
        return path

    @classmethod
    def checked(cls, *, connects: bool = True, **flags: object) -> Self:
        """The settings in force for one account; flags that are None were not given.

        A command that calls nobody (`connects` false) needs no credentials.

        Raises SettingsFault with one sentence for every setting that is wrong.
        """
        settings = cls._read(flags).of_its_account()
        if connects:
            settings.check_real_marketplace()
        return settings

    @classmethod
    def of_each_account(cls, *, connects: bool = True, **flags: object) -> tuple[Self, ...]:
        """The settings of every account, or of the one that is chosen.

        A flag and ORDERDROP_ACCOUNT choose. Raises SettingsFault.
        """
        read = cls._read(flags)
        names = (
            (None,) if read.account_is_chosen or not read.accounts.tables else read.account_names
        )
        found = tuple(
            cls.checked(connects=connects, **{**flags, **({"account": name} if name else {})})
            for name in names
        )
        if len({settings.effective_environment for settings in found}) > 1:
            raise SettingsFault(
                "Some accounts have a marketplace address and others have none; set "
                "ORDERDROP_ENVIRONMENT, so that it is clear where all of them order."
            )
        return found

    @classmethod
    def _read(cls, flags: dict[str, object]) -> Self:
        try:
            given = {name: value for name, value in flags.items() if value is not None}
            return cls(**given)  # type: ignore[arg-type]  # pydantic checks them
        except ValidationError as error:
            faults = "; ".join(
                f"{_place(fault['loc'])}: {fault['msg'].removeprefix('Value error, ')}"
                for fault in error.errors(include_input=False, include_url=False)
            )
            raise SettingsFault(f"A setting is not right: {faults}.") from None
        except (ValueError, OSError) as error:  # a TOML file that is not TOML, or not readable
            raise SettingsFault(f"The settings file cannot be read: {error}.") from None

    def of_its_account(self) -> Self:
        """With the credentials and folders of the account that is chosen."""
        if not self.accounts.tables:
            return self
        known = self.account_names
        name = self.account if self.account_is_chosen else self.accounts.own
        if len(known) == 1 and not self.account_is_chosen:
            name = known[0]
        if name not in known:
            what = f"There is no account {name}." if self.account_is_chosen else "Which account?"
            raise SettingsFault(
                f"{what} The settings know {', '.join(known)}: choose with --account or "
                "ORDERDROP_ACCOUNT. (`account` in orderdrop.toml names the account whose "
                "credentials stand outside the tables.)"
            )
        tables = self.accounts.tables
        keys = {
            one: (table.client_id, table.marketplace_url or self.marketplace_url)
            for one, table in tables.items()
        }
        own = {one: (self.client_id, self.marketplace_url) for one in known if one not in tables}
        if alike := twins(own | keys):
            # What one has ordered the other would order again.
            raise SettingsFault(
                f"The accounts {' and '.join(alike)} have the same client id; an account is one "
                "contract with the marketplace, so keep one of them."
            )
        update: dict[str, Any] = {
            "account": name,
            "accounts": self.accounts.model_copy(update={"names": known}),
        }
        if len(known) > 1:
            # No book is ever read for two accounts: each would renew what it wants.
            is_given = "renewals" in self.model_fields_set
            update["renewals"] = (
                self.renewals / name if is_given else self.inbox / name / "renewals"
            )
        if table := tables.get(name):
            update |= table.settings()
        return self.model_copy(update=update)

    @property
    def account_is_chosen(self) -> bool:
        """Whether a flag or a variable says which account is meant."""
        return "account" in self.model_fields_set

    @property
    def account_names(self) -> tuple[str, ...]:
        """Every account: the tables, and the one outside them where it has credentials."""
        accounts = self.accounts
        if accounts.names:
            return accounts.names
        if not accounts.tables:
            return (self.account,)
        has_own = any(getattr(self, name) for name in CREDENTIALS)
        own = (accounts.own,) if has_own and accounts.own not in accounts.tables else ()
        return (*own, *accounts.tables)

    @property
    def account_inbox(self) -> Path:
        """Where this account's workbooks are dropped: among several, a folder of its name."""
        return self.inbox / self.account if len(self.account_names) > 1 else self.inbox

    def check_unattended(self) -> None:
        """What nobody watches says itself where it orders. Raises SettingsFault."""
        if self.environment is None and not self.marketplace_url:
            raise SettingsFault(
                "What runs unattended needs an environment: set ORDERDROP_ENVIRONMENT or use "
                "--environment practice, sandbox or production. Nothing was ordered."
            )

    def check_real_marketplace(self) -> None:
        """Whether there is all that a connection needs. Raises SettingsFault."""
        if self.effective_environment == "practice":
            if self.marketplace_url or self.sign_in_url:
                raise SettingsFault(
                    "ORDERDROP_ENVIRONMENT is practice, yet a marketplace address is set as well; "
                    "take the address out, or set the environment to sandbox or production."
                )
            return
        secret = self.client_secret or self.client_secret_file or self.client_secret_block
        given = {"client_id": self.client_id, "client_secret": secret}
        missing = [name for name, value in given.items() if not value]
        if missing:
            is_table = self.account in self.accounts.tables
            names = missing if is_table else [f"ORDERDROP_{name.upper()}" for name in missing]
            where = f" in [accounts.{self.account}] of orderdrop.toml" if is_table else ""
            raise SettingsFault(
                f"The {self.effective_environment} environment needs {' and '.join(names)}{where}; "
                "ask whoever looks after the marketplace account for them."
            )
        if not self.needs_block:
            self.secret()

    @property
    def effective_environment(self) -> Environment:
        """An address given without an environment counts as the vendor's sandbox."""
        if self.environment:
            return self.environment
        return "sandbox" if self.marketplace_url else "practice"

    @property
    def effective_patience(self) -> float:
        """The factor on every wait of the protocol."""
        if self.patience is not None:
            return self.patience
        return PRACTICE_PATIENCE if self.effective_environment == "practice" else 1.0

    @property
    def api_url(self) -> str:
        """The orders API of a real environment, without a slash at its end."""
        known = _HOSTS.get(self.effective_environment, ("", ""))[0]
        return (self.marketplace_url or known).rstrip("/")

    @property
    def ims_url(self) -> str:
        """Where to sign in; a marketplace given by address signs in there unless told otherwise."""
        known = _HOSTS.get(self.effective_environment, ("", ""))[1]
        return (self.sign_in_url or self.marketplace_url or known).rstrip("/")

    @property
    def api_key(self) -> str:
        """The client id, which is also the API key (reference, section 3)."""
        is_practice = self.effective_environment == "practice"
        return PRACTICE_CLIENT_ID if is_practice else self.client_id or ""

    @property
    def key_fingerprint(self) -> str:
        """Tells keys apart in the ledger without storing one."""
        return hashlib.sha256(self.api_key.encode()).hexdigest()[:16]

    @property
    def needs_block(self) -> bool:
        """Whether the secret stands in a Prefect block alone (`flows.secret_blocks` reads it)."""
        return (
            self.effective_environment != "practice"
            and bool(self.client_secret_block)
            and not (self.client_secret or self.client_secret_file)
        )

    def secret(self) -> SecretStr:
        """The client secret, from the setting or its file. Raises SettingsFault.

        In practice it is the embedded marketplace's own: no real one is shown to it.
        """
        if self.effective_environment == "practice":
            return SecretStr(PRACTICE_CLIENT_SECRET)
        if self.client_secret:
            return self.client_secret
        if self.client_secret_file:
            try:
                return SecretStr(self.client_secret_file.read_text(encoding="utf-8").strip())
            except OSError as error:
                raise SettingsFault(
                    f"The file of the client secret cannot be read: {error.strerror}."
                ) from None
            except UnicodeDecodeError:
                raise SettingsFault(
                    "The file of the client secret is not plain text; it should hold the secret "
                    "and nothing else."
                ) from None
        raise SettingsFault(f"The account {self.account} has no client secret that can be read.")


def _place(names: tuple[int | str, ...]) -> str:
    """Where a setting stands: a variable, or a table of `orderdrop.toml`."""
    parts = [str(name) for name in names]
    if parts[:2] == ["accounts", "tables"]:
        return f"[accounts.{parts[2]}] {'.'.join(parts[3:])}".strip()
    if parts[:1] == ["accounts"]:
        return "[accounts] of orderdrop.toml"
    return f"ORDERDROP_{'.'.join(parts).upper()}"
