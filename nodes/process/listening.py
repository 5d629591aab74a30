"""Where a node listens: `HOST:PORT` parsed, and the socket bound."""

import errno
import os
import socket
from dataclasses import dataclass

from sessionlab.nodes.errors import ListenError, OptionError

_BACKLOG = 1024
_LAST_PORT = 65535


@dataclass(frozen=True, slots=True)
class Address:
    """A host (a name or an address, without brackets) and a port; port 0 lets the system choose."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_address(text: str) -> Address:
    """`127.0.0.1:8001`, `localhost:0`, `[::1]:8001`. Raises `OptionError`."""
    host, colon, port = text.rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        raise OptionError(f"{text!r} is ambiguous; put an IPv6 address in brackets: [::1]:8001")
    if not colon or not host:
        raise OptionError(f"{text!r} is not HOST:PORT; give for example 127.0.0.1:8001")
    if not (port.isascii() and port.isdigit() and int(port) <= _LAST_PORT):
        raise OptionError(f"{text!r}: the port must be a number from 0 to 65535")
    return Address(host, int(port))


def listen(address: Address) -> socket.socket:
    """A bound, listening socket. Raises `ListenError` that says what to do."""
    try:
        family, kind, protocol, _, target = socket.getaddrinfo(
            address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        return _bound(socket.socket(family, kind, protocol), target)
    except (OSError, UnicodeError) as error:
        raise ListenError(f"cannot listen on {address}: {_why(error)}") from error


def bound_address(listener: socket.socket) -> Address:
    """Where the socket really listens."""
    host, port = listener.getsockname()[:2]
    return Address(host, port)


def _bound(listener: socket.socket, target: object) -> socket.socket:
    try:
        # A port in TIME_WAIT may be taken at once; one that somebody listens on may not.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(target)  # type: ignore[arg-type]  # whatever shape the family has
        listener.listen(_BACKLOG)
        listener.setblocking(False)
    except BaseException:
        listener.close()
        raise
    return listener


_HINTS = {
    errno.EADDRINUSE: "address already in use. Choose another --listen, or stop what holds it.",
    errno.EACCES: "permission denied. Choose a --listen with a port from 1024.",
    errno.EADDRNOTAVAIL: "this machine has no such address. Choose another --listen.",
}


def _why(error: OSError | UnicodeError) -> str:
    if isinstance(error, UnicodeError | socket.gaierror):
        return "no such host. Choose another --listen."
    hint = _HINTS.get(error.errno or 0)
    return hint if hint is not None else f"{os.strerror(error.errno or 0)}."
