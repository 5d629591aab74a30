"""A node served in the test's own process, on a real socket, and a client that hides nothing."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
from multidict import CIMultiDictProxy

from sessionlab.nodes.process.assembly import assemble
from sessionlab.nodes.process.listening import Address, bound_address, listen
from sessionlab.nodes.process.options import Options
from sessionlab.nodes.process.server import Server
from sessionlab.nodes.users.passwords import LEVELS
from sessionlab.nodes.web.node import Node

PASSWORD = "correct horse"
JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True, slots=True)
class Answer:
    """What a node answered."""

    status: int
    headers: CIMultiDictProxy[str]
    text: str

    @property
    def json(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.text)
        return document

    @property
    def code(self) -> str:
        """The problem's code, after a look at the whole document."""
        assert self.headers["Content-Type"].startswith("application/problem+json"), self
        document = self.json
        assert document["status"] == self.status
        assert document["type"] == "about:blank"
        assert document["title"]
        assert document["detail"]
        code = document["code"]
        assert isinstance(code, str)
        return code

    @property
    def cookie(self) -> str:
        """The value of the cookie that this answer sets."""
        pair, _, _ = self.headers["Set-Cookie"].partition(";")
        return pair.partition("=")[2]


@dataclass(frozen=True, slots=True)
class Client:
    """Sends what it is told, and keeps no cookies."""

    url: str
    http: aiohttp.ClientSession

    async def get(self, path: str, headers: Mapping[str, str] | None = None) -> Answer:
        return await self.send("GET", path, headers=headers)

    async def post(
        self, path: str, document: object = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        body = None if document is None else json.dumps(document).encode()
        return await self.send("POST", path, headers={**JSON, **(headers or {})}, body=body)

    async def login(
        self,
        user: str = "alice",
        password: str = PASSWORD,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        return await self.post("/login", {"username": user, "password": password}, headers)

    async def send(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> Answer:
        async with self.http.request(method, self.url + path, headers=headers, data=body) as found:
            return Answer(found.status, found.headers, await found.text())


@dataclass(frozen=True, slots=True)
class Running:
    """A node being served."""

    node: Node
    server: Server
    address: Address
    client: Client


@asynccontextmanager
async def running(**wanted: Any) -> AsyncIterator[Running]:
    """A node with these options, on a free port."""
    defaults: dict[str, Any] = {
        "listen": Address("127.0.0.1", 0),
        "user_password": PASSWORD,
        "hash_cost": LEVELS["low"],
        "users": 10,
    }
    options = Options(**{**defaults, **wanted})
    listener = listen(options.listen)
    address = bound_address(listener)
    try:
        node = assemble(options)
    except BaseException:
        listener.close()
        raise
    server = Server(node, listener, access_log=options.access_log)
    await server.start()
    try:
        async with client_of(f"http://{address}") as client:
            yield Running(node, server, address, client)
    finally:
        await server.stop()


@asynccontextmanager
async def client_of(url: str) -> AsyncIterator[Client]:
    """A client of the node at that URL."""
    timeout = aiohttp.ClientTimeout(total=20)
    jar = aiohttp.DummyCookieJar()
    async with aiohttp.ClientSession(cookie_jar=jar, timeout=timeout) as http:
        yield Client(url, http)


def cookie(value: str, name: str = "sid") -> dict[str, str]:
    return {"Cookie": f"{name}={value}"}


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}
