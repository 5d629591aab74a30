"""What is wrong with a container on purpose: its network, and its share of the machine.

The network of a container can be changed by whoever is in it and may (CAP_NET_ADMIN). The part may
not; so a second container is put into its network for as long as the commands take. These functions
block.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from docker.errors import APIError, ContainerError

from sessionlab.lab.errors import Skip, StepError
from sessionlab.lab.fabrics.docker import netem
from sessionlab.lab.fabrics.docker.engine import refused

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container
    from docker.models.images import Image

    from sessionlab.lab.fabrics.interface import Limits

PERIOD = 100_000  # microseconds in which a container may use its share of processors
TOOLS = ("tc", "iptables-restore")
NOT_RUNNING = 409


def wire(
    client: DockerClient, tools: Image, target: Container, labels: dict[str, str], script: str
) -> None:
    """Run a script of `netem` in a container's network, which one that ended has not."""
    try:
        client.containers.run(
            tools.id,
            ["-c", script],
            entrypoint="/bin/sh",
            network_mode=f"container:{target.id}",
            labels=labels,
            user="0:0",
            cap_drop=["ALL"],
            cap_add=["NET_ADMIN"],
            read_only=True,
            tmpfs={"/run": ""},  # iptables keeps a lock there
            remove=True,
        )
    except APIError as error:
        if error.status_code != NOT_RUNNING:
            raise
    except ContainerError as error:
        said = error.stderr.decode(errors="replace").strip()
        if netem.NO_NETEM in said:
            raise Skip(
                "this kernel has no netem, which delays packets",
                "try: sudo modprobe sch_netem; loss and bandwidth work without it",
            ) from None
        raise StepError(f"the network of {target.name} could not be changed: {said}") from None


def confine(client: DockerClient, target: Container, limits: Limits) -> None:
    """Change the limits of a container that runs; none of it is ended by that."""
    # Nothing takes a limit away again, so it becomes what the machine has.
    memory = limits.memory or client.info()["MemTotal"]
    try:
        target.update(
            cpu_period=PERIOD,
            cpu_quota=_quota(limits),
            mem_limit=memory,
            memswap_limit=memory,
        )
    except APIError as error:
        raise StepError(f"{target.name} could not be limited: {refused(error)}") from None


def wishes(limits: Limits) -> dict[str, int]:
    """The same for a container that is to be made."""
    wanted: dict[str, int] = {}
    if limits.cpus is not None:
        wanted |= {"cpu_period": PERIOD, "cpu_quota": _quota(limits)}
    if limits.memory is not None:
        wanted |= {"mem_limit": limits.memory, "memswap_limit": limits.memory}
    return wanted


def _quota(limits: Limits) -> int:
    return -1 if limits.cpus is None else round(limits.cpus * PERIOD)
