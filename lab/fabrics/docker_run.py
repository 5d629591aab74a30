"""One run on the engine: what its sites share, and how all of it goes away."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from itertools import count
from typing import Self

from docker.models.images import Image

from lab.errors import LabError
from lab.fabrics import docker_image, docker_labels, docker_leftovers, docker_reaper
from lab.fabrics.docker_engine import Engine
from lab.fabrics.docker_labels import RunName
from lab.fabrics.docker_programs import Programs
from lab.fabrics.docker_site import DockerSite, to_the_end
from lab.fabrics.scratch import Scratch, home, new_name


class DockerRun:
    """Holds the run's folder, and the process that clears away when the lab cannot."""

    programs: Programs

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        run = new_name()
        self._name = RunName(run, home() / run)
        self._scratch: Scratch | None = None
        self._reaper: asyncio.subprocess.Process | None = None
        self._sites: list[DockerSite] = []

    @classmethod
    async def open(cls) -> Self:
        """Find the engine and the images; raises StartError when that can't be done."""
        engine = await Engine.connect()
        try:
            images = [await docker_image.find_or_build(engine, docker_image.OURS)]
            if programs := await docker_image.find(engine, docker_image.PROGRAMS):
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

    def site(self, label: str) -> DockerSite:
        used = {site.label for site in self._sites}
        if label in used:
            label = next(name for n in count(2) if (name := f"{label}.{n}") not in used)
        site = DockerSite(self._engine.shared(), self.programs, self._name, label)
        self._sites.append(site)
        return site

    async def close(self) -> None:
        """Remove whatever the run still has in the engine, and its files."""
        await to_the_end(self._close())

    async def _start(self, images: list[Image]) -> None:
        self._reaper = await asyncio.create_subprocess_exec(
            # -P, since beside that file lies a docker.py which is not the SDK.
            *(sys.executable, "-P", docker_reaper.__file__),
            *(self._name.name, str(self._name.folder)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,  # the terminal's Ctrl-C is the lab's to handle
        )
        self._scratch = Scratch(self._name.name)  # only now is there somebody to remove it
        self.programs = await Programs.of(self._engine, images, self._name.labels())

    async def _close(self) -> None:
        for site in self._sites:
            await site.close()
        cleared = b""
        with contextlib.suppress(LabError):  # then the reaper does what can still be done
            await self._engine.settled()
            removed = await self._engine.do(self._remove)
            if removed.kept:
                sys.stderr.write(f"sessionlab: {docker_leftovers.KEPT.format(removed.kept)}\n")
            cleared = docker_reaper.CLEARED
        if self._reaper is not None and self._reaper.stdin is not None:
            self._reaper.stdin.write(cleared)
            self._reaper.stdin.close()
            await self._reaper.wait()
        if self._scratch is not None:
            self._scratch.close()
        self._engine.close()

    def _remove(self) -> docker_leftovers.Removed:
        return docker_leftovers.remove(self._engine.client, docker_labels.RUN, self._name.name)
