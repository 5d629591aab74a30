"""Which stories can be told of a stack that runs already, as far as one can say beforehand.

Each is begun on something that refuses it as `run --target` would, before a single request: which
strategy, affinity and how many nodes it takes is known only once it asks for its cluster. What it
would break later, it is refused then.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

from sessionlab.lab.description.target import Target
from sessionlab.lab.errors import Skip
from sessionlab.lab.events import Events
from sessionlab.lab.fabrics.external import ExternalFabric
from sessionlab.lab.scenario.finding import installed
from sessionlab.lab.scenario.runner import run_one

if TYPE_CHECKING:
    from sessionlab.lab.description.cluster import Description
    from sessionlab.lab.scenario.lab import Settings

FITS = "it fits"


@dataclass(frozen=True, slots=True)
class _Asked(Target):
    """Nobody comes further than to ask whether it suits."""

    strategy: str = ""
    nodes: int = 0

    def suit(self, description: Description) -> None:
        Target.suit(self, description)
        service = description.services[0]
        if service.strategy != self.strategy:
            raise Skip(
                f"the running stack has strategy {self.strategy}, and this takes {service.strategy}"
            )
        if description.balancer is not None and service.nodes != self.nodes:
            raise Skip(f"the running stack has {self.nodes} nodes, and this takes {service.nodes}")
        raise Skip(FITS)


async def refused(target: Target, strategy: str, settings: Settings) -> dict[str, str]:
    """Why each of those that cannot be told cannot, by its name."""
    known = {one.name: getattr(target, one.name) for one in fields(target)}
    asked = _Asked(**known, strategy=strategy, nodes=settings.nodes)
    settings = replace(settings, fabric_options={"target": asked})
    found = {}
    for name, scenario in installed().items():
        result = await run_one(scenario, settings, ExternalFabric(asked), Events())
        found[name] = result.reason or ""
    return {name: reason for name, reason in found.items() if reason != FITS}
