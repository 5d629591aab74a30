"""Open tunnels: each is a use of its client's pin, and holds up the drain of its backend."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import asyncio

    from sessionlab.balancer.backends.backend import Backend
    from sessionlab.balancer.services.service import Service


class Ends(Protocol):
    """A client's connection that is a tunnel."""

    transport: asyncio.Transport

    def end_tunnel(self) -> None:
        """Close it; what was said before still arrives."""
        ...


@dataclass(frozen=True, slots=True)
class Tunnel:
    """Where one leads, and the keys of its client in the service's table of pins."""

    backend: Backend
    service: Service
    keys: tuple[bytes, ...]


class Tunnels:
    """Those of one process, by their clients."""

    def __init__(self) -> None:
        self._open: dict[Ends, Tunnel] = {}
        self._half: set[Ends] = set()

    def opened(self, client: Ends, tunnel: Tunnel) -> None:
        """A backend has accepted an Upgrade."""
        self._open[client] = tunnel
        tunnel.backend.tunnels += 1

    def closed(self, client: Ends) -> None:
        """One side has left."""
        self._half.discard(client)
        tunnel = self._open.pop(client, None)
        if tunnel is not None:
            tunnel.backend.tunnels -= 1

    def end_half(self, client: Ends, other: asyncio.Transport) -> bool:
        """One side has ended, which the `other` is told; it may go on (a pipe's end).

        False when that is the tunnel's end: its second half, or the first in TLS, where asyncio
        knows no halves.
        """
        if client in self._half or not client.transport.can_write_eof():
            return False
        self._half.add(client)
        other.write_eof()
        return True

    def tick(self, now: float) -> None:
        """Keep their pins, and close those whose backend is past the limit of its drain.

        The last backend that there is keeps its tunnels, as it keeps its other clients.
        """
        for client, tunnel in list(self._open.items()):
            for key in tunnel.keys:
                tunnel.service.affinity.stay(key, now)
            if tunnel.backend.overdue and not tunnel.backend.pinnable:
                client.end_tunnel()
