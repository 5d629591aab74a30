"""Copies of an app that is not ours, started as its recipe says.

A copy keeps its folder and its secret when it is killed and started again, as a process of the same
machine does; one that a deploy puts in its place has new ones, as a new machine would.
"""

from __future__ import annotations

import asyncio
import re
import secrets
import shlex
import time
from typing import TYPE_CHECKING, Any

import aiohttp

from sessionlab.lab.errors import StartError
from sessionlab.lab.fabrics.interface import Part
from sessionlab.lab.fabrics.local.listening import listening
from sessionlab.lab.recipes.environment import from_environment

if TYPE_CHECKING:
    from sessionlab.lab.cluster.node import Node
    from sessionlab.lab.cluster.programs.interface import Surroundings
    from sessionlab.lab.cluster.redis import Redis
    from sessionlab.lab.fabrics.interface import Sandbox
    from sessionlab.lab.recipes.chosen import Chosen

BEFORE = "before"  # the part that does what has to be done before the first copy
SHARED = "shared"
ELSEWHERE_SECONDS = 20.0  # a copy that listens by then, and not where it should, is given up
SURELY_ELSEWHERE_SECONDS = 2.0  # where nothing has told it its port
GOOD = range(200, 400)
IN_USE = ("address already in use", "eaddrinuse")
CONNECT_SECONDS = 2.0
SHORTEST = 6  # characters of a value that is told from the words of a log


class Copies:
    """The copies of one cluster."""

    def __init__(self, chosen: Chosen) -> None:
        self.stop = chosen.app.stop
        self._chosen = chosen
        self._secret = secrets.token_hex(16)
        self._secrets: dict[str, str] = {}
        self._births: dict[str, int] = {}
        self._started: dict[str, tuple[float, int]] = {}
        self._seen: dict[str, str] = {}
        self._hidden: set[str] = set()

    def before(self, first: Node, around: Surroundings) -> Part | None:
        words = self._chosen.app.before
        return self._part(BEFORE, words, first, around) if words else None

    def part(self, node: Node, around: Surroundings) -> Part:
        printed = len(around.sandbox.log(node.name))  # in an earlier life
        self._started[node.name] = (time.monotonic(), printed)
        self._seen.pop(node.name, None)
        return self._part(node.name, self._chosen.app.run, node, around)

    async def ready(self, node: Node, around: Surroundings) -> bool:
        """Raises StartError for one that has listened somewhere else for a while."""
        began, printed = self._started[node.name]
        ready = self._chosen.app.ready
        if not isinstance(ready, str):
            log = around.sandbox.log(node.name)[printed:]
            found = re.search(self._filled(ready.log, node, around), log, re.MULTILINE) is not None
        elif ready == "tcp":
            found = await _connects(node)
        else:
            found = await self._answers(self._filled(ready, node, around), node, around.http)
        if not found and time.monotonic() - began > self._patience:
            addresses = listening(around.sandbox.processes(node.name))
            if addresses and all(one.port != node.address.port for one in addresses):
                raise StartError(f"{node.name} does not get ready")
        return found

    def trouble(self, node: Node, around: Surroundings) -> str:
        processes = around.sandbox.processes(node.name)
        if (seen := self._seen.get(node.name)) or not processes:
            return seen or ""
        addresses = listening(processes)
        there = f"it listens on {', '.join(sorted(map(str, addresses)))}"
        if not addresses:
            return f"nothing listens on {node.address}"
        if not any(address.port == node.address.port for address in addresses):
            return f"{there}, and not on {node.address}"
        is_log = not isinstance(self._chosen.app.ready, str)
        why = "has not printed what `ready` looks for" if is_log else "does not answer"
        return f"{there}, and {why}"

    def hint(self, node: Node, around: Surroundings) -> str:
        app = self._chosen.app
        if not self._names_port:
            return "neither `run` nor `env` says {port}, the one that this copy has to listen on"
        if any(said in around.sandbox.log(node.name).lower() for said in IN_USE):
            return "a copy has to listen on {port} and on no fixed one: each has its own"
        if around.sandbox.ended(node.name) == 0:
            return "a copy has to stay in the foreground; does this one make a daemon of itself?"
        command = shlex.join(app.run)
        return f"try it by hand, in {self._chosen.file.folder / app.dir}: {command}"

    def renew(self, node: Node) -> None:
        self._secrets.pop(node.name, None)
        self._births[node.name] = self._births.get(node.name, 1) + 1

    def given(self, sandbox: Sandbox, redis: Redis | None) -> dict[str, str]:
        given = {"secret": self._secret, "shared": sandbox.keep(SHARED)}
        return given | ({"redis": redis.url} if redis else {})

    def secrets(self) -> set[str]:
        """Those that were made for it, and what came from the lab's environment."""
        return self._hidden | {self._secret, *self._secrets.values()}

    def _part(self, name: str, words: list[str], node: Node, around: Surroundings) -> Part:
        app = self._chosen.app
        if around.sandbox.listen_host:
            self._chosen.want_image()
        program, *arguments = self._filled(words, node, around)
        folder = self._chosen.file.folder.resolve() / self._filled(app.dir, node, around)
        environment = self._filled(app.env, node, around)
        return Part(name, program, arguments, environment, str(folder), app.image)

    def _filled(self, value: Any, node: Node, around: Surroundings) -> Any:
        return self._chosen.filled(value, lambda name: self._value(name, node, around))

    def _value(self, name: str, node: Node, around: Surroundings) -> str | None:
        if (value := from_environment(name)) is not None:
            self._hidden |= {value} if len(value) >= SHORTEST else set()
            return value
        if name == "dir":
            birth = self._births.get(node.name, 1)
            return around.sandbox.keep(node.name if birth == 1 else f"{node.name}.{birth}")
        if name == "shared":
            return around.sandbox.keep(SHARED)
        if name == "copy.secret":
            return self._secrets.setdefault(node.name, secrets.token_hex(16))
        return {
            "host": around.sandbox.listen_host or node.address.host,
            "port": str(node.address.port),
            "name": node.name,
            "n": str(node.number),
            "secret": self._secret,
            "redis": around.redis_for(node) if around.redis else None,
            "public": around.public(node),
            "password": around.password,
        }.get(name)

    async def _answers(self, path: str, node: Node, http: aiohttp.ClientSession) -> bool:
        try:
            async with http.get(f"{node.url}{path}", allow_redirects=False) as got:
                status = got.status
        except (aiohttp.ClientError, OSError, TimeoutError):
            self._seen.pop(node.name, None)
            return False
        self._seen[node.name] = f"GET {path} is answered {status}, and 200 to 399 is ready"
        return status in GOOD

    @property
    def _names_port(self) -> bool:
        app = self._chosen.app
        return any("{port" in text for text in (*app.run, *app.env.values()))

    @property
    def _patience(self) -> float:
        """Seconds for a copy that listens elsewhere: a debugger may, before its own port."""
        return ELSEWHERE_SECONDS if self._names_port else SURELY_ELSEWHERE_SECONDS


async def _connects(node: Node) -> bool:
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            _, writer = await asyncio.open_connection(node.address.host, node.address.port)
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True
