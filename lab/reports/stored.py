"""A run that `--out DIR` has kept, read back: what became of its users needs no cluster."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sessionlab.lab.errors import UsageError
from sessionlab.lab.events import Event
from sessionlab.lab.record.history import History
from sessionlab.lab.verdicts.chance import notes
from sessionlab.lab.verdicts.not_shown import not_shown
from sessionlab.lab.verdicts.story_time import in_story_time
from sessionlab.lab.verdicts.users import Users

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Stored:
    """One scenario of a stored run."""

    name: str
    history: History
    events: list[Event]

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
    try:
        run = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        lines = (folder / "events.jsonl").read_text(encoding="utf-8").split("\n")
        events = [Event(**json.loads(line)) for line in lines if line]
        for scenario in run["scenarios"]:
            name = scenario["name"]
            text = (folder / name / "history.jsonl").read_text(encoding="utf-8")
            mine = [event for event in events if event.scenario == name]
            yield Stored(name, History.from_jsonl(text), mine)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"{folder} holds no run that can be read: {type(error).__name__}: {error}",
            "write one with `sessionlab run --out DIR`",
        ) from None
