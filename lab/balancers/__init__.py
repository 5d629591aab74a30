"""The balancers that a cluster can stand behind, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sessionlab.lab.balancers.builtin import Builtin
from sessionlab.lab.balancers.external import ExternalBalancer
from sessionlab.lab.balancers.haproxy import HAProxy
from sessionlab.lab.balancers.nginx import Nginx
from sessionlab.lab.description.variants import Factories

if TYPE_CHECKING:
    from sessionlab.lab.balancers.interface import Balancer

BALANCERS: Factories[Balancer] = Factories(
    "sessionlab.balancers",
    {"builtin": Builtin, "haproxy": HAProxy, "nginx": Nginx, "external": ExternalBalancer},
    *("part", "ready", "states", "add", "drain", "pins", "remove", "reload"),
)
