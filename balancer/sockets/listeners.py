"""Sockets to listen on."""

from __future__ import annotations

import asyncio
import errno
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sessionlab.balancer.errors import ListenError

if TYPE_CHECKING:
    from collections.abc import Callable

    from sessionlab.balancer.config.model import Address

BACKLOG = 4096


def bind(address: Address, option: str, *, shared: bool = False) -> socket.socket:
    """A bound socket; `shared` lets others bind the same address (SO_REUSEPORT).

    Raises `ListenError`. A Unix socket that nobody listens on any more is replaced.
    """
    try:
        return _bind_unix(address.path) if address.path else _bind_tcp(address, shared=shared)
    except OSError as error:
        raise _cannot_listen(address, option, error) from None


def _bind_tcp(address: Address, *, shared: bool) -> socket.socket:
    family, kind, proto, _, where = socket.getaddrinfo(
        address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    bound = socket.socket(family, kind, proto)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if shared:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    return _bound(bound, where)


def _bind_unix(path: str) -> socket.socket:
    with socket.socket(socket.AF_UNIX) as probe:
        if Path(path).is_socket() and probe.connect_ex(path) == errno.ECONNREFUSED:
            Path(path).unlink()
    return _bound(socket.socket(socket.AF_UNIX), path)


def _bound(unbound: socket.socket, where: Any) -> socket.socket:
    try:
        unbound.bind(where)
    except OSError:
        unbound.close()
        raise
    return unbound


async def serve(
    bound: socket.socket, factory: Callable[[], asyncio.Protocol]
) -> asyncio.AbstractServer:
    """Accept connections."""
    loop = asyncio.get_running_loop()
    if bound.family == socket.AF_UNIX:
        return await loop.create_unix_server(factory, sock=bound, backlog=BACKLOG)
    return await loop.create_server(factory, sock=bound, backlog=BACKLOG)


def name_of(bound: socket.socket) -> str:
    """Where a socket is bound."""
    name = bound.getsockname()
    if bound.family == socket.AF_UNIX:
        return f"unix:{name}"
    return f"[{name[0]}]:{name[1]}" if ":" in name[0] else f"{name[0]}:{name[1]}"


def _cannot_listen(address: Address, option: str, error: OSError) -> ListenError:
    if error.errno == errno.EADDRINUSE:
        why = f"address already in use. Choose another {option}, or stop what holds it."
    else:
        # Not of `errno`: a name that can't be resolved has a number of its own, and some have none.
        why = f"{error.strerror or error}. Choose another {option}."
    return ListenError(f"cannot listen on {address}: {why}")
