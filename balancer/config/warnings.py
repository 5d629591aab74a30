"""What an operator is told at the start, as it may be a mistake but need not be one."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sessionlab.balancer.config.model import Config


def warnings(config: Config) -> Iterator[str]:
    """All of them, a line each."""
    yield from unserved_routes(config)
    yield from refused_cookies(config)


def unserved_routes(config: Config) -> Iterator[str]:
    """What makes sense only if the admin API adds something to it."""
    served = config.served()
    for route in config.routes:
        if route.service not in served:
            there = ", ".join(served) or "none"
            yield (
                f"--route {route.host}{route.prefix or '/'}={route.service}: no backend is in that "
                f"service; there are {there}"
            )


def refused_cookies(config: Config) -> Iterator[str]:
    """Cookies that browsers don't keep."""
    for name in config.services():
        policy = config.policy(name)
        cookie = policy.cookie
        if policy.affinity == "cookie" and cookie.same_site == "None" and not cookie.secure:
            yield (
                f"service {name}: browsers refuse a cookie with SameSite=None that is not Secure; "
                "say --cookie-secure too, and serve it by HTTPS"
            )
