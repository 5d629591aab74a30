"""Fixtures for pytest: a cluster of one's own app, for each test or for a whole session.

Nothing of the lab is loaded before a test asks for one of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sessionlab.lab.pytest_plugin.options import OPTIONS

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from sessionlab.lab.pytest_plugin.clusters import LabCluster

OWN, SHARED = "sessionlab_cluster", "shared_sessionlab_cluster"
MARK = (
    "sessionlab(app=, variant=, affinity=, nodes=, balancer=, fabric=, tls=, ...): "
    "what the cluster of this test is; see docs/pytest.md"
)


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("sessionlab", "clusters of your own app")
    for name, meaning in OPTIONS.items():
        group.addoption(f"--sessionlab-{name}", metavar=name.upper(), help=meaning)
        parser.addini(f"sessionlab_{name}", f"{meaning}", default="")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", MARK)


@pytest.fixture
def sessionlab_cluster(request: pytest.FixtureRequest) -> Iterator[LabCluster]:
    """Copies of one's own app behind a balancer, for this test alone.

    They are started when the test first uses it; an async test may write
    `async with sessionlab_cluster as cluster`, and gets a `Cluster` in its own event loop.
    """
    from sessionlab.lab.pytest_plugin.clusters import lab_cluster  # noqa: PLC0415

    with lab_cluster(request) as cluster:
        yield cluster


@pytest.fixture(scope="session")
def shared_sessionlab_cluster(request: pytest.FixtureRequest) -> Iterator[LabCluster]:
    """The same for all tests of a session; under xdist, of a worker."""
    from sessionlab.lab.pytest_plugin.clusters import lab_cluster  # noqa: PLC0415

    with lab_cluster(request) as cluster:
        yield cluster


@pytest.hookimpl(trylast=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """What happened to a shared cluster before is not this test's."""
    for cluster in _used(item):
        cluster.begin_test()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test that failed shows what its users met."""
    report = yield
    if report.failed:
        for cluster in _used(item):
            report.sections += [("sessionlab", text)] if (text := cluster.story()) else []
    return report


def _used(item: pytest.Item) -> list[LabCluster]:
    found = getattr(item, "funcargs", None) or {}
    return [found[name] for name in (OWN, SHARED) if name in found]
