"""Sessions in a shared Redis: every node knows every session, and none does when it is gone.

A session is one hash, `sessionlab:session:<SHA-256 of the id>`, with `user`, `expires` (the
absolute end, milliseconds of Redis's own clock, so nodes whose clocks differ agree), `items` (a
count) and `item:1` … `item:N`. One key has one TTL and one DEL. Each item is a field of its own, so
two requests at once never overwrite each other, and every change first looks whether the session is
still there: a request in flight does not revive a session that was logged out.

Each operation is one round trip, a script where it takes more than one command.
"""

from dataclasses import dataclass
from typing import ClassVar

from sessionlab.nodes.errors import Reason, Refused
from sessionlab.nodes.stores.redis import RedisStore
from sessionlab.nodes.stores.sessions import fingerprint, is_well_formed, new_id
from sessionlab.nodes.strategies.interface import (
    MAX_ITEMS,
    Added,
    Grant,
    Setting,
    Strategy,
    cart_full,
)
from sessionlab.nodes.strategies.logout_when_down import LogoutWhenDown
from sessionlab.nodes.strategies.read_modify_write import with_carts
from sessionlab.nodes.transports.cookie import CookieTransport
from sessionlab.nodes.transports.interface import Transport

PREFIX = "sessionlab:session:"

_NOW = """
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
"""

# KEYS: the new session, and the presented one if any. ARGV: user, idle, absolute (both ms).
_CREATE = (
    _NOW
    + """
redis.call('HSET', KEYS[1], 'user', ARGV[1], 'expires', now + ARGV[3])
redis.call('PEXPIRE', KEYS[1], math.min(tonumber(ARGV[2]), tonumber(ARGV[3])))
if KEYS[2] then redis.call('DEL', KEYS[2]) end
return 1
"""
)

# KEYS: the session. ARGV: idle, the least time between two touches (both ms).
# A read that always wrote would double the writes of the store and of every replica behind it
# (mozilla/fxa-auth-server#1044), so the TTL is renewed at most once in that least time. And it is
# all that a read writes: a Redis that is full refuses HSET, never PEXPIRE.
_USE = (
    _NOW
    + """
local s = redis.call('HMGET', KEYS[1], 'user', 'expires')
if not s[1] then return false end
local left = tonumber(s[2]) - now
if left <= 0 then
  redis.call('DEL', KEYS[1])
  return false
end
local ttl = math.min(tonumber(ARGV[1]), left)
if ttl - redis.call('PTTL', KEYS[1]) >= tonumber(ARGV[2]) then
  redis.call('PEXPIRE', KEYS[1], ttl)
end
return s[1]
"""
)

# KEYS: the session. ARGV: the item, the most items. The answer: 0 gone, 1 full, else the hash.
_ADD = """
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
local n = tonumber(redis.call('HGET', KEYS[1], 'items') or '0')
if n >= tonumber(ARGV[2]) then return 1 end
redis.call('HSET', KEYS[1], 'items', n + 1, 'item:' .. (n + 1), ARGV[1])
return redis.call('HGETALL', KEYS[1])
"""

# KEYS: the session. ARGV: all items. The answer: 0 gone, 1 written.
_REPLACE = """
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('HSET', KEYS[1], 'items', #ARGV)
for n, item in ipairs(ARGV) do redis.call('HSET', KEYS[1], 'item:' .. n, item) end
return 1
"""

_TOUCH_EVERY = 1.0
"""Seconds. An idle time-out is early by this much at most."""


@dataclass(frozen=True, slots=True)
class RedisSession:
    """A session whose data stays in Redis; `key` is where."""

    user: str
    key: str
    strategy: "RedisStrategy"

    async def items(self) -> list[str]:
        fields = await self.strategy.store.fields(self.key)
        if not fields:
            raise Refused(Reason.SESSION_UNKNOWN)
        return _items(fields)

    async def add(self, item: str) -> Added:
        answer = await self.strategy.store.run(self.strategy.add, [self.key], item, MAX_ITEMS)
        if answer == 0:
            raise Refused(Reason.SESSION_UNKNOWN)
        if answer == 1:
            raise cart_full()
        return Added(_items(dict(zip(answer[::2], answer[1::2], strict=True))))

    async def replace(self, items: list[str]) -> None:
        if not await self.strategy.store.run(self.strategy.replace, [self.key], *items):
            raise Refused(Reason.SESSION_UNKNOWN)


class RedisStrategy:
    """Strategy `redis`."""

    name: ClassVar[str] = "redis"

    def __init__(
        self, store: RedisStore, transport: Transport, idle: float, absolute: float
    ) -> None:
        self.store = store
        self.transport = transport
        self._idle = _milliseconds(idle)
        self._absolute = _milliseconds(absolute)
        self._touch = _milliseconds(min(_TOUCH_EVERY, idle / 10))
        self._create = store.script(_CREATE)
        self._use = store.script(_USE)
        self.add = store.script(_ADD)
        self.replace = store.script(_REPLACE)

    async def login(self, user: str, presented: str | None) -> Grant:
        session_id = new_id()
        keys = [_key(session_id)]
        if presented is not None and is_well_formed(presented):
            keys.append(_key(presented))
        await self.store.run(self._create, keys, user, self._idle, self._absolute)
        return Grant(session_id, self._absolute // 1000)

    async def open(self, credential: str) -> RedisSession:
        if not is_well_formed(credential):
            raise Refused(Reason.MALFORMED)
        key = _key(credential)
        user = await self.store.run(self._use, [key], self._idle, self._touch)
        if user is None:
            raise Refused(Reason.SESSION_UNKNOWN)
        return RedisSession(user.decode(), key, self)

    async def logout(self, credential: str) -> bool:
        return is_well_formed(credential) and await self.store.delete(_key(credential))

    async def close(self) -> None:
        await self.store.client.aclose()


def make(setting: Setting) -> Strategy:
    """`--strategy redis`, as the options want it."""
    options = setting.options
    store = RedisStore(options.redis_url, options.redis_timeout, options.redis_pool)
    transport = CookieTransport(options.cookie_name)
    redis = RedisStrategy(store, transport, options.idle, options.absolute)
    strategy = with_carts(redis, options.cart_writes)
    return LogoutWhenDown(strategy) if options.on_store_down == "logout" else strategy


def _key(session_id: str) -> str:
    return PREFIX + fingerprint(session_id)


def _milliseconds(seconds: float) -> int:
    return max(1, round(seconds * 1000))


def _items(fields: dict[bytes, bytes]) -> list[str]:
    count = int(fields.get(b"items", b"0"))
    return [fields[b"item:%d" % number].decode() for number in range(1, count + 1)]
