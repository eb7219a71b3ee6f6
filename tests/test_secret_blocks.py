"""Where a client secret is read from, and what is said when Prefect does not give it."""

from __future__ import annotations

import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings

from flows.companion import free_port
from flows.secret_blocks import client_secret
from flows.settings import Settings, SettingsFault


def settings(**given: object) -> Settings:
    return Settings.checked(
        environment="sandbox", client_id="k", client_secret_block="the-block", **given
    )


def test_a_block_counts_as_a_secret_that_is_given() -> None:
    assert settings().needs_block
    assert not settings(client_secret="s").needs_block
    assert not Settings.checked(environment="practice", client_secret_block="b").needs_block


async def test_a_secret_given_directly_counts_first() -> None:
    assert (await client_secret(settings(client_secret="s"))).get_secret_value() == "s"


async def test_a_server_that_is_away_is_told_in_a_sentence() -> None:
    away = {PREFECT_API_URL: f"http://127.0.0.1:{free_port()}/api"}
    with temporary_settings(away), pytest.raises(SettingsFault) as caught:
        await client_secret(settings())
    assert str(caught.value) == (
        "The client secret is to come from the Prefect block the-block, and the Prefect server "
        "does not give it (ConnectError); see that the server answers. Nothing was ordered."
    )
    assert caught.value.exit_code == 3
