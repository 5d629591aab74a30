"""How many processes inside each copy take its connections: sessions may live in one of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sessionlab.lab.fabrics.local.listening import takers

if TYPE_CHECKING:
    from collections.abc import Callable

    from sessionlab.lab.cluster.runtime import ClusterRuntime
    from sessionlab.lab.fabrics.interface import Sandbox


@dataclass(slots=True)
class Workers:
    """Looks at the processes of copies; their event is emitted once."""

    _runtime: ClusterRuntime
    _sandbox: Sandbox
    _emit: Callable[..., None]
    _told: bool = False

    def count(self) -> dict[str, int]:
        """By the copy's name; without those of which nobody can tell.

        A process that has passed its socket on to others, as a pre-forking server's first one, is
        none of them.
        """
        found = {
            node.name: takers(self._sandbox.processes(node.name), node.address.port)
            for node in self._runtime.nodes.values()
        }
        return {name: number for name, number in found.items() if number}

    def tell(self) -> None:
        """Say so when copies have several; they may have come up after the first answer."""
        workers = self.count()
        if not self._told and any(number > 1 for number in workers.values()):
            self._told = True
            self._emit("copies.workers", workers=workers)
