"""Our demo app as a node, or a program of the same command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sessionlab.lab.description.cluster import NODES
from sessionlab.lab.fabrics.interface import Part
from sessionlab.lab.recipes.model import Stop

if TYPE_CHECKING:
    from sessionlab.lab.cluster.node import Node
    from sessionlab.lab.cluster.programs.interface import Surroundings
    from sessionlab.lab.cluster.redis import Redis
    from sessionlab.lab.fabrics.interface import Sandbox

STOP_SECONDS = 30.0  # more than the 10 s that a node may drain


class Demo:
    """Told all it has to know on its command line, and its secrets in the environment."""

    stop = Stop(seconds=STOP_SECONDS)

    def before(self, first: Node, around: Surroundings) -> None:
        """Nothing."""

    def part(self, node: Node, around: Surroundings) -> Part:
        service = node.service
        wanted = {
            "listen": str(node.address),
            "id": node.name,
            "service": service.name,
            "strategy": service.strategy,
            "hash-cost": "low",  # the lab measures sessions, not password hashing
            **({"app-version": node.version} if node.version else {}),
            **_options(node, around),
            **service.options,
        }
        environment = {"NODE_USER_PASSWORD": around.password}
        if around.redis:
            environment["NODE_REDIS_URL"] = around.redis_for(node)
        arguments = [word for name, value in wanted.items() for word in (f"--{name}", value)]
        return Part(node.name, service.program, arguments, environment)

    async def ready(self, node: Node, around: Surroundings) -> bool:
        return bool((await node.readiness(around.http)).get("ready"))

    def trouble(self, node: Node, around: Surroundings) -> str:  # noqa: ARG002
        """It says so itself."""
        return ""

    def hint(self, node: Node, around: Surroundings) -> str:  # noqa: ARG002
        return ""

    def renew(self, node: Node) -> None:
        """It has nothing but its memory."""

    def given(self, sandbox: Sandbox, redis: Redis | None) -> dict[str, str]:  # noqa: ARG002
        """Its recipe names nothing of the kind."""
        return {}

    def secrets(self) -> tuple[str, ...]:
        """It prints none."""
        return ()


def _options(node: Node, around: Surroundings) -> dict[str, str]:
    description = around.description
    options = {"users": str(description.users)}
    if node.service.strategy == "jwt":
        options["jwt-algorithm"] = description.jwt_algorithm
        if description.one_key:
            options["jwt-keys"] = around.keys
    if description.watched and node.service.program == NODES:
        options["access-log"] = "json"
    if description.trust_balancer and around.balancer:
        options["trust-proxy"] = around.balancer.address.host
    return options
