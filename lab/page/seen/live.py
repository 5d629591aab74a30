"""What became of the users of one of the page's clusters, while it happens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sessionlab.lab.record.history import History

if TYPE_CHECKING:
    from collections.abc import Callable

    from sessionlab.lab.events import Event, Events
    from sessionlab.lab.viewer.view import Page


class Live:
    """Of the cluster of that `label` (its sandbox's); made before the cluster, closed with it.

    The cluster writes into `history` what the page's own clients saw: `Cluster(…, history=…)`.
    """

    def __init__(self, events: Events, label: str) -> None:
        events.listen(self._hear)
        self.history = History()
        self.events: list[Event] = []
        self.label = label

    @property
    def sentence(self) -> str:
        """`3 of 10 users were logged out: n3 was killed at 12.4 s`; cheap, and up to date."""
        raise NotImplementedError

    def fate(self, user: str, tab: int = 0) -> str:
        """What became of a user so far, of its client number `tab`; "" before it logged in."""
        raise NotImplementedError

    async def watch(self, told: Callable[[str], None]) -> None:
        """Call `told` with the sentence whenever there is a newer view, until it is cancelled."""
        raise NotImplementedError

    async def page(self) -> Page:
        """What the viewer draws; made when there is more than the last time, beside the loop."""
        raise NotImplementedError

    def close(self) -> None:
        """Hear no more."""

    def _hear(self, event: Event) -> None:
        self.events.append(event)
