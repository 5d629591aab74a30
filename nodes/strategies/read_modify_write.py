"""`--cart-writes record`, as session middlewares do: load all first, write all back last.

Two requests of one session at once load the same cart, each adds its item, and the one that writes
last takes the other's item away (spring-projects/spring-session#1471, tj/connect-redis#75). Adding
one item to what the store has by then, which is `field`, has no such gap.
"""

from dataclasses import dataclass
from typing import Protocol

from sessionlab.nodes.strategies.interface import (
    MAX_ITEMS,
    Added,
    CartWrites,
    Session,
    Strategy,
    cart_full,
)
from sessionlab.nodes.strategies.wrapper import Wrapper


class Record(Session, Protocol):
    """A session whose whole cart can be written over."""

    async def replace(self, items: list[str]) -> None: ...


class Records(Strategy, Protocol):
    """A strategy that keeps such sessions."""

    async def open(self, credential: str) -> Record: ...


@dataclass(frozen=True, slots=True)
class LoadedSession:
    """What the store had when the request came; what it has by now is not looked at again."""

    record: Record
    loaded: tuple[str, ...]

    @property
    def user(self) -> str:
        return self.record.user

    async def items(self) -> list[str]:
        return list(self.loaded)

    async def add(self, item: str) -> Added:
        if len(self.loaded) >= MAX_ITEMS:
            raise cart_full()
        items = [*self.loaded, item]
        await self.record.replace(items)
        return Added(items)


@dataclass(frozen=True, slots=True)
class ReadModifyWrite(Wrapper):
    """A strategy whose carts are loaded with the session and written back whole."""

    inner: Records

    async def open(self, credential: str) -> LoadedSession:
        record = await self.inner.open(credential)
        return LoadedSession(record, tuple(await record.items()))


def with_carts(strategy: Records, writes: CartWrites) -> Strategy:
    """The strategy, with carts written as `--cart-writes` says."""
    return ReadModifyWrite(strategy) if writes == "record" else strategy
