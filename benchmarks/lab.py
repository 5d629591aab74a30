"""How long the lab takes: `make bench`, or `python -m benchmarks.lab`.

Prints wall times of this machine and, since machines differ, the ratio to the same nodes started
as ordinary cold processes in the same run.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import aiohttp
import uvloop

from sessionlab.lab.clients.client import Client
from sessionlab.lab.cluster.cluster import Cluster
from sessionlab.lab.cluster.deploys.rolling import Rolling
from sessionlab.lab.description.cluster import Description, Service
from sessionlab.lab.errors import StartError
from sessionlab.lab.events import Events
from sessionlab.lab.fabrics.docker.fabric import DockerFabric
from sessionlab.lab.fabrics.local.fabric import LocalFabric
from sessionlab.lab.record.history import History
from sessionlab.lab.scenario.finding import installed
from sessionlab.lab.scenario.lab import Lab, Settings
from sessionlab.lab.scenario.runner import run
from sessionlab.scenarios.rolling_deploy import come_in, paying

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sessionlab.lab.fabrics.interface import Fabric

MANY = 50


@asynccontextmanager
async def timed(what: str) -> AsyncIterator[None]:
    began = time.perf_counter()
    yield
    print(f"{what:<58}{time.perf_counter() - began:8.2f} s")


def cluster(fabric: Fabric, label: str, nodes: int) -> Cluster:
    description = Description((Service("app", nodes, "redis"),))
    return Cluster(description, fabric.sandbox(label), history=History(), events=Events())


async def boots() -> None:
    fabric = LocalFabric()
    async with timed("3 nodes, balancer and Valkey ready, preloading included"):
        await fabric.open()
        first = await cluster(fabric, "cold", 3).__aenter__()
    await first.close()
    async with timed("the same again, preloaded"), cluster(fabric, "warm", 3):
        pass
    async with timed(f"{MANY} nodes ready, and each has answered"):
        many = await cluster(fabric, "many", MANY).__aenter__()
        client = many.client("alice")
        await client.login()
        answers = await client.me_times(MANY)
    assert (answers.recognised, len(answers.nodes)) == (MANY, MANY)
    await many.close()
    await fabric.close()


async def nodes_side_by_side(count: int) -> None:
    """The peer: as many `python -m nodes`, each paying for its own imports."""
    began = time.perf_counter()
    started = [
        subprocess.Popen(
            [sys.executable, "-m", "sessionlab.nodes", "--listen", f"127.0.0.1:{port}"],
            stderr=subprocess.DEVNULL,
        )
        for port in range(18001, 18001 + count)
    ]
    async with aiohttp.ClientSession() as http:
        for port in range(18001, 18001 + count):
            while True:
                try:
                    async with http.get(f"http://127.0.0.1:{port}/readyz"):
                        break
                except aiohttp.ClientError:
                    await asyncio.sleep(0.005)
    cold = time.perf_counter() - began
    for process in started:
        process.terminate()
        process.wait()
    fabric = LocalFabric()
    await fabric.open()
    async with cluster(fabric, "preload", 1):
        pass
    began = time.perf_counter()
    async with cluster(fabric, "forked", count):
        forked = time.perf_counter() - began
    await fabric.close()
    print(
        f"{count} nodes as cold processes: {cold:.2f} s; forked, balancer and Valkey too: ", end=""
    )
    print(f"{forked:.2f} s; ratio {cold / forked:.1f}")


SHOPPERS, SERVERS = 200, 5
THINK = 0.1  # seconds between a shopper's requests
DEPLOYS = {
    "memory, sticky, drained": ("memory", "learn:sid", paying),
    "Redis": ("redis", "none", lambda: Client.cart),
    "JWT, one key": ("jwt", "none", lambda: Client.cart),
}


async def deploys() -> None:
    """A rolling deploy of all servers, one at a time, while everybody is shopping."""
    fabric = LocalFabric()
    await fabric.open()
    for name, (strategy, affinity, shopping) in DEPLOYS.items():
        lab = Lab(Settings(nodes=SERVERS), fabric, Events(), "deploy")
        async with lab.cluster(strategy, affinity=affinity) as shop:
            shoppers = shop.clients(SHOPPERS)
            await lab.everyone(shoppers, come_in)
            async with lab.asking(shoppers, shopping(), THINK) as traffic:
                await traffic.round()
                what = f"{SHOPPERS} users, rolling deploy of {SERVERS} servers: {name}"
                async with timed(what):
                    await shop.deploy(Rolling(), version="2")
                await traffic.round()
            users = lab.users_of(shop)
            print(f"  kept {users.kept}, moved {users.moved}, lost {users.lost}; ", end="")
            print(f"{users.interrupted} interrupted, {len(lab.history)} requests")
    await fabric.close()


async def scenarios() -> None:
    stories = list(installed().values())
    async with timed(f"all {len(stories)} scenarios"):
        result = await run(stories, Settings(), Events())
    assert result.exit_status == 0, result
    slowest = max(result.scenarios, key=lambda story: story.seconds)
    print(f"  the slowest: {slowest.name}, {slowest.seconds:.2f} s")


async def in_containers() -> None:
    """The same on the fabric `docker`, where there is an engine; its image is there already."""
    fabric = DockerFabric()
    try:
        await fabric.open()
    except StartError as error:
        print(f"no containers: {error}")
        return
    async with timed("3 nodes, balancer and Valkey ready in containers"):
        first = await cluster(fabric, "first", 3).__aenter__()
    async with timed("a node killed, and ready again"):
        await first.kill("n1")
        await first.start("n1")
    async with timed("all of it removed"):
        await first.close()
    await fabric.close()
    stories = list(installed().values())
    async with timed(f"all {len(stories)} scenarios in containers"):
        result = await run(stories, Settings("docker"), Events())
    assert result.exit_status == 0, result


async def main() -> None:
    await boots()
    await nodes_side_by_side(10)
    await deploys()
    await scenarios()
    await in_containers()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())
