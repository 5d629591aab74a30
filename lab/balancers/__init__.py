"""The balancers that a cluster can stand behind, by name."""

from __future__ import annotations

from collections.abc import Callable

import aiohttp

from lab.balancers.builtin import Builtin
from lab.balancers.haproxy import HAProxy
from lab.balancers.interface import Balancer
from lab.balancers.nginx import Nginx
from lab.description import Description
from lab.fabrics.interface import Site

MakeBalancer = Callable[[Description, Site, aiohttp.ClientSession], Balancer]

BALANCERS: dict[str, MakeBalancer] = {
    "builtin": Builtin,
    "haproxy": HAProxy,
    "nginx": Nginx,
}
