"""`--out DIR`: the run as files, so that it can be read again without a cluster."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from sessionlab.lab.errors import UsageError
from sessionlab.lab.events import Event
from sessionlab.lab.reports.as_json import to_json
from sessionlab.lab.reports.as_junit import to_junit
from sessionlab.lab.verdicts.results import RunResult


class Folder:
    """Writes `events.jsonl` while the run goes on, and the rest when it has ended.

    Files: `run.json` and `junit.xml` as `--json` and `--junit` write them, `events.jsonl` with
    everything that happened, `NAME/history.jsonl` with every operation of a scenario, and
    `NAME/CLUSTER/PART.log` with what each of its processes printed.
    Raises UsageError when the folder cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            path.mkdir(parents=True, exist_ok=True)
            self._events = (path / "events.jsonl").open("w", encoding="utf-8")
        except OSError as error:
            raise UsageError(f"cannot write to {path}: {error.strerror}") from None

    def hear(self, event: Event) -> None:
        if event.kind == "part.log":
            log = (
                self._path
                / event.scenario
                / f"{event.data['cluster']}"
                / f"{event.data['part']}.log"
            )
            log.parent.mkdir(parents=True, exist_ok=True)
            log.write_text(str(event.data["text"]), encoding="utf-8")
            return
        self._events.write(json.dumps(asdict(event), ensure_ascii=False) + "\n")

    def _keep_log(self, event: Event) -> None:
        folder = self._path / event.scenario / str(event.data["cluster"])
        folder.mkdir(parents=True, exist_ok=True)
        log = folder / f"{event.data['part']}.log"
        log.write_text(str(event.data["text"]), encoding="utf-8")

    def write(self, run: RunResult, release: str) -> None:
        (self._path / "run.json").write_text(to_json(run, release), encoding="utf-8")
        (self._path / "junit.xml").write_text(to_junit(run), encoding="utf-8")
        for result in run.scenarios:
            folder = self._path / result.name
            folder.mkdir(exist_ok=True)
            (folder / "history.jsonl").write_text(result.history.to_jsonl(), encoding="utf-8")

    def close(self) -> None:
        self._events.close()
