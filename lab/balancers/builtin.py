"""Our own balancer: started by its command line, asked through its admin API."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

import aiohttp

from lab.balancers.interface import PART, Backend
from lab.description import Description
from lab.errors import StepError
from lab.fabrics.interface import Part, Site


class Builtin:
    """One `python -m balancer`, with a public and an admin address on its site."""

    def __init__(self, description: Description, site: Site, http: aiohttp.ClientSession) -> None:
        self.address = site.place(PART, description.port)
        self.admin = site.place(PART)
        self._description = description
        self._http = http
        self._secret = secrets.token_urlsafe(32)

    def part(self, backends: Sequence[Backend]) -> Part:
        description = self._description
        arguments = [
            *("--listen", str(self.address)),
            *("--admin", str(self.admin)),
            *("--algorithm", description.algorithm),
            *("--affinity", description.affinity),
            *("--health-interval", _interval(len(backends))),
        ]
        for backend in backends:
            arguments += ["--backend", f"{backend.service}/{backend.name}={backend.address}"]
        if len(description.services) > 1:
            for service in description.services:
                arguments += ["--route", f"/{service.name}={service.name},strip"]
        return Part(PART, "balancer", arguments, {"BALANCER_COOKIE_SECRET": self._secret})

    async def ready(self) -> bool:
        try:
            await self.states()
        except (aiohttp.ClientError, OSError):
            return False
        return True

    async def states(self) -> dict[str, str]:
        async with self._http.get(f"{self.admin.url}/backends") as got:
            found = await got.json()
        return {backend["name"]: backend["state"] for backend in found["backends"]}

    async def add(self, backend: Backend) -> None:
        body = {"service": backend.service, "name": backend.name, "address": str(backend.address)}
        async with self._http.post(f"{self.admin.url}/backends", json=body) as got:
            if got.status != 201:  # noqa: PLR2004
                raise StepError(f"the balancer refused {backend.name}: {await got.text()}")


def _interval(backends: int) -> str:
    """Seconds between two checks of a backend: brisk, yet at most 200 checks a second in all."""
    return f"{max(0.1, backends / 200):.2f}"
