"""The ground under one case: backends in this process, a balancer in one of its own."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from tests.balancer.cases.interface import Driver, Ground, Setup
from tests.balancer.rawhttp import Backend, Client, Message, connect, get
from tests.balancer.sockets.test_edge import certificate

if TYPE_CHECKING:
    from sessionlab.lab.fabrics.interface import Address, Sandbox

_IDS = count(1)


class Make(Protocol):
    def __call__(self, sandbox: Sandbox, ground: Ground) -> Driver: ...


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer, and the request as the backend that gave it received it."""

    message: Message
    received: Message | None
    request_id: str

    @property
    def status(self) -> int:
        return self.message.status

    @property
    def backend(self) -> str:
        """Who answered; "" for the balancer itself."""
        return (self.message.value("x-node") or b"").decode()

    @property
    def set_cookies(self) -> list[str]:
        return [line.decode() for line in self.message.values("set-cookie")]

    @property
    def pair(self) -> str:
        """The name and value of the only cookie that is set."""
        (line,) = self.set_cookies
        return line.partition(";")[0]

    @property
    def attributes(self) -> dict[str, str]:
        """The only cookie's attributes by their lower-case names."""
        (line,) = self.set_cookies
        parts = [part.strip().partition("=") for part in line.split(";")[1:]]
        return {name.lower(): value for name, _, value in parts}

    @property
    def cookie_seen(self) -> str:
        """The Cookie field that reached the backend."""
        assert self.received is not None
        return b"; ".join(self.received.values("cookie")).decode()


class Visitor:
    """A browser, as far as cookies go: it keeps one for each name and path (RFC 6265)."""

    def __init__(self, rig: Rig) -> None:
        self._rig = rig
        self._jar: dict[tuple[str, str], str] = {}

    async def ask(self, path: str) -> Answer:
        sent = [
            f"{name}={value}"
            for (name, at), value in self._jar.items()
            if path == at or path.startswith(at.rstrip("/") + "/")
        ]
        answer = await self._rig.ask(path, "; ".join(sent))
        for line in answer.set_cookies:
            pair, *attributes = [part.strip() for part in line.split(";")]
            name, _, value = pair.partition("=")
            at = next((a[5:] for a in attributes if a.lower().startswith("path=")), "/")
            self._jar[name, at] = value
        return answer


class Rig:
    """Backends that can be killed and a balancer in front of them; gone after the case."""

    def __init__(self, make: Make, sandbox: Sandbox) -> None:
        self._make = make
        self._sandbox = sandbox
        self._stack = AsyncExitStack()
        self._addresses: dict[str, Address] = {}
        self._secured = False
        self.go_on = asyncio.Event()
        """What `/stall` waits for after it has sent its head."""
        self.backends: dict[str, Backend] = {}
        self.setup = Setup()
        self.public: Address
        self.balancer: Driver

    # --- beginning and end -------------------------------------------------------------------

    async def start(self, setup: Setup | None = None) -> None:
        self.setup = setup or Setup()
        self._secured = bool(self.setup.tls)
        for name in ("n1", "n2", "n3", "n4", "n5", "n6", "n7", "n8", "n9"):
            self._addresses[name] = self._sandbox.place(name)
        for name in self.setup.backends:
            await self.revive(name)
        sandbox = self._sandbox
        public, admin, peer = (sandbox.place(what) for what in ("public", "admin", "peer"))
        self.public = public
        self.balancer = self._make(
            sandbox, Ground(public, admin, peer, sandbox.room, self._addresses)
        )
        await self.balancer.start(self.setup)

    async def close(self) -> None:
        self.go_on.set()
        await self._stack.aclose()
        await self._sandbox.close()
        for backend in self.backends.values():
            await backend.stop()

    def certificate(self) -> str:
        """A file with a key and a certificate that nobody has signed."""
        path = Path(self._sandbox.room, "edge.pem")
        certificate(path, "localhost")
        return str(path)

    # --- backends ----------------------------------------------------------------------------

    async def kill(self, name: str) -> None:
        """Its port refuses from now on; returns when the balancer knows, if it checks."""
        await self.backends[name].stop()
        if self.setup.checks:
            await self.balancer.sees(name, up=False)

    async def revive(self, name: str) -> None:
        """Start it, at its own address."""
        port = self._addresses[name].port
        self.backends[name] = Backend(name, self._app, port=port)
        await self.backends[name].start()

    async def back(self, name: str) -> None:
        """Start it again and wait until the balancer knows."""
        await self.revive(name)
        await self.balancer.sees(name, up=True)

    def requests(self, name: str) -> int:
        """How many requests it has received."""
        return len(self.backends[name].requests)

    async def _app(
        self,
        backend: Backend,
        request: Message,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        """`/?set=VALUE` sets the app's cookie `sid` (or `name=`), `at=NAME` at that backend only.

        `close` ends the connection; `/die` closes it without an answer.
        """
        target = request.line.split(b" ")[1].decode()
        path, _, query = target.partition("?")
        asked = dict(pair.partition("=")[::2] for pair in query.split("&") if pair)
        here = asked.get("at", backend.name) == backend.name
        lines = f"X-Node: {backend.name}\r\n"
        if "set" in asked and here:
            value = asked["set"].replace("MY-NAME", backend.name)
            lines += f"Set-Cookie: {asked.get('name', 'sid')}={value}; Path=/\r\n"
        status = asked["status"] + " x" if "status" in asked and here else "200 OK"
        if "close" in asked:
            lines += "Connection: close\r\n"
        if path.endswith("/die") and here:
            writer.close()
            return
        writer.write(f"HTTP/1.1 {status}\r\n{lines}Content-Length: 2\r\n\r\n".encode())
        if path.endswith("/stall") and here:
            await self.go_on.wait()
        writer.write(b"ok")
        if "close" in asked:
            writer.close()

    # --- clients -----------------------------------------------------------------------------

    async def ask(
        self, path: str = "/", cookie: str = "", *lines: str, method: str = "GET"
    ) -> Answer:
        """One request on a connection of its own."""
        async with connect(str(self.public), secured=self._secured) as client:
            return await self.ask_on(client, path, cookie, *lines, method=method)

    async def ask_on(
        self, client: Client, path: str = "/", cookie: str = "", *lines: str, method: str = "GET"
    ) -> Answer:
        request_id = f"request-{next(_IDS)}"
        fields = [f"X-Request-ID: {request_id}", *lines]
        fields += [f"Cookie: {cookie}"] if cookie else []
        raw = get(path, *fields)
        message = await client.ask(raw.replace(b"GET", method.encode(), 1))
        return Answer(message, self._received(request_id), request_id)

    def _received(self, request_id: str) -> Message | None:
        for backend in self.backends.values():
            for message in reversed(backend.requests):
                if message.value("x-request-id") == request_id.encode():
                    return message
        return None

    async def shares(self, number: int, path: str = "/", cookie: str = "") -> Counter[str]:
        """Who answers so many requests, one after another."""
        return Counter([(await self.ask(path, cookie)).backend for _ in range(number)])

    async def verdict(self, answer: Answer) -> str:
        return await self.balancer.verdict(answer.request_id)
