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
from collections import deque
from enum import StrEnum
from typing import TYPE_CHECKING

from balancer.affinity import VALID, Found
from balancer.health.ejection import EjectionPolicy, Ejector
from balancer.pool import Pool

if TYPE_CHECKING:
    from balancer.config import Address, BackendSpec
    from balancer.dispatch import Dispatching


class State(StrEnum):
    """One backend's state; the values are what the admin API says."""

    UP = "up"
    DRAIN = "drain"
    MAINTENANCE = "maintenance"
    DOWN = "down"
    EJECTED = "ejected"


TAKES_NEW = frozenset({State.UP})
KEEPS_PINNED = frozenset({State.UP, State.DRAIN})
_TENTHS = 10
ASKABLE = frozenset({State.UP, State.DRAIN, State.MAINTENANCE})


class Backend:
    """State, counters and idle connections of one backend. The hot path reads plain slots.

    `share` is the weight that was asked for; `weight` is what algorithms see, in tenths of it, and
    less while the backend warms up (`warm_at` is when that ends, 0 when it is warm). `troubled`
    is set by a failure and spares the hot path a call while there was none. `valid` is what an
    affinity finds that leads here.
    """

    __slots__ = (
        "active",
        "address",
        "asked",
        "by_class",
        "ejector",
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
        "share",
        "troubled",
        "valid",
        "waiting",
        "warm_at",
        "weight",
    )

    def __init__(
        self, spec: BackendSpec, *, healthy: bool, ejection: EjectionPolicy | None = None
    ) -> None:
        self.service = spec.service
        self.name = spec.name
        self.address: Address = spec.address
        self.share = spec.weight
        self.weight = spec.weight * _TENTHS
        self.warm_at = 0.0
        self.asked = State.UP
        self.healthy = healthy
        self.ejector = Ejector(ejection or EjectionPolicy())
        self.waiting: deque[Dispatching] = deque()
        self.pinnable = False
        self.retired = False
        self.troubled = False
        self.pin = pin_of(spec.service, spec.name)
        self.pool = Pool()
        self.valid = Found(self, VALID)
        self.active = 0
        self.requests = 0
        self.failures = 0
        self.retries = 0
        self.by_class = [0] * 10

    def __repr__(self) -> str:
        return f"<Backend {self.service}/{self.name} {self.address} {self.state}>"

    def close_idle(self) -> None:
        """Close the connections that wait in the pool."""
        for upstream in self.pool.clear():
            upstream.transport.close()

    @property
    def state(self) -> State:
        """The worse of what was asked for and what was found."""
        if self.asked is State.MAINTENANCE:
            return State.MAINTENANCE
        if not self.healthy:
            return State.DOWN
        if self.ejector.until:
            return State.EJECTED
        return self.asked

    @property
    def takes_new(self) -> bool:
        """Whether a client without a pin may come here."""
        return self.state in TAKES_NEW and self.share > 0

    def warm_up(self, now: float, seconds: float) -> None:
        """Begin a slow start: the weight grows to its full size over that many seconds."""
        self.warm_at = now + seconds if seconds else 0.0
        self.weigh(now, seconds)

    def weigh(self, now: float, seconds: float) -> None:
        """Set the weight for this moment of a slow start of that many seconds, or the full one."""
        left = self.warm_at - now
        if left <= 0:
            self.warm_at = 0.0
            self.weight = self.share * _TENTHS
        else:
            tenths = _TENTHS - int(left / seconds * _TENTHS)
            self.weight = self.share * max(1, min(_TENTHS, tenths))


def pin_of(service: str, name: str) -> bytes:
    """Eight bytes that stand for a backend in a pin, the same in every worker and every run."""
    return hashlib.blake2b(f"{service}/{name}".encode(), digest_size=8).digest()
