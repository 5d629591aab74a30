"""The configuration file: options by their long names, and services with options of their own.

    listen = "127.0.0.1:8080"
    backend = ["auth/a=127.0.0.1:8001", "shop/b=127.0.0.1:8002,weight=2"]
    route = ["/auth=auth,strip", "/=shop"]
    affinity = "cookie"

    [service.shop]
    algorithm = "least-connections"
    affinity = "learn:sid"

What the command line or the environment says goes before what the file says.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import click

from sessionlab.balancer.config.options import Options
from sessionlab.balancer.errors import UsageError

_OPTIONS = {option.name: option for option in fields(Options)}

OF_A_SERVICE = frozenset({"algorithm", "affinity", "on_pin_lost"}) | {
    name for name in _OPTIONS if name.startswith(("cookie_", "table_"))
}


@dataclass(frozen=True, slots=True)
class File:
    """What a file says: options by field name, and for each service some of its own."""

    options: dict[str, Any]
    services: dict[str, dict[str, Any]]


def read(path: str) -> File:
    """Read a file; raises `UsageError` that names the file and the key."""
    try:
        table = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"--config {path}: {error}") from None
    services = table.pop("service", {})
    if not isinstance(services, dict) or not all(isinstance(s, dict) for s in services.values()):
        raise UsageError(f"--config {path}: write a service as a table, [service.NAME]")
    known = _OPTIONS.keys() - {"config"}
    return File(
        _checked(table, known, path),
        {name: _checked(own, OF_A_SERVICE, path) for name, own in services.items()},
    )


def _checked(table: dict[str, Any], known: set[str] | frozenset[str], path: str) -> dict[str, Any]:
    named = {key.replace("-", "_"): value for key, value in table.items()}
    for key, value in named.items():
        if key not in known:
            there = ", ".join(sorted(name.replace("_", "-") for name in known))
            raise UsageError(f"--config {path}: unknown key {key!r}; there are {there}")
        if not _fits(_OPTIONS[key].default, value):
            raise UsageError(f"--config {path}: {key} can't be {value!r}")
        _check_range(key, value, path)
    return named


def _check_range(key: str, value: Any, path: str) -> None:
    """What Click does for the command line; a service's own options never pass through there."""
    if kind := _OPTIONS[key].metadata["type"]:
        try:
            kind.convert(value, None, None)
        except click.BadParameter as error:
            raise UsageError(f"--config {path}: {key}: {error.message}") from None


def _fits(default: Any, value: Any) -> bool:
    """Whether a value is of the option's kind, which its default shows; () stands for a list."""
    if default == ():
        return isinstance(value, list) and all(isinstance(item, str) for item in value)
    if isinstance(default, float):
        return isinstance(value, int | float) and not isinstance(value, bool)
    return type(value) is type(default)
