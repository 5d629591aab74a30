"""One node: who it is, and the parts that its handlers use."""

from dataclasses import dataclass

from aiohttp import web

from sessionlab.nodes.strategies.interface import Strategy
from sessionlab.nodes.tokens.keys import KeySource
from sessionlab.nodes.users.directory import Directory
from sessionlab.nodes.users.passwords import Hasher
from sessionlab.nodes.web.edge import Edge
from sessionlab.nodes.web.metrics import Metrics
from sessionlab.nodes.web.readiness import Readiness


@dataclass(frozen=True, slots=True)
class Node:
    """Everything that answering a request needs."""

    id: str
    service: str
    version: str
    strategy: Strategy
    directory: Directory
    hasher: Hasher
    keys: KeySource
    edge: Edge
    metrics: Metrics
    readiness: Readiness
    max_body: int
    cart_delay: float

    async def close(self) -> None:
        await self.strategy.close()
        self.hasher.close()


NODE = web.AppKey("node", Node)
