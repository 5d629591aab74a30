"""Several processes that look like one, and a configuration that changes under them."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from sessionlab.balancer.processes.restarts import Restarts
from tests.balancer.admin.test_api import JSON
from tests.balancer.affinity.test_pinning import _app
from tests.balancer.processes.test_process import Started, ended, started
from tests.balancer.rawhttp import Message, connect
from tests.lab.fabrics.processes import alive

if TYPE_CHECKING:
    from tests.balancer.conftest import Lab


async def call(balancer: Started, method: str, path: str, body: Any = None) -> Any:
    raw = json.dumps(body).encode() if body is not None else b""
    head = f"{method} {path} HTTP/1.1\r\nHost: a\r\n{JSON}Content-Length: {len(raw)}\r\n\r\n"
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


async def test_a_worker_that_hangs_does_not_hold_up_the_end() -> None:
    async with started("--workers", "2", "--drain-timeout", "0") as balancer:
        hung, _ = _children(balancer.process.pid)
        os.kill(hung, signal.SIGSTOP)
        balancer.process.send_signal(signal.SIGTERM)
        assert await ended(balancer.process) == 1
        await _gone([hung])


async def test_workers_die_with_their_parent() -> None:
    async with started("--workers", "2") as balancer:
        workers = _children(balancer.process.pid)
        assert len(workers) == 2
        balancer.process.kill()
        await balancer.process.wait()
        await _gone(workers)


@pytest.mark.parametrize("affinity", ["learn:sid", "cookie"])
async def test_a_worker_that_died_is_replaced_with_its_pins_and_states(
    lab: Lab, affinity: str
) -> None:
    backends = [await lab.backend(f"n{i}", _app) for i in range(4)]
    options = [f"--backend={b.spec}" for b in backends]
    async with started(*options, "--workers", "2", "--affinity", affinity) as balancer:
        await _up(balancer, 4)
        homes: dict[str, bytes | None] = {}
        async with asyncio.timeout(10):
            while len({*homes.values()}) < 4:
                login = await ask(balancer, "/login")
                pairs = [line.partition(b";")[0].decode() for line in login.values("set-cookie")]
                homes["; ".join(pairs)] = login.value("x-node")
        await call(balancer, "PATCH", "/backends/app/n0", {"state": "drain", "limit": 600})
        before = {row["name"]: row["pins"] for row in await _rows(balancer)}
        for _ in range(2):  # first one, then the other: nobody is left who was there
            (victim, survivor) = _children(balancer.process.pid)
            os.kill(victim, signal.SIGKILL)
            await _gone([victim])
            async with asyncio.timeout(20):
                while len(_children(balancer.process.pid)) < 2:
                    await asyncio.sleep(0.002)
            for cookie, home in homes.items():
                for _ in range(4):  # new connections, which any worker may get, the new one too
                    assert (await ask(balancer, "/", cookie)).value("x-node") == home
            assert victim not in _children(balancer.process.pid)
            assert survivor in _children(balancer.process.pid)
        for _ in range(8):
            assert (await ask(balancer)).value("x-node") != b"n0", "it drains for new workers too"
        if affinity == "learn:sid":
            assert {row["name"]: row["pins"] for row in await _rows(balancer)} == before
        balancer.process.send_signal(signal.SIGTERM)
        assert await ended(balancer.process) == 0


async def test_it_gives_up_when_workers_die_again_and_again() -> None:
    async with started("--workers", "2") as balancer:
        assert balancer.process.stderr is not None
        async with asyncio.timeout(30):
            while balancer.process.returncode is None:
                for child in _children(balancer.process.pid):
                    with suppress(ProcessLookupError):  # it may have been buried since
                        os.kill(child, signal.SIGKILL)
                await asyncio.sleep(0.01)
        said = (await balancer.process.stderr.read()).decode()
        assert await ended(balancer.process) == 1
        assert "ended by SIGKILL; another one takes its place" in said
        assert "times in a row within 10 s of their start, the last by SIGKILL; giving up" in said
        assert "Traceback" not in said, said


def test_restarts_come_later_and_later_and_end() -> None:
    restarts = Restarts()
    delays = [restarts.died(lived=1.0) for _ in range(7)]
    assert delays[:5] == [0.05, 0.1, 0.2, 0.4, 0.8]
    assert delays[5:] == [None, None]
    assert Restarts().died(lived=60.0) == 0.0, "who lived long is replaced at once"
    forgiven = Restarts()
    for _ in range(4):
        forgiven.died(lived=1.0)
    forgiven.died(lived=60.0)
    assert forgiven.died(lived=1.0) == 0.05


@pytest.mark.parametrize("workers", ["1", "2"])
async def test_a_reload_says_what_waits_for_the_next_start_and_refuses_nonsense(
    lab: Lab, tmp_path: Path, workers: str
) -> None:
    backend = await lab.backend()
    path = tmp_path / "b.toml"
    path.write_text(f'backend = ["{backend.spec}"]\n')
    async with started("--config", str(path), "--workers", workers) as balancer:
        await _up(balancer, 1)
        assert balancer.process.stderr is not None

        async def reload(text: str, until: str) -> str:
            path.write_text(text)
            balancer.process.send_signal(signal.SIGHUP)
            line = ""
            async with asyncio.timeout(10):
                while until not in line:
                    assert balancer.process.stderr is not None
                    line = (await balancer.process.stderr.readline()).decode()
            return line

        text = f'backend = ["{backend.spec}"]\naccess-log = "json"\n'
        said = await reload(text, "next start")
        assert "--access-log changed; that takes effect at the next start" in said
        said = await reload("backend = 3", "refused")
        assert "reload refused, going on as before: --config" in said
        said = await reload(f'backend = ["{backend.spec}"]\nalgorithm = "best"', "refused")
        assert "unknown algorithm 'best'" in said
        assert (await ask(balancer)).status == 200
        assert len(await _rows(balancer)) == 1


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
        whole = tmp_path / "whole"  # the balancer may be about to read: half a file is one too
        whole.write_text(f'backend = ["{two.spec}"]\n')
        whole.replace(path)
        balancer.process.send_signal(signal.SIGHUP)
        await _up(balancer, 1)
        assert (await ask(balancer)).value("x-node") == b"n2"
        stop.set()
        await asking
        assert set(statuses) == {200}


async def _rows(balancer: Started) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = (await call(balancer, "GET", "/backends"))["backends"]
    return rows


async def _up(balancer: Started, number: int) -> None:
    async with asyncio.timeout(10):
        while True:
            rows = (await call(balancer, "GET", "/backends"))["backends"]
            if [row["state"] for row in rows] == ["up"] * number:
                return


def _children(pid: int) -> list[int]:
    try:
        return [
            int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        ]
    except OSError:  # it has gone; between opening and reading that is a ProcessLookupError
        return []


async def _gone(pids: list[int]) -> None:
    async with asyncio.timeout(10):
        while any(map(alive, pids)):
            await asyncio.sleep(0.002)
