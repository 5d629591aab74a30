"""What a probe asks, in its order: a user's own conversations, and nothing that attacks."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from hashlib import blake2b
from secrets import token_bytes
from typing import TYPE_CHECKING

from msgspec import structs

from sessionlab.lab.clients.client import Client
from sessionlab.lab.clients.people import people
from sessionlab.lab.errors import NothingShown, UsageError
from sessionlab.lab.events import Events
from sessionlab.lab.outside.pacing import Enough, Pacer
from sessionlab.lab.outside.products import product_of, route_of
from sessionlab.lab.outside.reaching import FIRST, entry_of, not_in, trouble
from sessionlab.lab.outside.seen import Seen, set_cookie
from sessionlab.lab.outside.tokens import tokens_of
from sessionlab.lab.record.answers import Answer, Answers
from sessionlab.lab.record.history import History

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sessionlab.lab.clients.network import ClientNetwork
    from sessionlab.lab.outside.reaching import Address
    from sessionlab.lab.recipes.model import Recipe

TIMES, LEAST, AT_ONCE, MOST_COOKIES = 8, 2, 5, 6
SILENT = 4  # requests without an answer, after which no more is asked
_NAMES = ("connect", "login", "me", "write", "read", "logout")
_KEY = token_bytes(16)


@dataclass(frozen=True, slots=True)
class Plan:
    """How often a conversation is had, and why; `each` is its requests, but for redirects."""

    times: int
    parts: tuple[tuple[str, int, str], ...]
    each: Mapping[str, int]

    @property
    def requests(self) -> int:
        return sum(self.each[name] * times for name, times, _ in self.parts)

    def lines(self) -> list[str]:
        return [f"  {name:<7} ×{times:<2} {why}" for name, times, why in self.parts if times]


def planned(recipe: Recipe, most: int) -> Plan:
    """As much as fits into so many requests; raises UsageError where even the least does not."""
    each = {name: len(recipe.steps(name)) for name in _NAMES}
    each["login"] += max(0, each["login"] - 1)  # see `_visit`
    for times in range(TIMES, LEAST - 1, -1):
        plan = Plan(times, tuple(part for part in _parts(times, each) if each[part[0]]), each)
        if plan.requests <= most:
            return plan
    raise UsageError(
        f"{most} requests are too few: the least is {plan.requests}", "--max-requests allows more"
    )


def _parts(times: int, each: Mapping[str, int]) -> tuple[tuple[str, int, str], ...]:
    return (
        ("connect", 1, "to begin"),
        ("me", 1 if each["login"] else 0, "as somebody who has not logged in"),
        ("login", 1, "as the first of the recipe's users"),
        ("me", times, "over one connection"),
        ("me", times, "each over a new connection"),
        ("me", min(times, AT_ONCE), "at once"),
        ("me", times, "without the affinity cookie, if there is one"),
        ("me", min(times, MOST_COOKIES), "without one other cookie each"),
        ("write", 1, "something small"),
        ("read", times, "each over a new connection"),
        ("logout", 1, "to end it"),
        ("me", times, "with the credential from before, as one who had kept it"),
    )


@dataclass
class Probe:
    """Asks, and keeps what it has seen; raises NothingShown when it cannot log in."""

    recipe: Recipe
    where: Address
    network: ClientNetwork
    pacer: Pacer
    plan: Plan
    allow_script: bool = False

    def __post_init__(self) -> None:
        self.network = replace(self.network, trace=self.pacer.trace())
        self._person = people(self.recipe, 1)[0]
        self._clients: list[Client] = []
        self._silent = 0
        self._seen = Seen(https=self.where.asked.startswith("https:"))

    async def run(self) -> Seen:
        self._client = Client(
            self._person,
            self.recipe,
            self.where.asked,
            History(),
            Events(),
            network=self.network,
            allow_script=self.allow_script,
        )
        self._clients.append(self._client)
        try:
            await self._log_in()
            try:
                await self._ask()
            except Enough as enough:
                self._seen.notes.append(str(enough))
        finally:
            for client in self._clients:
                await client.close()
        self._seen.notes += self.pacer.said()
        return self._seen

    async def _log_in(self) -> None:
        seen, client = self._seen, self._client
        try:
            if self.recipe.login:
                seen.before = await self._do(client, "me")
                if found := trouble(self.where, seen.before):
                    raise found
                await self._visit()
            before = self._digests()
            seen.login = await self._do(client, entry_of(self.recipe))
            if found := trouble(self.where, seen.login):
                raise found
            while len(seen.known) < FIRST and not seen.known.recognised:
                seen.known = Answers([*seen.known, await self._do(client, "me")])
        except Enough as enough:
            why = f"nobody could log in to {self.where.shown} before {enough}"
            raise NothingShown(why, "--max-requests allows more") from None
        if not seen.known.recognised:
            raise not_in(client.user, self.where, seen.login, seen.known[-1])
        after = self._digests()
        seen.survived = frozenset(name for name in after if after[name] == before.get(name))

    async def _visit(self) -> None:
        """Have all but the last step of a login, as who is only shown the form: it may give an id.

        (RFC 6265bis, 8.4: session fixation.)
        """
        steps = self.recipe.steps("login")
        if len(steps) > 1:
            self._client.recipe = structs.replace(self.recipe, login=list(steps[:-1]))
            await self._do(self._client, "login")
            self._client.recipe = self.recipe

    async def _ask(self) -> None:
        """All that the plan has after the login."""
        seen, client, times = self._seen, self._client, self.plan.times
        seen.tokens = tokens_of(client.held.items())
        held = client.cookies
        seen.routes = {name: node for name in held if (node := route_of(name, held[name]))}
        seen.tied = [name for name in held if product_of(name) or name in seen.routes]
        seen.known = Answers(
            [*seen.known, *await self._times(client, "me", times - len(seen.known))]
        )
        seen.anew = await self._times(client, "me", times, anew=True)
        seen.at_once = await self._at_once(min(times, AT_ONCE, int(self.pacer.rate)))
        await self._ask_without(held)
        await self._ask_for_data()
        await self._ask_after_logout()

    async def _at_once(self, times: int) -> Answers:
        """All in one moment; none where the rate allows only one."""
        if times < LEAST:
            return Answers()
        await self.pacer.room(times)
        asked = [self._do(self._client, "me") for _ in range(times)]
        came = await asyncio.gather(*asked, return_exceptions=True)
        for one in came:
            if isinstance(one, BaseException):
                raise one
        return Answers(one for one in came if isinstance(one, Answer))

    async def _ask_without(self, held: Mapping[str, str]) -> None:
        """Each time as another client, whose answers change nothing of the first one's."""
        seen, times = self._seen, self.plan.times
        if seen.tied:
            for _ in range(times):
                untied = await self._do(self._replica(without=seen.tied), "me")
                seen.untied = Answers([*seen.untied, untied])
        for name in [name for name in held if name not in seen.tied][:MOST_COOKIES]:
            seen.alone[name] = await self._do(self._replica(without=[name]), "me")

    async def _ask_for_data(self) -> None:
        seen = self._seen
        if not (self.recipe.write and self.recipe.read):
            return
        item = f"probe-{token_bytes(4).hex()}"
        written = await self._do(self._client, "write", item)
        if written.operation.outcome == "ok":
            seen.items = [item]
        seen.reads = await self._times(self._client, "read", self.plan.times, anew=True)

    async def _ask_after_logout(self) -> None:
        seen = self._seen
        if not self.recipe.logout:
            return
        kept, free = self._replica(), self._replica(without=seen.tied)
        seen.logout = await self._do(self._client, "logout")
        for number in range(self.plan.times):
            one = free if number % 2 else kept  # at every node, if they let it
            await one.reconnect()
            seen.replayed = Answers([*seen.replayed, await self._do(one, "me")])

    async def _times(
        self, client: Client, conversation: str, times: int, *, anew: bool = False
    ) -> Answers:
        answers = []
        for _ in range(times):
            if anew:
                await client.reconnect()
            answers.append(await self._do(client, conversation))
        return Answers(answers)

    async def _do(self, client: Client, conversation: str, item: str | None = None) -> Answer:
        await self.pacer.turn()
        answer = await client.do(conversation, item=item)
        silent = answer.status is None and answer.who == "error"
        self._silent = self._silent + 1 if silent else 0
        if self._silent == SILENT:
            raise Enough(f"it had stopped answering ({answer.operation.error})")
        for line in answer.set_cookies:
            cookie = set_cookie(line)
            if not cookie.is_deleted:
                self._seen.cookies[cookie.name] = cookie
        return answer

    def _replica(self, without: Sequence[str] = ()) -> Client:
        replica = self._client.replica()
        replica.drop_cookies(without)
        self._clients.append(replica)
        return replica

    def _digests(self) -> dict[str, bytes]:
        """What tells whether a value is the same, and nothing else of it."""
        return {
            name: blake2b(value.encode(), key=_KEY).digest()
            for name, value in self._client.cookies.items()
        }
