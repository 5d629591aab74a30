"""The folder of an experiment's run: where it is, and what is kept there while it goes on.

A disk that is full ends a run in order: what a run comes to is written into room that was taken
when it began.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import shutil
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from sessionlab.lab.errors import UsageError
from sessionlab.lab.reports.earlier import COMPARISON, EVENTS, LATEST, REPORT, RUN

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from sessionlab.lab.events import Event

COPY, ROOM = "experiment.toml", ".room"
ROOM_BYTES = 1 << 20
_KNOWN = (EVENTS, RUN, f".{RUN}", REPORT, COMPARISON, COPY, ROOM, "history", "latency.hgrm.json")
_TOKEN = re.compile(r"(?=[\w.+=%~-]*\d)[\w.+=%~-]{16,}")
_UNLISTED = ("part.log", "request.completed")


def place(runs: Path, name: str) -> Path:
    """A new folder for a run of that name, `latest` beside it leads there; raises UsageError."""
    stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    with _told(runs):
        (runs / name).mkdir(parents=True, exist_ok=True)
        number = 1
        while (found := runs / name / (stamp if number == 1 else f"{stamp}.{number}")).exists():
            number += 1
        found.mkdir(mode=0o700)
        own(found)
        beside = runs / name / f".{LATEST}.{os.getpid()}"
        beside.symlink_to(found.name)
        beside.replace(runs / name / LATEST)
    return found


def given(folder: Path, *, resume: bool) -> Path:
    """The folder that was asked for: an earlier run there is replaced, unless it is gone on with.

    Raises UsageError where anything else lies.
    """
    with _told(folder):
        folder.mkdir(parents=True, exist_ok=True)
        own(folder)
        if not resume:
            _clear(folder)
        folder.chmod(0o700)
    return folder


def own(folder: Path) -> None:
    """Keep others from writing to that folder as long as this process lives.

    They would replace what is there, and what is left of a history is no history. Raises UsageError
    where another does.
    """
    opened = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(opened)
        raise UsageError(
            f"another run is writing to {folder}", "wait for its end, or write to another folder"
        ) from None
    except OSError:  # a file system that knows no locks
        os.close(opened)


class Kept:
    """Keeps what happens, line by line, and what each part has printed; `full` once it can't.

    What somebody's own app prints may hold credentials, which only the generators know: with
    `masked` whatever looks like one is left out. Raises UsageError when the folder can't be
    written.
    """

    def __init__(self, folder: Path, copy: str, *, masked: bool = False) -> None:
        self.folder = folder
        self._masked = masked
        self.full = ""
        with _told(folder):
            folder.mkdir(mode=0o700, exist_ok=True)
            _clear(folder)
            (folder / COPY).write_text(copy, encoding="utf-8")
            (folder / ROOM).write_bytes(b"\0" * ROOM_BYTES)
            self._events = (folder / EVENTS).open("w", buffering=1, encoding="utf-8")

    def hear(self, event: Event) -> None:
        """Write it down; a disk that takes no more is told by `full`, and stops nobody here."""
        try:
            if event.kind == "part.log":
                log = self.folder / str(event.data["cluster"]) / f"{event.data['part']}.log"
                log.parent.mkdir(exist_ok=True)
                text = str(event.data["text"])
                log.write_text(_TOKEN.sub("***", text) if self._masked else text, encoding="utf-8")
            elif event.kind not in _UNLISTED:
                self._events.write(json.dumps(asdict(event), ensure_ascii=False) + "\n")
        except OSError as error:
            self.full = self.full or f"{self.folder}: {error.strerror}"

    def make_room(self) -> None:
        """Give up the room that was taken, for what is written now."""
        (self.folder / ROOM).unlink(missing_ok=True)

    def write(self, document: Mapping[str, Any]) -> None:
        """What the run came to; raises OSError when there is no room even for that."""
        self.make_room()
        _replace(self.folder, document)

    def close(self) -> None:
        self.make_room()
        with contextlib.suppress(OSError):
            self._events.close()


def latest(runs: Path, name: str) -> Path | None:
    """The folder of the last run of that name, if there was one."""
    link = runs / name / LATEST
    return link.resolve() if link.is_dir() else None


def keep(folder: Path, copy: str, document: Mapping[str, Any]) -> None:
    """What a matrix has come to by now: its cells have folders of their own in this one."""
    with contextlib.suppress(OSError):  # the cells say what is wrong
        (folder / COPY).write_text(copy, encoding="utf-8")
        _replace(folder, document)


def _replace(folder: Path, document: Mapping[str, Any]) -> None:
    text = msgspec.json.format(msgspec.json.encode(document), indent=1) + b"\n"
    beside = folder / f".{RUN}"
    beside.write_bytes(text)
    beside.replace(folder / RUN)


def _clear(folder: Path) -> None:
    """Remove an earlier run and its cells; raises UsageError where anything else lies."""
    for path in list(_of_a_run(folder)):
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def _of_a_run(folder: Path) -> Iterator[Path]:
    """What lies there, all of which a run has written."""
    for path in folder.iterdir():
        logs = path.is_dir() and all(one.suffix == ".log" for one in path.iterdir())
        is_cell = path.is_dir() and (path / COPY).is_file()
        list(_of_a_run(path) if is_cell else ())
        if path.is_symlink() or not (path.name in _KNOWN or is_cell or logs):
            raise UsageError(
                f"{path} is not of an earlier run, so its folder is left as it is",
                "write to an empty or a new folder",
            )
        yield path


@contextlib.contextmanager
def _told(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UsageError(f"cannot write to {folder}: {error.strerror}") from None
