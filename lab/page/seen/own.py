"""The requests of the page's own clients: of a stack that is not the lab's nobody else's are seen.

Its logs are somebody else's. What its clients saw is as much as a balancer's log would say of them.
"""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from sessionlab.lab.bench.requests import Request
from sessionlab.lab.page.seen.sendings import HEADER
from sessionlab.lab.record.history import NOBODY

if TYPE_CHECKING:
    from collections.abc import Callable

    from sessionlab.lab.clients.client import Client
    from sessionlab.lab.page.seen.kept import Kept
    from sessionlab.lab.record.history import Operation

MOST = 10_000


class Own:
    """In the place of `Requests`: `know` each client, then ask for what is `new`."""

    def __init__(self, history: Kept, now: Callable[[], float]) -> None:
        self._came: deque[Operation] = deque(maxlen=MOST)
        self._now = now
        self._clients: WeakValueDictionary[tuple[str, int], Client] = WeakValueDictionary()
        history.latest = self._came

    def know(self, client: Client) -> None:
        self._clients[client.user, client.tab] = client

    def new(self) -> list[Request]:
        """What was answered since the last time, in that order."""
        began = time.time() - self._now()
        found = [self._told(one, began) for one in self._came]
        self._came.clear()
        return found

    def _told(self, one: Operation, began: float) -> Request:
        client = self._clients.get((one.client, one.tab))
        refused = one.who == NOBODY and one.code
        return Request(
            at=began + one.completed,
            user=one.client if one.user is None else one.user,
            method=one.method,
            path=one.path,
            node=one.node or "",
            status=one.status or 0,
            reason=one.error or refused or "",
            seconds=one.completed - one.invoked,
            cut="" if one.status else "client",
            id=client.headers.get(HEADER, "") if client else "",
            pin=one.verdict,
            moved=one.reason,
        )
