"""Clusters on a fabric, and what runs them: started here, or met where they run."""

from __future__ import annotations

from sessionlab.lab.cluster.external import ExternalRuntime
from sessionlab.lab.cluster.runtime import Boot
from sessionlab.lab.description.cluster import Description
from sessionlab.lab.fabrics.external import ExternalSandbox
from sessionlab.lab.fabrics.interface import Site


def runtime_in(site: Site, description: Description, redis_url: str | None) -> Boot:
    """What keeps the parts of a cluster in that sandbox."""
    if isinstance(site, ExternalSandbox):
        return ExternalRuntime(description, site)
    return Boot(description, site, redis_url)
