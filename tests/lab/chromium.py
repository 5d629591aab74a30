"""A browser, and what npm installs to look at pages: fixtures, for the rooms that have pages."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest
from playwright.sync_api import sync_playwright

from sessionlab.lab.fabrics.local.programs import executable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser
    from playwright.sync_api import Page as Tab

PACKAGES = Path(__file__).parent / "viewer"
EVERY_RULE = {
    "type": "tag",
    "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
}
COLOURS = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}


@pytest.fixture(scope="session")
def npm() -> Path:
    """What package-lock.json names, installed once for this environment."""
    wanted = (PACKAGES / "package-lock.json").read_bytes()
    installed = Path(sys.prefix, "viewer")
    lock = installed / "package-lock.json"
    if not lock.exists() or lock.read_bytes() != wanted:
        shutil.rmtree(installed, ignore_errors=True)
        fresh = Path(tempfile.mkdtemp(dir=sys.prefix))
        for name in ("package.json", "package-lock.json"):
            shutil.copy(PACKAGES / name, fresh)
        command = ["npm", "ci", "--silent", "--no-audit", "--no-fund", "--ignore-scripts"]
        subprocess.run(command, cwd=fresh, check=True)
        try:
            fresh.rename(installed)
        except OSError:  # another process was faster
            shutil.rmtree(fresh)
    return installed / "node_modules"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The distribution's Chromium; root has no sandbox."""
    with sync_playwright() as playwright:
        chromium = executable("chromium", "chromium-browser", "google-chrome")
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield browser
        browser.close()


def violations(tab: Tab) -> list[str]:
    """What axe finds, in the light and in the dark; its script must be in the page.

    Nothing but colours changes with the scheme, so only they are looked at again.
    """
    return [*_violations(tab, "light", EVERY_RULE), *_violations(tab, "dark", COLOURS)]


def _violations(tab: Tab, scheme: Literal["light", "dark"], rules: object) -> list[str]:
    tab.emulate_media(color_scheme=scheme)
    only = {
        "runOnly": rules,
        "resultTypes": ["violations"],
    }  # to tell of all that passes takes long
    found = tab.evaluate("(options) => axe.run(document, options)", only)
    return [
        f"{scheme}: {rule['id']}: {rule['help']}: {node['html'][:200]} {node['failureSummary']}"
        for rule in found["violations"]
        for node in rule["nodes"][:3]
    ]
