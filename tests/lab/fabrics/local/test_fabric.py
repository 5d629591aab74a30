"""Real processes, forked from a real forkserver."""

from __future__ import annotations

import asyncio
import itertools
import signal
import socket
import stat
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from sessionlab.lab.errors import FabricLost, StartError
from sessionlab.lab.fabrics.interface import Part
from sessionlab.lab.fabrics.local.fabric import LocalFabric
from sessionlab.lab.fabrics.run_folder import home, leftovers, running
from tests.lab.fabrics.processes import alive, wait_gone

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sessionlab.lab.fabrics.local.sandbox import LocalSandbox

SLEEP = "/bin/sleep"
NUMBER = itertools.count()
SHELL = "/bin/sh"


pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def fabric() -> AsyncIterator[LocalFabric]:
    fabric = LocalFabric()
    await fabric.open()
    yield fabric
    await fabric.close()


@pytest_asyncio.fixture(loop_scope="module")
async def sandbox(fabric: LocalFabric) -> AsyncIterator[LocalSandbox]:
    sandbox = fabric.sandbox(f"sandbox-{next(NUMBER)}")
    yield sandbox
    await sandbox.close()


async def pid_of(sandbox: LocalSandbox, name: str) -> int:
    """Start a shell that says its process id and then stays."""
    await sandbox.start(Part(name, SHELL, ["-c", "echo $$; exec sleep 1000"]))
    while not sandbox.log(name):
        await asyncio.sleep(0.005)
    return int(sandbox.log(name))


async def test_a_part_that_ends_is_known_to_have_ended_and_how(sandbox: LocalSandbox) -> None:
    await sandbox.start(Part("p", SHELL, ["-c", "echo out; echo err >&2; exit 7"]))
    assert await sandbox.gone("p") == 7
    assert sandbox.ended("p") == 7
    assert sandbox.log("p") == "out\nerr\n"


async def test_a_log_that_was_read_is_emptied_and_goes_on_from_there(sandbox: LocalSandbox) -> None:
    await sandbox.start(
        Part("p", SHELL, ["-c", "trap 'echo second; exit' TERM; echo first; sleep 1000 & wait"])
    )
    while sandbox.printed("p", 0, 1000) != b"first\n":
        await asyncio.sleep(0.005)
    assert sandbox.printed("p", 1, 3) == b"irs"
    assert not sandbox.empty("p", 5)
    assert sandbox.empty("p", 6)
    await sandbox.signal("p", signal.SIGTERM)
    await sandbox.gone("p")
    assert sandbox.printed("p", 0, 1000) == b"second\n"


async def test_a_killed_part_is_gone_and_its_name_can_be_used_again(sandbox: LocalSandbox) -> None:
    first = await pid_of(sandbox, "p")
    await sandbox.signal("p", signal.SIGKILL)
    assert await sandbox.gone("p") == -signal.SIGKILL
    assert not alive(first)
    await sandbox.start(Part("p", SLEEP, ["1000"]))
    assert sandbox.ended("p") is None


async def test_a_part_s_own_children_go_with_it(sandbox: LocalSandbox) -> None:
    await sandbox.start(Part("p", SHELL, ["-c", "sleep 1000 & echo $!; wait"]))
    while not sandbox.log("p"):
        await asyncio.sleep(0.005)
    child = int(sandbox.log("p"))
    await sandbox.signal("p", signal.SIGKILL)
    await sandbox.gone("p")
    assert wait_gone(child) == []


async def test_what_a_part_keeps_is_there_when_it_comes_back(sandbox: LocalSandbox) -> None:
    kept = sandbox.keep("p")
    for script in (f"echo held > {kept}/file", f"cat {kept}/file"):
        await sandbox.start(Part("p", SHELL, ["-c", script]))
        assert await sandbox.gone("p") == 0
    assert sandbox.log("p") == "held\n"
    assert sandbox.keep("p") == kept
    assert sandbox.keep("q") != kept


async def test_two_parts_of_one_name_are_refused(sandbox: LocalSandbox) -> None:
    await sandbox.start(Part("p", SLEEP, ["1000"]))
    with pytest.raises(StartError, match="p is running already"):
        await sandbox.start(Part("p", SLEEP, ["1000"]))


async def test_a_program_that_is_not_there_ends_and_says_so(sandbox: LocalSandbox) -> None:
    await sandbox.start(Part("p", "/no/such/program"))
    assert await sandbox.gone("p") != 0
    assert "No such file" in sandbox.log("p")


async def test_a_secret_given_in_the_environment_is_in_no_argument_list(
    sandbox: LocalSandbox,
) -> None:
    await sandbox.start(Part("p", SHELL, ["-c", 'test "$SECRET" = hush'], {"SECRET": "hush"}))
    assert await sandbox.gone("p") == 0


async def test_a_part_has_none_of_the_forkserver_s_files_open(sandbox: LocalSandbox) -> None:
    await sandbox.start(Part("p", "/bin/ls", ["/proc/self/fd"]))
    await sandbox.gone("p")
    assert sandbox.log("p").split() == ["0", "1", "2", "3"]  # 3 is the folder that ls reads


async def test_closing_a_sandbox_ends_its_parts_and_no_others(fabric: LocalFabric) -> None:
    one, other = fabric.sandbox("one"), fabric.sandbox("other")
    mine, theirs = await pid_of(one, "p"), await pid_of(other, "p")
    await one.close()
    assert not alive(mine)
    assert alive(theirs)


async def test_a_port_is_given_once_and_free_for_the_part_itself(sandbox: LocalSandbox) -> None:
    ports = {sandbox.place("p").port for _ in range(200)}
    assert len(ports) == 200
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind(("127.0.0.1", ports.pop()))
        server.listen()
    await sandbox.close()


async def test_a_port_that_is_taken_is_a_clear_error(sandbox: LocalSandbox) -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        port = server.getsockname()[1]
        with pytest.raises(StartError, match=f"port {port} on 127.0.0.1 cannot be had"):
            sandbox.place("p", port)


async def test_a_file_can_be_read_by_its_user_only(sandbox: LocalSandbox) -> None:
    path = Path(sandbox.write("keys.json", "secret"))
    assert path.read_text() == "secret"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(home().stat().st_mode) == 0o700


async def test_nothing_is_left_when_the_fabric_is_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))  # no other lab's folder
    fabric = LocalFabric()
    await fabric.open()
    pid = await pid_of(fabric.sandbox("here"), "p")
    (folder,) = home().iterdir()
    assert [run for run, _ in running() if run == folder.name] == [folder.name]
    assert folder not in leftovers()
    await fabric.close()
    assert not alive(pid)
    assert not folder.exists()


async def test_a_forkserver_that_is_killed_takes_its_parts_along_and_is_missed() -> None:
    fabric = LocalFabric()
    await fabric.open()
    sandbox = fabric.sandbox("here")
    pid = await pid_of(sandbox, "p")
    assert fabric._forks._server is not None
    fabric._forks._server.kill()
    with pytest.raises(FabricLost, match="forked from has ended"):
        await sandbox.gone("p")
    assert wait_gone(pid) == []
    with pytest.raises(FabricLost):
        await sandbox.start(Part("q", SLEEP, ["1000"]))
    await fabric.close()
