"""A login that holds for a connection (NTLM, Negotiate) stays with its client."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sessionlab.balancer.http.response_head import ResponseHeads
from tests.balancer.rawhttp import Message, connect, ok, read_message, until
from tests.field import field

if TYPE_CHECKING:
    import asyncio

    from tests.balancer.conftest import Lab

CHALLENGE = b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: %b\r\nContent-Length: 0\r\n\r\n"


class App:
    """Logs a connection in, and knows it from then on."""

    def __init__(self, scheme: bytes) -> None:
        self.scheme = scheme
        self.open = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        user = b""
        self.open += 1
        try:
            while (request := await read_message(reader)) is not None:
                user = self._login(request) or user
                writer.write(ok(user) if user else CHALLENGE % self.scheme)
        finally:
            self.open -= 1

    def _login(self, request: Message) -> bytes:
        return (request.value("authorization") or b" ").split(b" ")[1]


@pytest.mark.parametrize("scheme", [b"NTLM", b"negotiate", b"Basic realm=x, Negotiate"])
@field(
    "http",
    sources="RFC 4559 6, haproxy/haproxy#581, traefik/traefik#13914",
    peers="HAProxy keeps the connection private after the 401",
)
async def test_a_login_that_is_bound_to_a_connection_is_given_to_no_stranger(
    lab: Lab, scheme: bytes
) -> None:
    apps = [App(scheme) for _ in range(2)]
    balancer = await lab.balancer(
        *[await lab.raw(app.serve, f"n{number}") for number, app in enumerate(apps)]
    )
    async with connect(balancer.listen) as ann:
        assert (await ann.get()).status == 401
        assert (await ann.get("/", "Authorization: NTLM ann")).body == b"ann"
        for _ in range(4):
            stranger = await lab.client(balancer)
            assert (await stranger.get()).status == 401, "nobody else is ann"
            assert (await ann.get()).body == b"ann", "and she stays ann"
        post = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi"
        assert (await ann.ask(post)).body == b"ann"
        before = sum(app.open for app in apps)
    await until(lambda: sum(app.open for app in apps) == before - 1)
    assert [backend.active for backend in balancer.context.cluster.backends()] == [0, 0]


async def test_a_bound_connection_that_its_backend_closed_is_made_anew(lab: Lab) -> None:
    async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_message(reader)
        writer.write(CHALLENGE % b"NTLM")

    balancer = await lab.balancer(await lab.raw(once))
    client = await lab.client(balancer)
    for _ in range(4):
        assert (await client.get()).status == 401


@pytest.mark.parametrize(
    ("value", "binds"),
    [
        (b"NTLM", True),
        (b"Negotiate abc=", True),
        (b"Bearer, ntlm", True),
        (b'Basic realm="NTLM"', False),
        (b"NTLMish", False),
    ],
)
def test_only_these_schemes_bind(value: bytes, binds: bool) -> None:
    assert ResponseHeads().read((CHALLENGE % value), to_head=False).binds is binds
    assert value in ResponseHeads().read((CHALLENGE % value), to_head=False).ready
