"""The affinities by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from balancer.affinity.cookie import CookieAffinity
from balancer.affinity.learn import LearnAffinity
from balancer.affinity.none import NoAffinity
from balancer.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from balancer.affinity import Affinity
    from balancer.backend import Backend
    from balancer.config import ServicePolicy

    Pins = Mapping[bytes, Backend]
    Factory = Callable[[str, str, ServicePolicy, bytes, Pins], Affinity]


def _none(
    service: str, argument: str, policy: ServicePolicy, secret: bytes, pins: Pins
) -> Affinity:
    return NoAffinity()


def _cookie(
    service: str, argument: str, policy: ServicePolicy, secret: bytes, pins: Pins
) -> Affinity:
    return CookieAffinity(service, policy.cookie, secret, pins)


def _learn(
    service: str, argument: str, policy: ServicePolicy, secret: bytes, pins: Pins
) -> Affinity:
    if not argument:
        raise UsageError("affinity learn: say which cookie to learn, as in learn:sid")
    return LearnAffinity(argument, policy.learn_entries, policy.learn_idle, pins)


KINDS: dict[str, Factory] = {"none": _none, "cookie": _cookie, "learn": _learn}


def make(service: str, policy: ServicePolicy, secret: bytes, pins: Pins) -> Affinity:
    """The affinity that the policy names (`KIND` or `KIND:ARGUMENT`); raises `UsageError`."""
    kind, _, argument = policy.affinity.partition(":")
    factory = KINDS.get(kind)
    if factory is None:
        raise UsageError(f"unknown affinity {policy.affinity!r}; there are {', '.join(KINDS)}")
    return factory(service, argument, policy, secret, pins)
