"""What a test needs that is not a Python package; CI has it all, so nothing is skipped there."""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING

import pytest

from sessionlab.lab.errors import StartError
from sessionlab.lab.fabrics.docker.engine import connect
from sessionlab.lab.fabrics.local.programs import executable

if TYPE_CHECKING:
    from docker import DockerClient

IN_CI = os.environ.get("CI", "").lower() in ("1", "true")
BALANCERS = ("haproxy", "nginx")


def needs(program: str) -> pytest.MarkDecorator:
    """Skip where the program is not installed, but never in CI.

    What needs HAProxy or nginx is also marked `balancers`, which `make test` leaves out.
    """
    return pytest.mark.needs(program)


def missing(item: pytest.Item) -> str | None:
    """Why this test cannot run on this machine, if so."""
    programs = [str(program) for mark in item.iter_markers("needs") for program in mark.args]
    for program in programs:
        if executable(program) is None:
            return f"{program} is not installed"
    if item.get_closest_marker("docker") and docker_engine() is None:
        return "no Docker engine answers"
    return None


@cache
def docker_engine() -> DockerClient | None:
    """This machine's engine; `pytest.mark.docker` skips a test where there is none."""
    try:
        return connect()
    except StartError:
        return None
