"""What one listener hears of many requests: some of them, and how many there were."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sessionlab.lab.page.model.visitors import Rate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sessionlab.lab.page.model.visitors import Request

SECOND = 1.0
AT_ONCE = 0.4  # of `most` may come in one look; the rest is spread over the second


@dataclass(slots=True)
class _Second:
    """What came at one cluster since `since`."""

    since: float
    shown: int = 0
    how: Counter[str] = field(default_factory=Counter)
    nodes: Counter[str] = field(default_factory=Counter)

    def rate(self, cluster: str, now: float) -> Rate:
        how, nodes = dict(self.how), dict(self.nodes)
        return Rate(cluster, round(now, 3), self.how.total(), self.shown, how, nodes)


class Sampled:
    """At most `most` requests in any second; None is all. One for each listener.

    Those of the page's own tabs come first, and of the others each sort (cluster, node, how it
    went) in its turn: of a thousand good ones and a single refusal the refusal is among them.
    """

    def __init__(self, most: int | None = None) -> None:
        self._most = most
        self._at_once = min(most or 0, max(1.0, (most or 0) * AT_ONCE))
        self._left = self._at_once
        self._looked = 0.0
        self._seconds: dict[str, _Second] = {}

    def of(self, requests: Sequence[Request], now: float) -> list[Request | Rate]:
        """Those to send now, of what came since the last time; a `Rate` for each second that ends.

        To be called at each look, also without requests. `now` is in seconds since the run began.
        """
        chosen = self._chosen(requests, now)
        for request in requests:
            second = self._seconds.setdefault(request.cluster, _Second(now))
            second.how[request.how] += 1
            second.nodes[request.node] += 1
        for request in chosen:
            self._seconds[request.cluster].shown += 1
        over = [name for name, one in self._seconds.items() if now - one.since >= SECOND]
        return [*chosen, *(self._seconds.pop(name).rate(name, now) for name in over)]

    def _chosen(self, requests: Sequence[Request], now: float) -> Sequence[Request]:
        if self._most is None:
            return requests
        more = (now - self._looked) * max(self._most - self._at_once, self._most / 2)
        self._left, self._looked = min(self._at_once, self._left + more), now
        room = int(self._left)
        if len(requests) > room:
            requests = _some(requests, room)
        self._left -= len(requests)
        return requests


def _some(requests: Sequence[Request], room: int) -> list[Request]:
    """So many of them, in their order."""
    seen: Counter[tuple[str, str, str]] = Counter()
    ranked = []
    for number, request in enumerate(requests):
        sort = request.cluster, request.node, request.how
        ranked.append((not request.tab, seen[sort], number))
        seen[sort] += 1
    return [requests[number] for number in sorted(number for *_, number in sorted(ranked)[:room])]
