"""Whether the parts of a configuration fit together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sessionlab.balancer.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sessionlab.balancer.config.model import Config


def coherent(config: Config) -> Config:
    """The same configuration; raises `UsageError` when a part of it would do nothing, or harm."""
    served = _served(config)
    routed = [route.service for route in config.routes]
    for name in config.policies:
        if name not in served and name not in routed and (served or routed):
            there = ", ".join(dict.fromkeys([*served, *routed]))
            raise UsageError(f"[service.{name}]: nothing names that service; there are {there}")
    names = config.services()
    if not config.routes and len(names) > 1:
        raise UsageError(
            f"services {', '.join(names)} without routes: nobody could reach them. Say what goes "
            f"where, such as --route /{names[0]}={names[0]} --route /={names[1]}"
        )
    if config.tls_key and not config.tls_cert:
        raise UsageError("--tls-key goes with --tls-cert, which is missing: --listen would be bare")
    if config.admin is None:
        for complaint in doubts(config):
            raise UsageError(complaint)
    return config


def doubts(config: Config) -> Iterator[str]:
    """What makes sense only if the admin API adds something to it."""
    served = _served(config)
    for route in config.routes:
        if route.service not in served:
            there = ", ".join(served) or "none"
            yield (
                f"--route {route.host}{route.prefix or '/'}={route.service}: no backend is in that "
                f"service; there are {there}"
            )


def cookie_doubts(config: Config) -> Iterator[str]:
    """Cookies that browsers don't keep."""
    for name in config.services():
        policy = config.policy(name)
        cookie = policy.cookie
        if policy.affinity == "cookie" and cookie.same_site == "None" and not cookie.secure:
            yield (
                f"service {name}: browsers refuse a cookie with SameSite=None that is not Secure; "
                "say --cookie-secure too, and serve it by HTTPS"
            )


def _served(config: Config) -> list[str]:
    """The services that have backends, or look for them."""
    named = [b.service for b in config.backends] + [d.service for d in config.discover]
    return list(dict.fromkeys(named))
