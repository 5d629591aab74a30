"""Which fault befalls which part of a cluster when: read or drawn, checked, and carried out."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, NoReturn

from sessionlab.lab.errors import LabError, NothingShown, UsageError
from sessionlab.lab.faults import FAULTS
from sessionlab.lab.faults.interface import over
from sessionlab.lab.recipes.nearest import nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from sessionlab.lab.cluster.cluster import Cluster
    from sessionlab.lab.description.cluster import Description
    from sessionlab.lab.faults.interface import Fault, Value

ANY = "any"
OWN = ("fault", "at", "for", "part")
DRAWN = ("count", "of", "for")
USUAL = ("kill-node", "freeze-node", "restart-node")
"""What is drawn from where nothing is said."""
CHANGES = ("add-node", "remove-node", "deploy")
"""What makes nodes of other names."""


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
        _by_hand(table, f"fault[{number}].", random, seconds, nodes)
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
    ways = (one.parameters["between"] for one in plan if FAULTS[one.fault].to == "link")
    return frozenset(map(str, ways)) if fabric == "local" else frozenset()


async def carry_out(plan: Sequence[Planned], cluster: Cluster, now: Callable[[], float]) -> None:
    """Do it all, each at its time on the clock `now`, which is that of the cluster's events.

    Emits `fault.began` and `fault.ended`: `fault`, `part`, `parameters`, `at` (when it was meant
    to) and `began`; of a link's also how many requests it has `struck`. What could not be done is
    `fault.failed` (`fault`, `part`, `error`) and, once all others are over, NothingShown: trouble
    of the lab, never a verdict. What is cancelled heals nothing.
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
            count = {} if struck is None else {"struck": struck}
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
    if "fault" not in table:
        _wrong(f"{where}fault", "says which, and is not there")
    name = _name(table["fault"], f"{where}fault")
    fault = FAULTS[name]
    at = _number(table.get("at"), f"{where}at", most=seconds)
    lasts = _number(table["for"], f"{where}for") if "for" in table else None
    if lasts is not None and fault.heal is over:
        _wrong(f"{where}for", f"{name} is over at once", "leave it out")
    own = {key: value for key, value in table.items() if key not in OWN}
    for key in own.keys() - fault.takes.keys():
        _known(key, [*fault.takes, *OWN], f"{where}{key}")
    part = _part(table.get("part"), fault, f"{where}part", random, nodes)
    return Planned(name, at, lasts, part, fault.checked(own, where))


def _drawn(
    table: Mapping[str, object], random: Random, seconds: float, nodes: Sequence[str]
) -> list[Planned]:
    """So many faults, each over before the next one comes."""
    for key in table:
        _known(key, DRAWN, f"faults.{key}")
    count, of = table.get("count", 1), table.get("of", USUAL)
    if not isinstance(count, int) or isinstance(count, bool) or count < 0:
        _wrong("faults.count", f"{count!r} is no number of faults")
    if not isinstance(of, list | tuple) or not of:
        _wrong("faults.of", f"{of!r} is no list of faults' names")
    names = [_name(name, f"faults.of[{number}]") for number, name in enumerate(of, 1)]
    slot = seconds / max(1, count)
    most = _number(table.get("for", slot / 2), "faults.for", most=slot * 0.6)
    plan = []
    for number in range(count):
        name = random.choice(names)
        fault = FAULTS[name]
        at = round((number + random.uniform(0.1, 0.35)) * slot, 3)
        lasts = None if fault.heal is over else round(most, 3)
        part = _part(None, fault, "", random, nodes)
        plan.append(Planned(name, at, lasts, part, fault.checked({})))
    return plan


def _part(given: object, fault: Fault, where: str, random: Random, nodes: Sequence[str]) -> str:
    """The name of the part that it is about."""
    if fault.to not in ("node", "link"):
        if given not in (None, fault.to):
            _wrong(where, f"{given!r} can't be chosen", f"it is about {fault.to or 'no part'}")
        return fault.to
    if given == ANY or (given is None and fault.to == "node"):
        return random.choice(list(nodes))
    if not isinstance(given or "", str):
        _wrong(where, f"{given!r} is no node's name")
    return str(given or "")


def _name(given: object, where: str) -> str:
    if not isinstance(given, str):
        _wrong(where, f"{given!r} is no fault's name")
    return _known(given, FAULTS, where)


def _known(name: str, known: Collection[str], where: str) -> str:
    if name not in known:
        near = nearest(name, known)
        hint = f"did you mean {near!r}?" if near else f"there are: {', '.join(known)}"
        _wrong(where, f"{name!r} is not known", hint)
    return name


def _number(given: object, where: str, most: float = float("inf")) -> float:
    if not isinstance(given, int | float) or isinstance(given, bool) or not given >= 0:
        _wrong(where, f"{given!r} is no number of seconds" if given is not None else "is not there")
    if given > most:
        _wrong(where, f"{given:g} s is more than the {most:g} s that there are")
    return float(given)


def _wrong(where: str, what: str, hint: str = "") -> NoReturn:
    raise UsageError(f"{where}: {what}", hint)
