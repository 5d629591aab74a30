"""The connections to Redis: a bounded pool, and an answer in bounded time whatever Redis does.

One time-out covers all of an operation: the wait for a free connection, the connecting, and a
server that accepts and never answers. Nothing is tried twice: a command that changes something may
have been carried out though its answer was lost.
"""

import asyncio
import logging
from collections.abc import Awaitable
from typing import Any

from redis.asyncio import Redis
from redis.commands.core import AsyncScript
from redis.exceptions import RedisError

from sessionlab.nodes.errors import Unavailable
from sessionlab.nodes.stores.redis_failures import unavailable
from sessionlab.nodes.stores.redis_url import pool_of

_log = logging.getLogger("nodes")


class RedisStore:
    """The pool of connections, each use of it bounded in time, each failure an `Unavailable`."""

    def __init__(self, url: str, timeout: float, connections: int) -> None:
        """Raises `OptionError` for a URL that is none."""
        self._timeout = timeout
        self._failure: str | None = None
        pool = pool_of(url, timeout=timeout, connections=connections)
        self.client = Redis.from_pool(pool)

    def script(self, lua: str) -> AsyncScript:
        return self.client.register_script(lua)

    async def run(self, script: AsyncScript, keys: list[str], *args: str | int) -> Any:
        """What the script returned. Raises `Unavailable`."""
        return await self._bounded(script(keys=keys, args=list(args)))

    async def fields(self, key: str) -> dict[bytes, bytes]:
        """All fields of a hash, none when it is gone. Raises `Unavailable`."""
        fields: dict[bytes, bytes] = await self._bounded(self.client.hgetall(key))
        return fields

    async def delete(self, key: str) -> bool:
        """Whether there was such a key. Raises `Unavailable`."""
        return bool(await self._bounded(self.client.delete(key)))

    async def _bounded(self, operation: Awaitable[Any]) -> Any:
        try:
            answer = await self._in_time(operation)
        except Unavailable as problem:
            self._note(problem.detail)
            raise
        self._note(None)
        return answer

    def _note(self, failure: str | None) -> None:
        """Log when the store goes and comes, not each request that finds it gone."""
        if failure != self._failure:
            _log.warning("%s", failure or "the session store answers again")
            self._failure = failure

    async def _in_time(self, operation: Awaitable[Any]) -> Any:
        try:
            async with asyncio.timeout(self._timeout):
                return await operation
        except (RedisError, OSError) as error:
            raise unavailable(error, self._timeout) from error
