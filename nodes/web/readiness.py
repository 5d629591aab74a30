"""Whether a node takes new work, and how much it has under way."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager


class Readiness:
    """Ready until told to drain, and again when told that it need not.

    Not ready is not gone: who has a session here is served as ever, and a balancer that sees 503
    while the socket answers sends nobody else (a drain). `leaving` says that the node will stop.

    It knows nothing of the session store on purpose: a store that every node shares would take
    every node out of rotation at the same moment, and the balancer would have nobody left to say
    503 with a reason, nor to serve what needs no session.
    """

    def __init__(self) -> None:
        self.ready = True
        self.leaving = False
        self.open_requests = 0
        self._idle = asyncio.Event()
        self._idle.set()

    @contextmanager
    def request(self) -> Iterator[None]:
        """Counts one request while it is being answered."""
        self.open_requests += 1
        self._idle.clear()
        try:
            yield
        finally:
            self.open_requests -= 1
            if not self.open_requests:
                self._idle.set()

    async def idle(self) -> None:
        """Until no request is being answered."""
        await self._idle.wait()
