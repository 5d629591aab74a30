"""Which programs the images hold. They are looked into, not asked: nothing is started for it."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from docker.errors import APIError

from sessionlab.lab.fabrics.docker.engine import Engine, told
from sessionlab.lab.fabrics.docker.image import OURS, PROGRAMS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from docker.models.containers import Container
    from docker.models.images import Image

OTHERS = ("haproxy", "nginx-light", "iproute2 iptables")
"""The packages that are in an image of their own, since most clusters need none of them."""

SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class Inside:
    """One image, seen through a container that is made from it and never started."""

    def __init__(self, image: Image, container: Container) -> None:
        self.image = image
        self._container = container
        self._folders = [*_path(image).split(":"), "/usr/sbin"]
        self._known: dict[str, str | None] = {}

    def executable(self, name: str) -> str | None:
        """The program's path, None when there is none. Asks the engine, once for each name."""
        if name not in self._known:
            places = [name] if "/" in name else [f"{folder}/{name}" for folder in self._folders]
            self._known[name] = next(filter(self._exists, places), None)
        return self._known[name]

    def _exists(self, path: str) -> bool:
        try:
            content, _ = self._container.get_archive(path)
        except APIError as error:
            if error.is_client_error():
                return False
            raise
        deque(content, maxlen=0)  # read to its end, which is what gives the connection back
        return True


class Programs:
    """The programs of several images; where two have the same, the first image's counts."""

    def __init__(self, insides: Sequence[Inside]) -> None:
        self._insides = insides

    @classmethod
    async def of(cls, engine: Engine, images: Sequence[Image], labels: dict[str, str]) -> Programs:
        """Make a container of each image to look into; they carry these labels."""

        def look(image: Image) -> Inside:
            return Inside(image, engine.client.containers.create(image.id, "true", labels=labels))

        return cls(await engine.do(lambda: [look(image) for image in images]))

    def executable(self, *names: str) -> str | None:
        """The path of the first of these programs that any image holds."""
        found = (inside.executable(name) for name in names for inside in self._insides)
        return told(lambda: next((path for path in found if path), None))

    def how_to_get(self, package: str) -> str:
        if package in OTHERS:
            return f"{PROGRAMS.name} would have it; {PROGRAMS.advice}"
        return f"install {package} in the image that {OURS.variable} names"

    def image_with(self, *names: str) -> Image | None:
        """The first image that holds all of these programs."""
        holding = (i.image for i in self._insides if all(map(i.executable, names)))
        return told(lambda: next(holding, None))

    def image_of(self, program: str) -> Image:
        """The image to run this path or module in: the first, unless only another has the path."""
        holding = (i.image for i in self._insides if "/" in program and i.executable(program))
        return told(lambda: next(holding, self._insides[0].image))


def _path(image: Image) -> str:
    variables: list[str] = image.attrs["Config"].get("Env") or []
    return dict(variable.split("=", 1) for variable in variables).get("PATH", SYSTEM_PATH)
