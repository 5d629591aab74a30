"""A stored run judged again, without a cluster: an experiment's, a matrix', or stories' of any age.

What it says of a run is what the run said of itself, when the checks were the same.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from math import inf
from typing import TYPE_CHECKING, Any

from sessionlab.lab.checks import CHECKS
from sessionlab.lab.checks.bounds import met, parse, seen
from sessionlab.lab.checks.continuity import CONTINUITY
from sessionlab.lab.checks.interface import About
from sessionlab.lab.checks.judging import look
from sessionlab.lab.errors import UsageError
from sessionlab.lab.experiment.as_json import SCHEMA
from sessionlab.lab.experiment.folder import LATEST, told
from sessionlab.lab.experiment.results import Foretold, Judged, Result
from sessionlab.lab.record.packed.reader import Stored, read
from sessionlab.lab.record.packed.schema import ABOUT, HISTORY
from sessionlab.lab.reports import stored as stories
from sessionlab.lab.reports.earlier import RUN

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from sessionlab.lab.events import Event
    from sessionlab.lab.verdicts.users import Users

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Case:
    """One history, and what else is known of it; `run` is what its folder's `run.json` says."""

    name: str
    stored: Stored
    about: About
    cut: Sequence[str] = ()
    notes: Sequence[str] = ()
    run: Mapping[str, Any] = field(default_factory=dict)

    def judged(
        self, checks: Sequence[str] = (), processes: int = 2, progress: Progress | None = None
    ) -> tuple[Result, Users]:
        """What the checks say of it, and of its bounds; the users, if continuity is checked."""
        seen_by = look(self.stored, self.about, checks, processes, progress)
        findings = [CHECKS[name].judge(parts, self.about) for name, parts in seen_by.items()]
        asked = [parse(one["figure"], _limit(one)) for one in self.run.get("bounds", ())]
        known = {name for finding in findings for name in finding.figures}
        bounds = [bound for bound in asked if not checks or bound.name in known]
        result = Result(
            name=self.name,
            seed=self.run.get("seed", 0),
            title=self.name,
            findings=findings,
            bounds=[
                Judged(bound.name, str(bound), met(bound, findings), seen(bound, findings))
                for bound in bounds
            ],
            predictions=[Foretold(**one) for one in self.run.get("predictions", ())],
            cut=self.cut,
            remarks=self.notes,
        )
        return result, CONTINUITY.users(seen_by.get(CONTINUITY.name, ()), self.about)


def cases(folder: Path) -> Iterator[Case]:
    """All histories in a run's folder, in their order; raises UsageError when there is no run."""
    if not (folder / "run.json").exists() and (folder / LATEST).is_dir():
        folder = folder / LATEST
    cells = sorted(path.parent.parent for path in folder.glob(f"*/{HISTORY}/{ABOUT}"))
    if (folder / HISTORY).is_dir():
        yield _experiment(folder)
    elif cells:
        yield from map(_experiment, cells)
    else:
        yield from map(_story, stories.read(folder))


def _limit(bound: Mapping[str, str]) -> str:
    return bound["text"].removeprefix(bound["figure"])


def _experiment(folder: Path) -> Case:
    stored, run = Stored.open(folder), told(folder)
    try:
        events, cut = stories.stored_events(folder)
    except (OSError, ValueError, TypeError) as error:
        raise UsageError(f"cannot read {folder / 'events.jsonl'}: {error}") from None
    if (schema := run.get("schema", 0)) > SCHEMA:
        raise UsageError(
            f"{folder / RUN} is of schema {schema}, and this sessionlab reads up to {SCHEMA}",
            "judge it with the sessionlab that wrote it, or a newer one",
        )
    name = next((event.scenario for event in events if event.scenario), "")
    about = _about([event for event in events if event.scenario == name])
    if "began" in run:
        about = replace(about, began=run["began"], ended=run["ended"], told=run["told"])
    else:
        cut = [*cut, "run.json is not of a run that has ended: its bounds are not known"]
        about = replace(about, ended=_last(stored))
    return Case(name or folder.name, stored, about, [*stored.cut, *cut], run=run)


def _story(story: stories.Stored) -> Case:
    stored = Stored.of(story.history)
    about = _about(story.events)
    if about.ended == inf:
        about = replace(about, ended=_last(stored))
    return Case(story.name, stored, about, story.cut, story.notes)


def _about(events: Sequence[Event]) -> About:
    """What the events say of when it began and ended, and of its (first) cluster."""
    of = {event.kind: event for event in reversed(events)}
    began, ended, told_ = (
        of.get(f"{kind}") for kind in ("scenario.started", "scenario.finished", "cluster.starting")
    )
    return About(
        began.at if began else 0.0,
        ended.at if ended else inf,
        tuple(events),
        told_.data if told_ else {},
    )


def _last(stored: Stored) -> float:
    """When the last operation ended: nobody else has said when the run did."""
    ends = (
        shard.rows["invoked"] + shard.rows["took"]
        for name in stored.shards()
        if len((shard := read(name)).rows)
    )
    return max((float(end.max()) / 1e6 for end in ends), default=0.0)
