"""What everything of ours in the engine is labelled with, and so found again by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

RUN = "sessionlab.run"
FOLDER = "sessionlab.folder"  # the run's own, whose lock says whether its lab is alive
CLUSTER = "sessionlab.cluster"
PART = "sessionlab.part"


@dataclass(frozen=True, slots=True)
class RunName:
    """A run, as what it makes is named for it."""

    name: str
    folder: Path

    def labels(self, **more: str) -> dict[str, str]:
        return {RUN: self.name, FOLDER: str(self.folder), **more}


def having(label: str, value: str) -> dict[str, list[str]]:
    """The engine's filter for what carries this label with this value."""
    return {"label": [f"{label}={value}"]}
