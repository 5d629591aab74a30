"""One run on the engine: what its sandboxes share, and how all of it goes away."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from itertools import count
from typing import TYPE_CHECKING, Self

from sessionlab.lab.errors import LabError
from sessionlab.lab.fabrics.docker import image, labels, leftovers, reaper
from sessionlab.lab.fabrics.docker.engine import Engine
from sessionlab.lab.fabrics.docker.labels import RunName
from sessionlab.lab.fabrics.docker.programs import Programs
from sessionlab.lab.fabrics.docker.sandbox import DockerSandbox, to_the_end
from sessionlab.lab.fabrics.run_folder import RunFolder, home, new_name

if TYPE_CHECKING:
    from docker.models.images import Image


class DockerRun:
    """Holds the run's folder, and the process that clears away when the lab cannot."""

    programs: Programs

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        run = new_name()
        self._name = RunName(run, home() / run)
        self._run_folder: RunFolder | None = None
        self._reaper: asyncio.subprocess.Process | None = None
        self._sandboxes: list[DockerSandbox] = []

    @classmethod
    async def open(cls) -> Self:
        """Find the engine and the images; raises StartError when that can't be done."""
        engine = await Engine.connect()
        try:
            images = [await image.find_or_build(engine, image.OURS)]
            if programs := await image.find(engine, image.PROGRAMS):
                images.append(programs)
        except BaseException:
            engine.close()
            raise
        run = cls(engine)
        try:
            await run._start(images)
        except BaseException:
            await run.close()
            raise
        return run

    def sandbox(self, label: str) -> DockerSandbox:
        used = {sandbox.label for sandbox in self._sandboxes}
        if label in used:
            label = next(name for n in count(2) if (name := f"{label}.{n}") not in used)
        sandbox = DockerSandbox(self._engine.shared(), self.programs, self._name, label)
        self._sandboxes.append(sandbox)
        return sandbox

    async def close(self) -> None:
        """Remove whatever the run still has in the engine, and its files."""
        await to_the_end(self._close())

    async def _start(self, images: list[Image]) -> None:
        self._reaper = await asyncio.create_subprocess_exec(
            # -P, since beside that file lies a docker.py which is not the SDK.
            *(sys.executable, "-P", reaper.__file__),
            *(self._name.name, str(self._name.folder)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,  # the terminal's Ctrl-C is the lab's to handle
        )
        self._run_folder = RunFolder(self._name.name)  # only now is there somebody to remove it
        self.programs = await Programs.of(self._engine, images, self._name.labels())

    async def _close(self) -> None:
        for sandbox in self._sandboxes:
            await sandbox.close()
        cleared = b""
        with contextlib.suppress(LabError):  # then the reaper does what can still be done
            await self._engine.settled()
            removed = await self._engine.do(self._remove)
            if removed.kept:
                sys.stderr.write(f"sessionlab: {leftovers.KEPT.format(removed.kept)}\n")
            cleared = reaper.CLEARED
        if self._reaper is not None and self._reaper.stdin is not None:
            self._reaper.stdin.write(cleared)
            self._reaper.stdin.close()
            await self._reaper.wait()
        if self._run_folder is not None:
            self._run_folder.close()
        self._engine.close()

    def _remove(self) -> leftovers.Removed:
        return leftovers.remove(self._engine.client, labels.RUN, self._name.name)
