"""`sessionlab up`: a cluster to play with, until Ctrl-C."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.text import Text

from sessionlab.lab.bench.at_keys import AtKeys
from sessionlab.lab.bench.greeting import how_to_look, how_to_try
from sessionlab.lab.bench.keys import Keys
from sessionlab.lab.bench.terminal import Terminal
from sessionlab.lab.cli.choice import one_of, refused
from sessionlab.lab.cli.interrupts import run_to_end
from sessionlab.lab.cli.options import (
    AppPath,
    BalancerName,
    FabricName,
    Nodes,
    PageListen,
    PageUrl,
    RecordTo,
    RedisUrl,
    TargetText,
    Variant,
    app_of,
    chosen_options,
    parse_listen,
)
from sessionlab.lab.cli.screen import Printer, Screen
from sessionlab.lab.cli.target import description_of, target_of
from sessionlab.lab.description.cluster import CLUSTER, SERVICE, Description, Service
from sessionlab.lab.description.families import AFFINITIES, ALGORITHMS, STRATEGIES
from sessionlab.lab.errors import UsageError
from sessionlab.lab.events import Events
from sessionlab.lab.fabrics import FABRICS
from sessionlab.lab.fabrics.external import ExternalFabric
from sessionlab.lab.fabrics.interface import Address, Fabric
from sessionlab.lab.page.api.server import ANYWHERE, served
from sessionlab.lab.page.desk.desk import Desk
from sessionlab.lab.page.recording.recorder import USUAL
from sessionlab.lab.reports.glyphs import glyphs_for
from sessionlab.lab.scenario.lab import SETTINGS

BEARER: Literal["bearer"] = "bearer"
GONE = "sessionlab: the cluster is gone"
OUTLIVES = "SESSIONLAB_PAGE_TOKEN"
LEAST_TOKEN = 32  # characters
SHORTEST, LONGEST = 8, 1024  # characters of a password; a node takes no longer one


def _password(text: str) -> str:
    if not SHORTEST <= len(text) <= LONGEST:
        raise refused(f"a password has {SHORTEST} to {LONGEST} characters")
    if not text.isprintable():
        raise refused("a password has no control characters")
    return text


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


@dataclass(frozen=True, slots=True)
class Shown:
    """Where the page is served, where a browser finds it, with which token; where it records."""

    listen: Address
    url: str
    token: str
    recordings: Path


def command(
    *,
    ctx: typer.Context,
    fabric: FabricName = SETTINGS.fabric,
    balancer: BalancerName = SETTINGS.balancer,
    nodes: Nodes = SETTINGS.nodes,
    strategy: Strategy = SERVICE.strategy,
    affinity: Affinity = CLUSTER.affinity,
    algorithm: Algorithm = CLUSTER.algorithm,
    port: Port = CLUSTER.port,
    password: Password = None,
    redis_url: RedisUrl = None,
    jwt_transport: Transport = BEARER,
    app: AppPath = None,
    variant: Variant = None,
    target: TargetText = None,
    page_listen: PageListen = str(ANYWHERE),
    page_url: PageUrl = "",
    record_to: RecordTo = USUAL,
) -> None:
    """Boot a cluster, show every request that it gets, and stay until Ctrl-C or q.

    Keys break it and mend it: ? shows them. `sessionlab do` does the same from another terminal.

    Example: `sessionlab up --strategy memory --affinity cookie --port 8080`.

    With --app the nodes are copies of an app that is not ours, which has no --strategy,
    --password or --jwt-transport: its recipe says what it is.

    With --target nothing is started: the page is of a stack that runs already.
    """
    shown = Shown(parse_listen(page_listen), page_url, _token(), record_to)
    if target:
        there = target_of(target)
        description = description_of(there, chosen_options(ctx))
        fabric_there = ExternalFabric(there, stays=True)
        run_to_end(_stay(description, fabric_there, redis_url, shown), said="")
        return
    options = {"jwt-transport": jwt_transport} if strategy == "jwt" else {}
    service = Service(nodes=nodes, strategy=strategy, options=options)
    if chosen := app_of(app, variant, fabric):
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
    run_to_end(_stay(description, FABRICS.make(fabric), redis_url, shown), said=f"\n{GONE}")
    typer.echo(GONE, err=True)


def _token() -> str:
    """The page's, where it is to outlive this run; empty where it is to be made anew."""
    token = os.environ.get(OUTLIVES, "")
    if token and not re.fullmatch(rf"[\w-]{{{LEAST_TOKEN},}}", token, re.ASCII):
        form = f"at least {LEAST_TOKEN} letters, digits, - and _"
        raise UsageError(f"{OUTLIVES} is no token: it has {form}", "leave it out to have one made")
    return token


def _check(strategy: str, password: str | None, transport: str) -> None:
    """Raise UsageError for what is our demo app's only."""
    given = {
        "--strategy": strategy != SERVICE.strategy,
        "--password": password is not None,
        "--jwt-transport": transport != BEARER,
    }
    if wrong := [name for name, is_given in given.items() if is_given]:
        raise UsageError(f"{', '.join(wrong)} and --app exclude each other", "the recipe says that")


async def _stay(
    description: Description, fabric: Fabric, redis_url: str | None, shown: Shown
) -> None:
    events = Events()
    screen = Screen(highlight=False, markup=False, emoji=False)
    glyphs = glyphs_for(screen.encoding, os.environ)

    def rendered(line: Text) -> str:
        with screen.capture() as captured:
            screen.print(Text(glyphs.clean(line.plain), line.style), soft_wrap=True)
        return captured.get()

    try:
        await fabric.open()
        with Printer() as printer:
            terminal = Terminal(rendered, printer.write)

            def look() -> None:
                printer.check()
                terminal.look()

            told = (events, redis_url, terminal.show, look)
            async with Desk(description, fabric, *told, recordings=shown.recordings) as desk:
                at_keys = AtKeys(lambda: desk.a.hands, terminal.show, desk.fail)
                keys = Keys(
                    desk.a.parts,
                    at_keys.act,
                    lambda said: desk.show(Text(said)),
                    desk.leave,
                )
                async with served(desk, shown.listen, shown.url, shown.token) as place:
                    cluster = desk.a.cluster
                    found = await cluster.inventory.looked_at()
                    greeting = how_to_try(cluster, found, place, keys=terminal.has_keys)
                    if isinstance(fabric, ExternalFabric):
                        greeting = how_to_look(cluster, found, place)
                    printer.write(f"{greeting}\n")
                    with terminal.taking(keys):
                        await desk.run()
    finally:
        await fabric.close()
