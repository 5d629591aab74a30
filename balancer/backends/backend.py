"""A backend as a worker sees it; what its states mean is in `state`."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, NamedTuple

from sessionlab.balancer.backends.ejection import Ejector
from sessionlab.balancer.backends.pin import NONE, UNUSED, VALID
from sessionlab.balancer.backends.pool import Pool
from sessionlab.balancer.backends.queue import Queue
from sessionlab.balancer.backends.state import MEANING, Finding, State
from sessionlab.balancer.backends.state import state as state_of
from sessionlab.balancer.config.model import EjectionPolicy

if TYPE_CHECKING:
    from sessionlab.balancer.config.model import Address, BackendSpec


_TENTHS = 10


class Backend:
    """State, counters and idle connections of one backend. The hot path reads plain slots.

    `share` is the weight that was asked for; `weight` is what algorithms see, in tenths of it, and
    less while the backend warms up (`warm_at` is when that ends, 0 when it is warm). `troubled`
    is set by a failure and spares the hot path a call while there was none. `valid` is what an
    affinity finds that leads here. `why` says what its check found wrong, if anything.

    A drain has begun at `draining` (Unix time, 0: there is none) and lasts `limit` seconds at most
    (0: as long as it takes); `asked_limit` is None when the operator did not say.
    Weight 0 is a drain without end (HAProxy; Gateway API GEP-1619: affinity survives weight 0).
    """

    __slots__ = (
        "active",
        "address",
        "asked",
        "asked_limit",
        "by_class",
        "draining",
        "ejector",
        "failures",
        "found",
        "limit",
        "name",
        "overdue",
        "pin",
        "pinnable",
        "pool",
        "requests",
        "retired",
        "retries",
        "service",
        "share",
        "troubled",
        "tunnels",
        "valid",
        "waiting",
        "warm_at",
        "weight",
        "why",
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
        self.asked_limit: float | None = None
        self.found = Finding.READY if healthy else Finding.DOWN
        self.why = ""
        self.draining = 0.0
        self.limit = 0.0
        self.overdue = False
        self.ejector = Ejector(ejection or EjectionPolicy())
        self.waiting = Queue()
        self.pinnable = False
        self.retired = False
        self.troubled = False
        self.pin = pin_of(spec.service, spec.name)
        self.pool: Pool[Any] = Pool()  # what idles there is the proxy's own
        self.valid = Found(self, VALID)
        self.active = 0
        self.tunnels = 0
        self.requests = 0
        self.failures = 0
        self.retries = 0
        self.by_class = [0] * 10

    def __repr__(self) -> str:
        return f"<Backend {self.service}/{self.name} {self.address} {self.state}>"

    @property
    def state(self) -> State:
        """What was asked for, what was found, and what time made of both."""
        failing = bool(self.ejector.until)
        return state_of(self.asked, self.found, overdue=self.overdue, failing=failing)

    @property
    def healthy(self) -> bool:
        """Whether it says that it can serve."""
        return self.found is Finding.READY

    @property
    def takes_new(self) -> bool:
        """Whether a client without a pin may come here."""
        return MEANING[self.state].takes_new and self.share > 0

    def keep_drain(self, now: float, default_limit: float) -> bool:
        """Begin, go on with or end a drain at this moment; True when its limit has just passed."""
        asked = self.asked is State.DRAIN
        if not asked and not (self.asked is State.UP and self.found is Finding.LEAVING):
            if self.asked is not State.UP or self.found is not Finding.DOWN:
                self.draining = self.limit = 0.0
                self.overdue = False
            return False
        self.draining = self.draining or now
        self.limit = default_limit if self.asked_limit is None else self.asked_limit
        before = self.overdue
        self.overdue = bool(self.limit) and now - self.draining >= self.limit
        return self.overdue and not before

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


class Found(NamedTuple):
    """The backend that a claim leads to, if any, the verdict's first letter (`pin`), and why."""

    backend: Backend | None
    verdict: str
    reason: str = ""


NOTHING_FOUND = Found(None, NONE)
NOT_LOOKED_AT = Found(None, "-")
UNUSED_FOUND = Found(None, UNUSED)


def pin_of(service: str, name: str) -> bytes:
    """Eight bytes that stand for a backend in a pin, the same in every worker and every run."""
    return hashlib.blake2b(f"{service}/{name}".encode(), digest_size=8).digest()
