"""The fabric `docker`: every part a container, every cluster a network."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from sessionlab.lab.errors import StartError

if TYPE_CHECKING:
    from sessionlab.lab.fabrics.docker.run import DockerRun
    from sessionlab.lab.fabrics.docker.sandbox import DockerSandbox


SOCKET = Path("/var/run/docker.sock")


def clear_leftovers() -> dict[str, str]:
    """Remove what dead labs left in the engine: a sentence each, by their runs' names.

    What the engine won't let go is told on standard error: nothing can be done about it now.
    Raises StartError when there should be an engine and it can't be asked.
    """
    if not (os.environ.get("DOCKER_HOST") or SOCKET.exists()):
        return {}
    from sessionlab.lab.fabrics.docker import engine, leftovers  # noqa: PLC0415  as below

    client = engine.connect()
    try:
        removed = engine.told(lambda: leftovers.remove_dead_runs(client))
    finally:
        client.close()
    if kept := sum(what.kept for what in removed.values()):
        sys.stderr.write(f"sessionlab: {leftovers.KEPT.format(kept)}\n")
    return {run: str(what) for run, what in removed.items() if what}


class DockerFabric:
    """Every part a container with an address of its own, on its cluster's private network."""

    name = "docker"
    one_at_a_time = False

    def __init__(self) -> None:
        self._opened: DockerRun | None = None

    async def open(self) -> None:
        """Find the engine and the images; raises StartError when that can't be done."""
        # The SDK is loaded here, so that no other fabric pays for it.
        from sessionlab.lab.fabrics.docker.run import DockerRun  # noqa: PLC0415

        self._opened = await DockerRun.open()

    def sandbox(self, label: str) -> DockerSandbox:
        """The ground for one cluster; `label` (made unique) tells its parts from others."""
        return self._run.sandbox(label)

    def executable(self, *names: str) -> str | None:
        return self._run.programs.executable(*names)

    def how_to_get(self, package: str) -> str:
        return self._run.programs.how_to_get(package)

    async def close(self) -> None:
        if self._opened is not None:
            await self._opened.close()

    @property
    def _run(self) -> DockerRun:
        if self._opened is None:
            raise StartError("the docker fabric is not open")
        return self._opened
