"""Which programs this machine has for parts to run."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from sessionlab.lab.errors import StartError

if TYPE_CHECKING:
    from sessionlab.lab.fabrics.interface import Part


def executable(*names: str) -> str | None:
    """The first of these programs that is installed.

    Debian keeps servers in /usr/sbin, which is on nobody's PATH but root's.
    """
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/local/sbin", "/usr/sbin"])
    return next((found for name in names if (found := shutil.which(name, path=path))), None)


def how_to_get(package: str) -> str:
    return f"on Debian and Ubuntu: apt install {package}"


def found(part: Part) -> str:
    """The whole path of the program of somebody's own command; raises StartError.

    It is found as `execvp` in its folder and with its environment would find it.
    """
    folder = Path(part.folder)
    if not folder.is_dir():
        raise StartError(f"{part.name} cannot run in {folder}: there is no such folder")
    if "/" in part.program:
        program = shutil.which(str(folder / part.program))
        hint = f"it is looked for from {folder} on: is it there, and may it be executed?"
    else:
        path = part.environment.get("PATH", os.environ.get("PATH", os.defpath))
        places = os.pathsep.join(str(folder / place) for place in path.split(os.pathsep))
        program = shutil.which(part.program, path=places)
        hint = f"install it, or name its path from {folder} on: ./{part.program}"
    if program is None:
        raise StartError(f"{part.name}: there is no program {part.program!r}", hint)
    return program
