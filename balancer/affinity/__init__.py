"""The affinities by name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sessionlab.balancer import offers
from sessionlab.balancer.affinity.header import HeaderAffinity
from sessionlab.balancer.affinity.learn import LearnAffinity
from sessionlab.balancer.affinity.learn_header import LearnHeaderAffinity
from sessionlab.balancer.affinity.none import NoAffinity
from sessionlab.balancer.affinity.row import Bounds
from sessionlab.balancer.affinity.source import SourceAffinity
from sessionlab.balancer.affinity.table import Table
from sessionlab.balancer.backends.pin import NONE
from sessionlab.balancer.config.parsing import parse_parameter, parse_token
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
        """The argument, a header's or a cookie's name; raises `UsageError` when it is none."""
        return parse_token(self._argument(what), f"affinity {self.policy.affinity!r}")

    def parameter(self, what: str) -> str:
        """The argument, a parameter's name, likewise."""
        return parse_parameter(self._argument(what), f"affinity {self.policy.affinity!r}")

    def _argument(self, what: str) -> str:
        if not self.argument:
            raise UsageError(f"affinity {self.policy.affinity!r}: {what}")
        return self.argument

    def bare(self, hint: str = "") -> Setting:
        """Itself; raises `UsageError` when there is an argument, which would mean nothing."""
        if ":" in self.policy.affinity:
            kind = self.policy.affinity.partition(":")[0]
            raise UsageError(f"affinity {self.policy.affinity!r}: {kind} takes nothing{hint}")
        return self


def _cookie(setting: Setting) -> Affinity:
    from sessionlab.balancer.affinity.cookie import CookieAffinity  # noqa: PLC0415  it has a cipher

    s = setting.bare("; --cookie-name is its name")
    return CookieAffinity(s.service, s.policy.cookie, s.secret, s.pins_to, s.visits())


KINDS: dict[str, Callable[[Setting], Affinity]] = {
    "none": lambda s: NoAffinity(s.bare().policy.cookie.name_for(s.service)),
    "cookie": _cookie,
    "learn": lambda s: LearnAffinity(
        s.named("say which cookie, as in learn:sid"), s.table(may_be_lost=True)
    ),
    "header": lambda s: HeaderAffinity(
        s.named("say which, as in header:X-User"), s.table(unknown=NONE)
    ),
    "learn-header": lambda s: LearnHeaderAffinity(
        s.named("say which, as in learn-header:Mcp-Session-Id"), s.table(may_be_lost=True)
    ),
    "query": lambda s: HeaderAffinity(
        "?" + s.parameter("say which parameter, as in query:room"), s.table(unknown=NONE)
    ),
    "source": lambda s: SourceAffinity(s.bare().table(unknown=NONE)),
}
FORMS = tuple(kind if kind in ("none", "cookie", "source") else f"{kind}:NAME" for kind in KINDS)
ENTRY_POINTS = "sessionlab.affinities"
"""The group in which an installed package offers affinities of its own: name = factory."""


def make(setting: Setting) -> Affinity:
    """The affinity that the policy names (`KIND` or `KIND:ARGUMENT`); raises `UsageError`."""
    name = setting.policy.affinity
    kind = name.partition(":")[0]
    if kind in KINDS:
        return KINDS[kind](setting)
    return offers.make("affinity", kind, setting, group=ENTRY_POINTS, ours=FORMS, check=_check)


def _check(made: Affinity) -> None:
    wanted = (
        *("claim", "find", "chose", "failed", "settle", "stay", "keep"),
        *("sticks", "renews", "early", "table"),
    )
    if lacking := ", ".join(name for name in wanted if not hasattr(made, name)):
        raise TypeError(f"what it makes has no {lacking}")
