"""A generator's users: their histories, their pace, and what ends them."""

from __future__ import annotations

import asyncio
import errno
import io
import json
import math
import resource
import socket
import ssl
import time
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web

from sessionlab.lab.checks.interface import About
from sessionlab.lab.checks.judging import judge
from sessionlab.lab.clients.people import Person
from sessionlab.lab.description.certificates import Certificate, new_certificate
from sessionlab.lab.recipes.demo import demo
from sessionlab.lab.record.packed.reader import Stored, read
from sessionlab.lab.workload import process
from sessionlab.lab.workload.model import Mix, Stage, Workload
from sessionlab.lab.workload.process import AT_ONCE, Generator, Said, Spec
from sessionlab.lab.workload.target import Target
from tests.lab.clients.speaking import serving
from tests.nodes.running import PASSWORD, running

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from sessionlab.lab.record.history import Operation
    from sessionlab.lab.record.packed.writer import Writer

BROWSE = Mix(write=0, idle=0, logout=0)


def target(url: str, users: int = 3, **more: Any) -> Target:
    return Target(url, demo(), [Person(f"u{n + 1}", PASSWORD) for n in range(users)], **more)


async def generated(
    workload: Workload, at: Target, folder: Path, part: int = 0, parts: int = 1
) -> Said:
    spec = Spec(workload, at, str(folder), time.monotonic(), b"a key", part, parts)
    generator = Generator(spec)
    return await generator.run(io.StringIO())


def stored(folder: Path, *, farewell: bool = False) -> list[Operation]:
    """What was asked in the workload's time, or (`farewell`) when it was over."""
    shards = map(read, Stored.open(folder).shards())
    found = [one for shard in shards for one in shard.operations(slice(None))]
    return sorted((one for one in found if one.farewell == farewell), key=lambda one: one.invoked)


@contextmanager
def open_files(most: int) -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


class App:
    """Serves everybody, after a `pause` that may end."""

    def __init__(self, pause: float = 0.0) -> None:
        self.pause = pause

    async def answer(self, request: web.Request) -> web.Response:
        if self.pause:
            await asyncio.sleep(self.pause)
        user = request.headers.get("Authorization", "Bearer ").removeprefix("Bearer ")
        if request.path == "/login":
            user = json.loads(await request.text())["username"]
        return web.json_response({"user": user, "access_token": user, "items": []})

    @property
    def handlers(self) -> dict[str, Any]:
        return dict.fromkeys(("any_login", "any_me", "any_cart", "any_logout"), self.answer)


async def test_users_live_with_our_own_app_and_all_of_it_is_stored(tmp_path: Path) -> None:
    async with running(strategy="memory", users=10) as node:
        users = target(f"http://{node.address}", 3)
        users = Target(users.url, users.recipe, [Person(n, PASSWORD) for n in ("alice", "bob")])
        workload = Workload(3, 1.0, think=0.005, arrive=0.0)
        end = await generated(workload, users, tmp_path)
    operations = stored(tmp_path)
    assert not end.failed
    assert len(operations) == end.operations > 10
    assert end.errors == 0
    assert {one.client for one in operations} == {"alice", "bob"}
    assert {(one.client, one.tab) for one in operations if one.tab < 1000} == {
        ("alice", 0),
        ("alice", 1),
        ("bob", 0),
    }
    assert {one.conversation for one in operations} == {"login", "me", "read", "write", "logout"}
    for one in operations:
        if one.tab >= 1000:
            assert one.who == "nobody", "a credential of before the logout"
        else:
            assert one.who in ("user", "")
            assert one.user in (None, one.client)
        assert all(item.rpartition(".")[0] == one.client for item in one.items or ())
        assert one.completed >= one.invoked
    items = [one.item for one in operations if one.item]
    assert len(items) == len(set(items)), "no item is written twice"


async def test_processes_share_the_users_and_the_rate(tmp_path: Path) -> None:
    rest = Stage(1.0, 0)  # in which what a busy machine holds up is caught up with
    workload = Workload(5, 2.0, rate=[Stage(0, 100), rest], life=BROWSE)
    async with serving(**App().handlers) as url:
        ends = await asyncio.gather(
            *(generated(workload, target(url, 5), tmp_path, n, 2) for n in range(2))
        )
    assert [end.operations for end in ends] == [60, 40]
    operations = stored(tmp_path)
    assert {one.client for one in operations} == {f"u{n}" for n in range(1, 6)}
    assert len(operations) == 100


async def test_in_an_open_loop_a_stall_counts_from_when_it_was_to_begin(tmp_path: Path) -> None:
    app = App(pause=0.4)
    workload = Workload(2, 2.0, rate=[Stage(0, 50), Stage(1.0, 0)], life=BROWSE)
    async with serving(**app.handlers) as url:
        asyncio.get_running_loop().call_later(0.3, lambda: setattr(app, "pause", 0.0))
        end = await generated(workload, target(url, 2), tmp_path)
    rows = [row for shard in map(read, Stored.open(tmp_path).shards()) for row in shard.rows]
    assert end.operations == 50, "all that were to begin, in time or late"
    waited = [row for row in rows if row["late"] > 100_000]
    assert len(waited) >= 10, "those behind the slow ones waited as well"
    assert min(row["took"] for row in waited) < 100_000, "which is no time of their own"


async def test_in_a_closed_loop_nothing_is_late(tmp_path: Path) -> None:
    async with serving(**App(pause=0.05).handlers) as url:
        await generated(Workload(3, 0.5, think=0.01), target(url), tmp_path)
    shards = map(read, Stored.open(tmp_path).shards())
    assert not any(shard.rows["late"].any() for shard in shards)


async def test_what_is_not_answered_in_time_is_an_operation_too(tmp_path: Path) -> None:
    app, life = App(), Mix(browse=1, write=1, idle=0, logout=0)
    workload = Workload(3, 0.8, think=0.0, arrive=0.0, life=life)
    async with serving(**app.handlers) as url:
        asyncio.get_running_loop().call_later(0.3, lambda: setattr(app, "pause", 5.0))
        end = await generated(workload, target(url, patience=0.3), tmp_path)
    late = [one for one in stored(tmp_path) if one.status is None]
    assert end.errors == len(late) >= 3
    for one in late:
        assert one.error == "TimeoutError"
        assert one.outcome == ("unknown" if one.method == "POST" else "failed")
        assert 0.29 < one.completed - one.invoked < 5


async def test_who_is_stopped_gives_up_what_is_under_way(tmp_path: Path) -> None:
    async with serving(**App(pause=9).handlers) as url:
        spec = Spec(
            Workload(3, 60.0, arrive=0.0), target(url), str(tmp_path), time.monotonic(), b"", 0, 1
        )
        generator = Generator(spec)
        asyncio.get_running_loop().call_later(0.2, generator.stopped.set)
        end = await generator.run(io.StringIO())
    assert end.interrupted
    assert end.seconds < 8
    assert [(one.conversation, one.given_up) for one in stored(tmp_path)] == [("login", True)] * 3


async def test_a_connection_that_was_closed_meanwhile_is_not_the_app_s_fault(
    tmp_path: Path,
) -> None:
    async def closing(request: web.Request) -> web.Response:
        answer = await App().answer(request)
        assert request.transport is not None
        asyncio.get_running_loop().call_later(0.001, request.transport.close)
        return answer

    handlers = dict.fromkeys(("any_login", "any_me", "any_cart"), closing)
    async with serving(**handlers) as url:
        workload = Workload(3, 1.5, think=0.002, life=BROWSE)
        end = await generated(workload, target(url), tmp_path)
    assert end.errors == 0
    assert end.operations > 3


async def test_a_machine_without_descriptors_is_no_failure_of_the_app(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:  # no descriptors of its own for clients
        at = target("http://127.0.0.1:{1}".format(*silent.getsockname()), 60)
        generator = Generator(
            Spec(Workload(60, 60.0), at, str(tmp_path), time.monotonic(), b"", 0, 1)
        )
        with open_files(80):
            end = await generator.run(io.StringIO())
    assert "Too many open files" in end.failed
    assert "ulimit -n" in end.hint
    assert end.seconds < 60


async def test_a_full_disk_ends_it_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: Writer) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    async with serving(**App().handlers) as url:
        spec = Spec(Workload(3, 30.0), target(url), str(tmp_path), time.monotonic(), b"", 0, 1)
        generator = Generator(spec)
        await asyncio.sleep(0)
        monkeypatch.setattr(generator._writer, "flush", lambda: full(generator._writer))
        generator._recorder.writer.add = lambda *_: full(generator._writer)
        end = await generator.run(io.StringIO())
    assert "No space left" in end.failed
    assert "make room" in end.hint
    assert end.seconds < 5


@asynccontextmanager
async def encrypted(certificate: Certificate, folder: Path) -> AsyncIterator[str]:
    """The same app over TLS."""
    path = folder / "server.pem"
    path.write_text(certificate.chain + certificate.key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    app = web.Application()
    app.router.add_route("*", "/{any}", App().answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    yield f"https://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


async def test_over_tls_an_authority_is_believed_that_the_target_names(tmp_path: Path) -> None:
    certificate = new_certificate("127.0.0.1")
    workload = Workload(2, 0.5, think=0.01, life=BROWSE, arrive=0.0)
    async with encrypted(certificate, tmp_path) as url:
        at = target(url, 2, certificate=certificate.authority)
        believed = await generated(workload, at, tmp_path / "one")
        doubted = await generated(workload, target(url, 2), tmp_path / "two")
    assert believed.operations > 0
    assert believed.errors == 0
    assert doubted.errors == doubted.operations > 0
    error = stored(tmp_path / "two")[0].error or ""
    assert error.startswith("ClientConnectorCertificateError")


async def test_a_server_that_is_not_there_fails_and_goes_on_failing(tmp_path: Path) -> None:
    async with serving(**App().handlers) as url:
        pass
    end = await generated(Workload(2, 0.3, think=0.01), target(url, 2), tmp_path)
    assert end.errors == end.operations > 0
    assert not end.failed
    assert all(one.outcome == "failed" for one in stored(tmp_path))


async def test_who_met_an_outage_last_asks_who_it_is_when_the_time_is_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An answer to a write shows nobody that its session has outlived the errors before."""
    app, down, left = App(), math.inf, math.inf
    refused_then, leave = 0, Generator._take_leave

    async def answer(request: web.Request) -> web.Response:
        nonlocal refused_then
        now = time.monotonic()
        if request.path == "/me" and now > down and refused_then < 3:
            refused_then += now > left
            return web.Response(status=503)
        return await app.answer(request)

    async def leaving_then(generator: Generator) -> None:
        nonlocal left
        left = time.monotonic()
        await leave(generator)

    monkeypatch.setattr(Generator, "_take_leave", leaving_then)
    handlers = dict.fromkeys(("any_login", "any_me", "any_cart", "any_logout"), answer)
    async with serving(**handlers) as url:
        began = time.monotonic()
        down = began + 0.3
        life = Mix(browse=20, write=0, idle=0, logout=0)
        workload = Workload(3, 1.0, think=0.02, arrive=0.1, life=life)
        end = await generated(workload, target(url), tmp_path)
    operations, leaving = stored(tmp_path), stored(tmp_path, farewell=True)
    assert {one.conversation for one in leaving} == {"me"}
    assert sorted(one.client for one in leaving if one.who == "user") == ["u1", "u2", "u3"]
    assert any(one.who == "error" for one in leaving), "one asks again while it is bounded"
    assert end.operations == len(operations), "no figure of the workload's time"
    assert end.errors == sum(one.who == "error" for one in operations)
    assert end.seconds <= left - began


async def test_of_an_outage_to_the_end_all_are_told(tmp_path: Path) -> None:
    """Who waits to ask again keeps nobody from asking."""
    app, down = App(), 0.0

    async def answer(request: web.Request) -> web.Response:
        if down < time.monotonic() and request.path == "/me":
            return web.Response(status=503)
        return await app.answer(request)

    handlers = dict.fromkeys(("any_login", "any_me", "any_cart", "any_logout"), answer)
    users = 2 * AT_ONCE
    async with serving(**handlers) as url:
        down = time.monotonic() + 0.5
        workload = Workload(users, 1.0, think=5.0, arrive=0.2, life=BROWSE)
        await generated(workload, target(url, users), tmp_path)
    leaving = stored(tmp_path, farewell=True)
    there = {one.client for one in stored(tmp_path) if one.conversation == "login"}
    assert {one.client for one in leaving} == there


@pytest.mark.parametrize("think", [0.02, 0.5], ids=["under way", "between two requests"])
async def test_who_hangs_at_the_end_is_stuck_and_not_given_up(
    tmp_path: Path, think: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cluster that stands still: nobody is kept whom the workload's end alone has cut short."""
    monkeypatch.setattr(process, "GRACE", 0.1)
    monkeypatch.setattr(process, "LEAVE", 0.4)
    app = App()
    async with serving(**app.handlers) as url:
        at = target(url, patience=0.6)
        workload = Workload(3, 1.0, think=think, arrive=0.1, life=BROWSE)
        asyncio.get_running_loop().call_later(0.9, setattr, app, "pause", 60.0)
        await generated(workload, at, tmp_path)
    assert not any(one.given_up for one in stored(tmp_path) + stored(tmp_path, farewell=True))
    (finding,) = judge(Stored.open(tmp_path), About(), ["continuity"])
    assert finding.figures["stuck"] == 3, finding.said
