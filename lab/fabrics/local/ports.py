"""Ports that are kept for a part from when its address is told to when it listens there.

Ports from the kernel's own range are no good for that: it gives them to any process that asks for
some port, and to every outgoing connection, between two lives of a part too. Those below the range
go only to who asks for that very number. On Linux a reservation is bound and never listens, so a
part can bind the same port with SO_REUSEADDR, as servers do, and whoever does not say so cannot.
"""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
LOWEST, ENOUGH = 10_000, 2_000  # many a server's usual port is below, and some are taken


def reserve(host: str, port: int = 0) -> socket.socket:
    """A socket that is bound to a port, which is any free one when none is asked for.

    Raises OSError when it cannot be had.
    """
    if port:
        return _bound(host, port, shared=True)
    outside = _outside_the_kernel_s()
    first = int.from_bytes(os.urandom(4))  # elsewhere for each, so that labs do not meet
    for number in range(len(outside)):
        try:
            return _bound(host, outside[(first + number) % len(outside)], shared=False)
        except OSError:
            continue
    return _bound(host, 0, shared=True)


def _bound(host: str, port: int, *, shared: bool) -> socket.socket:
    """Unless `shared`, bind it as its only owner, and only then let a part bind it too.

    With SO_REUSEADDR from the start two labs could reserve the same port.
    """
    reservation = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        if shared:
            reservation.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        reservation.bind((host, port))
        reservation.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    except OSError:
        reservation.close()
        raise
    return reservation


def _outside_the_kernel_s() -> range:
    """Ports that nobody is given who did not ask for them; empty where there are not enough."""
    if sys.platform != "linux":
        return range(0)
    try:
        first = int(RANGE.read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return range(0)
    return range(LOWEST, first) if first - LOWEST >= ENOUGH else range(0)
