"""Somebody's own command on the local fabric: what it begins ends with it, whatever it does."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sessionlab.lab.errors import StartError
from sessionlab.lab.fabrics.interface import Part
from sessionlab.lab.waiting import until
from tests.lab.fabrics.processes import alive, wait_gone

if TYPE_CHECKING:
    from sessionlab.lab.fabrics.local.fabric import LocalFabric
    from sessionlab.lab.fabrics.local.sandbox import LocalSandbox

pytestmark = pytest.mark.asyncio(loop_scope="session")

DAEMON = """
import os, signal, socket, sys, time

signal.signal(signal.SIGTERM, lambda *_: sys.exit(3))
server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        os.execve(sys.executable, [sys.executable, "-c", "import time; time.sleep(1000)"], {})
    os._exit(0)
os.wait()
print("daemon is away", flush=True)
time.sleep(1000)
"""
"""It forks twice, into a session and an environment of its own, and holds on to the port."""


async def start_daemon(sandbox: LocalSandbox, name: str = "n1") -> list[int]:
    """The processes of a command that has made a daemon."""
    address = sandbox.place(name)
    arguments = ["-c", DAEMON, str(address.port)]
    await sandbox.start(Part(name, sys.executable, arguments, folder="/"))

    async def said() -> bool:
        return "away" in sandbox.log(name)

    await until("the daemon", said)
    processes = sandbox.processes(name)
    assert len(processes) == 2
    assert await sandbox.pid(name) == processes[0]
    return processes


@pytest.mark.parametrize("signum", [signal.SIGKILL, signal.SIGTERM])
async def test_a_daemon_is_gone_before_its_command_counts_as_ended(
    fabric: LocalFabric, signum: int
) -> None:
    sandbox = fabric.sandbox("daemon")
    processes = await start_daemon(sandbox)
    await sandbox.signal("n1", signum)
    status = await sandbox.gone("n1")
    assert [pid for pid in processes if alive(pid)] == []
    assert status == (-signal.SIGKILL if signum == signal.SIGKILL else 3)
    await sandbox.close()


async def test_it_is_gone_with_its_cluster(fabric: LocalFabric) -> None:
    sandbox = fabric.sandbox("daemon")
    processes = await start_daemon(sandbox)
    await sandbox.close()
    assert [pid for pid in processes if alive(pid)] == []


async def test_it_is_gone_when_its_keeper_is_killed(fabric: LocalFabric) -> None:
    sandbox = fabric.sandbox("daemon")
    processes = await start_daemon(sandbox)
    keeper = fabric._forks.pid(f"{sandbox.label}/n1")
    assert keeper
    os.kill(keeper, signal.SIGKILL)
    await sandbox.gone("n1")
    assert wait_gone(*processes) == []
    await sandbox.close()


async def test_freezing_stops_the_whole_tree(fabric: LocalFabric) -> None:
    sandbox = fabric.sandbox("daemon")
    processes = await start_daemon(sandbox)
    await sandbox.signal("n1", signal.SIGSTOP)
    await until("all to stand still", lambda: all_in(processes, "T"))
    await sandbox.signal("n1", signal.SIGCONT)
    await until("all to go on", lambda: all_in(processes, "S"))
    await sandbox.close()


async def all_in(processes: list[int], state: str) -> bool:
    read = [Path(f"/proc/{pid}/stat").read_text() for pid in processes]
    return all(text.rpartition(")")[2].split()[0] == state for text in read)


async def test_a_command_runs_in_its_folder_with_its_own_path(
    fabric: LocalFabric, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bin").mkdir()
    for where in ("bin/shop", "shop"):
        (tmp_path / where).write_text("#!/bin/sh\necho $0 in $PWD; kill -s PIPE $$\n")
        (tmp_path / where).chmod(0o700)
    sandbox = fabric.sandbox("folder")
    path = {"PATH": f"bin:{os.environ['PATH']}"}
    for number, program in enumerate(("shop", "./shop")):
        name = f"n{number}"
        await sandbox.start(Part(name, program, [], path, folder=str(tmp_path)))
        assert await sandbox.gone(name) == -signal.SIGPIPE, "which Python would ignore"
        place = tmp_path / ("bin/shop" if number == 0 else "shop")
        assert sandbox.log(name) == f"{place} in {tmp_path}\n"
    await sandbox.close()


@pytest.mark.parametrize(
    ("program", "folder", "says"),
    [
        ("guniconr", "/", "there is no program 'guniconr'"),
        ("./nothing", "/", "there is no program './nothing'"),
        ("sh", "/nowhere", "there is no such folder"),
    ],
)
async def test_what_cannot_be_found_is_said(
    fabric: LocalFabric, program: str, folder: str, says: str
) -> None:
    sandbox = fabric.sandbox("nothing")
    with pytest.raises(StartError, match=says):
        await sandbox.start(Part("n1", program, folder=folder))
    await sandbox.close()


LAB = """
import asyncio, json, os, sys
sys.path.append({root!r})
from sessionlab.lab.fabrics.local.fabric import LocalFabric
from tests.lab.fabrics.local.test_keeper import start_daemon

async def main():
    fabric = LocalFabric()
    await fabric.open()
    sandbox = fabric.sandbox("here")
    processes = await start_daemon(sandbox)
    print(json.dumps([fabric._forks._server.pid, *processes]), flush=True)
    await asyncio.sleep(1000)

asyncio.run(main())
"""


@pytest.mark.parametrize("whom", [["lab"], ["forkserver"], ["forkserver", "lab"]])
async def test_kill_9_leaves_no_daemon(whom: list[str]) -> None:
    program = LAB.format(root=os.getcwd())  # noqa: PTH109
    lab = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    try:
        assert lab.stdout is not None
        forkserver, *processes = json.loads(lab.stdout.readline())
        assert all(map(alive, processes))
        pids = {"lab": lab.pid, "forkserver": forkserver}
        for name in whom:
            os.kill(pids[name], signal.SIGKILL)
        assert wait_gone(*processes) == []
    finally:
        lab.kill()
        lab.communicate()
