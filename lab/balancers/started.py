"""What all balancers have in common that the lab starts itself, as one process on a sandbox."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sessionlab.lab.balancers.interface import PART, Backend
from sessionlab.lab.balancers.tls import Edge
from sessionlab.lab.waiting import until

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import aiohttp

    from sessionlab.lab.description.cluster import Description
    from sessionlab.lab.fabrics.interface import Sandbox


class Started:
    """A public and an admin address on its sandbox, and the backends that it was given last."""

    def __init__(
        self, description: Description, sandbox: Sandbox, http: aiohttp.ClientSession
    ) -> None:
        self.address = sandbox.place(PART, description.port)
        self.admin = sandbox.place(PART)
        self.edge = Edge.on(sandbox, self.address.host) if description.tls else None
        self._description = description
        self._sandbox = sandbox
        self._http = http
        self._backends: list[Backend] = []

    async def _until_logged(self, sign: str, what: str, do: Callable[[], Awaitable[None]]) -> None:
        """Do it, and return once its log says so, once more than before."""
        before = self._sandbox.log(PART).count(sign)
        await do()

        async def logged() -> bool:
            return self._sandbox.log(PART).count(sign) > before

        await until(what, logged)
