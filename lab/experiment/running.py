"""Runs one experiment, or one cell: a cluster, its users, its faults; then all is judged."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from sessionlab.lab.checks.interface import About
from sessionlab.lab.checks.judging import judge
from sessionlab.lab.cluster.cluster import Cluster
from sessionlab.lab.errors import LabError, UsageError
from sessionlab.lab.events import Event, Events
from sessionlab.lab.experiment.as_json import document
from sessionlab.lab.experiment.machine import Busy, cores
from sessionlab.lab.experiment.predicting import foretold
from sessionlab.lab.experiment.results import Judged, Result
from sessionlab.lab.faults.schedule import carry_out
from sessionlab.lab.record.history import History
from sessionlab.lab.record.packed.reader import Stored
from sessionlab.lab.workload.load import Live, Load
from sessionlab.lab.workload.running import generate
from sessionlab.lab.workload.target import Target

if TYPE_CHECKING:
    from sessionlab.lab.checks.interface import Finding
    from sessionlab.lab.experiment.folder import Kept
    from sessionlab.lab.experiment.reading import Plan
    from sessionlab.lab.fabrics.interface import Fabric

Told = Callable[[Live | Event], None]


@dataclass(slots=True)
class _Course:
    """How it went, up to where it is known."""

    started: float
    heard: list[Event] = field(default_factory=list)
    load: Load | None = None
    began: float = 0.0
    ended: float = 0.0
    idle: float | None = None
    trouble: str = ""
    interrupted: bool = False

    @property
    def failed_faults(self) -> list[str]:
        failed = [event.data for event in self.heard if event.kind == "fault.failed"]
        return [f"{one['fault']} {one['part']}: {one['error']}" for one in failed]

    def not_over(self, plan: Plan) -> list[str]:
        """What was still being done when the workload ended: a deploy that takes long, say."""
        began = [event.data["fault"] for event in self.heard if event.kind.startswith("fault.")]
        planned = plan.faults if self.load else ()
        return [f"{one} was not over by then" for one in planned if one.fault not in began]

    @property
    def about(self) -> About:
        return About.of(self.heard, self.began, self.ended)


async def run(
    plan: Plan,
    fabric: Fabric,
    kept: Kept,
    told: Told = lambda _: None,
    company: Callable[[], int] = lambda: 0,
) -> Result:
    """Run it, judge it, and keep it all in its folder; `company` counts who runs beside it.

    What keeps it from its end is in the result: the lab's own trouble, a disk that is full. When it
    is cancelled it ends in order, is judged as far as it went, and returns. Raises UsageError for
    what only shows now.
    """
    events = Events(kept.hear, told)
    course = _Course(started=time.time())
    with events.recording(plan.name) as course.heard:
        events.emit("run.started", seed=plan.seed, scenarios=[plan.name])
        try:
            await _under_load(plan, fabric, kept, events, course, told)
        except asyncio.CancelledError:
            course.interrupted = True
        except UsageError:
            raise
        except LabError as error:
            course.trouble = f"{error}\n{error.hint}" if error.hint else str(error)
        course.ended = course.ended or events.now()
    kept.make_room()
    known = partial(_judged, plan, kept, course, events.now(), company())
    judging = asyncio.create_task(asyncio.to_thread(known))
    try:
        result = await asyncio.shield(judging)
    except asyncio.CancelledError:  # it takes less long than to do it again
        course.interrupted = True
        result = await judging
    with contextlib.suppress(OSError):  # it is on the screen, then
        kept.write(document(result))
    return result


async def _under_load(
    plan: Plan, fabric: Fabric, kept: Kept, events: Events, course: _Course, told: Told
) -> None:
    workload = plan.experiment.workload
    sandbox = fabric.sandbox(f"{plan.name}-1")
    async with Cluster(
        plan.description, sandbox, history=History(), events=events, scenario=plan.name
    ) as cluster:
        target = target_of(cluster, workload.users)
        before, course.began = Busy.now(), events.now()
        key, begun, stop = secrets.token_bytes(32), asyncio.Event(), asyncio.Event()

        def live(one: Live) -> None:
            told(one)
            if kept.full:
                stop.set()

        loading = asyncio.create_task(
            generate(workload, target, kept.folder, events.began, key, live, stop, begun.set)
        )

        async def broken() -> None:
            await begun.wait()
            course.began = events.now()
            events.emit("workload.began", plan.name, users=workload.users, seconds=workload.seconds)
            await carry_out(plan.faults, cluster, events.now)

        breaking = asyncio.create_task(broken())
        try:
            await asyncio.shield(loading)
        finally:  # whatever ends it, it ends in order
            breaking.cancel()
            stop.set()
            await asyncio.gather(breaking, loading, return_exceptions=True)
            course.ended = events.now()
            course.idle = before.idle_until(Busy.now())
        load = course.load = loading.result()
    course.trouble = kept.full or "\n".join(filter(None, (load.failed, load.hint)))
    if not course.trouble and course.failed_faults:
        course.trouble = f"a fault could not be carried out: {course.failed_faults[0]}"


def target_of(cluster: Cluster, users: int) -> Target:
    """What the generators have to know of it."""
    audience = cluster.audience(users)
    return Target(
        cluster.url,
        cluster.recipe,
        list(audience.people),
        words=dict(audience.words),
        affinity=cluster.description.affinity,
        certificate=audience.authority,
        cluster=cluster.label,
    )


def _judged(plan: Plan, kept: Kept, course: _Course, seconds: float, company: int) -> Result:
    findings: list[Finding] = []
    cut: list[str] = []
    about = course.about
    try:
        stored = Stored.open(kept.folder)
        cut += stored.cut
        findings += judge(stored, about, plan.checks, cores())
    except LabError as error:  # no operation at all, say
        course.trouble = course.trouble or str(error)
    load = course.load
    result = Result(
        **plan.known,
        fabric=plan.experiment.cluster.fabric,
        balancer=plan.experiment.cluster.balancer,
        started=course.started,
        seconds=round(seconds, 3),
        findings=findings,
        bounds=[Judged.of(bound, findings) for bound in plan.bounds],
        predictions=foretold(plan, findings, about),
        load=load,
        faults=[*course.failed_faults, *course.not_over(plan)],
        trouble=course.trouble,
        interrupted=course.interrupted,
        cut=cut,
        idle=course.idle,
        beside=company,
        about={"began": about.began, "ended": about.ended, "told": dict(about.told)},
        folder=str(kept.folder),
    )
    return result.as_far() if course.interrupted else result
