"""Where the admin API listens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from sessionlab.balancer.admin import api
from sessionlab.balancer.sockets import listeners

if TYPE_CHECKING:
    from sessionlab.balancer.admin.workers import Workers
    from sessionlab.balancer.config.model import Address
    from sessionlab.balancer.services.registry import Cluster


async def serve(cluster: Cluster, workers: Workers, address: Address) -> tuple[web.AppRunner, str]:
    """Serve it; what ends it, and where it really listens. Raises `ListenError`."""
    bound = listeners.bind(address, "--admin")
    where = listeners.name_of(bound)
    application = api.application(cluster, workers)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    await web.SockSite(runner, bound).start()
    return runner, where
