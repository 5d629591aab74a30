"""What became of the users of one of the page's clusters, while it happens.

Verdicts are about the page's own clients: only they can say what came back. What strangers ask is
in no history.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from sessionlab.lab.events import KEPT_ELSEWHERE
from sessionlab.lab.page.seen.kept import MOST, Kept
from sessionlab.lab.page.seen.view import Building, sentence
from sessionlab.lab.verdicts.headline import number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sessionlab.lab.events import Event, Events
    from sessionlab.lab.viewer.view import Page

_PAUSE, _BETWEEN = 0.1, 0.5  # seconds between two looks; and at least between two views
_SHARE = 5  # so many times as long as it takes, a view that was made is new enough


class Live:
    """Of the cluster of that `label` (its sandbox's); made before the cluster, closed with it.

    The cluster writes into `history` what the page's own clients saw: `Cluster(…, history=…)`.
    """

    def __init__(self, events: Events, label: str, most: int = MOST) -> None:
        self.history = Kept(most)
        self.events: list[Event] = []
        self.label = label
        self._run = events
        self._building = Building(label)
        self._said: tuple[tuple[int, int, int], str] = ((-1, 0, 0), "")
        self._drawn: tuple[tuple[int, int], Page] | None = None
        self._took = 0.0
        self._making = asyncio.Lock()
        events.listen(self._hear)

    @property
    def sentence(self) -> str:
        """`3 of 10 users were logged out: n3 was killed at 12.4 s`; cheap, and up to date."""
        judged, came = self.history.standings.judged(), self.history.came
        version = self.history.standings.version, len(self.events), 0 if judged else came
        if self._said[0] != version:
            self._said = version, sentence(self.label, judged, self.events, came)
        return self._said[1]

    def fate(self, user: str, tab: int = 0) -> str:
        """What became of a user so far, of its client number `tab`; "" before it logged in."""
        return self.history.standings.fate(user, tab) or ""

    async def watch(self, told: Callable[[str], None]) -> None:
        """Call `told` with the sentence whenever there is a newer view, until it is cancelled.

        At once where the sentence is another; else now and then.
        """
        version, said, at = self._version, self.sentence, 0.0
        while True:
            await asyncio.sleep(_PAUSE)
            if version == self._version:
                continue
            waited = time.monotonic() - at
            if self.sentence != said or waited > max(_BETWEEN, _SHARE * self._took):
                version, said, at = self._version, self.sentence, time.monotonic()
                told(said)

    async def page(self) -> Page:
        """What the viewer draws; made when there is more than the last time, beside the loop."""
        async with self._making:
            if self._drawn and self._drawn[0] == self._version:
                return self._drawn[1]
            version, began = self._version, time.monotonic()
            new = self.history.since(self._building.missing(self.history.generation))
            sampled, events = list(self._left_out()), list(self.events)
            page = await asyncio.to_thread(self._building.page, new, events, sampled)
            self._took = time.monotonic() - began
            self._drawn = version, page
            return page

    def close(self) -> None:
        """Hear no more."""
        self._run.ignore(self._hear)

    @property
    def _version(self) -> tuple[int, int]:
        return self.history.came, len(self.events)

    def _hear(self, event: Event) -> None:
        if event.data.get("cluster") == self.label and event.kind not in KEPT_ELSEWHERE:
            self.events.append(event)

    def _left_out(self) -> Iterator[str]:
        """What is not among the requests that are drawn."""
        kept, came = len(self.history), self.history.came
        if self.history.thin_until:
            yield (
                f"{kept} of {number(came, 'request')} are counted in the charts: of those until"
                f" {self.history.thin_until:.1f} s only the ones at which something changed for"
                " a user; what is said of users is of all"
            )
        if ended := self.history.ended_at:
            yield f"nothing after {ended:.1f} s: so much was asked that no more of it is kept"
