"""What a cluster can run on, by name."""

from __future__ import annotations

from collections.abc import Callable

from sessionlab.lab.fabrics.docker.fabric import DockerFabric
from sessionlab.lab.fabrics.interface import Fabric
from sessionlab.lab.fabrics.local.fabric import LocalFabric

FABRICS: dict[str, Callable[[], Fabric]] = {"local": LocalFabric, "docker": DockerFabric}
