"""Every claim behind every balancer, and the page that says so."""

from __future__ import annotations

import re

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
    observed, page_ = await page("docker"), PAGE.read_text(encoding="utf-8")
    assert without_reasons(observed) == without_reasons(page_)


def without_reasons(text: str) -> str:
    """Of a story's several clusters, any may be the first that a balancer refuses."""
    text = re.sub(r"skipped \(\d\)", "skipped", text)
    return re.sub(r"^\d\. .*\n", "", text, flags=re.MULTILINE)
