"""The workers as the admin API sees them, in one process or in several."""

from __future__ import annotations

from typing import Any, Protocol

Report = dict[str, Any]
"""What one worker counts; see `services/metrics`."""


class Workers(Protocol):
    """All that serve."""

    async def sync(self) -> None:
        """Return when every worker has the state of the parent."""
        ...

    async def reports(self) -> list[Report]:
        """Every worker's counters."""
        ...

    async def pins(self) -> list[list[dict[str, Any]]]:
        """Every worker's table of pins."""
        ...
