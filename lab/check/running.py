"""Puts an app through its ordeals: the control run, then a cluster for each affinity."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import cycle, islice
from typing import TYPE_CHECKING

from sessionlab.lab.balancers.programs import check as check_balancer
from sessionlab.lab.check.advice import diagnose
from sessionlab.lab.check.as_run import label
from sessionlab.lab.check.bounds import bounds, notes
from sessionlab.lab.check.cells import judge, own, why
from sessionlab.lab.check.control import control
from sessionlab.lab.check.results import Cell, CellOutcome, Check, Control
from sessionlab.lab.clients.people import people
from sessionlab.lab.cluster.cluster import Cluster
from sessionlab.lab.description.cluster import BALANCER, Description, Service
from sessionlab.lab.errors import LabError, Skip, UsageError
from sessionlab.lab.fabrics import FABRICS
from sessionlab.lab.ordeals import ORDEALS
from sessionlab.lab.ordeals.trial import Trial
from sessionlab.lab.recipes.chosen import Chosen
from sessionlab.lab.record.history import History
from sessionlab.lab.waiting import side_by_side, until

if TYPE_CHECKING:
    from sessionlab.lab.clients.people import Person
    from sessionlab.lab.events import Event, Events
    from sessionlab.lab.fabrics.interface import Fabric
    from sessionlab.lab.ordeals.interface import Ordeal
    from sessionlab.lab.recipes.reading import RecipeFile

USERS, MOST_USERS = 7, 20  # in an ordeal; in all, so that each ordeal has others as far as it goes
SIDE_BY_SIDE = 2
MEND_SECONDS = 5.0  # for a balancer to see what has been mended
MOST_SECONDS = 180.0  # for one ordeal: an app that hangs is an error, not a hang
Said = Callable[[str], None]


@dataclass(frozen=True)
class Plan:
    """What is to be checked, on what. No `affinities`: those that can be expected to matter."""

    file: RecipeFile
    variants: Sequence[str | None] = (None,)
    affinities: Sequence[str] = ()
    ordeals: Sequence[str] = ()
    copies: int = 3
    seed: int = 1
    tls: bool = False
    balancer: str = BALANCER
    fabric: str = "local"
    allow_script: bool = False


async def run(plan: Plan, events: Events, said: Said = lambda _: None) -> list[Check]:
    """Check each variant; raises UsageError for what cannot be meant, StartError of the fabric."""
    fabric = FABRICS.make(plan.fabric)
    try:
        await fabric.open()
        return await run_on(fabric, plan, events, said)
    finally:
        await fabric.close()


async def run_on(
    fabric: Fabric, plan: Plan, events: Events, said: Said = lambda _: None
) -> list[Check]:
    """The same, on a fabric that is open."""
    check_balancer(plan.balancer, fabric)
    return [await _Variant(plan, one, fabric, events, said).check() for one in plan.variants]


@dataclass
class _Variant:
    """One variant of the app."""

    plan: Plan
    variant: str | None
    fabric: Fabric
    events: Events
    said: Said

    def __post_init__(self) -> None:
        self._chosen = Chosen(self.plan.file, self.variant)
        self.recipe = self._chosen.recipe
        self.people = people(self.recipe, min(MOST_USERS, self.recipe.users.count))

    async def check(self) -> Check:
        began, started = time.monotonic(), time.time()
        cells: list[Cell] = []
        found, trouble = await self._control()
        if found.passed:
            for those in await self._all_affinities(found):
                cells += those
        return Check(
            app=self.recipe.name,
            variant=self.variant,
            copies=self.plan.copies,
            seed=self.plan.seed,
            control=found,
            cells=cells,
            diagnosis=diagnose(found, cells),
            expect=list(bounds(self.recipe, cells)),
            notes=list(notes(self.recipe, cells)),
            trouble=trouble,
            seconds=time.monotonic() - began,
            started=started,
        )

    async def _control(self) -> tuple[Control, str]:
        """On one copy; where TLS is asked for, an app that needs it has a second try behind it."""
        self.said(f"{self.name}: control run")
        one = (Service.of(self._chosen, 1),)
        found, trouble = await self._control_of(Description(one, None))
        if found.passed or trouble or not self.plan.tls:
            return found, trouble
        return await self._control_of(Description(one, self.plan.balancer, tls=True))

    async def _control_of(self, description: Description) -> tuple[Control, str]:
        try:
            async with self._cluster(
                description, label(self.name, None, "control"), History()
            ) as cluster:
                found = await control(cluster, self.recipe, self.people)
                workers = max(cluster.workers().values(), default=1)
                return replace(found, workers=workers), ""
        except UsageError:
            raise
        except LabError as error:
            return Control(()), _told(error)

    async def _all_affinities(self, found: Control) -> list[list[Cell]]:
        mine = [self.recipe.affinity] if self.recipe.affinity else []
        usual = dict.fromkeys(["none", "cookie", *found.affinities, *mine])
        places = asyncio.Semaphore(1 if self.fabric.one_at_a_time else SIDE_BY_SIDE)

        async def one(affinity: str) -> list[Cell]:
            async with places:
                return await self._under(affinity)

        return await side_by_side([one(each) for each in self.plan.affinities or usual])

    async def _under(self, affinity: str) -> list[Cell]:
        """All ordeals on one cluster; each can be told, or it says why not."""
        scenario = label(self.recipe.name, self.variant, affinity)
        history = History()
        ordeals = self.plan.ordeals or list(ORDEALS.usable())
        done: list[Cell] = []
        description = Description(
            (Service.of(self._chosen, self.plan.copies),),
            self.plan.balancer,
            affinity=affinity,
            tls=self.plan.tls,
        )
        try:
            with self.events.recording(scenario) as events:
                async with self._cluster(description, scenario, history) as cluster:
                    series = _Series(self, cluster, affinity, history, events)
                    for name in ordeals:
                        self.said(f"{self.name}, affinity {affinity}: {name}")
                        done.append(await series.put_through(name))
        except UsageError:
            raise
        except LabError as error:
            end = CellOutcome.NOT_APPLICABLE if isinstance(error, Skip) else CellOutcome.ERROR
            rest = [name for name in ordeals if name not in {cell.ordeal for cell in done}]
            done += [Cell(affinity, name, end, why=_told(error)) for name in rest]
        return done

    def _cluster(self, description: Description, scenario: str, history: History) -> Cluster:
        sandbox = self.fabric.sandbox(f"{scenario}-1")
        return Cluster(
            description,
            sandbox,
            history=history,
            events=self.events,
            scenario=scenario,
            allow_script=self.plan.allow_script,
        )

    @property
    def name(self) -> str:
        return label(self.recipe.name, self.variant)

    @property
    def seed(self) -> str:
        return f"{self.plan.seed}/{self.name}"


@dataclass
class _Series:
    """One ordeal after the other on one cluster, which is mended in between."""

    of: _Variant
    cluster: Cluster
    affinity: str
    history: History
    events: Sequence[Event]
    _broken: tuple[Ordeal, Trial] | None = None
    _began: bool = False

    def __post_init__(self) -> None:
        self._people = cycle(self.of.people)

    async def put_through(self, name: str) -> Cell:
        ordeal = ORDEALS.named(name)
        if reason := ordeal.why_not(self.of.recipe):
            return Cell(self.affinity, name, CellOutcome.NOT_APPLICABLE, why=reason)
        since, began = len(self.history), time.monotonic()
        try:
            await self._mend()
            self._began = True
            async with asyncio.timeout(MOST_SECONDS):
                trial = self._trial(name)
                self._broken = (ordeal, trial)
                await ordeal.carry_out(trial)
        except Skip as skip:
            self._broken = None
            return Cell(self.affinity, name, CellOutcome.NOT_APPLICABLE, why=_told(skip))
        except (LabError, TimeoutError) as error:
            return Cell(self.affinity, name, CellOutcome.ERROR, why=_told(error))
        return self._judged(name, trial, since, time.monotonic() - began)

    def _trial(self, name: str) -> Trial:
        """With users that no ordeal before had, as far as there are that many."""
        names = {person.name for person in self.of.people}
        chosen: list[Person] = list(islice(self._people, min(USERS, len(names))))
        users = [self.cluster.client(person) for person in chosen]
        return Trial(self.cluster, users, f"{self.of.seed}/{self.affinity}/{name}")

    async def _mend(self) -> None:
        if self._broken:
            (ordeal, trial), self._broken = self._broken, None
            await trial.leave()
            await ordeal.mend(trial)
        if self._began:
            await until("every copy to be up again after that", self._whole, seconds=MEND_SECONDS)

    async def _whole(self) -> bool:
        """Whether the balancer runs, and sends users to every copy: what is broken is no ordeal.

        A copy that has ended by itself is started again, also one that only now does so.
        """
        for name in list(self.cluster.nodes):
            if self.cluster.inventory.has_ended(name):  # by itself, as every ordeal mends its own
                await self.cluster.start(name)
        return all(state == "up" for state in (await self.cluster.backends()).values())

    def _judged(self, name: str, trial: Trial, since: int, seconds: float) -> Cell:
        operations = own(list(self.history), since)
        events = tuple(self.events)
        judged, counts = judge(operations, events, [user.user for user in trial.users])
        return Cell(
            affinity=self.affinity,
            ordeal=name,
            outcome=CellOutcome.SHOWN,
            counts=counts,
            why=why(judged, operations),
            judged=judged,
            history=History(operations),
            events=events,
            seconds=seconds,
            cluster=self.cluster.label,
        )


def _told(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return f"it did not end within {MOST_SECONDS:g} s"
    hint = getattr(error, "hint", "")
    return f"{error}\n{hint}" if hint else str(error)
