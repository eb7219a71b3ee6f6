"""docs/compose.yaml: what it runs is what test_two_workers runs; here, that it holds together.

No container runtime is asked for: the file is read as YAML, and as no more.
"""

from __future__ import annotations

import re
from typing import Any

import yaml

from flows.deployment_names import SHARD
from flows.settings import Settings
from tests.machines.compose import file
from tests.torture.processes import ROOT


def services() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = file()["services"]
    return found


def settings_of(service: dict[str, Any]) -> dict[str, str]:
    found: dict[str, str] = service.get("environment", {})
    return found


def test_what_it_refers_to_is_there() -> None:
    names = services().keys()
    for service in services().values():
        assert set(service.get("depends_on", {})) <= names
    volumes = [volume for one in services().values() for volume in one.get("volumes", ())]
    named = {volume.split(":")[0] for volume in volumes if not volume.startswith(("./", "/"))}
    assert named == file()["volumes"].keys()
    told = [value for one in services().values() for value in settings_of(one).values()]
    hosts = {host for value in told for host in re.findall(r"(?:@|//)([a-z]+):\d+", value)}
    assert hosts == {"postgres", "redis", "prefect"} <= names


def test_its_settings_of_ours_are_settings() -> None:
    known = {f"ORDERDROP_{name.upper()}" for name in Settings.model_fields}
    for name, service in services().items():
        ours = {setting for setting in settings_of(service) if setting.startswith("ORDERDROP_")}
        assert ours <= known, name


def test_the_pool_is_one_and_the_deployment_is_that_of_prefect_yaml() -> None:
    pool = services()["watch"]["environment"]["ORDERDROP_WORK_POOL"]
    for name in ("pool", "worker"):
        assert pool in services()[name]["command"]
    deployments = yaml.safe_load((ROOT / "prefect.yaml").read_text(encoding="utf-8"))["deployments"]
    shard = next(one for one in deployments if one["name"] == SHARD)
    assert shard["work_pool"]["name"] == pool
    assert services()["deployments"]["command"][-1] == SHARD


def test_workers_and_watcher_have_the_same_settings_above_all_the_same_ledger() -> None:
    assert settings_of(services()["worker"]) == settings_of(services()["watch"])


def test_no_secret_stands_in_it() -> None:
    for service in services().values():
        for setting, value in settings_of(service).items():
            if setting.endswith(("PASSWORD", "SECRET", "CLIENT_ID")):
                assert value == f"${{{setting}}}"
