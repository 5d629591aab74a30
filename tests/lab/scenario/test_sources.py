"""Where a client's address decides, clients come from many, so that one does not speak for all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sessionlab.lab.clients.client import Client
from sessionlab.lab.errors import Skip
from sessionlab.lab.events import Events
from sessionlab.lab.scenario.lab import Lab, Settings

if TYPE_CHECKING:
    from sessionlab.lab.fabrics.local.fabric import LocalFabric

pytestmark = pytest.mark.asyncio(loop_scope="session")

CLIENTS = 24


async def nodes(lab: Lab, affinity: str, algorithm: str, sources: tuple[str, ...] = ()) -> int:
    """How many nodes the logins went to; each client must have been led back to its own."""
    async with lab.cluster("memory", affinity=affinity, algorithm=algorithm) as cluster:
        clients = cluster.clients(CLIENTS, sources)
        logins = await lab.one_by_one(clients, Client.login)
        assert (await lab.one_by_one(clients, Client.me)).recognised == CLIENTS
        return len(logins.nodes)


@pytest.mark.parametrize(
    ("affinity", "algorithm"),
    [("none", "hash:source"), ("none", "consistent-hash:source"), ("source", "random")],
)
async def test_clients_come_from_addresses_of_their_own(
    affinity: str, algorithm: str, fabric: LocalFabric
) -> None:
    lab = Lab(Settings(), fabric, Events(), f"{affinity} {algorithm}".replace(":", "-"))
    assert await nodes(lab, affinity, algorithm) == 3
    assert await nodes(lab, affinity, algorithm, ("127.0.0.1",)) == 1


async def test_where_a_system_has_one_address_it_has_to_do(
    fabric: LocalFabric, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(*_: object) -> list[str]:
        raise Skip("one loopback")

    monkeypatch.setattr(fabric, "addresses", none)
    assert await nodes(Lab(Settings(), fabric, Events(), "one"), "none", "hash:source") == 1
