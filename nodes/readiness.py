"""Whether a node takes new work, and how much it has under way."""

import asyncio
from collections.abc import Hashable, Iterator
from contextlib import contextmanager


class Readiness:
    """Ready until told to drain.

    It knows nothing of the session store on purpose: a store that every node shares would take
    every node out of rotation at the same moment, and the balancer would have nobody left to say
    503 with a reason, nor to serve what needs no session.
    """

    def __init__(self) -> None:
        self.ready = True
        self._open: set[Hashable] = set()
        self._idle = asyncio.Event()
        self._idle.set()

    @property
    def open_requests(self) -> int:
        """How many requests are being answered."""
        return len(self._open)

    def is_busy(self, connection: Hashable) -> bool:
        """Whether a request of that connection is being answered."""
        return connection in self._open

    @contextmanager
    def request(self, connection: Hashable) -> Iterator[None]:
        """Counts one request of a connection, which has one at a time, while it is answered."""
        self._open.add(connection)
        self._idle.clear()
        try:
            yield
        finally:
            self._open.discard(connection)
            if not self._open:
                self._idle.set()

    async def idle(self) -> None:
        """Until no request is being answered."""
        await self._idle.wait()
