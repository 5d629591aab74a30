"""A lab that is up for each test, and the page of it in a browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.lab.chromium import browser, npm
from tests.lab.page.browser.up import up

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.lab.page.browser.up import Up

__all__ = ["browser", "lab", "npm"]


@pytest.fixture
def lab(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Up]:
    """`sessionlab up`; its options are the parameter, if there is one."""
    with up(tmp_path, *getattr(request, "param", ())) as lab:
        yield lab
