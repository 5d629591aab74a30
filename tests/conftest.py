"""What a test's marker asks of the machine."""

from __future__ import annotations

import pytest

from tests.installed import IN_CI, docker_engine


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("docker") and not IN_CI and docker_engine() is None:
        pytest.skip("no Docker engine answers")
