"""Runs scenarios, several side by side, and collects what came of each."""

from __future__ import annotations

import asyncio
import time
import traceback
from importlib.metadata import version
from typing import TYPE_CHECKING, NamedTuple

from sessionlab.lab.balancers.programs import check
from sessionlab.lab.engine.exhaustion import exhausted
from sessionlab.lab.errors import LabError, Skip
from sessionlab.lab.fabrics import FABRICS
from sessionlab.lab.scenario import fitting
from sessionlab.lab.scenario.lab import Lab, Settings
from sessionlab.lab.scenario.unawaited import Forgotten, Watch, watching
from sessionlab.lab.verdicts.results import NOTHING_SHOWN, Outcome, RunResult, ScenarioResult
from sessionlab.lab.waiting import side_by_side as together

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sessionlab.lab.events import Events
    from sessionlab.lab.fabrics.interface import Fabric
    from sessionlab.lab.recipes.chosen import Chosen
    from sessionlab.lab.record.claims import Claim
    from sessionlab.lab.record.history import History
    from sessionlab.lab.scenario.scenario import Scenario

MOST_SECONDS = 300.0  # for one scenario; a story that hangs is an error, not a hang
SIDE_BY_SIDE = 4
CUT_SHORT = "it was cut short, and not told to its end"
NO_CLAIM = "the story claims nothing, so it shows nothing\nsay with `lab.claim` what must be seen"


async def run(
    scenarios: Sequence[Scenario],
    settings: Settings,
    events: Events,
    *,
    side_by_side: int = SIDE_BY_SIDE,
    told: Callable[[ScenarioResult], None] = lambda _: None,
) -> RunResult:
    """Run the scenarios on one fabric, and call `told` with each result as it comes.

    Raises StartError when the fabric itself won't start.
    """
    began = time.monotonic()
    events.emit("run.started", seed=settings.seed, scenarios=[story.name for story in scenarios])
    fabric = FABRICS.make(settings.fabric, **settings.fabric_options)
    places = asyncio.Semaphore(1 if fabric.one_at_a_time else side_by_side)

    async def one(story: Scenario) -> ScenarioResult:
        async with places:
            result = await run_one(story, settings, fabric, events)
            told(result)
            return result

    try:
        await fabric.open()
        check(settings.balancer, fabric)
        results = await together([one(story) for story in scenarios])
    finally:
        await fabric.close()
    seconds = time.monotonic() - began
    return RunResult(
        fabric.name, settings.balancer, settings.seed, seconds, results, settings.allow_skips
    )


def cut_short(
    stories: Sequence[Scenario],
    settings: Settings,
    ended: Sequence[ScenarioResult],
    why: str,
    seconds: float = 0.0,
) -> RunResult:
    """What is known of a run that was not told to its end: those it had no result of are errors."""
    results = {result.name: result for result in ended}
    for story in stories:
        if story.name not in results:
            results[story.name] = ScenarioResult(
                name=story.name,
                title=story.title,
                outcome=Outcome.ERROR,
                reason=CUT_SHORT,
                exit_status=NOTHING_SHOWN,
            )
    return RunResult(
        settings.fabric,
        settings.balancer,
        settings.seed,
        seconds,
        [results[story.name] for story in stories],
        cut_short=why,
    )


async def run_one(
    story: Scenario,
    settings: Settings,
    fabric: Fabric,
    events: Events,
    history: History | None = None,
    *,
    looks_for_held: bool = True,
) -> ScenarioResult:
    """Tell one story, and write it down in that `history`. What goes wrong becomes its result."""
    lab = Lab(settings, fabric, events, story.name, story.folder, history)
    began, started = time.monotonic(), time.time()
    with events.recording(story.name) as told:
        lab.told = told
        events.emit("scenario.started", story.name, title=story.title)
        with watching(story.story, looks_for_held=looks_for_held) as forgotten:
            ending = await _tell(story, lab, events, forgotten, settings.app)
            await forgotten.end_tasks()
        ending = _with_all_done(ending, list(forgotten))
    result = ScenarioResult(
        name=story.name,
        title=story.title,
        outcome=ending.outcome,
        reason=ending.reason,
        seconds=round(time.monotonic() - began, 3),
        history=lab.history,
        claims=tuple(lab.claims),
        exit_status=ending.exit_status,
        events=tuple(told),
        tables=tuple(lab.tables),
        started=started,
    )
    events.emit("scenario.finished", story.name, outcome=ending.outcome, seconds=result.seconds)
    return result


class StoryEnd(NamedTuple):
    """How a story ended: `reason` unless it was told to its end, and the status it calls for."""

    outcome: Outcome
    reason: str | None
    exit_status: int


async def _tell(
    story: Scenario, lab: Lab, events: Events, forgotten: Watch, app: Chosen | None
) -> StoryEnd:
    if lab.nodes < story.least_nodes:
        reason = f"it takes at least {story.least_nodes} nodes to show this"
        return StoryEnd(Outcome.SKIPPED, reason, 0)
    try:
        if app:
            fitting.check(app, story.story.__module__, about_demo=story.about_demo)
        async with asyncio.timeout(MOST_SECONDS) as limit:
            await story.story(lab)
            forgotten.look_at_tasks()
    except LabError as error:
        return _ended_by(error, lab.claims)
    except asyncio.CancelledError:  # what is known so far is kept
        return StoryEnd(Outcome.ERROR, CUT_SHORT, NOTHING_SHOWN)
    # None of these must end the other stories, nor the run.
    except (Exception, SystemExit, KeyboardInterrupt) as error:  # noqa: BLE001
        if limit.expired():
            return StoryEnd(Outcome.ERROR, f"not finished after {MOST_SECONDS:g} s", 1)
        return _crashed(error, story, lab, events)
    return _judged(lab.claims)


def _crashed(error: BaseException, story: Scenario, lab: Lab, events: Events) -> StoryEnd:
    if isinstance(error, Exception) and (trouble := exhausted(error)):
        return _ended_by(trouble, lab.claims)
    events.emit("scenario.crashed", story.name, traceback=traceback.format_exc())
    reason = f"the story itself failed: {type(error).__name__}: {error}"
    return StoryEnd(Outcome.ERROR, reason, 1)


def _ended_by(error: LabError, claims: Sequence[Claim]) -> StoryEnd:
    reason = f"{error}\n{error.hint}" if error.hint else str(error)
    if isinstance(error, Skip):
        if not all(claim.holds for claim in claims):
            return StoryEnd(Outcome.BROKEN, f"and then: {reason}", 1)
        return StoryEnd(Outcome.SKIPPED, reason, 0)
    return StoryEnd(Outcome.ERROR, reason, error.exit_status)


def _judged(claims: Sequence[Claim]) -> StoryEnd:
    if not claims:
        return StoryEnd(Outcome.ERROR, NO_CLAIM, NOTHING_SHOWN)
    if all(claim.holds for claim in claims):
        return StoryEnd(Outcome.HELD, None, 0)
    return StoryEnd(Outcome.BROKEN, None, 1)


def _with_all_done(ending: StoryEnd, forgotten: Sequence[Forgotten]) -> StoryEnd:
    """The same, unless the story left out a step: then it shows nothing, however it went.

    One that cannot be told here ends before the steps that it has made ready, and says so itself.
    """
    if not forgotten or ending.outcome is Outcome.SKIPPED:
        return ending
    words = dict.fromkeys(place.by for place in forgotten)
    lines = [*map(str, forgotten), *(f"write `{word}` in front of it" for word in words)]
    if ending.outcome is Outcome.ERROR and ending.reason:
        lines.append(ending.reason)
    return StoryEnd(Outcome.ERROR, "\n".join(lines), NOTHING_SHOWN)


def release() -> str:
    """The version of sessionlab that is installed."""
    return version("sessionlab")
