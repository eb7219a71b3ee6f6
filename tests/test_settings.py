"""Settings: where they come from, and what is wrong with them in one sentence."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from flows.settings import Settings, SettingsFault


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An empty folder and no variable of ours."""
    for name in ("ENVIRONMENT", "STATE_DIR", "CLIENT_ID", "CLIENT_SECRET", "MARKETPLACE_URL"):
        monkeypatch.delenv(f"ORDERDROP_{name}", raising=False)
    monkeypatch.chdir(tmp_path)


def test_nothing_set_is_practice_with_short_waits() -> None:
    settings = Settings.checked()
    assert settings.effective_environment == "practice"
    assert settings.effective_patience < 1
    assert settings.state_dir.is_absolute()


def test_flags_win_over_the_environment_over_dotenv_over_the_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "orderdrop.toml").write_text('account = "file"\ntimezone = "Europe/Berlin"\n')
    assert Settings.checked().account == "file"
    (tmp_path / ".env").write_text("ORDERDROP_ACCOUNT=dotenv\n")
    assert Settings.checked().account == "dotenv"
    monkeypatch.setenv("ORDERDROP_ACCOUNT", "variable")
    assert Settings.checked().account == "variable"
    assert Settings.checked(account="flag").account == "flag"
    assert Settings.checked().timezone == "Europe/Berlin"


def test_an_address_without_an_environment_is_the_vendors_sandbox() -> None:
    settings = Settings.checked(
        marketplace_url="http://127.0.0.1:1/", client_id="k", client_secret="s"
    )
    assert settings.effective_environment == "sandbox"
    assert settings.effective_patience == 1
    assert (settings.api_url, settings.ims_url) == ("http://127.0.0.1:1",) * 2


def test_what_runs_unattended_is_told_where_to_order() -> None:
    with pytest.raises(SettingsFault, match=r"^What runs unattended needs an environment: "):
        Settings.checked().check_unattended()
    Settings.checked(environment="practice").check_unattended()


def test_production_knows_the_vendors_hosts() -> None:
    settings = Settings.checked(environment="production", client_id="k", client_secret="s")
    assert settings.api_url == "https://partners.adobe.io"
    assert settings.ims_url == "https://ims-na1.adobelogin.com"


@pytest.mark.parametrize(
    ("flags", "word"),
    [
        ({"environment": "prod"}, "ORDERDROP_ENVIRONMENT"),
        ({"timezone": "Berlin"}, "no time zone is called 'Berlin'"),
        ({"state_dir": "here"}, "full path"),
        ({"calls_per_5s": 1001}, "ORDERDROP_CALLS_PER_5S"),
        ({"marketplace_url": "partners.adobe.io"}, "should begin with https://"),
        ({"headers": {"Artikel": "ofer"}}, "Artikel is to mean ofer.*offerId meant"),
        ({"environment": "production"}, "ORDERDROP_CLIENT_ID and ORDERDROP_CLIENT_SECRET"),
        ({"environment": "practice", "marketplace_url": "http://x"}, "take the address out"),
        (
            {"environment": "sandbox", "client_id": "k", "client_secret_file": "/nowhere"},
            "cannot be read",
        ),
    ],
)
def test_what_is_wrong_is_told_in_a_sentence(flags: dict[str, object], word: str) -> None:
    with pytest.raises(SettingsFault, match=word) as caught:
        Settings.checked(**flags)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 3


def test_a_settings_file_that_is_no_toml_is_told(tmp_path: Path) -> None:
    (tmp_path / "orderdrop.toml").write_text("this is not = toml = at all")
    with pytest.raises(SettingsFault, match="settings file"):
        Settings.checked()


def test_a_secret_never_shows() -> None:
    settings = Settings.checked(environment="production", client_id="k", client_secret="hush-hush")
    assert "hush-hush" not in repr(settings) + str(settings)
    with pytest.raises(SettingsFault) as caught:
        Settings.checked(environment="prod", client_id="k", client_secret="hush-hush")
    assert "hush-hush" not in str(caught.value)


def test_the_secret_may_stand_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("from-file\n")
    settings = Settings.checked(
        environment="sandbox", client_id="k", client_secret_file=tmp_path / "secret"
    )
    assert settings.secret().get_secret_value() == "from-file"


def test_a_command_that_calls_nobody_needs_no_credentials() -> None:
    assert Settings.checked(environment="production", connects=False)


def test_a_misspelt_guard_rail_is_not_skipped(tmp_path: Path) -> None:
    (tmp_path / "orderdrop.toml").write_text("max_order = 2\n")
    with pytest.raises(SettingsFault, match=r"max_order, which is no setting\. Is max_orders"):
        Settings.checked()


def test_a_secret_that_is_not_text_is_told(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"\xff\xfe\x00s")
    with pytest.raises(SettingsFault, match="not plain text"):
        Settings.checked(
            environment="sandbox", client_id="k", client_secret_file=tmp_path / "secret"
        )


@pytest.mark.parametrize(
    ("text", "amounts"),
    [
        ("USD=25000, EUR=100.50", {"USD": Decimal(25000), "EUR": Decimal("100.50")}),
        ("none", {}),
    ],
)
def test_amounts_to_approve_are_read(
    monkeypatch: pytest.MonkeyPatch, text: str, amounts: dict[str, Decimal]
) -> None:
    assert Settings.checked().approve_above == {"USD": Decimal(25000), "EUR": Decimal(25000)}
    monkeypatch.setenv("ORDERDROP_APPROVE_ABOVE", text)
    assert Settings.checked().approve_above == amounts


@pytest.mark.parametrize("text", ["25000", "USD=much", "dollars=1", "USD=-1", "USD=NaN"])
def test_amounts_that_cannot_be_read_are_told(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("ORDERDROP_APPROVE_ABOVE", text)
    with pytest.raises(SettingsFault) as caught:
        Settings.checked()
    assert str(caught.value) == (
        "A setting is not right: ORDERDROP_APPROVE_ABOVE: amounts are written like "
        "USD=25000,EUR=25000 (or none, to approve no order by its price)."
    )


def test_a_currency_that_is_named_twice_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORDERDROP_APPROVE_ABOVE", "USD=25000,USD=100")
    with pytest.raises(SettingsFault, match="ORDERDROP_APPROVE_ABOVE: a currency is named twice"):
        Settings.checked()
