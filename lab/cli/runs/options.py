"""What `judge` and `report` both take."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

MOST = 4  # processes, unless more are asked for: each takes memory

Run = Annotated[
    Path,
    typer.Argument(metavar="DIR", help="What `run`, `check` or `watch --out DIR` has written."),
]
Processes = Annotated[
    int | None,
    typer.Option(min=1, help="How many judge a long history; one a core, up to four."),
]


def workers(processes: int | None) -> int:
    """As many as were asked for, or as there is room for."""
    from sessionlab.lab.experiment.machine import cores  # noqa: PLC0415  as its callers do

    return processes or min(cores(), MOST)
