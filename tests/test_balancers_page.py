"""Every claim behind every balancer, and the page that says so."""

from __future__ import annotations

import pytest

from benchmarks.balancers import PAGE, page
from tests.installed import needs


@pytest.mark.timeout(300)  # every scenario, three times over
@needs("haproxy")
@needs("nginx")
async def test_the_page_says_what_a_run_observes() -> None:
    assert await page() == PAGE.read_text(encoding="utf-8")


@pytest.mark.docker
@pytest.mark.timeout(900)
async def test_it_says_what_containers_show_too() -> None:
    assert await page("docker") == PAGE.read_text(encoding="utf-8")
