"""nginx as distributions have it: passive checks, a hash for affinity, and reloads."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

from sessionlab.lab.fabrics.local.programs import executable
from tests.balancer.cases.interface import Ground, Setup, Unsupported
from tests.balancer.cases.process import Process

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sessionlab.lab.fabrics.interface import Sandbox
    from tests.balancer.rawhttp import Backend

_STICKY = "`sticky` is in the open-source build since 1.29.6 only; here affinity is a hash"
_ALGORITHMS = {
    "round-robin": "",
    "least-connections": "least_conn;",
    "random": "random;",
    "two-choices": "random two;",
    "consistent-hash": "hash $remote_addr consistent;",
}
_LEAVING = "gracefully shutting down"


class Nginx:
    """A master and one worker, which a reload replaces."""

    name = "nginx"

    def __init__(self, sandbox: Sandbox, ground: Ground) -> None:
        self._ground = ground
        self._process = Process(sandbox)

    async def start(self, setup: Setup) -> None:
        path = self._configure(setup)
        program = executable("nginx")
        assert program is not None
        room = self._ground.room
        await self._process.start(program, ["-p", room, "-e", "stderr", "-c", path])

        async def started() -> bool:
            return self._process.said("start worker process ") > 0

        await self._process.until(started, "its worker")

    async def reload(self, setup: Setup) -> None:
        before = self._process.said(_LEAVING)
        self._configure(setup)
        await self._process.signal(signal.SIGHUP)

        async def done() -> bool:
            return self._process.said(_LEAVING) > before

        await self._process.until(done, "the reload")

    async def restart(self) -> None:
        await self._process.restart()

    async def drain(self, name: str, limit: int = 0) -> None:
        raise Unsupported("a server can drain since 1.29.6 only")

    async def maintain(self, name: str) -> None:
        raise Unsupported("the open-source build has no way to change a server while it runs")

    async def resume(self, name: str) -> None:
        raise Unsupported("the open-source build has no way to change a server while it runs")

    async def weigh(self, name: str, weight: int) -> None:
        raise Unsupported("the open-source build has no way to change a server while it runs")

    async def sees(self, name: str, *, up: bool) -> None:
        """It has no checks: the first request that fails will tell it."""

    async def sees_unready(self, name: str, backend: Backend) -> None:
        raise Unsupported("the open-source build has no active checks")

    async def verdict(self, request_id: str) -> str:
        raise Unsupported("it logs no verdict")

    def _configure(self, setup: Setup) -> str:
        if setup.pin_lost != "redispatch":
            raise Unsupported("a hash always has a next server")
        if setup.algorithm not in _ALGORITHMS:
            raise Unsupported(f"no algorithm {setup.algorithm}")
        lines = [*_head(self._ground), "http {", *_http(setup, self._ground), "}"]
        return self._process.sandbox.write("nginx.conf", "\n".join(lines) + "\n")


def _head(ground: Ground) -> Iterator[str]:
    yield "daemon off; worker_processes 1;"
    yield f"pid {ground.room}/nginx.pid; error_log stderr notice;"
    yield "events { worker_connections 1024; }"


def _http(setup: Setup, ground: Ground) -> Iterator[str]:
    yield "  access_log off;"
    for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"):
        yield f"  {kind}_temp_path {ground.room}/{kind};"
    yield '  proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering off;'
    yield "  proxy_connect_timeout 2s; proxy_read_timeout 20s; proxy_request_buffering off;"
    for service, affinity in setup.all_services().items():
        yield f"  upstream {service} {{ zone {service} 128k;"
        yield f"    {_affinity(affinity) or _ALGORITHMS[setup.algorithm]}"
        for name, weight in setup.backends.items():
            most = f" max_conns={setup.most_active}" if setup.most_active else ""
            yield f"    server {setup.at(ground, name)} weight={weight}{most} fail_timeout=1s;"
        yield "  }"
    yield f"  server {{ listen {ground.public}{' ssl' if setup.tls else ''};"
    if setup.tls:
        yield f"    ssl_certificate {setup.tls}; ssl_certificate_key {setup.tls};"
    for service in setup.services:
        yield f"    location /{service} {{ proxy_pass http://{service}; }}"
    if not setup.services:
        yield "    location / { proxy_pass http://app; }"
    yield "  }"


def _affinity(affinity: str) -> str:
    kind, _, argument = affinity.partition(":")
    if kind == "none":
        return ""
    if kind == "source":
        return "hash $remote_addr consistent;"
    if kind == "header":
        return f"hash $http_{argument.lower().replace('-', '_')} consistent;"
    raise Unsupported(_STICKY)
