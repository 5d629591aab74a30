"""What a test's markers ask of the machine, and of the processes that tests are spread over."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from _pytest.nodeid import NodeId
from hypothesis import settings

from tests.installed import BALANCERS, IN_CI, missing

if TYPE_CHECKING:
    from collections.abc import Generator

os.environ["LC_ALL"] = "C.UTF-8"  # what tests read from a terminal does not depend on the user's
os.environ["SSL_CERT_FILE"] = os.devnull  # nobody public is asked, and each process would load them
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # a thousand processes: each would compile it all
sys.dont_write_bytecode = False
settings.register_profile("busy", deadline=None)  # how long an example takes, a machine decides
settings.load_profile("busy")

HERE = Path(__file__).parent
ONE_BY_ONE = (
    "apps/test_gallery.py",
    "lab/cli/experiments/test_command.py",
    "lab/cli/test_command.py",
    "lab/cli/test_terminal.py",
    "lab/experiment/test_examples.py",
    "lab/pytest_plugin/test_plugin.py",
    "scenarios/test_sabotage.py",
    "scenarios/test_scenarios.py",
    "test_action.py",
)
"""Files of few and long tests, each of which may go to another process, and all of them first."""

LONG = (
    "lab/check/test_running.py",
    "lab/cli/apps/test_check.py",
    "lab/cli/apps/test_outside.py",
    "lab/cli/experiments/test_command.py",
    "lab/cluster/test_copies.py",
    "lab/experiment/test_examples.py",
    "lab/experiment/test_matrix.py",
    "lab/experiment/test_red.py",
    "lab/experiment/test_same_seed.py",
    "lab/outside/test_clusters.py",
    "lab/outside/test_watching.py",
    "lab/pytest_plugin/test_plugin.py",
    "scenarios/test_sabotage.py",
)
"""Files of which `make test` takes none: whole checks and watches, and clusters that are wrong.

Tests of other files that it leaves out are marked there."""


def pytest_configure(config: pytest.Config) -> None:
    """Workers are told how tests are spread: their own option says `no`."""
    os.environ.setdefault("TESTS_SPREAD", config.getoption("dist", "no"))


@pytest.hookimpl(tryfirst=True)  # before `-m` chooses
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        for mark in item.iter_markers("needs"):
            if mark.args[0] in BALANCERS:
                item.add_marker("balancers")
        if _file(item) in LONG:
            item.add_marker("long")
        group = _group(item)
        if group is not None and "PYTEST_XDIST_WORKER" in os.environ:
            # As xdist's own mark does until pytest 9.1. With 9.2 what it sets is read by nobody:
            # each test goes to whichever process is free, and fixtures of a file are made in all.
            item._id = NodeId.parse(f"{item.nodeid}@{group}")
    items.sort(key=_turn)


def _turn(item: pytest.Item) -> int:
    """Docker's first, for they are the longest that one process has; then what can go anywhere."""
    return {"docker": 0, None: 1}.get(_group(item), 2)


def _group(item: pytest.Item) -> str | None:
    """Which tests share a process: those of a file, for what they share; Docker's wait in line."""
    if item.get_closest_marker("docker"):
        return "docker"
    file = _file(item)
    return None if file in ONE_BY_ONE else file


def _file(item: pytest.Item) -> str:
    return item.path.relative_to(HERE).as_posix()


def pytest_runtest_setup(item: pytest.Item) -> None:
    if not IN_CI and (why := missing(item)):
        pytest.skip(why)


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
