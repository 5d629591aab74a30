"""One fabric for all tests of a process, and clusters on it."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Callable

import pytest
import pytest_asyncio

from sessionlab.lab.cluster.cluster import Cluster
from sessionlab.lab.description.cluster import Description, Service
from sessionlab.lab.events import Event, Events
from sessionlab.lab.fabrics.local.fabric import LocalFabric
from sessionlab.lab.record.history import History

NUMBER = itertools.count()

Make = Callable[..., Cluster]


@pytest_asyncio.fixture(loop_scope="session", scope="session")
async def fabric() -> AsyncIterator[LocalFabric]:
    fabric = LocalFabric()
    await fabric.open()
    yield fabric
    await fabric.close()


@pytest.fixture
def seen() -> list[Event]:
    return []


@pytest.fixture
def make(fabric: LocalFabric, seen: list[Event]) -> Make:
    def build(strategy: str = "memory", nodes: int = 2, **wishes: object) -> Cluster:
        services = wishes.pop("services", (Service("app", nodes, strategy),))
        description = Description(services, **wishes)  # type: ignore[arg-type]
        sandbox = fabric.sandbox(f"cluster-{next(NUMBER)}")
        return Cluster(description, sandbox, history=History(), events=Events(seen.append))

    return build
