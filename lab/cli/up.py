"""`sessionlab up`: a cluster to play with, until Ctrl-C."""

from __future__ import annotations

from typing import Annotated

import typer
from yarl import URL

from sessionlab.lab.cli.choice import one_of
from sessionlab.lab.cli.interrupts import run_to_end
from sessionlab.lab.cli.options import BalancerName, FabricName, Nodes, RedisUrl
from sessionlab.lab.cluster.cluster import Cluster
from sessionlab.lab.description.cluster import CLUSTER, SERVICE, Description, Service
from sessionlab.lab.description.families import AFFINITIES, ALGORITHMS, STRATEGIES
from sessionlab.lab.events import Event, Events
from sessionlab.lab.fabrics import FABRICS
from sessionlab.lab.record.history import History
from sessionlab.lab.scenario.lab import SETTINGS

LOOPBACK = "127.0.0.1"
NEWS = ("node.", "redis.", "balancer.")


def command(
    *,
    fabric: FabricName = SETTINGS.fabric,
    balancer: BalancerName = SETTINGS.balancer,
    nodes: Nodes = SETTINGS.nodes,
    strategy: Annotated[
        str,
        typer.Option(help="How nodes know a user.", **one_of(STRATEGIES)),
    ] = SERVICE.strategy,
    affinity: Annotated[
        str,
        typer.Option(
            help="What ties a client to a node, as in learn:sid: see `sessionlab list`.",
            **one_of(AFFINITIES, "NAME"),
        ),
    ] = CLUSTER.affinity,
    algorithm: Annotated[
        str,
        typer.Option(
            help="How a node is chosen, as in hash:source: see `sessionlab list`.",
            **one_of(ALGORITHMS, "NAME"),
        ),
    ] = CLUSTER.algorithm,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="The balancer's port; 0 for any free one.")
    ] = CLUSTER.port,
    redis_url: RedisUrl = None,
) -> None:
    """ClusterRuntime a cluster, print its addresses and how to try it, and stay until Ctrl-C.

    Example: `sessionlab up --strategy memory --affinity cookie --port 8080`.
    """
    description = Description(
        services=(Service(nodes=nodes, strategy=strategy),),
        balancer=balancer,
        affinity=affinity,
        algorithm=algorithm,
        port=port,
    )
    run_to_end(_stay(description, fabric, redis_url), said="\nsessionlab: the cluster is gone")


async def _stay(description: Description, fabric_name: str, redis_url: str | None) -> None:
    events = Events(_tell)
    fabric = FABRICS.make(fabric_name)
    try:
        await fabric.open()
        async with Cluster(
            description, fabric.sandbox("up"), history=History(), events=events, redis_url=redis_url
        ) as cluster:
            typer.echo(_how_to_try(cluster))
            await cluster.watch()
    finally:
        await fabric.close()


def _tell(event: Event) -> None:
    if event.kind.startswith(NEWS):
        typer.echo(f"{event.at:7.1f} s  {event.kind}  {event.data.get('node', '')}".rstrip())


def _how_to_try(cluster: Cluster) -> str:
    admin = [f"admin     {cluster.admin_url}/backends"] if cluster.admin_url else []
    published = str(URL(cluster.url).with_host(LOOPBACK)).rstrip("/")
    is_elsewhere = cluster.description.port and published != cluster.url
    here = [f"          {published}  on this machine"] if is_elsewhere else []
    lines = [
        f"balancer  {cluster.url}",
        *here,
        *admin,
        *(f"node {node.name:<5}{node.url}" for node in cluster.nodes.values()),
        "",
        f"Users: alice, bob, carol, user-000001 … with the password {cluster.password}",
        "",
        "Try, in another terminal:",
        *(f"  {line}" for line in _commands(cluster)),
        "",
        "Ctrl-C ends it.",
    ]
    return "\n".join(lines)


def _commands(cluster: Cluster) -> list[str]:
    """Shell lines that log in and ask; each fits 80 columns."""
    login = [
        f"URL={cluster.url}",
        f'USER_JSON=\'{{"username": "alice", "password": "{cluster.password}"}}\'',
        "JSON='Content-Type: application/json'",
        'curl -s -c jar -H "$JSON" -d "$USER_JSON" $URL/login',
        "curl -s -b jar $URL/me",
    ]
    if cluster.description.services[0].strategy != "jwt":
        return login
    extract = 'sed \'s/.*access_token": "\\([^"]*\\).*/\\1/\''
    login[3] = f"TOKEN=$({login[3]} |\n    {extract})"
    login[4] = 'curl -s -b jar -H "Authorization: Bearer $TOKEN" $URL/me'
    return login
