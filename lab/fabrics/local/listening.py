"""Which addresses processes listen on, as the kernel tells it (`/proc/net/tcp`, so on Linux)."""

from __future__ import annotations

import contextlib
import ipaddress
import re
import struct
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

from sessionlab.lab.fabrics.interface import Address
from sessionlab.lab.fabrics.local.process_tree import descendants

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

_LISTEN = "0A"  # TCP_LISTEN, <net/tcp_states.h>
_SOCKET = re.compile(r"socket:\[(\d+)\]")


def listening(pids: Iterable[int]) -> dict[Address, set[int]]:
    """Each address that one of these processes listens on, with those that hold its socket."""
    holders: dict[str, set[int]] = defaultdict(set)
    for pid in pids:
        for inode in _sockets(pid):
            holders[inode].add(pid)
    found: dict[Address, set[int]] = defaultdict(set)
    for address, inode in _listeners() if holders else ():
        if inode in holders:
            found[address] |= holders[inode]
    return dict(found)


def takers(pids: Collection[int], port: int) -> int:
    """How many of these processes take the connections to a port.

    One that others which have its socket descend from only keeps them, as a pre-forking server.
    """
    holding = {pid for at, held in listening(pids).items() if at.port == port for pid in held}
    return sum(holding.isdisjoint(descendants(pid)) for pid in holding)


def _sockets(pid: int) -> Iterator[str]:
    with contextlib.suppress(OSError):
        for descriptor in Path(f"/proc/{pid}/fd").iterdir():
            with contextlib.suppress(OSError):
                if found := _SOCKET.fullmatch(str(descriptor.readlink())):
                    yield found[1]


def _listeners() -> Iterator[tuple[Address, str]]:
    for table in ("tcp", "tcp6"):
        with contextlib.suppress(OSError):
            for row in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
                _, local, _, state, *more = row.split()
                if state == _LISTEN:
                    yield _address(local), more[5]


def _address(text: str) -> Address:
    """`0100007F:1F90`: words of 32 bits in the machine's order, and the port."""
    host, _, port = text.partition(":")
    words = [int(host[at : at + 8], 16) for at in range(0, len(host), 8)]
    packed = struct.pack(f"={len(words)}I", *words)
    return Address(str(ipaddress.ip_address(packed)), int(port, 16))
