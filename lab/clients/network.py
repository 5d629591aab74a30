"""How a client reaches the servers: from which address, and whose certificates it believes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import aiohttp

from sessionlab.lab.engine.head import Heads

if TYPE_CHECKING:
    import ssl


@dataclass(frozen=True, slots=True)
class ClientNetwork:
    """`source` is one of this machine's addresses, None for whichever the system takes.

    `tls` says which certificates are believed; without it, those that the system believes. `trace`
    hears of every request, and may hold it up: then aiohttp asks, and not the engine, which
    remembers `heads` of answers.
    """

    source: str | None = None
    tls: ssl.SSLContext | None = None
    trace: aiohttp.TraceConfig | None = None
    heads: Heads = field(default_factory=Heads, compare=False, repr=False)

    def connector(self) -> aiohttp.TCPConnector:
        """What opens the connections, as many at a time as there are requests."""
        return aiohttp.TCPConnector(
            limit=0,
            local_addr=(self.source, 0) if self.source else None,
            ssl=self.tls or True,
        )


ANY_NETWORK = ClientNetwork()
