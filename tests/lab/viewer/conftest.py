"""A browser, and pages as files in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sessionlab.lab.viewer.page import to_html
from tests.lab.chromium import browser, npm

if TYPE_CHECKING:
    from sessionlab.lab.viewer.view import Page
    from tests.lab.viewer.opening import Write

__all__ = ["browser", "npm", "write"]


@pytest.fixture(scope="module")
def write(tmp_path_factory: pytest.TempPathFactory) -> Write:
    """Writes a page as a report is written, and says where it is."""
    folder = tmp_path_factory.mktemp("pages")

    def write(page: Page) -> str:
        path = folder / f"{len(list(folder.iterdir()))}.html"
        path.write_text(to_html(page), encoding="utf-8")
        return path.as_uri()

    return write
