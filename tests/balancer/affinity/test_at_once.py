"""What a client asks for at once goes to one backend, where it can be known to be one client."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from sessionlab.balancer.backends.state import State
from tests.balancer.affinity.test_verdicts import ask, said
from tests.balancer.rawhttp import Backend, Message, ok
from tests.field import field

if TYPE_CHECKING:
    from sessionlab.balancer.processes.single import Running
    from tests.balancer.conftest import Lab


class App:
    """Backends that answer requests for /slow only when all of them have come."""

    def __init__(self, expected: int) -> None:
        self._came = asyncio.Barrier(expected)

    async def answer(
        self,
        backend: Backend,
        request: Message,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        if b"/slow" in request.line:
            await self._came.wait()
        cookie = [b"Set-Cookie: sid=s"] if b"/login" in request.line else []
        writer.write(ok(b"", b"X-Node: " + backend.name.encode(), *cookie))


async def at_once(balancer: Running, number: int, cookie: str, *lines: str) -> list[Message]:
    path = "/slow?room=a"
    return await asyncio.gather(*(ask(balancer, cookie, path, *lines) for _ in range(number)))


@pytest.mark.parametrize("affinity", ["header:X-User", "query:room", "source"])
@field("pins", sources="haproxy#2196")
async def test_a_newcomers_requests_at_once_go_to_one_backend(lab: Lab, affinity: str) -> None:
    app = App(4)
    backends = [await lab.backend(f"n{i}", app.answer) for i in range(3)]
    balancer = await lab.balancer(*backends, affinity=affinity, explain=True)
    answers = await at_once(balancer, 4, "", "X-User: u")
    assert len({answer.value("x-node") for answer in answers}) == 1
    assert sorted(map(said, answers)) == ["NI", "VN", "VN", "VN"]


@pytest.mark.parametrize(
    "affinity", ["header:X-User", "learn:sid", "learn-header:X-User", "query:room", "source"]
)
@field("pins", sources="haproxy#2196")
async def test_what_a_client_asks_for_at_once_moves_to_one_backend(lab: Lab, affinity: str) -> None:
    app = App(4)
    backends = [await lab.backend(f"n{i}", app.answer) for i in range(4)]
    for backend in backends:
        backend.answer = _giving(app)
    balancer = await lab.balancer(*backends, affinity=affinity, explain=True)
    first = await ask(balancer, "", "/login?room=a", "X-User: u")
    home = (first.value("x-node") or b"").decode()
    balancer.context.cluster.change("app", home, State.MAINTENANCE, None)
    answers = await at_once(balancer, 4, "sid=s", "X-User: u")
    assert len({answer.value("x-node") for answer in answers}) == 1
    assert min(map(said, answers)).startswith("D")


def _giving(app: App) -> Any:
    async def answer(
        backend: Backend,
        request: Message,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        if b"/login" in request.line:
            node = b"X-Node: " + backend.name.encode()
            writer.write(ok(b"", node, b"Set-Cookie: sid=s", b"X-User: u"))
        else:
            await app.answer(backend, request, reader, writer)

    return answer


@pytest.mark.parametrize("policy", ["redispatch", "fail"])
async def test_a_newcomer_whom_a_backend_fails_is_still_a_newcomer(lab: Lab, policy: str) -> None:
    dead, alive = await lab.backend("n0"), await lab.backend("n1")
    await dead.stop()
    balancer = await lab.balancer(
        *(dead, alive), affinity="header:X-User", explain=True, on_pin_lost=policy
    )
    for number in range(4):
        answer = await ask(balancer, "", "/", f"X-User: {number}")
        assert (answer.status, answer.value("x-node"), said(answer)) == (200, b"n1", "NI")
        assert said(await ask(balancer, "", "/", f"X-User: {number}")) == "VN"


async def test_a_pin_that_others_rely_on_outlasts_the_request_that_made_it(lab: Lab) -> None:
    """The first is never answered; what was answered meanwhile must be found again."""

    async def silent_once(
        backend: Backend,
        request: Message,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        if b"/silent" in request.line:
            await reader.read()
            return
        writer.write(ok(b"", b"X-Node: " + backend.name.encode()))

    backends = [await lab.backend(f"n{i}", silent_once) for i in range(3)]
    balancer = await lab.balancer(
        *backends, affinity="header:X-User", explain=True, response_timeout=0.3
    )
    silent = asyncio.create_task(ask(balancer, "", "/silent", "X-User: u"))
    while not any(backend.requests for backend in backends):
        await asyncio.sleep(0.002)
    second = await ask(balancer, "", "/", "X-User: u")
    assert said(second) == "VN"
    assert (await silent).status == 504
    third = await ask(balancer, "", "/", "X-User: u")
    assert (third.value("x-node"), said(third)) == (second.value("x-node"), "VN")
