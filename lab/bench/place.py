"""Where a lab that is up can be asked: a file in its run's folder, which only its user may read."""

from __future__ import annotations

import contextlib
import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Self

from yarl import URL

from sessionlab.lab.errors import UsageError
from sessionlab.lab.fabrics.run_folder import home, running

if TYPE_CHECKING:
    from pathlib import Path

FILE = "api.json"


@dataclass(frozen=True, slots=True)
class Place:
    """`url` ends with the version of the API; `token` is what who asks must bring.

    `is_here`: only this machine can ask.
    """

    run: str
    url: str
    token: str = field(repr=False)
    is_here: bool = True

    @property
    def page(self) -> str:
        """The address to open; what follows `#` never reaches a server, a proxy or a log."""
        return f"{URL(self.url).origin()}/#token={self.token}"

    def write(self) -> Path:
        """Leave it where `found` looks; it goes with the run's folder."""
        path = home() / self.run / FILE
        written = path.with_name(f".{FILE}.new")
        written.touch(mode=0o600)
        written.write_text(json.dumps(asdict(self)))
        return written.replace(path)  # so that nobody reads half a file

    @classmethod
    def read(cls, path: Path) -> Self:
        """What is there; raises OSError, or ValueError or TypeError when it is no such file."""
        place = cls(**json.loads(path.read_text()))
        if not all(isinstance(text, str) for text in (place.run, place.url, place.token)):
            raise TypeError("not all of it is text")
        if not (URL(place.url).host and URL(place.url).port):
            raise ValueError("the URL says not where")
        return place


def found(run: str = "") -> Place:
    """The lab that is up, or the one of that name; raises UsageError when that is not one."""
    up, there = {}, []
    for name, pid in running():
        with contextlib.suppress(OSError, ValueError, TypeError):  # it runs, and is no bench
            up[name] = Place.read(home() / name / FILE)
            there.append(f"{name} (process {pid})")
    if not up:
        raise UsageError("no lab is up", "`sessionlab up` starts one")
    if run and run not in up:
        raise UsageError(f"no lab {run!r} is up", f"there is: {', '.join(there)}")
    if not run and len(up) > 1:
        raise UsageError(f"several labs are up: {', '.join(there)}", "say which: --run NAME")
    return up[run or next(iter(up))]
