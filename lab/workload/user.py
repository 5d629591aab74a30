"""A virtual user: one thing after the other, on connections of its own."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sessionlab.lab.clients.engine_wire import TWICE, EngineWire, told_by
from sessionlab.lab.clients.wire import Exchange, named
from sessionlab.lab.record.history import NOBODY, Ending
from sessionlab.lab.record.packed.schema import OUTCOMES, WHO
from sessionlab.lab.verdicts.classify import is_error
from sessionlab.lab.workload.decisions import Decision
from sessionlab.lab.workload.kept import Requests
from sessionlab.lab.workload.quick import Meaning

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from sessionlab.lab.clients.client import Client
    from sessionlab.lab.clients.people import Person
    from sessionlab.lab.engine.connection import Connection
    from sessionlab.lab.engine.head import Head
    from sessionlab.lab.record.answers import Answer
    from sessionlab.lab.record.history import Operation
    from sessionlab.lab.workload.kept import Kept
    from sessionlab.lab.workload.quick import Quick
    from sessionlab.lab.workload.recording import Recorder


ASKED_AGAIN = 0.2
"""Seconds after an error, when the workload is over."""


class GivenUp(ConnectionAbortedError):
    """The workload is over."""


@dataclass(slots=True)
class Around:
    """What all users of a process share.

    `client` makes one for a person, who writes down what it does there; `rested` is told when a
    user has nothing under way, `failed` what ends the workload.
    """

    recorder: Recorder
    quicks: Mapping[str, Quick]
    client: Callable[[Person, VirtualUser, int], Client]
    rested: Callable[[VirtualUser, float], None]
    failed: Callable[[Exception], None]
    cluster: int = 0


class VirtualUser:
    """Does what it decides when it is told to `begin`; a plain answer costs no task.

    Of what is under way `due` says when it was to begin, `invoked` when it did, and `used` is what
    was sent, where that was plain.
    """

    used: Kept

    def __init__(
        self, around: Around, person: Person, does: Iterator[Decision], tab: int, tabs: int
    ) -> None:
        """`tabs` users share that account; their items have different numbers."""
        self.client = around.client(person, self, tab)
        self.requests = Requests(self.client, around.recorder, tab)
        self.word = around.recorder.writer.word("user", person.name)
        self.cluster = around.cluster
        self.recognised = Meaning(WHO.index("user"), OUTCOMES.index("ok"), self.word)
        self.item = tab + 1 - tabs
        self.due = self.invoked = 0.0
        self.waiting: deque[float] = deque()
        """When what it has not come to yet was to begin."""
        self.is_busy = False
        self._around = around
        self._tabs = tabs
        self._does = does
        self._next = next(does)
        self._then: Decision | None = None
        self._is_nobody = self._has_left = self._takes_leave = False
        self._at_last = ""  # what shows what has become of it: `me`, `login`, or nothing
        self._thief: Client | None = None
        self._lent: Kept | None = None
        self._asks: Quick | None = None
        self._connection: Connection | None = None
        self._deadline = 0.0
        self._task: asyncio.Task[None] | None = None
        self._began: tuple[float, float] | None = None  # what is noted next: invoked, and due
        self._credential = 0

    @property
    def after(self) -> float:
        """Seconds until it wants to do the next."""
        return self._next.after

    def begin(self, due: float, now: float) -> None:
        """Do the next."""
        what, keeps = self._next.what, self._next.keeps
        self.due, self.invoked, self.is_busy = due, now, True
        quicks = self._around.quicks
        if what == "write":
            self.item += self._tabs
        elif keeps:
            self._lend(quicks.get("me"), now)
        if what == "replay":
            quick = quicks.get("me") if self._has_left else None
            kept = self._lent
        else:
            quick = quicks.get(what)
            kept = self.requests.get(quick, now) if quick else None
        if quick is None or kept is None or not self._sends(quick, kept, now):
            self._go_slowly(None)

    def decide(self) -> None:
        """What comes next; who is nobody and has not logged out logs in first."""
        if self._then is not None:
            self._next, self._then = self._then, None
            return
        self._next = next(self._does)
        if self._is_nobody and self._next.what != "login" and self.client.can_log_in:
            self._then, self._next = self._next, Decision("login", self._next.after)

    def was(self, *, is_nobody: bool) -> None:
        """How it ended, where it was answered."""
        what = self._next.what
        self._has_left = what == "logout" and not is_nobody
        self._is_nobody = is_nobody and what not in ("login", "logout", "replay")
        if what != "replay":
            self._at_last = "" if what == "logout" or self._is_nobody else "me"

    def overdue(self, now: float) -> None:
        """Give up waiting for an answer that has not come in time."""
        if self._asks is not None and self._deadline < now and self._connection is not None:
            self._connection.drop(TimeoutError())

    def give_up(self) -> asyncio.Task[None] | None:
        """Leave what is under way unanswered; what is still to be awaited."""
        if self._asks is not None and self._connection is not None:
            self._connection.drop(GivenUp())
        elif self._task is not None:
            self._task.cancel()
        return self._task

    async def take_leave(self, turn: asyncio.Semaphore, last: float, patience: float) -> None:
        """Ask once more who it is, when the workload is over; after errors again, for so long.

        Whose turn comes after `last` asks no more.

        What it has met last may have been an outage that was over before it, and an answer to a
        write shows nobody that its session is still there.
        """
        self._takes_leave, client, until = True, self.client, 0.0
        while self._at_last:
            self._credential = self._around.recorder.credential(client.credential)[0]
            enters = self._at_last == "login"
            async with turn:
                if time.monotonic() > last:
                    return
                until = until or time.monotonic() + patience
                answer = await (client.try_login() if enters else client.me())
            if not is_error(answer.operation):
                self._at_last = "me" if enters else ""
            elif time.monotonic() + ASKED_AGAIN < until:
                await asyncio.sleep(ASKED_AGAIN)
            else:
                return

    # The plain case

    def _sends(self, quick: Quick, kept: Kept, now: float) -> bool:
        connection = kept.origin.take()
        if connection is None:
            return False
        self.used, self._asks, self._connection = kept, quick, connection
        self._deadline = now + kept.within
        connection.send(self, kept.request(self.item))
        return True

    def answered(self, head: Head, body: bytes) -> None:
        """A connection has the answer."""
        now = time.monotonic()
        quick, self._asks = self._asks, None
        assert quick is not None  # noqa: S101
        try:
            if quick.judge(self, head, body, now):
                self._around.rested(self, now)
            else:
                self._hand_over(head, body)
        except Exception as error:  # noqa: BLE001  no room on the disk, say
            self._around.failed(error)

    def lost(self, problem: Exception, *, stale: bool) -> None:
        """A connection has none; one that had been closed already does not count."""
        quick, self._asks = self._asks, None
        assert quick is not None  # noqa: S101
        given_up = isinstance(problem, GivenUp)
        again = stale and quick.step.method in TWICE and isinstance(problem, ConnectionError)
        if again and not given_up:
            self._go_slowly(None)
            return
        error = "given up" if given_up else named(told_by(problem))
        got = Exchange(False, True, self.used.seen.credential, error=error, given_up=given_up)
        self._go_slowly(lambda: got)

    def _hand_over(self, head: Head, body: bytes) -> None:
        used = self.used
        credential = used.seen.credential

        def got() -> Exchange:
            try:
                return used.wire.exchange(used.url, head, body, new=False, credential=credential)
            except (OSError, ValueError) as problem:
                return Exchange(False, True, credential, error=named(problem))

        self._go_slowly(got)

    def _lend(self, quick: Quick | None, now: float) -> None:
        """Let somebody have a copy of what it holds, before it logs out."""
        if self._thief is None:
            self._thief = self.client.replica()
        else:
            self._thief.forget()
            self._thief.copy_credential(self.client)
        kept, wire = self.requests.get(quick, now) if quick else None, self._thief.wire
        self._lent = kept.lent(wire) if kept and isinstance(wire, EngineWire) else None

    # All else

    def append(self, operation: Operation) -> None:
        """Note what its client has done: of one decision that may be several operations."""
        began, self._began = self._began, None
        if self._takes_leave:
            operation = replace(operation, farewell=True)
        self._around.recorder.note(operation, began, self._credential)

    def _go_slowly(self, got: Callable[[], Exchange] | None) -> None:
        """Have the client do it; `got` gives the answer to its first request, if it is there."""
        self._began = self.invoked, self.due
        if got is not None:
            self.used.wire.got = got
        self._task = asyncio.create_task(self._slowly())

    async def _slowly(self) -> None:
        try:
            answer = await self._do(self._next.what)
            self.was(is_nobody=answer.who == NOBODY)
            self._has_left &= answer.operation.outcome is Ending.OK and not answer.who
            if is_error(answer.operation) and self._next.what in ("login", "logout"):
                self._at_last = "me" if self._next.what == "logout" else "login"
            self.requests.changed()
            self._task = None
            self._around.rested(self, time.monotonic())
        except asyncio.CancelledError:
            pass  # the workload is over, and it is noted
        except Exception as error:  # noqa: BLE001  it ends the workload
            self._around.failed(error)

    async def _do(self, what: str) -> Answer:
        client, thief = self.client, self._thief
        if what == "replay" and thief is not None and self._has_left:
            self._credential = self._around.recorder.credential(thief.credential)[0]
            return await thief.me()
        self._credential = self._around.recorder.credential(client.credential)[0]
        if what == "login":
            return await client.try_login()
        if what == "replay" or not client.recipe.steps(what):
            return await client.me()
        item = f"{client.user}.{self.item}" if what == "write" else None
        return await client.do(what, item=item)
