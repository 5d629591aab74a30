"""What a client holds: its account, its cookies, and what it took from answers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from yarl import URL

from sessionlab.lab.clients.jars import jar_for
from sessionlab.lab.clients.spellings import without
from sessionlab.lab.recipes.environment import from_environment

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sessionlab.lab.clients.people import Person
    from sessionlab.lab.recipes.model import Recipe

HIDDEN = "…"
MOST_SECRETS = 256  # of one client: an app may renew them all the time
SHORT = 5  # characters: so short a secret is hidden only where it stands alone


class Holdings:
    """Nothing of it is ever recorded: see `redacted`."""

    def __init__(self, person: Person, recipe: Recipe, url: str) -> None:
        self.person = person
        self.jar = jar_for(recipe, url)
        self.taken: dict[str, str] = {}
        self.of_connect: set[str] = set()
        """What `connect` took: it goes with the channel."""
        self.given: dict[str, None] = {}
        """The names of the cookies that its logins were answered with, the first first."""
        self.of_cluster: dict[str, str] = {}
        """What all copies were given, and a step may name: `{secret}`, `{shared}`, `{redis}`."""
        self._url = URL(url)
        self._secrets: dict[str, None] = {}
        self._note(person.password, f"{person.name}:{person.password}")

    def value(self, name: str) -> str | None:
        """What `{name}` stands for, as far as it does not depend on what is asked."""
        if name in self.taken:
            return self.taken[name]
        person = self.person
        kind, _, rest = name.partition(".")
        if kind == "cookie" and rest:
            return self.cookies.get(rest)
        if kind == "user" and rest:
            return {"name": person.name, "password": person.password, **person.more}.get(rest)
        if kind == "env":
            found = from_environment(name)
            self._note(found or "")
            return found
        if name in self.of_cluster:
            self._note(self.of_cluster[name])
            return self.of_cluster[name]
        own = {"user": person.name, "password": person.password}
        own["userpass"] = f"{person.name}:{person.password}"
        return own.get(name)

    @property
    def cookies(self) -> dict[str, str]:
        """By name."""
        return {cookie.key: cookie.value for cookie in self.jar}

    def give(self, set_cookies: Iterable[str]) -> None:
        """Note which cookies a login was answered with."""
        for line in set_cookies:
            name, _, value = line.partition(";")[0].partition("=")
            self.given.setdefault(name.strip())
            self._note(value.strip(' "'))

    def keep_cookie(self, name: str, value: str) -> None:
        self.jar.update_cookies({name: value}, self._url)

    def take(self, name: str, value: str, *, connecting: bool) -> None:
        self.taken[name] = value
        self._note(value)
        if connecting:
            self.of_connect.add(name)

    def disconnect(self) -> None:
        """Drop what `connect` took."""
        for name in self.of_connect:
            self.taken.pop(name, None)
        self.of_connect.clear()

    def drop(self) -> None:
        """All of it but the account."""
        self.redacted("")  # so that what is dropped stays hidden
        self.taken.clear()
        self.of_connect.clear()
        self.given.clear()
        self.jar.clear()

    def copy(self, other: Holdings) -> None:
        """Take over all that another client holds, its account left out."""
        for cookie in other.jar:
            same = cookie.copy()
            if same["domain"] == other._url.host:
                same["domain"] = ""  # so that it stays this host's alone
            self.jar.update_cookies([(cookie.key, same)], self._url)
        self.taken.update(other.taken)
        self.of_connect |= other.of_connect
        self.given |= other.given
        self.of_cluster |= other.of_cluster

    def redacted(self, text: str) -> str:
        """Without whatever is, or was, a secret of this client's."""
        self._note(*(cookie.value for cookie in self.jar))
        for secret in self._secrets:
            if len(secret) <= SHORT:
                text = re.sub(rf"(?<!\w){re.escape(secret)}(?!\w)", HIDDEN, text)
            else:
                text = without(text, secret, HIDDEN)
        return text

    @property
    def secrets(self) -> set[str]:
        """What is, or was, one, and is too long to be a word."""
        self._note(*(cookie.value for cookie in self.jar))
        return {secret for secret in self._secrets if len(secret) > SHORT}

    def _note(self, *secrets: str) -> None:
        for secret in filter(None, secrets):
            self._secrets[secret] = None
        while len(self._secrets) > MOST_SECRETS:
            del self._secrets[next(iter(self._secrets))]
