"""Real processes, forked from a real forkserver."""

from __future__ import annotations

import asyncio
import itertools
import signal
import socket
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from sessionlab.lab.errors import FabricLost, StartError
from sessionlab.lab.fabrics.interface import Part
from sessionlab.lab.fabrics.local.fabric import LocalFabric, LocalSite
from sessionlab.lab.fabrics.run_folder import home, leftovers, running
from tests.lab.fabrics.processes import alive, wait_gone

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
async def site(fabric: LocalFabric) -> AsyncIterator[LocalSite]:
    site = fabric.site(f"site-{next(NUMBER)}")
    yield site
    await site.close()


async def pid_of(site: LocalSite, name: str) -> int:
    """Start a shell that says its process id and then stays."""
    await site.start(Part(name, SHELL, ["-c", "echo $$; exec sleep 1000"]))
    while not site.log(name):
        await asyncio.sleep(0.005)
    return int(site.log(name))


async def test_a_part_that_ends_is_known_to_have_ended_and_how(site: LocalSite) -> None:
    await site.start(Part("p", SHELL, ["-c", "echo out; echo err >&2; exit 7"]))
    assert await site.gone("p") == 7
    assert site.ended("p") == 7
    assert site.log("p") == "out\nerr\n"


async def test_a_killed_part_is_gone_and_its_name_can_be_used_again(site: LocalSite) -> None:
    first = await pid_of(site, "p")
    await site.signal("p", signal.SIGKILL)
    assert await site.gone("p") == -signal.SIGKILL
    assert not alive(first)
    await site.start(Part("p", SLEEP, ["1000"]))
    assert site.ended("p") is None


async def test_a_part_s_own_children_go_with_it(site: LocalSite) -> None:
    await site.start(Part("p", SHELL, ["-c", "sleep 1000 & echo $!; wait"]))
    while not site.log("p"):
        await asyncio.sleep(0.005)
    child = int(site.log("p"))
    await site.signal("p", signal.SIGKILL)
    await site.gone("p")
    assert wait_gone(child) == []


async def test_what_a_part_keeps_is_there_when_it_comes_back(site: LocalSite) -> None:
    kept = site.keep("p")
    for script in (f"echo held > {kept}/file", f"cat {kept}/file"):
        await site.start(Part("p", SHELL, ["-c", script]))
        assert await site.gone("p") == 0
    assert site.log("p") == "held\n"
    assert site.keep("p") == kept
    assert site.keep("q") != kept


async def test_two_parts_of_one_name_are_refused(site: LocalSite) -> None:
    await site.start(Part("p", SLEEP, ["1000"]))
    with pytest.raises(StartError, match="p is running already"):
        await site.start(Part("p", SLEEP, ["1000"]))


async def test_a_program_that_is_not_there_ends_and_says_so(site: LocalSite) -> None:
    await site.start(Part("p", "/no/such/program"))
    assert await site.gone("p") != 0
    assert "No such file" in site.log("p")


async def test_a_secret_given_in_the_environment_is_in_no_argument_list(site: LocalSite) -> None:
    await site.start(Part("p", SHELL, ["-c", 'test "$SECRET" = hush'], {"SECRET": "hush"}))
    assert await site.gone("p") == 0


async def test_a_part_has_none_of_the_forkserver_s_files_open(site: LocalSite) -> None:
    await site.start(Part("p", "/bin/ls", ["/proc/self/fd"]))
    await site.gone("p")
    assert site.log("p").split() == ["0", "1", "2", "3"]  # 3 is the folder that ls reads


async def test_closing_a_site_ends_its_parts_and_no_others(fabric: LocalFabric) -> None:
    one, other = fabric.site("one"), fabric.site("other")
    mine, theirs = await pid_of(one, "p"), await pid_of(other, "p")
    await one.close()
    assert not alive(mine)
    assert alive(theirs)


async def test_a_port_is_given_once_and_free_for_the_part_itself(site: LocalSite) -> None:
    ports = {site.place("p").port for _ in range(200)}
    assert len(ports) == 200
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind(("127.0.0.1", ports.pop()))
        server.listen()
    await site.close()


async def test_a_port_that_is_taken_is_a_clear_error(site: LocalSite) -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        port = server.getsockname()[1]
        with pytest.raises(StartError, match=f"port {port} on 127.0.0.1 cannot be had"):
            site.place("p", port)


async def test_a_file_can_be_read_by_its_user_only(site: LocalSite) -> None:
    path = Path(site.write("keys.json", "secret"))
    assert path.read_text() == "secret"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(home().stat().st_mode) == 0o700


async def test_nothing_is_left_when_the_fabric_is_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))  # no other lab's folder
    fabric = LocalFabric()
    await fabric.open()
    pid = await pid_of(fabric.site("here"), "p")
    (folder,) = home().iterdir()
    assert [run for run, _ in running() if run == folder.name] == [folder.name]
    assert folder not in leftovers()
    await fabric.close()
    assert not alive(pid)
    assert not folder.exists()


async def test_a_forkserver_that_is_killed_takes_its_parts_along_and_is_missed() -> None:
    fabric = LocalFabric()
    await fabric.open()
    site = fabric.site("here")
    pid = await pid_of(site, "p")
    assert fabric._server is not None
    fabric._server.kill()
    with pytest.raises(FabricLost, match="forked from has ended"):
        await site.gone("p")
    assert wait_gone(pid) == []
    with pytest.raises(FabricLost):
        await site.start(Part("q", SLEEP, ["1000"]))
    await fabric.close()
