"""The program itself: its command line, its end, and its beginning."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from sessionlab.balancer.__main__ import main
from sessionlab.balancer.config.assembly import configure
from sessionlab.balancer.config.options import Options
from sessionlab.balancer.errors import ListenError
from sessionlab.balancer.processes.single import running
from tests.balancer.rawhttp import Backend, Message, connect, get, ok

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.balancer.conftest import Lab


@dataclass(frozen=True)
class Started:
    """A balancer process and where it listens."""

    process: asyncio.subprocess.Process
    address: str
    admin: str


@asynccontextmanager
async def started(*arguments: str, stdout: int | None = None) -> AsyncIterator[Started]:
    """A balancer, until the test is over."""
    process = await asyncio.create_subprocess_exec(
        *(
            sys.executable,
            "-m",
            "sessionlab.balancer",
            "--listen",
            "127.0.0.1:0",
            "--admin",
            "127.0.0.1:0",
        ),
        *arguments,
        stdout=stdout,
        stderr=asyncio.subprocess.PIPE,
    )
    said = ""
    try:
        assert process.stderr is not None
        async with asyncio.timeout(20):
            while "listening on" not in said:
                line = (await process.stderr.readline()).decode()
                assert line, f"the balancer ended before it listened: {said}"
                said += line
        admin, address = re.findall(r"on http://([^\s,]+)", said)
        yield Started(process, address, admin)
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def ended(process: asyncio.subprocess.Process) -> int:
    async with asyncio.timeout(20):
        return await process.wait()


async def test_sigterm_lets_open_requests_finish_and_ends_with_0(lab: Lab) -> None:
    asked, go = asyncio.Event(), asyncio.Event()

    async def slow(
        backend: Backend,
        request: Message,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        asked.set()
        await go.wait()
        writer.write(ok(b"done"))

    backend = await lab.backend(answer=slow)
    async with (
        started("--backend", backend.spec, "--health-interval", "0") as balancer,
        connect(balancer.address) as busy,
        connect(balancer.address) as idle,
    ):
        await busy.send(get())
        await asked.wait()
        balancer.process.send_signal(signal.SIGTERM)
        assert await idle.rest() == b"", "an idle connection is closed"
        go.set()
        answer = await busy.answer()
        assert answer.body == b"done"
        assert answer.value("connection") == b"close"
        assert await ended(balancer.process) == 0


AT_ONCE = """
import os, signal, sys
from sessionlab.balancer import __main__
from sessionlab.balancer.processes import parent, single

def log(message, say=single.log):
    say(message)
    if message.startswith("listening"):
        os.kill(os.getpid(), signal.SIGTERM)

single.log = parent.log = log
sys.exit(__main__.main())
"""


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_stop_that_comes_as_soon_as_it_listens_is_an_orderly_one(workers: str) -> None:
    anywhere = ("--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--workers", workers)
    done = subprocess.run([sys.executable, "-c", AT_ONCE, *anywhere], check=False, timeout=50)
    assert done.returncode == 0


async def test_a_drain_is_bounded_and_a_second_signal_cuts_it_short(lab: Lab) -> None:
    asked = asyncio.Event()

    async def never(
        backend: Backend,
        request: Message,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        asked.set()
        await reader.read()

    backend = await lab.backend(answer=never)
    options = ("--backend", backend.spec, "--health-interval", "0", "--drain-timeout")
    async with started(*options, "0.05") as balancer, connect(balancer.address) as client:
        await client.send(get())
        await asked.wait()
        balancer.process.send_signal(signal.SIGTERM)
        assert await ended(balancer.process) == 0
    asked.clear()
    async with started(*options, "60") as balancer, connect(balancer.address) as client:
        await client.send(get())
        await asked.wait()
        balancer.process.send_signal(signal.SIGTERM)
        await _stopped_listening(balancer.address)
        balancer.process.send_signal(signal.SIGTERM)
        assert await ended(balancer.process) == 1


async def _stopped_listening(address: str) -> None:
    async with asyncio.timeout(10):
        while True:
            try:
                async with connect(address):
                    await asyncio.sleep(0.002)
            except ConnectionError:
                return


async def test_a_taken_port_is_said_in_one_line(
    lab: Lab, capfd: pytest.CaptureFixture[str]
) -> None:
    backend = await lab.backend()
    address = f"127.0.0.1:{backend.port}"
    status = await asyncio.to_thread(main, ["--listen", address, "--admin", "127.0.0.1:0"])
    assert status == 3
    assert capfd.readouterr().err == (
        f"balancer: cannot listen on {address}: address already in use. "
        "Choose another --listen, or stop what holds it.\n"
    )


async def test_nothing_listens_any_more_when_the_admin_port_is_taken(
    lab: Lab, tmp_path: Path
) -> None:
    where = str(tmp_path / "socket")
    admin = f"127.0.0.1:{(await lab.backend()).port}"
    options = Options(listen=f"unix:{where}", admin=admin)
    with pytest.raises(ListenError, match=f"cannot listen on {admin}") as failed:
        async with running(configure(options)):
            pass
    assert failed.traceback, "what holds the server; uvloop would wait for it at the loop's end"
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_unix_connection(where)


def test_an_address_that_is_none_is_said(capfd: pytest.CaptureFixture[str]) -> None:
    for address, said in [
        (f"unix:/tmp/{'a' * 150}", "path too long"),
        ("unix:/nowhere/x.sock", "No such file or directory"),
    ]:
        assert main(["--admin", "none", "--listen", address]) == 3, address
        assert said in capfd.readouterr().err, address


def test_wrong_usage_is_explained_without_a_traceback(capfd: pytest.CaptureFixture[str]) -> None:
    for arguments, said in [
        (["--nonsense"], "No such option"),
        (["--backend", "nowhere"], "is not [SERVICE/]NAME=HOST:PORT"),
        (["--backend", "a=127.0.0.1:1", "--backend", "a=127.0.0.1:2"], "given twice"),
        (["--backend", "a=127.0.0.1:1,weight=x"], "whole number from 0"),
        (["--listen", "here"], "--listen"),
        (["--algorithm", "best"], "there are round-robin"),
        (["--affinity", "glue"], "there are none, cookie, learn:NAME"),
        (["--affinity", "learn"], "learn:sid"),
        (["--affinity", "cookie:SRV"], "--cookie-name is its name"),
        (["--affinity", "learn:a;b"], "'a;b' can't be the name"),
        (["--affinity", "header:X Y"], "'X Y' can't be the name"),
        (["--route", "auth"], "is not [HOST]/PREFIX=SERVICE"),
        (["--on-pin-lost", "cry"], "redispatch or fail"),
        (["--cookie-name", "a;b"], "not a token"),
        (["--trust-proxy", "me"], "not a network"),
        (["--health-path", "no slash"], "--health-path"),
        (["--fall", "0"], "'--fall': 0 is not in the range x>=1"),
        (["--idle-timeout", "nan"], "'--idle-timeout': 'nan' is no number"),
        (["--workers", "1.5"], "'--workers': '1.5' is not a valid integer"),
        (["--explain=1"], "'--explain' does not take a value"),
        (["--health-status", "ok"], "such as 200"),
        (["--access-log", "xml"], "json or common"),
        (["--tls-cert", "/nowhere.pem"], "--tls-cert"),
        (["--tls-key", "/nowhere.pem"], "--tls-cert, which is missing"),
        (["--tls-cert", "/nowhere.pem", "--workers", "2"], "--tls-cert"),
    ]:
        assert main(["--admin", "none", *arguments]) == 2, arguments
        captured = capfd.readouterr()
        assert said in captured.err, arguments
        assert captured.err.count("\n") == 1, captured.err


def test_help_gives_examples(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    assert "BALANCER_LISTEN" in capfd.readouterr().out


def test_options_can_come_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(os.environ, "BALANCER_BACKEND", "a=127.0.0.1:1 b=nowhere")
    assert main(["--admin", "none"]) == 2
    assert "backend b" in capfd.readouterr().err
    monkeypatch.setitem(os.environ, "BALANCER_EXPLAIN", "perhaps")
    assert main(["--admin", "none"]) == 2
    assert "'--explain': 'perhaps' is not a valid boolean" in capfd.readouterr().err


def test_a_balancer_loads_no_cipher_and_nothing_of_many_processes_before_it_needs_them() -> None:
    loads = """
import sys
from sessionlab.balancer.__main__ import main
main(["--admin", "none", "--affinity", "glue"])
ours = "sessionlab.balancer.processes.parent"
print({ours, "cryptography", "typer", "pydantic"} & set(sys.modules))
"""
    assert subprocess.check_output([sys.executable, "-c", loads], text=True) == "set()\n"
