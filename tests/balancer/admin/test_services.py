"""`GET /services`: whom the next client would come to."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest

from sessionlab.balancer.algorithms import ALGORITHMS
from tests.balancer.rawhttp import Message, connect, get, ok, until

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

    from sessionlab.balancer.processes.single import Running
    from tests.balancer.conftest import Lab
    from tests.balancer.rawhttp import Backend


async def ask(balancer: Running, method: str, path: str, body: object = None) -> Message:
    raw = b"" if body is None else json.dumps(body).encode()
    head = (
        f"{method} {path} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(raw)}\r\n\r\n"
    )
    async with connect(balancer.admin or "") as client:
        return await client.ask(head.encode() + raw)


async def services(balancer: Running) -> dict[str, Any]:
    (row,) = json.loads((await ask(balancer, "GET", "/services")).body)["services"]
    return dict(row)


async def drain(balancer: Running, name: str) -> None:
    changed = await ask(balancer, "PATCH", f"/backends/app/{name}", {"state": "drain"})
    assert changed.status == 200


@pytest.mark.parametrize("algorithm", ["round-robin", "least-connections"])
async def test_the_next_is_the_one_that_comes(lab: Lab, algorithm: str) -> None:
    balancer = await lab.balancer(*await lab.backends(3), algorithm=algorithm)
    client = await lab.client(balancer)
    for turn in range(20):
        if turn == 7:
            await drain(balancer, "n2")
        if turn == 13:
            weight = await ask(balancer, "PATCH", "/backends/app/n1", {"weight": 3})
            assert weight.status == 200
        said = [await services(balancer) for _ in range(3)]
        assert said[0] == said[1] == said[2]
        answer = await client.get()
        assert said[0]["next"].encode() == answer.value("x-node"), (turn, said)
        assert said[0]["next"] in said[0]["says"]


@pytest.mark.parametrize(
    ("algorithm", "says"),
    [
        ("random", "drawn"),
        ("two-choices", "drawn"),
        ("hash", "depends on the client"),
        ("consistent-hash:header:host", "depends on the client"),
    ],
)
async def test_what_nobody_can_know_is_not_guessed(lab: Lab, algorithm: str, says: str) -> None:
    balancer = await lab.balancer(*await lab.backends(2), algorithm=algorithm)
    said = await services(balancer)
    assert (said["next"], said["algorithm"]) == ("", algorithm)
    assert says in said["says"]


async def test_nobody_is_next_where_no_backend_takes_new_clients(lab: Lab) -> None:
    balancer = await lab.balancer(*await lab.backends(2))
    for name in ("n1", "n2"):
        await drain(balancer, name)
    said = await services(balancer)
    assert (said["next"], said["says"]) == ("", "no backend takes new clients")


async def test_who_is_full_is_not_next(lab: Lab) -> None:
    gate = asyncio.Event()

    async def slow(
        backend: Backend,
        request: Message,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        await gate.wait()
        writer.write(ok(backend.name.encode()))

    backends = [await lab.backend(name, slow) for name in ("n1", "n2")]
    balancer = await lab.balancer(*backends, max_active=1)
    service = balancer.context.cluster.services["app"]
    first, second = await lab.client(balancer), await lab.client(balancer)
    await first.send(get())
    await until(lambda: [b.active for b in service.backends.values()] == [1, 0])
    assert (await services(balancer))["next"] == "n2"
    await second.send(get())
    await until(lambda: all(b.active for b in service.backends.values()))
    said = await services(balancer)
    assert said["next"] == ""
    assert "full" in said["says"]
    gate.set()


async def test_workers_have_turns_of_their_own(lab: Lab) -> None:
    balancer = await lab.balancer(*await lab.backends(2), workers=2)
    assert (await services(balancer))["says"] == "each of the 2 workers chooses for itself"


async def test_an_algorithm_of_a_package_tells_only_if_it_can(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    class First:
        def __init__(self, random: Random) -> None:
            pass

        def choose(self, candidates: Sequence[Any], key: bytes) -> Any:
            return candidates[0]

    monkeypatch.setitem(ALGORITHMS, "first", First)
    balancer = await lab.balancer(*await lab.backends(2), algorithm="first")
    said = await services(balancer)
    assert (said["next"], said["says"]) == ("", "this algorithm does not tell")
