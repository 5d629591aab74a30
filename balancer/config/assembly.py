"""From options, which are texts and numbers, to the configuration that they describe."""

from __future__ import annotations

import inspect
import secrets
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from sessionlab.balancer.config import model, parsing
from sessionlab.balancer.config.validation import validate
from sessionlab.balancer.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sessionlab.balancer.config.model import Config, ServicePolicy
    from sessionlab.balancer.config.options import Options

T = TypeVar("T")

_AS_GIVEN = (
    *("discover_interval", "slow_start", "drain_limit", "panic", "retry_share", "workers"),
    *("access_log", "explain", "via", "proxy_protocol", "tls_cert", "tls_key"),
)
"""The options that are what they say, under the same name."""
_OF_A_COOKIE = (
    *("name", "path", "domain", "http_only", "same_site", "partitioned"),
    *("max_idle", "max_life", "permanent"),
)
"""Those of a cookie that are, under its name."""


def configure(
    options: Options,
    services: Mapping[str, Mapping[str, Any]] | None = None,
    secret: bytes = b"",
    *,
    secret_made: bool = False,
) -> Config:
    """The configuration that the options describe; raises `UsageError`.

    `services` gives some services options of their own (see `file`); `secret` keys the affinity
    cookie, and one is made when it is empty; `secret_made` says that one was already.
    """
    if options.access_log not in {"none", *model.LOG_FORMATS}:
        known = " or ".join(model.LOG_FORMATS)
        raise UsageError(f"--access-log {options.access_log!r}: it is none, {known}")
    looks = (parsing.parse_discover(text) for text in options.discover)
    trust = options.trust_proxy
    made = model.Config(
        listen=parsing.parse_address(options.listen, "--listen"),
        admin=None if options.admin == "none" else parsing.parse_address(options.admin, "--admin"),
        backends=tuple(parsing.parse_backend(text) for text in options.backend),
        routes=tuple(parsing.parse_route(text) for text in options.route),
        discover=tuple(dict.fromkeys(looks)),
        policies=_policies(options, services or {}),
        default_policy=_policy(options),
        health=_health(options),
        timeouts=_named(model.Timeouts, "{}_timeout", options),
        limits=_named(model.Limits, "max_{}", options),
        ejection=model.EjectionPolicy(
            options.eject_after, options.eject_time, options.eject_longest
        ),
        trusted=tuple(parsing.parse_network(text) for text in trust if text != "unix"),
        trust_unix="unix" in trust,
        trust_header=parsing.parse_trust_header(options.trust_header),
        secret=secret or secrets.token_bytes(32),
        secret_made=secret_made or not secret,
        **{name: getattr(options, name) for name in _AS_GIVEN},
    )
    return validate(made)


def _policies(
    options: Options, services: Mapping[str, Mapping[str, Any]]
) -> dict[str, ServicePolicy]:
    return {
        parsing.parse_name(name, "service"): _policy(
            replace(options, **own), own_name="cookie_name" in own
        )
        for name, own in services.items()
    }


def _policy(options: Options, *, own_name: bool = False) -> ServicePolicy:
    if options.on_pin_lost not in {"redispatch", "fail"}:
        raise UsageError(f"--on-pin-lost {options.on_pin_lost!r}: it is redispatch or fail")
    return model.ServicePolicy(
        algorithm=options.algorithm,
        affinity=options.affinity,
        on_pin_lost=options.on_pin_lost,
        cookie=parsing.cookie_policy(
            exact=own_name,
            secure=options.cookie_secure or bool(options.tls_cert),
            **{name: getattr(options, f"cookie_{name}") for name in _OF_A_COOKIE},
        ),
        table_entries=options.table_entries,
        table_idle=options.table_idle,
    )


def _named(kind: Callable[..., T], form: str, options: Options) -> T:
    """Of a group whose every option has the same name, but for the form."""
    names = inspect.signature(kind).parameters
    return kind(**{name: getattr(options, form.format(name)) for name in names})


def _health(options: Options) -> model.HealthPolicy:
    return model.HealthPolicy(
        probe=parsing.parse_probe(options.health_probe),
        method=parsing.parse_method(options.health_method),
        host=parsing.parse_health_host(options.health_host),
        path=parsing.parse_health_path(options.health_path),
        interval=options.health_interval,
        timeout=options.health_timeout,
        rise=options.rise,
        fall=options.fall,
        status=parsing.parse_statuses(options.health_status),
    )
