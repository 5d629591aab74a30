"""The history of one of the page's clusters, which may run for days: so much of it is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sessionlab.lab.page.seen.standings import Standings
from sessionlab.lab.record.history import History

if TYPE_CHECKING:
    from collections import deque
    from collections.abc import Sequence

    from sessionlab.lab.record.history import Operation

MOST = 100_000


class Kept(History):
    """Where there are more than `most` operations, those go first that no verdict rests on.

    `came` counts all that there were; `generation` counts on when some were left out.
    """

    def __init__(self, most: int = MOST) -> None:
        super().__init__()
        self.standings = Standings()
        self.came = self.generation = 0
        self.thin_until = self.ended_at = 0.0
        """Before which moment some were left out, and from which on all, if any were."""
        self.latest: deque[Operation] | None = None
        """Where there is one, it gets each of them as it comes."""
        self._most = most
        self._dispensable: set[int] = set()

    def append(self, operation: Operation) -> None:
        self.came += 1
        if self.latest is not None:
            self.latest.append(operation)
        if len(self) >= self._most and not self.ended_at:
            self._thin_out()
            if len(self) > self._most * 9 // 10:
                self.ended_at = operation.invoked
        if self.ended_at:
            return
        super().append(operation)
        if dispensable := self.standings.add(operation):
            self._dispensable.add(id(dispensable))

    def since(self, place: int) -> Sequence[Operation]:
        """Those from the one at that place on."""
        return self._operations[place:]

    def _thin_out(self) -> None:
        """Leave out the dispensable of the older half; of all, where that is too little."""
        for until in (self._most // 2, len(self)):
            old, new = self._operations[:until], self._operations[until:]
            kept = [one for one in old if id(one) not in self._dispensable]
            if len(kept) < len(old):
                self._dispensable -= {id(one) for one in old}
                self.thin_until = old[-1].completed
                self._operations = [*kept, *new]
                self.generation += 1
            if len(self) <= self._most * 9 // 10:
                return
