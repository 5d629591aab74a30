"""What `sessionlab up` says first: who is where, and the lines to try it with."""

from __future__ import annotations

import json
from shlex import quote
from textwrap import wrap
from typing import TYPE_CHECKING

from yarl import URL

from sessionlab.lab.bench.what_to_ask import how_to_ask
from sessionlab.lab.clients.ties import holds_tie
from sessionlab.lab.cluster.inventory import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sessionlab.lab.bench.place import Place
    from sessionlab.lab.cluster.cluster import Cluster
    from sessionlab.lab.cluster.inventory import PartState
    from sessionlab.lab.description.cluster import Description

WIDTH = 79  # columns
SESSION_COOKIE = "sid"


def how_to_try(cluster: Cluster, parts: Iterable[PartState], place: Place, *, keys: bool) -> str:
    """All of it; `keys` says whether somebody can press any."""
    lines = [
        *_addresses(cluster, parts, place),
        *([] if place.is_here else [f"{'':10}whoever has this link can do all that is done here"]),
        f"api       {place.url}  (run {place.run}; see docs/bench.md)",
        "",
        *(how_to_ask(cluster) if cluster.description.app else _how_to_try_ours(cluster)),
        "",
        "Ctrl-C ends it. The cluster is broken and mended with `sessionlab do`, as in",
        f"`sessionlab do kill n1`{', or with a key: ? shows them' if keys else ''}.",
        "Every request shows here:",
        "",
    ]
    return "\n".join(lines)


def how_to_look(cluster: Cluster, parts: Iterable[PartState], place: Place) -> str:
    """The same for a stack that the lab did not start, without its password."""
    lines = [
        *_addresses(cluster, parts, place),
        "",
        "The lab did not start this stack: it shows what comes and goes there, and every",
        "request of the page's own browsers. Ctrl-C ends the page, and nothing of the stack.",
        "",
    ]
    return "\n".join(lines)


def _addresses(cluster: Cluster, parts: Iterable[PartState], place: Place) -> Iterator[str]:
    """Where all of it is, and its page."""
    yield from (_part(part, cluster.url) for part in parts)
    published = str(URL(cluster.url).with_host("127.0.0.1")).rstrip("/")
    if cluster.description.port and published != cluster.url:
        yield f"          {published}  on this machine"
    if admin := cluster.inventory.admin_url:
        yield f"admin     {admin}/backends"
    yield f"page      {place.page}"


def _how_to_try_ours(cluster: Cluster) -> list[str]:
    return [
        f"Users: alice, bob, carol, user-000001 and on, with the password {cluster.password}",
        "",
        *ties_nobody(cluster.description),
        "Try, in another terminal:",
        *_commands(cluster),
    ]


def ties_nobody(description: Description) -> list[str]:
    """That an affinity goes by what none of these clients sends, and what would do, as lines."""
    kind, _, name = description.affinity.partition(":")
    strategy, bearer = description.services[0].strategy, is_bearer(description)
    if kind == "none" or strategy not in ("memory", "redis", "jwt"):
        return []  # nobody knows what a package's own strategy sends
    headers = {"Authorization": ""} if bearer else {}
    cookies = [] if bearer else [SESSION_COOKIE]
    if holds_tie(description.affinity, headers, cookies, ()) is not False:
        return []
    if kind == "learn":
        own = f"this app's cookie is `{SESSION_COOKIE}`: learn:{SESSION_COOKIE}"
        why = "this app sets no cookie" if bearer else own
    elif kind == "query":
        why = f"the lines below send no parameter {name}"
    elif kind == "learn-header":
        why = f"this app answers with no header {name}"
    else:
        why = f"the lines below send no header {name}"
    return [*wrap(f"Nobody is tied by {description.affinity}: {why}.", WIDTH), ""]


def is_bearer(description: Description) -> bool:
    """Whether clients have to send the credential themselves, in a header."""
    service = description.services[0]
    return service.strategy == "jwt" and service.options.get("jwt-transport") != "cookie"


def _part(part: PartState, url: str) -> str:
    name = f"node {part.name}" if part.kind is Kind.NODE else part.name
    address = {Kind.NODE: f"http://{part.address}", Kind.BALANCER: url}.get(part.kind, part.address)
    pid = f"process {part.pid}" if part.pid else part.state.value
    return f"{name:<9} {address:<30} {pid}"


def _commands(cluster: Cluster) -> list[str]:
    """Shell lines that log in and ask, keep every cookie, and say who answered.

    Each fits 80 columns, unless the password is long.
    """
    user = json.dumps({"username": "alice", "password": cluster.password})
    curl = 'curl -s -b jar -c jar -w "$BY"'
    login, bearer = f'{curl} -H "$JSON" -d "$USER_JSON" $URL/login', ""
    if is_bearer(cluster.description):
        login = f'TOKEN=$({login} |\n    sed \'s/.*access_token": "\\([^"]*\\).*/\\1/\')'
        bearer = '-H "Authorization: Bearer $TOKEN" '
    return [
        f"  URL={quote(cluster.url)}",
        f"  USER_JSON={quote(user)}",
        "  JSON='Content-Type: application/json'",
        "  BY=' <- %header{x-node} %{http_code}\\n'",
        f"  {login}",
        f"  {curl} {bearer}$URL/me",
    ]
