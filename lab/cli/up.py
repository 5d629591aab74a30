"""`sessionlab up`: a cluster to play with, until Ctrl-C."""

from __future__ import annotations

from typing import Annotated

import typer

from lab.cli.choice import one_of
from lab.cli.interrupts import run_to_end
from lab.cli.run import BalancerName, FabricName, Nodes, RedisUrl
from lab.cluster import Cluster
from lab.description import STRATEGIES, Description, Service
from lab.events import Event, Events
from lab.fabrics import FABRICS
from lab.history import History

NEWS = ("node.", "redis.", "balancer.")


def command(
    *,
    fabric: FabricName = "local",
    balancer: BalancerName = "builtin",
    nodes: Nodes = 3,
    strategy: Annotated[
        str,
        typer.Option(help="How nodes know a user.", **one_of(STRATEGIES)),
    ] = "memory",
    affinity: Annotated[
        str, typer.Option(help="What ties a client to a node: see `sessionlab list`.")
    ] = "none",
    algorithm: Annotated[str, typer.Option(help="How a node is chosen.")] = "round-robin",
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="The balancer's port; 0 for any free one.")
    ] = 0,
    redis_url: RedisUrl = None,
) -> None:
    """Boot a cluster, print its addresses and how to try it, and stay until Ctrl-C.

    Example: `sessionlab up --strategy memory --affinity cookie --port 8080`.
    """
    description = Description(
        services=(Service("app", nodes, strategy),),
        balancer=balancer,
        affinity=affinity,
        algorithm=algorithm,
        port=port,
    )
    run_to_end(_stay(description, fabric, redis_url), said="\nsessionlab: the cluster is gone")


async def _stay(description: Description, fabric_name: str, redis_url: str | None) -> None:
    events = Events(_tell)
    fabric = FABRICS[fabric_name]()
    try:
        await fabric.open()
        async with Cluster(
            description, fabric.site("up"), history=History(), events=events, redis_url=redis_url
        ) as cluster:
            typer.echo(_how_to_try(cluster))
            await cluster.watch()
    finally:
        await fabric.close()


def _tell(event: Event) -> None:
    if event.kind.startswith(NEWS):
        typer.echo(f"{event.at:7.1f} s  {event.kind}  {event.data.get('node', '')}".rstrip())


def _how_to_try(cluster: Cluster) -> str:
    service = cluster.description.services[0]
    login = f'{{"username": "alice", "password": "{cluster.password}"}}'
    header = "-H 'Content-Type: application/json'"
    ask = "-b jar -c jar" if service.strategy != "jwt" else '-H "Authorization: Bearer $TOKEN"'
    lines = [
        f"balancer  {cluster.url}",
        f"admin     {cluster.admin_url}",
        *(f"node {node.name:<5}{node.url}" for node in cluster.nodes.values()),
        "",
        f"password of alice, bob, carol and user-000001 on: {cluster.password}",
        "",
        "Try:",
        f"  curl -c jar {header} -d '{login}' \\",
        f"    {cluster.url}/login",
        f"  curl {ask} {cluster.url}/me",
        "",
        "Ctrl-C ends it.",
    ]
    return "\n".join(lines)
