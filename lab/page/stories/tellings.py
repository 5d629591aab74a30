"""Scenarios told on the page: run for real in sandboxes of their own, and read item by item."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sessionlab.lab.fabrics.interface import Fabric
    from sessionlab.lab.page.model.stories import Ending, NewTelling, Story, Telling
    from sessionlab.lab.scenario.lab import Settings

News = Callable[[str, int, "Ending"], None]
"""Hears of a telling: its id, how many items it has by now, how it ended if it has."""


class Tellings:
    """All of one page. `settings` are those of the run, without a seed; `why_not` says why none.

    `news` is called at most a few times a second for each, and once when it has ended.
    """

    def __init__(
        self, fabric: Fabric, settings: Settings, news: News, *, why_not: str = ""
    ) -> None:
        raise NotImplementedError

    def stories(self) -> list[Story]:
        """Those that are installed, in the order in which to tell them."""
        raise NotImplementedError

    def begin(self, new: NewTelling) -> Telling:
        """Tell that one, in the background.

        Raises UsageError for a story that is not there, StepError for one that cannot be told
        here or now.
        """
        raise NotImplementedError

    def telling(self, identity: str, since: int = 0) -> Telling | None:
        """With its items from that one on; None where there is no such telling."""
        raise NotImplementedError

    async def close(self) -> None:
        """End those that are under way, with all that they have started."""
        raise NotImplementedError
