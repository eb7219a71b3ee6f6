"""Client secrets that stand in Prefect: a Secret block, read when the marketplace is signed in to.

Prefect's address must stand in the environment, and its server must answer, before a block is read.
"""

from __future__ import annotations

from typing import Any

from pydantic import SecretStr

from flows.settings import Settings, SettingsFault


async def client_secret(settings: Settings) -> SecretStr:
    """The secret of the settings' account, wherever it stands. Raises SettingsFault."""
    if not settings.needs_block:
        return settings.secret()
    assert settings.client_secret_block is not None  # noqa: S101  # needs_block says so
    return await _from_block(settings.client_secret_block)


async def _from_block(name: str) -> SecretStr:
    # Imported here, because only those who keep a secret there need Prefect for it.
    from prefect.blocks.system import Secret  # noqa: PLC0415
    from prefect.client.orchestration import get_client  # noqa: PLC0415
    from prefect.exceptions import ObjectNotFound  # noqa: PLC0415

    wanted = f"The client secret is to come from the Prefect block {name}"
    try:
        async with get_client() as client:
            # Asked for first, so that what is missing is told from all else that fails.
            await client.read_block_document_by_name(name, "secret", include_secrets=False)
            block: Secret[Any] = await Secret.aload(name, client=client)
    except ObjectNotFound:
        raise SettingsFault(
            f"{wanted}, and Prefect has no Secret block of that name; make one there, or correct "
            "the name. Nothing was ordered."
        ) from None
    except Exception as error:  # noqa: BLE001  # its text may hold what the server said
        raise SettingsFault(
            f"{wanted}, and the Prefect server does not give it ({type(error).__name__}); see that "
            "the server answers. Nothing was ordered."
        ) from None
    value = block.get()
    if not isinstance(value, str) or not value.strip():
        raise SettingsFault(
            f"{wanted}, and what stands there is no text; put the secret and nothing else into it. "
            "Nothing was ordered."
        )
    return SecretStr(value.strip())
