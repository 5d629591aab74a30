"""What was done by hand becomes a stored run, and a scenario script to start from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sessionlab.lab.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sessionlab.lab.description.cluster import Description
    from sessionlab.lab.page.model.doing import Recording
    from sessionlab.lab.page.seen.live import Live

USUAL = Path("sessionlab-recordings")


class RecordingError(UsageError):
    """A field of what was asked for is wrong: `field` says which."""

    def __init__(self, message: str, hint: str = "", *, field: str = "") -> None:
        super().__init__(message, hint)
        self.field = field


class Recorder:
    """`folder` is where runs are stored, each in one of its own; made when first used.

    `browsers` says which clients share one: its name, by user and number of the tab.
    """

    def __init__(self, folder: Path = USUAL) -> None:
        self._folder = folder

    async def record(
        self,
        name: str,
        live: Live,
        description: Description,
        browsers: Mapping[tuple[str, int], str] | None = None,
    ) -> Recording:
        """Store what was seen so far; raises `RecordingError`, and StepError: nothing was done."""
        raise NotImplementedError


def script(
    live: Live,
    description: Description,
    browsers: Mapping[tuple[str, int], str] | None = None,
    name: str = "by-hand",
) -> str:
    """The text of a scenario that does the same again and claims what was seen."""
    raise NotImplementedError
