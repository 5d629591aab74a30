"""What a hand can do to a running cluster: one table for keys, `sessionlab do` and the API."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import aiohttp

from sessionlab.lab.cluster.cluster import Cluster
from sessionlab.lab.cluster.inventory import Kind, PartState, State
from sessionlab.lab.description.cluster import MOST_NODES
from sessionlab.lab.errors import StepError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

PATIENCE = 10.0  # seconds that one hand waits for what another has begun

Step = Callable[[Cluster, str], Awaitable[object]]
UP = frozenset({State.RUNNING, State.FROZEN})


@dataclass(frozen=True, slots=True)
class Action:
    """One thing to do, to a part of the kinds in `to`; `key` does it from the terminal.

    `when` are the states that the part may be in. `ends` says that the part is gone by it, and
    `asks` that the balancer takes part in it.
    """

    key: str
    does: str
    done: str
    to: Mapping[Kind, Step]
    when: frozenset[State] = frozenset({State.RUNNING})
    ends: bool = False
    asks: bool = False


NODE, BALANCER, REDIS = Kind.NODE, Kind.BALANCER, Kind.REDIS

ACTIONS = {
    "kill": Action(
        *("k", "SIGKILL: gone at once, with all that was in its memory", "killed"),
        {NODE: Cluster.kill, BALANCER: lambda cluster, _: cluster.kill_balancer()},
        when=UP,
        ends=True,
    ),
    "stop": Action(
        *("x", "a node finishes what it has begun, then leaves; Redis ends at once", "stopped"),
        {NODE: Cluster.stop, REDIS: lambda cluster, _: cluster.stop_redis()},
        ends=True,
    ),
    "freeze": Action(
        *("f", "stops where it stands: answers nothing, keeps its connections", "frozen"),
        {kind: lambda cluster, part: cluster.faults.pause(part) for kind in Kind},
    ),
    "thaw": Action(
        *("t", "goes on from there", "thawed"),
        {kind: lambda cluster, part: cluster.faults.resume(part) for kind in Kind},
        when=frozenset({State.FROZEN}),
    ),
    "start": Action(
        *("s", "comes back at the same address, with an empty memory", "started"),
        {
            NODE: Cluster.start,
            BALANCER: lambda cluster, _: cluster.start_balancer(),
            REDIS: lambda cluster, _: cluster.start_redis(),
        },
        when=frozenset({State.ENDED}),
        asks=True,
    ),
    "drain": Action(
        *("d", "takes no new clients, keeps those that it has", "draining"),
        {NODE: lambda cluster, part: cluster.drain(part, limit=0)},
        when=UP,
        asks=True,
    ),
    "add": Action("a", "one node more", "added", {}, asks=True),
    "remove": Action(
        *("r", "a node leaves the cluster for good", "removed"),
        {NODE: Cluster.remove_node},
        when=frozenset({State.RUNNING, State.ENDED}),
        ends=True,
        asks=True,
    ),
    "restart": Action(
        *("b", "the balancer ends and starts again; what it has learned is gone", "restarted"),
        {BALANCER: lambda cluster, _: cluster.restart_balancer()},
        ends=True,
    ),
    "reload": Action(
        *("l", "the balancer reads its configuration anew while it serves", "reloaded"),
        {BALANCER: lambda cluster, _: cluster.reload_balancer()},
    ),
}


class Hands:
    """Does one thing at a time, whoever asks. `gone` are the parts that were ended by hand."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._free = asyncio.Lock()
        self._doing = ""
        self.gone: set[str] = set()

    @property
    def doing(self) -> str:
        """What is under way, empty when nothing is."""
        return self._doing if self._free.locked() else ""

    async def do(self, name: str, part: str = "") -> str:
        """What was done, in words.

        Raises UsageError for what makes no sense here, and StepError (or Skip) for what cannot be
        done now, with what to do instead.
        """
        action = named(name)
        try:
            async with asyncio.timeout(PATIENCE):
                await self._free.acquire()
        except TimeoutError:
            raise StepError(
                f"`{self._doing}` is under way, and one thing is done at a time", "try again then"
            ) from None
        try:
            self._doing = f"{name} {part}".rstrip()
            return await self._do(name, action, part)
        except (aiohttp.ClientError, ConnectionError, TimeoutError) as error:
            raise StepError(f"the balancer did not answer ({error or 'in time'})") from None
        finally:
            self._free.release()

    async def _do(self, name: str, action: Action, part: str) -> str:
        parts = {one.name: one for one in self._cluster.inventory.parts()}
        if action.asks and part not in (BALANCER, REDIS):
            _check_balancer(name, parts)
        if not action.to:
            return await self._add(name, part, parts)
        target = _target(name, action, part, parts.values())
        if name == "remove" and sum(one.kind is NODE for one in parts.values()) == 1:
            raise StepError(f"{part} is the only node", "add another before")
        before = self.gone.copy()
        if action.ends:
            self.gone.add(target.name)
        try:
            await action.to[target.kind](self._cluster, target.name)
        except BaseException:
            self.gone = before
            raise
        if name in ("start", "restart"):
            self.gone.discard(target.name)
        return f"{target.name} {action.done}"

    async def _add(self, name: str, part: str, parts: Mapping[str, PartState]) -> str:
        if part:
            raise UsageError(f"`{name}` takes no part", "the new node gets the next name")
        if sum(one.kind is NODE for one in parts.values()) >= MOST_NODES:
            raise StepError(f"there are {MOST_NODES} nodes, which is the most", "remove one first")
        return f"{(await self._cluster.add_node()).name} added"


def named(name: str) -> Action:
    """Raises UsageError when there is no such action."""
    if name not in ACTIONS:
        raise UsageError(f"there is no action {name[:64]!r}", f"there are: {', '.join(ACTIONS)}")
    return ACTIONS[name]


def targets(action: Action, parts: Iterable[PartState]) -> list[PartState]:
    """The parts that it can be done to now."""
    return [one for one in parts if one.kind in action.to and one.state in action.when]


def _target(name: str, action: Action, part: str, parts: Iterable[PartState]) -> PartState:
    fitting = [one for one in parts if one.kind in action.to]
    there = f"`{name}` takes one of: {', '.join(one.name for one in fitting) or 'none here'}"
    for one in fitting:
        if one.name == part:
            if one.state not in action.when:
                raise _unfit(name, one)
            return one
    what = f"no part named {part[:64]!r} for `{name}`" if part else f"`{name}` takes a part"
    raise UsageError(what, there)


def _unfit(name: str, part: PartState) -> StepError:
    """Why that cannot be done to a part in this state, and what can."""
    if part.state is State.ELSEWHERE:
        return StepError(f"{part.name} is not this lab's, so it is left alone")
    if part.state is State.ENDED:
        return StepError(f"{part.name} is not running", f"`start {part.name}` brings it back")
    if part.state is State.FROZEN:
        if name == "freeze":
            return StepError(f"{part.name} is frozen already", f"`thaw {part.name}` lets it go on")
        return StepError(f"{part.name} is frozen", f"`thaw {part.name}` first")
    return StepError(f"{part.name} is running" + (", not frozen" if name == "thaw" else " already"))


def _check_balancer(name: str, parts: Mapping[str, PartState]) -> None:
    """Bringing nodes and taking them away needs it, and would wait for it in vain."""
    balancer = parts.get(BALANCER)
    if balancer is None or balancer.state is State.RUNNING:
        return
    if balancer.state is State.ENDED and name == "start":
        return  # a node comes back without anybody in front of it
    raise _unfit(name, balancer)
