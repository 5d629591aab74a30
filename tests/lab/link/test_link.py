"""A link in the path: nothing is lost while nothing is set, and each rule does what it says."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import random
import socket
import subprocess
import sys
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import pytest
import uvloop
from hypothesis import given, settings
from hypothesis import strategies as st

from sessionlab.lab.fabrics.local.ports import reserve
from sessionlab.lab.link.control import answer, serve
from sessionlab.lab.link.proxy import Link
from sessionlab.lab.link.rules import KINDS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine

T = TypeVar("T")
HANGS = 0.15  # seconds in which nothing may come


def on_uvloop(test: Callable[..., Coroutine[Any, Any, T]]) -> Callable[..., T]:
    """Let a story run as the program does."""

    @functools.wraps(test)
    def told(*args: object, **kwargs: object) -> T:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(test(*args, **kwargs))

    return told


def free() -> tuple[str, int]:
    with reserve("127.0.0.1") as reserved:
        return ("127.0.0.1", reserved.getsockname()[1])


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        writer.write_eof()
    writer.close()


class Setup:
    def __init__(self, link: Link, at: tuple[str, int], server: asyncio.Server) -> None:
        self.link, self.at, self.server = link, at, server
        self.writers: list[asyncio.StreamWriter] = []

    def do(self, do: str, rule: str = "", **how: object) -> dict[str, Any]:
        said: Any = answer(self.link, {"do": do, **({"rule": rule} if rule else {}), **how})
        assert "error" not in said, said
        return dict(said)

    def done(self, rule: str) -> int:
        return int(self.do("look")["rules"][rule]["done"])

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection(*self.at)
        self.writers.append(writer)
        return reader, writer

    async def ask(self, text: bytes = b"hello") -> bytes:
        reader, writer = await self.connect()
        return await again(reader, writer, text)


async def again(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, text: bytes = b"hello"
) -> bytes:
    writer.write(text)
    return await reader.readexactly(len(text))


@asynccontextmanager
async def linked(talk: Any = echo, speaks: str = "bytes", spare: str = "") -> AsyncIterator[Setup]:
    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    at = free()
    link = Link(at, server.sockets[0].getsockname()[:2], speaks, spare.encode(), 1)
    link.listen()
    setup = Setup(link, at, server)
    try:
        yield setup
    finally:
        for rule in [*link.rules]:
            link.clear(rule)
        for writer in setup.writers:
            writer.close()
        for connection in [*link.connections]:
            connection.reset()
        link.refuse()
        setup.server.close()
        await asyncio.sleep(0.02)


async def hangs(step: Coroutine[Any, Any, object]) -> bool:
    try:
        await asyncio.wait_for(step, HANGS)
    except TimeoutError:
        return True
    return False


CHUNKS = st.lists(st.binary(min_size=1, max_size=5000), max_size=12)


@settings(max_examples=40, deadline=None)
@given(there=CHUNKS, back=CHUNKS, speaks=st.sampled_from(["bytes", "http", "redis"]))
def test_bytes_pass_unchanged_and_half_closed(
    there: list[bytes], back: list[bytes], speaks: str
) -> None:
    heard = bytearray()

    async def server(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.extend(await reader.read())  # to the end that the client makes
        for chunk in back:
            writer.write(chunk)
            await writer.drain()
        writer.close()

    async def story() -> bytes:
        async with linked(server, speaks) as setup:
            reader, writer = await setup.connect()
            for chunk in there:
                writer.write(chunk)
                await asyncio.sleep(0)
            writer.write_eof()
            got = await reader.read()
            assert not setup.link.connections
            return got

    assert on_uvloop(story)() == b"".join(back)
    assert bytes(heard) == b"".join(there)


@on_uvloop
async def test_a_megabyte_waits_for_a_reader_who_is_slow() -> None:
    reads = asyncio.Event()

    async def lazy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reads.wait()
        writer.write(str(len(await reader.read())).encode())
        writer.close()

    async with linked(lazy) as setup:
        reader, writer = await setup.connect()
        writer.write(bytes(20_000_000))
        assert await hangs(writer.drain()), "somebody has taken it all in"
        reads.set()
        writer.write_eof()
        assert await reader.read() == b"20000000"


@on_uvloop
async def test_who_connects_where_nobody_listens_is_refused_until_somebody_does() -> None:
    async with linked() as setup:
        place = setup.server.sockets[0].getsockname()
        setup.server.close()
        await setup.server.wait_closed()
        with pytest.raises(ConnectionError):  # the first one finds out
            await setup.ask()
        with pytest.raises(ConnectionRefusedError):
            await setup.connect()
        setup.server = await asyncio.start_server(echo, *place)
        await asyncio.sleep(0.1)
        assert await setup.ask() == b"hello"


@on_uvloop
async def test_it_refuses_when_told_and_the_ends_that_are_there_talk_on() -> None:
    async with linked() as setup:
        pair = await setup.connect()
        await again(*pair)
        setup.do("refuse")
        with pytest.raises(ConnectionRefusedError):
            await setup.connect()
        assert await again(*pair) == b"hello"
        setup.do("listen")
        assert await setup.ask() == b"hello"


@on_uvloop
async def test_a_server_sees_the_address_that_a_client_comes_from() -> None:
    async def tells(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(writer.get_extra_info("peername")[0].encode())
        writer.close()

    async with linked(tells) as setup:
        reader, writer = await asyncio.open_connection(*setup.at, local_addr=("127.9.8.7", 0))
        setup.writers.append(writer)
        assert await reader.read() == b"127.9.8.7"


@pytest.mark.parametrize(("towards", "least"), [("client", 0.1), ("both", 0.2)])
@on_uvloop
async def test_latency_delays_what_goes_there(towards: str, least: float) -> None:
    async with linked() as setup:
        pair = await setup.connect()
        setup.do("set", "latency", delay=0.1, towards=towards)
        began = time.monotonic()
        await again(*pair)
        assert time.monotonic() - began >= least - 0.005  # uvloop counts milliseconds
        setup.do("clear", "latency")
        took = []
        for _ in range(5):
            began = time.monotonic()
            await again(*pair)
            took.append(time.monotonic() - began)
        assert min(took) < 0.05


@on_uvloop
async def test_jitter_varies_and_mixes_nothing_up() -> None:
    async with linked() as setup:
        setup.do("set", "latency", delay=0.02, jitter=0.02, towards="both")
        reader, writer = await setup.connect()
        for number in range(40):
            writer.write(b"%02d" % number)
            await asyncio.sleep(0.001)
        got = await reader.readexactly(80)
        assert got == b"".join(b"%02d" % number for number in range(40))


@on_uvloop
async def test_bandwidth_lets_so_many_bits_a_second_through() -> None:
    async with linked() as setup:
        setup.do("set", "bandwidth", rate=800_000)  # 100 kB a second
        began = time.monotonic()
        assert await setup.ask(bytes(30_000)) == bytes(30_000)
        assert time.monotonic() - began >= 0.29


@on_uvloop
async def test_a_reset_now_ends_those_that_are_there_and_those_that_come() -> None:
    async with linked() as setup:
        reader, writer = await setup.connect()
        await again(reader, writer)
        setup.do("set", "reset", now=True)
        with pytest.raises(ConnectionResetError):
            await reader.read()
        with pytest.raises(ConnectionResetError):
            await setup.ask()
        setup.do("clear", "reset")
        assert await setup.ask() == b"hello"


@on_uvloop
async def test_the_next_two_requests_are_reset_and_the_third_is_not() -> None:
    async with linked() as setup:
        setup.do("set", "reset", count=2)
        for _ in range(2):
            with pytest.raises(ConnectionResetError):
                await setup.ask()
        assert await setup.ask() == b"hello"
        assert setup.done("reset") == 2


@on_uvloop
async def test_one_connection_in_three_is_half_open() -> None:
    async with linked() as setup:
        setup.do("set", "half-open", one_in=3)
        hung = [await hangs(setup.ask()) for _ in range(6)]
        assert hung == [False, False, True, False, False, True]


@pytest.mark.parametrize(("towards", "arrives"), [("server", 0), ("client", 1)])
async def test_one_direction_is_dead(towards: str, arrives: int) -> None:
    heard: list[bytes] = []

    async def hears(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(100):
            heard.append(data)
            writer.write(data)
        writer.close()

    async with linked(hears) as setup:
        setup.do("set", "half-open", towards=towards)
        reader, writer = await setup.connect()
        assert await hangs(again(reader, writer))
        assert len(heard) == arrives
        setup.do("clear", "half-open")
        assert await asyncio.wait_for(reader.readexactly(5), 1) == b"hello"


async def test_in_a_partition_what_is_there_hangs_and_nobody_gets_a_connection() -> None:
    async with linked() as setup:
        pair = await setup.connect()
        await again(*pair)
        setup.do("set", "partition")
        assert await hangs(again(*pair))
        assert await hangs(setup.connect())
        setup.do("clear", "partition")
        assert await asyncio.wait_for(pair[0].readexactly(5), 1) == b"hello"
        assert await setup.ask() == b"hello"


async def test_a_server_that_dies_behind_a_partition_is_missed_once_that_is_over() -> None:
    ends = asyncio.Event()

    async def dies(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(5)
        writer.write(b"hello")
        await ends.wait()
        writer.transport.abort()

    async with linked(dies) as setup:
        reader, writer = await setup.connect()
        await again(reader, writer)
        setup.do("set", "partition")
        ends.set()
        assert await hangs(reader.read())
        setup.do("clear", "partition")
        assert await asyncio.wait_for(reader.read(), 1) == b""


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        ({"do": "set", "rule": "latency", "dely": 1}, "dely"),
        ({"do": "set", "rule": "latncy"}, "latncy"),
        ({"do": "set", "rule": "latency", "delay": -1}, "delay"),
        ({"do": "set", "rule": "latency", "delay": "long"}, "delay"),
        ({"do": "set", "rule": "reset", "one_in": 0}, "one_in"),
        ({"do": "set", "rule": "reset", "now": 1}, "now"),
        ({"do": "set", "rule": "half-open", "towards": "up"}, "towards"),
        ({"do": "set", "rule": "partition", "count": 1}, "count"),
        ({"do": "set", "rule": "drop-cookie"}, "http"),
        ({"do": "clear", "rule": "nothing"}, "nothing"),
        ({"do": "explode"}, "explode"),
        ({"do": "look", "rule": "latency"}, "rule"),
        ({}, "do"),
    ],
)
@on_uvloop
async def test_what_it_does_not_know_is_an_error(asked: dict[str, object], named: str) -> None:
    async with linked() as setup:
        assert named in str(answer(setup.link, asked)["error"])
        assert not setup.link.rules


@on_uvloop
async def test_whatever_is_set_and_cleared_under_load_nothing_gets_mixed_up_or_left() -> None:
    drawn = random.Random(1)
    async with linked() as setup:

        async def talk(number: int) -> None:
            for turn in range(15):
                text = f"{number}/{turn};".encode() * drawn.randint(1, 3000)
                with contextlib.suppress(
                    ConnectionError, asyncio.IncompleteReadError, TimeoutError
                ):
                    reader, writer = await asyncio.open_connection(*setup.at)
                    try:
                        got = await asyncio.wait_for(again(reader, writer, text), 0.5)
                        assert got == text
                    finally:
                        (writer.transport.abort if drawn.random() < 0.3 else writer.close)()

        async def trouble() -> None:
            while True:
                rule = drawn.choice(["latency", "bandwidth", "reset", "half-open", "partition"])
                how = (
                    {"count": 3, "one_in": 2}
                    if rule != "partition" and drawn.random() < 0.5
                    else {}
                )
                setup.do("set", rule, **how)
                await asyncio.sleep(0.01)
                setup.do("clear", rule)
                await asyncio.sleep(0.005)

        task = asyncio.create_task(trouble())
        await asyncio.gather(*(talk(number) for number in range(30)))
        task.cancel()
        for rule in [*setup.link.rules]:
            setup.do("clear", rule)
        assert await setup.ask() == b"hello"
        setup.writers.pop().close()
        for _ in range(100):
            if not setup.link.connections:
                break
            await asyncio.sleep(0.02)
        assert not setup.link.connections


def run(*options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "sessionlab.lab.link", *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)


def test_its_help_teaches_all_rules_with_their_settings() -> None:
    said = run("--help").stdout
    for kind, settings_ in KINDS.items():
        assert kind in said
        assert all(f"{name}=" in said for name in settings_)
    assert '{"do": "set", "rule": "latency", "delay": 0.2}' in said


def test_wrong_usage_is_told_and_so_is_a_port_that_is_taken() -> None:
    assert "'nowhere' is no HOST:PORT" in run("--listen", "nowhere").stderr
    with reserve("127.0.0.1") as reserved:
        reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
        reserved.listen()
        at = f"127.0.0.1:{reserved.getsockname()[1]}"
        ended = run("--listen", at, "--to", "127.0.0.1:1", "--admin", "127.0.0.1:0")
    assert (ended.returncode, ended.stderr.count("\n")) == (3, 1)
    assert "in use" in ended.stderr


async def test_the_admin_address_answers_line_by_line_and_hangs_up_on_a_browser() -> None:
    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    link = Link(free(), server.sockets[0].getsockname()[:2], "bytes", b"", 1)
    link.listen()
    admin = await serve(link, ("127.0.0.1", 0))
    for asked, answers in (
        (b'{"do": "set", "rule": "latency"}\n{"do": "look"}\n', 2),
        (b'POST / HTTP/1.1\r\n\r\n{"do": "clear", "rule": "latency"}\n', 0),
    ):
        reader, writer = await asyncio.open_connection(*admin.sockets[0].getsockname())
        writer.write(asked)
        writer.write_eof()
        assert (await reader.read()).count(b"\n") == answers
        writer.close()
    assert "latency" in link.rules
    link.refuse()
    admin.close()
    server.close()
