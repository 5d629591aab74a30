"""What a hand can do to a running cluster: one table for keys, `sessionlab do` and the API."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sessionlab.lab.cluster.cluster import Cluster
from sessionlab.lab.cluster.deploys import DEPLOYS
from sessionlab.lab.cluster.deploys.blue_green import BlueGreen
from sessionlab.lab.cluster.deploys.rolling import Rolling
from sessionlab.lab.cluster.inventory import Kind, PartState, State
from sessionlab.lab.description.cluster import MOST_NODES
from sessionlab.lab.errors import StepError, UsageError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

PATIENCE = 10.0  # seconds that one hand waits for what another has begun

Step = Callable[[Cluster, str], Awaitable[object]]
UP = frozenset({State.RUNNING, State.FROZEN})
DEPLOY = "rolling"
DRAIN_SECONDS = 3.0  # that each node of a deploy waits at most for those who are tied to it
DRAINING = "draining; nothing takes that back: `remove` it and `add` another"


@dataclass(frozen=True, slots=True)
class Action:
    """One thing to do, to a part of the kinds in `to` that is in one of the states `when`.

    `key` does it from the terminal. `asks`: the balancer helps. `words` says what may stand in the
    place of a part.
    """

    key: str
    does: str
    done: str
    to: Mapping[Kind, Step]
    when: frozenset[State] = frozenset({State.RUNNING})
    asks: bool = False
    words: Callable[[], Sequence[str]] = tuple


NODE, BALANCER, REDIS = Kind.NODE, Kind.BALANCER, Kind.REDIS


def _only(step: Callable[[Cluster], Awaitable[object]]) -> Step:
    """For what there is one of: its name says no more."""
    return lambda cluster, _: step(cluster)


ACTIONS = {
    "kill": Action(
        *("k", "gone at once (SIGKILL), with all that was in its memory", "killed"),
        {NODE: Cluster.kill, BALANCER: _only(Cluster.kill_balancer)},
        when=UP,
    ),
    "stop": Action(
        *("x", "a node finishes what it began, then leaves; Redis ends at once", "stopped"),
        {NODE: Cluster.stop, REDIS: _only(Cluster.stop_redis)},
    ),
    "freeze": Action(
        *("f", "stops where it stands: answers nothing, keeps its connections", "frozen"),
        dict.fromkeys(Kind, lambda cluster, part: cluster.faults.pause(part)),
    ),
    "thaw": Action(
        *("t", "goes on from there", "thawed"),
        dict.fromkeys(Kind, lambda cluster, part: cluster.faults.resume(part)),
        when=frozenset({State.FROZEN}),
    ),
    "start": Action(
        *("s", "comes back at the same address, with an empty memory", "started"),
        {
            NODE: Cluster.start,
            BALANCER: _only(Cluster.start_balancer),
            REDIS: _only(Cluster.start_redis),
        },
        when=frozenset({State.ENDED}),
        asks=True,
    ),
    "drain": Action(
        *("d", "takes no new clients, keeps those that it has", DRAINING),
        {NODE: lambda cluster, part: cluster.drain(part, limit=0)},
        when=UP,
        asks=True,
    ),
    "add": Action("a", "one node more", "added", {}, asks=True),
    "remove": Action(
        *("r", "a node leaves the cluster for good", "removed"),
        {NODE: Cluster.remove_node},
        when=frozenset({State.RUNNING, State.ENDED}),
        asks=True,
    ),
    "deploy": Action(
        *("v", f"every node makes way for the next version ({DEPLOY}, or PART)"),
        *("deployed", {}),
        asks=True,
        words=lambda: [*DEPLOYS],
    ),
    "restart": Action(
        *("b", "the balancer ends and starts again; what it has learned is gone", "restarted"),
        {BALANCER: _only(Cluster.restart_balancer)},
    ),
    "reload": Action(
        *("l", "the balancer reads its configuration anew while it serves", "reloaded"),
        {BALANCER: _only(Cluster.reload_balancer)},
    ),
}


class Hands:
    """Does one thing at a time, whoever asks; `doing` says what is under way.

    `over` says why nothing is done any more.
    """

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._free = asyncio.Lock()
        self._version = 1
        self.doing = self.over = ""

    async def do(self, name: str, part: str = "", wanted: Callable[[], bool] = lambda: True) -> str:
        """What was done, in words. `wanted`: whether who asked is still there when it would begin.

        Raises UsageError for what makes no sense here, and StepError (or Skip) for what cannot be
        done now, with what to do instead.
        """
        if name not in ACTIONS:
            there = f"there are: {', '.join(ACTIONS)}"
            raise UsageError(f"there is no action {name[:64]!r}", there)
        async with self.alone(f"{name} {part}".rstrip()):
            if not wanted():
                raise StepError("nobody waits for it any more, so it was not begun")
            return await self._do(name, part)

    @asynccontextmanager
    async def alone(self, doing: str) -> AsyncIterator[None]:
        """Do something while nobody else does anything; raises StepError where that waits long."""
        try:
            async with asyncio.timeout(PATIENCE):
                await self._free.acquire()
        except TimeoutError:
            raise StepError(
                f"`{self.doing}` is under way, and one thing is done at a time", "try again then"
            ) from None
        try:
            if self.over:
                raise StepError(self.over)
            self.doing = doing
            yield
        finally:
            self.doing = ""
            self._free.release()

    async def _do(self, name: str, part: str) -> str:
        action, parts = ACTIONS[name], self._cluster.inventory.parts()
        if action.asks and part not in (BALANCER, REDIS):
            _check_balancer(name, parts)
        nodes = sum(one.kind is NODE for one in parts)
        if name == "add":
            return await self._add(part, nodes)
        if name == "deploy":
            return await self._deploy(part or DEPLOY)
        target = _target(name, part, parts)
        if name == "remove" and nodes == 1:
            raise StepError(f"{part} is the only node", "add another before")
        await action.to[target.kind](self._cluster, part)
        return f"{part} {action.done}"

    async def _add(self, part: str, nodes: int) -> str:
        if part:
            raise UsageError("`add` takes no part", "the new node gets the next name")
        if nodes >= MOST_NODES:
            raise StepError(f"there are {MOST_NODES} nodes, which is the most", "remove one first")
        return f"{(await self._cluster.add_node()).name} added"

    async def _deploy(self, how: str) -> str:
        if how not in DEPLOYS:
            raise UsageError(f"there is no deploy {how[:64]!r}", f"there are: {', '.join(DEPLOYS)}")
        deploy = DEPLOYS.make(how)
        if isinstance(deploy, Rolling | BlueGreen):
            deploy = replace(deploy, limit=DRAIN_SECONDS)
        self._version += 1
        await self._cluster.deploy(deploy, str(self._version))
        return f"version {self._version} deployed, {how}"


def targets(action: Action, parts: Iterable[PartState]) -> list[PartState]:
    """The parts that it can be done to now."""
    return [one for one in parts if one.kind in action.to and one.state in action.when]


def _target(name: str, part: str, parts: Iterable[PartState]) -> PartState:
    fitting = {one.name: one for one in parts if one.kind in ACTIONS[name].to}
    if part not in fitting:
        what = f"no part named {part[:64]!r} for `{name}`" if part else f"`{name}` takes a part"
        raise UsageError(what, f"`{name}` takes one of: {', '.join(fitting) or 'none here'}")
    if fitting[part].state not in ACTIONS[name].when:
        raise _unfit(name, fitting[part])
    return fitting[part]


def _unfit(name: str, part: PartState) -> StepError:
    """Why that cannot be done to a part in this state, and what can."""
    if part.state is State.ELSEWHERE:
        return StepError(f"{part.name} is not this lab's, so it is left alone")
    if part.state is State.ENDED:
        return StepError(f"{part.name} is not running", f"`start {part.name}` brings it back")
    if part.state is State.RUNNING:
        how = ", not frozen" if name == "thaw" else " already"
        return StepError(f"{part.name} is running{how}")
    if name == "freeze":
        return StepError(f"{part.name} is frozen already", f"`thaw {part.name}` lets it go on")
    return StepError(f"{part.name} is frozen", f"`thaw {part.name}` first")


def _check_balancer(name: str, parts: Iterable[PartState]) -> None:
    """Bringing nodes and taking them away needs it, and would wait for it in vain.

    But a node comes back without anybody in front of it.
    """
    fine = {State.RUNNING, State.ENDED} if name == "start" else {State.RUNNING}
    for one in parts:
        if one.kind is BALANCER and one.state not in fine:
            raise _unfit(name, one)
