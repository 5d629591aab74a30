"""Users of a system that runs elsewhere, kept busy while something is done to it."""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import dataclass, field, replace
from random import Random
from typing import TYPE_CHECKING

from sessionlab.lab.clients.client import Client
from sessionlab.lab.clients.people import people
from sessionlab.lab.errors import NothingShown
from sessionlab.lab.outside.calm import Calm, Standing
from sessionlab.lab.outside.reaching import trouble, unlike
from sessionlab.lab.outside.shell import Running
from sessionlab.lab.outside.watched import CLUSTER, NAME, Watched
from sessionlab.lab.record.history import History

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sessionlab.lab.clients.network import ClientNetwork
    from sessionlab.lab.events import Events
    from sessionlab.lab.outside.pacing import Pacer
    from sessionlab.lab.recipes.model import Recipe
    from sessionlab.lab.record.answers import Answer

PERIOD, LOOK, LAST = 1.0, 0.2, 2.0  # seconds
MOST_ITEMS = 5
"""What a client writes: what a session holds may have to fit into a cookie."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What is asked of a watch; times in seconds, `rate` requests a second."""

    url: str
    users: int = 20
    rate: float = 20.0
    settle: float = 30.0
    lasts: float | None = None
    command: Sequence[str] = ()
    seed: int = 0


@dataclass
class _Seat:
    """One client, and what it has done."""

    client: Client
    tab: int
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
    say: Callable[[str], None] = print
    show: Callable[[str], None] = print
    history: History = field(default_factory=History)
    calm: Calm = field(default_factory=Calm)
    began: float | None = None
    ended: float | None = None
    status: int | None = None
    output: Sequence[str] = ()
    _seats: list[_Seat] = field(default_factory=list)
    _over: bool = False

    async def run(self) -> Watched:
        """Log them in, run the command, go on until it is calm.

        Raises NothingShown when the system cannot be reached, or nobody can log in.
        """
        self._draw = Random(f"watch/{self.wishes.seed}")  # noqa: S311  a schedule, no secret
        self._seats = self._seated()
        try:
            await self._log_in()
            busy = [asyncio.create_task(self._busy(seat)) for seat in self._inside]
            try:
                await self._while_busy(busy)
            finally:
                await self._end(busy)
        finally:
            for seat in self._seats:
                await seat.client.close()
        return self._watched()

    @property
    def _inside(self) -> list[_Seat]:
        return [seat for seat in self._seats if not seat.left_out]

    @property
    def _entry(self) -> str:
        """How a user begins; `me` alone where each request says who asks."""
        return next((name for name in ("login", "connect") if self.recipe.steps(name)), "me")

    def _seated(self) -> list[_Seat]:
        seats: list[_Seat] = []
        paced = replace(self.network, trace=self.pacer.trace())
        for person in people(self.recipe, self.wishes.users):
            tab = sum(seat.client.user == person.name for seat in seats)
            told = (self.history, self.events, NAME, CLUSTER)
            client = Client(person, self.recipe, self.wishes.url, *told, paced, tab)
            seats.append(_Seat(client, tab))
        return self._draw.sample(seats, len(seats))

    async def _log_in(self) -> None:
        """Everybody, the first one alone: what it meets, all would."""
        for number, seat in enumerate(self._seats):
            self.show(f"logging in {number + 1} of {len(self._seats)}")
            await self.pacer.turn()
            answer = await self._do(seat, self._entry)
            if number == 0 and (found := trouble(self.wishes.url, answer)):
                raise found
            await self.pacer.turn()
            known = await self._do(seat, "me")
            if not known.recognised:
                seat.left_out = unlike(answer if answer.status is None else known)
        if not self._inside:
            seat = self._seats[0]
            raise NothingShown(
                f"nobody could log in to {self.wishes.url}: {seat.client.user}: {seat.left_out}",
                "`sessionlab check` shows whether the recipe is right; accounts and passwords are"
                " in its [users]",
            )

    async def _do(self, seat: _Seat, conversation: str, item: str | None = None) -> Answer:
        answer = await seat.client.do(conversation, item=item)
        self.calm.hear((seat.client.user, seat.tab), answer.operation)
        return answer

    async def _busy(self, seat: _Seat) -> None:
        """Ask once a second, or less often where all together would be too many."""
        draw = Random(self._draw.random())  # noqa: S311  a schedule, no secret
        period = self._period
        due = time.monotonic() + draw.uniform(0, period)
        while not self._over:
            await asyncio.sleep(due - time.monotonic())
            await self.pacer.turn()
            await self._do(seat, *self._next(seat))
            due = max(time.monotonic(), due + self._period * draw.uniform(0.8, 1.2))

    @property
    def _period(self) -> float:
        return max(PERIOD, len(self._inside) / self.pacer.rate)

    def _next(self, seat: _Seat) -> tuple[str, str | None]:
        """`me`, and between two of them what the recipe says of data."""
        seat.turns += 1
        if seat.turns % 2 or not self.recipe.write:
            return "me", None
        if seat.items < MOST_ITEMS and (seat.turns % 4 == 2 or not self.recipe.read):  # noqa: PLR2004
            seat.items += 1
            return "write", f"watch-{seat.tab}-{seat.items}-{self._draw.randrange(16**6):06x}"
        return ("read" if self.recipe.read else "me"), None

    async def _while_busy(self, busy: Sequence[asyncio.Task[None]]) -> None:
        if not self.wishes.command:
            await self._without_command(busy)
            return
        start = self.events.now()
        await self._until(busy, lambda: self.calm.all_asked(start), most=self.wishes.settle)
        self.began = self.events.now()
        self.events.emit("command.started", NAME, cluster=CLUSTER)
        async with Running(self.wishes.command, self.say) as running:
            waiting = asyncio.create_task(running.wait())
            try:
                await self._until([*busy, waiting], waiting.done)
            finally:
                waiting.cancel()
            self.status = await waiting
        self.output = running.kept
        self.ended = ended = self.events.now()
        self.events.emit("command.ended", NAME, cluster=CLUSTER, status=self.status)
        self.say(f"the command ended with {self.status}; waiting until it is calm")
        await self._until(
            busy,
            lambda: self.calm.lasts(ended, self.events.now()),
            most=self.wishes.settle,
        )

    async def _without_command(self, busy: Sequence[asyncio.Task[None]]) -> None:
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
        tasks: Sequence[asyncio.Task[object]],
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
        now = ", ".join(f"{count} {one}" for one in Standing if (count := self.calm.count(one)))
        since = self.began or 0.0
        what = "waiting until it is calm" if self.ended else "the command runs"
        what = what if self.wishes.command else "watching"
        what = what if self.began is not None else "before the command"
        return f"{what}, {self.events.now() - since:.0f} s: {now}"

    async def _end(self, busy: Sequence[asyncio.Task[None]]) -> None:
        """Let those who wait for an answer have it, if it comes soon."""
        self._over = True
        _, waiting = await asyncio.wait(busy, timeout=LAST)
        for task in waiting:
            task.cancel()
        for task in busy:
            with contextlib.suppress(asyncio.CancelledError):
                await task

    def _watched(self) -> Watched:
        who = {(seat.client.user, seat.tab): seat.left_out for seat in self._seats}
        return Watched.of(
            [op for op in self.history if not who[op.client, op.tab]],
            began=self.began,
            ended=self.ended,
            command=self.wishes.command,
            status=self.status,
            left_out=[f"{name}: {why}" for (name, _), why in who.items() if why],
            notes=self.pacer.said(),
        )
