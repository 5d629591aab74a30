"""What a test needs that is not a Python package; CI has it all, so nothing is skipped there."""

from __future__ import annotations

import os
from functools import cache

import pytest
from docker import DockerClient

from sessionlab.lab.errors import StartError
from sessionlab.lab.fabrics.docker.engine import connect
from sessionlab.lab.fabrics.local.programs import executable

IN_CI = os.environ.get("CI", "").lower() in ("1", "true")


def needs(program: str) -> pytest.MarkDecorator:
    """Skip where the program is not installed, but never in CI."""
    missing = executable(program) is None and not IN_CI
    return pytest.mark.skipif(missing, reason=f"{program} is not installed")


@cache
def docker_engine() -> DockerClient | None:
    """This machine's engine; `pytest.mark.docker` skips a test where there is none."""
    try:
        return connect()
    except StartError:
        return None
