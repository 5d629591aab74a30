"""A virtual user: one thing after the other, on connections of its own."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sessionlab.lab.clients.engine_wire import TWICE, EngineWire, told_by
from sessionlab.lab.clients.wire import Exchange
from sessionlab.lab.recipes.variables import Unknown
from sessionlab.lab.record.history import NOBODY, Ending
from sessionlab.lab.record.packed.schema import OUTCOMES, TIE_KNOWN, TIED, WHO
from sessionlab.lab.workload.decisions import Decision
from sessionlab.lab.workload.quick import NUMBER, Kept, Meaning

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from sessionlab.lab.clients.client import Client
    from sessionlab.lab.clients.people import Person
    from sessionlab.lab.engine.connection import Connection
    from sessionlab.lab.engine.head import Head
    from sessionlab.lab.record.answers import Answer
    from sessionlab.lab.record.history import Operation
    from sessionlab.lab.workload.quick import Quick
    from sessionlab.lab.workload.recording import Recorder

_ENDS = (b"max-age", b"expires")
LASTING = 1.0  # seconds for which a request is kept whose cookie ends some time


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

    Of what is under way `due` says when it was to begin, `invoked` when it did. `kept` are requests
    that can be sent again, by conversation, `cookies` the lines that set what it has already.
    """

    def __init__(
        self, around: Around, person: Person, does: Iterator[Decision], tab: int, tabs: int
    ) -> None:
        """`tabs` users share that account; their items have different numbers."""
        self.client = around.client(person, self, tab)
        self.word = around.recorder.writer.word("user", person.name)
        self.cluster = around.cluster
        self.tab = tab
        self.item = tab + 1 - tabs
        self.kept: dict[str, Kept] = {}
        self.cookies: tuple[bytes, ...] = ()
        self.due = self.invoked = 0.0
        self.waiting: deque[float] = deque()
        """When what it has not come to yet was to begin."""
        self.is_busy = self.is_nobody = False
        self._around = around
        self._tabs = tabs
        self._does = does
        self.recognised = Meaning(WHO.index("user"), OUTCOMES.index("ok"), self.word)
        self._next = next(does)
        self._then: Decision | None = None
        self._thief: Client | None = None
        self._has_left = False
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
        what = self._next.what
        if what == "write":
            self.item += self._tabs
        self.due, self.invoked, self.is_busy = due, now, True
        if self._next.keeps:
            self._lend()
        quick = self._around.quicks.get(what)
        if quick is None or not self._sends(quick, now):
            self._go_slowly(what, None)

    def decide(self) -> None:
        """What comes next; who is nobody and has not logged out logs in first."""
        if self.is_nobody and self.client.can_log_in:
            self.is_nobody = False
            self._then = self._then or next(self._does)
            self._next = Decision("login", self._then.after)
        elif self._then is not None:
            self._next, self._then = self._then, None
        else:
            self._next = next(self._does)

    def was(self, conversation: str, is_nobody: bool) -> None:
        """How a conversation ended that was answered."""
        self._has_left = conversation == "logout" and not is_nobody
        self.is_nobody = is_nobody and conversation not in ("login", "logout")

    def changed(self, set_cookies: tuple[bytes, ...] = ()) -> None:
        """What it holds is another now; those lines, if they come again, change nothing."""
        self.kept.clear()
        lasting = any(word in line.lower() for line in set_cookies for word in _ENDS)
        self.cookies = () if lasting else set_cookies

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

    # The plain case

    def _sends(self, quick: Quick, now: float) -> bool:
        kept = self.kept.get(quick.name)
        if kept is None or kept.until < now:
            kept = self._keep(quick, now)
        connection = kept.origin.take() if kept else None
        if kept is None or connection is None:
            return False
        self._asks, self._connection = quick, connection
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
                self._hand_over(quick, head, body)
        except OSError as error:  # no room on the disk
            self._around.failed(error)

    def lost(self, problem: Exception, *, stale: bool) -> None:
        """A connection has none; one that had been closed already does not count."""
        quick, self._asks = self._asks, None
        assert quick is not None  # noqa: S101
        if stale and quick.step.method in TWICE and isinstance(problem, ConnectionError):
            self._go_slowly(quick.name, None)
            return
        known = told_by(problem)
        given_up = isinstance(problem, GivenUp)
        error = "given up" if given_up else f"{type(known).__name__}: {known}".removesuffix(": ")
        credential = self.kept[quick.name].credential
        got = Exchange(False, True, credential, error=error, given_up=given_up)
        self._go_slowly(quick.name, got)

    def _keep(self, quick: Quick, now: float) -> Kept | None:
        client, recorder = self.client, self._around.recorder
        self.kept.pop(quick.name, None)
        item = f"{client.user}.{NUMBER.decode()}" if quick.name == "write" else None
        try:
            seen = client.foresee(quick.step, item)
        except (Unknown, ValueError):
            return None
        if seen is None or not isinstance(client.wire, EngineWire):
            return None
        hashed, end = recorder.credential(client.credential)
        kept = self.kept[quick.name] = Kept(
            seen,
            client.wire.origin(seen.url),
            client.patience_for(quick.step),
            TIE_KNOWN * (seen.tie is not None) | TIED * bool(seen.tie),
            hashed,
            end,
            now + LASTING if client.wire.forgets else float("inf"),
        )
        return kept

    def _hand_over(self, quick: Quick, head: Head, body: bytes) -> None:
        wire, kept = self.client.wire, self.kept[quick.name]
        assert isinstance(wire, EngineWire)  # noqa: S101
        try:
            got = wire.exchange(kept.url, head, body, new=False, credential=kept.credential)
        except (OSError, ValueError) as problem:
            got = Exchange(False, True, kept.credential, error=str(problem))
        self._go_slowly(quick.name, got)

    # All else

    def append(self, operation: Operation) -> None:
        """Note what its client has done: of one decision that may be several operations."""
        began, self._began = self._began, None
        self._around.recorder.note(operation, began, self._credential)

    def _go_slowly(self, what: str, got: Exchange | None) -> None:
        self._began = self.invoked, self.due
        self._task = asyncio.create_task(self._slowly(what, got))

    async def _slowly(self, what: str, got: Exchange | None) -> None:
        try:
            client = self.client
            if got is not None and isinstance(client.wire, EngineWire):
                client.wire.got = got
            answer = await self._do(what)
            self.was(what, answer.who == NOBODY)
            self._has_left &= answer.operation.outcome is Ending.OK and not answer.who
            self.changed()
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
        return await client.do(what, item=f"{client.user}.{self.item}" if what == "write" else None)

    def _lend(self) -> None:
        """Let somebody have a copy of what it holds, before it logs out."""
        if self._thief is None:
            self._thief = self.client.replica()
        else:
            self._thief.forget()
            self._thief.copy_credential(self.client)
