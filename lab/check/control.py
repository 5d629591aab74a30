"""The control run: whether the recipe is right, on one copy and without a balancer.

A wrong path once read as "all users logged out". So before any verdict: who logs in is named by
`me`, and each by another name; a fresh client, a wrong password and who has logged out are not, and
what one has written is read again. A copy may have several processes that do not know each other's
users: what should be seen is looked for several times, with a new client each time.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from sessionlab.lab.check.credentials import carries_data, learnable
from sessionlab.lab.check.results import Control, ControlStep
from sessionlab.lab.recipes.variables import used

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sessionlab.lab.clients.client import Client
    from sessionlab.lab.clients.people import Person
    from sessionlab.lab.cluster.cluster import Cluster
    from sessionlab.lab.recipes.model import Recipe
    from sessionlab.lab.record.answers import Answer

TRIES, PROCESSES = 10, 4
SECONDS = 15.0  # after which nothing more is tried: an app that hangs would hold it up for long
PATIENCE = 3.0  # seconds, with a wrong password: some apps answer that with silence
_WRONG = "not-the-password-7f3a"
_WITH_PASSWORD = ("password", "userpass")


async def control(cluster: Cluster, recipe: Recipe, people: Sequence[Person]) -> Control:
    """Put the recipe to the proof; stops at the first part that fails."""
    run = _ControlRun(cluster, recipe, people)
    steps: list[ControlStep] = []
    for part in (run.login, run.fresh_client, run.wrong_password, run.data, run.logout):
        steps.append(await part())
        if steps[-1].passed is False:
            break
    return Control(steps, run.affinities, run.carries_data)


class _ControlRun:
    def __init__(self, cluster: Cluster, recipe: Recipe, people: Sequence[Person]) -> None:
        self._cluster = cluster
        self._recipe = recipe
        self._people = people
        self.affinities: Sequence[str] = ()
        self.carries_data = False

    async def login(self) -> ControlStep:
        """Each of two users is named for who it is."""
        names = list({person.name: person for person in self._people}.values())[:2]
        for person in names:
            passed, saw, client, entered = await self._entered(person)
            if not passed:
                return ControlStep("login", passed=False, saw=saw)
            if not self.affinities:
                self.affinities = await learnable(self._recipe, client, entered)
                held = [client.token or "", *client.cookies.values()]
                says_it_all = not (self._recipe.login or self._recipe.connect)
                self.carries_data = says_it_all or carries_data(held, person.name)
        them = " and ".join(person.name for person in names)
        return ControlStep("login", passed=True, saw=f"me names {them}")

    async def fresh_client(self) -> ControlStep:
        """Who has not logged in is nobody."""
        name = "fresh-client"
        if not self._recipe.login:
            return ControlStep(name, None, "there is no login")
        client = self._cluster.client(self._people[0])
        if self._recipe.connect:
            await client.connect()
        said = await client.me()
        if said.who == "nobody":
            return ControlStep(name, passed=True, saw="me names nobody")
        them = "somebody" if said.who == "user" else "neither a user nor nobody"
        return ControlStep(
            name, False, f"me of a client that never logged in names {them}: {said.said}"
        )

    async def wrong_password(self) -> ControlStep:
        """Whatever comes of it, it must not be that user."""
        name = "wrong-password"
        if not _with_password(self._recipe):
            return ControlStep(name, None, "no password is sent")
        wrong = replace(self._people[0], password=_WRONG)
        client = self._cluster.client(wrong)
        client.patience = PATIENCE
        entered = await client.try_login()
        said = await client.me()
        if not said.recognised:
            return ControlStep(name, passed=True, saw="it does not log in")
        return ControlStep(name, False, f"it logs in all the same: {entered.said}; {said.said}")

    async def data(self) -> ControlStep:
        """What somebody writes is read again, unless each of several workers has its own."""
        if not (self._recipe.write and self._recipe.read):
            return ControlStep("data", None, "there is no write and read")
        saw = ""
        for number in self._tries():
            passed, saw, client, _ = await self._entered(self._people[0])
            if not passed:
                break
            item = f"control-{number}"
            await self._strangers(self._people[0], number)
            wrote = await client.write(item)
            await self._strangers(self._people[0], number)
            found = await client.read()
            if item in found.items:
                return ControlStep("data", passed=True, saw="read has what was written")
            saw = f"read has not what was written: {wrote.said}; {found.said}"
        several = any(count > 1 for count in self._cluster.workers().values())
        return ControlStep("data", None if several else False, saw)

    async def logout(self) -> ControlStep:
        """Who has logged out is nobody."""
        if not self._recipe.logout:
            return ControlStep("logout", None, "it is not described")
        saw = ""
        for _ in self._tries():
            passed, saw, client, _ = await self._entered(self._people[0])
            if not passed:
                break
            left = await client.do("logout")
            said = await client.me()
            if said.who == "nobody":
                return ControlStep("logout", passed=True, saw="me names nobody")
            saw = f"after it me names somebody else than nobody: {left.said}; {said.said}"
        return ControlStep("logout", passed=False, saw=saw)

    def _tries(self) -> Iterator[int]:
        """Numbers from 0 on, until it has been tried often or long enough."""
        until = time.monotonic() + SECONDS
        for number in range(TRIES):
            yield number
            if time.monotonic() >= until:
                return

    async def _entered(self, person: Person) -> tuple[bool, str, Client, Answer]:
        """Log in with new clients until one is named; what was seen last where none is.

        The processes of a copy may take turns: so what others ask in between is varied, too.
        """
        for number in self._tries():
            client = self._cluster.client(person)
            entered = await client.try_login()
            await self._strangers(person, number)
            said = await client.me()
            if said.recognised:
                return True, "", client, entered
            await client.close()
        nothing = "" if entered.set_cookies or client.token else ", and no cookie was set"
        saw = f"me does not name {person.name} after a login: {entered.said}{nothing}; {said.said}"
        return False, saw, client, entered

    async def _strangers(self, person: Person, number: int) -> None:
        for _ in range(number % PROCESSES if self._recipe.login else 0):
            client = self._cluster.client(person)
            await client.me()
            await client.close()


def _with_password(recipe: Recipe) -> bool:
    sent = used([recipe.connect, recipe.login, recipe.every])
    return any(variable.name in _WITH_PASSWORD for variable in sent)
