"""Several workers and their parent: what they tell each other, as JSON lines over socket pairs.

The parent holds the state (what was asked for, what checks found) and sends all of it after each
change; a worker makes its own state equal and says so. Counters go the other way when asked for.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import TYPE_CHECKING, Any

from sessionlab.balancer.services import replica

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from sessionlab.balancer.admin.workers import Report
    from sessionlab.balancer.services.registry import Cluster

_LIMIT = 64 * 1024 * 1024  # a whole table of pins fits into one line
_PATIENCE_S = 5.0


class WorkerLink:
    """The parent's end, for one worker."""

    def __init__(self, end: socket.socket, heard: Callable[[dict[str, Any]], None]) -> None:
        self._end = end
        self._heard = heard
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._number = 0
        self.ended = asyncio.Event()
        self._writer: asyncio.StreamWriter | None = None
        self._listening: asyncio.Task[None] | None = None

    async def open(self) -> WorkerLink:
        """Begin to listen."""
        reader, self._writer = await asyncio.open_connection(sock=self._end, limit=_LIMIT)
        self._listening = asyncio.create_task(self._listen(reader))
        return self

    async def ask(self, order: str, body: Any = None) -> Any:
        """Send an order and return its answer; None when the worker is gone or stuck."""
        if self._writer is None or self._writer.is_closing() or self.ended.is_set():
            return None
        self._number += 1
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting[self._number] = answer
        message = {"order": order, "number": self._number, "body": body}
        self._writer.write(json.dumps(message).encode() + b"\n")
        try:
            async with asyncio.timeout(_PATIENCE_S):
                return await answer
        except TimeoutError:
            return None

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        with contextlib.suppress(ConnectionError):  # killed with an order unread
            while line := await reader.readline():
                self._take(json.loads(line))
        self.ended.set()
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_result(None)

    def _take(self, message: dict[str, Any]) -> None:
        waiting = self._waiting.pop(message.get("number", 0), None)
        if waiting is None:
            self._heard(message)
        elif not waiting.done():
            waiting.set_result(message["body"])

    def close(self) -> None:
        """Hang up."""
        if self._listening is not None:
            self._listening.cancel()
        if self._writer is not None:
            self._writer.close()


class LinkedWorkers:
    """The workers behind their links, as the admin API sees them."""

    def __init__(self, parent: Cluster, links: list[WorkerLink]) -> None:
        self._parent = parent
        self.links = links

    async def sync(self) -> None:
        """Send the whole state to each, and wait for all."""
        await self.order("state", replica.state_of(self._parent))

    async def reports(self) -> list[Report]:
        """What each counts."""
        return await self.order("report")

    async def pins(self) -> list[list[dict[str, Any]]]:
        """What each has in its tables."""
        return await self.order("pins")

    def close(self) -> None:
        """Hang up on all."""
        for link in self.links:
            link.close()

    def put(self, number: int, link: WorkerLink) -> None:
        """A worker, the first at its number or in the place of one that died."""
        self.links[number : number + 1] = [link]

    async def rows(self) -> Any:
        """The tables of a worker that knows them; None when there is none."""
        for link in self.links:
            rows = await link.ask("rows")
            if rows is not None:
                return rows
        return None

    async def order(self, order: str, body: Any = None) -> list[Any]:
        """The same order to all, and what those say that answer."""
        answers = await asyncio.gather(*(link.ask(order, body) for link in self.links))
        return [answer for answer in answers if answer is not None]


class ParentLink:
    """A worker's end: does what the parent orders."""

    def __init__(self, end: socket.socket, orders: dict[str, Callable[[Any], Any]]) -> None:
        self._end = end
        self._orders = orders
        self._writer: asyncio.StreamWriter | None = None

    async def listen(self) -> None:
        """Serve orders until the parent is gone."""
        reader, self._writer = await asyncio.open_connection(sock=self._end, limit=_LIMIT)
        with contextlib.suppress(ConnectionError):
            while line := await reader.readline():
                message = json.loads(line)
                answer = self._orders[message["order"]](message["body"])
                self._send({"number": message["number"], "body": answer})

    def close(self) -> None:
        """Hang up."""
        if self._writer is not None:
            self._writer.close()

    def tell(self, event: str, body: Any) -> None:
        """Tell the parent something that it did not ask for."""
        self._send({"event": event, "body": body})

    def _send(self, message: dict[str, Any]) -> None:
        if self._writer is not None and not self._writer.is_closing():
            self._writer.write(json.dumps(message).encode() + b"\n")
