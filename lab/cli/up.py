"""`sessionlab up`: a cluster to play with, until Ctrl-C."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from sessionlab.lab.cli import options
from sessionlab.lab.cli.choice import one_of, refused
from sessionlab.lab.cli.interrupts import run_to_end
from sessionlab.lab.cli.lasting.staying import PageWishes, stay
from sessionlab.lab.cli.lasting.target import description_of, target_of, token_given
from sessionlab.lab.description.cluster import CLUSTER, SERVICE, Description, Service
from sessionlab.lab.description.families import AFFINITIES, ALGORITHMS, STRATEGIES
from sessionlab.lab.errors import UsageError
from sessionlab.lab.fabrics import FABRICS
from sessionlab.lab.fabrics.external import ExternalFabric
from sessionlab.lab.fabrics.interface import Address
from sessionlab.lab.page.api.guard import is_host
from sessionlab.lab.page.api.server import ANYWHERE
from sessionlab.lab.page.recording.recorder import USUAL
from sessionlab.lab.scenario.lab import SETTINGS

BEARER: Literal["bearer"] = "bearer"
GONE = "sessionlab: the cluster is gone"
MOST_PORT = 65535
SHORTEST, LONGEST = 8, 1024  # characters of a password; a node takes no longer one


def _password(text: str) -> str:
    if not SHORTEST <= len(text) <= LONGEST:
        raise refused(f"a password has {SHORTEST} to {LONGEST} characters")
    if not text.isprintable():
        raise refused("a password has no control characters")
    return text


def _address(text: str) -> Address:
    host, _, port = text.rpartition(":")
    name = host[1:-1] if host[:1] + host[-1:] == "[]" else host
    if not (port.isascii() and port.isdigit() and int(port) <= MOST_PORT and is_host(name)):
        raise refused(f"{text!r} is no address to listen on: 127.0.0.1:8090, 0.0.0.0:0, [::1]:8090")
    return Address(name, int(port))


Strategy = Annotated[str, typer.Option(help="How nodes know a user.", **one_of(STRATEGIES))]
Affinity = Annotated[
    str,
    typer.Option(
        help="What ties a client to a node, as in learn:sid: see `sessionlab list`.",
        **one_of(AFFINITIES, "NAME"),
    ),
]
Algorithm = Annotated[
    str,
    typer.Option(
        help="How a node is chosen, as in hash:source: see `sessionlab list`.",
        **one_of(ALGORITHMS, "NAME"),
    ),
]
Port = Annotated[
    int, typer.Option(min=0, max=65535, help="The balancer's port; 0 for any free one.")
]
Transport = Annotated[
    Literal["bearer", "cookie"],
    typer.Option(help="How a JWT travels; a browser logs in with `cookie` only."),
]
Password = Annotated[
    str | None,
    typer.Option(
        envvar="SESSIONLAB_PASSWORD",
        parser=_password,
        metavar="TEXT",
        help="The users' password, made anew when not given. Others on this machine can read"
        " a command line.",
    ),
]
OpenPage = Annotated[bool, typer.Option("--open", help="Open the page in this machine's browser.")]
PageListen = Annotated[
    Address | None,
    typer.Option(
        parser=_address,
        metavar="HOST:PORT",
        help="Where the page listens; 127.0.0.1 and a free port when not given. Elsewhere, whoever"
        " has its link can do all that is done here.",
    ),
]
RecordTo = Annotated[
    Path | None,
    typer.Option(help=f"Where the page stores recordings; {USUAL} here when not given."),
]


def command(
    *,
    ctx: typer.Context,
    fabric: options.FabricName = SETTINGS.fabric,
    balancer: options.BalancerName = SETTINGS.balancer,
    nodes: options.Nodes = SETTINGS.nodes,
    strategy: Strategy = SERVICE.strategy,
    affinity: Affinity = CLUSTER.affinity,
    algorithm: Algorithm = CLUSTER.algorithm,
    port: Port = CLUSTER.port,
    password: Password = None,
    redis_url: options.RedisUrl = None,
    jwt_transport: Transport = BEARER,
    app: options.AppPath = None,
    variant: options.Variant = None,
    open_page: OpenPage = False,
    page_listen: PageListen = None,
    record_to: RecordTo = None,
    target: options.TargetText = None,
) -> None:
    """Boot a cluster, show every request that it gets, and stay until Ctrl-C or q.

    The address that it prints as `page` shows the cluster alive, in a browser. Keys break it and
    mend it: ? shows them. `sessionlab do` does the same from another terminal.

    Example: `sessionlab up --strategy memory --affinity cookie --port 8080`.

    With --app the nodes are copies of an app that is not ours, which has no --strategy,
    --password or --jwt-transport: its recipe says what it is.

    With --target nothing is started: the page is of a stack that runs already.
    """
    token, recordings = token_given(), record_to or USUAL
    page = PageWishes(page_listen or ANYWHERE, recordings, opens=open_page, token=token)
    if target:
        there = target_of(target)
        looked_at = description_of(there, options.chosen_options(ctx))
        run_to_end(stay(looked_at, ExternalFabric(there, stays=True), redis_url, page), said="")
        return
    travels = {"jwt-transport": jwt_transport} if strategy == "jwt" else {}
    service = Service(nodes=nodes, strategy=strategy, options=travels)
    if chosen := options.app_of(app, variant, fabric):
        _check(strategy, password, jwt_transport)
        service = Service.of(chosen, nodes)
    description = Description(
        services=(service,),
        balancer=balancer,
        affinity=affinity,
        algorithm=algorithm,
        port=port,
        password=password or "",
        watched=True,
    )
    run_to_end(stay(description, FABRICS.make(fabric), redis_url, page), said=f"\n{GONE}")
    typer.echo(GONE, err=True)


def _check(strategy: str, password: str | None, transport: str) -> None:
    """Raise UsageError for what is our demo app's only."""
    given = {
        "--strategy": strategy != SERVICE.strategy,
        "--password": password is not None,
        "--jwt-transport": transport != BEARER,
    }
    if wrong := [name for name, is_given in given.items() if is_given]:
        raise UsageError(f"{', '.join(wrong)} and --app exclude each other", "the recipe says that")
