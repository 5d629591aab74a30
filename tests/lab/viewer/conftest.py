"""A browser, pages as files in it, and what npm installs to look at them."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import sync_playwright

from sessionlab.lab.fabrics.local.programs import executable
from sessionlab.lab.viewer.page import to_html

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

    from sessionlab.lab.viewer.view import Page
    from tests.lab.viewer.opening import Write

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def npm() -> Path:
    """What package-lock.json names, installed once for this environment."""
    wanted = (HERE / "package-lock.json").read_bytes()
    installed = Path(sys.prefix, "viewer")
    lock = installed / "package-lock.json"
    if not lock.exists() or lock.read_bytes() != wanted:
        shutil.rmtree(installed, ignore_errors=True)
        fresh = Path(tempfile.mkdtemp(dir=sys.prefix))
        for name in ("package.json", "package-lock.json"):
            shutil.copy(HERE / name, fresh)
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


@pytest.fixture(scope="module")
def write(tmp_path_factory: pytest.TempPathFactory) -> Write:
    """Writes a page as a report is written, and says where it is."""
    folder = tmp_path_factory.mktemp("pages")

    def write(page: Page) -> str:
        path = folder / f"{len(list(folder.iterdir()))}.html"
        path.write_text(to_html(page), encoding="utf-8")
        return path.as_uri()

    return write
