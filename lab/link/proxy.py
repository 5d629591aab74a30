"""The link itself: where it listens, what it forwards to, and the rules that it goes by."""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
from typing import TYPE_CHECKING

from sessionlab.lab.errors import UsageError
from sessionlab.lab.link.connection import BY_RESET, Connection, Shared
from sessionlab.lab.link.rules import SPOKEN, Rule

if TYPE_CHECKING:
    from collections.abc import Coroutine

BACKLOG = 1024
PAUSE = 0.01  # seconds between two looks whether somebody listens again
Place = tuple[str, int]


class Link:
    """One way from whoever connects to one address.

    Where nobody listens there, nobody listens here: who connects is refused, as without a link.
    """

    def __init__(self, listen: Place, to: Place, speaks: str, spare: bytes, seed: int) -> None:
        self.loop = asyncio.get_running_loop()
        drawn = random.Random(seed)  # noqa: S311  a delay, no secret
        self.shared = Shared(self.loop, speaks, spare, drawn)
        self.rules, self.connections = self.shared.rules, self.shared.connections
        self.accepted = 0
        self._at, self._to = listen, to
        self._socket: socket.socket | None = None
        self._fillers: list[socket.socket] = []
        self._tasks: set[asyncio.Task[None]] = set()

    def look(self) -> None:
        """Do nothing but say how it stands."""

    def listen(self) -> None:
        """Take connections (again). Raises OSError."""
        if self._socket is None:
            self._socket = socket.create_server(self._at)
            self._socket.setblocking(False)
            self._take(self._socket)

    def refuse(self) -> None:
        """Take none, until told to."""
        if self._socket is not None:
            self.loop.remove_reader(self._socket)
            self._socket.close()
            self._socket = None

    def set(self, rule: str, **settings: object) -> None:
        """Go by a rule, in place of one of its kind. Raises UsageError."""
        new = Rule(rule, settings)
        if SPOKEN.get(rule, self.shared.speaks) != self.shared.speaks:
            raise UsageError(
                f"{rule} takes a link that speaks {SPOKEN[rule]}, not {self.shared.speaks}"
            )
        self.rules[rule] = new
        for connection in [*self.connections] if rule == "reset" and new.settings["now"] else ():
            connection.reset()
        self._look()

    def clear(self, rule: str) -> None:
        """Go by it no more."""
        self.rules.pop(Rule(rule, {}).kind, None)
        self._look()

    def _look(self) -> None:
        self._take(self._socket)
        for connection in [*self.connections]:
            connection.look()

    def _take(self, listener: socket.socket | None) -> None:
        """Accept who connects, or have them wait: no SYN is answered while the queue is full.

        That is how Linux has it; elsewhere they are connected, and nothing comes of it.
        """
        while self._fillers:
            self._fillers.pop().close()
        if listener and "partition" not in self.rules:
            listener.listen(BACKLOG)
            self.loop.add_reader(listener, self._accept, listener)
        elif listener:
            self.loop.remove_reader(listener)
            listener.listen(0)
            for _ in range(2):
                self._fillers.append(filler := socket.socket(listener.family))
                filler.setblocking(False)
                filler.connect_ex(self._at)

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):  # nobody any more, or no descriptor: later
            while True:
                accepted, (host, *_) = listener.accept()
                self._start(self._join(accepted, host))

    def _start(self, work: Coroutine[object, object, None]) -> None:
        self._tasks.add(task := self.loop.create_task(work))
        task.add_done_callback(self._tasks.discard)

    async def _join(self, accepted: socket.socket, host: str) -> None:
        self.accepted += 1
        accepted.setblocking(False)
        way = Connection(self.shared)
        seen_as = (host, 0) if host.startswith("127.") else None  # by the server, as without a link
        try:
            await self.loop.create_connection(lambda: way.server, *self._to, local_addr=seen_as)
        except OSError as error:
            accepted.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, BY_RESET)
            accepted.close()
            if isinstance(error, ConnectionRefusedError) and self._socket:
                self.refuse()
                self._start(self._come_back())
            return
        await self.loop.connect_accepted_socket(lambda: way.client, accepted)
        way.join()

    async def _come_back(self) -> None:
        """Listen again as soon as somebody does there."""
        while self._socket is None:
            await asyncio.sleep(PAUSE)
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection(*self._to)
                writer.close()
                self.listen()
