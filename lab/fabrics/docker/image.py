"""The images that parts run in: which they are, found or built."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import signal
import sys
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from docker.errors import ImageNotFound

from sessionlab.lab.errors import StartError

if TYPE_CHECKING:
    from docker.models.images import Image

    from sessionlab.lab.fabrics.docker.engine import Engine

SOURCE = "sessionlab.source"  # the label with a digest of the programs inside
ROOMS = ("nodes", "balancer")
CHECKOUT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True, slots=True)
class Recipe:
    """An image: its name, what else can name it, and the words that make it in a checkout."""

    repository: str
    variable: str
    build: tuple[str, ...]

    @property
    def name(self) -> str:
        return os.environ.get(self.variable) or f"{self.repository}:{version('sessionlab')}"

    @property
    def is_ours_to_build(self) -> bool:
        """Not when the user named another, nor where there is nothing to build from."""
        return not os.environ.get(self.variable) and (CHECKOUT / self.build[0]).exists()

    @property
    def advice(self) -> str:
        return (
            f"build it in a checkout of sessionlab: {' '.join(self.build)}\n"
            f"  or name another image in {self.variable}"
        )


OURS = Recipe("sessionlab", "SESSIONLAB_IMAGE", ("compose/build.sh",))
"""With Python, the node, the balancer and Valkey."""

PROGRAMS = Recipe(
    "sessionlab-programs", "SESSIONLAB_PROGRAMS_IMAGE", ("compose/build.sh", "--programs")
)
"""With HAProxy and nginx, and the tools that network faults are made with."""


async def find(engine: Engine, recipe: Recipe) -> Image | None:
    """The image of that name, None when there is none."""

    def get() -> Image | None:
        with contextlib.suppress(ImageNotFound):
            return engine.client.images.get(recipe.name)
        return None

    return await engine.do(get)


async def find_or_build(engine: Engine, recipe: Recipe) -> Image:
    """The image, made first when a checkout has none that is like itself.

    Raises StartError when it is missing and cannot be made.
    """
    found = await find(engine, recipe)
    if recipe.is_ours_to_build:
        if found is None:
            await _build(recipe, "there is none yet")
        elif found.labels.get(SOURCE, "") != source():
            await _build(recipe, "it is of another state of this checkout")
        else:
            return found
        found = await find(engine, recipe)
    if found is None:
        raise StartError(f"there is no image {recipe.name}", recipe.advice)
    return found


def source(root: Path = CHECKOUT) -> str:
    """A digest of what runs in containers, as `compose/build.sh` puts it on the image."""
    files = [path for room in ROOMS for path in (root / room).rglob("*.py")]
    files.sort(key=lambda path: path.relative_to(root).as_posix())
    digest = hashlib.sha256()
    for path in (root / "requirements.txt", *files):
        digest.update(path.read_bytes())
    return digest.hexdigest()


async def _build(recipe: Recipe, why: str) -> None:
    sys.stderr.write(f"sessionlab: building the image {recipe.name}, since {why}\n")
    building = await asyncio.create_subprocess_exec(
        *recipe.build,
        cwd=CHECKOUT,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    try:
        _, said = await building.communicate()
    finally:
        if building.returncode is None:  # cancelled: docker's client takes its build along
            with contextlib.suppress(ProcessLookupError):
                os.killpg(building.pid, signal.SIGTERM)
            await building.wait()
    if building.returncode:
        lines = said.decode(errors="replace").strip().splitlines()[-8:]
        raise StartError(
            f"the image {recipe.name} could not be built:" + "\n  ".join(["", *lines]),
            f"see for yourself: {' '.join(recipe.build)}",
        )
