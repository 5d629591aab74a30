"""Our own balancer: started by its command line, asked through its admin API."""

from __future__ import annotations

import json
import secrets
import signal
from functools import partial
from typing import TYPE_CHECKING, Any

from sessionlab.lab.balancers.interface import PART, Backend, asking
from sessionlab.lab.balancers.plan import CONNECT_SECONDS
from sessionlab.lab.balancers.started import Started
from sessionlab.lab.errors import StepError
from sessionlab.lab.fabrics.interface import Part, Sandbox

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import aiohttp

    from sessionlab.lab.description.cluster import Description

FILE = "balancer.toml"
RELOADED = "configuration reloaded"  # what it logs


class Builtin(Started):
    """One `python -m sessionlab.balancer`, with a public and an admin address on its sandbox."""

    def __init__(
        self, description: Description, sandbox: Sandbox, http: aiohttp.ClientSession
    ) -> None:
        super().__init__(description, sandbox, http)
        self._secret = secrets.token_urlsafe(32)

    def part(self, backends: Sequence[Backend]) -> Part:
        description = self._description
        arguments = [
            *("--config", self._write(backends)),
            *("--listen", str(self.address)),
            *("--admin", str(self.admin)),
            *("--algorithm", description.algorithm),
            *("--affinity", description.affinity),
            *("--health-interval", _interval(len(backends))),
            *("--connect-timeout", str(CONNECT_SECONDS)),
            *("--eject-time", "0.5"),  # a node that is there again takes part again
            *_check(description.checked_path),
            "--explain",  # so that a history says what became of each pin, and why
        ]
        if description.watched:
            arguments += ["--access-log", "json"]
        if len(description.services) > 1:
            for service in description.services:
                arguments += ["--route", f"/{service.name}={service.name},strip"]
        if self.edge:
            arguments += ["--tls-cert", self.edge.chain, "--tls-key", self.edge.key]
            arguments += ["--cookie-secure"]
        for name, value in description.balancer_options.items():
            arguments += [f"--{name}", value]
        return Part(
            PART, "sessionlab.balancer", arguments, {"BALANCER_COOKIE_SECRET": self._secret}
        )

    async def ready(self) -> bool:
        try:
            await self.states()
        except StepError:
            return False
        return True

    async def states(self) -> dict[str, str]:
        return {row["name"]: row["state"] for row in await self._rows()}

    async def add(self, backend: Backend) -> None:
        body = {"service": backend.service, "name": backend.name, "address": str(backend.address)}
        await self._tell("POST", "", body)
        self._write([*self._backends, backend])

    async def drain(self, backend: Backend, limit: float) -> None:
        await self._tell("PATCH", _path(backend), {"state": "drain", "limit": limit})

    async def pins(self) -> Mapping[str, int]:
        """Of those without one, the requests under way: a login is about to be a pin."""
        return {row["name"]: row["pins"] or row["active"] for row in await self._rows()}

    async def remove(self, backend: Backend) -> None:
        await self._tell("DELETE", _path(backend))
        self._write([one for one in self._backends if one != backend])

    async def reload(self) -> None:
        tell = partial(self._sandbox.signal, PART, signal.SIGHUP)
        await self._until_logged(RELOADED, "the balancer to reload", tell)

    def _write(self, backends: Sequence[Backend]) -> str:
        """Keep the file true to what was changed at runtime, so that a reload undoes none of it."""
        self._backends = list(backends)
        listed = [f"{one.service}/{one.name}={one.address}" for one in backends]
        return self._sandbox.write(FILE, f"backend = {json.dumps(listed)}\n")

    async def _rows(self) -> list[dict[str, Any]]:
        with asking():
            got = await self._http.get(f"{self.admin.url}/backends")
            found: list[dict[str, Any]] = (await got.json())["backends"]
        return found

    async def _tell(self, method: str, path: str, body: object = None) -> None:
        url = f"{self.admin.url}/backends{path}"
        with asking():
            got = await self._http.request(method, url, json=body)
            said = await got.text()
        if not got.ok:
            raise StepError(f"the balancer refused {method} {path}: {said}")


def _path(backend: Backend) -> str:
    return f"/{backend.service}/{backend.name}"


def _check(path: str | None) -> tuple[str, ...]:
    return ("--health-probe", "tcp") if path is None else ("--health-path", path)


def _interval(backends: int) -> str:
    """Seconds between two checks of a backend: brisk, yet at most 200 checks a second in all."""
    return f"{max(0.1, backends / 200):.2f}"
