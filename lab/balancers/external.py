"""The balancer of a stack that runs already: an address, perhaps an admin's too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from yarl import URL

from sessionlab.lab.balancers.interface import asking
from sessionlab.lab.errors import UsageError
from sessionlab.lab.fabrics.external import ExternalSandbox, refuse
from sessionlab.lab.fabrics.interface import Address, Part, Sandbox

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import aiohttp

    from sessionlab.lab.balancers.interface import Backend
    from sessionlab.lab.balancers.tls import Edge
    from sessionlab.lab.description.cluster import Description


class ExternalBalancer:
    """The one of a stack that runs already, whichever it is; it comes with --target."""

    def __init__(
        self,
        description: Description,  # noqa: ARG002
        sandbox: Sandbox,
        http: aiohttp.ClientSession,
    ) -> None:
        if not isinstance(sandbox, ExternalSandbox):
            raise UsageError("the lab starts this cluster, its balancer too", "choose another")
        url = URL(sandbox.target.url)
        self.address = Address(url.host or "", url.port or 80)
        self.edge: Edge | None = None
        self.admin_url = sandbox.target.admin or None
        self._http = http

    def part(self, backends: Sequence[Backend]) -> Part:  # noqa: ARG002
        refuse("start its balancer")

    async def ready(self) -> bool:
        return True

    async def states(self) -> dict[str, str]:
        """By address: it has found the nodes by itself, and does not know their names."""
        if self.admin_url is None:
            refuse("ask its balancer")
        with asking():
            got = await self._http.get(f"{self.admin_url}/backends")
            rows = (await got.json())["backends"]
        return {row["address"]: row["state"] for row in rows}

    async def add(self, backend: Backend) -> None:
        refuse(f"add {backend.name}")

    async def drain(self, backend: Backend, limit: float) -> None:  # noqa: ARG002
        refuse(f"drain {backend.name}")

    async def pins(self) -> Mapping[str, int]:
        refuse("ask its balancer who is tied to a node")

    async def remove(self, backend: Backend) -> None:
        refuse(f"remove {backend.name}")

    async def reload(self) -> None:
        refuse("reload its balancer")
