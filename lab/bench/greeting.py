"""What `sessionlab up` says first: who is where, and the lines to try it with."""

from __future__ import annotations

import json
from shlex import quote
from typing import TYPE_CHECKING

from yarl import URL

from sessionlab.lab.cluster.inventory import Kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sessionlab.lab.bench.place import Place
    from sessionlab.lab.cluster.cluster import Cluster
    from sessionlab.lab.cluster.inventory import PartState

LOOPBACK = "127.0.0.1"


def how_to_try(cluster: Cluster, parts: Sequence[PartState], place: Place, *, keys: bool) -> str:
    """All of it; `keys` says whether somebody can press any."""
    published = str(URL(cluster.url).with_host(LOOPBACK)).rstrip("/")
    is_elsewhere = cluster.description.port and published != cluster.url
    admin = cluster.inventory.admin_url
    lines = [
        *(_part(part, cluster.url) for part in parts),
        *([f"          {published}  on this machine"] if is_elsewhere else []),
        *([f"admin     {admin}/backends"] if admin else []),
        f"api       {place.url}  (run {place.run}; see docs/bench.md)",
        "",
        f"Users: alice, bob, carol, user-000001 … with the password {cluster.password}",
        "",
        "Try, in another terminal:",
        *(f"  {line}" for line in _commands(cluster)),
        "",
        "Ctrl-C ends it. The cluster is broken and mended with `sessionlab do`, as in",
        "`sessionlab do kill n1`" + (", or with a key: ? shows them." if keys else "."),
        "Every request shows here:",
        "",
    ]
    return "\n".join(lines)


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
    login = [
        f"URL={quote(cluster.url)}",
        f"USER_JSON={quote(user)}",
        "JSON='Content-Type: application/json'",
        "BY=' <- %header{x-node} %{http_code}\\n'",
        'curl -s -b jar -c jar -w "$BY" -H "$JSON" -d "$USER_JSON" $URL/login',
        'curl -s -b jar -c jar -w "$BY" $URL/me',
    ]
    if cluster.description.services[0].strategy != "jwt":
        return login
    extract = 'sed \'s/.*access_token": "\\([^"]*\\).*/\\1/\''
    login[4] = f"TOKEN=$({login[4]} |\n    {extract})"
    login[5] = 'curl -s -b jar -c jar -w "$BY" -H "Authorization: Bearer $TOKEN" $URL/me'
    return login
