"""What can be broken on purpose, and mended again."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sessionlab.lab.errors import LabError, UsageError
from sessionlab.lab.recipes.nearest import meant

if TYPE_CHECKING:
    from sessionlab.lab.cluster.cluster import Cluster
    from sessionlab.lab.description.cluster import Description

Value = str | int | float | bool
Parameters = Mapping[str, Value]
Step = Callable[..., Awaitable[object]]
"""Given a cluster, the name of a part, and the fault's parameters by their names."""


async def over(*_: object, **__: object) -> None:
    """Mends nothing: the fault was over at once."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """What it is where nothing is said, which gives its type as well, and its unit."""

    default: Value
    unit: str = ""

    def __str__(self) -> str:
        return f"{json.dumps(self.default)} {self.unit}".strip()


def _any(_: Description, __: str, ___: Parameters) -> str:
    return ""


@dataclass(frozen=True, slots=True)
class Fault:
    """`inject` breaks the cluster, `heal` mends it; `over` where there is nothing to mend.

    Both are given the name of a part, of the kind `to`: a node, the balancer, Redis, a link (a node
    at one end, or none for all), or "" for none. `inject` may return the name of another that it
    has befallen instead, `heal` how many requests it has struck. What a cluster can't have done to
    it raises Skip; `why_not` says so before there is one, by its description, the fabric's name and
    the parameters, and "" when it can.
    """

    says: str
    inject: Step
    heal: Step = over
    takes: Mapping[str, Parameter] = field(default_factory=dict)
    to: str = "node"
    why_not: Callable[[Description, str, Parameters], str] = _any

    @property
    def summary(self) -> str:
        """What it does, and its parameters."""
        takes = ", ".join(f"{name} = {one}" for name, one in self.takes.items())
        return f"{self.says}; {takes}" if takes else self.says

    def checked(self, given: Mapping[str, object], where: str = "") -> dict[str, Value]:
        """All parameters, of which these are given; raises UsageError with `where` and the key."""
        found = {name: one.default for name, one in self.takes.items()}
        for name, value in given.items():
            if name not in self.takes:
                hint = meant(name, self.takes, f"it takes {', '.join(self.takes) or 'none'}")
                raise UsageError(f"{where}{name}: this fault has no such parameter", hint)
            kind = type(found[name])
            if type(value) is not kind and not (kind is float and type(value) is int):
                raise UsageError(f"{where}{name}: {value!r} is no {kind.__name__}")
            found[name] = value
        return found


class Broken:
    """A cluster with a fault for as long as the block lasts, however that ends.

    What cannot be mended after a failure or when cancelled is the event `fault.failed`.
    """

    def __init__(self, fault: Fault, cluster: Cluster, node: str, given: Parameters) -> None:
        self.entered = False
        self._fault = fault
        self._cluster = cluster
        self._part = node
        self._given = fault.checked(given)

    async def __aenter__(self) -> None:
        self.entered = True
        try:
            befell = await self._fault.inject(self._cluster, self._part, **self._given)
        except asyncio.CancelledError as error:  # it may have befallen some of several links
            await self.__aexit__(type(error), error, None)
            raise
        self._part = befell if isinstance(befell, str) else self._part

    async def __aexit__(self, _: object, error: BaseException | None, __: object) -> None:
        try:
            await self._fault.heal(self._cluster, self._part, **self._given)
        except LabError as trouble:
            if error is None:
                raise
            told = {"fault": self._fault.says, "part": self._part, "error": str(trouble)}
            self._cluster.tell("fault.failed", **told)
