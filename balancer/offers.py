"""What installed packages offer: made by a factory that an entry point names."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from sessionlab.balancer.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from importlib.metadata import EntryPoint

T = TypeVar("T")


def make(
    kind: str,
    name: str,
    value: object,
    *,
    group: str,
    ours: Collection[str],
    check: Callable[[T], object],
) -> T:
    """What the factory of that name in an entry point group makes of `value`.

    `check` raises what is wrong with it. Raises `UsageError`, which says whose it is, or, when
    there is no such name, which there are: `ours`, in the form in which they are given, and those.
    """
    from importlib.metadata import entry_points  # noqa: PLC0415  slow, and few balancers ask

    points = list(entry_points(group=group, name=name))
    if not points:
        names = {form.partition(":")[0].rstrip("[") for form in ours}
        there = ", ".join([*ours, *sorted(entry_points(group=group).names - names)])
        raise UsageError(f"unknown {kind} {name!r}; there are {there}")
    if len(points) > 1:
        raise UsageError(f"{' and '.join(map(_whose, points))} both offer {kind} {name!r}")
    (point,) = points
    try:
        made: T = point.load()(value)
        check(made)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a stranger's module may raise anything
        why = f"{type(error).__name__}: {error}; it comes with {_whose(point)}"
        raise UsageError(f"{kind} {name!r}, {point.value}: {why}") from None
    return made


def _whose(point: EntryPoint) -> str:
    return f"{point.dist.name} {point.dist.version}" if point.dist else "an unknown package"
