"""`python -m sessionlab.nodes` as a process: start, signals, drain, exit status."""

import asyncio
import json
import re
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from sessionlab.nodes.process.listening import Address, bound_address, listen
from sessionlab.nodes.stores.sessions import new_id
from tests.nodes.material import jwk_set, oct_key
from tests.nodes.node_process import Process, listening, process
from tests.nodes.raw import statuses
from tests.nodes.running import PASSWORD, bearer, client_of, cookie
from tests.nodes.valkey import Valkey

BODY = json.dumps({"username": "alice", "password": PASSWORD}).encode()
HEAD = (
    b"POST /login HTTP/1.1\r\nHost: n\r\nContent-Type: application/json\r\n"
    b"Content-Length: %d\r\n\r\n" % len(BODY)
)


@dataclass(frozen=True, slots=True)
class Upload:
    """A login whose body has not come yet: a request that stays open as long as the test likes."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def finish(self) -> bytes:
        self.writer.write(BODY)
        return await self.reader.read()


@asynccontextmanager
async def upload(node: Process) -> AsyncIterator[Upload]:
    reader, writer = await asyncio.open_connection(node.address.host, node.address.port)
    # The interim answer (RFC 9110 section 10.1.1) tells that the node has the request.
    writer.write(HEAD.replace(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\n\r\n"))
    assert statuses(await reader.readuntil(b"\r\n\r\n")) == [100]
    try:
        yield Upload(reader, writer)
    finally:
        writer.close()


async def refused(address: Address) -> None:
    """Until nothing listens there."""
    while True:
        try:
            _, writer = await asyncio.open_connection(address.host, address.port)
        except ConnectionError:
            return
        writer.close()
        await asyncio.sleep(0.002)


async def test_a_node_says_where_it_listens_and_serves_there() -> None:
    async with listening("--id", "n7", "--service", "orders") as (node, client):
        assert re.fullmatch(
            r"node n7 \(orders\) listening on http://127\.0\.0\.1:[1-9]\d*, strategy memory",
            node.lines[-1],
        )
        login = await client.login()
        assert (await client.get("/me", cookie(login.cookie))).json["user"] == "alice"
        node.signal(signal.SIGTERM)
        assert await node.ended() == 0
        assert node.lines[1:] == ["node n7: SIGTERM: draining"]


async def test_an_open_request_finishes_before_the_node_leaves() -> None:
    async with listening() as (node, client):
        async with upload(node) as login:
            assert (await client.get("/readyz")).status == 200
            node.signal(signal.SIGTERM)
            await refused(node.address)
            # The balancer's pooled connection, too, is served once more, and told to go.
            pooled = await client.get("/readyz")
            assert (pooled.status, pooled.headers["Connection"]) == (503, "close")
            answer = await login.finish()
        assert statuses(answer) == [200]
        assert b"Connection: close" in answer
        assert await node.ended() == 0


async def test_a_request_that_never_finishes_is_cut_off_in_time() -> None:
    async with listening("--drain", "0.05") as (node, _):
        async with upload(node):
            node.signal(signal.SIGINT)
            assert await node.ended() == 0
        assert "node n1: requests cut off after 0.05 s: 1" in node.lines


async def test_a_second_signal_stops_at_once() -> None:
    async with listening("--drain", "3600") as (node, _):
        async with upload(node):
            node.signal(signal.SIGTERM)
            await node.line("draining")
            node.signal(signal.SIGTERM)
            assert await node.ended() == 1
        assert node.lines[-1] == "node n1: SIGTERM again: open requests: 1"


async def test_during_the_delay_the_node_serves_and_says_that_it_goes() -> None:
    async with listening("--drain-delay", "3600") as (node, client):
        assert (await client.get("/readyz")).status == 200
        node.signal(signal.SIGTERM)
        await node.line("draining")
        async with client_of(client.url) as newcomer:
            ready = await newcomer.get("/readyz")
            assert (ready.status, ready.json["ready"]) == (503, False)
            assert ready.headers["Connection"] == "close"
            assert (await newcomer.login()).status == 200
        node.signal(signal.SIGTERM)
        assert await node.ended() == 1


async def test_a_node_that_asks_to_be_drained_serves_as_ever_until_it_takes_that_back() -> None:
    async with listening() as (node, client):
        held = cookie((await client.login()).cookie)
        for _ in range(2):  # asking twice is asking once
            node.signal(signal.SIGUSR1)
            await node.line("node n1: asks to be drained$")
        ready = await client.get("/readyz")
        assert (ready.status, ready.json["ready"]) == (503, False)
        async with client_of(client.url) as newcomer:
            who = await newcomer.get("/me", held)
            assert (who.status, "Connection" in who.headers) == (200, False)
        node.signal(signal.SIGUSR2)
        await node.line("node n1: ready again$")
        assert (await client.get("/readyz")).status == 200


async def test_a_node_that_leaves_does_not_become_ready_again() -> None:
    async with listening("--drain-delay", "3600") as (node, client):
        node.signal(signal.SIGTERM)
        await node.line("draining")
        node.signal(signal.SIGUSR2)
        assert (await client.get("/readyz")).status == 503
        node.signal(signal.SIGTERM)
        assert await node.ended() == 1
        assert not [line for line in node.lines if "ready again" in line]


async def test_an_idle_connection_does_not_hold_the_node_up() -> None:
    async with listening("--drain", "3600") as (node, client):
        assert (await client.get("/")).status == 200
        _, writer = await asyncio.open_connection(node.address.host, node.address.port)
        writer.write(b"GET / HTT")
        node.signal(signal.SIGTERM)
        assert await node.ended() == 0
        writer.close()
        with pytest.raises(aiohttp.ClientError):
            await client.get("/")


async def test_a_hangup_reads_the_keys_again_and_a_bad_file_changes_nothing(
    tmp_path: Path,
) -> None:
    path = tmp_path / "keys.json"
    old, new = oct_key("old"), oct_key("new")
    path.write_text(jwk_set(old))
    async with listening("--strategy", "jwt", "--jwt-keys", str(path)) as (node, client):
        token = (await client.login()).json["access_token"]
        path.write_text("{}")
        node.signal(signal.SIGHUP)
        said = await node.line("keys")
        assert said.string == (
            f"node n1: keys kept as they were: --jwt-keys {path}: not a JWK set:"
            ' give {"keys": [ … ]} with one key or more (RFC 7517)'
        )
        assert (await client.get("/readyz")).json["keys"] == ["old"]
        assert (await client.get("/me", bearer(token))).status == 200
        path.write_text(jwk_set(new, old))
        node.signal(signal.SIGHUP)
        await node.line("keys read again: new, old")
        assert (await client.get("/me", bearer(token))).status == 200
        path.write_text(jwk_set(new))
        node.signal(signal.SIGHUP)
        await node.line("keys read again: new$")
        assert (await client.get("/me", bearer(token))).code == "key-unknown"


async def test_redis_goes_and_comes_under_a_running_node(own_valkey: Valkey) -> None:
    redis = ("--strategy", "redis", "--redis-url", own_valkey.url, "--redis-timeout", "5")
    async with listening(*redis) as (node, client):
        held = cookie((await client.login()).cookie)
        assert (await client.get("/me", held)).status == 200
        own_valkey.stop()
        for _ in range(3):
            assert (await client.get("/me", held)).status == 503
        own_valkey.start()
        assert (await client.get("/me", held)).code == "session-unknown"
        assert (await client.login()).status == 200
        node.signal(signal.SIGTERM)
        assert await node.ended() == 0
        *away, again, end = node.lines[1:]
        assert 1 <= len(away) <= 2, "each reason once: cut off, then nobody there"
        assert all(line.startswith("node n1: the session store cannot be") for line in away)
        assert again == "node n1: the session store answers again"
        assert end == "node n1: SIGTERM: draining"


async def test_a_node_whose_redis_hangs_answers_and_drains(own_valkey: Valkey) -> None:
    redis = ("--strategy", "redis", "--redis-url", own_valkey.url, "--redis-timeout", "0.1")
    async with listening(*redis) as (node, client):
        held = cookie(new_id())
        own_valkey.freeze()
        try:
            assert (await client.get("/me", held)).code == "store-timeout"
            node.signal(signal.SIGTERM)
            assert await node.ended() == 0
        finally:
            own_valkey.thaw()


async def test_a_taken_port_is_status_3_and_a_line_that_helps() -> None:
    with listen(Address("127.0.0.1", 0)) as taken:
        address = bound_address(taken)
        async with process("--listen", str(address), "--id", "n2") as node:
            assert await node.ended() == 3
            (line,) = node.lines
            assert line == (
                f"node n2: cannot listen on {address}: address already in use."
                " Choose another --listen, or stop what holds it."
            )


async def test_without_a_password_one_is_made_printed_once_and_works() -> None:
    async with process("--listen", "127.0.0.1:0", "--hash-cost", "low") as node:
        password = (await node.line(r"the users' password is (\S+)$")).group(1)
        address = (await node.line(r"listening on http://(\S+),")).group(1)
        async with client_of(f"http://{address}") as client:
            assert (await client.login("alice", password)).status == 200
            assert (await client.login("alice", "")).status == 400
        node.signal(signal.SIGTERM)
        assert await node.ended() == 0
        assert "\n".join(node.lines).count(password) == 1


async def test_no_log_has_a_credential() -> None:
    async with listening("--access-log", "text") as (node, client):
        session = (await client.login()).cookie
        await client.get(f"/me?sid={session}", {**cookie(session), "Referer": session})
        await client.get(f"/{'x' * 9000}")
        node.signal(signal.SIGTERM)
        assert await node.ended() == 0
        log = "\n".join(node.lines)
        assert "node n1: POST /login 200" in log
        assert session not in log
        assert PASSWORD not in log
        assert "alice" not in log


async def test_a_json_log_tells_who_asked_and_why_not_and_no_credential() -> None:
    async with listening("--access-log", "json") as (node, client):
        session = (await client.login()).cookie
        forwarded = {"X-Forwarded-For": "192.0.2.7", "X-Request-ID": "7" * 99}
        await client.get("/me", {**cookie(session), **forwarded})
        unknown = new_id()
        await client.get("/me", cookie(unknown))
        await client.login("mallory \n\x1b[2J", "wrong guess")
        for accept in ("text/html", "application/json"):
            await client.get("/", {**cookie(unknown), "Accept": accept})
            await client.get("/", {"Accept": accept})
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        await client.send("POST", "/", headers=form, body=b"do=logout")
        await client.send("POST", "/", headers=form, body=b"do=%1b%5b2J")
        node.signal(signal.SIGTERM)
        assert await node.ended() == 0
        rows = [json.loads(line) for line in node.lines if line.startswith('{"')]
    login, me, refused, guess, *fronts, out, _, odd = rows  # _: where the form leads
    assert (login["user"], login["status"], login["path"]) == ("alice", 200, "/login")
    assert (me["user"], me["credential"]) == ("alice", login["granted"])
    assert (login["forwarded"], me["forwarded"]) == (False, True)
    assert (login["request_id"], me["request_id"]) == ("", "7" * 64)
    assert 0 < login["auth"] < login["seconds"]
    assert (refused["user"], refused["reason"]) == (None, "session unknown here")
    assert (guess["user"], guess["status"]) == ("mallory \n\x1b[2J", 401)
    nobody = "nobody: session unknown here"
    assert [(row["status"], row["reason"]) for row in fronts] == [(200, nobody), (200, None)] * 2
    assert (out["status"], out["does"], odd["does"]) == (303, "logout", None)
    log = "\n".join(node.lines)
    assert not [secret for secret in (session, unknown, PASSWORD, "wrong guess") if secret in log]
