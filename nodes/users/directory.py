"""The seeded directory: users that exist by their names alone, so a million cost nothing."""

import asyncio
import re

from sessionlab.nodes.users.passwords import Hasher

NAMED = frozenset({"alice", "bob", "carol"})

_SEEDED = re.compile(r"user-([0-9]{6,9})", re.ASCII)


class Directory:
    """`alice`, `bob`, `carol`, and `user-000001` to `user-<size>`, all with one password.

    Since they share the password they share its hash, made at the first login. So a login does the
    same work whether the user exists or not: it verifies against that one hash, and only then asks
    whether there is such a user. Neither the answer nor its time tells which of the two was wrong.
    """

    def __init__(self, size: int, password: str, hasher: Hasher) -> None:
        self._size = size
        self._password = password
        self._hasher = hasher
        self._hash: str | None = None
        self._hashing = asyncio.Lock()

    def knows(self, name: str) -> bool:
        """Whether there is such a user; `user-0000001` is not `user-000001`."""
        if name in NAMED:
            return True
        found = _SEEDED.fullmatch(name)
        if found is None:
            return False
        number = int(found.group(1))
        return 1 <= number <= self._size and name == seeded(number)

    async def check(self, name: str, password: str) -> bool:
        """Whether `name` may log in with `password`. Raises `Unavailable` when too many try."""
        matches = await self._hasher.verify(await self._encoded(), password)
        return matches and self.knows(name)

    async def _encoded(self) -> str:
        async with self._hashing:
            if self._hash is None:
                self._hash = await self._hasher.hash(self._password)
            return self._hash


def seeded(number: int) -> str:
    """The name of the seeded user of that number, from 1."""
    return f"user-{number:06d}"
