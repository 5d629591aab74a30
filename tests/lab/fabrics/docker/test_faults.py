"""Real partitions, bad links and limits, seen by the clients of real clusters of containers."""

from __future__ import annotations

import asyncio
import socket
import time
from typing import TYPE_CHECKING

import aiohttp
import pytest
import pytest_asyncio

from sessionlab.lab.description.cluster import Description, Service
from sessionlab.lab.errors import Skip, StepError
from sessionlab.lab.fabrics.docker.fabric import DockerFabric
from sessionlab.lab.fabrics.docker.netem import BURST
from sessionlab.lab.fabrics.docker.sandbox import DockerSandbox
from sessionlab.lab.fabrics.interface import Link, Part
from sessionlab.lab.faults import FAULTS
from sessionlab.lab.faults.schedule import CHANGES
from sessionlab.lab.waiting import until
from tests.installed import docker_engine
from tests.lab.docker_clusters import cluster

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sessionlab.lab.clients.client import Client
    from sessionlab.lab.cluster.cluster import Cluster

REDIS = Description((Service("app", 2, "redis"),))
PYTHON = "/opt/sessionlab/bin/python"

pytestmark = [
    pytest.mark.docker,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(300),
]


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def fabric() -> AsyncIterator[DockerFabric]:
    fabric = DockerFabric()
    await fabric.open()
    yield fabric
    await fabric.close()


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def shop(fabric: DockerFabric) -> AsyncIterator[Cluster]:
    """Two nodes with a Redis, for the tests that leave all as they found it."""
    async with cluster(fabric, "redis") as running:
        yield running


async def user(shop: Cluster, name: str) -> Client:
    client = shop.client(name)
    await client.login()
    return client


async def test_a_node_that_is_cut_off_from_redis_is_the_only_one_that_fails(shop: Cluster) -> None:
    alice = await user(shop, "alice")
    await shop.faults.partition("n1", "redis")
    assert (await alice.me(at=shop.nodes["n1"].url)).status == 503
    assert (await alice.me(at=shop.nodes["n2"].url)).status == 200
    await shop.faults.join("redis", "n1")
    await until("n1 to find Redis again", lambda: recognised(alice, shop.nodes["n1"].url))


@pytest.mark.parametrize("frozen", [False, True])
async def test_a_balancer_that_is_away_answers_nobody_and_knows_everybody_when_it_is_back(
    shop: Cluster, frozen: bool
) -> None:
    alice = await user(shop, "alice")
    alice.patience = 0.5
    await (shop.freeze_balancer() if frozen else shop.kill_balancer())
    assert (await alice.me()).status is None
    await (shop.thaw_balancer() if frozen else shop.start_balancer())
    alice.patience = 30
    assert (await alice.me()).recognised


async def test_a_cut_outlasts_a_restart_of_redis(shop: Cluster) -> None:
    await shop.faults.partition("n1", "redis")
    await shop.stop_redis()
    await shop.start_redis()
    alice = shop.client("alice")
    await alice.login(at=shop.nodes["n2"].url)
    assert (await alice.me(at=shop.nodes["n1"].url)).status == 503
    assert (await alice.me(at=shop.nodes["n2"].url)).status == 200
    await shop.faults.join("n1", "redis")
    await until("n1 to find Redis again", lambda: recognised(alice, shop.nodes["n1"].url))


KNOCK = """
import socket
socket.setdefaulttimeout(1)
try:
    socket.create_connection(('{0.host}', {0.port}))
except OSError as error:
    print(error)
else:
    print('reached')
"""


async def test_a_cut_holds_for_a_part_that_starts_later(fabric: DockerFabric) -> None:
    sandbox = fabric.sandbox("later")
    await sandbox.open()
    address = sandbox.place("server")
    serve = f"import socket; s = socket.create_server(('{address.host}', {address.port}))"
    await sandbox.start(
        Part("server", PYTHON, ["-c", f"{serve}; print('up', flush=True); s.accept()"])
    )
    while "up" not in sandbox.log("server"):
        await asyncio.sleep(0.005)
    knock = Part("knocker", PYTHON, ["-c", KNOCK.format(address)])
    for does in (sandbox.partition, sandbox.join):
        await does("knocker", "server")
        await sandbox.start(knock)
        await sandbox.gone("knocker")
    await sandbox.close()
    assert sandbox.log("knocker").split("\n")[:2] == ["timed out", "reached"]


async def test_a_node_that_is_cut_off_from_the_balancer_is_found_down_and_lives(
    shop: Cluster,
) -> None:
    alice = await user(shop, "alice")
    await shop.faults.partition("balancer", "n2")
    await until("n2 to be seen down", lambda: is_state(shop, "n2", "down"), seconds=30)
    assert (await alice.me(at=shop.nodes["n2"].url)).recognised
    assert (await alice.me_times(4)).nodes == ["n1"]
    await shop.faults.join("balancer", "n2")
    await until("n2 to be seen up", lambda: is_state(shop, "n2", "up"), seconds=30)


async def test_a_narrow_link_takes_the_time_that_its_rate_says(shop: Cluster) -> None:
    rate, whole = 800_000, 0
    await shop.faults.link("n1", rate=rate)
    began = time.monotonic()
    async with aiohttp.ClientSession() as http:
        while whole < 4 * BURST:
            async with http.get(f"{shop.nodes['n1'].url}/metrics") as got:
                whole += len(await got.read())
    took = time.monotonic() - began
    await shop.faults.link("n1")
    assert took >= (whole - BURST) * 8 / rate


COUNT = """
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(('{0.host}', {0.port}))
print('up', flush=True)
count = 0
while s.recv(9) != b'end':
    count += 1
print(count, flush=True)
"""


async def test_a_lossy_link_loses_its_share(fabric: DockerFabric) -> None:
    sandbox = fabric.sandbox("lossy")
    await sandbox.open()
    address = sandbox.place("counter")
    await sandbox.start(Part("counter", PYTHON, ["-c", COUNT.format(address)]))
    while "up" not in sandbox.log("counter"):
        await asyncio.sleep(0.005)
    await sandbox.shape("counter", Link(loss=0.3))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for number in range(2000):
            sender.sendto(b"x", (address.host, address.port))
            if number % 20 == 0:
                await asyncio.sleep(0.001)  # so that no buffer drops what the link did not
        while sandbox.ended("counter") is None:
            sender.sendto(b"end", (address.host, address.port))
            await asyncio.sleep(0.01)
    arrived = int(sandbox.log("counter").split()[1])
    await sandbox.close()
    assert 0.6 < arrived / 2000 < 0.8  # ten standard deviations either way


async def test_delay_is_seen_or_the_kernel_is_named(shop: Cluster) -> None:
    alice = await user(shop, "alice")
    url = shop.nodes["n1"].url
    try:
        await shop.faults.link("n1", delay=0.2)
    except Skip as skip:
        assert "no netem" in str(skip)  # noqa: PT017
        assert (await alice.me(at=url)).recognised
        return
    began = time.monotonic()
    assert (await alice.me(at=url)).recognised
    assert time.monotonic() - began >= 0.2
    await shop.faults.link("n1")


async def test_a_pause_is_seen_by_the_balancer_and_forgotten(shop: Cluster) -> None:
    await shop.faults.pause("n1")
    await until("n1 to be seen down", lambda: is_state(shop, "n1", "down"), seconds=30)
    await shop.faults.resume("n1")
    await until("n1 to be seen up", lambda: is_state(shop, "n1", "up"), seconds=30)


async def test_a_part_that_is_paused_can_be_killed(fabric: DockerFabric) -> None:
    async with cluster(fabric, nodes=1) as shop:
        await shop.faults.pause("n1")
        await shop.kill("n1")
        await shop.start("n1")
        assert (await shop.client("alice").try_login()).recognised


async def test_limits_are_the_container_s_and_outlast_a_restart(fabric: DockerFabric) -> None:
    async with cluster(fabric, nodes=1) as shop:
        await shop.faults.limit("n1", cpus=0.5, memory=200_000_000)
        assert of_engine(shop) == (50_000, 200_000_000)
        await shop.kill("n1")
        await shop.start("n1")
        assert of_engine(shop) == (50_000, 200_000_000)
        await shop.faults.limit("n1")
        quota, memory = of_engine(shop)
        assert quota == -1
        assert memory > 200_000_000


async def test_a_limit_that_the_engine_refuses_is_a_clear_error(shop: Cluster) -> None:
    with pytest.raises(StepError, match="Minimum memory limit allowed is 6MB"):
        await shop.faults.limit("n1", memory=1000)
    await shop.faults.limit("n1")


def can_be_done(name: str) -> bool:
    fault = FAULTS[name]
    return not fault.why_not(REDIS, "docker", fault.checked({}))


@pytest.mark.parametrize(
    "name", [name for name in FAULTS if can_be_done(name) and name not in CHANGES]
)
async def test_every_fault_can_be_injected_and_healed(shop: Cluster, name: str) -> None:
    fault = FAULTS[name]
    given = fault.checked({})
    try:
        await fault.inject(shop, "n1", **given)
    except Skip as skip:
        assert "no netem" in str(skip)  # noqa: PT017  nothing else is beyond these
    await fault.heal(shop, "n1", **given)
    await until("all to be up", lambda: is_state(shop, "n1", "up"), seconds=30)
    alice = await user(shop, "alice")
    assert (await alice.me_times(4)).recognised == 4


async def is_state(shop: Cluster, node: str, state: str) -> bool:
    return (await shop.backends())[node] == state


async def recognised(client: Client, url: str) -> bool:
    return (await client.me(at=url)).recognised


def of_engine(shop: Cluster, part: str = "n1") -> tuple[int, int]:
    """The processor quota and the memory that the engine lets a part have."""
    engine = docker_engine()
    assert engine is not None
    assert isinstance(shop._sandbox, DockerSandbox)
    config = engine.api.inspect_container(f"{shop._sandbox.name}-{part}")["HostConfig"]
    return config["CpuQuota"], config["Memory"]
