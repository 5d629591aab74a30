"""The balancers that a cluster can stand behind, by name."""

from __future__ import annotations

from collections.abc import Callable

import aiohttp

from sessionlab.lab.balancers.builtin import Builtin
from sessionlab.lab.balancers.haproxy import HAProxy
from sessionlab.lab.balancers.interface import Balancer
from sessionlab.lab.balancers.nginx import Nginx
from sessionlab.lab.description.cluster import Description
from sessionlab.lab.fabrics.interface import Site

MakeBalancer = Callable[[Description, Site, aiohttp.ClientSession], Balancer]

BALANCERS: dict[str, MakeBalancer] = {
    "builtin": Builtin,
    "haproxy": HAProxy,
    "nginx": Nginx,
}
