"""Several processes that look like one, and a configuration that changes under them."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from typing import TYPE_CHECKING, Any

import pytest

from tests.balancer.rawhttp import Message, connect
from tests.balancer.test_affinity import _app
from tests.balancer.test_process import Started, ended, started

if TYPE_CHECKING:
    from pathlib import Path

    from tests.balancer.conftest import Lab


async def call(balancer: Started, method: str, path: str, body: Any = None) -> Any:
    raw = json.dumps(body).encode() if body is not None else b""
    head = f"{method} {path} HTTP/1.1\r\nHost: a\r\nContent-Length: {len(raw)}\r\n\r\n"
    async with connect(balancer.admin) as client:
        answer = await client.ask(head.encode() + raw)
        assert answer.status < 300, answer.body
        return json.loads(answer.body) if answer.body else None


async def ask(balancer: Started, path: str = "/", cookie: str = "") -> Message:
    """A request on a new connection, which any worker may get."""
    async with connect(balancer.address) as client:
        return await client.get(path, *([f"Cookie: {cookie}"] if cookie else []))


async def test_affinity_of_each_kind_holds_in_every_worker(lab: Lab, tmp_path: Path) -> None:
    backends = [await lab.backend(f"n{i}", _app) for i in range(3)]
    kinds = {"a": "cookie", "b": "learn:sid", "c": "header:X-User", "d": "source"}
    path = tmp_path / "b.toml"
    path.write_text(
        f"backend = {[f'{service}/{b.spec}' for service in kinds for b in backends]}\n"
        f"route = {[f'/{service}={service},strip' for service in kinds]}\nworkers = 3\n"
        + "".join(f"[service.{name}]\naffinity = '{kind}'\n" for name, kind in kinds.items())
    )
    async with started("--config", str(path)) as balancer:
        await _up(balancer, 12)
        for service in kinds:
            for user in range(4):
                await _stays(balancer, f"/{service}", f"X-User: u{user}")


async def _stays(balancer: Started, prefix: str, *fields: str) -> None:
    """A client logs in, and all its later connections lead to the same backend."""
    async with connect(balancer.address) as client:
        first = await client.get(f"{prefix}/login", *fields)
    pairs = [line.partition(b";")[0].decode() for line in first.values("set-cookie")]
    for _ in range(8):
        async with connect(balancer.address) as client:
            again = await client.get(f"{prefix}/", *fields, "Cookie: " + "; ".join(["x=y", *pairs]))
        assert again.value("x-node") == first.value("x-node"), prefix


async def test_the_admin_speaks_for_all_workers(lab: Lab) -> None:
    one, two = await lab.backends(2)
    async with started("--backend", one.spec, "--workers", "2") as balancer:
        await _up(balancer, 1)
        for _ in range(20):
            assert (await ask(balancer)).value("x-node") == b"n1"
        (row,) = (await call(balancer, "GET", "/backends"))["backends"]
        assert (row["requests"], row["answers"]["2xx"]) == (20, 20)
        address = f"127.0.0.1:{two.port}"
        await call(balancer, "POST", "/backends", {"name": "n2", "address": address})
        await _up(balancer, 2)
        await call(balancer, "PATCH", "/backends/app/n1", {"state": "drain"})
        for _ in range(10):
            assert (await ask(balancer)).value("x-node") == b"n2"
        await call(balancer, "DELETE", "/backends/app/n2")
        for _ in range(10):
            assert (await ask(balancer)).status == 503


async def test_a_dead_backend_is_down_for_all_workers_at_once(lab: Lab) -> None:
    one, two = await lab.backends(2)
    options = ("--workers", "2", "--health-interval", "0.05")
    async with started("--backend", one.spec, "--backend", two.spec, *options) as balancer:
        await _up(balancer, 2)
        await one.stop()
        for _ in range(10):
            assert (await ask(balancer)).value("x-node") == b"n2"


async def test_sigterm_drains_all_workers(lab: Lab) -> None:
    backend = await lab.backend()
    async with started("--backend", backend.spec, "--workers", "2") as balancer:
        await _up(balancer, 1)
        async with connect(balancer.address) as idle:
            balancer.process.send_signal(signal.SIGTERM)
            assert await idle.rest() == b""
        assert await ended(balancer.process) == 0


async def test_workers_die_with_their_parent_and_it_with_them(lab: Lab) -> None:
    async with started("--workers", "2") as balancer:
        workers = _children(balancer.process.pid)
        assert len(workers) == 2
        balancer.process.kill()
        await balancer.process.wait()
        await _gone(workers)
    async with started("--workers", "2") as balancer:
        workers = _children(balancer.process.pid)
        os.kill(workers[0], signal.SIGKILL)
        assert await ended(balancer.process) == 1
        await _gone(workers)


@pytest.mark.parametrize("workers", ["1", "2"])
async def test_sighup_takes_a_new_configuration_and_loses_nothing(
    lab: Lab, tmp_path: Path, workers: str
) -> None:
    one, two = [await lab.backend(f"n{i + 1}", _app) for i in range(2)]
    path = tmp_path / "b.toml"
    path.write_text(f'backend = ["{one.spec}"]\naffinity = "learn:sid"\n')
    async with started("--config", str(path), "--workers", workers) as balancer:
        await _up(balancer, 1)
        login = await ask(balancer, "/login")
        cookie = login.values("set-cookie")[0].partition(b";")[0].decode()
        stop = asyncio.Event()
        statuses: list[int] = []

        async def keep_asking() -> None:
            async with connect(balancer.address) as client:
                while (await client.get()).status == 503:
                    pass  # the admin knows that a backend is up a moment before each worker does
                while not stop.is_set():
                    statuses.append((await client.get()).status)

        asking = asyncio.create_task(keep_asking())
        path.write_text(
            f'backend = ["{one.spec}", "{two.spec}"]\naffinity = "learn:sid"\n'
            'algorithm = "random"\n'
        )
        balancer.process.send_signal(signal.SIGHUP)
        await _up(balancer, 2)
        for _ in range(10):
            assert (await ask(balancer, "/", cookie)).value("x-node") == b"n1", "pins survive"
        path.write_text("nonsense")
        balancer.process.send_signal(signal.SIGHUP)
        path.write_text(f'backend = ["{two.spec}"]\n')
        balancer.process.send_signal(signal.SIGHUP)
        await _up(balancer, 1)
        assert (await ask(balancer)).value("x-node") == b"n2"
        stop.set()
        await asking
        assert set(statuses) == {200}


async def _up(balancer: Started, number: int) -> None:
    async with asyncio.timeout(10):
        while True:
            rows = (await call(balancer, "GET", "/backends"))["backends"]
            if [row["state"] for row in rows] == ["up"] * number:
                return


def _children(pid: int) -> list[int]:
    with open(f"/proc/{pid}/task/{pid}/children") as file:  # noqa: PTH123 - not a real file
        return [int(child) for child in file.read().split()]


async def _gone(pids: list[int]) -> None:
    async with asyncio.timeout(10):
        while any(_alive(pid) for pid in pids):
            await asyncio.sleep(0.002)


def _alive(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as file:  # noqa: PTH123 - not a real file
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
