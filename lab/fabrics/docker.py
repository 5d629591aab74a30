"""The fabric `docker`: every part a container, every cluster a network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lab.errors import StartError

if TYPE_CHECKING:
    from lab.fabrics.docker_run import DockerRun
    from lab.fabrics.docker_site import DockerSite


class DockerFabric:
    """Every part a container with an address of its own, on its cluster's private network."""

    name = "docker"

    def __init__(self) -> None:
        self._opened: DockerRun | None = None

    async def open(self) -> None:
        """Find the engine and the images; raises StartError when that can't be done."""
        # The SDK is loaded here, so that no other fabric pays for it.
        from lab.fabrics.docker_run import DockerRun  # noqa: PLC0415

        self._opened = await DockerRun.open()

    def site(self, label: str) -> DockerSite:
        """The ground for one cluster; `label` (made unique) tells its parts from others."""
        return self._run.site(label)

    def executable(self, *names: str) -> str | None:
        return self._run.programs.executable(*names)

    async def close(self) -> None:
        if self._opened is not None:
            await self._opened.close()

    @property
    def _run(self) -> DockerRun:
        if self._opened is None:
            raise StartError("the docker fabric is not open")
        return self._opened
