"""Whether the parts of a configuration fit together."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from sessionlab.balancer.config.warnings import unserved_routes
from sessionlab.balancer.errors import UsageError

if TYPE_CHECKING:
    from sessionlab.balancer.config.model import Config


def validate(config: Config) -> Config:
    """The same configuration; raises `UsageError` when a part of it would do nothing, or harm."""
    _check_names(config)
    served = config.served()
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
    if config.trust_unix and not config.listen.path:
        raise UsageError("--trust-proxy unix: --listen is no Unix socket, so it would trust nobody")
    if config.admin is None:
        for unserved in unserved_routes(config):
            raise UsageError(unserved)
    return config


def _check_names(config: Config) -> None:
    names = Counter(f"{backend.service}/{backend.name}" for backend in config.backends)
    for name, number in names.items():
        if number > 1:
            raise UsageError(f"backend {name} is given twice")
