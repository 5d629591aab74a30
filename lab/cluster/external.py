"""The ground of a cluster that the lab did not start: it looks at it, and touches nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import NoReturn

from yarl import URL

from sessionlab.lab.balancers.interface import Backend
from sessionlab.lab.balancers.tls import Edge
from sessionlab.lab.cluster.node import Node
from sessionlab.lab.cluster.redis import Redis
from sessionlab.lab.cluster.runtime import Boot
from sessionlab.lab.description.cluster import Description
from sessionlab.lab.description.target import Target
from sessionlab.lab.errors import Skip, StartError
from sessionlab.lab.fabrics.interface import Address, Part

PATIENCE = 15.0  # seconds until a node of the stack must have answered


def _refuse(what: str) -> NoReturn:
    raise Skip(f"the lab did not start this stack, so it does not {what}")


class RunningFabric:
    """What stands in for a fabric: whatever would start or end a part skips the story."""

    name = "running"

    def __init__(self, target: Target) -> None:
        self._target = target

    async def open(self) -> None:
        await asyncio.to_thread(self._target.addresses)

    def site(self, label: str) -> RunningSite:
        return RunningSite(label)

    def executable(self, *names: str) -> str | None:  # noqa: ARG002
        return None

    def how_to_get(self, package: str) -> str:
        return f"the lab did not start this stack: {package} is for whoever did"

    async def close(self) -> None:
        pass


class RunningSite:
    """One cluster's site. All of a stack's parts count as running."""

    room = ""

    def __init__(self, label: str) -> None:
        self.label = label

    async def open(self) -> None:
        """There is nothing to lay."""

    def place(self, part: str, port: int = 0) -> Address:  # noqa: ARG002
        _refuse("add to it")

    def executable(self, *names: str) -> str | None:  # noqa: ARG002
        return None

    def how_to_get(self, package: str) -> str:
        return f"the lab did not start this stack: {package} is for whoever did"

    def write(self, name: str, content: str) -> str:  # noqa: ARG002
        _refuse("change its files")

    def keep(self, part: str) -> str:
        _refuse(f"give its {part} a folder")

    async def start(self, part: Part) -> None:
        _refuse(f"start its {part.name}")

    async def signal(self, name: str, signum: int) -> None:  # noqa: ARG002
        _refuse(f"stop or signal its {name}")

    async def gone(self, name: str) -> int:
        _refuse(f"wait for the end of its {name}")

    def ended(self, name: str) -> int | None:  # noqa: ARG002
        return None

    def log(self, name: str) -> str:  # noqa: ARG002
        return ""

    async def close(self) -> None:
        pass


class RunningBalancer:
    """The stack's balancer: there is an address, and nothing to be asked of it."""

    def __init__(self, target: Target) -> None:
        url = URL(target.url)
        self.address = Address(url.host or "", url.port or 80)
        self.edge: Edge | None = None

    def part(self, backends: Sequence[Backend]) -> Part:  # noqa: ARG002
        _refuse("start its balancer")

    async def ready(self) -> bool:
        return True

    async def states(self) -> dict[str, str]:
        _refuse("ask its balancer")

    async def add(self, backend: Backend) -> None:
        _refuse(f"add {backend.name}")

    async def drain(self, backend: Backend, limit: float) -> None:  # noqa: ARG002
        _refuse(f"drain {backend.name}")

    async def pins(self, backend: Backend) -> int | None:
        _refuse(f"ask its balancer who is tied to {backend.name}")

    async def remove(self, backend: Backend) -> None:
        _refuse(f"remove {backend.name}")

    async def reload(self) -> None:
        _refuse("reload its balancer")


class Joined(Boot):
    """Finds the nodes of a running stack instead of starting any."""

    def __init__(self, description: Description, site: RunningSite, target: Target) -> None:
        super().__init__(description, site, target.password)
        self._target = target

    async def start(self) -> None:
        """Ask every node who it is; raises Skip when the stack is not what is described."""
        self._target.suit(self.description)
        self.redis = Redis("redis://")  # there may be one; it is not ours to stop
        addresses = await asyncio.to_thread(self._target.addresses)
        found = [await self._meet(Address(host, self._target.port)) for host in addresses]
        if self.description.balancer is None:
            found = found[:1]
        else:
            self.balancer = RunningBalancer(self._target)
        self.nodes.update({node.name: node for node in found})
        wanted = self.description.services[0].nodes
        if len(self.nodes) != wanted:
            raise Skip(f"the running stack has {len(self.nodes)} nodes, and this takes {wanted}")

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
