"""Users of a system that runs elsewhere, kept busy while something is done to it."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field, replace
from random import Random
from typing import TYPE_CHECKING

from sessionlab.lab.clients.client import Client
from sessionlab.lab.clients.people import people
from sessionlab.lab.errors import NothingShown
from sessionlab.lab.outside.calm import Calm
from sessionlab.lab.outside.reaching import FIRST, entry_of, not_in, trouble
from sessionlab.lab.outside.shell import Running
from sessionlab.lab.outside.watched import CLUSTER, NAME, Watched
from sessionlab.lab.record.history import USER, History

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sessionlab.lab.clients.network import ClientNetwork
    from sessionlab.lab.clients.people import Person
    from sessionlab.lab.events import Events
    from sessionlab.lab.outside.pacing import Pacer
    from sessionlab.lab.outside.reaching import Address
    from sessionlab.lab.recipes.model import Recipe
    from sessionlab.lab.record.answers import Answer
    from sessionlab.lab.record.history import Operation

PERIOD, LOOK, LAST = 1.0, 0.1, 2.0  # seconds
MOST_TRIES = 3  # who may try to log in before anybody has got in: it may lock an account
MOST_ITEMS = 5  # that a client writes: what a session holds may have to fit into a cookie


@dataclass(frozen=True, slots=True)
class Wishes:
    """What is asked of a watch; times in seconds."""

    where: Address
    users: int = 20
    settle: float = 30.0
    lasts: float | None = None
    command: Sequence[str] = ()
    seed: int = 0


@dataclass
class _Seat:
    """One client, and what it has done."""

    client: Client
    tab: int
    asks: bool = False
    turns: int = 0
    items: int = 0
    left_out: str = ""


@dataclass
class Watch:
    """`say` gets what stays on the screen, `show` what is true at the moment."""

    recipe: Recipe
    wishes: Wishes
    network: ClientNetwork
    events: Events
    pacer: Pacer
    allow_script: bool = False
    say: Callable[[str], None] = print
    show: Callable[[str], None] = print
    began: float | None = None
    ended: float | None = None
    status: int | None = None
    output: Sequence[str] = ()
    _history: History = field(default_factory=History)
    _calm: Calm = field(default_factory=Calm)
    _seats: list[_Seat] = field(default_factory=list)
    _inside: list[_Seat] = field(default_factory=list)
    _notes: list[str] = field(default_factory=list)
    _over: bool = False

    async def run(self) -> Watched:
        """Log them in, run the command, go on until it is calm.

        Raises NothingShown when the system cannot be reached, or nobody can log in.
        """
        self._draw = Random(f"watch/{self.wishes.seed}")  # noqa: S311  a schedule, no secret
        self._seats = self._seated()
        try:
            await self._log_in()
            self._calm = Calm(len(self._inside))
            busy = [asyncio.create_task(self._busy(seat)) for seat in self._inside]
            last: float | None = LAST
            try:
                await (self._a_command(busy) if self.wishes.command else self._a_while(busy))
                last = None  # as long as each waits: what is given up says nothing
            finally:
                await self._end(busy, last)
        finally:
            for seat in self._seats:
                await seat.client.close()
        return self._watched()

    def _seated(self) -> list[_Seat]:
        seats: list[_Seat] = []
        for person in people(self.recipe, self.wishes.users):
            tab = sum(seat.client.user == person.name for seat in seats)
            seats.append(_Seat(self._client(person, self._history, tab), tab))
        return self._draw.sample(seats, len(seats))

    def _client(self, person: Person, history: History, tab: int = 0) -> Client:
        paced = replace(self.network, trace=self.pacer.trace())
        told = (history, self.events, NAME, CLUSTER, paced)
        where, allowed = self.wishes.where.asked, self.allow_script
        return Client(person, self.recipe, where, *told, tab, allow_script=allowed)

    async def _log_in(self) -> None:
        """Everybody, one after the other: the first shows whether the system is there."""
        await self._ask_as_a_stranger()
        entry = entry_of(self.recipe)
        for number, seat in enumerate(self._seats, 1):
            self.show(f"logging in: {number} of {len(self._seats)}")
            await self.pacer.turn()
            answer = await self._do(seat, entry)
            if number == 1 and (found := trouble(self.wishes.where, answer)):
                raise found
            known = await self._known(seat)
            if known.recognised:
                self._inside.append(seat)
                continue
            seat.left_out = known.said
            if not self._inside and number == min(MOST_TRIES, len(self._seats)):
                raise not_in(seat.client.user, self.wishes.where, answer, known)

    async def _ask_as_a_stranger(self) -> None:
        """Raise NothingShown where `me` names somebody to who has not logged in."""
        if not self.recipe.login:
            return
        await self.pacer.turn()
        async with self._client(people(self.recipe, 1)[0], History()) as stranger:
            said = await stranger.do("me")
        if said.who == USER:
            raise NothingShown(
                f"{self.wishes.where.shown} names somebody to who has never logged in: {said.said}",
                "so `me` in the recipe tells nothing of users: `sessionlab check` puts it to the"
                " proof",
            )

    async def _known(self, seat: _Seat) -> Answer:
        """Who it is that has just logged in: its node may not be the first that is asked."""
        for _ in range(FIRST):
            await self.pacer.turn()
            known = await self._do(seat, "me")
            if known.recognised or known.status is None:
                break
        return known

    async def _do(self, seat: _Seat, conversation: str, item: str | None = None) -> Answer:
        seat.asks = True
        answer = await seat.client.do(conversation, item=item)
        seat.asks = False
        self._calm.hear((seat.client.user, seat.tab), answer.operation)
        return answer

    async def _busy(self, seat: _Seat) -> None:
        """Ask once a second, or less often where all together would be too many."""
        draw = Random(self._draw.random())  # noqa: S311  a schedule, no secret
        due = time.monotonic() + draw.uniform(0, self._period)
        while not self._over:
            await asyncio.sleep(due - time.monotonic())
            await self.pacer.turn()
            await self._do(seat, *self._next(seat))
            due = max(time.monotonic(), due + self._period * draw.uniform(0.8, 1.2))

    @property
    def _period(self) -> float:
        return max(PERIOD, len(self._inside) / self.pacer.rate)

    def _next(self, seat: _Seat) -> tuple[str, str | None]:
        """`me`, and every other time what the recipe says of data."""
        seat.turns += 1
        if seat.turns % 2 or not self.recipe.write:
            return "me", None
        if seat.items < MOST_ITEMS and (seat.items * 4 < seat.turns or not self.recipe.read):
            seat.items += 1
            return "write", f"watch-{seat.tab}-{seat.items}-{self._draw.randrange(16**6):06x}"
        return ("read" if self.recipe.read else "me"), None

    async def _a_command(self, busy: Sequence[asyncio.Task[None]]) -> None:
        """Once everybody has asked, run it; and go on until nothing changes any more."""
        start, settle = self.events.now(), self.wishes.settle
        await self._until(busy, lambda: self._calm.all_asked(start), most=settle)
        self.began = self.events.now()
        self.events.emit("command.started", NAME, cluster=CLUSTER)
        async with Running(self.wishes.command, self.say) as running:
            self.output = running.kept
            waiting = asyncio.create_task(running.wait())
            try:
                await self._until([*busy, waiting], waiting.done)
            finally:
                waiting.cancel()
            self.status = await waiting
        ended = self.ended = self.events.now()
        self.events.emit("command.ended", NAME, cluster=CLUSTER, status=self.status)
        self.say(f"the command ended with {self.status}; watching until it is calm")
        calm, now = self._calm, self.events.now
        await self._until(busy, lambda: calm.lasts(ended, now()), most=settle)
        if not calm.lasts(ended, now()):
            self._notes.append(f"it was not calm {settle:g} s after the command: {calm}")

    async def _a_while(self, busy: Sequence[asyncio.Task[None]]) -> None:
        """Until the time is over, or Ctrl-C: which is no accident here."""
        self.began = self.events.now()
        try:
            await self._until(busy, lambda: False, most=self.wishes.lasts)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            assert task is not None  # noqa: S101  a coroutine that runs is in a task
            task.uncancel()

    async def _until(
        self,
        tasks: Sequence[asyncio.Task[None] | asyncio.Task[int]],
        true: Callable[[], bool],
        most: float | None = None,
    ) -> None:
        began = time.monotonic()
        while not true() and (most is None or time.monotonic() - began < most):
            for task in tasks:
                if task.done() and (error := task.exception()):
                    raise error
            self.show(self._line())
            await asyncio.sleep(LOOK)

    def _line(self) -> str:
        how = "the command runs" if self.wishes.command else "watching"
        if self.ended is not None:
            how = "watching until it is calm"
        elif self.began is None:
            how = "before the command"
        return f"{how}: {self.events.now() - (self.began or 0.0):.0f} s, {self._calm}"

    async def _end(self, busy: Sequence[asyncio.Task[None]], last: float | None) -> None:
        """Let those who wait for an answer have it, within so many seconds."""
        self._over = True
        asking = [task for seat, task in zip(self._inside, busy, strict=True) if seat.asks]
        try:
            await asyncio.wait(asking or busy, timeout=last if asking else 0)
        finally:
            for task in busy:
                task.cancel()
        await asyncio.gather(*busy, return_exceptions=True)  # an error of theirs was raised before

    def _entered(self) -> Iterator[Operation]:
        """What was recorded; where each request says who asks, the first of each began it."""
        begun: set[tuple[str, int]] = set()
        for op in self._history:
            first = (op.client, op.tab) not in begun and entry_of(self.recipe) == "me"
            begun.add((op.client, op.tab))
            yield replace(op, conversation="connect", enters=True) if first else op

    def _watched(self) -> Watched:
        who = {(seat.client.user, seat.tab): seat.left_out for seat in self._seats}
        return Watched.of(
            [op for op in self._entered() if not who[op.client, op.tab]],
            began=self.began,
            ended=self.ended,
            command=self.wishes.command,
            status=self.status,
            left_out=[f"{name}: {why}" for (name, _), why in who.items() if why],
            notes=[*self._notes, *self.pacer.said()],
        )
