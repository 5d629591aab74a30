"""A credential looked into: what it is, who knows it, what the store holds, what a JWT says."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sessionlab.lab.clients.client import Client
    from sessionlab.lab.cluster.cluster import Cluster
    from sessionlab.lab.page.model.credentials import Looked


async def looked(cluster: Cluster, client: Client) -> Looked:
    """Asks every node directly, with a client whose history is its own; never raises for a node."""
    raise NotImplementedError
