"""An experiment that is run for a test."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from sessionlab.lab.experiment.folder import Kept
from sessionlab.lab.experiment.reading import read
from sessionlab.lab.experiment.running import run

if TYPE_CHECKING:
    from pathlib import Path

    from sessionlab.lab.checks.interface import Finding
    from sessionlab.lab.experiment.results import Result
    from sessionlab.lab.fabrics.interface import Fabric


async def ran(fabric: Fabric, folder: Path, text: str, seed: int = 1) -> Result:
    """The only cell of that file, in `folder/run`."""
    path = folder / "x.toml"
    path.write_text(text, encoding="utf-8")
    (plan,) = read(path, seed).plans
    with closing(Kept(folder / "run", text, masked=plan.description.app is not None)) as kept:
        return await run(plan, fabric, kept)


def found(result: Result, check: str) -> Finding:
    """What that check says."""
    return next(finding for finding in result.findings if finding.check == check)
