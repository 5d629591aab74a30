"""What is known of a request that nobody answers, and whose fault it is that nobody does."""

from __future__ import annotations

import asyncio
import errno
import os
import resource
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessionlab.lab.clients.client import Client
from sessionlab.lab.clients.network import ClientNetwork
from sessionlab.lab.clients.people import Person
from sessionlab.lab.clients.wire import own_trouble
from sessionlab.lab.errors import LabError, NothingShown, StepError
from sessionlab.lab.events import Events
from sessionlab.lab.recipes.demo import demo
from sessionlab.lab.record.history import Ending, History
from sessionlab.lab.waiting import side_by_side

pytestmark = pytest.mark.asyncio(loop_scope="session")

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
VALUES = st.text('abcdefghijklmnopqrstuvwxyz0123456789-._~ ,;"', max_size=20)


@asynccontextmanager
async def server(talk: Talk) -> AsyncIterator[str]:
    """A server that treats each connection like that; its URL."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await talk(reader, writer)
        finally:
            writer.close()

    serving = await asyncio.start_server(connected, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{serving.sockets[0].getsockname()[1]}"
    finally:
        serving.close()


async def hang(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    await reader.read()  # until the client gives up


async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    sock: socket.socket = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


async def cut(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\nX-Node: n1\r\nContent-Length: 99\r\n\r\n{")


async def stall(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    head = b"HTTP/1.1 200 OK\r\nX-Node: n1\r\nSet-Cookie: sid=new\r\nContent-Length: 9\r\n\r\n"
    writer.write(head + b"{")
    await reader.read()


async def close(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")


async def mirror(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answers with the number of bytes in the header lines that said who asks."""
    head = (await reader.readuntil(b"\r\n\r\n")).split(b"\r\n")
    who = [line for line in head if line.lower().startswith((b"cookie:", b"authorization:"))]
    said = b'{"user": "bytes%d"}' % sum(len(line) + 2 for line in who)
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(said), said))


def client(url: str, network: ClientNetwork | None = None) -> Client:
    return Client(
        Person("alice", "secret"),
        demo(),
        url,
        History(),
        Events(),
        "",
        "",
        network or ClientNetwork(),
    )


@contextmanager
def refusing() -> Iterator[str]:
    """The URL of a port that is taken, and at which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"


async def test_a_client_that_is_refused_has_sent_its_credential_and_no_request() -> None:
    with refusing() as url:
        async with client(url) as alice:
            nothing = (await alice.me()).operation
            alice.keep_cookie("sid", "a-session")
            refused = (await alice.add_to_cart("book")).operation
            alice.forget()
            alice.present("a-token")
            bearer = (await alice.me()).operation
    assert (nothing.credential, nothing.status) == (0, None)
    assert refused.credential == len("Cookie: sid=a-session\r\n")
    assert (refused.outcome, refused.new_connection) == (Ending.FAILED, True)
    assert bearer.credential == len("Authorization: Bearer a-token\r\n")


@pytest.mark.parametrize("talk", [hang, reset, cut, close])
async def test_a_client_that_is_left_without_an_answer_has_sent_its_credential(talk: Talk) -> None:
    async with server(talk) as url, client(url) as alice:
        alice.patience = 0.2 if talk is hang else 10
        alice.keep_cookie("sid", "a-session")
        alice.headers["X-Other"] = "not a credential"
        unanswered = (await alice.add_to_cart("book")).operation
    assert unanswered.status is None
    assert unanswered.error
    assert (unanswered.user, unanswered.items, unanswered.item) == (None, None, "book")
    assert unanswered.credential == len("Cookie: sid=a-session\r\n")
    assert unanswered.outcome is Ending.UNKNOWN  # it was sent, and may have been done


@given(st.dictionaries(st.sampled_from(["sid", "pin", "visitor"]), VALUES), VALUES)
async def test_what_is_noted_as_sent_is_what_arrives(cookies: dict[str, str], token: str) -> None:
    async with server(mirror) as url, client(url) as alice:
        for name, value in cookies.items():
            alice.keep_cookie(name, value)
        alice.present(token.strip())
        operation = (await alice.me()).operation
    assert f"bytes{operation.credential}" == operation.user


@pytest.mark.parametrize("network", [ClientNetwork(), ClientNetwork(trace=aiohttp.TraceConfig())])
async def test_an_answer_that_is_not_whole_says_who_gave_it_and_what_to_hold(
    network: ClientNetwork,
) -> None:
    async with server(stall) as url, client(url, network) as alice:
        alice.patience = 0.3
        late = (await alice.me()).operation
        assert alice.cookies == {"sid": "new"}
    assert (late.status, late.node, late.error) == (None, "n1", "TimeoutError")
    async with server(cut) as url, client(url, network) as alice:
        assert (await alice.me()).operation.node == "n1"


async def test_what_is_under_way_is_answered_although_its_client_reconnects() -> None:
    asked, go = asyncio.Event(), asyncio.Event()

    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        asked.set()
        await go.wait()
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")

    async with server(slow) as url, client(url) as alice:
        under_way = asyncio.create_task(alice.me())
        await asked.wait()
        await alice.reconnect()
        go.set()
        assert (await under_way).status == 204
        assert (await alice.me()).operation.new_connection


async def test_a_request_that_its_own_client_has_given_up_is_no_answer_of_the_servers() -> None:
    history = History()
    asked = asyncio.Event()

    async def listen(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        asked.set()
        await reader.read()

    async with server(listen) as url:
        alice = Client(Person("alice", "secret"), demo(), url, history, Events(), "")
        under_way = asyncio.create_task(alice.me())
        await asked.wait()
        await alice.close()
        with pytest.raises(StepError, match="closed while it waited"):
            await under_way
    assert not list(history)


async def test_a_request_that_is_cancelled_is_recorded_and_held_against_nobody() -> None:
    history = History()
    async with (
        server(hang) as url,
        Client(Person("alice", ""), demo(), url, history, Events(), "") as alice,
    ):
        alice.keep_cookie("sid", "a-session")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await alice.add_to_cart("book")
    (operation,) = history
    assert (operation.given_up, operation.status, operation.item) == (True, None, "book")
    assert operation.outcome is Ending.UNKNOWN


# The lab's own trouble


@contextmanager
def no_descriptor_left() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    next_one = os.dup(0)
    os.close(next_one)
    resource.setrlimit(resource.RLIMIT_NOFILE, (next_one, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def test_to_have_no_descriptor_left_is_the_lab_s_trouble_and_no_user_s() -> None:
    history = History()
    async with server(mirror) as url:
        alice = Client(Person("alice", "secret"), demo(), url, history, Events(), "")
        with no_descriptor_left(), pytest.raises(NothingShown, match="could not go on") as raised:
            await alice.me()
        await alice.close()
    assert raised.value.exit_status == 3
    assert "ulimit -n" in raised.value.hint
    assert not list(history)


async def test_to_come_from_an_address_that_is_not_this_machine_s_is_the_lab_s_trouble() -> None:
    async with server(mirror) as url, client(url, ClientNetwork("192.0.2.1")) as alice:
        with pytest.raises(NothingShown, match="could not go on"):
            await alice.me()


async def test_a_name_that_is_not_known_here_is_the_lab_s_trouble() -> None:
    async with client("http://nobody.invalid") as alice:
        with pytest.raises(NothingShown, match=r"could not look up nobody\.invalid"):
            await alice.me()


@pytest.mark.parametrize("own", [errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS])
async def test_what_this_machine_denies_is_its_own(own: int) -> None:
    denied = OSError(own, os.strerror(own))
    assert own_trouble(denied) is not None
    assert own_trouble(ExceptionGroup("two clients", [ValueError(), denied])) is not None


async def test_memory_that_has_run_out_is_the_lab_s_own() -> None:
    assert own_trouble(MemoryError()) is not None


@pytest.mark.parametrize(
    "servers",
    [
        ConnectionRefusedError(errno.ECONNREFUSED, "refused"),
        ConnectionResetError(errno.ECONNRESET, "reset"),
        OSError(errno.EHOSTUNREACH, "a container that is gone"),
        TimeoutError(),
        aiohttp.ServerDisconnectedError(),
        aiohttp.ClientPayloadError("cut"),
    ],
)
async def test_what_the_servers_do_is_theirs(servers: Exception) -> None:
    assert own_trouble(servers) is None


async def test_of_what_goes_wrong_side_by_side_the_lab_s_own_trouble_is_told() -> None:
    async def fail(error: LabError) -> None:
        await asyncio.sleep(0)
        raise error

    with pytest.raises(NothingShown):
        await side_by_side([fail(StepError("a login")), fail(NothingShown("no descriptor"))])
