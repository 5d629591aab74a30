"""One node: who it is, and the parts that its handlers use."""

from dataclasses import dataclass

from aiohttp import web

from nodes.edge import Edge
from nodes.keys import KeySource
from nodes.metrics import Metrics
from nodes.passwords import Hasher
from nodes.readiness import Readiness
from nodes.strategies.interface import Strategy
from nodes.users import Directory


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
