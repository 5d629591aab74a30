"""A lab in a process of its own, whose containers the tests can see, to be ended in any way."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from sessionlab.lab.fabrics.docker import labels

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from docker import DockerClient

PATIENCE = 60.0


class View:
    """What of one lab is in an engine; the lab's files are below `folder`, which tells it apart."""

    def __init__(self, engine: DockerClient, folder: Path) -> None:
        self._engine = engine
        self._folder = folder

    def containers(self, **filters: str) -> list[str]:
        found = self._engine.api.containers(all=True, filters={"label": labels.RUN, **filters})
        return [one["Id"] for one in found if self._ours(one)]

    def networks(self) -> list[str]:
        found = self._engine.api.networks(filters={"label": labels.RUN})
        return [one["Id"] for one in found if self._ours(one)]

    def files(self) -> list[Path]:
        return list(self._folder.glob("sessionlab-*/*"))

    def everything(self) -> list[object]:
        return [*self.containers(), *self.networks(), *self.files()]

    def _ours(self, found: dict[str, dict[str, str]]) -> bool:
        return found["Labels"].get(labels.FOLDER, "").startswith(str(self._folder))


def start(
    folder: Path,
    *arguments: str,
    through: Sequence[str] = (),
    **environment: str,
) -> subprocess.Popen[str]:
    """`sessionlab` with its files below that folder, started `through` another command."""
    return subprocess.Popen(
        [*through, sys.executable, "-m", "sessionlab.lab", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "TMPDIR": str(folder), **environment},
        start_new_session=True,
    )


def wait(true: Callable[[], object], lab: subprocess.Popen[str] | None = None) -> None:
    """Return once that is so; a lab that has ended by then has failed the test."""
    end = time.monotonic() + PATIENCE
    while not true():
        assert lab is None or lab.poll() is None, lab.stdout and lab.stdout.read()
        assert time.monotonic() < end
        time.sleep(0.02)  # a look asks the engine for all that it has


def end(lab: subprocess.Popen[str], signum: int = signal.SIGKILL) -> str:
    """End it, and all that it has printed."""
    lab.send_signal(signum)
    said, _ = lab.communicate(timeout=PATIENCE)
    return said
