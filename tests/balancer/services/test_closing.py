"""What changes a backend says which connections end with that, and closes none itself."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

import pytest

from sessionlab.balancer.backends.state import Finding
from sessionlab.balancer.config.model import Address, BackendSpec, Config
from sessionlab.balancer.services import replica
from sessionlab.balancer.services.registry import Cluster
from sessionlab.balancer.sockets.closing import close_all

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from sessionlab.balancer.backends.pool import Idle

HERE = BackendSpec("app", "n1", Address("127.0.0.1", 8001))
ELSEWHERE = replace(HERE, address=Address("127.0.0.1", 8002))
OTHER = BackendSpec("app", "n2", Address("127.0.0.1", 8003))
CONFIG = Config(backends=(HERE, OTHER), secret=b"s")


class Transport:
    closed = False

    def close(self) -> None:
        self.closed = True


@dataclass
class Resting:
    """A connection to a backend that nobody uses."""

    transport: asyncio.Transport
    idle_since: float = 0.0


def all_ready() -> Cluster:
    cluster = Cluster(CONFIG)
    for backend in cluster.backends():
        cluster.set_finding(backend, Finding.READY)
    return cluster


def state_without(name: str) -> list[dict[str, object]]:
    return [row for row in replica.state_of(all_ready()) if row["name"] != name]


@pytest.mark.parametrize(
    "change",
    [
        lambda cluster: cluster.remove("app", "n1"),
        lambda cluster: cluster.set_finding(cluster.find("app", "n1"), Finding.DOWN),
        lambda cluster: cluster.reconfigure(replace(CONFIG, backends=(OTHER,))),
        lambda cluster: cluster.reconfigure(replace(CONFIG, backends=(ELSEWHERE, OTHER))),
        lambda cluster: replica.follow(cluster, state_without("n1")),
    ],
    ids=["removed", "found down", "not configured", "configured elsewhere", "gone at the parent"],
)
def test_what_ends_with_a_change_is_returned_and_closed_by_who_made_it(
    change: Callable[[Cluster], list[Idle]],
) -> None:
    cluster = all_ready()
    gone, stays = (Resting(cast("asyncio.Transport", Transport())) for _ in range(2))
    cluster.find("app", "n1").pool.idle.append(gone)
    cluster.find("app", "n2").pool.idle.append(stays)
    closing = change(cluster)
    assert closing == [gone]
    assert not cast("Transport", gone.transport).closed
    close_all(closing)
    assert cast("Transport", gone.transport).closed
    assert cluster.find("app", "n2").pool.idle == [stays]


@pytest.mark.parametrize("finding", [Finding.READY, Finding.LEAVING])
def test_a_backend_that_still_answers_keeps_its_connections(finding: Finding) -> None:
    cluster = Cluster(CONFIG)
    backend = cluster.find("app", "n1")
    resting = Resting(cast("asyncio.Transport", Transport()))
    backend.pool.idle.append(resting)
    assert cluster.set_finding(backend, finding) == []
    assert backend.pool.idle == [resting]
