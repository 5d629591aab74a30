"""Every claim behind every balancer, and the page that says so."""

from __future__ import annotations

import re

import pytest

from benchmarks.balancers import PAGE, observe, page, trouble
from tests.installed import needs


@pytest.mark.timeout(300)  # every scenario, three times over
@needs("haproxy")
@needs("nginx")
async def test_the_page_says_what_a_run_observes() -> None:
    runs = await observe()
    assert page(runs) == PAGE.read_text(encoding="utf-8"), trouble(runs)


@pytest.mark.docker
@pytest.mark.timeout(900)
async def test_it_says_what_containers_show_too() -> None:
    runs = await observe("docker", nodes=2)  # as few as show it: containers are dear
    written = without_reasons(PAGE.read_text(encoding="utf-8"))
    assert without_reasons(page(runs)) == written, trouble(runs)


def without_reasons(text: str) -> str:
    """Of a story's several clusters, any may be the first that a balancer refuses."""
    text = re.sub(r"(skipped|of \d+) \(\d\)", r"\1", text)
    return re.sub(r"^\d\. .*\n", "", text, flags=re.MULTILINE)
