"""What was done by hand becomes a stored run, and a scenario script to start from.

The run's folder is as `--out` writes one, but that nothing was claimed in it; `judge` and `report`
read it. Times are those of the page. Nothing in it is a credential: a history has none.
"""

from __future__ import annotations

import asyncio
import json
import os
import shlex
import shutil
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sessionlab.lab.description.cluster import BALANCER
from sessionlab.lab.errors import StepError
from sessionlab.lab.events import Event
from sessionlab.lab.page.desk.wrong import WrongField
from sessionlab.lab.page.model.doing import Recording
from sessionlab.lab.page.recording.script import BY_HAND, script
from sessionlab.lab.record.history import History
from sessionlab.lab.reports.earlier import HISTORY, RUN
from sessionlab.lab.reports.folder import Folder
from sessionlab.lab.scenario.scenario import NAME, RESERVED
from sessionlab.lab.verdicts.users import Users

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sessionlab.lab.description.cluster import Description
    from sessionlab.lab.page.seen.live import Live

USUAL, SCRIPT = Path("sessionlab-recordings"), "scenario.py"
_NOTE = "recorded by hand: nothing was claimed"
_HINT = "`up --record-to DIR` says where else"


class Recorder:
    """`folder` is where runs are stored, each in one of its own; made when first used.

    The page's clusters run on that `fabric`.
    """

    def __init__(self, folder: Path = USUAL, fabric: str = "local") -> None:
        self._folder, self._fabric = folder, fabric

    @property
    def why_not(self) -> str:
        """Why nothing can be stored there, in words; "" where it can, as far as one can tell."""
        there = self._folder.absolute()
        while not there.exists() and there != there.parent:
            there = there.parent
        if there.is_dir() and os.access(there, os.W_OK | os.X_OK):
            return ""
        what = "cannot be written to" if there.is_dir() else "is no folder"
        return f"{there} {what}, so nothing can be recorded; {_HINT}"

    async def record(
        self,
        name: str,
        live: Live,
        description: Description,
        browsers: Mapping[tuple[str, int], str] | None = None,
    ) -> Recording:
        """Store what was seen so far; raises WrongField, and StepError where it can't be done.

        `browsers` are as of `script`.
        """
        name = name.strip() or BY_HAND
        if name in RESERVED or not NAME.fullmatch(name):
            hint = "take letters, digits, and - _ . between them, at most 100"
            raise WrongField("name", "a folder cannot be called like that", hint)
        said, scenario = live.sentence, script(live, description, browsers, name)
        history, events = History(live.history), list(live.events)
        try:
            folder = await asyncio.to_thread(self._stored, name, said, history, events, scenario)
        except OSError as error:
            why = f"cannot write to {self._folder}: {error.strerror or error}"
            raise StepError(why, _HINT) from None
        return Recording(str(folder), scenario, self._again(folder, description))

    def _stored(
        self, name: str, said: str, history: History, events: Sequence[Event], scenario: str
    ) -> Path:
        path = self._new(name)
        try:
            self._fill(path, name, said, history, events, scenario)
        except BaseException:
            shutil.rmtree(path, ignore_errors=True)  # half a run is none
            raise
        return path

    def _fill(
        self,
        path: Path,
        name: str,
        said: str,
        history: History,
        events: Sequence[Event],
        scenario: str,
    ) -> None:
        ended = max([op.completed for op in history] + [event.at for event in events])
        about = {"seed": 0, "scenarios": [name]}
        told = [
            Event(0.0, "run.started", "", about),
            Event(0.0, "scenario.started", name, {"title": said}),
            *(replace(event, scenario=name) for event in events),
            Event(ended, "scenario.finished", name, {"seconds": ended}),
        ]
        with Folder(path) as files:
            for event in told:
                files.hear(event)
        (path / name).mkdir()
        (path / name / HISTORY).write_text(history.to_jsonl(), encoding="utf-8")
        (path / SCRIPT).write_text(scenario, encoding="utf-8")
        run = self._run(name, said, history, told)
        (path / RUN).write_text(json.dumps(run, indent=2) + "\n", encoding="utf-8")

    def _new(self, name: str) -> Path:
        """A folder that was not there; only its user reads it."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path, number = self._folder / name, 1
        while True:
            try:
                path.mkdir(mode=0o700)
            except FileExistsError:
                number += 1
                path = self._folder / f"{name}-{number}"
            else:
                return path

    def _run(
        self, name: str, said: str, history: History, events: Sequence[Event]
    ) -> dict[str, Any]:
        """As `--json` has it, without an outcome."""
        users, seconds = Users.of(history, events, name).summary(), round(events[-1].at, 3)
        story = {"name": name, "title": said, "seconds": seconds, "requests": len(history)}
        story |= {"claims": [], "notes": [_NOTE], "users": users, "tables": []}
        run = {"sessionlab": version("sessionlab"), "fabric": self._fabric, "script": SCRIPT}
        return {**run, "scenarios": [story]}

    def _again(self, folder: Path, description: Description) -> list[str]:
        balancer = description.balancer or BALANCER
        more = [f"--fabric={self._fabric}"] if self._fabric != "local" else []
        more += [f"--balancer={balancer}"] if balancer != BALANCER else []
        return [
            shlex.join(["sessionlab", "run", str(folder / SCRIPT), *more]),
            shlex.join(["sessionlab", "judge", str(folder)]),
            shlex.join(["sessionlab", "report", str(folder), "--open"]),
        ]
