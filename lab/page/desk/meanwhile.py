"""Until the parts that look are there: what can be said without them."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import msgspec

from sessionlab.lab.page.model.state import Balancing, Part, Store
from sessionlab.lab.page.model.visitors import Credential, Request

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sessionlab.lab.clients.client import Client
    from sessionlab.lab.cluster.cluster import Cluster


class Looks:
    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    async def parts(self, answered: Mapping[str, int]) -> list[Part]:
        found = await self._cluster.inventory.looked_at()
        return [
            Part(one.name, one.kind, one.address, one.state, one.pid, one.seen, one.how, "", None,
                 answered.get(one.name, 0))
            for one in found
        ]  # fmt: skip

    async def balancing(self) -> Balancing:
        return Balancing(why="not looked at yet")

    async def store(self) -> Store | None:
        return None

    async def close(self) -> None:
        pass


class Sampled:
    def __init__(self, most: int | None = None) -> None:
        self.most = most

    def of(self, requests: Sequence[Request], now: float) -> list[Any]:  # noqa: ARG002
        return list(requests)


def shown(read: Any, at: float, cluster: str, sendings: Any) -> Request:  # noqa: ARG001
    said = {
        name: value for name, value in asdict(read).items() if name in Request.__struct_fields__
    }
    return msgspec.structs.replace(Request(**said), at=at, cluster=cluster)


def credential_of(client: Client) -> Credential | None:
    held = client.credential
    return (
        Credential(str(hash(held))[-8:], "jwt" if client.token else "session-id", "…")
        if held
        else None
    )
