"""Our balancer: a configuration file, the admin API, SIGHUP."""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING, Any

from tests.balancer.cases.interface import Ground, Setup
from tests.balancer.cases.process import Process
from tests.balancer.rawhttp import Backend, connect

if TYPE_CHECKING:
    from sessionlab.lab.fabrics.interface import Sandbox

_SECRET = {"BALANCER_COOKIE_SECRET": "keeps pins over a restart"}
_APP = ("prefix", "rewrite", "passive")
"""HAProxy's ways to tie a client by the app's own cookie. Ours is `learn`: nothing is rewritten."""


class Ours:
    """One `python -m balancer`."""

    name = "ours"

    def __init__(self, sandbox: Sandbox, ground: Ground) -> None:
        self._ground = ground
        self._process = Process(sandbox)
        self._setup = Setup()

    async def start(self, setup: Setup) -> None:
        path = self._configure(setup)
        await self._process.start("sessionlab.balancer", ["--config", path], _SECRET)
        await self._up()

    async def reload(self, setup: Setup) -> None:
        before = self._process.said("configuration reloaded")
        self._configure(setup)
        await self._process.signal(signal.SIGHUP)

        async def done() -> bool:
            return self._process.said("configuration reloaded") > before

        await self._process.until(done, "the reload")
        await self._up()

    async def restart(self) -> None:
        await self._process.restart()
        await self._up()

    async def drain(self, name: str, limit: int = 0) -> None:
        await self._change(name, {"state": "drain", "limit": limit})

    async def maintain(self, name: str) -> None:
        await self._change(name, {"state": "maintenance"})

    async def resume(self, name: str) -> None:
        await self._change(name, {"state": "up"})

    async def weigh(self, name: str, weight: int) -> None:
        await self._change(name, {"weight": weight})

    async def sees(self, name: str, *, up: bool) -> None:
        async def so() -> bool:
            return {b["healthy"] for b in await self._backends() if b["name"] == name} == {up}

        await self._process.until(so, f"{name} to be found {'up' if up else 'down'}")

    async def sees_unready(self, name: str, backend: Backend) -> None:
        backend.ready = False

        async def so() -> bool:
            return {b["state"] for b in await self._backends() if b["name"] == name} == {"drain"}

        await self._process.until(so, f"{name} to be drained")

    async def verdict(self, request_id: str) -> str:
        line = await self._process.logged(request_id)
        verdict: str = json.loads(line)["affinity"]
        return verdict

    # --- how ---------------------------------------------------------------------------------

    async def _change(self, name: str, body: dict[str, Any]) -> None:
        for service in self._setup.all_services():
            await self._call("PATCH", f"/backends/{service}/{name}", body)

    async def _backends(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = (await self._call("GET", "/backends"))["backends"]
        return rows

    async def _up(self) -> None:
        wanted = len(self._setup.backends) * len(self._setup.all_services())

        async def so() -> bool:
            try:
                rows = await self._backends()
            except OSError:
                return False
            return len(rows) == wanted and all(row["healthy"] for row in rows)

        await self._process.until(so, "all backends to be up")

    async def _call(self, method: str, path: str, body: object = None) -> Any:
        raw = json.dumps(body).encode() if body is not None else b""
        head = f"{method} {path} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
        head += f"Content-Length: {len(raw)}\r\n\r\n"
        async with connect(str(self._ground.admin)) as client:
            answer = await client.ask(head.encode() + raw)
        assert answer.status < 300, answer.body
        return json.loads(answer.body)

    def _configure(self, setup: Setup) -> str:
        self._setup = setup
        services = setup.all_services()
        cookie = setup.cookie
        options = {
            "listen": str(self._ground.public),
            "admin": str(self._ground.admin),
            "access-log": "json",
            "backend": [
                f"{service}/{name}={setup.at(self._ground, name)},weight={weight}"
                for service in services
                for name, weight in setup.backends.items()
            ],
            "algorithm": setup.algorithm,
            "on-pin-lost": setup.pin_lost,
            "cookie-name": cookie.name,
            "cookie-path": cookie.path,
            "cookie-domain": cookie.domain,
            "cookie-secure": cookie.secure,
            "cookie-same-site": cookie.same_site,
            "cookie-max-idle": cookie.max_idle,
            "cookie-max-life": cookie.max_life,
            "cookie-permanent": cookie.permanent,
            "table-idle": setup.table_idle,
            "max-active": setup.most_active,
            "max-queue": setup.most_waiting,
            "workers": setup.workers,
            "health-interval": 0.05 if setup.checks else 0,
            "rise": 1,
            "fall": 1,
            "tls-cert": setup.tls,
        }
        if setup.services:
            options["route"] = [f"/{service}={service}" for service in services]
        lines = [f"{key} = {_toml(value)}" for key, value in options.items()]
        for service, affinity in services.items():
            lines += [f"[service.{service}]", f"affinity = {_toml(_known(affinity))}"]
        return self._process.sandbox.write("balancer.toml", "\n".join(lines) + "\n")


def _known(affinity: str) -> str:
    kind, _, argument = affinity.partition(":")
    return f"learn:{argument}" if kind in _APP else affinity


def _toml(value: object) -> str:
    return json.dumps(value)  # strings, numbers, booleans and lists look the same there
