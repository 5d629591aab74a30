"""Password hashing: argon2id, off the event loop, a bounded number at once."""

import asyncio
import os
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import argon2

from sessionlab.nodes.errors import OptionError, Unavailable


@dataclass(frozen=True, slots=True)
class Cost:
    """What one argon2id hash takes: passes, KiB of memory, lanes."""

    passes: int
    memory: int
    lanes: int

    def __str__(self) -> str:
        named = (name for name, level in LEVELS.items() if level == self)
        return next(named, f"t={self.passes},m={self.memory},p={self.lanes}")


LEVELS = {
    # About a millisecond: for tests and for classes, never for real passwords.
    "low": Cost(passes=1, memory=512, lanes=1),
    # OWASP's Password Storage Cheat Sheet: 19 MiB, two passes, one lane.
    "standard": Cost(passes=2, memory=19456, lanes=1),
    # RFC 9106 section 4, the second recommended option: 64 MiB, three passes, four lanes.
    "high": Cost(passes=3, memory=65536, lanes=4),
}

_EXPLICIT = re.compile(r"t=([0-9]{1,3}),m=([0-9]{1,8}),p=([0-9]{1,3})", re.ASCII)
_MOST_MEMORY = 1024 * 1024
_MOST_WAITING = 1000
"""Logins that may wait for a thread: the herd after an outage gets a 503, not an hour's queue."""

T = TypeVar("T")


def parse_cost(text: str) -> Cost:
    """A level's name, or `t=PASSES,m=KIB,p=LANES`. Raises `OptionError`."""
    if (level := LEVELS.get(text)) is not None:
        return level
    found = _EXPLICIT.fullmatch(text)
    if found is None:
        raise OptionError(f"{text!r} is neither {', '.join(LEVELS)} nor t=PASSES,m=KIB,p=LANES")
    passes, memory, lanes = (int(number) for number in found.groups())
    # RFC 9106 section 3.1: at least one pass and one lane, and 8 KiB a lane.
    if passes < 1 or lanes < 1 or not 8 * lanes <= memory <= _MOST_MEMORY:
        raise OptionError(f"{text!r} is out of range: t and p from 1, m from 8 KiB a lane to 1 GiB")
    return Cost(passes, memory, lanes)


class Hasher:
    """Hashes and verifies; one hash occupies one of a few threads, for argon2 frees the GIL."""

    def __init__(self, cost: Cost) -> None:
        self._argon2 = argon2.PasswordHasher(cost.passes, cost.memory, cost.lanes)
        self._threads = ThreadPoolExecutor(
            max_workers=max(2, min(4, os.cpu_count() or 1)), thread_name_prefix="argon2"
        )
        self._waiting = 0

    async def hash(self, password: str) -> str:
        """The encoded hash, with a salt of its own."""
        return await self._off_loop(self._argon2.hash, password)

    async def verify(self, encoded: str, password: str) -> bool:
        """Whether the password is the one hashed. Raises `Unavailable` when too many wait."""
        return await self._off_loop(self._matches, encoded, password)

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _matches(self, encoded: str, password: str) -> bool:
        try:
            return self._argon2.verify(encoded, password)
        except argon2.exceptions.VerifyMismatchError:
            return False

    async def _off_loop(self, work: Callable[..., T], *args: str) -> T:
        if self._waiting >= _MOST_WAITING:
            raise Unavailable("logins-busy", "too many logins at once")
        self._waiting += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._threads, work, *args)
        finally:
            self._waiting -= 1
