"""The affinities by name."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any

from sessionlab.balancer.affinity.cookie import CookieAffinity
from sessionlab.balancer.affinity.header import HeaderAffinity
from sessionlab.balancer.affinity.learn import LearnAffinity
from sessionlab.balancer.affinity.none import NoAffinity
from sessionlab.balancer.affinity.source import SourceAffinity
from sessionlab.balancer.affinity.table import Bounds, Table
from sessionlab.balancer.backends.pin import NONE
from sessionlab.balancer.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sessionlab.balancer.affinity.interface import Affinity
    from sessionlab.balancer.backends.backend import Backend
    from sessionlab.balancer.config.model import ServicePolicy


@dataclass(frozen=True, slots=True)
class Setting:
    """What an affinity is made from.

    `tell` and `hear` connect a table of pins with those of other workers.
    """

    service: str
    policy: ServicePolicy
    secret: bytes
    pins_to: Mapping[bytes, Backend]
    now: float
    tell: Callable[[bytes, bytes], None] | None = None
    hear: Callable[[], None] | None = None

    @property
    def argument(self) -> str:
        """What stands behind the colon."""
        return self.policy.affinity.partition(":")[2]

    def table(self, **kind: Any) -> Table:
        """An empty table of the size and the idle time asked for."""
        bounds = Bounds(self.policy.table_entries, self.policy.table_idle, **kind)
        hear = self.hear if self.tell is not None else None
        return Table(bounds, self.pins_to, self.now, self.tell, hear)

    def visits(self) -> Table:
        """Where the clients with a cookie of ours are written down; nothing waits for it."""
        idle = self.policy.cookie.max_idle or self.policy.table_idle
        bounds = Bounds(self.policy.table_entries, idle)
        return Table(bounds, self.pins_to, self.now, self.tell)

    def named(self, what: str) -> str:
        """The argument; raises `UsageError` when it is missing."""
        if not self.argument:
            raise UsageError(f"affinity {self.policy.affinity!r}: {what}")
        return self.argument


KINDS: dict[str, Callable[[Setting], Affinity]] = {
    "none": lambda s: NoAffinity(s.policy.cookie.name_for(s.service)),
    "cookie": lambda s: CookieAffinity(s.service, s.policy.cookie, s.secret, s.pins_to, s.visits()),
    "learn": lambda s: LearnAffinity(
        s.named("say which cookie, as in learn:sid"), s.table(may_be_lost=True)
    ),
    "header": lambda s: HeaderAffinity(
        s.named("say which, as in header:X-User"), s.table(unknown=NONE)
    ),
    "source": lambda s: SourceAffinity(s.table(unknown=NONE)),
}
ENTRY_POINTS = "sessionlab.affinities"
"""The group in which an installed package offers affinities of its own: name = factory."""


def make(setting: Setting) -> Affinity:
    """The affinity that the policy names (`KIND` or `KIND:ARGUMENT`); raises `UsageError`."""
    name = setting.policy.affinity
    kind = name.partition(":")[0]
    return KINDS[kind](setting) if kind in KINDS else _offered(kind, setting)


def _offered(kind: str, setting: Setting) -> Affinity:
    """One that an installed package offers; what is wrong with it is said, and whose it is."""
    offered = {point.name: point for point in entry_points(group=ENTRY_POINTS)}
    if kind not in offered:
        there = ", ".join([*KINDS, *sorted(offered.keys() - KINDS.keys())])
        raise UsageError(f"unknown affinity {setting.policy.affinity!r}; there are {there}")
    point = offered[kind]
    try:
        return _checked(point.load()(setting))
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a stranger's module may raise anything
        whose = f"{point.dist.name} {point.dist.version}" if point.dist else "an unknown package"
        why = f"{type(error).__name__}: {error}; it comes with {whose}"
        raise UsageError(f"affinity {kind!r}, {point.value}: {why}") from None


def _checked(made: Affinity) -> Affinity:
    wanted = ("claim", "find", "settle", "sticks", "renews", "table", "keep")
    if lacking := ", ".join(name for name in wanted if not hasattr(made, name)):
        raise TypeError(f"what it makes has no {lacking}")
    return made
