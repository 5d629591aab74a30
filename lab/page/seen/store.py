"""What Redis holds: some of its keys with what they mean, and whether it takes any more.

The names of our own keys are digests, which let nobody in. Those of somebody's app may be
credentials, so whatever is long in them is cut. In a Redis that is not the lab's, ours are looked
at only.
"""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Any

from sessionlab.lab.page.model.state import Key, Store

if TYPE_CHECKING:
    from redis.asyncio import Redis as RedisClient

GLANCE = 0.7  # seconds that Redis gets to answer
MOST_KEYS, AT_ONCE, ROUNDS = 50, 200, 5
PREFIX = "sessionlab:session:"  # of sessionlab.nodes.strategies.redis
OURS = "sessionlab:*"
_LONG = re.compile(r"[\w+/=-]{16,}")
_SHORT = 6
_FULL, _REPLICA = "it is full: it refuses what would take more", "it is a replica: it is read only"


async def store(client: RedisClient, *, is_ours: bool) -> Store:
    """Raises RedisError, OSError (a time-out is one)."""
    async with asyncio.timeout(GLANCE):
        info: dict[str, Any] = await client.info()
        names, is_whole = await _names(client, "*" if is_ours else OURS)
        shown = sorted(names)[:MOST_KEYS]
        async with client.pipeline(transaction=False) as pipeline:
            for name in shown:
                pipeline.type(name)
                pipeline.pttl(name)
                if name.startswith(PREFIX.encode()):
                    pipeline.hmget(name, "user", "items")
            said = iter(await pipeline.execute())
        keys = [_key(name, said) for name in shown]
        total = len(names) if is_whole or not is_ours else await client.dbsize()
    return Store(keys, total, says=_state(info))


async def _names(client: RedisClient, pattern: str) -> tuple[set[Any], bool]:
    """Some names, and whether they are all: a Redis of millions is not walked through."""
    found: set[Any] = set()
    cursor = 0
    for _ in range(ROUNDS):
        cursor, names = await client.scan(cursor, match=pattern, count=AT_ONCE)
        found.update(names)
        if not cursor:
            break
    return found, not cursor


def _key(name: bytes, said: Any) -> Key:
    kind, left = next(said).decode(), next(said)
    says = f"a {kind}"
    if name.startswith(PREFIX.encode()):
        user, items = next(said)
        count = int(items or 0)
        things = f"{count} item{'s' * (count != 1)} in the cart"
        says = f"the session of {user.decode(errors='replace')}, {things}" if user else "it ended"
    return Key(short(name.decode(errors="replace")), kind, left / 1000 if left >= 0 else None, says)


def short(name: str) -> str:
    """Without what could be somebody's credential."""
    return _LONG.sub(lambda found: f"{found[0][:_SHORT]}…", name)


def _state(info: dict[str, Any]) -> str:
    most = int(info.get("maxmemory") or 0)
    is_full = most and int(info.get("used_memory") or 0) >= most
    if is_full and info.get("maxmemory_policy") == "noeviction":
        return _FULL
    return _REPLICA if info.get("role") == "slave" else ""
