"""Every history in a folder of `--out`, of whatever kind and age, and what is told of it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from math import inf
from typing import TYPE_CHECKING, Any

from sessionlab.lab.checks.interface import About
from sessionlab.lab.errors import UsageError
from sessionlab.lab.record.packed.reader import Stored, read
from sessionlab.lab.record.packed.schema import ABOUT, HISTORY
from sessionlab.lab.reports import stored as stories
from sessionlab.lab.reports.earlier import EVENTS, LATEST, RUN

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from sessionlab.lab.events import Event

SCHEMA = 2  # of `run.json`
COPY = "experiment.toml"  # the file that asked for a run, or for a matrix of them
_LISTED = 5  # runs, when none of them was named


@dataclass(frozen=True, slots=True)
class Case:
    """One history of a folder, and what else is known of it; `run` is what `run.json` says."""

    folder: Path
    name: str
    stored: Stored
    about: About
    cut: Sequence[str] = ()
    notes: Sequence[str] = ()
    run: Mapping[str, Any] = field(default_factory=dict)

    @property
    def said(self) -> Mapping[str, Any]:
        """What `run.json` says of this story; empty where it says nothing."""
        stories = self.run.get("scenarios", ())
        return next((one for one in stories if one.get("name", self.name) == self.name), {})


def folder_of(run: Path) -> Path:
    """Where it lies: of an experiment's name that is where its last run does."""
    is_name = not (run / RUN).exists() and (run / LATEST).is_dir()
    return run / LATEST if is_name else run


def cases(folder: Path) -> Iterator[Case]:
    """All histories in a run's folder, in their order; raises UsageError when there is no run."""
    folder = folder_of(folder)
    _refuse_several(folder)
    cells = sorted(path.parent.parent for path in folder.glob(f"*/{HISTORY}/{ABOUT}"))
    if (folder / HISTORY).is_dir():
        yield _experiment(folder)
    elif cells:
        yield from map(_experiment, cells)
    else:
        run = told(folder)
        yield from (_story(folder, run, story) for story in stories.read(folder))


def _refuse_several(folder: Path) -> None:
    """Runs of their own, whatever their kinds, are not cells of one: some would be left out."""
    if any((folder / name).exists() for name in (RUN, EVENTS, COPY, HISTORY)):
        return
    if names := sorted(path.parent.name for path in folder.glob(f"*/{RUN}")):
        listed = ", ".join(names[:_LISTED]) + (", …" if len(names) > _LISTED else "")
        hint = f"name one of them, such as {folder / names[0]}"
        raise UsageError(f"{folder} holds no run itself, but folders of some: {listed}", hint)


def _experiment(folder: Path) -> Case:
    stored, run = Stored.open(folder), told(folder)
    try:
        events, cut = stories.stored_events(folder)
    except (OSError, ValueError, TypeError) as error:
        raise UsageError(f"cannot read {folder / 'events.jsonl'}: {error}") from None
    name = next((event.scenario for event in events if event.scenario), "")
    about = _about([event for event in events if event.scenario == name])
    if "began" in run:
        about = replace(about, began=run["began"], ended=run["ended"], told=run["told"])
    else:
        cut = [*cut, "run.json is not of a run that has ended: its bounds are not known"]
        about = replace(about, ended=_last(stored))
    if run.get("interrupted"):
        cut = [*cut, "it was interrupted: what became of its users after that, nobody knows"]
    return Case(folder, name or folder.name, stored, about, [*stored.cut, *cut], run=run)


def _story(folder: Path, run: Mapping[str, Any], story: stories.Stored) -> Case:
    stored = Stored.of(story.history)
    about = _about(story.events)
    if about.ended == inf:
        about = replace(about, ended=_last(stored))
    case = Case(folder, story.name, stored, about, story.cut, story.notes, run)
    if case.said.get("outcome") != "error":
        return case
    why = str(case.said.get("reason") or "of which nothing is known").splitlines()[0]
    return replace(case, cut=[*case.cut, f"it ended in an error, {why}: judged up to there"])


def _about(events: Sequence[Event]) -> About:
    """What the events say of when it began and ended, and of its (first) cluster."""
    at = {event.kind: event.at for event in reversed(events)}
    return About.of(events, at.get("scenario.started", 0.0), at.get("scenario.finished", inf))


def _last(stored: Stored) -> float:
    """When the last operation ended: nobody else has said when the run did."""
    ends = (
        shard.rows["invoked"] + shard.rows["took"]
        for name in stored.shards()
        if len((shard := read(name)).rows)
    )
    return max((float(end.max()) / 1e6 for end in ends), default=0.0)


def told(folder: Path) -> dict[str, Any]:
    """What a run in this folder came to; empty when none has ended there.

    Raises UsageError when a later sessionlab has written it.
    """
    try:
        found = json.loads((folder / RUN).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    if not isinstance(found, dict):
        return {}
    if isinstance(schema := found.get("schema"), int) and schema > SCHEMA:
        raise UsageError(
            f"{folder / RUN} is of schema {schema}, and this sessionlab reads up to {SCHEMA}",
            "read it with the sessionlab that wrote it, or a newer one",
        )
    return found
