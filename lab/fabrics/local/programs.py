"""Which programs this machine has for parts to run."""

from __future__ import annotations

import os
import shutil


def executable(*names: str) -> str | None:
    """The first of these programs that is installed.

    Debian keeps servers in /usr/sbin, which is on nobody's PATH but root's.
    """
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/local/sbin", "/usr/sbin"])
    return next((found for name in names if (found := shutil.which(name, path=path))), None)


def how_to_get(package: str) -> str:
    return f"on Debian and Ubuntu: apt install {package}"
