"""Raw HTTP over real sockets: a backend that answers what it is told, and a client."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

TIMEOUT_S = 10.0


@dataclass
class Message:
    """A message as it arrived: head with its empty line, and the body without its framing."""

    head: bytes
    body: bytes
    raw: bytes = b""

    @property
    def status(self) -> int:
        return int(self.head.split(b" ", 2)[1])

    @property
    def line(self) -> bytes:
        return self.head.partition(b"\r\n")[0]

    def values(self, name: str) -> list[bytes]:
        wanted = name.lower().encode()
        found = []
        for line in self.head.split(b"\r\n")[1:]:
            key, _, value = line.partition(b":")
            if key.lower() == wanted:
                found.append(value.strip())
        return found

    def value(self, name: str) -> bytes | None:
        found = self.values(name)
        return found[0] if found else None


async def read_message(reader: asyncio.StreamReader, *, bodiless: bool = False) -> Message | None:
    """The next message; None at the end. A message without a length has no body here."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as error:
        if error.partial:
            raise
        return None
    message = Message(head, b"", head)
    if bodiless or (head.startswith(b"HTTP/") and message.status in {204, 304}):
        return message
    length = message.value("content-length")
    if length is not None:
        message.body = await reader.readexactly(int(length))
        message.raw += message.body
    elif message.value("transfer-encoding") == b"chunked":
        await _read_chunks(reader, message)
    elif head.startswith(b"HTTP/") and message.status >= 200:
        message.body = await reader.read()
    return message


async def _read_chunks(reader: asyncio.StreamReader, message: Message) -> None:
    while True:
        line = await reader.readuntil(b"\r\n")
        message.raw += line
        size = int(line, 16)
        if size:
            data = await reader.readexactly(size + 2)
            message.raw += data
            message.body += data[:-2]
            continue
        while True:
            trailer = await reader.readuntil(b"\r\n")
            message.raw += trailer
            if trailer == b"\r\n":
                return


Answer = Callable[["Backend", Message, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def ok(body: bytes = b"hello", *lines: bytes) -> bytes:
    """A plain 200."""
    more = b"".join(line + b"\r\n" for line in lines)
    return b"HTTP/1.1 200 OK\r\n%bContent-Length: %d\r\n\r\n%b" % (more, len(body), body)


@dataclass
class Backend:
    """A server that records what reaches it and answers as told.

    `answer` is bytes to send for each request, or a coroutine function that does it itself.
    """

    name: str = "n1"
    answer: bytes | Answer = b""
    ready: bool = True
    unready: bytes = b"503 Service Unavailable"
    port: int = 0
    host: str = "127.0.0.1"
    requests: list[Message] = field(default_factory=list)
    received: bytes = b""
    connections: int = 0
    server: asyncio.Server | None = None
    writers: set[asyncio.StreamWriter] = field(default_factory=set)

    @property
    def spec(self) -> str:
        return f"{self.name}={self.host}:{self.port}"

    async def start(self) -> None:
        self.server = await asyncio.start_server(self._serve, self.host, self.port)
        self.port = self.server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Stop listening and cut every connection, as a killed process does."""
        if self.server is not None:
            self.server.close()
        for writer in list(self.writers):
            writer.transport.abort()
        await asyncio.sleep(0)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.writers.add(writer)
        try:
            while True:
                request = await read_message(reader)
                if request is None:
                    break
                if request.line.startswith(b"GET /readyz "):
                    status = b"200 OK" if self.ready else self.unready
                    writer.write(b"HTTP/1.1 %b\r\nContent-Length: 0\r\n\r\n" % status)
                    continue
                self.requests.append(request)
                self.received += request.raw
                if callable(self.answer):
                    await self.answer(self, request, reader, writer)
                else:
                    writer.write(self.answer or ok(b"hello", b"X-Node: " + self.name.encode()))
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self.writers.discard(writer)
            writer.close()


@dataclass
class Client:
    """One connection to the balancer."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, raw: bytes) -> None:
        self.writer.write(raw)
        await self.writer.drain()

    async def answer(self, *, bodiless: bool = False) -> Message:
        async with asyncio.timeout(TIMEOUT_S):
            message = await read_message(self.reader, bodiless=bodiless)
        assert message is not None, "the balancer closed the connection without an answer"
        return message

    async def ask(self, raw: bytes, *, bodiless: bool = False) -> Message:
        await self.send(raw)
        return await self.answer(bodiless=bodiless)

    async def get(self, path: str = "/", *lines: str) -> Message:
        return await self.ask(get(path, *lines))

    async def rest(self) -> bytes:
        """Everything up to the close."""
        async with asyncio.timeout(TIMEOUT_S):
            return await self.reader.read()


def get(path: str = "/", *lines: str) -> bytes:
    more = "".join(f"{line}\r\n" for line in lines)
    return f"GET {path} HTTP/1.1\r\nHost: example.test\r\n{more}\r\n".encode()


@asynccontextmanager
async def connect(address: str, *, secured: bool = False) -> AsyncIterator[Client]:
    """A connection; `secured` is by TLS, with whoever answers."""
    host, _, port = address.rpartition(":")
    tls = ssl._create_unverified_context() if secured else None
    reader, writer = await asyncio.open_connection(host.strip("[]"), int(port), ssl=tls)
    try:
        yield Client(reader, writer)
    finally:
        writer.transport.abort()
        await asyncio.sleep(0)


async def until(condition: Callable[[], bool]) -> None:
    """Poll until it holds."""
    async with asyncio.timeout(TIMEOUT_S):
        while not condition():
            await asyncio.sleep(0.002)
