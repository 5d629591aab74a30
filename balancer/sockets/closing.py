"""Closing connections, for who was told to by a decision."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Iterable


class Connection(Protocol):
    """What has a transport."""

    transport: asyncio.Transport


def close_all(connections: Iterable[Connection]) -> None:
    """Close each; what it has still to write is written."""
    for connection in connections:
        connection.transport.close()
