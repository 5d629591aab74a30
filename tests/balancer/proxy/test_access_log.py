"""One line a request."""

from __future__ import annotations

import fcntl
import io
import json
import os
import re
import signal
import time
from typing import TYPE_CHECKING

import pytest

from sessionlab.balancer.proxy.access_log import AccessLog, Record, as_common, as_json
from tests.balancer.processes.test_process import ended, started
from tests.balancer.rawhttp import connect, get, ok, until

if TYPE_CHECKING:
    import asyncio

    from tests.balancer.conftest import Lab
    from tests.balancer.rawhttp import Backend, Message

RECORD = Record(0.0, b"192.0.2.1", b"GET", b'/a"b\\', 1, 200, 5, 0.25, "app", "n1", "VN", b"id-1")


def test_a_json_line_is_one_object() -> None:
    row = json.loads(as_json(RECORD))
    assert row["target"] == '/a"b\\'
    assert (row["affinity"], row["backend"], row["seconds"]) == ("VN", "n1", 0.25)


def test_a_common_line_can_not_be_broken_by_its_target() -> None:
    assert as_common(RECORD) == (
        '192.0.2.1 - - [01/Jan/1970:00:00:00 +0000] "GET /a\\"b\\\\ HTTP/1.1" 200 5 '
        "app/n1 VN - 0.250000 -"
    )
    moved = RECORD._replace(verdict="DI", reason="backend-down", cut="client")
    assert as_common(moved).endswith(" app/n1 DI backend-down 0.250000 client")
    row = json.loads(as_json(moved))
    assert (row["affinity"], row["reason"], row["cut"]) == ("DI", "backend-down", "client")


def test_everything_is_written_by_the_end() -> None:
    out = io.StringIO()
    log = AccessLog("json", out)
    for _ in range(1000):
        log.append(RECORD)
    log.flush()
    log.append(RECORD)
    log.close()
    assert len(out.getvalue().splitlines()) == 1001
    assert log.dropped == 0


class _Gone(io.StringIO):
    """Nobody reads it any more."""

    def write(self, text: str, /) -> int:
        raise BrokenPipeError(32, "Broken pipe")


def test_what_can_not_be_written_is_dropped_said_once_and_holds_up_nothing(
    capfd: pytest.CaptureFixture[str],
) -> None:
    log = AccessLog("json", _Gone())
    for _ in range(300):
        log.append(RECORD)
        log.flush()
        time.sleep(0)
    log.close()
    assert log.dropped == 300
    said = capfd.readouterr().err
    assert said.count("Broken pipe; lines are dropped") == 1
    assert "300 lines were dropped" in said


@pytest.mark.parametrize("reads", [True, False])
async def test_a_log_that_can_not_be_written_does_not_hold_up_the_end(
    lab: Lab, *, reads: bool
) -> None:
    """Its reader has gone, or is there and reads no more."""
    backend = await lab.backend()
    reader, writer = os.pipe()
    options = ("--backend", backend.spec, "--health-interval", "0", "--access-log", "json")
    try:
        if reads:
            fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)  # full soon
        else:
            os.close(reader)
        async with started(*options, stdout=writer) as balancer:
            async with connect(balancer.address) as client:
                for _ in range(100):
                    assert (await client.get()).status == 200
            balancer.process.send_signal(signal.SIGTERM)
            assert await ended(balancer.process) == 0
    finally:
        os.close(writer)
        if reads:
            os.close(reader)


async def test_requests_and_verdicts_are_logged(
    lab: Lab, capfd: pytest.CaptureFixture[str]
) -> None:
    backend = await lab.backend(answer=ok(b"hello"))
    balancer = await lab.balancer(backend, affinity="cookie", access_log="json")
    client = await lab.client(balancer)
    first = await client.get("/x?y")
    cookie = first.values("set-cookie")[0].partition(b";")[0].decode()
    await client.get("/", f"Cookie: {cookie}")
    await client.get("/", "Cookie: SESSIONLAB=bad")
    await client.ask(b"GET / HTTP/1.1\r\n\r\n")
    await balancer.context.close()
    rows = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert [(r["status"], r["affinity"]) for r in rows[:3]] == [
        (200, "NI"), (200, "VN"), (200, "II"),
    ]  # fmt: skip
    assert (rows[0]["target"], rows[0]["bytes"], rows[0]["backend"]) == ("/x?y", 5, "n1")
    assert rows[0]["request_id"] == (backend.requests[0].value("x-request-id") or b"").decode()
    assert (rows[3]["status"], rows[3]["detail"]) == (400, "no Host")
    assert rows[0]["detail"] is None
    assert not re.search("SESSIONLAB", json.dumps(rows)), "no credential is logged"


async def test_what_ends_before_its_time_is_logged_with_its_bytes(
    lab: Lab, capfd: pytest.CaptureFixture[str]
) -> None:
    async def app(
        backend: Backend,
        request: Message,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        if b"/silent" in request.line:
            await reader.read()
        elif b"/tunnel" in request.line:
            writer.write(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n")
            writer.write(b"Upgrade: x\r\n\r\nhello")
            writer.write(await reader.readexactly(4))
        else:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n1234567")
            if b"/broken" in request.line:
                await writer.drain()
                writer.close()

    balancer = await lab.balancer(await lab.backend(answer=app), access_log="json")
    (backend,) = balancer.context.cluster.backends()
    for path, end in (("/silent", b""), ("/slow", b"1234567"), ("/broken", b"1234567")):
        async with connect(balancer.listen) as client:
            await client.send(get(path))
            if end:
                await client.reader.readuntil(end)
            else:
                await until(lambda: backend.active == 1)
        await until(lambda: backend.active == 0)
    async with connect(balancer.listen) as client:
        await client.send(get("/tunnel", "Connection: Upgrade", "Upgrade: x"))
        await client.reader.readuntil(b"hello")
        await client.send(b"echo")
        await client.reader.readuntil(b"echo")
    await until(lambda: backend.active == 0)
    await balancer.context.close()
    rows = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert [(r["target"], r["status"], r["bytes"], r["cut"]) for r in rows] == [
        ("/silent", 499, 0, "client"),
        ("/slow", 200, 7, "client"),
        ("/broken", 200, 7, "backend"),
        ("/tunnel", 101, 9, None),
    ]
    assert all(r["backend"] == "n1" for r in rows)
    text = balancer.context.report()["services"]["app"]["verdicts"]
    assert text == [["N", "N", "", 4]], "each is counted once"
