"""Which addresses a new network may have.

The engine lets a container have a fixed address only on a network whose range was asked for by
name, so the lab chooses. It takes ranges that RFC 2544 set aside for benchmarks between networks:
no LAN or VPN should be there, unlike where the engine's own choices are.
"""

from __future__ import annotations

import os
import socket
import struct
from ipaddress import IPv4Network, collapse_addresses
from pathlib import Path
from typing import TYPE_CHECKING

from sessionlab.lab.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from random import Random

VARIABLE = "SESSIONLAB_SUBNETS"
DEFAULT = "198.18.0.0/15"
PREFIX = 22  # a thousand addresses: twice the most nodes that a service can have


def pool() -> IPv4Network:
    """The range that networks are cut from; raises UsageError for one that makes no sense."""
    text = os.environ.get(VARIABLE) or DEFAULT
    try:
        found = IPv4Network(text)
    except ValueError as error:
        raise UsageError(f"{VARIABLE} cannot be used: {error}", f"write {DEFAULT}") from None
    if found.prefixlen > PREFIX:
        raise UsageError(
            f"{VARIABLE}={text} is too small", f"a network takes a /{PREFIX}, as in 10.99.0.0/16"
        )
    return found


def free(whole: IPv4Network, taken: Iterable[IPv4Network], random: Random) -> Iterator[IPv4Network]:
    """Those that overlap with nothing taken, shuffled so that two labs seldom try the same."""
    occupied = [one for one in collapse_addresses(taken) if one.overlaps(whole)]
    choices = list(whole.subnets(new_prefix=PREFIX))
    random.shuffle(choices)
    return (one for one in choices if not any(one.overlaps(other) for other in occupied))


def routed(table: Path = Path("/proc/net/route")) -> Iterator[IPv4Network]:
    """Where this machine has a route to already, the default route apart."""
    for line in table.read_text().splitlines()[1:] if table.exists() else ():
        _, destination, _, _, _, _, _, mask, *_ = line.split()
        if mask != "00000000":
            yield IPv4Network((_dotted(destination), _dotted(mask)), strict=False)


def _dotted(little_endian: str) -> str:
    return socket.inet_ntoa(struct.pack("<L", int(little_endian, 16)))
