"""What a test's marker asks of the machine."""

from __future__ import annotations

import re
from collections.abc import Generator

import pytest

from tests.installed import IN_CI, docker_engine


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("docker") and not IN_CI and docker_engine() is None:
        pytest.skip("no Docker engine answers")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI a test that is skipped for want of something on the machine has failed."""
    report = yield
    why = str(report.longrepr)
    if IN_CI and report.skipped and re.search("not installed|no Docker engine|this machine", why):
        report.outcome = "failed"
        report.longrepr = f"skipped in CI, which must have it all: {why}"
    return report
