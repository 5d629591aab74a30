"""The affinities by name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from balancer.affinity.cookie import CookieAffinity
from balancer.affinity.learn import LearnAffinity
from balancer.affinity.none import NoAffinity
from balancer.affinity.stick import HeaderAffinity, SourceAffinity
from balancer.affinity.table import Table
from balancer.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from balancer.affinity import Affinity
    from balancer.backend import Backend
    from balancer.config import ServicePolicy


@dataclass(frozen=True, slots=True)
class Setting:
    """What an affinity is made from.

    `tell` and `hear` connect a table of pins with those of other workers.
    """

    service: str
    policy: ServicePolicy
    secret: bytes
    pins_to: Mapping[bytes, Backend]
    tell: Callable[[bytes, bytes], None] | None = None
    hear: Callable[[], None] | None = None

    @property
    def argument(self) -> str:
        """What stands behind the colon."""
        return self.policy.affinity.partition(":")[2]

    def table(self) -> Table:
        """An empty table of the size and the idle time asked for."""
        policy = self.policy
        hear = self.hear if self.tell is not None else None
        return Table(policy.table_entries, policy.table_idle, self.pins_to, self.tell, hear)

    def named(self, what: str) -> str:
        """The argument; raises `UsageError` when it is missing."""
        if not self.argument:
            raise UsageError(f"affinity {self.policy.affinity!r}: {what}")
        return self.argument


KINDS: dict[str, Callable[[Setting], Affinity]] = {
    "none": lambda _: NoAffinity(),
    "cookie": lambda s: CookieAffinity(s.service, s.policy.cookie, s.secret, s.pins_to),
    "learn": lambda s: LearnAffinity(s.named("say which cookie, as in learn:sid"), s.table()),
    "header": lambda s: HeaderAffinity(s.named("say which, as in header:X-User"), s.table()),
    "source": lambda s: SourceAffinity(s.table()),
}


def make(setting: Setting) -> Affinity:
    """The affinity that the policy names (`KIND` or `KIND:ARGUMENT`); raises `UsageError`."""
    name = setting.policy.affinity
    factory = KINDS.get(name.partition(":")[0])
    if factory is None:
        raise UsageError(f"unknown affinity {name!r}; there are {', '.join(KINDS)}")
    return factory(setting)
