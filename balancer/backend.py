"""A backend as a worker sees it, and the table of its states.

Two things decide the state: what the operator asked for (up, drain, maintenance) and what the
checks and real requests found (healthy or not). The worse of both is what counts.

=============  ================  ===================  =======
state          takes new clients  keeps pinned clients  checked
=============  ================  ===================  =======
up             yes               yes                  yes
drain          no                yes                  yes
maintenance    no                no                   no
down           no                no                   yes
ejected        no                no                   yes
=============  ================  ===================  =======

Weight 0 is drain by another name (HAProxy; Gateway API GEP-1619: affinity survives weight 0).
"""

from __future__ import annotations

import hashlib
from enum import StrEnum
from typing import TYPE_CHECKING

from balancer.pool import Pool

if TYPE_CHECKING:
    from balancer.config import Address, BackendSpec


class State(StrEnum):
    """One backend's state; the values are what the admin API says."""

    UP = "up"
    DRAIN = "drain"
    MAINTENANCE = "maintenance"
    DOWN = "down"
    EJECTED = "ejected"


TAKES_NEW = frozenset({State.UP})
KEEPS_PINNED = frozenset({State.UP, State.DRAIN})
ASKABLE = frozenset({State.UP, State.DRAIN, State.MAINTENANCE})


class Backend:
    """State, counters and idle connections of one backend. The hot path reads plain slots."""

    __slots__ = (
        "active",
        "address",
        "asked",
        "by_class",
        "ejected",
        "failures",
        "healthy",
        "name",
        "pin",
        "pinnable",
        "pool",
        "requests",
        "retired",
        "retries",
        "service",
        "weight",
    )

    def __init__(self, spec: BackendSpec, *, healthy: bool) -> None:
        self.service = spec.service
        self.name = spec.name
        self.address: Address = spec.address
        self.weight = spec.weight
        self.asked = State.UP
        self.healthy = healthy
        self.ejected = False
        self.pinnable = False
        self.retired = False
        self.pin = pin_of(spec.service, spec.name)
        self.pool = Pool()
        self.active = 0
        self.requests = 0
        self.failures = 0
        self.retries = 0
        self.by_class = [0] * 10

    def __repr__(self) -> str:
        return f"<Backend {self.service}/{self.name} {self.address} {self.state}>"

    @property
    def state(self) -> State:
        """The worse of what was asked for and what was found."""
        if self.asked is State.MAINTENANCE:
            return State.MAINTENANCE
        if not self.healthy:
            return State.DOWN
        if self.ejected:
            return State.EJECTED
        return self.asked

    @property
    def takes_new(self) -> bool:
        """Whether a client without a pin may come here."""
        return self.state in TAKES_NEW and self.weight > 0


def pin_of(service: str, name: str) -> bytes:
    """Eight bytes that stand for a backend in a pin, the same in every worker and every run."""
    return hashlib.blake2b(f"{service}/{name}".encode(), digest_size=8).digest()
