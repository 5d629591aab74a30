"""HAProxy: a configuration file, its admin socket, and a master that is told to reload."""

from __future__ import annotations

import asyncio
import contextlib
import time
from pathlib import Path
from typing import TYPE_CHECKING

from sessionlab.lab.fabrics.local.programs import executable
from tests.balancer.cases.interface import Ground, Setup, Unsupported
from tests.balancer.cases.process import Process

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sessionlab.lab.fabrics.interface import Sandbox
    from tests.balancer.rawhttp import Backend

_ALGORITHMS = {
    "round-robin": "roundrobin",
    "least-connections": "leastconn",
    "random": "random(1)",
    "two-choices": "random(2)",
    "consistent-hash": "source\n    hash-type consistent",
}
_TABLES = ("source", "learn", "header")
_RESYNC_S = 5.6
"""A process hands its tables over only once it has given up asking one before it (5 s, fixed)."""


class HAProxy:
    """A master and one worker, which a reload replaces."""

    name = "haproxy"

    def __init__(self, sandbox: Sandbox, ground: Ground) -> None:
        self._ground = ground
        self._process = Process(sandbox)
        self._setup = Setup()
        self._master = f"{ground.room}/master.sock"
        self._started = 0.0
        self._asked = False

    async def start(self, setup: Setup) -> None:
        path = self._configure(setup)
        program = executable("haproxy")
        assert program is not None
        await self._process.start(program, ["-W", "-S", self._master, "-L", "lab", "-f", path])
        await self._up()

    async def reload(self, setup: Setup) -> None:
        keeps = any(_kind(a) in _TABLES for a in setup.all_services().values())
        if keeps:
            await asyncio.sleep(self._started + _RESYNC_S - time.monotonic())
        sign = "Former worker" if keeps else "Proxy public stopped"
        before = self._process.said(sign)
        if self._asked:  # that is in memory only, unless it is saved; addresses are saved with it
            self._process.sandbox.write("state", await self._say("show servers state"))
        self._configure(setup)
        # A signal would be lost on a master that has only just started; what answers has started.
        await self._process.until(self._master_answers, "its master")
        with contextlib.suppress(ConnectionResetError):
            await self._tell("reload", self._master)

        async def done() -> bool:
            return self._process.said(sign) > before

        await self._process.until(done, "the reload")
        await self._up()

    async def restart(self) -> None:
        self._process.sandbox.write("state", "")
        await self._process.restart()
        await self._up()

    async def drain(self, name: str, limit: int = 0) -> None:
        if limit:
            raise Unsupported("a drain ends when it is told to, and not by itself")
        await self._set(name, "state drain")

    async def maintain(self, name: str) -> None:
        await self._set(name, "state maint")

    async def resume(self, name: str) -> None:
        await self._set(name, "state ready")

    async def weigh(self, name: str, weight: int) -> None:
        await self._set(name, f"weight {weight}")

    async def sees(self, name: str, *, up: bool) -> None:
        async def so() -> bool:
            return {
                status.startswith("UP") for n, status in await self._servers() if n == name
            } == {up}

        await self._process.until(so, f"{name} to be found {'up' if up else 'down'}")

    async def sees_unready(self, name: str, backend: Backend) -> None:
        backend.ready, backend.unready = False, b"404 Not Found"

        async def so() -> bool:
            return {status[:4] for n, status in await self._servers() if n == name} == {"NOLB"}

        await self._process.until(so, f"{name} to be drained")

    async def verdict(self, request_id: str) -> str:
        line = await self._process.logged(f"id={request_id} ")
        return line.rpartition("cookie=")[2].strip()[-2:]

    # --- how ---------------------------------------------------------------------------------

    async def _set(self, name: str, what: str) -> None:
        self._asked = True
        for service in self._setup.all_services():
            assert not (await self._say(f"set server {service}/{name} {what}")).strip()

    async def _say(self, command: str) -> str:
        return await self._tell(command, f"{self._ground.room}/admin.sock")

    async def _master_answers(self) -> bool:
        try:
            return "master" in await self._tell("show proc", self._master)
        except OSError:
            return False

    async def _tell(self, command: str, path: str) -> str:
        reader, writer = await asyncio.open_unix_connection(path)
        writer.write(f"{command}\n".encode())
        writer.write_eof()  # the master's socket would wait for more
        answer = (await reader.read()).decode()
        writer.close()
        return answer

    async def _servers(self) -> list[tuple[str, str]]:
        """Name and status of each server; one that is not yet checked has none."""
        rows = [row.split(",") for row in (await self._say("show stat")).splitlines() if row]
        columns = {name: i for i, name in enumerate(rows[0])}
        status, checked = columns["status"], columns["check_status"]
        return [
            (row[1], "" if self._setup.checks and row[checked] in {"", "INI"} else row[status])
            for row in rows[1:]
            if row[0] in self._setup.all_services() and row[1] not in {"BACKEND", "FRONTEND"}
        ]

    async def _up(self) -> None:
        wanted = len(self._setup.backends) * len(self._setup.all_services())

        async def so() -> bool:
            try:
                servers = await self._servers()
            except OSError:
                return False
            return len(servers) == wanted and all(status for _, status in servers)

        await self._process.until(so, "all backends to be checked")
        self._started = time.monotonic()

    def _configure(self, setup: Setup) -> str:
        text = "\n".join([*_head(setup, self._ground), *_services(setup, self._ground)]) + "\n"
        self._setup = setup
        if not Path(self._ground.room, "state").exists():
            self._process.sandbox.write("state", "")
        return self._process.sandbox.write("haproxy.cfg", text)


def _kind(affinity: str) -> str:
    return affinity.partition(":")[0]


def _head(setup: Setup, ground: Ground) -> Iterator[str]:
    yield f"global\n    nbthread {setup.workers}\n    maxconn 4000"
    yield f"    stats socket {ground.room}/admin.sock mode 600 level admin"
    yield f"    server-state-file {ground.room}/state\n    log stdout format raw local0"
    yield "defaults\n    mode http\n    log global\n    option httplog"
    yield "    timeout connect 2s\n    timeout client 20s\n    timeout server 20s"
    yield "    timeout check 5s"
    yield "    http-reuse always\n    load-server-state-from-file global"
    yield f"peers lab\n    peer lab {ground.peer}"
    yield f"frontend public\n    bind {ground.public}" + (
        f" ssl crt {setup.tls}" if setup.tls else ""
    )
    yield '    log-format "id=%[capture.req.hdr(0)] cookie=%tsc"'
    yield "    http-request capture req.hdr(X-Request-ID) len 64"
    for service in setup.services:
        yield f"    use_backend {service} if {{ path_beg /{service} }}"
    if not setup.services:
        yield "    default_backend app"


def _services(setup: Setup, ground: Ground) -> Iterator[str]:
    if setup.algorithm not in _ALGORITHMS:
        raise Unsupported(f"no algorithm {setup.algorithm}")
    for service, affinity in setup.all_services().items():
        yield f"backend {service}\n    balance {_ALGORITHMS[setup.algorithm]}"
        # A dead server's request goes to another, unless its pin is to be kept at any price.
        if setup.pin_lost == "redispatch":
            yield f"    retries {max(1, len(setup.backends) - 1)}\n    option redispatch 1"
            yield "    retry-on conn-failure empty-response"
            yield "    http-request disable-l7-retry if METH_POST"
        else:
            yield "    retries 1\n    option persist"
        yield from (f"    {line}" for line in _affinity(setup, service, affinity))
        if setup.checks:
            yield "    option httpchk GET /readyz\n    http-check disable-on-404"
            yield "    default-server check inter 50ms rise 1 fall 1"
        if setup.most_active:
            waiting = f" maxqueue {setup.most_waiting}" if setup.most_waiting else ""
            yield f"    default-server maxconn {setup.most_active}{waiting}"
        for name, weight in setup.backends.items():
            cookie = f" cookie {name}" if _kind(affinity) in _COOKIES else ""
            yield f"    server {name} {setup.at(ground, name)} weight {weight}{cookie}"


_COOKIES = ("cookie", "prefix", "rewrite", "passive")


def _affinity(setup: Setup, service: str, affinity: str) -> Iterator[str]:
    kind, _, argument = affinity.partition(":")
    idle = f"expire {max(1, round(setup.table_idle * 1000))}ms peers lab"
    if kind == "cookie":
        yield f"cookie {_inserted(setup, service)}"
    elif kind in {"prefix", "rewrite"}:
        yield f"cookie {argument} {kind}"
    elif kind == "passive":
        yield f"cookie {argument}"
    elif kind == "learn":
        yield f"stick-table type string len 64 size 100k {idle}"
        yield f"stick store-response res.cook({argument})\n    stick match req.cook({argument})"
    elif kind == "header":
        yield f"stick-table type string len 64 size 100k {idle}\n    stick on req.hdr({argument})"
    elif kind == "source":
        yield f"stick-table type ip size 100k {idle}\n    stick on src"


def _inserted(setup: Setup, service: str) -> str:
    cookie = setup.cookie
    if cookie.path != "/":
        raise Unsupported("its cookie's path is always `/`")
    if cookie.permanent:
        raise Unsupported("it enforces `maxlife` itself, and browsers aren't told")
    name = f"{cookie.name}_{service}" if setup.services else cookie.name
    words = [name, "insert indirect nocache httponly"]
    words += ["secure"] if cookie.secure else []
    words += [f"domain {cookie.domain}"] if cookie.domain else []
    words += [f"maxidle {cookie.max_idle}"] if cookie.max_idle else []
    words += [f"maxlife {cookie.max_life}"] if cookie.max_life else []
    words += [f"attr SameSite={cookie.same_site}"] if cookie.same_site else []
    return " ".join(words)
