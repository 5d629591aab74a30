"""A strategy around another one, which it leaves as it is but for what a subclass changes."""

from dataclasses import dataclass

from sessionlab.nodes.strategies.interface import Grant, Session, Strategy
from sessionlab.nodes.transports.interface import Transport


@dataclass(frozen=True, slots=True)
class Wrapper:
    """Does what `inner` does."""

    inner: Strategy

    @property
    def name(self) -> str:
        return self.inner.name

    @property
    def transport(self) -> Transport:
        return self.inner.transport

    async def login(self, user: str, presented: str | None) -> Grant:
        return await self.inner.login(user, presented)

    async def open(self, credential: str) -> Session:
        return await self.inner.open(credential)

    async def logout(self, credential: str) -> bool:
        return await self.inner.logout(credential)

    async def close(self) -> None:
        await self.inner.close()
