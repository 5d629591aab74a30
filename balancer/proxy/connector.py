"""Opens connections to backends, for requests that find none idle."""

from __future__ import annotations

import asyncio
import errno
from typing import TYPE_CHECKING

from sessionlab.balancer.proxy.upstream import Upstream

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from sessionlab.balancer.backends.backend import Backend
    from sessionlab.balancer.proxy.context import ProxyContext

_EXHAUSTED = (errno.EMFILE, errno.ENFILE)


async def connect(context: ProxyContext, backend: Backend) -> Upstream | None:
    """A new connection, None when there can be none."""
    address = backend.address
    upstream = Upstream(context, backend)
    try:
        async with asyncio.timeout(context.config.timeouts.connect):
            if address.path:
                await context.loop.create_unix_connection(lambda: upstream, address.path)
            else:
                await context.loop.create_connection(lambda: upstream, address.host, address.port)
    except OSError as error:  # a time-out is one
        if error.errno in _EXHAUSTED:
            context.log_once(f"can't connect to backends: {error.strerror}; raise `ulimit -n`")
        return None
    return upstream


def keep(context: ProxyContext, upstream: Upstream) -> None:
    """Nobody needs it any more: it waits in the pool for the next who does."""
    if upstream.backend.retired:
        upstream.transport.close()
    else:
        upstream.idle_since = context.clock
        upstream.backend.pool.idle.append(upstream)


def start(context: ProxyContext, attempt: Coroutine[None, None, None]) -> None:
    """Let an attempt to connect run, until we stop."""
    task = context.loop.create_task(attempt)
    context.connecting.add(task)
    task.add_done_callback(context.connecting.discard)
