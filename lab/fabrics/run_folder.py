"""Where a run keeps its files while it lasts, and how a later run knows that it is over.

Each run has a folder below one that only its user may enter. The lab holds a lock (flock) on a
file in it; the kernel drops the lock however the lab ends, so a folder whose lock is free is left
over. Its processes carry the run's name in their environment, so they are found without trusting
a process id that may have been given to somebody else since.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import shutil
import signal
import stat
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from sessionlab.lab.errors import StartError

if TYPE_CHECKING:
    from collections.abc import Iterator

MARK = "SESSIONLAB_RUN"
_ELSEWHERE = "point TMPDIR at a folder of your own"


class RunFolder:
    """The folder of one run, locked for as long as this object is open.

    `run` names it, where its name has to be known before it is there.
    """

    def __init__(self, run: str = "") -> None:
        self.run = run or new_name()
        self.folder = home() / self.run
        try:
            self.folder.mkdir(mode=0o700)
        except OSError as error:
            raise StartError(
                f"{self.folder} cannot be made: {error.strerror}", _ELSEWHERE
            ) from None
        self._lock = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        os.write(self._lock, str(os.getpid()).encode())

    def close(self) -> None:
        """Remove the folder and give up the lock."""
        shutil.rmtree(self.folder, ignore_errors=True)
        with contextlib.suppress(OSError):
            os.close(self._lock)


def new_name() -> str:
    """A name for a run that no other has."""
    return secrets.token_hex(6)


def home() -> Path:
    """The folder that holds every run's folder; made when missing, refused when not ours."""
    try:
        path = Path(tempfile.gettempdir()) / f"sessionlab-{os.getuid()}"
        with contextlib.suppress(FileExistsError):
            path.mkdir(mode=0o700)
    except OSError as error:
        raise StartError(f"there is no place for a run's files: {error}", _ELSEWHERE) from None
    found = path.lstat()
    private = stat.S_ISDIR(found.st_mode) and not found.st_mode & 0o077
    if not private or found.st_uid != os.getuid():
        raise StartError(
            f"{path} is not a private folder of yours",
            f"remove it, or {_ELSEWHERE}",
        )
    return path


def leftovers() -> Iterator[Path]:
    """The folders of runs whose lab has ended without clearing away."""
    for folder in sorted(home().iterdir()):
        if folder.is_dir() and owner_is_gone(folder):
            yield folder


def running() -> Iterator[tuple[str, int]]:
    """The runs whose lab is alive, each with the process id of that lab."""
    for folder in sorted(home().iterdir()):
        if folder.is_dir() and not owner_is_gone(folder):
            with contextlib.suppress(OSError, ValueError):
                yield folder.name, int((folder / "lock").read_text())


def clear(folder: Path) -> int:
    """Kill what is left of a run and remove its folder; how many processes that were."""
    killed = kill_marked(folder.name)
    shutil.rmtree(folder, ignore_errors=True)
    return killed


def kill_marked(run: str) -> int:
    """Kill every process that carries the run's mark; how many that were."""
    killed = 0
    for pid in _marked(run):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)
            killed += 1
    return killed


def owner_is_gone(folder: Path) -> bool:
    """Whether the lab of the run with this folder has ended; of another user's nobody can say."""
    try:
        lock = os.open(folder / "lock", os.O_RDWR)
    except PermissionError:
        return False
    except OSError:
        return True  # it was killed between making the folder and the lock
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    else:
        return True
    finally:
        os.close(lock)


def _marked(run: str) -> Iterator[int]:
    """Processes of ours that carry the run's mark (from /proc, so on Linux)."""
    mark = f"{MARK}={run}".encode()
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if mark in (entry / "environ").read_bytes().split(b"\0"):
                yield int(entry.name)
