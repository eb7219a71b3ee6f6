"""Several accounts in `orderdrop.toml`: whose credentials are whose, and which names there are."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.command_terms import accounts_for
from flows.settings import Settings, SettingsFault

TWO = """
environment = "sandbox"
[accounts.north]
client_id = "north-key"
client_secret = "north-secret"
[accounts.south]
client_id = "south-key"
client_secret = "south-secret"
marketplace_url = "https://south.example"
calls_per_5s = 100
"""
OWN = 'client_id = "own-key"\nclient_secret = "own-secret"\nsign_in_url = "https://own.example"\n'


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An empty folder and no variable of ours."""
    for name in ("ENVIRONMENT", "ACCOUNT", "CLIENT_ID", "CLIENT_SECRET", "MARKETPLACE_URL"):
        monkeypatch.delenv(f"ORDERDROP_{name}", raising=False)
    monkeypatch.chdir(tmp_path)


def written(text: str) -> None:
    Path("orderdrop.toml").write_text(text)


def test_each_account_has_its_own_credentials_and_limits() -> None:
    written(OWN + TWO)
    north, south = (Settings.checked(account=name) for name in ("north", "south"))
    assert (north.api_key, north.secret().get_secret_value()) == ("north-key", "north-secret")
    assert (south.api_key, south.secret().get_secret_value()) == ("south-key", "south-secret")
    assert (north.calls_per_5s, south.calls_per_5s) == (985, 100)
    assert north.ims_url == "https://own.example"
    assert (south.api_url, south.ims_url) == ("https://south.example",) * 2
    assert north.key_fingerprint != south.key_fingerprint


def test_the_credentials_outside_the_tables_are_an_account_as_well() -> None:
    written(OWN + TWO)
    own = Settings.checked()
    assert (own.account, own.api_key) == ("default", "own-key")
    assert own.account_names == ("default", "north", "south")
    assert Settings.checked(account="south").account_names == own.account_names
    written(f'account = "west"\n{OWN}{TWO}')
    assert Settings.checked().account == "west"
    assert [one.account for one in Settings.of_each_account()] == ["west", "north", "south"]
    written(f'account = "north"\n{OWN}{TWO}')
    assert Settings.checked().api_key == "north-key"
    assert Settings.checked().account_names == ("north", "south")


def test_without_tables_there_is_one_account_of_any_name() -> None:
    written(f'environment = "sandbox"\n{OWN}')
    assert Settings.checked(account="whatever").account_names == ("whatever",)
    (only,) = Settings.of_each_account()
    assert (only.account, only.inbox, only.account_inbox) == ("default", Path("inbox"), only.inbox)


def test_no_table_at_all_leaves_the_account_its_name() -> None:
    written(f'account = "west"\nenvironment = "sandbox"\n{OWN}[accounts]\n')
    assert (Settings.checked().account, Settings.checked().account_names) == ("west", ("west",))


def test_a_variable_chooses_and_never_names_the_credentials_outside_the_tables(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    written(OWN + TWO)
    monkeypatch.setenv("ORDERDROP_ACCOUNT", "south")
    assert Settings.checked().api_key == "south-key"
    assert [one.account for one in Settings.of_each_account()] == ["south"]
    assert Settings.checked(account="north").api_key == "north-key"
    monkeypatch.setenv("ORDERDROP_ACCOUNT", "nort")
    for settings in (Settings.checked, Settings.of_each_account):
        with pytest.raises(SettingsFault, match=r"no account nort\. .* default, north, south"):
            settings()


def test_of_several_accounts_one_must_be_named_and_a_single_one_need_not() -> None:
    written(TWO)
    with pytest.raises(SettingsFault, match=r"^Which account\? .* north, south"):
        Settings.checked()
    with pytest.raises(SettingsFault, match="no account default"):
        Settings.checked(account="default", connects=False)
    written(TWO.partition("[accounts.south]")[0])
    assert Settings.checked().api_key == "north-key"


def test_credentials_of_another_account_are_never_borrowed() -> None:
    written(OWN + 'environment = "sandbox"\n[accounts.north]\nclient_id = "north-key"\n')
    with pytest.raises(SettingsFault, match=r"client_secret in \[accounts\.north\]"):
        Settings.checked(account="north")
    assert Settings.checked(account="default").api_key == "own-key"


def test_practice_knows_the_accounts_and_shows_no_real_credentials() -> None:
    written(TWO.replace('marketplace_url = "https://south.example"', ""))
    for name in ("north", "south"):
        settings = Settings.checked(account=name, environment="practice")
        assert settings.account == name
        assert settings.api_key == "practice"
        assert settings.secret().get_secret_value() == "practice-secret"


def test_each_account_has_its_own_inbox_and_renewal_books(monkeypatch: pytest.MonkeyPatch) -> None:
    written(TWO)
    north = Settings.checked(account="north")
    assert north.account_inbox == Path("inbox/north")
    assert north.renewals == Path("inbox/north/renewals")
    monkeypatch.setenv("ORDERDROP_RENEWALS", "books")
    assert Settings.checked(account="north").renewals == Path("books/north")


def test_one_of_several_is_watched_in_its_own_folder_or_in_the_one_that_is_named() -> None:
    written(TWO)
    both = accounts_for(None, None)
    assert [(one.account, one.inbox) for one in both] == [
        ("north", Path("inbox")),
        ("south", Path("inbox")),
    ]
    (south,) = accounts_for("south", None)
    assert south.inbox == Path("inbox/south")
    (south,) = accounts_for("south", None, Path("/drop"))
    assert south.inbox == Path("/drop")
    assert accounts_for(None, None, Path("/drop"))[0].account_inbox == Path("/drop/north")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "[accounts.north]\nclient_sceret = 'hush-hush'",
            r"client_sceret in \[accounts.north\].*Is client_secret meant",
        ),
        ("[accounts]\nclient_id = 'hush-hush'", r"accounts.client_id, .* Is \[accounts.NAME\]"),
        ("accounts = 'hush-hush'", "should be tables like"),
        ("[accounts.north]\ncalls_per_5s = 2000", r"\[accounts.north\] calls_per_5s: "),
        ("[accounts.north]\nmarketplace_url = 'x'", "should begin with https://"),
        ("[accounts.Archive]", "another meaning"),
        ("[accounts.renewals]", "another meaning"),
        ("[accounts.'a/b']", "'a/b' cannot be the name"),
        ("[accounts.'..']", "cannot be the name"),
        ("[accounts.North]\n[accounts.north]", "too alike"),
    ],
)
def test_what_is_wrong_with_a_table_is_told(text: str, words: str) -> None:
    written(text)
    with pytest.raises(SettingsFault, match=words) as caught:
        Settings.checked(environment="practice")
    assert "hush-hush" not in str(caught.value)


def test_accounts_order_in_one_environment() -> None:
    written(TWO.replace('environment = "sandbox"', ""))
    with pytest.raises(SettingsFault, match="ORDERDROP_ENVIRONMENT"):
        Settings.of_each_account()


def test_two_names_for_one_key_are_refused() -> None:
    written(TWO.replace("south-key", "north-key").replace("marketplace_url", "#"))
    with pytest.raises(SettingsFault, match="north and south have the same client id"):
        Settings.checked(account="north")
    written(OWN.replace("own-key", "north-key") + TWO)
    with pytest.raises(SettingsFault, match="default and north have the same client id"):
        Settings.of_each_account()


def test_no_secret_of_an_account_shows() -> None:
    written(TWO)
    settings = Settings.checked(account="north")
    assert "-secret" not in f"{settings!r}{settings}{settings.model_dump()}"
