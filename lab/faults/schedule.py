"""Which fault befalls which part of a cluster when: read or drawn, checked, and carried out."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Annotated, TypeVar

import msgspec

from sessionlab.lab.errors import LabError, NothingShown, UsageError
from sessionlab.lab.faults import FAULTS
from sessionlab.lab.faults.interface import over
from sessionlab.lab.recipes.checks.fault import Fault as Refused
from sessionlab.lab.recipes.checks.types import converted
from sessionlab.lab.recipes.nearest import meant
from sessionlab.lab.recipes.toml_text import dotted

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from sessionlab.lab.cluster.cluster import Cluster
    from sessionlab.lab.description.cluster import Description
    from sessionlab.lab.faults.interface import Fault, Value

T = TypeVar("T")
ANY = "any"
OWN = ("fault", "at", "for", "part")
Seconds = Annotated[float, msgspec.Meta(ge=0)]
USUAL = ("kill-node", "freeze-node", "restart-node")
"""What is drawn from where nothing is said."""
CHANGES = ("add-node", "remove-node", "deploy")
"""What makes nodes of other names."""


class _Table(msgspec.Struct):
    fault: str
    at: Seconds
    lasts: Seconds | None = msgspec.field(default=None, name="for")
    part: str | None = None


class _Drawn(msgspec.Struct, forbid_unknown_fields=True):
    count: Annotated[int, msgspec.Meta(ge=0)] = 1
    of: Annotated[list[str], msgspec.Meta(min_length=1)] = msgspec.field(
        default_factory=lambda: list(USUAL)
    )
    lasts: Seconds | None = msgspec.field(default=None, name="for")


@dataclass(frozen=True, slots=True)
class Planned:
    """A fault to come: `at` and `lasts` are seconds, from when the plan begins to be carried out.

    `lasts` None is to the end of the run, or that it is over at once. `part` is the name of a part;
    empty where the fault is about none, or about all nodes. `parameters` are all that it takes.
    """

    fault: str
    at: float
    lasts: float | None = None
    part: str = ""
    parameters: Mapping[str, Value] = field(default_factory=dict)

    def __str__(self) -> str:
        return " ".join(filter(None, (self.fault, self.part, f"at {self.at:g} s")))


def read(
    tables: Sequence[Mapping[str, object]],
    seed: int,
    seconds: float,
    nodes: Sequence[str],
    drawn: Mapping[str, object] | None = None,
) -> list[Planned]:
    """The plan of an experiment's `[[fault]]` tables and of its `[faults]` table, by time.

    A table has `fault`, `at`, `for`, `part` and the fault's own parameters; `part = "any"` is drawn
    from the seed among `nodes`, and so is that of a fault of one node that names none. `drawn` has
    `count`, `of` and `for`: so many, one after the other. The same seed and tables make the same
    plan. Raises UsageError with the key (`fault[2].dely`) and the nearest name.
    """
    random = Random(f"{seed}/faults")  # noqa: S311  a schedule, no secret
    plan = [
        _by_hand(table, f"fault[{number}]", random, seconds, nodes)
        for number, table in enumerate(tables, 1)
    ]
    grows = any(one.fault in CHANGES for one in plan)
    for number, one in enumerate(plan, 1):
        if one.part and not grows and FAULTS[one.fault].to in ("node", "link"):
            _known(one.part, nodes, f"fault[{number}].part")
    if drawn is not None:
        plan += _drawn(drawn, random, seconds, nodes)
    return sorted(plan, key=lambda one: one.at)


def check(plan: Sequence[Planned], description: Description, fabric: str) -> None:
    """Raise UsageError for what such a cluster on that fabric can't have done to it."""
    for one in plan:
        fault = FAULTS.named(one.fault)
        has = {"balancer": bool(description.balancer), "redis": description.needs_redis}
        why = "" if has.get(fault.to, True) else f"there is no {fault.to} in this cluster"
        if fabric == "external" and fault.to:
            why = "the lab did not start this stack"
        if why := why or fault.why_not(description, fabric, one.parameters):
            raise UsageError(f"{one} can't be done: {why}")


def links(plan: Sequence[Planned], fabric: str = "local") -> frozenset[str]:
    """On which ways (`description.cluster.LINKS`) the fault proxy has to stand for that plan.

    Where the fabric has a real network (docker) on none.
    """
    ways = {one.parameters.get("between") for one in plan if FAULTS[one.fault].to == "link"}
    return frozenset(map(str, ways - {None})) if fabric == "local" else frozenset()


async def carry_out(plan: Sequence[Planned], cluster: Cluster, now: Callable[[], float]) -> None:
    """Do it all, each at its time on the clock `now`, which is that of the cluster's events.

    Emits `fault.began` and `fault.ended`: `fault`, `part`, `parameters`, `at` (when it was meant
    to) and `began`; of a link's also how many requests it has `struck`. What could not be done is
    `fault.failed` (`fault`, `part`, `error`) and, once all others are over, NothingShown: trouble
    of the lab, never a verdict. What is cancelled heals nothing: it is when the cluster ends.
    """
    since = now()
    failed = await asyncio.gather(*(_carry_out(one, cluster, since, now) for one in plan))
    if told := [error for error in failed if error]:
        raise NothingShown(f"of the faults {len(told)} could not be done: {'; '.join(told)}")


async def _carry_out(
    one: Planned, cluster: Cluster, since: float, now: Callable[[], float]
) -> str | None:
    """Do it and mend it; why that could not be."""
    fault, part = FAULTS.named(one.fault), one.part
    told = {"fault": one.fault, "parameters": dict(one.parameters), "at": since + one.at}
    await _until(since + one.at, now)
    began = now()
    try:
        befell = await fault.inject(cluster, part, **one.parameters)
        part = befell if isinstance(befell, str) else part
        cluster.tell("fault.began", **told, part=part, began=began)
        if fault.heal is over:
            cluster.tell("fault.ended", **told, part=part, began=now())
        elif one.lasts is not None:
            await _until(since + one.at + one.lasts, now)
            began = now()
            struck = await fault.heal(cluster, part, **one.parameters)
            count = {"struck": struck} if isinstance(struck, int) else {}
            cluster.tell("fault.ended", **told, part=part, began=began, **count)
    except (LabError, OSError) as error:
        cluster.tell("fault.failed", **told, part=part, began=began, error=str(error))
        return f"{one}: {error}"
    return None


async def _until(moment: float, now: Callable[[], float]) -> None:
    await asyncio.sleep(max(0.0, moment - now()))


def _by_hand(
    table: Mapping[str, object], where: str, random: Random, seconds: float, nodes: Sequence[str]
) -> Planned:
    own = _read({key: value for key, value in table.items() if key in OWN}, _Table, where)
    fault = _named(own.fault, f"{where}.fault")
    if own.at > seconds:
        raise UsageError(f"{where}.at: {own.at:g} s is more than the {seconds:g} s that there are")
    if own.lasts is not None and fault.heal is over:
        raise UsageError(f"{where}.for: {own.fault} is over at once", "leave it out")
    given = {key: value for key, value in table.items() if key not in OWN}
    for key in given:
        _known(key, [*fault.takes, *OWN], f"{where}.{key}")
    part = own.part
    if fault.to not in ("node", "link"):
        if part not in (None, fault.to):
            raise UsageError(f"{where}.part: {part!r}", f"it is about {fault.to or 'no part'}")
        part = fault.to
    elif part == ANY or (part is None and fault.to == "node"):
        part = random.choice(list(nodes))
    parameters = fault.checked(given, f"{where}.")
    return Planned(own.fault, own.at, own.lasts, part or "", parameters)


def _drawn(
    table: Mapping[str, object], random: Random, seconds: float, nodes: Sequence[str]
) -> list[Planned]:
    """So many faults, each over before the next one comes."""
    asked = _read(table, _Drawn, "faults")
    for number, name in enumerate(asked.of, 1):
        _named(name, f"faults.of[{number}]")
    slot = seconds / max(1, asked.count)
    lasts = slot / 2 if asked.lasts is None else asked.lasts
    if lasts > 0.6 * slot:
        raise UsageError(f"faults.for: {lasts:g} s each is too long for {asked.count} of them")
    plan = []
    for number in range(asked.count):
        name = random.choice(asked.of)
        row: dict[str, object] = {
            "fault": name,
            "at": round((number + 0.35 * random.random()) * slot, 3),
        }
        if FAULTS[name].to in ("node", "link"):
            row["part"] = ANY
        if FAULTS[name].heal is not over:
            row["for"] = round(lasts, 3)
        plan.append(_by_hand(row, "faults", random, seconds, nodes))
    return plan


def _read(table: Mapping[str, object], kind: type[T], where: str) -> T:
    found = converted(dict(table), kind)
    if isinstance(found, Refused):
        raise UsageError(f"{where}.{dotted(found.keys)}: {found.says}", found.hint)
    return found


def _named(name: str, where: str) -> Fault:
    _known(name, FAULTS, where)
    return FAULTS[name]


def _known(name: str, known: Collection[str], where: str) -> None:
    if name not in known:
        raise UsageError(f"{where}: {name!r} is not known", meant(name, known))
