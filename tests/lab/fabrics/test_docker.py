"""Real containers, on this machine's engine."""

from __future__ import annotations

import asyncio
import itertools
import json
import signal
import socket
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from sessionlab.lab.errors import StartError
from sessionlab.lab.fabrics.docker import labels
from sessionlab.lab.fabrics.docker.fabric import DockerFabric
from sessionlab.lab.fabrics.docker.sandbox import DockerSite
from sessionlab.lab.fabrics.interface import Part
from sessionlab.lab.fabrics.run_folder import home
from tests.installed import docker_engine

SLEEP = "/bin/sleep"
SHELL = "/bin/sh"
PYTHON = "/opt/sessionlab/bin/python"
NUMBER = itertools.count()

pytestmark = [
    pytest.mark.docker,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(300),  # the image may have to be built
]


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def fabric() -> AsyncIterator[DockerFabric]:
    fabric = DockerFabric()
    await fabric.open()
    yield fabric
    await fabric.close()


@pytest_asyncio.fixture(loop_scope="module")
async def site(fabric: DockerFabric) -> AsyncIterator[DockerSite]:
    site = await opened(fabric)
    yield site
    await site.close()


async def opened(fabric: DockerFabric) -> DockerSite:
    site = fabric.site(f"site-{next(NUMBER)}")
    await site.open()
    return site


async def said(site: DockerSite, script: str, **secrets: str) -> str:
    """What a shell in a container of its own prints, until it ends well."""
    name = f"p{next(NUMBER)}"
    await site.start(Part(name, SHELL, ["-c", script], secrets))
    assert await site.gone(name) == 0, site.log(name)
    return site.log(name)


async def speaking(site: DockerSite, name: str, script: str) -> str:
    """Start a shell that says something and then stays; what it has said."""
    await site.start(Part(name, SHELL, ["-c", script]))
    while "\n" not in site.log(name):
        assert site.ended(name) is None, site.log(name)
        await asyncio.sleep(0.005)
    return site.log(name)


def containers(site: DockerSite) -> list[dict[str, object]]:
    """The engine's own view of what runs there."""
    engine = docker_engine()
    assert engine is not None
    found: list[dict[str, object]] = engine.api.containers(
        filters=labels.having(labels.CLUSTER, site.name)
    )
    return found


async def test_a_part_that_ends_is_known_to_have_ended_and_how(site: DockerSite) -> None:
    await site.start(Part("p", SHELL, ["-c", "echo out; echo err >&2; exit 7"]))
    assert await site.gone("p") == 7
    assert site.ended("p") == 7
    assert sorted(site.log("p").split()) == ["err", "out"]


@pytest.mark.parametrize("signum", [signal.SIGKILL, signal.SIGTERM])
async def test_a_part_that_a_signal_ended_says_which(site: DockerSite, signum: int) -> None:
    await site.start(Part("p", SLEEP, ["1000"]))
    await site.signal("p", signum)
    assert await site.gone("p") == -signum


async def test_a_part_handles_the_signals_that_it_asked_for(site: DockerSite) -> None:
    script = "trap 'echo again' HUP; echo ready; while :; do sleep 0.01; done"
    await speaking(site, "p", script)
    await site.signal("p", signal.SIGHUP)
    while "again" not in site.log("p"):
        await asyncio.sleep(0.005)
    assert site.ended("p") is None


async def test_a_part_that_comes_back_has_its_name_and_addresses(site: DockerSite) -> None:
    address = site.place("p")
    script = "echo $HOSTNAME $(cat /sys/class/net/eth0/address) $(hostname -i); exec sleep 1000"
    first = await speaking(site, "p", f"HOSTNAME=$(hostname); {script}")
    await site.signal("p", signal.SIGKILL)
    await site.gone("p")
    await site.start(Part("p", SHELL, ["-c", f"HOSTNAME=$(hostname); {script}"]))
    while site.log("p").count("\n") < 2:
        await asyncio.sleep(0.005)
    assert site.ended("p") is None
    assert site.log("p") == first * 2
    assert first.startswith("p ")
    assert first.endswith(f" {address.host}\n")


async def test_what_a_part_keeps_is_there_when_it_comes_back_and_no_other_s(
    site: DockerSite,
) -> None:
    kept = site.keep("p")
    for script in (f"echo held > {kept}/file", f"cat {kept}/file"):
        await site.start(Part("p", SHELL, ["-c", script]))
        assert await site.gone("p") == 0
    assert site.log("p") == "held\n"
    assert await said(site, f"ls {kept} 2>&1 || true") != "file\n"


async def test_two_parts_of_one_name_are_refused(site: DockerSite) -> None:
    await site.start(Part("p", SLEEP, ["1000"]))
    with pytest.raises(StartError, match="p is running already"):
        await site.start(Part("p", SLEEP, ["1000"]))


async def test_a_program_that_is_not_there_ends_and_says_so(site: DockerSite) -> None:
    await site.start(Part("p", "/no/such/program"))
    assert await site.gone("p") != 0
    assert "No such file" in site.log("p")


async def test_a_part_may_do_nothing_but_run(site: DockerSite) -> None:
    told = await said(
        site,
        "id -u; grep -h -E 'CapEff|NoNewPrivs|Seccomp:' /proc/self/status;"
        " touch /no 2>&1; touch /opt/no 2>&1; touch ~/yes && echo room: ~",
    )
    user, *lines = told.splitlines()
    assert int(user) > 0
    assert lines[:3] == ["CapEff:\t0000000000000000", "NoNewPrivs:\t1", "Seccomp:\t2"]
    assert all("Read-only file system" in line for line in lines[3:5])
    assert lines[5] == f"room: {site.room}"


async def test_a_secret_given_in_the_environment_is_in_no_argument_list(site: DockerSite) -> None:
    await said(site, 'test "$SECRET" = hush', SECRET="hush")
    assert "hush" not in json.dumps(containers(site))


async def test_a_file_can_be_read_by_the_parts_and_by_nobody_else(site: DockerSite) -> None:
    path = site.write("keys.json", "secret")
    assert await said(site, f"cat {path}; ! touch {path} 2>/dev/null") == "secret"
    (found,) = home().rglob(f"{site.label}/keys.json")
    assert stat.S_IMODE(found.stat().st_mode) == 0o600
    assert stat.S_IMODE(home().stat().st_mode) == 0o700


async def test_a_file_that_is_written_again_is_seen_by_a_part_that_runs(site: DockerSite) -> None:
    path = site.write("keys.json", "old")
    await speaking(site, "p", f"cat {path}; echo; until grep new {path}; do sleep 0.01; done")
    site.write("keys.json", "new")
    assert await site.gone("p") == 0


SERVE = "import socket; s = socket.create_server(('{0.host}', {0.port})); print('up', flush=True)"
KNOCK = (
    "import socket; socket.setdefaulttimeout(2); socket.create_connection(('{0.host}', {0.port}))"
)


async def test_parts_reach_each_other_and_no_other_cluster_s(
    fabric: DockerFabric, site: DockerSite
) -> None:
    other = await opened(fabric)
    address = site.place("server")
    serve = SERVE.format(address) + "; s.accept(); s.accept()"
    await site.start(Part("server", PYTHON, ["-c", serve]))
    while "up" not in site.log("server"):
        await asyncio.sleep(0.005)
    knock = ["-c", KNOCK.format(address)]
    await asyncio.gather(
        site.start(Part("near", PYTHON, knock)), other.start(Part("far", PYTHON, knock))
    )
    assert await site.gone("near") == 0, site.log("near")
    assert await other.gone("far") == 1
    assert "timed out" in other.log("far")
    socket.create_connection((address.host, address.port)).close()  # the lab's own way
    assert await site.gone("server") == 0
    await other.close()


async def test_a_part_has_one_host_and_as_many_ports_as_it_asks_for(site: DockerSite) -> None:
    mine = [site.place("p") for _ in range(3)]
    assert len({address.host for address in mine}) == 1
    assert len({address.port for address in mine}) == 3
    assert site.place("q").host != mine[0].host


async def test_a_port_that_is_asked_for_is_this_machine_s_too(site: DockerSite) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = site.place("p", port)
    assert address.port == port
    await site.start(Part("p", PYTHON, ["-c", SERVE.format(address) + "; s.accept()"]))
    while "up" not in site.log("p"):
        await asyncio.sleep(0.005)
    socket.create_connection(("127.0.0.1", port)).close()
    assert await site.gone("p") == 0


async def test_a_port_that_is_taken_is_a_clear_error(site: DockerSite) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(StartError, match=f"port {port} on 127.0.0.1 cannot be had"):
            site.place("p", port)


async def test_a_port_that_is_taken_in_the_meantime_is_a_clear_error(site: DockerSite) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    site.place("p", port)
    with (
        socket.create_server(("127.0.0.1", port)),
        pytest.raises(StartError, match=f"p could not be started: .*{port}.* in use"),
    ):
        await site.start(Part("p", SLEEP, ["1000"]))
    assert site.ended("p") is not None


async def test_what_is_executable_is_what_the_images_hold(
    fabric: DockerFabric, site: DockerSite
) -> None:
    valkey = fabric.executable("valkey-server", "redis-server")
    assert valkey is not None
    await site.start(Part("p", valkey, ["--version"]))
    assert await site.gone("p") == 0
    assert "erver v=" in site.log("p")
    assert fabric.executable("no-such-program") is None
    assert site.executable("/bin/sh") == "/bin/sh"


async def test_closing_a_site_ends_its_parts_and_no_others(fabric: DockerFabric) -> None:
    one, other = await opened(fabric), await opened(fabric)
    await asyncio.gather(*(s.start(Part("p", SLEEP, ["1000"])) for s in (one, other)))
    await one.close()
    assert one.ended("p") == -signal.SIGKILL
    assert other.ended("p") is None
    assert (containers(one), len(containers(other))) == ([], 1)
    await other.close()


async def test_a_container_that_somebody_else_removes_was_killed(site: DockerSite) -> None:
    await site.start(Part("p", SLEEP, ["1000"]))
    engine = docker_engine()
    assert engine is not None
    engine.api.remove_container(containers(site)[0]["Id"], force=True)
    assert await site.gone("p") == -signal.SIGKILL
    await site.start(Part("p", SLEEP, ["1000"]))
    assert site.ended("p") is None


async def test_a_cancelled_start_leaves_nothing(fabric: DockerFabric) -> None:
    site = await opened(fabric)
    starting = [asyncio.create_task(site.start(Part(f"p{n}", SLEEP, ["1000"]))) for n in range(4)]
    await asyncio.sleep(0)
    for start in starting:
        start.cancel()
    await site.close()
    assert containers(site) == []


async def test_nothing_is_left_when_the_fabric_is_closed() -> None:
    fabric = DockerFabric()
    await fabric.open()
    site = await opened(fabric)
    await site.start(Part("p", SLEEP, ["1000"]))
    (carried,) = (found["Labels"] for found in containers(site))
    assert isinstance(carried, dict)
    await fabric.close()
    engine = docker_engine()
    assert engine is not None
    wanted = labels.having(labels.RUN, carried[labels.RUN])
    assert engine.api.containers(all=True, filters=wanted) == []
    assert engine.api.networks(filters=wanted) == []
    assert not Path(carried[labels.FOLDER]).exists()
