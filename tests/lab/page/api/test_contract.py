"""The bench's API, as the page, `sessionlab do` and strangers meet it."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import stat
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
import pytest_asyncio
from yarl import URL

from sessionlab.lab.bench.place import FILE, found
from sessionlab.lab.errors import StartError, UsageError
from sessionlab.lab.fabrics.local.fabric import LocalFabric
from sessionlab.lab.page.desk.stream import MOST, Stream
from sessionlab.lab.waiting import until
from tests.lab.page.up import Up, up

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def fabric(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[LocalFabric]:
    """One in a folder where nobody else on this machine has a lab up."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tempfile.tempdir", str(tmp_path_factory.mktemp("labs")))
        fabric = LocalFabric()
        await fabric.open()
        yield fabric
        await fabric.close()


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def lab(fabric: LocalFabric) -> AsyncIterator[Up]:
    """One that no test changes."""
    async with up(fabric) as one:
        yield one


async def test_it_tells_the_state_and_does_what_is_asked(fabric: LocalFabric) -> None:
    async with up(fabric) as lab:
        status, state = await lab.ask("GET", "/cluster")
        assert status == 200
        assert [part["name"] for part in state["parts"]] == ["n1", "n2", "balancer"]
        assert all(part["pid"] for part in state["parts"])
        assert state["parts"][0]["seen"] == "up"
        assert await lab.ask("POST", "/actions", {"do": "kill", "part": "n1"}) == (
            200, {"done": "n1 killed", "refused": {}},
        )  # fmt: skip
        status, problem = await lab.ask("POST", "/actions", {"do": "kill", "part": "n1"})
        assert (status, problem["detail"]) == (409, "n1 is not running")
        assert problem["hint"] == "`start n1` brings it back"
        _, state = await lab.ask("GET", "/cluster")
        assert (state["parts"][0]["state"], state["parts"][0]["how"]) == ("ended", "by SIGKILL")
        assert {a["do"]: a["parts"] for a in state["actions"]}["start"] == ["n1"]
        assert lab.cluster.password not in json.dumps(state)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Authorization": ""}, 401),
        ({"Authorization": "Bearer x"}, 401),
        ({"Authorization": "Bearer \udcff"}, 401),
        ({"Host": "evil.example"}, 403),
        ({"Host": "127.0.0.1.evil.example"}, 403),
        ({"Host": "127.0.0.1:1"}, 403),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Content_Type": "text/plain"}, 415),
    ],
)
async def test_strangers_and_their_pages_are_refused(
    lab: Up, headers: dict[str, str], status: int
) -> None:
    wanted = {"do": "kill", "part": "n1"}
    assert (await lab.ask("POST", "/actions", wanted, **headers))[0] == status


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"[" * 3000, 400),
        (b"x" * 20_000, 413),
        ([], 400),
        ({}, 400),
        ({"do": "kill", "part": 1}, 400),
        ({"do": "kill", "part": "n1", "force": "yes"}, 400),
        ({"do": "dance", "part": "n1"}, 400),
        ({"do": "kill", "part": "\x1b[2J"}, 400),
    ],
)
async def test_what_makes_no_sense_is_a_problem_with_the_way_out(
    lab: Up, body: object, status: int
) -> None:
    assert (await lab.ask("POST", "/actions", body))[0] == status
    assert all(part.state == "running" for part in lab.cluster.inventory.parts())


async def test_what_may_be_done_instead_is_in_the_headers(lab: Up) -> None:
    async with lab.http.put(f"{lab.place.url}/actions") as refused:
        assert refused.headers["WWW-Authenticate"] == "Bearer"
    headers = {"Authorization": f"Bearer {lab.place.token}"}
    async with lab.http.put(f"{lab.place.url}/actions", headers=headers) as wrong:
        assert (wrong.status, wrong.headers["Allow"]) == (405, "POST")  # RFC 9110 section 15.5.6
        assert wrong.headers.getall("Content-Type") == ["application/problem+json; charset=utf-8"]


async def test_another_path_or_method_is_a_problem_too(lab: Up) -> None:
    assert (await lab.ask("GET", "/nix"))[0] == 404
    assert (await lab.ask("GET", "/actions"))[0] == 405


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/actions", {"X-Long": "a" * 9000}, 400),
        ("/actions?\x01", {}, 400),
        ("/actions", {"Expect": "the unexpected"}, 417),
        ("/actions", {"Content-Encoding": "gzip"}, 400),
    ],
)
async def test_garbage_is_a_problem_and_nothing_is_printed_over_the_bench(
    lab: Up,
    path: str,
    headers: dict[str, str],
    status: int,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    url = URL(lab.place.url)
    sent = {
        "Host": url.authority, "Authorization": f"Bearer {lab.place.token}",
        "Content-Type": "application/json", "Content-Length": "2", "Connection": "close", **headers,
    }  # fmt: skip
    head = "".join(f"{name}: {value}\r\n" for name, value in sent.items())
    reader, writer = await asyncio.open_connection(url.host, url.port)
    writer.write(f"POST {url.path}{path} HTTP/1.1\r\n{head}\r\n[]".encode())
    got = (await reader.read()).decode()
    writer.close()
    assert got.split()[1] == str(status)
    assert "Content-Type: application/problem+json" in got
    assert (*capfd.readouterr(), caplog.text) == ("", "", "")


async def test_requests_and_events_are_streamed_to_who_listens(fabric: LocalFabric) -> None:
    async with up(fabric) as lab:
        headers = {"Authorization": f"Bearer {lab.place.token}"}
        async with lab.http.get(f"{lab.place.url}/events", headers=headers) as stream:
            assert stream.content_type == "text/event-stream"
            alice = lab.cluster.client("alice")
            await alice.login()
            request = await _next(stream, "request")
            assert (request["user"], request["path"], request["status"]) == ("alice", "/login", 200)
            await alice.me()
            refused = await _next(stream, "request")
            assert (refused["user"], refused["reason"]) == ("alice", "session unknown here")
            await lab.ask("POST", "/actions", {"do": "freeze", "part": "n2"})
            assert (await _next(stream, "event"))["kind"] == "part.paused"
            assert alice.credential not in json.dumps([request, refused])
        assert [line.plain[11:] for line in lab.shown] == [
            f"alice   POST /login → {request['node']} 200",
            f"alice   GET /me → {refused['node']} 401 session unknown here",
            "n2 frozen",
        ]


async def test_what_is_asked_by_who_has_left_is_not_done(fabric: LocalFabric) -> None:
    async with up(fabric) as lab:
        url, body = URL(lab.place.url), b'{"do": "kill", "part": "n1"}'
        head = (
            f"POST {url.path}/actions HTTP/1.1\r\nHost: {url.authority}\r\n"
            f"Authorization: Bearer {lab.place.token}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        with socket.create_connection((url.host or "", url.port or 0)) as gone:  # the loop stands
            gone.sendall(head.encode() + body)
        for _ in range(3):
            status, state = await lab.ask("GET", "/cluster")
            assert (status, state["parts"][0]["state"], state["doing"]) == (200, "running", None)


async def test_a_listener_that_has_left_is_no_defect(
    lab: Up, capsys: pytest.CaptureFixture[str]
) -> None:
    headers = {"Authorization": f"Bearer {lab.place.token}"}
    async with aiohttp.ClientSession(headers=headers) as http:
        stream = await http.get(f"{lab.place.url}/events")
        assert lab.desk.stream.listeners
        stream.close()

    async def gone() -> bool:
        lab.desk.stream.send("event", {"kind": "node.killed"})
        return not lab.desk.stream.listeners

    await until("the listener to be forgotten", gone)
    assert capsys.readouterr().err == ""


async def test_a_balancer_that_ends_by_itself_ends_it_with_its_last_lines(
    fabric: LocalFabric,
) -> None:
    async with up(fabric) as lab:
        await lab.ask("POST", "/actions", {"do": "restart", "part": "balancer"})
        await lab.cluster._sandbox.signal("balancer", signal.SIGKILL)
        with pytest.raises(StartError, match="balancer ended by SIGKILL; its last lines:\n"):
            await lab.running


async def test_who_is_too_slow_is_told_how_much_it_missed() -> None:
    stream = Stream()
    with stream.listener() as listener:
        for number in range(MOST + 7):
            stream.send("event", number)
        heard = listener.heard()
        for _ in range(MOST):
            await anext(heard)
        assert await anext(heard) == b'event: missed\ndata: {"count":7}\n\n'
        stream.close()
        assert [text async for text in heard] == []


async def test_a_lab_is_found_by_its_file_which_only_its_user_reads(
    lab: Up, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = lab.place.write()  # again: another test has had one on the same fabric
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert found(lab.place.run) == lab.place
    assert lab.place.token not in repr(lab.place)
    with pytest.raises(UsageError, match="no lab 'x' is up"):
        found("x")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(UsageError, match="no lab is up"):
        found()


@pytest.mark.parametrize(
    "garbled",
    ["", "{", "[]", "null", '{"run": 1, "url": 2, "token": null}',
     '{"run": "r", "url": "http://[", "token": "t"}', '{"run": "r", "url": "", "token": "t"}'],
)  # fmt: skip
async def test_a_file_that_says_nothing_is_no_lab(lab: Up, garbled: str) -> None:
    file = lab.place.write()
    file.write_text(garbled)
    try:
        with pytest.raises(UsageError, match="no lab is up"):
            found()
    finally:
        lab.place.write()
    assert found() == lab.place
    assert [one.name for one in file.parent.iterdir() if FILE in one.name] == [FILE]


async def _next(stream: aiohttp.ClientResponse, kind: str) -> dict[str, Any]:
    """The data of the next event of that kind."""
    async for line in stream.content:
        if line == f"event: {kind}\n".encode():
            data: dict[str, Any] = json.loads((await stream.content.readline())[6:])
            return data
    raise AssertionError("the stream has ended")
