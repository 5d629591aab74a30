"""Containers and networks that a run has made: finding and removing them, whoever is left to.

These functions block. The lab's own closing, the reaper that outlives it and `sessionlab down`
all end here, perhaps at once: that a thing has gone already is what they want.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from docker.errors import APIError

from sessionlab.lab.fabrics.docker import labels
from sessionlab.lab.fabrics.run_folder import owner_is_gone

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docker import DockerClient

AT_ONCE = 8
PATIENCE = 5.0  # seconds for what somebody else is removing at the moment
IN_USE = 403
GONE = (404, 409)  # 409: its removal is in progress


@dataclass(frozen=True, slots=True)
class Removed:
    """How many; `kept` are networks that the engine won't let go."""

    containers: int
    networks: int
    kept: int = 0

    def __bool__(self) -> bool:
        return bool(self.containers or self.networks)

    def __str__(self) -> str:
        return f"{self.containers} containers and {self.networks} networks"


KEPT = (
    "the engine keeps {} networks that no container is on, since it has lost count of them"
    " (moby#42119); once it has been restarted, `sessionlab down` removes them"
)


def remove(client: DockerClient, label: str, value: str) -> Removed:
    """Remove every container with that label, then every network."""
    wanted = labels.having(label, value)
    containers = [found["Id"] for found in client.api.containers(all=True, filters=wanted)]
    with ThreadPoolExecutor(AT_ONCE) as threads:
        list(threads.map(lambda one: remove_container(client, one), containers))
    networks = [found["Id"] for found in client.api.networks(filters=wanted)]
    removed = sum(remove_network(client, network) for network in networks)
    return Removed(len(containers), removed, len(networks) - removed)


def remove_container(client: DockerClient, which: str) -> None:
    """Kill it if it runs, paused or not, and remove it."""
    try:
        client.api.remove_container(which, force=True, v=True)
    except APIError as error:
        if error.status_code not in GONE:
            raise


def remove_network(client: DockerClient, which: str) -> bool:
    """Whether it is gone; not, when the engine believes for long that something is on it."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            client.api.remove_network(which)
        except APIError as error:
            if error.status_code in GONE:
                return True
            if error.status_code != IN_USE:
                raise
            if time.monotonic() > end:
                return False
            time.sleep(0.02)  # a container on it is not quite gone yet
        else:
            return True


def remove_dead_runs(client: DockerClient) -> dict[str, Removed]:
    """Remove what runs have left whose lab has ended, by the run's name."""
    dead = sorted({run for run, folder in _runs(client) if owner_is_gone(Path(folder))})
    return {run: remove(client, labels.RUN, run) for run in dead}


def _runs(client: DockerClient) -> Iterator[tuple[str, str]]:
    everything = {"label": labels.RUN}
    for found in (
        *client.api.containers(all=True, filters=everything),
        *client.api.networks(filters=everything),
    ):
        carried = found["Labels"]
        if labels.FOLDER in carried:
            yield carried[labels.RUN], carried[labels.FOLDER]
