"""What a cluster can run on, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sessionlab.lab.description.variants import Factories
from sessionlab.lab.fabrics.docker.fabric import DockerFabric
from sessionlab.lab.fabrics.external import ExternalFabric
from sessionlab.lab.fabrics.local.fabric import LocalFabric

if TYPE_CHECKING:
    from sessionlab.lab.fabrics.interface import Fabric

FABRICS: Factories[Fabric] = Factories(
    "sessionlab.fabrics",
    {"local": LocalFabric, "docker": DockerFabric, "external": ExternalFabric},
    *("open", "sandbox", "executable", "how_to_get", "close"),
)
