"""Who may import whom is checked, and the check can fail."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def linted(checkout: Path) -> int:
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c()"]
    ended = subprocess.run(
        command, cwd=checkout, capture_output=True, env={"PYTHONPATH": str(checkout)}, check=False
    )
    return ended.returncode


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    for package in ("flows", "schemas"):
        shutil.copytree(ROOT / package, tmp_path / package)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_the_house_as_it_is_keeps_its_rules(checkout: Path) -> None:
    assert linted(checkout) == 0


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("schemas/faults.py", "import flows.ordering.plan"),
        ("flows/ledger/book.py", "import flows.workbook.read"),
        ("flows/ordering/plan.py", "import flows.settings"),
        ("flows/ordering/plan.py", "import prefect"),
        ("flows/renewals/decide.py", "import flows.ordering.plan"),
        ("flows/inbox/places.py", "import flows.settings"),
        ("flows/inbox/places.py", "import flows.ledger"),
        ("flows/inbox/lying.py", "import prefect"),
        ("flows/desk.py", "import httpx"),
        ("flows/desk.py", "import openpyxl"),
        ("flows/marketplace/client.py", "import sqlalchemy"),
        ("flows/sandbox/orders.py", "import schemas.orders"),
        ("flows/desk.py", "import flows.cli"),
    ],
)
def test_breaking_a_rule_breaks_the_check(checkout: Path, module: str, line: str) -> None:
    path = checkout / module
    path.write_text(path.read_text() + f"\n{line}\n")
    assert linted(checkout) == 1


def test_every_module_above_the_packages_is_named_in_every_list_of_them() -> None:
    above = {f"flows.{path.stem}" for path in (ROOT / "flows").glob("*.py")} - {"flows.__init__"}
    rules = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = rules["tool"]["importlinter"]["contracts"]
    lists = {
        f"{contract['name']}: {side}": set(contract[side])
        for contract in contracts
        for side in ("source_modules", "forbidden_modules")
        if "flows.desk" in contract.get(side, ())
    }
    assert len(lists) == 5
    missing = {name: above - modules - {"flows.cli"} for name, modules in lists.items()}
    # What stands on top is not asked whether it imports itself.
    missing["nothing imports what stands on top: source_modules"] -= {"flows.serve"}
    assert not any(missing.values()), missing


def test_the_sandbox_is_kept_from_all_of_schemas_but_the_code_tables() -> None:
    all_of_it = {f"schemas.{path.stem}" for path in (ROOT / "schemas").glob("*.py")}
    rules = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    (rule,) = [
        contract
        for contract in rules["tool"]["importlinter"]["contracts"]
        if contract.get("source_modules") == ["flows.sandbox"]
        and "schemas.orders" in contract["forbidden_modules"]
    ]
    allowed = {"schemas.__init__", "schemas.code_tables"}
    assert set(rule["forbidden_modules"]) == all_of_it - allowed
