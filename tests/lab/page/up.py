"""A lab that is up in this process, as `sessionlab up` has it, and one who asks it."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import aiohttp

from sessionlab.lab.description.cluster import Description, Service
from sessionlab.lab.events import Events
from sessionlab.lab.page.api.server import ANYWHERE, served
from sessionlab.lab.page.desk.desk import Desk
from sessionlab.lab.page.recording.recorder import USUAL
from tests.lab.conftest import NUMBER

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from rich.text import Text

    from sessionlab.lab.bench.place import Place
    from sessionlab.lab.cluster.cluster import Cluster
    from sessionlab.lab.fabrics.interface import Address
    from sessionlab.lab.fabrics.local.fabric import LocalFabric

TWO = Description((Service("app", 2),), watched=True)


@dataclass
class Up:
    desk: Desk
    place: Place
    http: aiohttp.ClientSession
    shown: list[Text]
    running: asyncio.Task[None]

    @property
    def cluster(self) -> Cluster:
        return self.desk.a.cluster

    async def ask(
        self, method: str, path: str, body: object = None, **headers: str
    ) -> tuple[int, dict[str, Any]]:
        """`status` and document of the answer; headers are named with `_` for `-`."""
        sent = {"Authorization": f"Bearer {self.place.token}", "Content-Type": "application/json"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        url = f"{self.place.url}{path}"
        async with self.http.request(
            method, url, data=data if method in ("POST", "PUT") else None, headers=sent
        ) as got:
            said = await got.json(content_type=None) if got.status != 204 else {}
            if got.status >= 300:
                assert got.content_type == "application/problem+json"
                assert said["status"] == got.status
            return got.status, said

    async def answered(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        """The document of an answer that is a good one."""
        status, said = await self.ask(method, path, body)
        assert status < 300, said
        return said


@asynccontextmanager
async def up(
    fabric: LocalFabric,
    description: Description = TWO,
    listen: Address = ANYWHERE,
    recordings: Path = USUAL,
) -> AsyncIterator[Up]:
    shown: list[Text] = []
    async with (
        Desk(
            *(description, fabric, Events()),
            show=shown.append,
            label=f"cluster-{next(NUMBER)}",
            recordings=recordings,
        ) as desk,
        aiohttp.ClientSession() as http,
        served(desk, listen) as place,
    ):
        running = asyncio.create_task(desk.run())
        yield Up(desk, place, http, shown, running)
        desk.leave()
        await asyncio.wait([running])
