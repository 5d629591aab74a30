"""Real containers, on this machine's engine."""

from __future__ import annotations

import asyncio
import itertools
import json
import signal
import socket
import stat
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from sessionlab.lab.errors import StartError
from sessionlab.lab.fabrics.docker import labels
from sessionlab.lab.fabrics.docker.fabric import DockerFabric
from sessionlab.lab.fabrics.interface import Part
from sessionlab.lab.fabrics.run_folder import home
from tests.installed import docker_engine

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sessionlab.lab.fabrics.docker.sandbox import DockerSandbox

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
async def sandbox(fabric: DockerFabric) -> AsyncIterator[DockerSandbox]:
    sandbox = await opened(fabric)
    yield sandbox
    await sandbox.close()


async def opened(fabric: DockerFabric) -> DockerSandbox:
    sandbox = fabric.sandbox(f"sandbox-{next(NUMBER)}")
    await sandbox.open()
    return sandbox


async def said(sandbox: DockerSandbox, script: str, **secrets: str) -> str:
    """What a shell in a container of its own prints, until it ends well."""
    name = f"p{next(NUMBER)}"
    await sandbox.start(Part(name, SHELL, ["-c", script], secrets))
    assert await sandbox.gone(name) == 0, sandbox.log(name)
    return sandbox.log(name)


async def speaking(sandbox: DockerSandbox, name: str, script: str) -> str:
    """Start a shell that says something and then stays; what it has said."""
    await sandbox.start(Part(name, SHELL, ["-c", script]))
    while "\n" not in sandbox.log(name):
        assert sandbox.ended(name) is None, sandbox.log(name)
        await asyncio.sleep(0.005)
    return sandbox.log(name)


def containers(sandbox: DockerSandbox) -> list[dict[str, object]]:
    """The engine's own view of what runs there."""
    engine = docker_engine()
    assert engine is not None
    found: list[dict[str, object]] = engine.api.containers(
        filters=labels.having(labels.CLUSTER, sandbox.name)
    )
    return found


async def test_a_part_that_ends_is_known_to_have_ended_and_how(sandbox: DockerSandbox) -> None:
    await sandbox.start(Part("p", SHELL, ["-c", "echo out; echo err >&2; exit 7"]))
    assert await sandbox.gone("p") == 7
    assert sandbox.ended("p") == 7
    assert sorted(sandbox.log("p").split()) == ["err", "out"]


@pytest.mark.parametrize("signum", [signal.SIGKILL, signal.SIGTERM])
async def test_a_part_that_a_signal_ended_says_which(sandbox: DockerSandbox, signum: int) -> None:
    await sandbox.start(Part("p", SLEEP, ["1000"]))
    await sandbox.signal("p", signum)
    assert await sandbox.gone("p") == -signum


async def test_a_part_handles_the_signals_that_it_asked_for(sandbox: DockerSandbox) -> None:
    script = "trap 'echo again' HUP; echo ready; while :; do sleep 0.01; done"
    await speaking(sandbox, "p", script)
    await sandbox.signal("p", signal.SIGHUP)
    while "again" not in sandbox.log("p"):
        await asyncio.sleep(0.005)
    assert sandbox.ended("p") is None


async def test_a_part_that_comes_back_has_its_name_and_addresses(sandbox: DockerSandbox) -> None:
    address = sandbox.place("p")
    script = "echo $HOSTNAME $(cat /sys/class/net/eth0/address) $(hostname -i); exec sleep 1000"
    first = await speaking(sandbox, "p", f"HOSTNAME=$(hostname); {script}")
    await sandbox.signal("p", signal.SIGKILL)
    await sandbox.gone("p")
    await sandbox.start(Part("p", SHELL, ["-c", f"HOSTNAME=$(hostname); {script}"]))
    while sandbox.log("p").count("\n") < 2:
        await asyncio.sleep(0.005)
    assert sandbox.ended("p") is None
    assert sandbox.log("p") == first * 2
    assert first.startswith("p ")
    assert first.endswith(f" {address.host}\n")


async def test_what_a_part_keeps_is_there_when_it_comes_back_and_no_other_s(
    sandbox: DockerSandbox,
) -> None:
    kept = sandbox.keep("p")
    for script in (f"echo held > {kept}/file", f"cat {kept}/file"):
        await sandbox.start(Part("p", SHELL, ["-c", script]))
        assert await sandbox.gone("p") == 0
    assert sandbox.log("p") == "held\n"
    assert await said(sandbox, f"ls {kept} 2>&1 || true") != "file\n"


async def test_two_parts_of_one_name_are_refused(sandbox: DockerSandbox) -> None:
    await sandbox.start(Part("p", SLEEP, ["1000"]))
    with pytest.raises(StartError, match="p is running already"):
        await sandbox.start(Part("p", SLEEP, ["1000"]))


async def test_a_program_that_is_not_there_ends_and_says_so(sandbox: DockerSandbox) -> None:
    await sandbox.start(Part("p", "/no/such/program"))
    assert await sandbox.gone("p") != 0
    assert "No such file" in sandbox.log("p")


async def test_a_part_may_do_nothing_but_run(sandbox: DockerSandbox) -> None:
    told = await said(
        sandbox,
        "id -u; grep -h -E 'CapEff|NoNewPrivs|Seccomp:' /proc/self/status;"
        " touch /no 2>&1; touch /opt/no 2>&1; touch ~/yes && echo room: ~",
    )
    user, *lines = told.splitlines()
    assert int(user) > 0
    assert lines[:3] == ["CapEff:\t0000000000000000", "NoNewPrivs:\t1", "Seccomp:\t2"]
    assert all("Read-only file system" in line for line in lines[3:5])
    assert lines[5] == f"room: {sandbox.room}"


async def test_a_secret_given_in_the_environment_is_in_no_argument_list(
    sandbox: DockerSandbox,
) -> None:
    await said(sandbox, 'test "$SECRET" = hush', SECRET="hush")
    assert "hush" not in json.dumps(containers(sandbox))


@pytest.mark.parametrize(("scheme", "nobody"), [("redis", True), ("rediss", False)])
async def test_a_program_of_ours_trusts_the_image_s_authorities_where_its_store_speaks_tls(
    sandbox: DockerSandbox, scheme: str, nobody: bool
) -> None:
    store = {"NODE_REDIS_URL": f"{scheme}://store:6379/0"}
    await sandbox.start(Part("p", "sessionlab.nodes", ["--help"], store))
    assert await sandbox.gone("p") == 0, sandbox.log("p")
    engine = docker_engine()
    assert engine is not None
    given = engine.api.inspect_container(f"{sandbox.name}-p")["Config"]["Env"]
    assert ("SSL_CERT_FILE=/dev/null" in given) is nobody


async def test_a_file_can_be_read_by_the_parts_and_by_nobody_else(sandbox: DockerSandbox) -> None:
    path = sandbox.write("keys.json", "secret")
    assert await said(sandbox, f"cat {path}; ! touch {path} 2>/dev/null") == "secret"
    (found,) = home().rglob(f"{sandbox.label}/keys.json")
    assert stat.S_IMODE(found.stat().st_mode) == 0o600
    assert stat.S_IMODE(home().stat().st_mode) == 0o700


async def test_a_file_that_is_written_again_is_seen_by_a_part_that_runs(
    sandbox: DockerSandbox,
) -> None:
    path = sandbox.write("keys.json", "old")
    await speaking(sandbox, "p", f"cat {path}; echo; until grep new {path}; do sleep 0.01; done")
    sandbox.write("keys.json", "new")
    assert await sandbox.gone("p") == 0


SERVE = "import socket; s = socket.create_server(('{0.host}', {0.port})); print('up', flush=True)"
KNOCK = (
    "import socket; socket.setdefaulttimeout(2); socket.create_connection(('{0.host}', {0.port}))"
)


async def test_parts_reach_each_other_and_no_other_cluster_s(
    fabric: DockerFabric, sandbox: DockerSandbox
) -> None:
    other = await opened(fabric)
    address = sandbox.place("server")
    serve = SERVE.format(address) + "; s.accept(); s.accept()"
    await sandbox.start(Part("server", PYTHON, ["-c", serve]))
    while "up" not in sandbox.log("server"):
        await asyncio.sleep(0.005)
    knock = ["-c", KNOCK.format(address)]
    await asyncio.gather(
        sandbox.start(Part("near", PYTHON, knock)), other.start(Part("far", PYTHON, knock))
    )
    assert await sandbox.gone("near") == 0, sandbox.log("near")
    assert await other.gone("far") == 1
    assert "timed out" in other.log("far")
    socket.create_connection((address.host, address.port)).close()  # the lab's own way
    assert await sandbox.gone("server") == 0
    await other.close()


async def test_a_part_has_one_host_and_as_many_ports_as_it_asks_for(sandbox: DockerSandbox) -> None:
    mine = [sandbox.place("p") for _ in range(3)]
    assert len({address.host for address in mine}) == 1
    assert len({address.port for address in mine}) == 3
    assert sandbox.place("q").host != mine[0].host


async def test_a_port_that_is_asked_for_is_this_machine_s_too(sandbox: DockerSandbox) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = sandbox.place("p", port)
    assert address.port == port
    await sandbox.start(Part("p", PYTHON, ["-c", SERVE.format(address) + "; s.accept()"]))
    while "up" not in sandbox.log("p"):
        await asyncio.sleep(0.005)
    socket.create_connection(("127.0.0.1", port)).close()
    assert await sandbox.gone("p") == 0


async def test_a_port_that_is_taken_is_a_clear_error(sandbox: DockerSandbox) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(StartError, match=f"port {port} on 127.0.0.1 cannot be had"):
            sandbox.place("p", port)


async def test_a_port_that_is_taken_in_the_meantime_is_a_clear_error(
    sandbox: DockerSandbox,
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    sandbox.place("p", port)
    with (
        socket.create_server(("127.0.0.1", port)),
        pytest.raises(StartError, match=f"p could not be started: .*{port}.* in use"),
    ):
        await sandbox.start(Part("p", SLEEP, ["1000"]))
    assert sandbox.ended("p") is not None


async def test_what_is_executable_is_what_the_images_hold(
    fabric: DockerFabric, sandbox: DockerSandbox
) -> None:
    valkey = fabric.executable("valkey-server", "redis-server")
    assert valkey is not None
    await sandbox.start(Part("p", valkey, ["--version"]))
    assert await sandbox.gone("p") == 0
    assert "erver v=" in sandbox.log("p")
    assert fabric.executable("no-such-program") is None
    assert sandbox.executable("/bin/sh") == "/bin/sh"


async def test_closing_a_sandbox_ends_its_parts_and_no_others(fabric: DockerFabric) -> None:
    one, other = await opened(fabric), await opened(fabric)
    await asyncio.gather(*(s.start(Part("p", SLEEP, ["1000"])) for s in (one, other)))
    await one.close()
    assert one.ended("p") == -signal.SIGKILL
    assert other.ended("p") is None
    assert (containers(one), len(containers(other))) == ([], 1)
    await other.close()


async def test_a_container_that_somebody_else_removes_was_killed(sandbox: DockerSandbox) -> None:
    await sandbox.start(Part("p", SLEEP, ["1000"]))
    engine = docker_engine()
    assert engine is not None
    engine.api.remove_container(containers(sandbox)[0]["Id"], force=True)
    assert await sandbox.gone("p") == -signal.SIGKILL
    await sandbox.start(Part("p", SLEEP, ["1000"]))
    assert sandbox.ended("p") is None


async def test_a_cancelled_start_leaves_nothing(fabric: DockerFabric) -> None:
    sandbox = await opened(fabric)
    starting = [
        asyncio.create_task(sandbox.start(Part(f"p{n}", SLEEP, ["1000"]))) for n in range(4)
    ]
    await asyncio.sleep(0)
    for start in starting:
        start.cancel()
    await sandbox.close()
    assert containers(sandbox) == []


async def test_nothing_is_left_when_the_fabric_is_closed() -> None:
    fabric = DockerFabric()
    await fabric.open()
    sandbox = await opened(fabric)
    await sandbox.start(Part("p", SLEEP, ["1000"]))
    (carried,) = (found["Labels"] for found in containers(sandbox))
    assert isinstance(carried, dict)
    await fabric.close()
    engine = docker_engine()
    assert engine is not None
    wanted = labels.having(labels.RUN, carried[labels.RUN])
    assert engine.api.containers(all=True, filters=wanted) == []
    assert engine.api.networks(filters=wanted) == []
    assert not Path(carried[labels.FOLDER]).exists()
