"""What an earlier run has left in the folder that a new one is to be written to.

A run takes the place of the one before and is never mixed with it. Only what an earlier run has
certainly written is removed: its first event names its scenarios, and below those are histories and
logs. Where anything else lies, nothing is touched.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from sessionlab.lab.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

EVENTS, RUN, JUNIT, HISTORY = "events.jsonl", "run.json", "junit.xml", "history.jsonl"
CHECK = "check.json"  # of a check, which is a run besides
REPORT, COMPARISON = "report.html", "comparison.html"  # what `sessionlab report` has made of it
LATEST = "latest"  # leads to the last of several runs


def clear(folder: Path, beside: Collection[Path] = ()) -> None:
    """Remove an earlier run, all of it; `beside` may lie there too, and stays.

    Raises UsageError when there is anything that no earlier run has written.
    """
    if not folder.is_dir():
        return
    stay = {path.absolute() for path in beside}
    found = [path for path in folder.iterdir() if path.absolute() not in stay]
    names = _scenarios(folder / EVENTS)
    ours: list[Path] = []
    for path in found:
        ours += _of_a_run(path, names)
    for path in ours:
        path.rmdir() if path.is_dir() else path.unlink()


def _scenarios(events: Path) -> list[str] | None:
    """The scenarios of the run whose events these are; None when they are of no run."""
    try:
        with events.open(encoding="utf-8") as file:
            first = file.readline()
        if not first:
            return []  # a run that was cut short before it had begun
        begun = json.loads(first)
        return list(begun["data"]["scenarios"]) if begun["kind"] == "run.started" else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _of_a_run(path: Path, names: list[str] | None) -> Iterator[Path]:
    """All that is below `path` and it itself, the innermost first."""
    if names is None:
        raise _stranger(path)
    if _is_folder(path) and path.name in names:
        for below in path.iterdir():
            yield from _of_a_scenario(below, path.name)
    elif path.name not in (EVENTS, RUN, JUNIT, CHECK, REPORT, COMPARISON) or not _is_file(path):
        raise _stranger(path)
    yield path


def _of_a_scenario(path: Path, name: str) -> Iterator[Path]:
    if _is_folder(path) and re.fullmatch(rf"{re.escape(name)}-\d+", path.name):
        for log in path.iterdir():
            if log.suffix != ".log" or not _is_file(log):
                raise _stranger(log)
            yield log
    elif path.name != HISTORY or not _is_file(path):
        raise _stranger(path)
    yield path


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _is_file(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()


def _stranger(path: Path) -> UsageError:
    return UsageError(
        f"{path} is not of an earlier run, so its folder is left as it is",
        "write to an empty or a new folder",
    )
