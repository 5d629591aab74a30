"""A run that `--out DIR` has kept, read back: what became of its users needs no cluster."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sessionlab.lab.errors import UsageError
from sessionlab.lab.events import Event
from sessionlab.lab.record.history import History
from sessionlab.lab.reports.earlier import EVENTS, HISTORY, RUN
from sessionlab.lab.verdicts.chance import notes
from sessionlab.lab.verdicts.not_shown import not_shown
from sessionlab.lab.verdicts.story_time import in_story_time
from sessionlab.lab.verdicts.users import Users

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path


ASKED = "request.completed"  # is in the history, too


@dataclass(frozen=True, slots=True)
class Stored:
    """One scenario of a stored run."""

    name: str
    history: History
    events: list[Event]
    cut: Sequence[str] = ()
    """Which of its files end in half a line, and are read up to there."""

    @property
    def users(self) -> Users:
        """What became of each, in the scenario's own time."""
        return Users.of(*in_story_time(self.history, self.events), self.name)

    @property
    def notes(self) -> list[str]:
        """As in the result of the run."""
        left_out = map(str, not_shown(self.events))
        return [*notes(self.name, self.history, self.events), *left_out]


def read(folder: Path) -> Iterator[Stored]:
    """The scenarios of a run in their order; raises UsageError when there is no run."""
    if not any((folder / name).exists() for name in (RUN, EVENTS)):
        hint = "write one with `sessionlab run --out DIR`"
        raise UsageError(f"{folder} holds no run: no {RUN}, no {EVENTS}", hint)
    try:
        names, ended = _names(folder)
        events, cut = stored_events(folder)
        cut += ended
        for name in names:
            lines, short = _lines(folder / name / HISTORY)
            history = History.from_jsonl("\n".join(lines))
            mine = [event for event in events if event.scenario == name and event.kind != ASKED]
            yield Stored(name, history, mine, [*cut, *short])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"{folder} holds no run that can be read: {type(error).__name__}: {error}",
            "write one with `sessionlab run --out DIR`",
        ) from None


def _names(folder: Path) -> tuple[list[str], list[str]]:
    """The scenarios of a run, and a sentence where its result is not there, or not whole."""
    try:
        run = json.loads((folder / RUN).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        found = [path.parent.name for path in sorted(folder.glob(f"*/{HISTORY}"))]
        if not found:
            raise
        return found, [f"{RUN} is not of a run that has ended: what it claimed is not known"]
    return [scenario["name"] for scenario in run["scenarios"]], []


def stored_events(folder: Path) -> tuple[list[Event], list[str]]:
    """All events of a run, and a sentence when their file was cut; raises OSError, ValueError."""
    lines, cut = _lines(folder / EVENTS)
    return [Event(**json.loads(line)) for line in lines], cut


def _lines(path: Path) -> tuple[list[str], list[str]]:
    """The lines of a file but for a last one that was cut, and a sentence that says so."""
    *lines, last = path.read_text(encoding="utf-8", errors="replace").split("\n")
    lines = [line for line in lines if line]
    try:
        return lines + ([last] if last and json.loads(last) else []), []
    except ValueError:
        where = path.relative_to(path.parent.parent)
        return lines, [f"{where} ends in the middle of a line: judged up to there"]
