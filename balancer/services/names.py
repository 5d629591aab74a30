"""What names stand for: addresses, and by SRV records (RFC 2782) their ports and weights too."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import dataclass
from math import gcd
from typing import TYPE_CHECKING

from sessionlab.balancer.config.model import MAX_WEIGHT, Address

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sessionlab.balancer.config.model import DiscoverSpec


@dataclass(frozen=True, slots=True)
class Record:
    """One SRV record; `target` is a host."""

    priority: int
    weight: int
    port: int
    target: str


class Names:
    """Resolves, and remembers what the targets of SRV records last were."""

    def __init__(self) -> None:
        self._last: dict[str, dict[str, set[str]]] = {}

    async def resolve(self, wanted: DiscoverSpec) -> dict[Address, int | None]:
        """Every address, with its weight if the name says one. Raises OSError or UnicodeError."""
        if wanted.srv:
            return await self._services(wanted.host)
        found = await addresses(wanted.host, wanted.port)
        return {Address(ip, wanted.port): None for ip in found}

    async def _services(self, name: str) -> dict[Address, int | None]:
        records = preferred(await services(name))
        before = self._last.get(name, {})
        targets = sorted({record.target for record in records})
        found = await asyncio.gather(*(_known(t, before.get(t, set())) for t in targets))
        last = self._last[name] = dict(zip(targets, found, strict=True))
        return {Address(ip, r.port): r.weight for r in records for ip in last[r.target]}


async def addresses(host: str, port: int) -> set[str]:
    """Every address of a host, as the machine's own resolver says. Raises OSError."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return {str(address[0]) for *_, address in found}


async def _known(host: str, before: set[str]) -> set[str]:
    """Those of a target; of one that fails, what it had: the failure says nothing about them."""
    try:
        return await addresses(host, 0)
    except (OSError, UnicodeError):
        return before


async def services(name: str) -> list[Record]:
    """The SRV records of a name, from the machine's name servers. Raises OSError.

    The C library cannot ask for them.
    """
    from dns.asyncresolver import Resolver  # noqa: PLC0415  only those who want it pay for it
    from dns.exception import DNSException  # noqa: PLC0415

    try:
        answer = await Resolver().resolve(name, "SRV", search=True)
    except DNSException as error:
        raise OSError(str(error)) from None
    return [
        Record(row.priority, row.weight, row.port, row.target.to_text(omit_final_dot=True))
        for row in answer
    ]


def preferred(records: Sequence[Record]) -> list[Record]:
    """Those of the lowest priority number, with weights that a backend can have.

    Only the weights' ratio counts, and nobody's is 0, which to RFC 2782 is a small chance. A
    target of `.` says that there is no such service.
    """
    there = [record for record in records if record.port and record.target != "."]
    first = min((record.priority for record in there), default=0)
    chosen = [record for record in there if record.priority == first]
    divisor = max(gcd(*(r.weight for r in chosen)), 1)
    most = max([MAX_WEIGHT, *(r.weight // divisor for r in chosen)])
    return [
        Record(r.priority, max(r.weight // divisor * MAX_WEIGHT // most, 1), r.port, r.target)
        for r in chosen
    ]
