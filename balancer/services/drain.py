"""How long a drain will still take, as far as anybody can know. Pure.

Clients keep their pins by coming back, so an idle time alone ends nothing while they come. What
ends a drain for certain is its limit, or the life of a cookie: no token is made for a draining
backend, so the youngest is as old as the drain. A tunnel lasts until one side leaves, or the limit.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, Any

from sessionlab.balancer.backends.state import State

if TYPE_CHECKING:
    from sessionlab.balancer.backends.backend import Backend
    from sessionlab.balancer.config.model import ServicePolicy


@dataclass(frozen=True, slots=True)
class Watch:
    """What is known of a backend's clients.

    How many were seen within the idle time, since when anybody has looked (Unix time), whether a
    backend of the service takes new ones, and how many requests are under way, tunnels among them.
    """

    pins: int
    began: float
    others: bool
    active: int = 0
    tunnels: int = 0


def outlook(
    backend: Backend, watch: Watch, policy: ServicePolicy, now: float
) -> dict[str, Any] | None:
    """Clients left, seconds until the last can end (None: no bound), and a sentence."""
    if not backend.draining or backend.state not in {State.DRAIN, State.DRAINED}:
        return None  # one that went down meanwhile keeps its start, but has no clients to wait for
    gone = _nobody(watch, policy, now)
    ends_in = 0.0 if gone and not watch.active else _ends_in(backend, watch, policy, now)
    says = _says(backend, watch, ends_in, gone=gone)
    if not watch.others:
        says += "; nobody else takes new clients, so new clients get 503"
    rounded = None if ends_in is None else round(ends_in, 1)
    return {
        "pins_left": watch.pins,
        "tunnels": watch.tunnels,
        "ends_in": rounded,
        "says": says,
    }


def _ends_in(backend: Backend, watch: Watch, policy: ServicePolicy, now: float) -> float | None:
    if backend.overdue:
        # It serves its own on while it is the only one; what is under way is not cut, tunnels are.
        return 0.0 if watch.others and watch.active == watch.tunnels else None
    bounds = []
    if backend.limit and watch.others:
        bounds.append(backend.limit)
    if policy.affinity == "cookie" and policy.cookie.max_life and not watch.tunnels:
        bounds.append(policy.cookie.max_life)
    return max(0.0, backend.draining + min(bounds) - now) if bounds else None


def _nobody(watch: Watch, policy: ServicePolicy, now: float) -> bool:
    """Whether nobody can come back: with cookies only who has watched for long enough knows."""
    if watch.pins:
        return False
    max_idle = policy.cookie.max_idle
    return policy.affinity != "cookie" or (max_idle > 0 and now - watch.began > max_idle)


def _says(backend: Backend, watch: Watch, ends_in: float | None, *, gone: bool) -> str:
    clients = {0: "no client", 1: "1 client"}.get(watch.pins, f"{watch.pins} clients")
    under_way = _under_way(watch)
    left = f"{clients} left{under_way}"
    if backend.overdue:
        moved = "each is moved when it comes" if watch.others else "but its own stay"
        return f"{left}, past its limit: {moved}"
    if ends_in is None:
        if not watch.pins and not gone:
            left = f"{clients} seen lately{under_way}"
        if backend.limit:  # or it would bound the drain
            return f"{left}; the limit waits until another backend takes clients"
        if gone:
            return f"{left}, without a limit: it ends when the last of them does"
        return f"{left}, without a limit: while clients come it does not end"
    return f"{left}, at most {ceil(ends_in)} s" if watch.pins or ends_in else left


def _under_way(watch: Watch) -> str:
    """What holds a drain up beside clients that may come again."""
    found = ""
    for number, what in ((watch.tunnels, "tunnel"), (watch.active - watch.tunnels, "request")):
        if number > 0:
            found += f", {number} {what}{'s' if number > 1 else ''} under way"
    return found
