"""Clusters on a fabric, and what runs them: started here, or met where they run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sessionlab.lab.cluster.runtime import ClusterRuntime
from sessionlab.lab.cluster.stacks.followed import FollowedRuntime
from sessionlab.lab.cluster.stacks.met import ExternalRuntime
from sessionlab.lab.fabrics.external import ExternalSandbox

if TYPE_CHECKING:
    from sessionlab.lab.description.cluster import Description
    from sessionlab.lab.fabrics.interface import Sandbox


def runtime_in(sandbox: Sandbox, description: Description, redis_url: str | None) -> ClusterRuntime:
    """What keeps the parts of a cluster in that sandbox."""
    if isinstance(sandbox, ExternalSandbox) and description.watched:
        return FollowedRuntime(description, sandbox, redis_url)
    if isinstance(sandbox, ExternalSandbox):
        return ExternalRuntime(description, sandbox)
    return ClusterRuntime(description, sandbox, redis_url)
