"""What a cluster can run on, by name."""

from __future__ import annotations

from collections.abc import Callable

from lab.fabrics.docker import DockerFabric
from lab.fabrics.interface import Fabric
from lab.fabrics.local import LocalFabric

FABRICS: dict[str, Callable[[], Fabric]] = {"local": LocalFabric, "docker": DockerFabric}
