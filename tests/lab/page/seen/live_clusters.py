"""Clusters as the page has them: with what is seen of each."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from sessionlab.lab.cluster.cluster import Cluster
from sessionlab.lab.description.cluster import Description, Service
from sessionlab.lab.events import Events
from sessionlab.lab.page.seen.kept import MOST
from sessionlab.lab.page.seen.live import Live
from tests.lab.conftest import NUMBER

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sessionlab.lab.fabrics.local.fabric import LocalFabric


@asynccontextmanager
async def seen_live(
    fabric: LocalFabric, strategy: str = "memory", most: int = MOST, **wishes: object
) -> AsyncIterator[tuple[Cluster, Live]]:
    """A cluster as the page has one, and what is seen of it."""
    description = Description((Service("app", 3, strategy),), **wishes)  # type: ignore[arg-type]
    events, sandbox = Events(), fabric.sandbox(f"live-{next(NUMBER)}")
    live = Live(events, sandbox.label, most)
    async with Cluster(description, sandbox, history=live.history, events=events) as cluster:
        yield cluster, live
    live.close()
