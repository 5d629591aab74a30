"""Opens connections to backends, for requests that find none idle."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sessionlab.balancer.errors import ExhaustedError
from sessionlab.balancer.proxy.upstream import Upstream
from sessionlab.balancer.sockets.connecting import connect as new_connection

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from sessionlab.balancer.backends.backend import Backend
    from sessionlab.balancer.proxy.context import ProxyContext


async def connect(context: ProxyContext, backend: Backend) -> Upstream | None:
    """A new connection, None when the backend takes none. Raises ExhaustedError."""
    upstream = Upstream(context, backend)
    try:
        await new_connection(lambda: upstream, backend.address, context.config.timeouts.connect)
    except ExhaustedError as error:
        context.metrics.exhausted += 1
        context.log_once(f"{error}; raise `ulimit -n`")
        raise
    except OSError:
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
