"""A cluster that the lab did not start: its nodes are met where they run."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from sessionlab.lab.balancers import BALANCERS
from sessionlab.lab.cluster.node import Node
from sessionlab.lab.cluster.redis import Redis
from sessionlab.lab.cluster.runtime import ClusterRuntime
from sessionlab.lab.description.target import MOST_USERS
from sessionlab.lab.errors import Skip, StartError
from sessionlab.lab.fabrics.interface import Address

if TYPE_CHECKING:
    from sessionlab.lab.description.cluster import Description
    from sessionlab.lab.fabrics.external import ExternalSandbox

PATIENCE = 15.0  # seconds until a node of the stack must have answered


class ExternalRuntime(ClusterRuntime):
    """Finds the nodes of a running stack instead of starting any."""

    def __init__(self, description: Description, sandbox: ExternalSandbox) -> None:
        super().__init__(description, sandbox)
        self.password = sandbox.target.password
        self._target = sandbox.target

    async def start(self) -> None:
        """Ask every node who it is; raises Skip when the stack is not what is described."""
        self._target.suit(self.description)
        self.redis = Redis("redis://")  # there may be one; it is not ours to stop
        addresses = await asyncio.to_thread(self._target.addresses)
        found = [await self._meet(Address(host, self._target.port)) for host in addresses]
        if self.description.balancer is None:
            found = found[:1]
        else:
            self.balancer = BALANCERS.make("external", self.description, self._sandbox, self.http)
        self.nodes.update({node.name: node for node in found})
        wanted = self.description.services[0].nodes
        if len(self.nodes) != wanted:
            raise Skip(f"the running stack has {len(self.nodes)} nodes, and this takes {wanted}")

    def want_users(self, count: int) -> None:
        if count > MOST_USERS:
            raise Skip(f"this takes {count} users, and a running stack has {MOST_USERS} at least")

    async def _meet(self, address: Address) -> Node:
        service = self.description.services[0]
        node = Node(str(address), service, address)
        says: dict[str, object] = {}
        try:
            async with asyncio.timeout(PATIENCE):
                while not says.get("ready"):
                    says = await node.readiness(self.http)
        except TimeoutError:
            raise StartError(f"the node at {address} is not ready") from None
        if says.get("strategy") != service.strategy:
            raise Skip(
                f"the running stack has strategy {says.get('strategy')}, and this takes"
                f" {service.strategy}"
            )
        return Node(str(says["node"]), service, address)
